//! An interpreter as the conformance suite wants it: a policy module.

#[path = "../commands.rs"]
mod commands;

wit_bindgen::generate!({ path: "../../../../../../sdk/wit", world: "exeunt:modules/policy" });

use commands::{Answer, code, invalid, property_type, read, shown};
use exeunt::modules::types::{Decision, Installation, ModuleError, Moment, PropertyType, Value};
use exeunt::modules::{server, server_policy};
use exports::exeunt::modules::policy_module::Guest;

struct Module;

export!(Module);

impl Guest for Module {
    fn initialize(_: Installation) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(new: bool) -> Result<Decision, ModuleError> {
        let Ok(commands) = server::request_attribute("Decide") else { return Ok(Decision::Issue) };
        let mut results: Vec<String> = Vec::new();
        for command in commands.split(';') {
            let message = results.join(" / ");
            match command.split_once(' ').unwrap_or((command, "")) {
                ("issue", _) => return Ok(Decision::Issue),
                ("pend", _) => return Ok(Decision::Pend(message)),
                ("deny", word) => return Ok(Decision::Deny(ModuleError { code: code(word)?, message })),
                ("fail", word) => return Err(ModuleError { code: code(word)?, message }),
                ("new", _) => results.push(new.to_string()),
                _ => results.push(shown(write(command))),
            }
        }
        Err(invalid())
    }

    fn description() -> String {
        "interpreter".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        Vec::new()
    }

    fn shut_down() {}
}

fn write(command: &str) -> Answer {
    let words: Vec<&str> = command.splitn(4, ' ').collect();
    match words[..] {
        ["set", name, kind, value] => {
            let value = match property_type(kind)? {
                PropertyType::Long => Value::Long(value.parse().map_err(|_| invalid())?),
                PropertyType::Date => Value::Date(date(value)?),
                PropertyType::String => Value::String(value.to_owned()),
                PropertyType::Binary => Value::Binary(unhex(value)?),
            };
            server_policy::set_certificate_property(name, Some(&value))?;
        }
        ["unset", name] => server_policy::set_certificate_property(name, None)?,
        ["add", oid, flags, value] => {
            let flags = flags.parse().map_err(|_| invalid())?;
            server_policy::set_certificate_extension(oid, flags, &Value::Binary(unhex(value)?))?;
        }
        ["remove", oid] => server_policy::set_certificate_extension(oid, 4, &Value::Binary(Vec::new()))?,
        _ => return read(command),
    }
    Ok("ok".to_owned())
}

fn date(text: &str) -> Result<Moment, ModuleError> {
    let moment: jiff::Timestamp = text.parse().map_err(|_| invalid())?;
    Ok(Moment { seconds: moment.as_second(), nanoseconds: moment.subsec_nanosecond() as u32 })
}

fn unhex(digits: &str) -> Result<Vec<u8>, ModuleError> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).map(byte).collect::<Option<_>>().ok_or_else(invalid)
}
