//! Distinguished names, RFC 5280 4.1.2.4.

mod compare;
mod component;
mod text;

use std::sync::{Arc, LazyLock};

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};

use crate::{Error, limits, read, write};

pub(crate) use component::is_printable;
pub use component::{NameComponent, NameLengths};

const WHAT: &str = "distinguished name";

/// A distinguished name: its DER, checked. Cheap to clone.
///
/// Equality is that of the DER; [`Name::matches`] compares as RFC 5280 7.1 asks. The text form (`Display`, `FromStr`)
/// is that of RFC 4514: the most specific RDN comes first, while DER has it last.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Arc<[u8]>);

/// One attribute of a name, borrowed from its DER.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameAttribute<'a> {
    pub oid: ObjectIdentifier,
    pub tag: Tag,
    pub contents: &'a [u8],
    /// The value's whole DER.
    pub der: &'a [u8],
}

impl NameAttribute<'_> {
    /// The value as text; `None` when it is not a character string.
    pub(crate) fn text(&self) -> Option<String> {
        string_text(self.tag, self.contents)
    }
}

impl Name {
    /// The name without any RDN.
    #[must_use]
    pub fn empty() -> Self {
        static EMPTY: LazyLock<Arc<[u8]>> = LazyLock::new(|| Arc::from([0x30, 0x00]));
        Self(Arc::clone(&EMPTY))
    }

    /// Parses and checks a DER `Name`.
    ///
    /// Character strings must be what their tag says in length and encoding (UTF-8, UTF-16); whether a
    /// PrintableString keeps to its alphabet is left to the lint, because many names in use do not.
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::Limit`] above [`limits::NAME_BYTES_MAX`] or [`limits::NAME_ATTRIBUTES_MAX`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > limits::NAME_BYTES_MAX {
            return Err(Error::Limit { what: "bytes of a distinguished name", max: limits::NAME_BYTES_MAX });
        }
        check(der)?;
        Ok(Self(der.into()))
    }

    /// Parses the text form of RFC 4514; the empty text is the empty name.
    ///
    /// Beyond the standard, white space around separators, `;` for `,`, quoted values and an `OID.` prefix are
    /// accepted (RFC 2253 4), and so are the short names of the contract (`E`, `G`, `SN`, `T`, …).
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Limit`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        text::parse(text)
    }

    /// The DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no RDN.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 2
    }

    /// The parts of the name that are name properties of the contract, most specific first (the order of the text
    /// form). Other attributes, and values that are no character strings, are passed over.
    #[must_use]
    pub fn components(&self) -> Vec<(NameComponent, String)> {
        self.rdns()
            .into_iter()
            .rev()
            .flatten()
            .filter_map(|a| Some((NameComponent::from_oid(&a.oid)?, a.text()?)))
            .collect()
    }

    /// The values of one name property, most specific first.
    #[must_use]
    pub fn component(&self, component: NameComponent) -> Vec<String> {
        self.components().into_iter().filter(|(c, _)| *c == component).map(|(_, value)| value).collect()
    }

    /// Builds a name from name properties.
    ///
    /// `order` is a subject template: most specific first, so that the last property of it (country) comes first in
    /// DER. Properties that `order` does not name are left out. A value may hold several, separated by newlines;
    /// each becomes an RDN of its own. White space around a value is dropped, and so is an empty value.
    ///
    /// # Errors
    /// [`Error::Unencodable`] for a value that its attribute's string type cannot hold or, with
    /// [`NameLengths::Enforced`], one that is too long; [`Error::Limit`] for a name that is too large.
    pub fn from_components(
        order: &[NameComponent],
        values: &[(NameComponent, String)],
        lengths: NameLengths,
    ) -> Result<Self, Error> {
        component::build(order, values, lengths)
    }

    /// Whether both are the same name (RFC 5280 7.1): the same RDNs, with letters compared without regard to case
    /// and runs of white space as one, whatever string type they are in.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self == other || compare::matches(self, other)
    }

    /// The attributes, by RDN, in the order of the DER.
    pub(crate) fn rdns(&self) -> Vec<Vec<NameAttribute<'_>>> {
        rdns(&self.0).unwrap_or_default()
    }

    /// A name from RDNs in the order of the DER; each is a list of complete `AttributeTypeAndValue`.
    pub(crate) fn from_rdns(rdns: impl IntoIterator<Item = Vec<Vec<u8>>>) -> Result<Self, Error> {
        let der = write::sequence(|out| {
            for mut rdn in rdns {
                // DER orders the members of a SET OF by their encoding (X.690 11.6).
                rdn.sort();
                write::nested(out, Tag::Set, |out| {
                    rdn.iter().for_each(|a| out.extend_from_slice(a));
                });
            }
        });
        Self::from_der(&der)
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Name({self})")
    }
}

/// DER of one `AttributeTypeAndValue`.
pub(crate) fn attribute(oid: &ObjectIdentifier, tag: Tag, contents: &[u8]) -> Vec<u8> {
    write::sequence(|out| {
        write::oid(out, oid);
        write::element(out, tag, contents);
    })
}

