//! Whether the bytes are DER (RFC 5280 4.1 and 4.2), element by element.

use der::{Decode, Header, Reader, SliceReader, Tag};

use super::Findings;
use crate::name::is_printable;
use crate::{ObjectIdentifier, oid, read};

/// Deepest nesting that is followed; a certificate of ours has less than half of it.
const DEPTH_MAX: usize = 24;

/// Walks the certificate, and then the value of each extension, which must be DER too (RFC 5280 4.2).
pub(super) fn check_tbs(findings: &mut Findings, tbs: &[u8]) {
    let before = findings.0.len();
    walk(findings, "RFC 5280 4.1", tbs, 0);
    if findings.0.len() > before {
        return;
    }
    // The walk found every element sound, so what is not where it should be is left to the parser.
    let Some(extensions) = extensions(tbs) else { return };
    each(extensions, &mut |_, list| {
        each(list, &mut |_, extension| check_extension(findings, extension));
    });
}

/// The fields of one extension: OID, perhaps a BOOLEAN, OCTET STRING.
fn check_extension(findings: &mut Findings, extension: &[u8]) {
    let mut id = None;
    each(extension, &mut |tag, contents| {
        match tag {
            Tag::ObjectIdentifier => id = ObjectIdentifier::from_bytes(contents).ok(),
            Tag::Boolean if contents == [0] => {
                default_encoded(findings, "critical of an extension");
            }
            Tag::OctetString => {
                walk(findings, "RFC 5280 4.2", contents, 0);
                if !is_one_element(contents) {
                    findings.error(
                        "extension_not_der",
                        "RFC 5280 4.2",
                        format!("the value of extension {} is not one DER element", text(id)),
                    );
                }
                // cA FALSE spelled out: SEQUENCE { BOOLEAN FALSE ...
                if id == Some(oid::BASIC_CONSTRAINTS) && contents.get(2..5) == Some(&[1, 1, 0]) {
                    default_encoded(findings, "cA of basic constraints");
                }
            }
            _ => {}
        }
    });
}

fn text(id: Option<ObjectIdentifier>) -> String {
    id.map_or("(unreadable OID)".into(), |id| id.to_string())
}

fn default_encoded(findings: &mut Findings, field: &str) {
    findings.error("der_default_encoded", "RFC 5280 4.1", format!("{field}: the default FALSE is spelled out"));
}

/// Checks every element of `bytes`, and those inside constructed ones. Returns at the first header that is not DER.
fn walk(findings: &mut Findings, rfc: &'static str, bytes: &[u8], depth: usize) -> Option<()> {
    if depth == DEPTH_MAX {
        findings.error("der_too_deep", rfc, format!("nested deeper than {DEPTH_MAX}"));
        return None;
    }
    for element in Elements::of(bytes) {
        let (header, contents) = match element {
            Ok(parts) => parts,
            Err(error) => {
                findings.error("der_malformed", rfc, error.to_string());
                return None;
            }
        };
        if header.is_constructed() {
            if header.tag() == Tag::Set {
                check_set_order(findings, rfc, contents);
            }
            walk(findings, rfc, contents, depth + 1)?;
        } else if let Some((code, fault)) = fault(header.tag(), contents) {
            findings.error(code, rfc, format!("{}: {fault}", header.tag()));
        }
    }
    Some(())
}

/// X.690 11.6: the members of a SET OF in ascending order of their encoding. Every SET of a certificate is one.
fn check_set_order(findings: &mut Findings, rfc: &'static str, contents: &[u8]) {
    let mut previous: &[u8] = &[];
    let mut elements = Elements::of(contents);
    while let Some(whole) = elements.next_whole() {
        if whole < previous {
            findings.error("der_set_order", rfc, "SET OF not in ascending order");
            return;
        }
        previous = whole;
    }
}

/// The elements of some bytes, one after the other. The first that is not DER is the last.
struct Elements<'b> {
    reader: Option<SliceReader<'b>>,
}

impl<'b> Elements<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        Self { reader: SliceReader::new(bytes).ok() }
    }

    /// The next element, header included.
    fn next_whole(&mut self) -> Option<&'b [u8]> {
        let reader = self.reader.as_mut().filter(|r| !r.is_finished())?;
        reader.tlv_bytes().ok()
    }
}

impl<'b> Iterator for Elements<'b> {
    type Item = der::Result<(Header, &'b [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut().filter(|r| !r.is_finished())?;
        let element = Header::decode(reader).and_then(|h| Ok((h, reader.read_slice(h.length())?)));
        if element.is_err() {
            self.reader = None;
        }
        Some(element)
    }
}

fn is_one_element(bytes: &[u8]) -> bool {
    let mut elements = Elements::of(bytes);
    matches!((elements.next(), elements.next()), (Some(Ok(_)), None))
}

/// Calls `visit` with the tag and contents of each element of `bytes`.
fn each<'b>(bytes: &'b [u8], visit: &mut dyn FnMut(Tag, &'b [u8])) {
    for (header, contents) in Elements::of(bytes).flatten() {
        visit(header.tag(), contents);
    }
}

/// The contents of `[3]`, the extensions, inside the outermost SEQUENCE.
fn extensions(tbs: &[u8]) -> Option<&[u8]> {
    let (_, fields) = Elements::of(tbs).next()?.ok()?;
    let (header, contents) = Elements::of(fields).flatten().last()?;
    (header.tag() == read::constructed(3)).then_some(contents)
}

