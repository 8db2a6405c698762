//! Certificate policies, RFC 5280 4.2.1.4.

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, Tag};

use super::{Extension, oid};
use crate::{Error, limits, read, write};

/// Certificate policies without qualifiers; not critical.
#[must_use]
pub fn certificate_policies(policies: &[ObjectIdentifier]) -> Extension {
    let value = write::sequence(|out| {
        for policy in policies {
            write::nested(out, Tag::Sequence, |out| write::oid(out, policy));
        }
    });
    Extension::new(oid::CERTIFICATE_POLICIES, value)
}

/// Reads [`certificate_policies`]. Qualifiers are passed over. Application policies have the same form.
///
/// # Errors
/// [`Error::Malformed`], also for an empty list and for a policy given twice; [`Error::Limit`].
pub fn decode_certificate_policies(value: &[u8]) -> Result<Vec<ObjectIdentifier>, Error> {
    let what = "certificate policies";
    let policies = read::sequence(what, value, |r| {
        read::list(r, what, limits::EXTENSION_ITEMS_MAX, |r| {
            r.sequence(|r| {
                let policy = ObjectIdentifier::decode(r)?;
                read::optional(r, Tag::Sequence)?;
                Ok(policy)
            })
        })
    })?;
    if policies.is_empty() {
        return Err(Error::malformed(what, "empty list"));
    }
    for (n, policy) in policies.iter().enumerate() {
        if policies.iter().take(n).any(|p| p == policy) {
            return Err(Error::malformed(what, format!("{policy} appears twice")));
        }
    }
    Ok(policies)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn round_trip() {
        let policies = [oid::ANY_POLICY, ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1")];
        let value = certificate_policies(&policies).value;
        assert_eq!(decode_certificate_policies(&value).unwrap(), policies);
        assert!(decode_certificate_policies(&certificate_policies(&[]).value).is_err());
        let twice = certificate_policies(&[oid::ANY_POLICY, oid::ANY_POLICY]);
        assert!(decode_certificate_policies(&twice.value).is_err());
    }

    #[test]
    fn qualifiers_are_passed_over() {
        let der = b"\x30\x0c\x30\x0a\x06\x04\x55\x1d\x20\x00\x30\x02\x30\x00";
        let policies = decode_certificate_policies(der).unwrap();
        assert_eq!(policies, [oid::ANY_POLICY]);
    }
}
