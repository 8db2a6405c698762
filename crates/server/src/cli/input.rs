//! What people type: files, moments, settings, lists of names.

use std::io::Read;
use std::path::Path;

use frontends::model::Base64;
use jiff::Timestamp;
use module::moment::Period;

use crate::Error;

/// The largest file a command reads, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error: std::io::Error| Error::io(path, &error);
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX + 1;
    if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::usage(format!("{} is longer than {FILE_BYTES_MAX} bytes", path.display())));
    }
    Ok(bytes)
}

/// Text as the admin API takes it: PEM and base64 as they are, DER in base64.
pub fn text_or_base64(bytes: Vec<u8>) -> String {
    // DER of anything we send begins with a SEQUENCE, whose length byte cannot be text that a PEM or base64 begins with.
    match String::from_utf8(bytes) {
        Ok(text) if !text.starts_with('\u{30}') || text.is_ascii() && !text.contains('\0') => text,
        Ok(text) => Base64(text.into_bytes()).encode(),
        Err(error) => Base64(error.into_bytes()).encode(),
    }
}

/// A moment: `now`, `+2d`, a date, or RFC 3339.
///
/// # Errors
/// It is none of these.
pub fn when(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    if text.eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    let usage = |error: module::ModuleError| Error::usage(error.message);
    if let Some(period) = text.strip_prefix('+') {
        return period.parse::<Period>().and_then(|period| period.after(now)).map_err(usage);
    }
    module::moment::parse(text).map_err(|_| {
        Error::usage(format!("`{text}` is not a moment; write 2027-01-01, 2027-01-01T12:00:00Z, now or +2d"))
    })
}

/// `name=value`; the value may be empty and may hold `=`.
///
/// # Errors
/// There is no `=`, or nothing before it.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".into()),
    }
}

/// `Name:Value`, a request attribute.
///
/// # Errors
/// There is no `:`, nothing before it, or a line break.
pub fn attribute(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((name, _)) if !name.trim().is_empty() && !text.contains(['\r', '\n']) => Ok(text.to_owned()),
        _ => Err("write NAME:VALUE on one line".into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn moments_are_absolute_or_ahead() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("now", "2026-11-22T12:00:00Z"),
            ("+2d", "2026-11-24T12:00:00Z"),
            ("+1mo", "2026-12-22T12:00:00Z"),
            ("2027-01-01", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(when(text, now).unwrap(), expected.parse().unwrap(), "{text}");
        }
        assert!(when("soon", now).unwrap_err().message.contains("write 2027-01-01"));
    }

    #[test]
    fn requests_travel_as_text() {
        assert_eq!(text_or_base64(b"-----BEGIN X-----".to_vec()), "-----BEGIN X-----");
        assert_eq!(text_or_base64(b"MIIB".to_vec()), "MIIB");
        assert_eq!(text_or_base64(vec![0x30, 0x82, 0x01, 0x00]), "MIIBAA==");
        assert_eq!(text_or_base64(vec![0x30, 0x03, 0x02, 0x01, 0x00]), "MAMCAQA=");
    }
}
