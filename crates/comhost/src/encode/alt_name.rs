//! `CCertEncodeAltName`: the names of the extensions subject and issuer alternative name (RFC 5280 4.2.1.6, 4.2.1.7).

use std::ffi::c_void;

use module::ModuleError;
use parking_lot::Mutex;

use super::asn1::{self, Element, tag};
use super::blob::{self, Der};
use super::encoding::Encoding;
use super::names::{self, Names};
use super::nothing;
use crate::dispatch::{Automation, Call, Fault, Returned, answer, answer_text, dispatch_of};
use crate::guid::{Guid, IID_DISPATCH, IID_ENCODE_ALT_NAME, IID_ENCODE_ALT_NAME2};
use crate::hresult::{self, Status};
use crate::interfaces::{CertEncodeAltName, CertEncodeAltName2};
use crate::object::{self, Class};
use crate::values::{Bstr, Variant, bytes_of};

/// The names.
#[derive(Default)]
pub struct AltName(Mutex<Option<Names>>);

impl Der for AltName {
    fn decode(&self, der: &[u8]) -> Result<(), ModuleError> {
        const WHAT: &str = "an alternative name";
        let names = match asn1::elements(WHAT, der)?.as_slice() {
            [Element { tag: tag::SEQUENCE, contents }] => Names::read(contents)?,
            _ => return Err(asn1::malformed(WHAT, "one SEQUENCE is expected")),
        };
        *self.0.lock() = Some(names);
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>, ModuleError> {
        asn1::element(tag::SEQUENCE, &self.with(Names::write)?)
    }
}

impl AltName {
    fn reset(&self, count: i32) -> Result<(), ModuleError> {
        *self.0.lock() = Some(Names::sized(count)?);
        Ok(())
    }

    fn set_name_entry(&self, index: i32, choice: i32, value: &[u8]) -> Result<(), ModuleError> {
        self.0.lock().as_mut().ok_or_else(nothing)?.set(index, choice, value)
    }

    /// `GetNameBlob`: a value of bytes in the encoding, a text as it is.
    fn name_blob(&self, index: i32, encoding: Encoding) -> Result<Bstr, ModuleError> {
        self.with(|names| {
            let value = names.value(index)?;
            if names::is_bytes(index, names.choice_of(index)?) { encoding.write(&value.to_bytes()) } else { Ok(value) }
        })
    }

    /// `SetNameEntryBlob`: as [`AltName::name_blob`].
    fn set_name_entry_blob(
        &self,
        index: i32,
        choice: i32,
        value: &[u8],
        encoding: Encoding,
    ) -> Result<(), ModuleError> {
        if names::is_bytes(index, choice) {
            self.set_name_entry(index, choice, &encoding.read(value)?)
        } else {
            self.set_name_entry(index, choice, value)
        }
    }

    fn with<T>(&self, read: impl FnOnce(&Names) -> Result<T, ModuleError>) -> Result<T, ModuleError> {
        read(self.0.lock().as_ref().ok_or_else(nothing)?)
    }
}

impl Class for AltName {
    type Table = CertEncodeAltName2;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_ENCODE_ALT_NAME, IID_ENCODE_ALT_NAME2];
    const TABLE: &'static CertEncodeAltName2 = &CertEncodeAltName2 {
        first: CertEncodeAltName {
            dispatch: dispatch_of::<Self>(),
            decode: blob::decode::<Self>,
            name_count: com_name_count,
            name_choice: com_name_choice,
            name: com_name,
            reset: com_reset,
            set_name_entry: com_set_name_entry,
            encode: blob::encode::<Self>,
        },
        decode_blob: blob::decode_blob::<Self>,
        encode_blob: blob::encode_blob::<Self>,
        name_blob: com_name_blob,
        set_name_entry_blob: com_set_name_entry_blob,
    };
}

impl Automation for AltName {
    const MEMBERS: &'static [&'static str] =
        &["Decode", "GetNameCount", "GetNameChoice", "GetName", "Reset", "SetNameEntry", "Encode"];
    const DERIVED: &'static [&'static str] = &["DecodeBlob", "EncodeBlob", "GetNameBlob", "SetNameEntryBlob"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        let nothing = |()| Variant::empty();
        let value = match member {
            "GetNameCount" => Variant::long(self.with(|names| Ok(names.count()))?),
            "GetNameChoice" => {
                let index = call.long(0)?;
                Variant::long(self.with(|names| names.choice(index))?)
            }
            "GetName" => {
                let index = call.long(0)?;
                Variant::bstr(self.with(|names| names.value(index))?)
            }
            "Reset" => self.reset(call.long(0)?).map(nothing)?,
            "SetNameEntry" => self.set_name_entry(call.long(0)?, call.long(1)?, &call.bytes(2)?).map(nothing)?,
            "GetNameBlob" => Variant::bstr(self.name_blob(call.long(0)?, Encoding::argument(call, 1)?)?),
            "SetNameEntryBlob" => {
                let (index, choice, encoding) = (call.long(0)?, call.long(1)?, Encoding::argument(call, 3)?);
                self.set_name_entry_blob(index, choice, &call.bytes(2)?, encoding).map(nothing)?
            }
            other => blob::invoke(self, other, call)?,
        };
        Ok(Returned::Value(value))
    }
}

