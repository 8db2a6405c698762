//! The value types in which a module reads and writes an extension: integer, time, IA5 string.

use der::asn1::Ia5StringRef;
use der::{Decode, Encode, Tag};
use jiff::Timestamp;

use crate::{Error, read, time, write};

/// DER INTEGER of a 32-bit value.
#[must_use]
pub fn encode_integer(value: i32) -> Vec<u8> {
    value.to_der().expect("writing to a Vec does not fail")
}

/// A DER INTEGER as a 32-bit value.
///
/// # Errors
/// [`Error::Malformed`] when it is no INTEGER or does not fit.
pub fn decode_integer(der: &[u8]) -> Result<i32, Error> {
    read::whole("INTEGER", der, |r| Ok(i32::decode(r)?))
}

/// A `Time` in DER: UTCTime through 2049, GeneralizedTime from 2050. Fractions of a second are cut off.
///
/// # Errors
/// [`Error::Unencodable`] before 1970.
pub fn encode_time(at: Timestamp) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(17);
    time::encode(&mut out, at)?;
    Ok(out)
}

/// A DER UTCTime or GeneralizedTime.
///
/// # Errors
/// [`Error::Malformed`] when it is neither, has no seconds or no `Z`.
pub fn decode_time(der: &[u8]) -> Result<Timestamp, Error> {
    read::whole("time", der, time::decode)
}

/// A DER IA5String.
///
/// # Errors
/// [`Error::Unencodable`] when `text` is not ASCII.
pub fn encode_ia5(text: &str) -> Result<Vec<u8>, Error> {
    let text = Ia5StringRef::new(text).map_err(|e| Error::unencodable("IA5String", e))?;
    text.to_der().map_err(|e| Error::unencodable("IA5String", e))
}

/// The text of a DER IA5String.
///
/// # Errors
/// [`Error::Malformed`] when it is none or not ASCII.
pub fn decode_ia5(der: &[u8]) -> Result<String, Error> {
    read::whole("IA5String", der, |r| Ok(Ia5StringRef::decode(r)?.as_str().to_owned()))
}

/// Appends `text` as an element with `tag` in IA5 encoding.
pub(super) fn ia5_element(out: &mut Vec<u8>, what: &'static str, tag: Tag, text: &str) -> Result<(), Error> {
    if !text.is_ascii() {
        return Err(Error::unencodable(what, format!("{text:?} is not ASCII")));
    }
    write::element(out, tag, text.as_bytes());
    Ok(())
}

/// The text of contents in IA5 encoding.
pub(super) fn ia5_text(what: &'static str, contents: &[u8]) -> Result<String, Error> {
    match std::str::from_utf8(contents) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(Error::malformed(what, "not ASCII")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn integers() {
        for (value, der) in [
            (0, &b"\x02\x01\x00"[..]),
            (-1, b"\x02\x01\xff"),
            (128, b"\x02\x02\x00\x80"),
            (i32::MAX, b"\x02\x04\x7f\xff\xff\xff"),
            (i32::MIN, b"\x02\x04\x80\x00\x00\x00"),
        ] {
            assert_eq!(encode_integer(value), der);
            assert_eq!(decode_integer(der).unwrap(), value);
        }
        for bad in [
            &b""[..],
            b"\x02\x00",
            b"\x02\x05\x00\xff\xff\xff\xff",
            b"\x02\x02\x00\x01",
            b"\x02\x01\x01\x00",
            b"\x04\x01\x01",
        ] {
            assert!(decode_integer(bad).is_err(), "{bad:x?}");
        }
    }

    #[test]
    fn ia5() {
        assert_eq!(encode_ia5("abc").unwrap(), b"\x16\x03abc");
        assert_eq!(decode_ia5(b"\x16\x03abc").unwrap(), "abc");
        assert!(encode_ia5("ä").is_err());
        assert!(decode_ia5(b"\x16\x01\xff").is_err());
        assert!(decode_ia5(b"\x0c\x03abc").is_err());
    }
}
