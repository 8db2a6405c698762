//! `CCertEncodeCRLDistInfo`: where CRLs are, the extension CRL distribution points (RFC 5280 4.2.1.13).
//!
//! The contract knows the full names of a point. Reasons and the issuer of an indirect CRL, where a point that was read has
//! them, are kept, and written again.

use std::ffi::c_void;

use module::ModuleError;
use parking_lot::Mutex;

use super::asn1::{self, Element, tag};
use super::blob::{self, Der};
use super::names::Names;
use super::{at, at_mut, count, nothing, size};
use crate::dispatch::{Automation, Call, Fault, Returned, answer, answer_text, dispatch_of};
use crate::guid::{Guid, IID_DISPATCH, IID_ENCODE_CRL_DIST_INFO, IID_ENCODE_CRL_DIST_INFO2};
use crate::hresult::{self, Status};
use crate::interfaces::{CertEncodeCrlDistInfo, CertEncodeCrlDistInfo2};
use crate::object::{self, Class};
use crate::values::{Variant, bytes_of};

const WHAT: &str = "CRL distribution points";

/// The points.
#[derive(Default)]
pub struct CrlDistInfo(Mutex<Option<Vec<Point>>>);

/// One point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Point {
    names: Names,
    /// The elements behind the names: reasons, issuer.
    rest: Vec<u8>,
}

impl Der for CrlDistInfo {
    fn decode(&self, der: &[u8]) -> Result<(), ModuleError> {
        let elements = asn1::sequence(WHAT, der)?;
        if elements.is_empty() {
            return Err(asn1::malformed(WHAT, "there is no point in them"));
        }
        let points = elements.into_iter().map(Point::read).collect::<Result<_, _>>()?;
        *self.0.lock() = Some(points);
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>, ModuleError> {
        let points = self.0.lock().clone().ok_or_else(nothing)?;
        if points.is_empty() {
            return Err(ModuleError::invalid(
                "there is no distribution point to be encoded: an extension has one at least",
            ));
        }
        let mut contents = Vec::new();
        for (index, point) in points.iter().enumerate() {
            let inside = point.write().map_err(|error| {
                ModuleError::new(error.code, format!("distribution point {index}: {}", error.message))
            })?;
            asn1::write(&mut contents, tag::SEQUENCE, &inside)?;
        }
        asn1::element(tag::SEQUENCE, &contents)
    }
}

impl CrlDistInfo {
    fn dist_point_count(&self) -> Result<i32, ModuleError> {
        self.0.lock().as_deref().map(count).ok_or_else(nothing)
    }

    fn reset(&self, count: i32) -> Result<(), ModuleError> {
        let size = size(count)?;
        *self.0.lock() = Some(vec![Point::default(); size]);
        Ok(())
    }

    fn set_name_count(&self, point: i32, count: i32) -> Result<(), ModuleError> {
        let mut points = self.0.lock();
        at_mut(points.as_deref_mut().ok_or_else(nothing)?, point)?.names = Names::sized(count)?;
        Ok(())
    }

    fn set_name_entry(&self, point: i32, index: i32, choice: i32, value: &[u8]) -> Result<(), ModuleError> {
        let mut points = self.0.lock();
        at_mut(points.as_deref_mut().ok_or_else(nothing)?, point)?.names.set(index, choice, value)
    }

    /// Asks the names of a point.
    fn names<T>(&self, point: i32, read: impl FnOnce(&Names) -> Result<T, ModuleError>) -> Result<T, ModuleError> {
        let points = self.0.lock();
        read(&at(points.as_deref().ok_or_else(nothing)?, point)?.names)
    }
}

impl Point {
    fn read(element: Element<'_>) -> Result<Self, ModuleError> {
        const POINT: u8 = tag::constructed(0);
        const REASONS: u8 = tag::primitive(1);
        const ISSUER: u8 = tag::constructed(2);
        if element.tag != tag::SEQUENCE {
            return Err(asn1::malformed(WHAT, format!("a point with the tag {:#04x}", element.tag)));
        }
        let mut point = Self::default();
        let mut last = 0;
        for field in asn1::elements(WHAT, element.contents)? {
            // Each at most once, and in this order.
            if field.tag & 0x1f < last {
                return Err(asn1::malformed(WHAT, "fields of a point out of order"));
            }
            last = (field.tag & 0x1f) + 1;
            match field.tag {
                POINT => point.names = full_name(field.contents)?,
                REASONS | ISSUER => asn1::write(&mut point.rest, field.tag, field.contents)?,
                other => return Err(asn1::malformed(WHAT, format!("a field with the tag {other:#04x}"))),
            }
        }
        if point.names.is_empty() && point.rest.is_empty() {
            return Err(asn1::malformed(WHAT, "an empty point"));
        }
        Ok(point)
    }