/// What is wrong with the contents of a primitive element.
fn fault(tag: Tag, contents: &[u8]) -> Option<(&'static str, &'static str)> {
    let is_ascii_string =
        |allowed: fn(char) -> bool| std::str::from_utf8(contents).is_ok_and(|text| text.chars().all(allowed));
    let (sound, code, fault) = match tag {
        Tag::Boolean => (matches!(contents, [0] | [0xff]), "der_boolean", "neither 00 nor FF"),
        Tag::Integer | Tag::Enumerated => (is_minimal(contents), "der_integer", "empty or longer than necessary"),
        Tag::ObjectIdentifier => (is_oid(contents), "der_oid", "not an object identifier"),
        Tag::BitString => (is_bit_string(contents), "der_bit_string", "unused bits are not zero"),
        Tag::Null => (contents.is_empty(), "der_null", "not empty"),
        Tag::UtcTime => (is_time(contents, 12), "time_format", "not YYMMDDHHMMSSZ (RFC 5280 4.1.2.5.1)"),
        Tag::GeneralizedTime => (is_time(contents, 14), "time_format", "not YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5.2)"),
        Tag::PrintableString => {
            (is_ascii_string(is_printable), "string_alphabet", "characters that the type does not have")
        }
        Tag::NumericString => (
            is_ascii_string(|c| c.is_ascii_digit() || c == ' '),
            "string_alphabet",
            "characters that the type does not have",
        ),
        Tag::Ia5String | Tag::VisibleString => {
            (contents.is_ascii(), "string_alphabet", "characters that the type does not have")
        }
        Tag::Utf8String => (std::str::from_utf8(contents).is_ok(), "string_encoding", "not UTF-8"),
        Tag::BmpString => (contents.len().is_multiple_of(2), "string_encoding", "odd number of octets"),
        _ => return None,
    };
    (!sound).then_some((code, fault))
}

/// X.690 8.3.2: the first nine bits are not all the same.
fn is_minimal(contents: &[u8]) -> bool {
    match contents {
        [] => false,
        [0, next, ..] => *next >= 0x80,
        [0xff, next, ..] => *next < 0x80,
        _ => true,
    }
}

/// X.690 8.19: base 128, no arc with leading zeros, the last octet ends an arc.
fn is_oid(contents: &[u8]) -> bool {
    let mut starts = true;
    for octet in contents {
        if starts && *octet == 0x80 {
            return false;
        }
        starts = *octet < 0x80;
    }
    starts && !contents.is_empty()
}

/// X.690 8.6.2 and 11.2.1.
fn is_bit_string(contents: &[u8]) -> bool {
    match contents {
        [0] => true,
        [unused @ 0..=7, .., last] => last.trailing_zeros() >= u32::from(*unused),
        _ => false,
    }
}

fn is_time(contents: &[u8], digits: usize) -> bool {
    match contents.split_last() {
        Some((b'Z', rest)) => rest.len() == digits && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(der: &[u8]) -> Vec<&'static str> {
        let mut findings = Findings::default();
        walk(&mut findings, "RFC 5280 4.1", der, 0);
        findings.0.into_iter().map(|f| f.code).collect()
    }

    #[test]
    fn misencodings() {
        for (der, want) in [
            (&b"\x01\x01\xff"[..], &[][..]),
            (b"\x01\x01\x01", &["der_boolean"]),
            (b"\x02\x01\x00", &[]),
            (b"\x02\x00", &["der_integer"]),
            (b"\x02\x02\x00\x7f", &["der_integer"]),
            (b"\x02\x02\xff\x80", &["der_integer"]),
            (b"\x02\x02\x00\x80", &[]),
            (b"\x03\x02\x01\x02", &[]),
            (b"\x03\x02\x02\x02", &["der_bit_string"]),
            (b"\x03\x01\x01", &["der_bit_string"]),
            (b"\x03\x00", &["der_bit_string"]),
            (b"\x05\x01\x00", &["der_null"]),
            (b"\x06\x02\x2a\x03", &[]),
            (b"\x06\x03\x2a\x80\x03", &["der_oid"]),
            (b"\x06\x02\x2a\x83", &["der_oid"]),
            (b"\x06\x00", &["der_oid"]),
            (b"\x0c\x01\xff", &["string_encoding"]),
            (b"\x13\x01@", &["string_alphabet"]),
            (b"\x13\x01*", &["string_alphabet"]),
            (b"\x12\x01a", &["string_alphabet"]),
            (b"\x16\x01\xe4", &["string_alphabet"]),
            (b"\x1e\x01a", &["string_encoding"]),
            (b"\x17\x0b2601020304Z", &["time_format"]),
            (b"\x17\x0d260102030405Z", &[]),
            (b"\x18\x0f20600102030405Z", &[]),
            (b"\x18\x1120600102030405.1Z", &["time_format"]),
            (b"\x30\x81\x01\x00", &["der_malformed"]),
            (b"\x30\x80\x00\x00", &["der_malformed"]),
            (b"\x30\x02\x01", &["der_malformed"]),
            (b"\x1c\x00", &["der_malformed"]),
            (b"\x31\x06\x02\x01\x02\x02\x01\x01", &["der_set_order"]),
            (b"\x31\x06\x02\x01\x01\x02\x01\x02", &[]),
        ] {
            assert_eq!(codes(der), want, "{der:x?}");
        }
        let deep: Vec<u8> = (0..30u8).rev().flat_map(|n| [0x30, 2 * n]).collect();
        assert_eq!(codes(&deep), ["der_too_deep"]);
    }
}
