//! How both specimens misbehave, as `testkit::torture::Misbehaviour` names it.

use crate::exeunt::modules::server;
use crate::exeunt::modules::types::{ModuleError, PropertyType, Value};

/// Whether the request in context is one to misbehave at.
pub fn wanted() -> bool {
    let name = server::request_property("CommonName", PropertyType::String);
    matches!(name, Ok(Value::String(name)) if name.starts_with("bad"))
}

pub fn misbehave(how: &str) -> Result<(), ModuleError> {
    match how {
        "NeverAnswers" => never(),
        "AnswersGarbage" => {
            // No text: what comes out of a call is checked like what comes over a wire.
            let message = unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe, 0x80]) };
            return Err(ModuleError { code: 0x8000_4005, message });
        }
        "FloodsOutput" => loop {
            println!("{}", "x".repeat(65_536));
        },
        "FloodsErrors" => loop {
            eprintln!("{}", "x".repeat(65_536));
        },
        "AllocatesWithoutEnd" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(vec![1_u8; 1 << 20]);
            }
        }
        "DiesInTheCall" | "ChangesItsMask" => std::process::abort(),
        "ReturnsHugeStrings" => return Err(ModuleError { code: 0x8000_4005, message: "x".repeat(1 << 20) }),
        "CallsBackForEver" => loop {
            let _ = server::request_property("RequestID", PropertyType::Long);
        },
        _ => {}
    }
    Ok(())
}

pub fn never() -> ! {
    loop {
        std::hint::spin_loop();
    }
}
