//! `EncodingType` of `certenc.h`: bytes as a text, in the forms of `CryptBinaryToString` and `CryptStringToBinary`.
//!
//! | `XCN_CRYPT_STRING_…` | |
//! |---|---|
//! | `BASE64HEADER` 0, `BASE64REQUESTHEADER` 3, `BASE64X509CRLHEADER` 9 | RFC 7468; read with whatever label |
//! | `BASE64` 1 | RFC 4648 4, in lines of 64 characters |
//! | `BINARY` 2 | the bytes as they are, in a `BSTR` that counts by its bytes |
//! | `HEX` 4, `HEXRAW` 12 | digits in pairs, 16 pairs to a line; digits and nothing else |
//! | `HEXASCII` 5, `HEXADDR` 10, `HEXASCIIADDR` 11 | as `HEX`, with the characters behind, the address in front, or both |
//! | `BASE64URI` 13 | RFC 4648 5, one line without padding |
//! | `BASE64_ANY` 6, `ANY` 7, `HEX_ANY` 8 | to be read only: whichever of those above it is |
//!
//! Lines end with CR LF; with the flag `NOCR` with LF. With `NOCRLF` there are none, but LF around a header, and between lines
//! that have something beside the digits.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use module::{HResult, ModuleError};

use super::hex::{self, Beside};
use crate::dispatch::{Call, Fault};
use crate::values::{Bstr, text_in};

/// What is meant where a call by name leaves the encoding out.
const DEFAULT: i32 = 1;

/// Longer than the text of any extension.
const TEXT_BYTES_MAX: usize = 1 << 28;

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    form: Form,
    line_end: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// With a header of this label.
    Header(&'static str),
    Base64,
    Binary,
    Hex(Beside),
    HexRaw,
    Base64Url,
    AnyBase64,
    AnyHex,
    Any,
}

impl Encoding {
    /// The encoding with this number: `E_INVALIDARG` where it is none of the above.
    pub fn of(number: i32) -> Result<Self, ModuleError> {
        const NO_CR: u32 = 0x8000_0000;
        const NO_CR_LF: u32 = 0x4000_0000;
        let bits = number.cast_unsigned();
        let line_end = match bits & (NO_CR | NO_CR_LF) {
            0 => "\r\n",
            NO_CR => "\n",
            _ => "",
        };
        let form = match bits & !(NO_CR | NO_CR_LF) {
            0 => Form::Header("CERTIFICATE"),
            1 => Form::Base64,
            2 => Form::Binary,
            3 => Form::Header("NEW CERTIFICATE REQUEST"),
            4 => Form::Hex(Beside::default()),
            5 => Form::Hex(Beside { address: false, characters: true }),
            6 => Form::AnyBase64,
            7 => Form::Any,
            8 => Form::AnyHex,
            9 => Form::Header("X509 CRL"),
            10 => Form::Hex(Beside { address: true, characters: false }),
            11 => Form::Hex(Beside { address: true, characters: true }),
            12 => Form::HexRaw,
            13 => Form::Base64Url,
            _ => {
                let text = format!(
                    "{bits:#x} is no encoding that is supported: XCN_CRYPT_STRING_BASE64 (1), BINARY (2), HEX (4) and others"
                );
                return Err(ModuleError::invalid(text));
            }
        };
        Ok(Self { form, line_end })
    }

    /// The argument of a call by name at this place, where it may be left out.
    pub fn argument(call: &Call<'_>, index: usize) -> Result<Self, Fault> {
        let number = match call.value(index) {
            Ok(value) if !value.is_left_out() => call.long(index)?,
            _ => DEFAULT,
        };
        Ok(Self::of(number)?)
    }

