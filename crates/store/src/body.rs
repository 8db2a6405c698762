//! The compact form in which a request's attributes and extensions are stored.
//!
//! A list is its items one after the other, without a count. A field is its length as LEB128 (seven bits to an octet, low
//! ones first, the top bit says that another octet follows), then its octets:
//!
//! - attribute: name (UTF-8), value (UTF-8);
//! - extension: object identifier in dotted form (ASCII), flags (LEB128, not a length), the DER inside `extnValue`.
//!
//! The empty list is the empty string of octets. Reading stops at the first octet that does not fit.

use module::{CertificateExtension, ExtensionFlags};

/// Attributes as octets.
pub(crate) fn encode_attributes(attributes: &[(String, String)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(attributes.iter().map(|(name, value)| name.len() + value.len() + 4).sum());
    for (name, value) in attributes {
        put_field(&mut out, name.as_bytes());
        put_field(&mut out, value.as_bytes());
    }
    out
}

/// Attributes from octets; none where the octets are not what [`encode_attributes`] makes.
pub(crate) fn decode_attributes(mut octets: &[u8]) -> Option<Vec<(String, String)>> {
    let mut attributes = Vec::new();
    while !octets.is_empty() {
        let name = text(take_field(&mut octets)?)?;
        let value = text(take_field(&mut octets)?)?;
        attributes.push((name, value));
    }
    Some(attributes)
}

/// Extensions as octets.
pub(crate) fn encode_extensions(extensions: &[CertificateExtension]) -> Vec<u8> {
    let size = |extension: &CertificateExtension| extension.oid.len() + extension.value.len() + 9;
    let mut out = Vec::with_capacity(extensions.iter().map(size).sum());
    for extension in extensions {
        put_field(&mut out, extension.oid.as_bytes());
        put_number(&mut out, extension.flags.bits().into());
        put_field(&mut out, &extension.value);
    }
    out
}

/// Extensions from octets; none where the octets are not what [`encode_extensions`] makes.
pub(crate) fn decode_extensions(mut octets: &[u8]) -> Option<Vec<CertificateExtension>> {
    let mut extensions = Vec::new();
    while !octets.is_empty() {
        let oid = text(take_field(&mut octets)?)?;
        let flags = u32::try_from(take_number(&mut octets)?).ok()?;
        let value = take_field(&mut octets)?.to_vec();
        extensions.push(CertificateExtension { oid, flags: ExtensionFlags::from_bits_retain(flags), value });
    }
    Some(extensions)
}

fn put_field(out: &mut Vec<u8>, octets: &[u8]) {
    put_number(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_field<'o>(octets: &mut &'o [u8]) -> Option<&'o [u8]> {
    let length = usize::try_from(take_number(octets)?).ok()?;
    let (field, rest) = octets.split_at_checked(length)?;
    *octets = rest;
    Some(field)
}

fn take_number(octets: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (octet, rest) = octets.split_first()?;
        *octets = rest;
        number |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn text(octets: &[u8]) -> Option<String> {
    std::str::from_utf8(octets).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    fn extensions() -> Vec<CertificateExtension> {
        let extension = |oid: &str, flags, value: Vec<u8>| CertificateExtension {
            oid: oid.into(),
            flags: ExtensionFlags::from_bits_retain(flags),
            value,
        };
        vec![
            extension("2.5.29.15", 0x0002_0001, vec![3, 2, 5, 0xa0]),
            extension("2.5.29.17", u32::MAX, vec![7; 300]),
            extension("1.2.3", 0, Vec::new()),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let attributes = vec![("CertificateTemplate".into(), "WebServer".into()), (String::new(), "ü".repeat(200))];
        assert_eq!(decode_attributes(&encode_attributes(&attributes)).unwrap(), attributes);
        assert_eq!(decode_extensions(&encode_extensions(&extensions())).unwrap(), extensions());
        assert!(encode_attributes(&[]).is_empty() && encode_extensions(&[]).is_empty());
    }

    #[test]
    fn damage_is_refused() {
        let whole = encode_extensions(&extensions());
        let boundaries: Vec<usize> = (0..=3).map(|n| encode_extensions(&extensions()[..n]).len()).collect();
        for end in 0..=whole.len() {
            assert_eq!(decode_extensions(&whole[..end]).is_some(), boundaries.contains(&end), "{end}");
        }
        assert!(decode_attributes(&[0xff; 20]).is_none());
        assert!(decode_attributes(&[1, 0xff, 0]).is_none(), "not UTF-8");
    }
}
