//! What the encoding objects have in common: DER in and out, as bytes (`Decode`, `Encode`) and as a text (`DecodeBlob`,
//! `EncodeBlob`).

use std::ffi::c_void;

use module::ModuleError;

use super::encoding::Encoding;
use crate::dispatch::{Call, Fault, answer_text};
use crate::hresult::{self, Status};
use crate::object::{self, Class};
use crate::values::{Bstr, Variant, bytes_of};

/// A value that DER holds.
pub trait Der {
    /// Takes the value of these bytes: `ERROR_INVALID_DATA` where they are something else, and the object as it was.
    fn decode(&self, der: &[u8]) -> Result<(), ModuleError>;

    /// The value in DER: `E_UNEXPECTED` where there is none yet, `E_INVALIDARG` where it cannot be encoded.
    fn encode(&self) -> Result<Vec<u8>, ModuleError>;
}

/// Calls one of the four methods by name.
pub fn invoke(object: &impl Der, member: &str, call: &Call<'_>) -> Result<Variant, Fault> {
    Ok(match member {
        "Decode" => {
            object.decode(&call.bytes(0)?)?;
            Variant::empty()
        }
        "Encode" => Variant::bstr(Bstr::bytes(&object.encode()?)),
        "DecodeBlob" => {
            object.decode(&Encoding::argument(call, 1)?.read(&call.bytes(0)?)?)?;
            Variant::empty()
        }
        "EncodeBlob" => {
            let encoding = Encoding::argument(call, 0)?;
            Variant::bstr(encoding.write(&object.encode()?)?)
        }
        _ => return Err(Fault::Arguments(hresult::DISP_E_MEMBERNOTFOUND)),
    })
}

/// `Decode`
///
/// # Safety
/// `this` is an object of class `C`, `binary` null or a `BSTR`.
pub unsafe extern "system-unwind" fn decode<C: Class + Der>(this: *mut c_void, binary: *mut u16) -> Status {
    // SAFETY: as above.
    hresult::of(unsafe { object::body::<C>(this).decode(bytes_of(binary)) })
}

/// `Encode`
///
/// # Safety
/// `this` is an object of class `C`, `binary` null or valid.
pub unsafe extern "system-unwind" fn encode<C: Class + Der>(this: *mut c_void, binary: *mut *mut u16) -> Status {
    // SAFETY: as above.
    unsafe { answer_text(binary, object::body::<C>(this).encode().map(|der| Bstr::bytes(&der))) }
}

/// `DecodeBlob`
///
/// # Safety
/// `this` is an object of class `C`, `text` null or a `BSTR`.
pub unsafe extern "system-unwind" fn decode_blob<C: Class + Der>(
    this: *mut c_void,
    text: *mut u16,
    encoding: i32,
) -> Status {
    // SAFETY: as above.
    let (object, text) = unsafe { (object::body::<C>(this), bytes_of(text)) };
    let der = Encoding::of(encoding).and_then(|encoding| encoding.read(text));
    hresult::of(der.and_then(|der| object.decode(&der)))
}

/// `EncodeBlob`
///
/// # Safety
/// `this` is an object of class `C`, `text` null or valid.
pub unsafe extern "system-unwind" fn encode_blob<C: Class + Der>(
    this: *mut c_void,
    encoding: i32,
    text: *mut *mut u16,
) -> Status {
    // SAFETY: as above.
    let object = unsafe { object::body::<C>(this) };
    let made = Encoding::of(encoding).and_then(|encoding| encoding.write(&object.encode()?));
    // SAFETY: as above.
    unsafe { answer_text(text, made) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use module::HResult;

    use super::*;
    use crate::encode::{AltName, CrlDistInfo, StringArray, ValueArray, asn1};

    /// What OpenSSL reads in a text with a header.
    fn openssl_reads(text: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("text"), folder.path().join("der"));
        std::fs::write(&from, text).unwrap();
        let mut command = std::process::Command::new("openssl");
        command.args(["asn1parse", "-noout", "-inform", "PEM", "-in"]).arg(&from).arg("-out").arg(&to);
        let output = command.output().unwrap_or_else(|error| panic!("openssl: {error}: apt install openssl"));
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(to).unwrap()
    }

    fn through_the_table<C: Class + Der + Default>(description: &str) {
        const BASE64HEADER: i32 = 0;
        let der = asn1::openssl(description);
        let (first, second) = (object::create(C::default()), object::create(C::default()));
        let mut text = std::ptr::null_mut();
        // SAFETY: objects of ours, and a text that one of them gives.
        unsafe {
            assert_eq!(encode_blob::<C>(first, 1, &raw mut text), HResult::E_UNEXPECTED.0);
            assert_eq!(decode::<C>(first, Bstr::bytes(&der).as_raw()), hresult::OK);
            for encoding in [BASE64HEADER, 1, 2, 4, 12, 13] {
                assert_eq!(encode_blob::<C>(first, encoding, &raw mut text), hresult::OK, "{encoding}");
                let text = Bstr::from_raw(text);
                if encoding == BASE64HEADER {
                    assert_eq!(openssl_reads(&text.to_text()), der);
                }
                assert_eq!(decode_blob::<C>(second, text.as_raw(), encoding), hresult::OK, "{encoding}");
                assert_eq!(object::body::<C>(second).encode().unwrap(), der, "{encoding}");
            }
            let wrong = Bstr::text("MAA*");
            assert_eq!(decode_blob::<C>(second, wrong.as_raw(), 1), HResult::ERROR_INVALID_DATA.0);
            assert_eq!(decode_blob::<C>(second, wrong.as_raw(), 14), HResult::E_INVALIDARG.0);
            assert_eq!(encode_blob::<C>(first, 14, &raw mut text), HResult::E_INVALIDARG.0);
            assert!(text.is_null());
            assert_eq!(encode_blob::<C>(first, 1, std::ptr::null_mut()), HResult::E_POINTER.0);
            // What could not be read left the object as it was.
            assert_eq!(object::body::<C>(second).encode().unwrap(), der);
            object::release(first);
            object::release(second);
        }
    }

    #[test]
    fn values_survive_every_encoding() {
        let list = |element: &str| format!("asn1 = SEQUENCE:list\n[list]\na = {element}\nb = {element}\n");
        through_the_table::<StringArray>(&list("UTF8:Wert"));
        through_the_table::<ValueArray<i32>>(&list("INTEGER:70000"));
        through_the_table::<ValueArray<f64>>(&list("UTCTIME:250601120000Z"));
        through_the_table::<AltName>(&list("IMPLICIT:2,IA5STRING:www.example.org"));
        through_the_table::<CrlDistInfo>(
            "asn1 = SEQUENCE:points\n[points]\na = SEQUENCE:point\n[point]\nname = IMPLICIT:0,SEQUENCE:full\n\
             [full]\nnames = IMPLICIT:0,SEQUENCE:names\n[names]\na = IMPLICIT:6,IA5STRING:http://a/\n",
        );
    }
}
