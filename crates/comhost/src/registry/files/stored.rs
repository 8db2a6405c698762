//! The values of a key as a JSON file: texts and numbers as such, everything else in hexadecimal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RegistryValue;
use crate::registry::{kind, wide_bytes};

/// The values of one key. Names are compared without case; the spelling is that of whoever wrote first.
pub type Values = BTreeMap<String, Stored>;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Stored {
    /// A text.
    #[serde(rename = "REG_SZ")]
    Text {
        /// Without its terminator.
        value: String,
    },
    /// A text with `%variables%`.
    #[serde(rename = "REG_EXPAND_SZ")]
    Expand {
        /// Without its terminator.
        value: String,
    },
    /// A 32-bit number.
    #[serde(rename = "REG_DWORD")]
    Number {
        /// The number.
        value: u32,
    },
    /// A 64-bit number.
    #[serde(rename = "REG_QWORD")]
    WideNumber {
        /// The number.
        value: u64,
    },
    /// Several texts.
    #[serde(rename = "REG_MULTI_SZ")]
    Texts {
        /// Without their terminators.
        value: Vec<String>,
    },
    /// Anything else, and texts that are none.
    #[serde(rename = "bytes")]
    Bytes {
        /// The number of the type.
        kind: u32,
        /// Hexadecimal.
        value: String,
    },
}

impl From<RegistryValue> for Stored {
    fn from(value: RegistryValue) -> Self {
        readable(&value).unwrap_or_else(|| {
            let digits = value.data.iter().map(|byte| format!("{byte:02x}")).collect();
            Self::Bytes { kind: value.kind, value: digits }
        })
    }
}

/// The readable form, where it gives the same bytes back.
fn readable(value: &RegistryValue) -> Option<Stored> {
    let stored = match value.kind {
        kind::TEXT => Stored::Text { value: text(&value.data)? },
        kind::EXPAND => Stored::Expand { value: text(&value.data)? },
        kind::NUMBER => Stored::Number { value: value.as_number()? },
        kind::WIDE_NUMBER => Stored::WideNumber { value: u64::from_le_bytes(*value.data.first_chunk::<8>()?) },
        kind::TEXTS => Stored::Texts { value: value.as_texts() },
        _ => return None,
    };
    (stored.to_value().as_ref() == Some(value)).then_some(stored)
}

fn text(data: &[u8]) -> Option<String> {
    let units: Vec<u16> = data.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    let (terminator, units) = units.split_last()?;
    (*terminator == 0).then(|| String::from_utf16(units).ok()).flatten()
}

impl Stored {
    /// The value; none where hexadecimal digits are not.
    pub fn to_value(&self) -> Option<RegistryValue> {
        let (kind, data) = match self {
            Self::Text { value } => (kind::TEXT, wide_bytes(value)),
            Self::Expand { value } => (kind::EXPAND, wide_bytes(value)),
            Self::Number { value } => (kind::NUMBER, value.to_le_bytes().to_vec()),
            Self::WideNumber { value } => (kind::WIDE_NUMBER, value.to_le_bytes().to_vec()),
            Self::Texts { value } => return Some(RegistryValue::texts(value.iter().map(String::as_str))),
            Self::Bytes { kind, value } => (*kind, super::super::hexadecimal(value)?),
        };
        Some(RegistryValue { kind, data })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn bytes_survive_whatever_they_are() {
        for (kind, data) in [
            (kind::TEXT, wide_bytes("C:\\Größe")),
            (kind::TEXT, vec![65, 0]),
            (kind::TEXT, vec![65, 0, 0]),
            (kind::TEXT, vec![]),
            (kind::EXPAND, wide_bytes("%SystemRoot%\\x")),
            (kind::NUMBER, vec![1, 0, 0, 0x80]),
            (kind::NUMBER, vec![1]),
            (kind::WIDE_NUMBER, vec![1, 2, 3, 4, 5, 6, 7, 8]),
            (kind::WIDE_NUMBER, vec![1; 9]),
            (kind::TEXTS, RegistryValue::texts(["a", "b"]).data),
            (kind::TEXTS, wide_bytes("a")),
            (kind::TEXTS, vec![0, 0]),
            (kind::BINARY, vec![0, 255]),
            (99, vec![1]),
        ] {
            let value = RegistryValue { kind, data };
            let json = serde_json::to_string(&Stored::from(value.clone())).unwrap();
            let back: Stored = serde_json::from_str(&json).unwrap();
            assert_eq!(back.to_value().unwrap(), value, "{json}");
        }
    }
}