unsafe extern "system-unwind" fn com_name_count(this: *mut c_void, count: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(count, object::body::<AltName>(this).with(|names| Ok(names.count()))) }
}

unsafe extern "system-unwind" fn com_name_choice(this: *mut c_void, index: i32, choice: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(choice, object::body::<AltName>(this).with(|names| names.choice(index))) }
}

unsafe extern "system-unwind" fn com_name(this: *mut c_void, index: i32, name: *mut *mut u16) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer_text(name, object::body::<AltName>(this).with(|names| names.value(index))) }
}

unsafe extern "system-unwind" fn com_reset(this: *mut c_void, count: i32) -> Status {
    // SAFETY: an object of this class.
    hresult::of(unsafe { object::body::<AltName>(this).reset(count) })
}

unsafe extern "system-unwind" fn com_set_name_entry(
    this: *mut c_void,
    index: i32,
    choice: i32,
    name: *mut u16,
) -> Status {
    // SAFETY: an object of this class; a BSTR or null.
    hresult::of(unsafe { object::body::<AltName>(this).set_name_entry(index, choice, bytes_of(name)) })
}

unsafe extern "system-unwind" fn com_name_blob(
    this: *mut c_void,
    index: i32,
    encoding: i32,
    name: *mut *mut u16,
) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe {
        let object = object::body::<AltName>(this);
        answer_text(name, Encoding::of(encoding).and_then(|encoding| object.name_blob(index, encoding)))
    }
}

