//! A policy module that does what the request's attribute `do` says.

wit_bindgen::generate!({ path: "../../../../../sdk/wit", world: "exeunt:modules/policy" });

use exeunt::modules::types::{Decision, Installation, Level, ModuleError, Moment, PropertyType, Value};
use exeunt::modules::{server, server_policy};
use exports::exeunt::modules::policy_module::Guest;

struct Module;

export!(Module);

impl Guest for Module {
    fn initialize(installation: Installation) -> Result<(), ModuleError> {
        server::log(Level::Debug, &format!("policy of {}", installation.ca));
        if installation.settings.iter().any(|(name, value)| name == "initialize" && value == "write") {
            server_policy::set_certificate_property("CommonName", None)?;
        }
        Ok(())
    }

    fn verify_request(new: bool) -> Result<Decision, ModuleError> {
        match server::request_attribute("do")?.as_str() {
            "issue" => Ok(Decision::Issue),
            "pend" => Ok(Decision::Pend("a second look".to_owned())),
            "deny" => Ok(Decision::Deny(ModuleError { code: 0x8009_4011, message: "not you".to_owned() })),
            "deny-only" => Ok(Decision::Deny(ModuleError { code: 0, message: String::new() })),
            "pend-new" if new => Ok(Decision::Pend(String::new())),
            "pend-new" => Ok(Decision::Issue),
            "amend" => amend(),
            "amend-wrongly" => {
                let errors = [
                    server_policy::set_certificate_property("RequestID", Some(&Value::Long(1))),
                    server_policy::set_certificate_property("Nonsense", None),
                    server_policy::set_certificate_property(
                        "NotAfter",
                        Some(&Value::Date(Moment { seconds: i64::MAX, nanoseconds: 0 })),
                    ),
                    server_policy::set_certificate_extension("1.2.3", 0, &Value::String("\u{e4}".to_owned())),
                ];
                let codes: Vec<u32> =
                    errors.into_iter().map(|result| result.map_or_else(|error| error.code, |()| 0)).collect();
                Err(ModuleError { code: 0x8000_4005, message: format!("{codes:x?}") })
            }
            "fail" => Err(ModuleError { code: 0x8007_000e, message: "I cannot tell".to_owned() }),
            "trap" => panic!("no decision"),
            "loop" => loop {
                std::hint::spin_loop();
            },
            other => Err(ModuleError { code: 0x8007_0057, message: format!("no behaviour {other}") }),
        }
    }

    fn description() -> String {
        "does as asked".to_owned()
    }

    fn about() -> Vec<(String, String)> {
        Vec::new()
    }

    fn shut_down() {
        server::log(Level::Info, "the end");
        if let Ok(file) = std::env::var("TOLD") {
            // A file that cannot be written is seen by whoever looks for it.
            let _ = std::fs::write(file, "shut down");
        }
    }
}

/// One value of each type, an extension of each, one removed; and sees its own writes.
fn amend() -> Result<Decision, ModuleError> {
    let date = Value::Date(Moment { seconds: 1_900_000_000, nanoseconds: 0 });
    server_policy::set_certificate_property("CommonName", Some(&Value::String("amended".to_owned())))?;
    server_policy::set_certificate_property("NotAfter", Some(&date))?;
    server_policy::set_certificate_property("OrgUnit", None)?;
    server_policy::set_certificate_extension("1.2.3.1", 1, &Value::Binary(vec![4, 1, 7]))?;
    server_policy::set_certificate_extension("1.2.3.2", 0, &Value::Long(5))?;
    server_policy::set_certificate_extension("1.2.3.3", 2, &Value::String("text".to_owned()))?;
    server_policy::set_certificate_extension("2.5.29.17", 4, &Value::Binary(Vec::new()))?;
    match server::certificate_property("CommonName", PropertyType::String)? {
        Value::String(text) if text == "amended" => Ok(Decision::Issue),
        other => Err(ModuleError { code: 0x8000_ffff, message: format!("{other:?}") }),
    }
}
