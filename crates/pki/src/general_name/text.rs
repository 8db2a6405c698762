//! The text form of general names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use der::{Decode, Tag};

use super::{GeneralName, WHAT};
use crate::{Error, Name, oid, read, write};

impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text) => write!(f, "dns:{text}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::IpRange { address, mask } => match prefix_len(*mask) {
                Some(len) => write!(f, "ip:{address}/{len}"),
                None => write!(f, "ip:{address}/{mask}"),
            },
            Self::Email(text) => write!(f, "email:{text}"),
            Self::Uri(text) => write!(f, "uri:{text}"),
            Self::Upn(text) => write!(f, "upn:{text}"),
            Self::Directory(name) => write!(f, "dn:{name}"),
            Self::RegisteredId(id) => write!(f, "rid:{id}"),
            Self::Other { type_id, value } => match guid(type_id, value) {
                Some(guid) => write!(f, "guid:{guid}"),
                None => {
                    write!(f, "other:{type_id};")?;
                    hex(f, value)
                }
            },
            Self::Opaque(der) => {
                f.write_str("opaque:")?;
                hex(f, der)
            }
        }
    }
}

impl FromStr for GeneralName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |detail: &str| Error::malformed(WHAT, format!("{text:?}: {detail}"));
        let (kind, value) = text.split_once(':').ok_or_else(|| bad("no kind, such as dns:"))?;
        let ascii = |wrap: fn(String) -> Self| {
            if value.is_empty() || !value.is_ascii() {
                return Err(bad("empty or not ASCII"));
            }
            Ok(wrap(value.to_owned()))
        };
        match kind.trim().to_ascii_lowercase().as_str() {
            "dns" => ascii(Self::Dns),
            "email" | "rfc822" => ascii(Self::Email),
            "uri" | "url" => ascii(Self::Uri),
            "upn" if value.is_empty() => Err(bad("empty")),
            "upn" => Ok(Self::Upn(value.to_owned())),
            "ip" | "ipaddress" => parse_ip(value).ok_or_else(|| bad("not an IP address")),
            "dn" | "directory" => Name::parse(value).map(Self::Directory),
            "rid" | "oid" => ObjectIdentifier::new(value).map(Self::RegisteredId).map_err(|_| bad("not an OID")),
            "guid" => parse_guid(value).ok_or_else(|| bad("not a GUID")),
            "other" => parse_other(value).ok_or_else(|| bad("not OID;HEX with DER in it")),
            "opaque" => unhex(value)
                .and_then(|der| Self::from_der(&der).ok())
                .filter(|name| matches!(name, Self::Opaque(_)))
                .ok_or_else(|| bad("not an x400Address or ediPartyName in hex")),
            _ => Err(bad("unknown kind of name")),
        }
    }
}

fn parse_ip(value: &str) -> Option<GeneralName> {
    let Some((address, mask)) = value.split_once('/') else {
        return value.trim().parse().ok().map(GeneralName::Ip);
    };
    let address: IpAddr = address.trim().parse().ok()?;
    let mask = match mask.trim().parse::<u32>() {
        Ok(len) => mask_of(address, len)?,
        Err(_) => mask.trim().parse().ok()?,
    };
    (address.is_ipv4() == mask.is_ipv4()).then_some(GeneralName::IpRange { address, mask })
}

fn mask_of(address: IpAddr, len: u32) -> Option<IpAddr> {
    match address {
        IpAddr::V4(_) if len <= 32 => {
            let bits = u32::MAX.checked_shl(32 - len).unwrap_or(0);
            Some(Ipv4Addr::from(bits).into())
        }
        IpAddr::V6(_) if len <= 128 => {
            let bits = u128::MAX.checked_shl(128 - len).unwrap_or(0);
            Some(Ipv6Addr::from(bits).into())
        }
        _ => None,
    }
}

/// Length of the prefix when the mask is one.
fn prefix_len(mask: IpAddr) -> Option<u32> {
    let (ones, total) = match mask {
        IpAddr::V4(v4) => (v4.to_bits().leading_ones(), v4.to_bits().count_ones()),
        IpAddr::V6(v6) => (v6.to_bits().leading_ones(), v6.to_bits().count_ones()),
    };
    (ones == total).then_some(ones)
}

