//! Subject alternative names (RFC 5280 4.2.1.6), read. Whoever checks a certificate goes by them, and so must a module that
//! decides on names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use der::asn1::{ObjectIdentifier, Utf8StringRef};
use der::{Decode, Header, Reader, SliceReader, Tag};

use crate::{HResult, ModuleError, ServerExit};

/// Object identifier of the extension.
pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// The type of an otherName that is a user principal name.
const UPN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");

/// One name. As text it has its kind in front: `dns:www.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlternativeName {
    /// dNSName
    Dns(String),
    /// rfc822Name
    Email(String),
    /// iPAddress
    Ip(IpAddr),
    /// uniformResourceIdentifier
    Uri(String),
    /// otherName with a user principal name
    Upn(String),
    /// Any other: the DER of the whole name.
    Other(Vec<u8>),
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text) => write!(f, "dns:{text}"),
            Self::Email(text) => write!(f, "email:{text}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Uri(text) => write!(f, "uri:{text}"),
            Self::Upn(text) => write!(f, "upn:{text}"),
            Self::Other(der) => {
                f.write_str("other:")?;
                der.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

/// The names that a request asks for, or that policy has set so far: for policy modules. Those of a disabled extension are
/// among them, since another policy module may enable it. None where there is no such extension.
///
/// # Errors
/// `ERROR_INVALID_DATA` where they cannot be read, and what the server answers.
pub fn asked_for(server: &dyn ServerExit) -> Result<Vec<AlternativeName>, ModuleError> {
    named(server, true)
}

/// The names of the certificate: for exit modules. A disabled extension is not in it.
///
/// # Errors
/// As [`asked_for`].
pub fn of_certificate(server: &dyn ServerExit) -> Result<Vec<AlternativeName>, ModuleError> {
    named(server, false)
}

fn named(server: &dyn ServerExit, disabled: bool) -> Result<Vec<AlternativeName>, ModuleError> {
    match server.certificate_extension(SUBJECT_ALT_NAME) {
        Ok(extension) if disabled || extension.flags.is_enabled() => read(&extension.value),
        Ok(_) => Ok(Vec::new()),
        Err(error) if error.code == HResult::CERTSRV_E_PROPERTY_EMPTY => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The names in the value of the extension, in their order.
///
/// # Errors
/// `ERROR_INVALID_DATA` where it is not one, or has no name: that must never be taken for a request without names.
pub fn read(der: &[u8]) -> Result<Vec<AlternativeName>, ModuleError> {
    let unreadable = |why: String| {
        ModuleError::new(HResult::ERROR_INVALID_DATA, format!("the alternative names cannot be read: {why}"))
    };
    let names = decode(der).map_err(|error| unreadable(error.to_string()))?;
    if names.is_empty() { Err(unreadable("there are none".to_owned())) } else { Ok(names) }
}

fn decode(der: &[u8]) -> der::Result<Vec<AlternativeName>> {
    let mut reader = SliceReader::new(der)?;
    let names = reader.sequence(|reader| {
        let mut names = Vec::new();
        while !reader.is_finished() {
            names.push(name(reader)?);
        }
        Ok::<_, der::Error>(names)
    })?;
    reader.finish()?;
    Ok(names)
}

fn name(reader: &mut SliceReader<'_>) -> der::Result<AlternativeName> {
    let whole = reader.clone().tlv_bytes()?;
    let header = Header::decode(reader)?;
    let contents = reader.read_slice(header.length())?;
    let (constructed, number) = match header.tag() {
        Tag::ContextSpecific { constructed, number } => (constructed, number.0),
        other => return Err(other.value_error().into()),
    };
    let ascii = |wrap: fn(String) -> AlternativeName| match std::str::from_utf8(contents) {
        Ok(text) if text.is_ascii() => Ok(wrap(text.to_owned())),
        _ => Err(header.tag().value_error().into()),
    };
    match (constructed, number) {
        (false, 1) => ascii(AlternativeName::Email),
        (false, 2) => ascii(AlternativeName::Dns),
        (false, 6) => ascii(AlternativeName::Uri),
        (false, 7) => address(contents).map(AlternativeName::Ip).ok_or_else(|| header.tag().value_error().into()),
        (true, 0) => Ok(upn(contents)?.map_or_else(|| AlternativeName::Other(whole.to_vec()), AlternativeName::Upn)),
        (true, 3..=5) | (false, 8) => Ok(AlternativeName::Other(whole.to_vec())),
        _ => Err(header.tag().value_error().into()),
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).into());
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

/// The user principal name in an otherName; none where it is of another type.
fn upn(contents: &[u8]) -> der::Result<Option<String>> {
    let mut reader = SliceReader::new(contents)?;
    let kind = ObjectIdentifier::decode(&mut reader)?;
    let header = Header::decode(&mut reader)?;
    let value = reader.read_slice(header.length())?;
    reader.finish()?;
    match header.tag() {
        Tag::ContextSpecific { constructed: true, number } if number.0 == 0 => {}
        other => return Err(other.value_error().into()),
    }
    if kind != UPN {
        return Ok(None);
    }
    Ok(Some(Utf8StringRef::from_der(value)?.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_are_read_as_the_server_reads_them() {
        let texts = [
            "dns:www.example.org",
            "email:alice@example.org",
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "uri:https://example.org/",
            "upn:alice@example.org",
        ];
        let names: Vec<pki::GeneralName> = texts.map(|text| text.parse().unwrap()).to_vec();
        let extension = pki::extension::subject_alt_name(&names).unwrap();
        assert_eq!(read(&extension.value).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(), texts);

        let others = ["dn:CN=a", "rid:1.2.3", "other:1.2.3;0500"].map(|text| text.parse().unwrap());
        let extension = pki::extension::subject_alt_name(&others).unwrap();
        let read = read(&extension.value).unwrap();
        let expected = others.map(|name: pki::GeneralName| AlternativeName::Other(name.to_der().unwrap()));
        assert_eq!(read, expected);
        assert_eq!(read.last().unwrap().to_string(), "other:a00806022a03a0020500");
    }

    #[test]
    fn what_cannot_be_read_is_not_nothing() {
        let forms: [&[u8]; 8] = [
            b"",
            b"\x30\x00",
            b"\x30\x03\x82\x01a\x00",
            b"\x30\x03\x82\x02a",
            b"\x30\x03\x82\x01\xff",
            b"\x30\x05\x87\x03\x01\x02\x03",
            b"\x30\x03\x89\x01a",
            b"\x82\x01a",
        ];
        for der in forms {
            assert_eq!(read(der).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{der:x?}");
        }
    }
}