    fn write(&self) -> Result<Vec<u8>, ModuleError> {
        let mut out = Vec::new();
        if !self.names.is_empty() || self.rest.is_empty() {
            let full = asn1::element(tag::constructed(0), &self.names.write()?)?;
            asn1::write(&mut out, tag::constructed(0), &full)?;
        }
        out.extend_from_slice(&self.rest);
        Ok(out)
    }
}

/// The names of a DistributionPointName. One that is relative to the issuer's is not supported, here as in the contract.
fn full_name(contents: &[u8]) -> Result<Names, ModuleError> {
    const FULL: u8 = tag::constructed(0);
    match asn1::elements(WHAT, contents)?.as_slice() {
        [Element { tag: FULL, contents }] => Names::read(contents),
        [_] => Err(asn1::malformed(WHAT, "a name relative to the issuer of the CRL, which is not supported")),
        _ => Err(asn1::malformed(WHAT, "one name of a point is expected")),
    }
}

impl Class for CrlDistInfo {
    type Table = CertEncodeCrlDistInfo2;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_ENCODE_CRL_DIST_INFO, IID_ENCODE_CRL_DIST_INFO2];
    const TABLE: &'static CertEncodeCrlDistInfo2 = &CertEncodeCrlDistInfo2 {
        first: CertEncodeCrlDistInfo {
            dispatch: dispatch_of::<Self>(),
            decode: blob::decode::<Self>,
            dist_point_count: com_dist_point_count,
            name_count: com_name_count,
            name_choice: com_name_choice,
            name: com_name,
            reset: com_reset,
            set_name_count: com_set_name_count,
            set_name_entry: com_set_name_entry,
            encode: blob::encode::<Self>,
        },
        decode_blob: blob::decode_blob::<Self>,
        encode_blob: blob::encode_blob::<Self>,
    };
}

impl Automation for CrlDistInfo {
    const MEMBERS: &'static [&'static str] = &[
        "Decode",
        "GetDistPointCount",
        "GetNameCount",
        "GetNameChoice",
        "GetName",
        "Reset",
        "SetNameCount",
        "SetNameEntry",
        "Encode",
    ];
    const DERIVED: &'static [&'static str] = &["DecodeBlob", "EncodeBlob"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        let nothing = |()| Variant::empty();
        let value = match member {
            "GetDistPointCount" => Variant::long(self.dist_point_count()?),
            "GetNameCount" => Variant::long(self.names(call.long(0)?, |names| Ok(names.count()))?),
            "GetNameChoice" => {
                let index = call.long(1)?;
                Variant::long(self.names(call.long(0)?, |names| names.choice(index))?)
            }
            "GetName" => {
                let index = call.long(1)?;
                Variant::bstr(self.names(call.long(0)?, |names| names.value(index))?)
            }
            "Reset" => self.reset(call.long(0)?).map(nothing)?,
            "SetNameCount" => self.set_name_count(call.long(0)?, call.long(1)?).map(nothing)?,
            "SetNameEntry" => {
                let (point, index, choice) = (call.long(0)?, call.long(1)?, call.long(2)?);
                self.set_name_entry(point, index, choice, &call.bytes(3)?).map(nothing)?
            }
            other => blob::invoke(self, other, call)?,
        };
        Ok(Returned::Value(value))
    }
}

unsafe extern "system-unwind" fn com_dist_point_count(this: *mut c_void, count: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(count, object::body::<CrlDistInfo>(this).dist_point_count()) }
}

unsafe extern "system-unwind" fn com_name_count(this: *mut c_void, point: i32, count: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(count, object::body::<CrlDistInfo>(this).names(point, |names| Ok(names.count()))) }
}

unsafe extern "system-unwind" fn com_name_choice(
    this: *mut c_void,
    point: i32,
    index: i32,
    choice: *mut i32,
) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(choice, object::body::<CrlDistInfo>(this).names(point, |names| names.choice(index))) }
}

unsafe extern "system-unwind" fn com_name(this: *mut c_void, point: i32, index: i32, name: *mut *mut u16) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer_text(name, object::body::<CrlDistInfo>(this).names(point, |names| names.value(index))) }
}

unsafe extern "system-unwind" fn com_reset(this: *mut c_void, count: i32) -> Status {
    // SAFETY: an object of this class.
    hresult::of(unsafe { object::body::<CrlDistInfo>(this).reset(count) })
}

unsafe extern "system-unwind" fn com_set_name_count(this: *mut c_void, point: i32, count: i32) -> Status {
    // SAFETY: an object of this class.
    hresult::of(unsafe { object::body::<CrlDistInfo>(this).set_name_count(point, count) })
}

