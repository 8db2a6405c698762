//! Lines that a process module writes.

#![no_main]

use hosts::wire::{Incoming, hresult, value};
use libfuzzer_sys::fuzz_target;
use module::PropertyType;

fuzz_target!(|bytes: &[u8]| {
    let _ = Incoming::parse(bytes);
    if let Ok(json) = serde_json::from_slice(bytes) {
        let _ = hresult(&json);
        for kind in [PropertyType::Long, PropertyType::Date, PropertyType::Binary, PropertyType::String] {
            if let Ok(read) = value::from_json(&json, kind) {
                let again = value::from_json(&value::to_json(&read), kind);
                assert_eq!(again.as_ref(), Ok(&read));
            }
        }
    }
});
