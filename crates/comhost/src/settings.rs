//! The operator's settings in the registry key that the module reads.
//!
//! `setting.<name>` becomes the value `<name>` of the key that `ModuleRegistryLocation` names; `sub\<name>` one of a key
//! below it. A text is a `REG_SZ` unless it starts with a type: `dword:`, `qword:`, `multi:`, `expand:`, `hex:`, `sz:`.

use module::{ModuleError, Settings};

use crate::facts::Facts;
use crate::registry::{self, RegistryValue, hexadecimal, kind, wide_bytes};

/// Writes the settings, and takes away those that were written before and are no longer set. What the module itself keeps
/// in its key stays.
pub fn mirror(facts: &Facts, settings: &Settings) -> Result<(), ModuleError> {
    let location = facts.registry_location();
    registry::create(&location)?;
    let (noted, note) = facts.mirror_location();
    let before = registry::read(&noted, note)?.map(|value| value.as_texts()).unwrap_or_default();
    for name in before.iter().filter(|name| settings.value(name).is_none()) {
        let (path, value) = place(&location, name);
        registry::delete(&path, value)?;
    }
    for (name, text) in settings.iter() {
        let (path, value) = place(&location, name);
        let parsed = parse(text).map_err(|why| ModuleError::invalid(format!("the setting `{name}`: {why}")))?;
        registry::write(&path, value, &parsed)?;
    }
    let names: Vec<&str> = settings.iter().map(|(name, _)| name).collect();
    if names.is_empty() && before.is_empty() {
        return Ok(());
    }
    registry::write(&noted, note, &RegistryValue::texts(names))
}

/// The key and the value's name.
fn place<'a>(location: &str, name: &'a str) -> (String, &'a str) {
    match name.rsplit_once('\\') {
        Some((below, value)) => (format!(r"{location}\{below}"), value),
        None => (location.to_owned(), name),
    }
}

fn parse(text: &str) -> Result<RegistryValue, String> {
    let Some((prefix, rest)) = text.split_once(':') else {
        return Ok(RegistryValue::text(text));
    };
    match prefix.to_ascii_lowercase().as_str() {
        "sz" => Ok(RegistryValue::text(rest)),
        "expand" => Ok(RegistryValue { kind: kind::EXPAND, data: wide_bytes(rest) }),
        "dword" => {
            let number = number(rest).and_then(|number| u32::try_from(number).ok());
            number.map(RegistryValue::number).ok_or_else(|| format!("`{rest}` is not a number of 32 bits"))
        }
        "qword" => {
            let number = number(rest).ok_or_else(|| format!("`{rest}` is not a number of 64 bits"))?;
            Ok(RegistryValue { kind: kind::WIDE_NUMBER, data: number.to_le_bytes().to_vec() })
        }
        "multi" => Ok(RegistryValue::texts(rest.split(';').map(str::trim))),
        "hex" => {
            let data = hexadecimal(rest).ok_or_else(|| format!("`{rest}` are not hexadecimal digits"))?;
            Ok(RegistryValue { kind: kind::BINARY, data })
        }
        _ => Ok(RegistryValue::text(text)),
    }
}

/// Decimal, or hexadecimal with `0x`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_text_says_its_type() {
        for (text, value) in [
            ("plain", RegistryValue::text("plain")),
            ("", RegistryValue::text("")),
            (r"C:\a", RegistryValue::text(r"C:\a")),
            ("http://a/b", RegistryValue::text("http://a/b")),
            ("sz:dword:1", RegistryValue::text("dword:1")),
            ("dword:10", RegistryValue::number(10)),
            ("DWORD: 0x27F", RegistryValue::number(0x27f)),
            ("multi:a; b;", RegistryValue::texts(["a", "b"])),
            ("hex:00 ff", RegistryValue { kind: kind::BINARY, data: vec![0, 255] }),
        ] {
            assert_eq!(parse(text).unwrap(), value, "{text}");
        }
        for wrong in ["dword:", "dword:-1", "dword:4294967296", "qword:x", "hex:0", "hex:zz"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
