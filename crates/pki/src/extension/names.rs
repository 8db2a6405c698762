//! Extensions made of general names: subject alternative name, name constraints.

use der::{Reader, SliceReader, Tag};

use super::{Extension, oid};
use crate::general_name::{decode_list_contents, encode_list_contents};
use crate::{Error, GeneralName, limits, read, write};

/// Name constraints, RFC 5280 4.2.1.10. `minimum` is always 0 and `maximum` absent, as the standard demands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameConstraints {
    /// permittedSubtrees; empty when absent.
    pub permitted: Vec<GeneralName>,
    /// excludedSubtrees; empty when absent.
    pub excluded: Vec<GeneralName>,
}

/// Subject alternative name, RFC 5280 4.2.1.6; not critical. With an empty subject it must be made critical.
///
/// # Errors
/// [`Error::Unencodable`] for a name that is not ASCII where it must be, and for an empty list; [`Error::Limit`].
pub fn subject_alt_name(names: &[GeneralName]) -> Result<Extension, Error> {
    let what = "subject alternative name";
    if names.is_empty() {
        return Err(Error::unencodable(what, "no names"));
    }
    if names.len() > limits::GENERAL_NAMES_MAX {
        return Err(Error::Limit { what, max: limits::GENERAL_NAMES_MAX });
    }
    let mut value = Vec::with_capacity(64);
    write::nested(&mut value, Tag::Sequence, |out| encode_list_contents(out, names))?;
    Ok(Extension::new(oid::SUBJECT_ALT_NAME, value))
}

/// Reads [`subject_alt_name`]. An issuer alternative name has the same form.
///
/// # Errors
/// [`Error::Malformed`], also for an empty list; [`Error::Limit`].
pub fn decode_subject_alt_name(value: &[u8]) -> Result<Vec<GeneralName>, Error> {
    let names = read::sequence("subject alternative name", value, decode_list_contents)?;
    if names.is_empty() {
        return Err(Error::malformed("subject alternative name", "no names"));
    }
    Ok(names)
}

/// The first user principal name among the subject alternative names; none where there is none, or they cannot be read.
#[must_use]
pub fn user_principal_name(extensions: &[Extension]) -> Option<String> {
    let names = extensions.iter().find(|extension| extension.oid == oid::SUBJECT_ALT_NAME)?;
    decode_subject_alt_name(&names.value).ok()?.into_iter().find_map(|name| match name {
        GeneralName::Upn(upn) => Some(upn),
        _ => None,
    })
}

/// Name constraints; critical (RFC 5280 4.2.1.10).
///
/// # Errors
/// [`Error::Unencodable`] for a name that is not ASCII where it must be, an address without a mask, and for no
/// constraint at all.
pub fn name_constraints(constraints: &NameConstraints) -> Result<Extension, Error> {
    let what = "name constraints";
    if constraints.permitted.is_empty() && constraints.excluded.is_empty() {
        return Err(Error::unencodable(what, "no subtree"));
    }
    let mut value = Vec::with_capacity(64);
    write::nested(&mut value, Tag::Sequence, |out| {
        for (number, subtrees) in [(0, &constraints.permitted), (1, &constraints.excluded)] {
            if subtrees.is_empty() {
                continue;
            }
            write::nested(out, read::constructed(number), |out| {
                subtrees.iter().try_for_each(|base| {
                    if matches!(base, GeneralName::Ip(_)) {
                        return Err(Error::unencodable(what, format!("{base} has no mask")));
                    }
                    write::nested(out, Tag::Sequence, |out| base.encode(out))
                })
            })?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(Extension::critical(oid::NAME_CONSTRAINTS, value))
}

/// Reads [`name_constraints`].
///
/// # Errors
/// [`Error::Malformed`], also for `minimum` other than 0, for `maximum`, and for no constraint; [`Error::Limit`].
pub fn decode_name_constraints(value: &[u8]) -> Result<NameConstraints, Error> {
    let what = "name constraints";
    let constraints =
        read::sequence(what, value, |r| Ok(NameConstraints { permitted: subtrees(r, 0)?, excluded: subtrees(r, 1)? }))?;
    if constraints.permitted.is_empty() && constraints.excluded.is_empty() {
        return Err(Error::malformed(what, "no subtree"));
    }
    Ok(constraints)
}

fn subtrees(r: &mut SliceReader<'_>, number: u32) -> Result<Vec<GeneralName>, Error> {
    let what = "name constraints";
    let Some(contents) = read::optional(r, read::constructed(number))? else {
        return Ok(Vec::new());
    };
    let subtrees = read::whole(what, contents, |r| {
        read::list(r, what, limits::GENERAL_NAMES_MAX, |r| {
            r.sequence(|r| {
                let base = GeneralName::decode_constraint(r)?;
                // minimum [0] DEFAULT 0 and maximum [1] are fixed by RFC 5280 4.2.1.10.
                match read::optional(r, read::primitive(0))? {
                    None | Some([0]) => {}
                    Some(_) => return Err(Error::malformed(what, "minimum other than 0")),
                }
                Ok(base)
            })
        })
    })?;
    if subtrees.is_empty() {
        return Err(Error::malformed(what, "empty list of subtrees"));
    }
    Ok(subtrees)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn names(texts: &[&str]) -> Vec<GeneralName> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn alternative_names() {
        let list = names(&["dns:example.org", "ip:192.0.2.1", "ip:2001:db8::1", "upn:a@b"]);
        let extension = subject_alt_name(&list).unwrap();
        assert_eq!(decode_subject_alt_name(&extension.value).unwrap(), list);
        assert!(subject_alt_name(&[]).is_err());
        assert!(decode_subject_alt_name(b"\x30\x00").is_err());
        let many = vec![GeneralName::Dns("a".into()); limits::GENERAL_NAMES_MAX + 1];
        assert!(subject_alt_name(&many).is_err());
    }

    #[test]
    fn constraints() {
        for (permitted, excluded) in [
            (vec!["dns:example.org", "ip:10.0.0.0/8"], vec![]),
            (vec![], vec!["email:.example.org", "ip:2001:db8::/32"]),
            (vec!["dn:O=Example,C=DE"], vec!["uri:.example.net"]),
        ] {
            let constraints = NameConstraints { permitted: names(&permitted), excluded: names(&excluded) };
            let extension = name_constraints(&constraints).unwrap();
            assert!(extension.critical);
            assert_eq!(decode_name_constraints(&extension.value).unwrap(), constraints);
        }
        assert!(name_constraints(&NameConstraints::default()).is_err());
        let bare = NameConstraints { permitted: names(&["ip:10.0.0.1"]), excluded: vec![] };
        assert!(name_constraints(&bare).is_err());
        for bad in [
            &b"\x30\x00"[..],
            b"\x30\x02\xa0\x00",
            b"\x30\x0a\xa0\x08\x30\x06\x82\x01a\x80\x01\x01",
            b"\x30\x0a\xa0\x08\x30\x06\x82\x01a\x81\x01\x01",
        ] {
            assert!(decode_name_constraints(bad).is_err(), "{bad:x?}");
        }
        // An explicit minimum of 0 is a default that DER leaves out, but harmless.
        assert!(decode_name_constraints(b"\x30\x0a\xa0\x08\x30\x06\x82\x01a\x80\x01\x00").is_ok());
    }
}
