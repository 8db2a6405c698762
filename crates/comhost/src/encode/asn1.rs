//! DER elements (X.690), with every universal type: modules use string types that no certificate has.

use std::fmt::Display;

use der::{Decode, Encode, Length, Reader, SliceReader};
use module::{HResult, ModuleError};

use super::COUNT_MAX;

/// More bytes than any extension has.
const BYTES_MAX: usize = 1 << 28;

/// Identifier octets.
pub mod tag {
    /// INTEGER
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING
    pub const BIT_STRING: u8 = 0x03;
    /// UTCTime
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE
    pub const SEQUENCE: u8 = 0x30;

    /// `[number]`, of a primitive element.
    pub const fn primitive(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]`, of a constructed element.
    pub const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// An element: its identifier octet, and its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: u8,
    /// The contents.
    pub contents: &'a [u8],
}

/// The elements of a SEQUENCE that is all there is. `what` names it in the error.
pub fn sequence<'a>(what: &str, der: &'a [u8]) -> Result<Vec<Element<'a>>, ModuleError> {
    match elements(what, der)?.as_slice() {
        [Element { tag: tag::SEQUENCE, contents }] => elements(what, contents),
        _ => Err(malformed(what, "one SEQUENCE is expected")),
    }
}

/// The elements that stand one behind the other.
pub fn elements<'a>(what: &str, contents: &'a [u8]) -> Result<Vec<Element<'a>>, ModuleError> {
    let read = || -> der::Result<Vec<Element<'a>>> {
        let mut reader = SliceReader::new(contents)?;
        let mut found = Vec::new();
        // One more than there may be says that there are too many.
        while !reader.is_finished() && found.len() <= COUNT_MAX as usize {
            let tag = reader.read_byte()?;
            let length = Length::decode(&mut reader)?;
            found.push(Element { tag, contents: reader.read_slice(length)? });
        }
        Ok(found)
    };
    let found = if contents.is_empty() { Vec::new() } else { read().map_err(|error| malformed(what, error))? };
    // The long form of a tag, which nothing here has, ends all bits set.
    if found.iter().any(|element| element.tag & 0x1f == 0x1f) {
        return Err(malformed(what, "a tag in the long form"));
    }
    if found.len() > COUNT_MAX as usize {
        return Err(malformed(what, format!("more than {COUNT_MAX} elements")));
    }
    Ok(found)
}

/// Appends an element: `E_INVALIDARG` where its contents have more than [`BYTES_MAX`].
pub fn write(out: &mut Vec<u8>, tag: u8, contents: &[u8]) -> Result<(), ModuleError> {
    let length = Length::try_from(contents.len()).ok().filter(|_| contents.len() <= BYTES_MAX);
    let too_long = || ModuleError::invalid(format!("an element of {} bytes is too long to be encoded", contents.len()));
    let length = length.ok_or_else(too_long)?;
    out.push(tag);
    length.encode_to_vec(out).expect("writing to a Vec does not fail");
    out.extend_from_slice(contents);
    Ok(())
}

/// An element: as [`write()`].
pub fn element(tag: u8, contents: &[u8]) -> Result<Vec<u8>, ModuleError> {
    let mut out = Vec::new();
    write(&mut out, tag, contents)?;
    Ok(out)
}

/// The error of bytes that are something else.
pub fn malformed(what: &str, why: impl Display) -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_DATA, format!("the bytes are not {what} in DER: {why}"))
}

/// DER that OpenSSL makes of a description in its configuration language.
#[cfg(test)]
pub fn openssl(description: &str) -> Vec<u8> {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("asn1.cnf"), folder.path().join("der"));
    std::fs::write(&from, description).unwrap();
    let mut command = std::process::Command::new("openssl");
    command.args(["asn1parse", "-noout", "-genconf"]).arg(&from).arg("-out").arg(&to);
    let output = command.output().unwrap_or_else(|error| panic!("openssl: {error}: apt install openssl"));
    assert!(output.status.success(), "{description}\n{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(to).unwrap()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn elements_survive() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let contents = vec![7; length];
            let der = element(tag::SEQUENCE, &element(0x19, &contents).unwrap()).unwrap();
            assert_eq!(sequence("it", &der).unwrap(), [Element { tag: 0x19, contents: &contents }]);
        }
        assert_eq!(sequence("it", &[0x30, 0]).unwrap(), []);
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let long = element(tag::SEQUENCE, &vec![0; BYTES_MAX + 1]);
        assert_eq!(long.map(drop).unwrap_err().code, HResult::E_INVALIDARG);
        let many = vec![0; 1 << 25];
        let before = resident_bytes();
        let error = elements("a list", &many).map(drop).unwrap_err();
        assert!(error.message.contains("more than 65536 elements"), "{error}");
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 1 << 28, "{grown} bytes");
    }

    /// The most memory that this process has had.
    fn resident_bytes() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    #[test]
    fn other_bytes_are_refused() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 1, 5],
            &[0x30, 0, 0],
            &[0x31, 0],
            &[0x30, 2, 0x1f, 0],
            &[0x30, 1, 2],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            let error = sequence("a list", der).unwrap_err();
            assert_eq!(error.code, HResult::ERROR_INVALID_DATA, "{der:?}");
            assert!(error.message.contains("a list"), "{error}");
        }
    }
}