    /// The bytes as a text; as they are for `BINARY`. `E_INVALIDARG` for an encoding that can only be read.
    pub fn write(self, bytes: &[u8]) -> Result<Bstr, ModuleError> {
        let text = match self.form {
            Form::Binary => return Ok(Bstr::bytes(bytes)),
            Form::Base64 => self.base64(bytes),
            Form::Header(label) => {
                // A header stands on a line of its own, whatever the flags say.
                let end = if self.line_end.is_empty() { "\n" } else { self.line_end };
                let lines = Self { line_end: end, ..self }.base64(bytes);
                format!("-----BEGIN {label}-----{end}{lines}-----END {label}-----{end}")
            }
            Form::Hex(beside) => {
                // Without line ends a blank keeps pairs apart. What stands beside them makes sense in lines alone.
                let end = match self.line_end {
                    "" if beside == Beside::default() => " ",
                    "" => "\n",
                    end => return Ok(Bstr::text(&hex::write(bytes, beside, end))),
                };
                let lines = hex::write(bytes, beside, end);
                lines.strip_suffix(end).unwrap_or(&lines).to_owned()
            }
            Form::HexRaw => hex::write_raw(bytes) + self.line_end,
            Form::Base64Url => Base64UrlUnpadded::encode_string(bytes),
            Form::AnyBase64 | Form::AnyHex | Form::Any => {
                return Err(ModuleError::invalid(
                    "an encoding of several (ANY) is for what is read, not what is written",
                ));
            }
        };
        Ok(Bstr::text(&text))
    }

    /// The bytes of a `BSTR` whose text is in this encoding: `ERROR_INVALID_DATA` where it is not.
    pub fn read(self, value: &[u8]) -> Result<Vec<u8>, ModuleError> {
        if self.form == Form::Binary {
            return Ok(value.to_vec());
        }
        if value.len() > TEXT_BYTES_MAX {
            return Err(malformed("longer than any extension"));
        }
        let text = text_in(value);
        if self.form == Form::Any {
            let read = text.and_then(|text| from_header(&text).or_else(|_| from_base64(&text)));
            return read.or_else(|_| Ok(value.to_vec()));
        }
        let text = text?;
        match self.form {
            Form::Header(_) => from_header(&text),
            Form::AnyBase64 => from_header(&text).or_else(|_| from_base64(&text)),
            Form::Hex(beside) => hex::read(&text, beside).ok_or_else(no_digits),
            Form::HexRaw => hex::read(&text, Beside::default()).ok_or_else(no_digits),
            Form::AnyHex => hex::read_any(&text).ok_or_else(no_digits),
            Form::Base64Url => Base64UrlUnpadded::decode_vec(text.trim().trim_end_matches('='))
                .map_err(|_| malformed("no base64 for URLs")),
            Form::Base64 | Form::Binary | Form::Any => from_base64(&text),
        }
    }

    fn base64(self, bytes: &[u8]) -> String {
        // 48 bytes are a line of 64 characters.
        bytes.chunks(48).map(|line| Base64::encode_string(line) + self.line_end).collect()
    }
}

fn from_header(text: &str) -> Result<Vec<u8>, ModuleError> {
    const DASHES: &str = "-----";
    let wrong = || malformed("no text between -----BEGIN …----- and -----END …-----");
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(wrong)?;
    let (label, rest) = rest.split_once(DASHES).ok_or_else(wrong)?;
    let (inside, _) = rest.split_once(&format!("-----END {label}{DASHES}")).ok_or_else(wrong)?;
    from_base64(inside)
}

fn from_base64(text: &str) -> Result<Vec<u8>, ModuleError> {
    let bare: String = text.split_ascii_whitespace().collect();
    Base64::decode_vec(&bare).map_err(|_| malformed("no base64"))
}

fn no_digits() -> ModuleError {
    malformed("no pairs of hexadecimal digits")
}

