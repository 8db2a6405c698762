//! `CCertEncodeStringArray`: a SEQUENCE OF one of the string types of X.680 41.

use std::ffi::c_void;

use module::{HResult, ModuleError};
use parking_lot::Mutex;

use super::asn1::{self, Element, tag};
use super::blob::{self, Der};
use super::{at, at_mut, count, nothing, size};
use crate::dispatch::{Automation, Call, Fault, Returned, answer, answer_text, dispatch_of};
use crate::guid::{Guid, IID_DISPATCH, IID_ENCODE_STRING_ARRAY, IID_ENCODE_STRING_ARRAY2};
use crate::hresult::{self, Status};
use crate::interfaces::{CertEncodeStringArray, CertEncodeStringArray2};
use crate::object::{self, Class};
use crate::values::{Bstr, Variant, bytes_of, text_in};

const WHAT: &str = "a SEQUENCE OF strings";

/// `CERT_RDN_ANY_TYPE`: PrintableString where that can hold the text, BMPString else. What is read has strings of several types.
const ANY_TYPE: i32 = 0;
const NUMERIC: i32 = 3;
const PRINTABLE: i32 = 4;
const IA5: i32 = 7;
const VISIBLE: i32 = 9;
const UNIVERSAL: i32 = 11;
const BMP: i32 = 12;
const UTF8: i32 = 13;

/// The string types, as `CERT_RDN_…` numbers them, and their tags.
const TYPES: [(i32, u8); 11] = [
    (NUMERIC, 18),
    (PRINTABLE, 19),
    (5, 20),
    (6, 21),
    (IA5, 22),
    (8, 25),
    (VISIBLE, 26),
    (10, 27),
    (UNIVERSAL, 28),
    (BMP, 30),
    (UTF8, 12),
];

/// `CRYPT_E_INVALID_NUMERIC_STRING`
const INVALID_NUMERIC: HResult = HResult(0x8009_2020_u32.cast_signed());
/// `CRYPT_E_INVALID_PRINTABLE_STRING`
const INVALID_PRINTABLE: HResult = HResult(0x8009_2021_u32.cast_signed());
/// `CRYPT_E_INVALID_IA5_STRING`
pub(super) const INVALID_IA5: HResult = HResult(0x8009_2022_u32.cast_signed());

/// The array.
#[derive(Default)]
pub struct StringArray(Mutex<Option<Strings>>);

#[derive(Clone, Debug)]
struct Strings {
    kind: i32,
    texts: Vec<Option<String>>,
}

impl Der for StringArray {
    fn decode(&self, der: &[u8]) -> Result<(), ModuleError> {
        let elements = asn1::sequence(WHAT, der)?;
        let mut kinds = Vec::new();
        let mut texts = Vec::new();
        for element in elements {
            let (kind, text) = read(element)?;
            kinds.push(kind);
            texts.push(Some(text));
        }
        let first = kinds.first().copied().unwrap_or(ANY_TYPE);
        let kind = if kinds.iter().all(|kind| *kind == first) { first } else { ANY_TYPE };
        *self.0.lock() = Some(Strings { kind, texts });
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>, ModuleError> {
        let strings = self.0.lock().clone().ok_or_else(nothing)?;
        let mut contents = Vec::new();
        for (index, text) in strings.texts.iter().enumerate() {
            let missing = || ModuleError::invalid(format!("string {index} is missing: SetValue comes before Encode"));
            write(&mut contents, strings.kind, text.as_deref().ok_or_else(missing)?)
                .map_err(|error| ModuleError::new(error.code, format!("string {index}: {}", error.message)))?;
        }
        asn1::element(tag::SEQUENCE, &contents)
    }
}

impl StringArray {
    fn string_type(&self) -> Result<i32, ModuleError> {
        self.0.lock().as_ref().map(|strings| strings.kind).ok_or_else(nothing)
    }

    fn count(&self) -> Result<i32, ModuleError> {
        self.0.lock().as_ref().map(|strings| count(&strings.texts)).ok_or_else(nothing)
    }

    /// A string; empty where none was set.
    fn value(&self, index: i32) -> Result<String, ModuleError> {
        let strings = self.0.lock();
        at(&strings.as_ref().ok_or_else(nothing)?.texts, index).map(|text| text.clone().unwrap_or_default())
    }

    fn reset(&self, count: i32, kind: i32) -> Result<(), ModuleError> {
        if kind != ANY_TYPE && !TYPES.iter().any(|(known, _)| *known == kind) {
            let text =
                format!("{kind} is none of the string types: CERT_RDN_ANY_TYPE, CERT_RDN_PRINTABLE_STRING and others");
            return Err(ModuleError::invalid(text));
        }
        let texts = vec![None; size(count)?];
        *self.0.lock() = Some(Strings { kind, texts });
        Ok(())
    }