unsafe extern "system-unwind" fn com_set_name_entry_blob(
    this: *mut c_void,
    index: i32,
    choice: i32,
    name: *mut u16,
    encoding: i32,
) -> Status {
    // SAFETY: an object of this class; a BSTR or null.
    let (object, name) = unsafe { (object::body::<AltName>(this), bytes_of(name)) };
    hresult::of(Encoding::of(encoding).and_then(|encoding| object.set_name_entry_blob(index, choice, name, encoding)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use module::HResult;

    use super::*;

    /// One of each choice.
    const NAMES: &str = "asn1 = SEQUENCE:names\n\
        [names]\n\
        a = IMPLICIT:0,SEQUENCE:other\n\
        b = IMPLICIT:1,IA5STRING:ca@example.org\n\
        c = IMPLICIT:2,IA5STRING:www.example.org\n\
        d = EXPLICIT:4,SEQUENCE:name\n\
        e = IMPLICIT:6,IA5STRING:ldap://example.org/x\n\
        f = IMPLICIT:7,FORMAT:HEX,OCTETSTRING:C0000201\n\
        g = IMPLICIT:8,OBJECT:1.3.6.1.4.1.99999.1\n\
        [other]\n\
        type = OBJECT:1.3.6.1.4.1.311.20.2.3\n\
        value = EXPLICIT:0,UTF8String:user@example.org\n\
        [name]\n\
        rdn = SET:rdn\n\
        [rdn]\n\
        cn = SEQUENCE:cn\n\
        [cn]\n\
        type = OBJECT:commonName\n\
        value = PRINTABLESTRING:Directory\n";

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_ne_bytes).collect()
    }

    #[test]
    fn names_are_those_of_openssl() {
        let der = asn1::openssl(NAMES);
        let object = AltName::default();
        object.decode(&der).unwrap();
        object
            .with(|names| {
                assert_eq!(names.count(), 7);
                let choices: Vec<i32> = (0..7).map(|index| names.choice(index).unwrap()).collect();
                assert_eq!(choices, [1, 2, 3, 5, 7, 8, 9]);
                let text = |index: i32| names.value(index).unwrap().to_text();
                assert_eq!(text(i32::MIN), "1.3.6.1.4.1.311.20.2.3");
                assert_eq!((text(1), text(2)), ("ca@example.org".to_owned(), "www.example.org".to_owned()));
                assert_eq!(names.value(0).unwrap().to_bytes(), asn1::element(12, b"user@example.org").unwrap());
                assert_eq!(names.value(5).unwrap().to_bytes(), [192, 0, 2, 1]);
                assert_eq!(text(6), "1.3.6.1.4.1.99999.1");
                assert_eq!(names.value(i32::MIN | 1).unwrap_err().code, HResult::E_INVALIDARG);
                Ok(())
            })
            .unwrap();
        assert_eq!(object.encode().unwrap(), der);

        let directory = object.with(|names| names.value(3)).unwrap().to_bytes();
        let made = AltName::default();
        made.reset(7).unwrap();
        made.set_name_entry(i32::MIN, 1, &wide("1.3.6.1.4.1.311.20.2.3")).unwrap();
        made.set_name_entry(0, 1, &asn1::element(12, b"user@example.org").unwrap()).unwrap();
        made.set_name_entry(1, 2, &wide("ca@example.org")).unwrap();
        made.set_name_entry(2, 3, &wide("www.example.org")).unwrap();
        made.set_name_entry(3, 5, &directory).unwrap();
        made.set_name_entry(4, 7, &wide("ldap://example.org/x")).unwrap();
        made.set_name_entry(5, 8, &[192, 0, 2, 1]).unwrap();
        made.set_name_entry(6, 9, &wide("1.3.6.1.4.1.99999.1")).unwrap();
        assert_eq!(made.encode().unwrap(), der);
    }

    #[test]
    fn names_of_bytes_are_passed_as_texts() {
        let object = AltName::default();
        object.decode(&asn1::openssl(NAMES)).unwrap();
        let [base64, digits] = [0x4000_0001, 0x4000_000c].map(|number| Encoding::of(number).unwrap());
        let blob = |index: i32| object.name_blob(index, base64).unwrap().to_text();
        assert_eq!(blob(0), "DBB1c2VyQGV4YW1wbGUub3Jn");
        assert_eq!(blob(5), "wAACAQ==");
        // Texts stay what they are.
        assert_eq!((blob(1), blob(6)), ("ca@example.org".to_owned(), "1.3.6.1.4.1.99999.1".to_owned()));
        assert_eq!(blob(i32::MIN), "1.3.6.1.4.1.311.20.2.3");
        assert_eq!(object.name_blob(7, base64).unwrap_err().code, HResult::E_INVALIDARG);
        let made = AltName::default();
        made.reset(7).unwrap();
        for index in (0..7).chain([i32::MIN]) {
            let choice = object.with(|names| names.choice_of(index)).unwrap();
            let value = object.name_blob(index, digits).unwrap().to_bytes();
            made.set_name_entry_blob(index, choice, &value, digits).unwrap();
        }
        assert_eq!(made.encode().unwrap(), object.encode().unwrap());
        let error = made.set_name_entry_blob(5, 8, &wide("10.0.0.1"), digits).unwrap_err();
        assert_eq!(error.code, HResult::ERROR_INVALID_DATA);
    }

    #[test]
    fn what_makes_no_name_is_refused() {
        let object = AltName::default();
        assert_eq!(object.set_name_entry(0, 3, &wide("a")).unwrap_err().code, HResult::E_UNEXPECTED);
        object.reset(2).unwrap();
        for (index, choice, value, text) in [
            (0, 3, wide("größe"), "ASCII"),
            (2, 3, wide("a"), "no element 2"),
            (-1, 3, wide("a"), "EAN_NAMEOBJECTID"),
            (0, 4, wide("a"), "none of the choices"),
            (0, 8, wide("10.0.0.1"), "not as text"),
            (0, 8, vec![1, 2, 3], "octets"),
            (0, 9, wide("1.2.x"), "object identifier"),
            (0, 5, wide("CN=a"), "Name of a directory"),
            (0, 1, wide("user"), "value of an other name"),
            (0, 3, vec![0], "text"),
        ] {
            let error = object.set_name_entry(index, choice, &value).unwrap_err();
            assert!(error.message.contains(text), "{choice}: {error}");
        }
        assert!(object.encode().unwrap_err().message.contains("name 0: it is missing"));
        object.set_name_entry(0, 3, &[]).unwrap();
        assert!(object.encode().unwrap_err().message.contains("name 0: it is empty"));
        object.set_name_entry(0, 1, &[5, 0]).unwrap();
        assert!(object.encode().unwrap_err().message.contains("name 0: it has no type"));
        object.set_name_entry(i32::MIN, 1, &wide("1.2.3")).unwrap();
        // What is refused leaves the name as it was.
        assert!(object.set_name_entry(i32::MIN, 1, &wide("1.2.x")).is_err());
        assert!(object.set_name_entry(0, 1, &wide("user")).is_err());
        object.set_name_entry(1, 3, &wide("b")).unwrap();
        assert_eq!(object.encode().unwrap().len(), 15);
        object.reset(0).unwrap();
        assert_eq!(object.encode().unwrap_err().code, HResult::E_INVALIDARG);
    }

    #[test]
    fn other_bytes_are_refused() {
        let whole = asn1::openssl(NAMES);
        let object = AltName::default();
        for length in 0..whole.len() {
            assert!(object.decode(whole.get(..length).unwrap()).is_err(), "{length}");
        }
        // Whatever octet is changed: no panic, and what is taken is given back as it was.
        for place in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                *changed.get_mut(place).unwrap() = value;
                if object.decode(&changed).is_ok() && object.encode().is_ok() {
                    assert_eq!(object.encode().unwrap(), changed, "{place} {value}");
                }
            }
        }
        assert_eq!(object.decode(&[0x30, 0]).unwrap_err().code, HResult::ERROR_INVALID_DATA);
    }
}
