//! Values that cross the contract: the four property types.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{HResult, ModuleError};

/// The type of a property: `PROPTYPE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u32)]
pub enum PropertyType {
    /// `PROPTYPE_LONG`: signed, 32 bits.
    Long = 1,
    /// `PROPTYPE_DATE`: a moment in UTC.
    Date = 2,
    /// `PROPTYPE_BINARY`: bytes.
    Binary = 3,
    /// `PROPTYPE_STRING`: text.
    String = 4,
}

impl PropertyType {
    /// The type with this number. Bits above the type (`PROPTYPE_MASK`) are `E_INVALIDARG`: modules pass the bare type.
    pub fn from_number(number: u32) -> Result<Self, ModuleError> {
        match number {
            1 => Ok(Self::Long),
            2 => Ok(Self::Date),
            3 => Ok(Self::Binary),
            4 => Ok(Self::String),
            other => Err(ModuleError::invalid(format!("{other} is not a property type"))),
        }
    }

    /// `long`, `date`, `binary` or `string`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Date => "date",
            Self::Binary => "binary",
            Self::String => "string",
        }
    }
}

impl fmt::Display for PropertyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A property's or extension's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A signed 32-bit number. Flag words are stored in the same type.
    Long(i32),
    /// A moment in UTC; the contract keeps 100 ns, X.509 whole seconds.
    Date(Timestamp),
    /// Bytes.
    Binary(Vec<u8>),
    /// Text.
    String(String),
}

impl Value {
    /// The type of this value.
    pub const fn kind(&self) -> PropertyType {
        match self {
            Self::Long(_) => PropertyType::Long,
            Self::Date(_) => PropertyType::Date,
            Self::Binary(_) => PropertyType::Binary,
            Self::String(_) => PropertyType::String,
        }
    }

    /// A number that does not fit 32 bits is `ERROR_ARITHMETIC_OVERFLOW`.
    pub fn long(number: i64) -> Result<Self, ModuleError> {
        i32::try_from(number).map(Self::Long).map_err(|_| {
            ModuleError::new(HResult::ERROR_ARITHMETIC_OVERFLOW, format!("{number} does not fit a 32-bit property"))
        })
    }

    /// The number of a `Long`.
    pub fn into_long(self) -> Result<i32, ModuleError> {
        match self {
            Self::Long(number) => Ok(number),
            other => Err(other.mismatch(PropertyType::Long)),
        }
    }

    /// The moment of a `Date`.
    pub fn into_date(self) -> Result<Timestamp, ModuleError> {
        match self {
            Self::Date(moment) => Ok(moment),
            other => Err(other.mismatch(PropertyType::Date)),
        }
    }

    /// The bytes of a `Binary`.
    pub fn into_binary(self) -> Result<Vec<u8>, ModuleError> {
        match self {
            Self::Binary(bytes) => Ok(bytes),
            other => Err(other.mismatch(PropertyType::Binary)),
        }
    }

    /// The text of a `String`.
    pub fn into_text(self) -> Result<String, ModuleError> {
        match self {
            Self::String(text) => Ok(text),
            other => Err(other.mismatch(PropertyType::String)),
        }
    }

    fn mismatch(&self, wanted: PropertyType) -> ModuleError {
        ModuleError::invalid(format!("the value is a {}, not a {wanted}", self.kind()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Long(number)
    }
}

impl From<Timestamp> for Value {
    fn from(moment: Timestamp) -> Self {
        Self::Date(moment)
    }
}
