//! The registry: that of Windows, or files where there is none.

#[cfg(unix)]
pub mod files;
#[cfg(windows)]
mod windows;

use module::ModuleError;

#[cfg(unix)]
use files as platform;
#[cfg(windows)]
use windows as platform;

/// The types of values that settings have.
pub mod kind {
    /// `REG_SZ`: a text.
    pub const TEXT: u32 = 1;
    /// `REG_EXPAND_SZ`: a text with `%variables%`.
    pub const EXPAND: u32 = 2;
    /// `REG_BINARY`: bytes.
    pub const BINARY: u32 = 3;
    /// `REG_DWORD`: a 32-bit number.
    pub const NUMBER: u32 = 4;
    /// `REG_MULTI_SZ`: several texts.
    pub const TEXTS: u32 = 7;
    /// `REG_QWORD`: a 64-bit number.
    pub const WIDE_NUMBER: u32 = 11;
}

/// A value, as the registry's functions pass it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryValue {
    /// One of [`kind`], or another type that a module uses.
    pub kind: u32,
    /// The bytes; texts are UTF-16 with their terminator.
    pub data: Vec<u8>,
}

impl RegistryValue {
    /// `REG_SZ`
    pub fn text(text: &str) -> Self {
        Self { kind: kind::TEXT, data: wide_bytes(text) }
    }

    /// `REG_MULTI_SZ`. Empty texts would end the list, and are left out.
    pub fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut data: Vec<u8> = texts.into_iter().filter(|text| !text.is_empty()).flat_map(wide_bytes).collect();
        data.extend([0, 0]);
        Self { kind: kind::TEXTS, data }
    }

    /// `REG_DWORD`
    pub fn number(number: u32) -> Self {
        Self { kind: kind::NUMBER, data: number.to_le_bytes().to_vec() }
    }

    /// The number of a `REG_DWORD`.
    pub fn as_number(&self) -> Option<u32> {
        let bytes = self.data.first_chunk::<4>().filter(|_| self.kind == kind::NUMBER && self.data.len() == 4);
        bytes.map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// The texts of a `REG_MULTI_SZ`, or the one of a `REG_SZ`.
    pub fn as_texts(&self) -> Vec<String> {
        let units: Vec<u16> = self.data.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        units.split(|unit| *unit == 0).map(String::from_utf16_lossy).filter(|text| !text.is_empty()).collect()
    }
}

/// A text in UTF-16, least significant byte first, with its terminator.
pub fn wide_bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// The bytes of hexadecimal digits, with or without spaces; none where they are something else.
pub fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    let pair = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(pair).collect() } else { None }
}

/// Opens the registry. `folder` is where it is kept, where the system has none.
pub fn open(folder: Option<&std::path::Path>) -> Result<(), ModuleError> {
    platform::open(folder)
}

/// Creates a key below HKLM, and those above it.
pub fn create(path: &str) -> Result<(), ModuleError> {
    platform::create(path)
}

/// Reads a value of a key below HKLM; none where there is no such key or value.
pub fn read(path: &str, name: &str) -> Result<Option<RegistryValue>, ModuleError> {
    platform::read(path, name)
}

/// Writes a value of a key below HKLM, which is created where it is missing.
pub fn write(path: &str, name: &str, value: &RegistryValue) -> Result<(), ModuleError> {
    platform::write(path, name, value)
}

/// Deletes a value of a key below HKLM. One that is not there is no failure.
pub fn delete(path: &str, name: &str) -> Result<(), ModuleError> {
    platform::delete(path, name)
}

/// Reads a `REG_DWORD`; none where there is no such value, or it is of another type.
pub fn read_number(path: &str, name: &str) -> Result<Option<u32>, ModuleError> {
    Ok(read(path, name)?.and_then(|value| value.as_number()))
}
