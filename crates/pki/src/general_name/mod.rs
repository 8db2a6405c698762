//! General names, RFC 5280 4.2.1.6, in DER and as text.

pub(crate) mod text;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};

use crate::{Error, Name, limits, oid, read, write};

const WHAT: &str = "general name";

/// A general name.
///
/// Text form (`Display`, `FromStr`): a kind, a colon and a value: `dns:example.org`, `ip:192.0.2.1`,
/// `ip:10.0.0.0/8` (name constraints), `email:a@example.org`, `uri:https://example.org/`, `upn:a@example.org`,
/// `dn:CN=a,O=b`, `rid:1.2.3`, `guid:…`, `other:OID;HEX`, `opaque:HEX`. On input `url`, `ipaddress`, `directory` and
/// `oid` are accepted as well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GeneralName {
    /// dNSName.
    Dns(String),
    /// iPAddress.
    Ip(IpAddr),
    /// iPAddress with a mask, as name constraints have it (RFC 5280 4.2.1.10).
    IpRange {
        /// Network address.
        address: IpAddr,
        /// Mask, of the same family as the address.
        mask: IpAddr,
    },
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// otherName with a user principal name, 1.3.6.1.4.1.311.20.2.3.
    Upn(String),
    /// directoryName.
    Directory(Name),
    /// registeredID.
    RegisteredId(ObjectIdentifier),
    /// Any other otherName.
    Other {
        /// type-id.
        type_id: ObjectIdentifier,
        /// DER of the value, inside the explicit tag.
        value: Vec<u8>,
    },
    /// x400Address or ediPartyName: the whole DER, kept as it is.
    Opaque(Vec<u8>),
}

impl GeneralName {
    /// Parses one DER `GeneralName`. An address of 8 or 32 octets, which only name constraints have, is refused.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        read::whole(WHAT, der, Self::decode)
    }

    /// The DER.
    ///
    /// # Errors
    /// [`Error::Unencodable`] for a DNS name, mail address or URI that is not ASCII, or a mask of another family.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(64);
        self.encode(&mut out)?;
        Ok(out)
    }

    /// Appends the DER.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Other { type_id, value } => other_name(out, type_id, value),
            Self::Upn(text) => {
                let mut value = Vec::with_capacity(text.len() + 4);
                write::element(&mut value, Tag::Utf8String, text.as_bytes());
                other_name(out, &oid::UPN, &value);
            }
            Self::Email(text) => return ia5(out, 1, text),
            Self::Dns(text) => return ia5(out, 2, text),
            Self::Uri(text) => return ia5(out, 6, text),
            Self::Directory(name) => write::element(out, read::constructed(4), name.der()),
            Self::Ip(address) => write::element(out, read::primitive(7), &octets(*address)),
            Self::IpRange { address, mask } => {
                if address.is_ipv4() != mask.is_ipv4() {
                    return Err(Error::unencodable(WHAT, "address and mask differ in family"));
                }
                let both = [octets(*address), octets(*mask)].concat();
                write::element(out, read::primitive(7), &both);
            }
            Self::RegisteredId(id) => write::element(out, read::primitive(8), id.as_bytes()),
            Self::Opaque(der) => out.extend_from_slice(der),
        }
        Ok(())
    }

    /// Reads one name.
    pub(crate) fn decode(r: &mut SliceReader<'_>) -> Result<Self, Error> {
        match Self::decode_constraint(r)? {
            Self::IpRange { .. } => Err(Error::malformed(WHAT, "IP address with a mask")),
            name => Ok(name),
        }
    }

    /// Reads one name as the base of a name constraint, where an address has a mask.
    pub(crate) fn decode_constraint(r: &mut SliceReader<'_>) -> Result<Self, Error> {
        let whole = r.clone().tlv_bytes()?;
        let (tag, contents) = read::element(r)?;
        match tag {
            Tag::ContextSpecific { constructed: true, number } => match number.0 {
                0 => read::whole(WHAT, contents, decode_other_name),
                3 | 5 => Ok(Self::Opaque(whole.to_vec())),
                4 => Name::from_der(contents).map(Self::Directory),
                n => Err(unknown(n)),
            },
            Tag::ContextSpecific { constructed: false, number } => match number.0 {
                1 => ascii(contents).map(Self::Email),
                2 => ascii(contents).map(Self::Dns),
                6 => ascii(contents).map(Self::Uri),
                7 => decode_address(contents),
                8 => ObjectIdentifier::from_bytes(contents)
                    .map(Self::RegisteredId)
                    .map_err(|e| Error::malformed(WHAT, e)),
                n => Err(unknown(n)),
            },
            tag => Err(Error::malformed(WHAT, format!("unexpected {tag}"))),
        }
    }
}

