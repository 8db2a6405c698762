//! `CCertEncodeBitString`: a DER BIT STRING, as key usage is written (X.690 8.6).

use std::ffi::c_void;

use module::{HResult, ModuleError};
use parking_lot::Mutex;

use super::asn1::{self, Element, tag};
use super::encoding::Encoding;
use crate::dispatch::{Automation, Call, Fault, Returned, answer, answer_text, dispatch_of};
use crate::guid::{Guid, IID_DISPATCH, IID_ENCODE_BIT_STRING, IID_ENCODE_BIT_STRING2};
use crate::hresult::{self, Status};
use crate::interfaces::{CertEncodeBitString, CertEncodeBitString2};
use crate::object::{self, Class};
use crate::values::{Bstr, Variant, bytes_of};

/// More bits than any extension holds.
const BITS_MAX: i32 = 1 << 20;

/// Decodes, and encodes. What was decoded last is kept.
#[derive(Default)]
pub struct BitString(Mutex<Option<Bits>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Bits {
    count: i32,
    bytes: Vec<u8>,
}

impl BitString {
    fn decode(&self, der: &[u8]) -> Result<(), ModuleError> {
        *self.0.lock() = Some(decode(der)?);
        Ok(())
    }

    fn decoded(&self) -> Result<Bits, ModuleError> {
        self.0.lock().clone().ok_or_else(|| ModuleError::new(HResult::E_UNEXPECTED, "nothing was decoded before"))
    }

    fn decode_blob(&self, value: &[u8], encoding: Encoding) -> Result<(), ModuleError> {
        self.decode(&encoding.read(value)?)
    }

    fn bit_string_blob(&self, encoding: Encoding) -> Result<Bstr, ModuleError> {
        encoding.write(&self.decoded()?.bytes)
    }
}

fn decode(der: &[u8]) -> Result<Bits, ModuleError> {
    const WHAT: &str = "a BIT STRING";
    let wrong = |why| asn1::malformed(WHAT, why);
    let elements = asn1::elements(WHAT, der)?;
    let [Element { tag: tag::BIT_STRING, contents }] = elements.as_slice() else {
        return Err(wrong("one BIT STRING is expected"));
    };
    let (unused, bytes) = contents.split_first().ok_or_else(|| wrong("it is empty"))?;
    if *unused > 7 || (bytes.is_empty() && *unused != 0) {
        return Err(wrong("more bits are unused than there are"));
    }
    let count = i32::try_from(bytes.len()).ok().and_then(|length| length.checked_mul(8));
    let count = count.ok_or_else(|| wrong("it is too long"))?;
    Ok(Bits { count: count - i32::from(*unused), bytes: bytes.to_vec() })
}

/// The first `count` bits, as they are: zeros at the end are kept, bits beyond are cleared.
fn encode(count: i32, bits: &[u8]) -> Result<Vec<u8>, ModuleError> {
    let length = usize::try_from(count).ok().filter(|_| count <= BITS_MAX).map(|count| count.div_ceil(8));
    let bytes = length.and_then(|length| bits.get(..length));
    let Some(bytes) = bytes else {
        return Err(ModuleError::invalid(format!("{} bytes do not hold {count} bits", bits.len())));
    };
    let unused = (8 - count % 8) % 8;
    let mut inside = vec![unused as u8];
    inside.extend_from_slice(bytes);
    if let (Some(last), true) = (inside.last_mut(), count > 0) {
        *last &= 0xff << unused;
    }
    asn1::element(tag::BIT_STRING, &inside)
}

/// As [`encode()`], of bits in one encoding, to a text in another.
fn encode_blob(count: i32, bits: &[u8], from: Encoding, to: Encoding) -> Result<Bstr, ModuleError> {
    to.write(&encode(count, &from.read(bits)?)?)
}

impl Class for BitString {
    type Table = CertEncodeBitString2;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_ENCODE_BIT_STRING, IID_ENCODE_BIT_STRING2];
    const TABLE: &'static CertEncodeBitString2 = &CertEncodeBitString2 {
        first: CertEncodeBitString {
            dispatch: dispatch_of::<Self>(),
            decode: com_decode,
            bit_count,
            bit_string,
            encode: com_encode,
        },
        decode_blob: com_decode_blob,
        encode_blob: com_encode_blob,
        bit_string_blob: com_bit_string_blob,
    };
}

impl Automation for BitString {
    const MEMBERS: &'static [&'static str] = &["Decode", "GetBitCount", "GetBitString", "Encode"];
    const DERIVED: &'static [&'static str] = &["DecodeBlob", "EncodeBlob", "GetBitStringBlob"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        let value = match member {
            "Decode" => {
                call.expect(1)?;
                self.decode(&call.bytes(0)?)?;
                Variant::empty()
            }
            "GetBitCount" => Variant::long(self.decoded()?.count),
            "GetBitString" => Variant::bstr(Bstr::bytes(&self.decoded()?.bytes)),
            "Encode" => {
                call.expect(2)?;
                Variant::bstr(Bstr::bytes(&encode(call.long(0)?, &call.bytes(1)?)?))
            }
            "DecodeBlob" => {
                self.decode_blob(&call.bytes(0)?, Encoding::argument(call, 1)?)?;
                Variant::empty()
            }
            "EncodeBlob" => {
                let (from, to) = (Encoding::argument(call, 2)?, Encoding::argument(call, 3)?);
                Variant::bstr(encode_blob(call.long(0)?, &call.bytes(1)?, from, to)?)
            }
            "GetBitStringBlob" => Variant::bstr(self.bit_string_blob(Encoding::argument(call, 0)?)?),
            _ => return Err(Fault::Arguments(hresult::DISP_E_MEMBERNOTFOUND)),
        };
        Ok(Returned::Value(value))
    }
}

