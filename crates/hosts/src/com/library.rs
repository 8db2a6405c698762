//! What a library file is: for which system and processor, and which functions it exports.
//!
//! The file is foreign: every offset is checked, everything has a limit.

use std::fs;
use std::path::Path;

use module::{HResult, ModuleError};

/// The largest file that is looked at.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// The most exported names that are looked at.
const NAMES_MAX: usize = 100_000;
/// The longest name of interest.
const NAME_BYTES_MAX: usize = 64;

/// The container that a library comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For Windows: PE.
    Windows,
    /// For Linux: ELF.
    Linux,
}

/// A library file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Its container.
    pub format: Format,
    /// The processor, in a word: `x86-64`, `x86`, `ARM64`, or its number.
    pub machine: String,
    /// Whether it is a library, and not a program.
    pub is_library: bool,
    /// Whether it is a .NET assembly.
    pub is_managed: bool,
    /// Of the exported functions, those that hosts look for.
    pub exports: Vec<String>,
}

/// Exports of interest.
const WANTED: [&str; 3] = ["DllGetClassObject", "DllRegisterServer", "exeunt_attach"];

impl Library {
    /// Looks into a file.
    pub fn read(path: &Path) -> Result<Self, ModuleError> {
        let shown = path.display();
        let wrong = |error: std::io::Error| {
            let code = ModuleError::from(std::io::Error::from(error.kind())).code;
            ModuleError::new(code, format!("the module {shown} cannot be read: {error}"))
        };
        let length = fs::metadata(path).map_err(wrong)?.len();
        if length > FILE_BYTES_MAX {
            return Err(ModuleError::invalid(format!("{shown} has {length} bytes: that is no module")));
        }
        let bytes = fs::read(path).map_err(wrong)?;
        Self::parse(&bytes).ok_or_else(|| {
            let text = format!("{shown} is neither a DLL nor a shared object, or is damaged");
            ModuleError::new(HResult::ERROR_BAD_EXE_FORMAT, text)
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"MZ") {
            windows(bytes)
        } else if bytes.starts_with(b"\x7fELF") {
            linux(bytes)
        } else {
            None
        }
    }

    /// Whether it exports this function.
    pub fn exports(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export == name)
    }
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))?;
    usize::try_from(number).ok()
}

/// A null-terminated name; none where it is too long to be of interest.
fn name_at(bytes: &[u8], at: usize) -> Option<&str> {
    let text = bytes.get(at..)?;
    let length = text.iter().take(NAME_BYTES_MAX).position(|byte| *byte == 0)?;
    std::str::from_utf8(text.get(..length)?).ok()
}

fn wanted<'a>(names: impl Iterator<Item = Option<&'a str>>) -> Vec<String> {
    let mut found: Vec<String> =
        names.take(NAMES_MAX).flatten().filter(|name| WANTED.contains(name)).map(str::to_owned).collect();
    found.dedup();
    found
}

/// A PE file: the headers, and the names of the export table.
fn windows(bytes: &[u8]) -> Option<Library> {
    const LIBRARY: u16 = 0x2000;
    let header = word(bytes, 0x3c)? as usize;
    if bytes.get(header..)?.get(..4)? != b"PE\0\0" {
        return None;
    }
    let file = header + 4;
    let machine = match half(bytes, file)? {
        0x8664 => "x86-64".to_owned(),
        0x014c => "x86".to_owned(),
        0xaa64 => "ARM64".to_owned(),
        other => format!("{other:#06x}"),
    };
    let sections = usize::from(half(bytes, file + 2)?);
    let optional_length = usize::from(half(bytes, file + 16)?);
    let optional = file + 20;
    let directories = match half(bytes, optional)? {
        0x010b => optional + 96,
        0x020b => optional + 112,
        _ => return None,
    };
    let headers = bytes.get(..optional + optional_length)?;
    let directory = |index: usize| word(headers, directories + 8 * index).unwrap_or(0);
    let table = optional + optional_length;
    // From an address in memory to a place in the file, through the section that holds it.
    let place = |address: u32| -> Option<usize> {
        (0..sections).find_map(|index| {
            let section = table + 40 * index;
            let (length, start) = (word(bytes, section + 8)?, word(bytes, section + 12)?);
            let (raw_length, raw) = (word(bytes, section + 16)?, word(bytes, section + 20)?);
            let offset = address.checked_sub(start)?;
            (offset < length.max(raw_length)).then(|| raw.checked_add(offset)).flatten().map(|at| at as usize)
        })
    };
    let exports = place(directory(0)).filter(|_| directory(0) != 0).and_then(|exports| {
        let count = word(bytes, exports + 24)? as usize;
        let names = place(word(bytes, exports + 32)?)?;
        Some(wanted((0..count.min(NAMES_MAX)).map(|index| name_at(bytes, place(word(bytes, names + 4 * index)?)?))))
    });
    Some(Library {
        format: Format::Windows,
        machine,
        is_library: half(bytes, file + 18)? & LIBRARY != 0,
        is_managed: directory(14) != 0,
        exports: exports.unwrap_or_default(),
    })
}