/// Appends the contents of `GeneralNames`.
pub(crate) fn encode_list_contents(out: &mut Vec<u8>, names: &[GeneralName]) -> Result<(), Error> {
    names.iter().try_for_each(|name| name.encode(out))
}

/// Reads the contents of `GeneralNames`.
pub(crate) fn decode_list_contents(r: &mut SliceReader<'_>) -> Result<Vec<GeneralName>, Error> {
    read::list(r, "general names", limits::GENERAL_NAMES_MAX, GeneralName::decode)
}

fn unknown(number: u32) -> Error {
    Error::malformed(WHAT, format!("no choice [{number}] of this form"))
}

fn other_name(out: &mut Vec<u8>, type_id: &ObjectIdentifier, value: &[u8]) {
    write::nested(out, read::constructed(0), |out| {
        write::oid(out, type_id);
        write::element(out, read::constructed(0), value);
    });
}

fn decode_other_name(r: &mut SliceReader<'_>) -> Result<GeneralName, Error> {
    let type_id = ObjectIdentifier::decode(r)?;
    let value = read::contents(r, read::constructed(0))?;
    let (tag, contents) = read::whole(WHAT, value, read::element)?;
    if type_id == oid::UPN && tag == Tag::Utf8String {
        return String::from_utf8(contents.to_vec())
            .map(GeneralName::Upn)
            .map_err(|_| Error::malformed(WHAT, "user principal name is not UTF-8"));
    }
    Ok(GeneralName::Other { type_id, value: value.to_vec() })
}

fn ia5(out: &mut Vec<u8>, number: u32, text: &str) -> Result<(), Error> {
    if !text.is_ascii() {
        return Err(Error::unencodable(WHAT, format!("{text:?} is not ASCII")));
    }
    write::element(out, read::primitive(number), text.as_bytes());
    Ok(())
}

fn ascii(contents: &[u8]) -> Result<String, Error> {
    match std::str::from_utf8(contents) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(Error::malformed(WHAT, "not ASCII")),
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn decode_address(contents: &[u8]) -> Result<GeneralName, Error> {
    if let Some(address) = address(contents) {
        return Ok(GeneralName::Ip(address));
    }
    let (first, second) = contents.split_at(contents.len() / 2);
    match (address(first), address(second)) {
        (Some(address), Some(mask)) => Ok(GeneralName::IpRange { address, mask }),
        _ => Err(Error::malformed(WHAT, format!("IP address of {} octets", contents.len()))),
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(v4).into());
    }
    let v6 = <[u8; 16]>::try_from(octets).ok()?;
    Some(Ipv6Addr::from(v6).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn der_of_each_kind() {
        for (text, der) in [
            ("email:a@b", &b"\x81\x03a@b"[..]),
            ("dns:b", b"\x82\x01b"),
            ("uri:u:x", b"\x86\x03u:x"),
            ("ip:1.2.3.4", b"\x87\x04\x01\x02\x03\x04"),
            ("rid:1.2.3", b"\x88\x02\x2a\x03"),
            ("dn:", b"\xa4\x02\x30\x00"),
            ("upn:a", b"\xa0\x11\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03\xa0\x03\x0c\x01a"),
            ("other:1.2.3;0500", b"\xa0\x08\x06\x02\x2a\x03\xa0\x02\x05\x00"),
            ("opaque:a500", b"\xa5\x00"),
        ] {
            let name: GeneralName = text.parse().unwrap();
            assert_eq!(name.to_der().unwrap(), der, "{text}");
            assert_eq!(GeneralName::from_der(der).unwrap(), name);
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn bad_der() {
        for der in [
            &b""[..],
            b"\x82\x01\xff",
            b"\x87\x05\x01\x02\x03\x04\x05",
            b"\x87\x08\x0a\x00\x00\x00\xff\x00\x00\x00",
            b"\x89\x00",
            b"\xa2\x01b",
            b"\xa4\x00",
            b"\xa4\x04\x30\x00\x30\x00",
            b"\x88\x01\x80",
            b"\xa0\x04\x06\x02\x2a\x03",
            b"\x82\x01bb",
            b"\x30\x00",
        ] {
            assert!(GeneralName::from_der(der).is_err(), "{der:x?}");
        }
    }

    #[test]
    fn unencodable() {
        for name in [
            GeneralName::Dns("ä".into()),
            GeneralName::Uri("http://ä".into()),
            GeneralName::Email("ä@b".into()),
            GeneralName::IpRange { address: [10, 0, 0, 0].into(), mask: [0; 16].into() },
        ] {
            assert!(name.to_der().is_err(), "{name}");
        }
    }
}
