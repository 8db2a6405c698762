//! Writing DER: elements appended to a `Vec<u8>`, headers encoded by [`der`].

use const_oid::ObjectIdentifier;
use der::{Encode, Header, Length, Tag};

/// Appends the header of an element with `len` octets of contents.
pub(crate) fn header(out: &mut Vec<u8>, tag: Tag, len: usize) {
    let length = Length::try_from(len).expect("what is held in memory here stays below 4 GiB");
    Header::new(tag, length).encode_to_vec(out).expect("writing to a Vec does not fail");
}

/// Appends an element.
pub(crate) fn element(out: &mut Vec<u8>, tag: Tag, contents: &[u8]) {
    header(out, tag, contents.len());
    out.extend_from_slice(contents);
}

/// Appends an element whose contents `write` appends.
pub(crate) fn nested<T>(out: &mut Vec<u8>, tag: Tag, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let start = out.len();
    let value = write(out);
    let mut head = Vec::with_capacity(6);
    header(&mut head, tag, out.len() - start);
    out.splice(start..start, head);
    value
}

/// A SEQUENCE whose contents `write` appends.
pub(crate) fn sequence(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, Tag::Sequence, write);
    out
}

/// Appends an OBJECT IDENTIFIER.
pub(crate) fn oid(out: &mut Vec<u8>, oid: &ObjectIdentifier) {
    element(out, Tag::ObjectIdentifier, oid.as_bytes());
}

/// Appends an unsigned INTEGER.
pub(crate) fn unsigned(out: &mut Vec<u8>, value: u64) {
    value.encode_to_vec(out).expect("writing to a Vec does not fail");
}

/// Appends a BOOLEAN TRUE.
pub(crate) fn boolean_true(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x01, 0x01, 0xff]);
}

/// Appends a BIT STRING of whole octets.
pub(crate) fn octet_aligned_bits(out: &mut Vec<u8>, bits: &[u8]) {
    header(out, Tag::BitString, bits.len() + 1);
    out.push(0);
    out.extend_from_slice(bits);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_lengths() {
        for len in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let contents = vec![7; len];
            let mut plain = vec![9];
            element(&mut plain, Tag::OctetString, &contents);
            let mut nest = vec![9];
            nested(&mut nest, Tag::OctetString, |out| {
                out.extend_from_slice(&contents);
            });
            assert_eq!(plain, nest);
        }
    }
}
