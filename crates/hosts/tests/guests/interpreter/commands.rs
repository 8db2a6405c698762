//! The commands of `testkit::conformance::Interpreters` that both worlds have.

use crate::exeunt::modules::server;
use crate::exeunt::modules::types::{ModuleError, Moment, PropertyType, Value};

/// What a command gives.
pub type Answer = Result<String, ModuleError>;

/// Carries one command out that reads.
pub fn read(command: &str) -> Answer {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let typed = || -> Result<(&str, PropertyType), ModuleError> {
        let (name, kind) = rest.rsplit_once(' ').ok_or_else(invalid)?;
        Ok((name, property_type(kind)?))
    };
    match verb {
        "request" => typed().and_then(|(name, kind)| server::request_property(name, kind)).map(text),
        "certificate" => typed().and_then(|(name, kind)| server::certificate_property(name, kind)).map(text),
        "attribute" => server::request_attribute(rest),
        "extension" => server::certificate_extension(rest).map(|one| format!("{} {}", one.flags, hex(&one.value))),
        "extensions" => server::extensions().map(|oids| oids.join(",")),
        "attributes" => server::attributes().map(|names| names.join(",")),
        _ => Err(invalid()),
    }
}

/// The result of a command, as it is joined with others.
pub fn shown(answer: Answer) -> String {
    answer.unwrap_or_else(|error| format!("error {:#010x}", error.code))
}

pub fn invalid() -> ModuleError {
    ModuleError { code: 0x8007_0057, message: "no command".to_owned() }
}

pub fn code(text: &str) -> Result<u32, ModuleError> {
    u32::from_str_radix(text.trim_start_matches("0x"), 16).map_err(|_| invalid())
}

pub fn property_type(word: &str) -> Result<PropertyType, ModuleError> {
    match word {
        "long" => Ok(PropertyType::Long),
        "date" => Ok(PropertyType::Date),
        "binary" => Ok(PropertyType::Binary),
        "string" => Ok(PropertyType::String),
        _ => Err(invalid()),
    }
}

fn text(value: Value) -> String {
    match value {
        Value::Long(number) => number.to_string(),
        Value::Date(Moment { seconds, nanoseconds }) => {
            jiff::Timestamp::new(seconds, nanoseconds as i32).expect("the server's dates are dates").to_string()
        }
        Value::Binary(bytes) => hex(&bytes),
        Value::String(text) => text,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