/// The GUID of a directory object, as the classic service puts it into an otherName: an OCTET STRING whose first
/// three fields are little-endian.
fn guid(type_id: &ObjectIdentifier, value: &[u8]) -> Option<String> {
    if *type_id != oid::NTDS_REPLICATION {
        return None;
    }
    let octets = <&der::asn1::OctetStringRef>::from_der(value).ok()?;
    let [a, b, c, d, e, f, g, h, rest @ ..] = <[u8; 16]>::try_from(octets.as_bytes()).ok()?;
    let tail: String = rest.iter().map(|o| format!("{o:02x}")).collect();
    let (node_high, node_low) = tail.split_at(4);
    Some(format!(
        "{:08x}-{:04x}-{:04x}-{node_high}-{node_low}",
        u32::from_le_bytes([a, b, c, d]),
        u16::from_le_bytes([e, f]),
        u16::from_le_bytes([g, h]),
    ))
}

fn parse_guid(text: &str) -> Option<GeneralName> {
    let bare = text.trim().trim_start_matches('{').trim_end_matches('}');
    let widths: Vec<usize> = bare.split('-').map(str::len).collect();
    if widths != [8, 4, 4, 4, 12] {
        return None;
    }
    let [a, b, c, d, e, f, g, h, rest @ ..] = <[u8; 16]>::try_from(unhex(&bare.replace('-', ""))?).ok()?;
    let mut octets = vec![d, c, b, a, f, e, h, g];
    octets.extend(rest);
    let mut value = Vec::with_capacity(18);
    write::element(&mut value, Tag::OctetString, &octets);
    Some(GeneralName::Other { type_id: oid::NTDS_REPLICATION, value })
}

fn parse_other(text: &str) -> Option<GeneralName> {
    let (type_id, value) = text.split_once(';')?;
    let type_id = ObjectIdentifier::new(type_id.trim()).ok()?;
    let value = unhex(value.trim())?;
    let (tag, contents) = read::whole(WHAT, &value, read::element).ok()?;
    if type_id == oid::UPN && tag == Tag::Utf8String {
        return String::from_utf8(contents.to_vec()).ok().map(GeneralName::Upn);
    }
    Some(GeneralName::Other { type_id, value })
}

pub(crate) fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// The bytes of an even number of hex digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    digits?
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn canonical_texts() {
        for (text, want) in [
            ("DNS:Example.org", "dns:Example.org"),
            ("url:https://e.org/:1", "uri:https://e.org/:1"),
            ("ipaddress: 2001:DB8::1", "ip:2001:db8::1"),
            ("ip:10.0.0.0/255.0.0.0", "ip:10.0.0.0/8"),
            ("ip:10.0.0.0/255.0.255.0", "ip:10.0.0.0/255.0.255.0"),
            ("ip:0.0.0.0/0", "ip:0.0.0.0/0"),
            ("ip:::/0", "ip:::/0"),
            ("ip:2001:db8::/32", "ip:2001:db8::/32"),
            ("ip:::1/128", "ip:::1/128"),
            ("oid:1.2.3", "rid:1.2.3"),
            ("upn:ä@example.org", "upn:ä@example.org"),
            ("dn:C=DE, CN=x", "dn:C=DE,CN=x"),
            ("guid:{01020304-0506-0708-090A-0B0C0D0E0F10}", "guid:01020304-0506-0708-090a-0b0c0d0e0f10"),
            ("other:1.3.6.1.4.1.311.20.2.3;0c0161", "upn:a"),
        ] {
            let name: GeneralName = text.parse().unwrap();
            assert_eq!(name.to_string(), want);
            assert_eq!(want.parse::<GeneralName>().unwrap(), name);
        }
    }

    #[test]
    fn guid_octets() {
        let name: GeneralName = "guid:01020304-0506-0708-090a-0b0c0d0e0f10".parse().unwrap();
        let value = [4, 16, 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16];
        assert_eq!(name, GeneralName::Other { type_id: oid::NTDS_REPLICATION, value: value.to_vec() });
    }

    #[test]
    fn bad_texts() {
        for text in [
            "",
            "example.org",
            "dns:",
            "dns:ä",
            "foo:bar",
            "ip:1.2.3",
            "ip:1.2.3.4/33",
            "ip:1.2.3.4/::",
            "rid:1",
            "dn:CN",
            "guid:0102",
            "other:1.2.3",
            "other:1.2.3;05",
            "other:1.2.3;xx",
            "opaque:8201ff",
            "upn:",
        ] {
            assert!(text.parse::<GeneralName>().is_err(), "{text}");
        }
    }
}