/// An ELF file: the headers, and the dynamic symbols that are defined in it.
fn linux(bytes: &[u8]) -> Option<Library> {
    const SHARED: u16 = 3;
    const DYNAMIC_SYMBOLS: u32 = 11;
    // 64 bits, least significant byte first; others are named, and not looked into.
    let (class, order) = (*bytes.get(4)?, *bytes.get(5)?);
    let machine = match (half(bytes, 18)?, class) {
        (0x3e, 2) => "x86-64".to_owned(),
        (0xb7, 2) => "ARM64".to_owned(),
        (0x03, _) => "x86".to_owned(),
        (other, _) => format!("{other:#06x}"),
    };
    let mut library = Library {
        format: Format::Linux,
        machine,
        is_library: half(bytes, 16)? == SHARED,
        is_managed: false,
        exports: Vec::new(),
    };
    if class != 2 || order != 1 {
        return Some(library);
    }
    let (table, length, count) = (long(bytes, 40)?, usize::from(half(bytes, 58)?), usize::from(half(bytes, 60)?));
    let section = |index: usize| table.checked_add(index.checked_mul(length)?);
    let symbols = (0..count).filter_map(section).find(|at| word(bytes, at + 4) == Some(DYNAMIC_SYMBOLS));
    let Some(symbols) = symbols else {
        return Some(library);
    };
    let (start, size) = (long(bytes, symbols + 24)?, long(bytes, symbols + 32)?);
    let names = long(bytes, section(word(bytes, symbols + 40)? as usize)? + 24)?;
    let symbol = |index: usize| -> Option<&str> {
        let at = start.checked_add(24 * index)?;
        let defined = half(bytes, at + 6)? != 0;
        defined.then(|| name_at(bytes, names.checked_add(word(bytes, at)? as usize)?)).flatten()
    };
    library.exports = wanted((0..(size / 24).min(NAMES_MAX)).map(symbol));
    Some(library)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn this_program_is_told_from_a_library() {
        let path = std::env::current_exe().unwrap();
        let library = Library::read(&path).unwrap();
        assert_eq!((library.format, library.is_managed), (Format::Linux, false));
        assert!(!library.exports("DllGetClassObject"));
    }

    #[test]
    fn damaged_files_never_panic() {
        let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let head = &whole[..whole.len().min(4096)];
        for length in 0..head.len() {
            let _ = Library::parse(&head[..length]);
        }
        let mut pe = vec![0; 1024];
        pe[..2].copy_from_slice(b"MZ");
        pe[0x3c] = 0x40;
        pe[0x40..0x44].copy_from_slice(b"PE\0\0");
        for place in 0x44..0x200 {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = pe.clone();
                changed[place..place + 4].fill(value);
                changed[0x58..0x5a].copy_from_slice(&0x20b_u16.to_le_bytes());
                let _ = Library::parse(&changed);
            }
        }
        assert_eq!(Library::parse(b"MZ"), None);
        assert_eq!(Library::parse(b"#!/bin/sh"), None);
    }
}