unsafe extern "system-unwind" fn com_set_name_entry(
    this: *mut c_void,
    point: i32,
    index: i32,
    choice: i32,
    name: *mut u16,
) -> Status {
    // SAFETY: an object of this class; a BSTR or null.
    hresult::of(unsafe { object::body::<CrlDistInfo>(this).set_name_entry(point, index, choice, bytes_of(name)) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use module::HResult;

    use super::*;

    /// Two points of names, and one of an issuer and reasons.
    const POINTS: &str = "asn1 = SEQUENCE:points\n\
        [points]\n\
        a = SEQUENCE:first\n\
        b = SEQUENCE:second\n\
        [first]\n\
        point = EXPLICIT:0,IMPLICIT:0,SEQUENCE:names\n\
        [names]\n\
        a = IMPLICIT:6,IA5STRING:http://example.org/ca.crl\n\
        b = IMPLICIT:6,IA5STRING:ldap://example.org/ca\n\
        [second]\n\
        point = EXPLICIT:0,IMPLICIT:0,SEQUENCE:name\n\
        [name]\n\
        a = IMPLICIT:2,IA5STRING:crl.example.org\n";
    const INDIRECT: &str = "asn1 = SEQUENCE:points\n\
        [points]\n\
        a = SEQUENCE:first\n\
        [first]\n\
        point = EXPLICIT:0,IMPLICIT:0,SEQUENCE:name\n\
        reasons = IMPLICIT:1,FORMAT:BITLIST,BITSTRING:1,6\n\
        issuer = IMPLICIT:2,SEQUENCE:issuer\n\
        [name]\n\
        a = IMPLICIT:6,IA5STRING:http://example.org/ca.crl\n\
        [issuer]\n\
        a = EXPLICIT:4,SEQUENCE:empty\n\
        [empty]\n";

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_ne_bytes).collect()
    }

    #[test]
    fn points_are_those_of_openssl() {
        let der = asn1::openssl(POINTS);
        let object = CrlDistInfo::default();
        object.decode(&der).unwrap();
        assert_eq!(object.dist_point_count().unwrap(), 2);
        assert_eq!(object.names(0, |names| Ok(names.count())).unwrap(), 2);
        assert_eq!(object.names(1, |names| names.choice(0)).unwrap(), 3);
        assert_eq!(object.names(0, |names| names.value(1)).unwrap().to_text(), "ldap://example.org/ca");
        assert_eq!(object.encode().unwrap(), der);

        let made = CrlDistInfo::default();
        made.reset(2).unwrap();
        made.set_name_count(0, 2).unwrap();
        made.set_name_entry(0, 0, 7, &wide("http://example.org/ca.crl")).unwrap();
        made.set_name_entry(0, 1, 7, &wide("ldap://example.org/ca")).unwrap();
        made.set_name_count(1, 1).unwrap();
        made.set_name_entry(1, 0, 3, &wide("crl.example.org")).unwrap();
        assert_eq!(made.encode().unwrap(), der);
    }

    #[test]
    fn reasons_and_issuer_are_kept() {
        let der = asn1::openssl(INDIRECT);
        let object = CrlDistInfo::default();
        object.decode(&der).unwrap();
        assert_eq!(object.encode().unwrap(), der);
        object.set_name_entry(0, 0, 7, &wide("http://example.com/ca.crl")).unwrap();
        assert_eq!(object.encode().unwrap().len(), der.len());
    }

    #[test]
    fn what_is_missing_is_said() {
        let object = CrlDistInfo::default();
        assert_eq!(object.set_name_count(0, 1).unwrap_err().code, HResult::E_UNEXPECTED);
        object.reset(2).unwrap();
        object.set_name_count(0, 1).unwrap();
        assert!(object.encode().unwrap_err().message.contains("distribution point 0: name 0: it is missing"));
        object.set_name_entry(0, 0, 7, &wide("http://a/")).unwrap();
        assert!(object.encode().unwrap_err().message.contains("distribution point 1: there is no name"));
        for (point, index) in [(2, 0), (-1, 0), (0, 1), (1, 0)] {
            let refused = object.set_name_entry(point, index, 7, &wide("http://a/")).unwrap_err();
            assert_eq!(refused.code, HResult::E_INVALIDARG, "{point} {index}");
        }
        object.reset(0).unwrap();
        assert_eq!(object.encode().unwrap_err().code, HResult::E_INVALIDARG);
    }

    #[test]
    fn other_bytes_are_refused() {
        let object = CrlDistInfo::default();
        for der in [
            &[][..],
            &[0x30, 0],
            &[0x30, 2, 0x30, 0],
            &[0x30, 2, 5, 0],
            &[0x30, 4, 0x30, 2, 0xa0, 0],
            &[0x30, 6, 0x30, 4, 0xa0, 2, 0xa1, 0],
            &[0x30, 6, 0x30, 4, 0xa2, 0, 0x81, 0],
            &[0x30, 4, 0x30, 2, 0xa3, 0],
        ] {
            assert_eq!(object.decode(der).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{der:?}");
        }
        let whole = asn1::openssl(INDIRECT);
        for place in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                *changed.get_mut(place).unwrap() = value;
                if object.decode(&changed).is_ok() && object.encode().is_ok() {
                    assert_eq!(object.encode().unwrap(), changed, "{place} {value}");
                }
            }
            assert!(object.decode(whole.get(..place).unwrap()).is_err());
        }
    }
}