fn malformed(why: &str) -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_DATA, format!("the text is not in the encoding that was named: {why}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const NO_CR: i32 = i32::MIN;
    const NO_CR_LF: i32 = 0x4000_0000;

    fn of(number: i32) -> Encoding {
        Encoding::of(number).unwrap()
    }

    fn written(number: i32, bytes: &[u8]) -> String {
        of(number).write(bytes).unwrap().to_text()
    }

    fn read(number: i32, text: &str) -> Result<Vec<u8>, ModuleError> {
        of(number).read(&Bstr::text(text).to_bytes())
    }

    #[test]
    fn bytes_are_written_in_every_form() {
        let bytes: Vec<u8> = (0..50).collect();
        // As `base64 -w 64` has it.
        let line = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v";
        for (number, text) in [
            (1, format!("{line}\r\nMDE=\r\n")),
            (1 | NO_CR, format!("{line}\nMDE=\n")),
            (1 | NO_CR_LF, format!("{line}MDE=")),
            (0, format!("-----BEGIN CERTIFICATE-----\r\n{line}\r\nMDE=\r\n-----END CERTIFICATE-----\r\n")),
            (
                3 | NO_CR,
                format!(
                    "-----BEGIN NEW CERTIFICATE REQUEST-----\n{line}\nMDE=\n-----END NEW CERTIFICATE REQUEST-----\n"
                ),
            ),
            (9 | NO_CR_LF, format!("-----BEGIN X509 CRL-----\n{line}\nMDE=\n-----END X509 CRL-----\n")),
            (13, format!("{line}MDE")),
        ] {
            assert_eq!(written(number, &bytes), text, "{number:#x}");
            assert_eq!(read(number, &text).unwrap(), bytes, "{number:#x}");
        }
        let digits = "00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f";
        for (number, text) in [
            (4, format!("{digits}\r\n10 11\r\n")),
            (4 | NO_CR, format!("{digits}\n10 11\n")),
            (4 | NO_CR_LF, format!("{digits} 10 11")),
            (10, format!("0000  {digits}\r\n0010  10 11\r\n")),
            (10 | NO_CR_LF, format!("0000  {digits}\n0010  10 11")),
            (5 | NO_CR_LF, format!("{digits}   ................\n{:48}   ..", "10 11")),
            (11 | NO_CR_LF, format!("0000  {digits}   ................\n0010  {:48}   ..", "10 11")),
            (12, "000102030405060708090a0b0c0d0e0f1011\r\n".to_owned()),
            (12 | NO_CR_LF, "000102030405060708090a0b0c0d0e0f1011".to_owned()),
        ] {
            assert_eq!(written(number, bytes.get(..18).unwrap()), text, "{number:#x}");
            assert_eq!(read(number, &text).unwrap(), bytes.get(..18).unwrap(), "{number:#x}");
        }
        assert_eq!(of(2).write(&[1, 2, 3]).unwrap().to_bytes(), [1, 2, 3]);
        assert_eq!(of(2).read(&[1, 2, 3]).unwrap(), [1, 2, 3]);
        for number in [1, 4, 5, 10, 11, 12, 13] {
            assert!(read(number, &written(number, &[])).unwrap().is_empty(), "{number}");
        }
    }

    #[test]
    fn several_forms_are_read_where_any_is_said() {
        let bytes = [0x30, 3, 2, 1, 5];
        for (number, forms) in [(6, &[0, 1, 9][..]), (7, &[0, 1]), (8, &[4, 5, 10, 11, 12])] {
            for form in forms {
                assert_eq!(read(number, &written(*form, &bytes)).unwrap(), bytes, "{number} {form}");
            }
            assert_eq!(of(number).write(&bytes).unwrap_err().code, HResult::E_INVALIDARG, "{number}");
        }
        assert_eq!(of(7).read(&bytes).unwrap(), bytes);
        assert_eq!(read(8, "30,03-02\t01\n05").unwrap(), bytes);
        // Whatever stands around what is between the two lines is passed over.
        assert_eq!(read(0, "a text\n-----BEGIN X-----\nMAMC AQU=\n-----END X-----\nmore").unwrap(), bytes);
    }

    #[test]
    fn what_is_not_in_the_encoding_is_refused() {
        for (number, text) in [
            (1, "MAMCAQU"),
            (1, "M"),
            (1, "MAMC*QU="),
            (1, "ä"),
            (0, "MAMCAQU="),
            (0, "-----BEGIN X-----MAMCAQU=-----END Y-----"),
            (0, "-----BEGIN X"),
            (4, "3"),
            (4, "3g"),
            (12, "30 0"),
            (13, "MA+C"),
            (6, "*"),
            (8, "x"),
        ] {
            assert_eq!(read(number, text).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{number} {text}");
        }
        // Half a character.
        assert_eq!(of(1).read(b"M").unwrap_err().code, HResult::E_INVALIDARG);
        for number in [-1, 14, 0x100, 0x2000_0001] {
            assert_eq!(Encoding::of(number).unwrap_err().code, HResult::E_INVALIDARG, "{number:#x}");
        }
    }
}
