//! Texts of a manifest: short, on one line, and fit to be shown on a terminal.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::invalid;
use crate::ModuleError;

/// Octets of one text at most.
const LINE_BYTES_MAX: usize = 4_096;

/// Octets of a name at most.
const WORD_BYTES_MAX: usize = 64;

/// A name: ASCII letters, digits and these marks.
pub(super) fn word(key: &str, text: &str, marks: &str) -> Result<(), ModuleError> {
    let fits = (1..=WORD_BYTES_MAX).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
        && !text.starts_with(['.', '-']);
    if fits {
        return Ok(());
    }
    let text = text.escape_debug().take(WORD_BYTES_MAX).collect::<String>();
    Err(invalid(format!("`{key}` is `{text}`: letters, digits and {marks} only, at most {WORD_BYTES_MAX}")))
}

/// A text without control characters.
pub(super) fn line(key: &str, text: &str) -> Result<(), ModuleError> {
    if text.len() > LINE_BYTES_MAX {
        return Err(invalid(format!("`{key}` is longer than {LINE_BYTES_MAX} octets")));
    }
    if text.contains(char::is_control) {
        return Err(invalid(format!("`{key}` holds a control character")));
    }
    Ok(())
}

/// A file's text, if it has no more than `bytes_max` octets.
pub(super) fn read(path: &Path, bytes_max: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(bytes_max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {bytes_max} octets")));
    }
    Ok(text)
}
