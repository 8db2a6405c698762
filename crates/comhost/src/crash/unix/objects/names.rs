//! The names of a file's functions: those it exports, and where it was not stripped all others.

use std::path::Path;

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol, SymbolKind};

/// The largest file that is looked at, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The longest name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 120;

/// A function.
pub(super) struct Function {
    /// Its address in the file.
    pub(super) start: usize,
    /// Its length, in bytes.
    pub(super) size: usize,
    /// Its name, without what it takes.
    pub(super) name: String,
}

/// The functions of a file, in the order of their addresses. A file that says nothing of them has none: its places are told by
/// their offsets alone.
pub(super) fn functions(file: &Path) -> Vec<Function> {
    let small = std::fs::metadata(file).is_ok_and(|file| file.len() <= FILE_BYTES_MAX);
    let bytes = if small { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
    let Ok(file) = ElfFile64::<Endianness>::parse(bytes.as_slice()) else { return Vec::new() };
    let mut found: Vec<Function> = file.symbols().filter_map(|symbol| function(&symbol)).collect();
    if found.is_empty() {
        found = file.dynamic_symbols().filter_map(|symbol| function(&symbol)).collect();
    }
    found.sort_by_key(|function| function.start);
    found
}

fn function<'data>(symbol: &impl ObjectSymbol<'data>) -> Option<Function> {
    let (start, size) = (usize::try_from(symbol.address()).ok()?, usize::try_from(symbol.size()).ok()?);
    if symbol.kind() != SymbolKind::Text || !symbol.is_definition() || size == 0 {
        return None;
    }
    let mut name = readable(symbol.name().ok()?);
    name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
    Some(Function { start, size, name })
}

/// The name of a C++ function as its author wrote it, where it is simple: `Archive::Notify`. What it takes and what its templates
/// are made with is left out. Others stay as they are.
fn readable(symbol: &str) -> String {
    nested(symbol).unwrap_or_else(|| symbol.to_owned())
}

fn nested(symbol: &str) -> Option<String> {
    let coded = symbol.strip_prefix("_Z")?;
    let Some(parts) = coded.strip_prefix('N') else {
        return named(coded).map(|(name, _)| name.to_owned());
    };
    let mut rest = parts.trim_start_matches(['r', 'V', 'K', 'R', 'O']);
    let mut names: Vec<String> = Vec::new();
    if let Some(after) = rest.strip_prefix("St") {
        names.push("std".to_owned());
        rest = after;
    }
    loop {
        if let Some((name, after)) = named(rest) {
            if !name.starts_with("_GLOBAL__N") {
                names.push(name.to_owned());
            }
            rest = after;
            continue;
        }
        let last = names.last()?;
        match rest.as_bytes().first()? {
            b'I' => {
                rest = after_arguments(rest.get(1..)?)?;
                continue;
            }
            b'C' => names.push(last.clone()),
            b'D' => names.push(format!("~{last}")),
            b'E' => {}
            _ => return None,
        }
        return Some(names.join("::"));
    }
}

/// What follows the arguments of a template.
fn after_arguments(coded: &str) -> Option<&str> {
    let (mut rest, mut open) = (coded, 1);
    while open > 0 {
        if let Some((_, after)) = named(rest) {
            rest = after;
            continue;
        }
        let skipped = match rest.as_bytes().first()? {
            b'E' => {
                open -= 1;
                1
            }
            b'I' | b'N' | b'J' | b'F' => {
                open += 1;
                1
            }
            // A value: its type, its digits, and an E.
            b'L' => rest.find('E')? + 1,
            b'S' if rest.as_bytes().get(1)?.is_ascii_lowercase() => 2,
            b'S' | b'T' => rest.find('_')? + 1,
            b'D' => 2,
            b'X' => return None,
            _ => 1,
        };
        rest = rest.get(skipped..)?;
    }
    Some(rest)
}

/// A name behind its length, and what follows it.
fn named(coded: &str) -> Option<(&str, &str)> {
    let digits = coded.bytes().take_while(u8::is_ascii_digit).count();
    let (length, rest) = coded.split_at_checked(digits)?;
    rest.split_at_checked(length.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source() {
        for (symbol, name) in [
            ("DllGetClassObject", "DllGetClassObject"),
            ("_Z4leafPKc", "leaf"),
            ("_ZN7Archive6NotifyEll", "Archive::Notify"),
            ("_ZNK12_GLOBAL__N_18Settings5writeEv", "Settings::write"),
            ("_ZN12_GLOBAL__N_19misbehaveI15ICertServerExitEElRNS_5StateEPT_", "misbehave"),
            ("_ZN7ArchiveC2Ev", "Archive::Archive"),
            ("_ZN7ArchiveD0Ev", "Archive::~Archive"),
            ("_ZN6ObjectI9ICertExitLi5EN1a1bES_E7ReleaseEv", "Object::Release"),
            ("_ZNSt6vectorIiSaIiEE4sizeEv", "std::vector::size"),
            ("_ZN6ObjectI", "_ZN6ObjectI"),
            ("_ZN7ArchiveplERKS_", "_ZN7ArchiveplERKS_"),
            ("_ZN", "_ZN"),
            ("_ZN99999999999999999999xE", "_ZN99999999999999999999xE"),
            ("_ZN9shortE", "_ZN9shortE"),
            ("_Z", "_Z"),
        ] {
            assert_eq!(readable(symbol), name);
        }
    }

    #[test]
    fn a_file_without_names_has_none() {
        assert!(functions(Path::new("/nowhere")).is_empty());
        assert!(functions(Path::new(file!())).is_empty());
    }
}