    fn set_value(&self, index: i32, text: String) -> Result<(), ModuleError> {
        let mut strings = self.0.lock();
        *at_mut(&mut strings.as_mut().ok_or_else(nothing)?.texts, index)? = Some(text);
        Ok(())
    }
}

/// Reads an element: its type, and its text.
fn read(element: Element<'_>) -> Result<(i32, String), ModuleError> {
    let found = TYPES.iter().find(|(_, tag)| *tag == element.tag);
    let (kind, _) =
        found.ok_or_else(|| asn1::malformed(WHAT, format!("an element with the tag {:#04x}", element.tag)))?;
    let text = match *kind {
        UTF8 => String::from_utf8(element.contents.to_vec()).ok(),
        BMP => {
            let (pairs, rest) = element.contents.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
        }
        UNIVERSAL => {
            let (words, rest) = element.contents.as_chunks::<4>();
            let text = words.iter().map(|word| char::from_u32(u32::from_be_bytes(*word))).collect::<Option<String>>();
            text.filter(|_| rest.is_empty())
        }
        kind => {
            // Types of a character an octet. Where several alphabets are possible, ISO 8859-1 is what is meant in practice.
            let text: String = element.contents.iter().map(|octet| char::from(*octet)).collect();
            check(kind, &text).is_ok().then_some(text)
        }
    };
    let text =
        text.ok_or_else(|| asn1::malformed(WHAT, format!("a string of type {kind} with characters it cannot have")))?;
    Ok((*kind, text))
}

/// Appends a string of this type.
fn write(out: &mut Vec<u8>, kind: i32, text: &str) -> Result<(), ModuleError> {
    let kind = match kind {
        ANY_TYPE if check(PRINTABLE, text).is_ok() => PRINTABLE,
        ANY_TYPE => BMP,
        kind => kind,
    };
    let (_, tag) = TYPES.iter().find(|(known, _)| *known == kind).ok_or_else(nothing)?;
    let contents: Vec<u8> = match kind {
        UTF8 => text.as_bytes().to_vec(),
        BMP => {
            if let Some(wide) = text.chars().find(|c| u32::from(*c) > 0xffff) {
                let text = format!(
                    "`{wide}` is no character of the type CERT_RDN_UNICODE_STRING; CERT_RDN_UTF8_STRING has it"
                );
                return Err(ModuleError::invalid(text));
            }
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        }
        UNIVERSAL => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        kind => {
            check(kind, text)?;
            text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
        }
    };
    asn1::write(out, *tag, &contents)
}

/// Whether a type of a character an octet can hold the text.
fn check(kind: i32, text: &str) -> Result<(), ModuleError> {
    let (fits, code): (fn(char) -> bool, HResult) = match kind {
        NUMERIC => (|c| c.is_ascii_digit() || c == ' ', INVALID_NUMERIC),
        PRINTABLE => (|c| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c), INVALID_PRINTABLE),
        IA5 => (|c| c.is_ascii(), INVALID_IA5),
        VISIBLE => (|c| matches!(c, ' '..='~'), HResult::E_INVALIDARG),
        _ => (|c| u32::from(c) <= 0xff, HResult::E_INVALIDARG),
    };
    match text.chars().find(|c| !fits(*c)) {
        None => Ok(()),
        Some(wrong) => Err(ModuleError::new(
            code,
            format!("{wrong:?} is no character of the string type {kind}; CERT_RDN_UTF8_STRING has all"),
        )),
    }
}

impl Class for StringArray {
    type Table = CertEncodeStringArray2;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_ENCODE_STRING_ARRAY, IID_ENCODE_STRING_ARRAY2];
    const TABLE: &'static CertEncodeStringArray2 = &CertEncodeStringArray2 {
        first: CertEncodeStringArray {
            dispatch: dispatch_of::<Self>(),
            decode: blob::decode::<Self>,
            string_type: com_string_type,
            count: com_count,
            value: com_value,
            reset: com_reset,
            set_value: com_set_value,
            encode: blob::encode::<Self>,
        },
        decode_blob: blob::decode_blob::<Self>,
        encode_blob: blob::encode_blob::<Self>,
    };
}

impl Automation for StringArray {
    const MEMBERS: &'static [&'static str] =
        &["Decode", "GetStringType", "GetCount", "GetValue", "Reset", "SetValue", "Encode"];
    const DERIVED: &'static [&'static str] = &["DecodeBlob", "EncodeBlob"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        let nothing = |()| Variant::empty();
        let value = match member {
            "GetStringType" => Variant::long(self.string_type()?),
            "GetCount" => Variant::long(self.count()?),
            "GetValue" => Variant::bstr(Bstr::text(&self.value(call.long(0)?)?)),
            "Reset" => self.reset(call.long(0)?, call.long(1)?).map(nothing)?,
            "SetValue" => self.set_value(call.long(0)?, text_in(&call.bytes(1)?)?).map(nothing)?,
            other => blob::invoke(self, other, call)?,
        };
        Ok(Returned::Value(value))
    }
}

unsafe extern "system-unwind" fn com_string_type(this: *mut c_void, kind: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(kind, object::body::<StringArray>(this).string_type()) }
}

unsafe extern "system-unwind" fn com_count(this: *mut c_void, count: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(count, object::body::<StringArray>(this).count()) }
}