unsafe extern "system-unwind" fn com_decode(this: *mut c_void, binary: *mut u16) -> Status {
    // SAFETY: an object of this class, and a BSTR or null.
    hresult::of(unsafe { object::body::<BitString>(this).decode(bytes_of(binary)) })
}

unsafe extern "system-unwind" fn bit_count(this: *mut c_void, count: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(count, object::body::<BitString>(this).decoded().map(|bits| bits.count)) }
}

unsafe extern "system-unwind" fn bit_string(this: *mut c_void, text: *mut *mut u16) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer_text(text, object::body::<BitString>(this).decoded().map(|bits| Bstr::bytes(&bits.bytes))) }
}

unsafe extern "system-unwind" fn com_encode(
    _this: *mut c_void,
    count: i32,
    bits: *mut u16,
    out: *mut *mut u16,
) -> Status {
    // SAFETY: a BSTR or null; null or valid.
    unsafe { answer_text(out, encode(count, bytes_of(bits)).map(|der| Bstr::bytes(&der))) }
}

unsafe extern "system-unwind" fn com_decode_blob(this: *mut c_void, text: *mut u16, encoding: i32) -> Status {
    // SAFETY: an object of this class, and a BSTR or null.
    let (object, text) = unsafe { (object::body::<BitString>(this), bytes_of(text)) };
    hresult::of(Encoding::of(encoding).and_then(|encoding| object.decode_blob(text, encoding)))
}

unsafe extern "system-unwind" fn com_encode_blob(
    _this: *mut c_void,
    count: i32,
    bits: *mut u16,
    encoding_in: i32,
    encoding: i32,
    out: *mut *mut u16,
) -> Status {
    // SAFETY: a BSTR or null.
    let bits = unsafe { bytes_of(bits) };
    let made = Encoding::of(encoding_in)
        .and_then(|from| Encoding::of(encoding).and_then(|to| encode_blob(count, bits, from, to)));
    // SAFETY: null or valid.
    unsafe { answer_text(out, made) }
}

unsafe extern "system-unwind" fn com_bit_string_blob(this: *mut c_void, encoding: i32, out: *mut *mut u16) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe {
        let object = object::body::<BitString>(this);
        answer_text(out, Encoding::of(encoding).and_then(|encoding| object.bit_string_blob(encoding)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn key_usage_is_written_and_read() {
        let der = encode(9, &[0xa0, 0x80]).unwrap();
        assert_eq!(der, [3, 3, 7, 0xa0, 0x80]);
        assert_eq!(decode(&der).unwrap(), Bits { count: 9, bytes: vec![0xa0, 0x80] });
        assert_eq!(encode(3, &[0xff]).unwrap(), [3, 2, 5, 0xe0]);
        assert_eq!(encode(0, &[]).unwrap(), [3, 1, 0]);
        let long = encode(8 * 300, &[1; 300]).unwrap();
        assert_eq!(long.get(..4), Some(&[3, 0x82, 1, 45][..]));
        assert_eq!(decode(&long).unwrap().count, 2400);
    }

    #[test]
    fn bits_are_passed_as_texts() {
        let object = BitString::default();
        let [base64, bytes, digits] = [1, 2, 0x4000_0004].map(|number| Encoding::of(number).unwrap());
        assert!(object.bit_string_blob(digits).is_err());
        let der = encode_blob(9, &Bstr::text("a0 80").to_bytes(), digits, base64).unwrap();
        // As `openssl asn1parse -genstr FORMAT:BITLIST,BITSTRING:0,2,8` makes it.
        assert_eq!(der.to_text(), "AwMHoIA=\r\n");
        object.decode_blob(&der.to_bytes(), base64).unwrap();
        assert_eq!(object.decoded().unwrap().count, 9);
        assert_eq!(object.bit_string_blob(digits).unwrap().to_text(), "a0 80");
        assert_eq!(object.bit_string_blob(bytes).unwrap().to_bytes(), [0xa0, 0x80]);
        assert_eq!(encode_blob(9, &[0xa0, 0x80], bytes, bytes).unwrap().to_bytes(), [3, 3, 7, 0xa0, 0x80]);
        assert!(encode_blob(17, &[0xa0, 0x80], bytes, bytes).is_err());
        assert!(object.decode_blob(&der.to_bytes(), digits).is_err());
    }

    #[test]
    fn other_bytes_are_refused() {
        for der in [
            &[][..],
            &[3],
            &[3, 0],
            &[3, 1, 1],
            &[3, 2, 8, 0],
            &[4, 2, 0, 0],
            &[3, 5, 0, 1],
            &[3, 1, 0, 0],
            &[3, 0x81, 2, 0, 1],
        ] {
            assert_eq!(decode(der).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{der:?}");
        }
        assert!(encode(-1, &[0]).is_err());
        assert!(encode(9, &[0]).is_err());
    }
}