fn check(der: &[u8]) -> Result<(), Error> {
    let mut attributes = 0;
    each_rdn(der, |r| {
        let mut previous: &[u8] = &[];
        while !r.is_finished() {
            attributes += 1;
            if attributes > limits::NAME_ATTRIBUTES_MAX {
                return Err(Error::Limit {
                    what: "attributes of a distinguished name",
                    max: limits::NAME_ATTRIBUTES_MAX,
                });
            }
            let whole = r.clone().tlv_bytes()?;
            if whole <= previous {
                return Err(Error::malformed(WHAT, "attributes of an RDN out of order"));
            }
            previous = whole;
            let attribute = r.sequence(name_attribute)?;
            if is_string(attribute.tag) && attribute.text().is_none() {
                return Err(Error::malformed(WHAT, format!("bad {} for {}", attribute.tag, attribute.oid)));
            }
        }
        if previous.is_empty() {
            return Err(Error::malformed(WHAT, "RDN without attributes"));
        }
        Ok(())
    })
}

fn rdns(der: &[u8]) -> Result<Vec<Vec<NameAttribute<'_>>>, Error> {
    let mut all = Vec::new();
    each_rdn(der, |r| {
        let mut rdn = Vec::with_capacity(1);
        while !r.is_finished() {
            rdn.push(r.sequence(name_attribute)?);
        }
        all.push(rdn);
        Ok(())
    })?;
    Ok(all)
}

fn each_rdn<'a>(
    der: &'a [u8],
    mut read_rdn: impl FnMut(&mut SliceReader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    read::sequence(WHAT, der, |r| {
        while !r.is_finished() {
            let set = read::contents(r, Tag::Set)?;
            read::whole(WHAT, set, &mut read_rdn)?;
        }
        Ok(())
    })
}

fn name_attribute<'a>(r: &mut SliceReader<'a>) -> Result<NameAttribute<'a>, Error> {
    let oid = ObjectIdentifier::decode(r)?;
    let der = r.clone().tlv_bytes()?;
    let (tag, contents) = read::element(r)?;
    Ok(NameAttribute { oid, tag, contents, der })
}

fn is_string(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Utf8String
            | Tag::PrintableString
            | Tag::TeletexString
            | Tag::Ia5String
            | Tag::BmpString
            | Tag::NumericString
            | Tag::VisibleString
    )
}

/// The text of a character string; `None` when the tag is none of those used in names or the contents are not of
/// their encoding. TeletexString is read as Latin-1, as everybody writes it.
pub(crate) fn string_text(tag: Tag, contents: &[u8]) -> Option<String> {
    match tag {
        Tag::Utf8String => std::str::from_utf8(contents).ok().map(str::to_owned),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            std::str::from_utf8(contents).ok().filter(|text| text.is_ascii()).map(str::to_owned)
        }
        Tag::TeletexString => Some(contents.iter().map(|b| char::from(*b)).collect()),
        Tag::BmpString => {
            if !contents.len().is_multiple_of(2) {
                return None;
            }
            let units: Vec<u16> =
                contents.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?))).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn set_of(attributes: &[&[u8]]) -> Vec<u8> {
        write::sequence(|out| write::element(out, Tag::Set, &attributes.concat()))
    }

    #[test]
    fn checks() {
        let cn = attribute(&crate::oid::COMMON_NAME, Tag::Utf8String, b"a");
        let ou = attribute(&crate::oid::ORGANIZATIONAL_UNIT, Tag::Utf8String, b"a");
        assert!(Name::from_der(&set_of(&[&cn])).is_ok());
        assert!(Name::from_der(&set_of(&[&cn, &ou])).is_ok());
        let not_utf8 = attribute(&crate::oid::COMMON_NAME, Tag::Utf8String, b"\xff");
        let odd_bmp = attribute(&crate::oid::COMMON_NAME, Tag::BmpString, b"abc");
        let many = cn.repeat(1);
        for bad in [
            vec![],
            b"\x30\x00\x00".to_vec(),
            b"\x31\x00".to_vec(),
            set_of(&[]),
            set_of(&[&ou, &cn]),
            set_of(&[&cn, &cn]),
            set_of(&[&not_utf8]),
            set_of(&[&odd_bmp]),
            set_of(&[b"\x30\x05\x06\x03\x55\x04\x03"]),
            many,
        ] {
            assert!(Name::from_der(&bad).is_err(), "{bad:x?}");
        }
        // Something that is no character string is a legal value.
        let number = attribute(&crate::oid::COMMON_NAME, Tag::Integer, b"\x01");
        assert!(Name::from_der(&set_of(&[&number])).is_ok());
    }

    #[test]
    fn limits_hold() {
        let long = attribute(&crate::oid::COMMON_NAME, Tag::Utf8String, &[b'a'; 4096]);
        assert!(matches!(Name::from_der(&set_of(&[&long])), Err(Error::Limit { .. })));
        let one = attribute(&crate::oid::COMMON_NAME, Tag::Utf8String, b"a");
        let rdns = |n| (0..n).map(|_| vec![one.clone()]);
        assert!(Name::from_rdns(rdns(limits::NAME_ATTRIBUTES_MAX)).is_ok());
        assert!(matches!(Name::from_rdns(rdns(limits::NAME_ATTRIBUTES_MAX + 1)), Err(Error::Limit { .. })));
    }

    #[test]
    fn empty() {
        assert!(Name::empty().is_empty());
        assert_eq!(Name::from_der(&[0x30, 0]).unwrap(), Name::empty());
        assert_eq!(Name::parse("").unwrap(), Name::empty());
        assert_eq!(Name::empty().to_string(), "");
    }
}