unsafe extern "system-unwind" fn com_value(this: *mut c_void, index: i32, text: *mut *mut u16) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer_text(text, object::body::<StringArray>(this).value(index).map(|text| Bstr::text(&text))) }
}

unsafe extern "system-unwind" fn com_reset(this: *mut c_void, count: i32, kind: i32) -> Status {
    // SAFETY: an object of this class.
    hresult::of(unsafe { object::body::<StringArray>(this).reset(count, kind) })
}

unsafe extern "system-unwind" fn com_set_value(this: *mut c_void, index: i32, text: *mut u16) -> Status {
    // SAFETY: an object of this class; a BSTR or null.
    unsafe {
        let text = text_in(bytes_of(text));
        hresult::of(text.and_then(|text| object::body::<StringArray>(this).set_value(index, text)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn filled(kind: i32, texts: &[&str]) -> StringArray {
        let array = StringArray::default();
        array.reset(i32::try_from(texts.len()).unwrap(), kind).unwrap();
        for (index, text) in (0..).zip(texts) {
            array.set_value(index, (*text).to_owned()).unwrap();
        }
        array
    }

    #[test]
    fn strings_are_those_of_openssl() {
        for (kind, name, texts) in [
            (NUMERIC, "NUMERICSTRING", ["0 1", ""]),
            (PRINTABLE, "PRINTABLESTRING", ["A-z (1)", "=?"]),
            (5, "T61STRING", ["abc", "d"]),
            (IA5, "IA5STRING", ["a@example.org", "*"]),
            (VISIBLE, "VISIBLESTRING", ["[x]", "~"]),
            (10, "GENERALSTRING", ["g", "G"]),
            (UNIVERSAL, "UNIVERSALSTRING", ["Größe", "€"]),
            (BMP, "BMPSTRING", ["Größe", "€"]),
            (UTF8, "UTF8String", ["Größe 😀", "€"]),
        ] {
            let format = if kind > 10 { "FORMAT:UTF8," } else { "" };
            let [a, b] = texts;
            let der = asn1::openssl(&format!(
                "asn1 = SEQUENCE:list\n[list]\na = {format}{name}:{a}\nb = {format}{name}:{b}\n"
            ));
            let array = StringArray::default();
            array.decode(&der).unwrap();
            assert_eq!((array.string_type().unwrap(), array.count().unwrap()), (kind, 2), "{name}");
            assert_eq!([array.value(0).unwrap(), array.value(1).unwrap()], texts, "{name}");
            assert_eq!(array.encode().unwrap(), der, "{name}");
            assert_eq!(filled(kind, &texts).encode().unwrap(), der, "{name}");
        }
    }

    #[test]
    fn any_type_is_the_narrowest_that_holds_the_text() {
        let der = filled(ANY_TYPE, &["plain", "Größe"]).encode().unwrap();
        let elements = asn1::sequence(WHAT, &der).unwrap();
        assert_eq!(elements.iter().map(|element| element.tag).collect::<Vec<_>>(), [19, 30]);
        let array = StringArray::default();
        array.decode(&der).unwrap();
        assert_eq!((array.string_type().unwrap(), array.value(1).unwrap().as_str()), (ANY_TYPE, "Größe"));
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused() {
        for (kind, text, code) in [
            (NUMERIC, "1a", INVALID_NUMERIC),
            (PRINTABLE, "a@b", INVALID_PRINTABLE),
            (IA5, "ä", INVALID_IA5),
            (VISIBLE, "\n", HResult::E_INVALIDARG),
            (5, "€", HResult::E_INVALIDARG),
            (BMP, "😀", HResult::E_INVALIDARG),
        ] {
            let error = filled(kind, &["", text]).encode().unwrap_err();
            assert_eq!(error.code, code, "{kind}");
            assert!(error.message.starts_with("string 1: "), "{error}");
        }
        let array = StringArray::default();
        for kind in [-1, 1, 2, 14] {
            assert_eq!(array.reset(1, kind).unwrap_err().code, HResult::E_INVALIDARG, "{kind}");
        }
        array.reset(1, IA5).unwrap();
        assert_eq!(array.value(0).unwrap(), "");
        assert_eq!(array.encode().unwrap_err().code, HResult::E_INVALIDARG);
    }

    #[test]
    fn other_bytes_are_refused() {
        let array = StringArray::default();
        for element in [
            &[0x16, 1, 0x80][..],
            &[18, 1, b'x'],
            &[19, 1, b'@'],
            &[30, 1, 0],
            &[30, 2, 0xd8, 0],
            &[12, 1, 0xff],
            &[28, 4, 0, 0x11, 0, 0],
            &[28, 3, 0, 0, 0],
            &[2, 1, 1],
        ] {
            let der = asn1::element(tag::SEQUENCE, element).unwrap();
            assert_eq!(array.decode(&der).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{element:?}");
        }
        assert_eq!(array.count().unwrap_err().code, HResult::E_UNEXPECTED);
    }
}
