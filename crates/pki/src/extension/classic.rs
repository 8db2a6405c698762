//! Extensions of the classic service, under 1.3.6.1.4.1.311.

use const_oid::ObjectIdentifier;
use der::asn1::BmpString;
use der::{Decode, Encode, Tag};
use jiff::Timestamp;

use super::value::encode_time;
use super::{Extension, oid};
use crate::{Error, read, write};

/// CA version, 1.3.6.1.4.1.311.21.1: key index in the high 16 bits, certificate index in the low ones. Not critical.
#[must_use]
pub fn ca_version(key_index: u16, cert_index: u16) -> Extension {
    let mut value = Vec::with_capacity(7);
    let version = u32::from(key_index) << 16 | u32::from(cert_index);
    write::unsigned(&mut value, version.into());
    Extension::new(oid::CA_VERSION, value)
}

/// Reads [`ca_version`]: key index, certificate index.
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode_ca_version(value: &[u8]) -> Result<(u16, u16), Error> {
    let version = read::whole("CA version", value, |r| Ok(u32::decode(r)?))?;
    Ok(((version >> 16) as u16, (version & 0xffff) as u16))
}

/// Hash of the previous CA certificate, 1.3.6.1.4.1.311.21.2: SHA-1, in an OCTET STRING. Not critical.
#[must_use]
pub fn previous_ca_certificate_hash(sha1: &[u8]) -> Extension {
    let mut value = Vec::with_capacity(22);
    write::element(&mut value, Tag::OctetString, sha1);
    Extension::new(oid::PREVIOUS_CA_CERTIFICATE_HASH, value)
}

/// When the next CRL will be published, 1.3.6.1.4.1.311.21.4. Not critical.
///
/// # Errors
/// [`Error::Unencodable`] before 1970.
pub fn crl_next_publish(at: Timestamp) -> Result<Extension, Error> {
    Ok(Extension::new(oid::CRL_NEXT_PUBLISH, encode_time(at)?))
}

/// Name of a version 1 template, 1.3.6.1.4.1.311.20.2, as a BMPString. Not critical.
///
/// # Errors
/// [`Error::Unencodable`] for characters beyond the basic multilingual plane.
pub fn template_name(name: &str) -> Result<Extension, Error> {
    let text = BmpString::from_utf8(name).map_err(|e| Error::unencodable("certificate template name", e))?;
    let value = text.to_der().map_err(|e| Error::unencodable("certificate template name", e))?;
    Ok(Extension::new(oid::TEMPLATE_NAME, value))
}

/// Reads [`template_name`]; UTF8String, PrintableString and IA5String are accepted as well.
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode_template_name(value: &[u8]) -> Result<String, Error> {
    let what = "certificate template name";
    read::whole(what, value, |r| {
        let (tag, contents) = read::element(r)?;
        crate::name::string_text(tag, contents).ok_or_else(|| Error::malformed(what, "not a character string"))
    })
}

/// Version 2 template information, 1.3.6.1.4.1.311.21.7. Not critical.
#[must_use]
pub fn template_information(template: &ObjectIdentifier, major: u32, minor: u32) -> Extension {
    let value = write::sequence(|out| {
        write::oid(out, template);
        write::unsigned(out, major.into());
        write::unsigned(out, minor.into());
    });
    Extension::new(oid::TEMPLATE_INFORMATION, value)
}

/// Reads [`template_information`]: template, major version, minor version (0 when absent).
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode_template_information(value: &[u8]) -> Result<(ObjectIdentifier, u32, u32), Error> {
    read::sequence("certificate template information", value, |r| {
        Ok((
            ObjectIdentifier::decode(r)?,
            Option::<u32>::decode(r)?.unwrap_or_default(),
            Option::<u32>::decode(r)?.unwrap_or_default(),
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn versions() {
        for (key, cert, der) in [
            (0, 0, &b"\x02\x01\x00"[..]),
            (1, 3, b"\x02\x03\x01\x00\x03"),
            (0xffff, 0xffff, b"\x02\x05\x00\xff\xff\xff\xff"),
        ] {
            assert_eq!(ca_version(key, cert).value, der);
            assert_eq!(decode_ca_version(der).unwrap(), (key, cert));
        }
        assert!(decode_ca_version(b"\x02\x01\xff").is_err());
    }

    #[test]
    fn templates() {
        let value = template_name("SubCA").unwrap().value;
        assert_eq!(value, b"\x1e\x0a\0S\0u\0b\0C\0A");
        assert_eq!(decode_template_name(&value).unwrap(), "SubCA");
        assert_eq!(decode_template_name(b"\x0c\x02ab").unwrap(), "ab");
        assert!(decode_template_name(b"\x1e\x01a").is_err());
        assert!(decode_template_name(b"\x02\x01\x01").is_err());

        let template =
            ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.21.8.2473189.7203645.1852337.9326547.1234567.185.1.7");
        let value = template_information(&template, 100, 3).value;
        let back = decode_template_information(&value).unwrap();
        assert_eq!(back, (template, 100, 3));
        let bare = b"\x30\x05\x06\x03\x2a\x03\x04";
        let back = decode_template_information(bare).unwrap();
        assert_eq!(back, (ObjectIdentifier::new_unwrap("1.2.3.4"), 0, 0));
    }
}
