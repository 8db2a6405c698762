//! A few lines of DER writing, not those of `pki`, so that fixtures do not share its mistakes and can be wrong.

use pki::{Extension, ObjectIdentifier};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const CONTEXT_0: u8 = 0xa0;

/// One element.
pub(super) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(contents.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets: Vec<u8> = contents.len().to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
            out.push(0x80 | octets.len() as u8);
            out.extend(octets);
        }
    }
    out.extend_from_slice(contents);
    out
}

/// An element of elements.
pub(super) fn of(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

pub(super) fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    tlv(OBJECT_IDENTIFIER, oid.as_bytes())
}

pub(super) fn bits(octets: &[u8]) -> Vec<u8> {
    of(BIT_STRING, &[&[0], octets])
}

/// A BMPString of text in the basic plane.
pub(super) fn bmp(text: &str) -> Vec<u8> {
    tlv(BMP_STRING, &text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>())
}

/// `Extensions`.
pub(super) fn extensions(extensions: &[Extension]) -> Vec<u8> {
    let each: Vec<u8> = extensions
        .iter()
        .flat_map(|e| {
            let critical: &[u8] = if e.critical { &[0x01, 0x01, 0xff] } else { &[] };
            of(SEQUENCE, &[&oid(&e.oid), critical, &tlv(OCTET_STRING, &e.value)])
        })
        .collect();
    tlv(SEQUENCE, &each)
}
