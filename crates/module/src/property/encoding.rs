//! Values as the bytes of an extension: DER INTEGER, Time, IA5String, or the bytes as they are.

use std::time::Duration;

use der::asn1::{GeneralizedTime, Ia5StringRef, UtcTime};
use der::{DateTime, Decode, Encode, FixedTag};
use jiff::Timestamp;

use crate::{CertificateExtension, HResult, ModuleError, PropertyType, Value};

/// The identifier octet of a UTCTime (X.690 8.1.2).
const UTC_TIME: u8 = 0x17;

/// An extension's value as the contract reads it: DER INTEGER, time or IA5String, or the bytes as they are.
///
/// A value that is not of the type asked for is `ERROR_INVALID_DATA`.
pub fn decode_extension(extension: &CertificateExtension, kind: PropertyType) -> Result<Value, ModuleError> {
    let der = extension.value.as_slice();
    let decoded = match kind {
        PropertyType::Long => i32::from_der(der).map(Value::Long),
        PropertyType::Date => decode_time(der).map(Value::Date),
        PropertyType::String => Ia5StringRef::from_der(der).map(|text| Value::String(text.as_str().to_owned())),
        PropertyType::Binary => Ok(Value::Binary(der.to_vec())),
    };
    decoded.map_err(|error| {
        let text = format!("extension {} is not a {kind}: {error}", extension.oid);
        ModuleError::new(HResult::ERROR_INVALID_DATA, text)
    })
}

/// A value as the bytes of an extension: the inverse of [`decode_extension`]. Fractions of a second are cut off.
///
/// A moment before 1970, and a text that is not ASCII, is `E_INVALIDARG`.
pub fn encode_extension(value: &Value) -> Result<Vec<u8>, ModuleError> {
    let encoded = match value {
        Value::Long(number) => number.to_der(),
        Value::Date(moment) => encode_time(*moment),
        Value::String(text) => Ia5StringRef::new(text).and_then(|text| text.to_der()),
        Value::Binary(bytes) => Ok(bytes.clone()),
    };
    encoded.map_err(|error| ModuleError::invalid(format!("the {} cannot be encoded: {error}", value.kind())))
}

/// A `Time` of either form, whatever the year (RFC 5280 4.1.2.5).
fn decode_time(der: &[u8]) -> der::Result<Timestamp> {
    let since_epoch = match der {
        [UTC_TIME, ..] => UtcTime::from_der(der)?.to_unix_duration(),
        _ => GeneralizedTime::from_der(der)?.to_unix_duration(),
    };
    let second = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    // The calendar of X.509 ends a day later, with "no well-defined expiration date".
    Ok(Timestamp::from_second(second).unwrap_or(Timestamp::MAX))
}

/// UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5).
fn encode_time(at: Timestamp) -> der::Result<Vec<u8>> {
    let at = if at.as_second() >= Timestamp::MAX.as_second() {
        DateTime::INFINITY
    } else {
        let second = u64::try_from(at.as_second()).map_err(|_| UtcTime::TAG.value_error())?;
        DateTime::from_unix_duration(Duration::from_secs(second))?
    };
    if at.year() < 2050 { UtcTime::from_date_time(at)?.to_der() } else { GeneralizedTime::from_date_time(at).to_der() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn extension(value: &[u8]) -> CertificateExtension {
        CertificateExtension { oid: "1.2.3".into(), flags: crate::ExtensionFlags::empty(), value: value.to_vec() }
    }

    #[test]
    fn values_are_encoded_as_in_certificates() {
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        for number in [0, -1, 128, i32::MAX, i32::MIN] {
            assert_eq!(encode_extension(&Value::Long(number)).unwrap(), pki::extension::encode_integer(number));
        }
        for text in ["", "abc"] {
            assert_eq!(encode_extension(&text.into()).unwrap(), pki::extension::encode_ia5(text).unwrap());
        }
        for at in ["1970-01-01T00:00:00Z", "2026-11-22T14:08:09.999Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"]
            .map(moment)
            .into_iter()
            .chain([Timestamp::MAX])
        {
            let der = encode_extension(&at.into()).unwrap();
            assert_eq!(der, pki::extension::encode_time(at).unwrap(), "{at}");
            let back = decode_extension(&extension(&der), PropertyType::Date).unwrap().into_date().unwrap();
            assert_eq!(back.as_second(), at.as_second());
        }
        for value in [Value::from("\u{e4}"), moment("1969-12-31T23:59:59Z").into()] {
            assert_eq!(encode_extension(&value).unwrap_err().code, HResult::E_INVALIDARG);
        }
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        let forms: [&[u8]; 8] = [
            b"",
            b"\x02\x00",
            b"\x02\x02\x00\x01",
            b"\x02\x01\x01\x00",
            b"\x16\x01\xff",
            b"\x0c\x03abc",
            b"\x17\x0b2611221408Z",
            b"\x18\x1120261122140809.5Z",
        ];
        for der in forms {
            for kind in [PropertyType::Long, PropertyType::Date, PropertyType::String] {
                let error = decode_extension(&extension(der), kind).unwrap_err();
                assert_eq!(error.code, HResult::ERROR_INVALID_DATA, "{der:x?} as {kind}");
            }
            assert!(decode_extension(&extension(der), PropertyType::Binary).is_ok());
        }
        assert_eq!(decode_extension(&extension(b"\x02\x01\xff"), PropertyType::Long).unwrap(), Value::Long(-1));
        assert_eq!(decode_extension(&extension(b"\x16\x03abc"), PropertyType::String).unwrap(), "abc".into());
    }
}
