//! Extensions: the type, and a builder and a decoder for each one that is written or read.
//!
//! Builders set the criticality that RFC 5280 asks for; change [`Extension::critical`] where a profile differs.
//! Decoders take [`Extension::value`].

mod classic;
mod crl;
mod key_identifier;
mod location;
mod names;
mod policy;
mod usage;
mod value;

use const_oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag};

pub use crate::oid;
use crate::{Error, limits, read, write};

pub use classic::{
    ca_version, crl_next_publish, decode_ca_version, decode_template_information, decode_template_name,
    previous_ca_certificate_hash, template_information, template_name,
};
pub use crl::{crl_number, decode_crl_number, delta_crl_indicator};
pub use key_identifier::{
    AuthorityKeyIdentifier, authority_key_identifier, decode_authority_key_identifier, decode_subject_key_identifier,
    subject_key_identifier,
};
pub use location::{
    AuthorityInfoAccess, IssuingDistributionPoint, authority_info_access, crl_distribution_points,
    decode_authority_info_access, decode_crl_distribution_points, decode_issuing_distribution_point, freshest_crl,
    issuing_distribution_point, published_crl_locations,
};
pub use names::{
    NameConstraints, decode_name_constraints, decode_subject_alt_name, name_constraints, subject_alt_name,
    user_principal_name,
};
pub use policy::{certificate_policies, decode_certificate_policies};
pub use usage::{
    BasicConstraints, KeyUsage, basic_constraints, decode_basic_constraints, decode_extended_key_usage,
    decode_key_usage, extended_key_usage, extended_key_usage_name, extended_key_usage_oid, key_usage,
};
pub use value::{decode_ia5, decode_integer, decode_time, encode_ia5, encode_integer, encode_time};

/// An extension of a certificate, request, CRL or CRL entry, RFC 5280 4.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// extnID.
    pub oid: ObjectIdentifier,
    /// critical.
    pub critical: bool,
    /// The DER inside the OCTET STRING.
    pub value: Vec<u8>,
}

impl Extension {
    /// An extension that is not critical.
    #[must_use]
    pub fn new(oid: ObjectIdentifier, value: Vec<u8>) -> Self {
        Self { oid, critical: false, value }
    }

    /// A critical extension.
    #[must_use]
    pub fn critical(oid: ObjectIdentifier, value: Vec<u8>) -> Self {
        Self { oid, critical: true, value }
    }
}

/// Appends `Extensions`: the SEQUENCE of all, in the given order.
pub(crate) fn encode_all(out: &mut Vec<u8>, extensions: &[Extension]) {
    write::nested(out, Tag::Sequence, |out| {
        for extension in extensions {
            write::nested(out, Tag::Sequence, |out| {
                write::oid(out, &extension.oid);
                if extension.critical {
                    write::boolean_true(out);
                }
                write::element(out, Tag::OctetString, &extension.value);
            });
        }
    });
}

/// Reads `Extensions` of a certificate or CRL. Duplicates are refused (RFC 5280 4.2), an empty list too (4.1).
pub(crate) fn decode_all(r: &mut SliceReader<'_>) -> Result<Vec<Extension>, Error> {
    let extensions = decode_list(r)?;
    if extensions.is_empty() {
        return Err(Error::malformed("extensions", "empty list"));
    }
    Ok(extensions)
}

/// Reads `Extensions`, which may be empty. Duplicates are refused.
pub(crate) fn decode_list(r: &mut SliceReader<'_>) -> Result<Vec<Extension>, Error> {
    let extensions = r.sequence(|r| {
        read::list(r, "extensions", limits::EXTENSIONS_MAX, |r| {
            r.sequence(|r| {
                Ok(Extension {
                    oid: ObjectIdentifier::decode(r)?,
                    critical: read::boolean_or_false(r)?,
                    value: read::contents(r, Tag::OctetString)?.to_vec(),
                })
            })
        })
    })?;
    refuse_duplicates(&extensions)?;
    Ok(extensions)
}

/// RFC 5280 4.2: no more than one instance of an extension.
pub(crate) fn refuse_duplicates(extensions: &[Extension]) -> Result<(), Error> {
    for (n, extension) in extensions.iter().enumerate() {
        if extensions.iter().take(n).any(|e| e.oid == extension.oid) {
            return Err(Error::malformed("extensions", format!("{} appears twice", extension.oid)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn encode(extensions: &[Extension]) -> Vec<u8> {
        let mut out = Vec::new();
        encode_all(&mut out, extensions);
        out
    }

    #[test]
    fn list_round_trip() {
        let list = [
            basic_constraints(true, Some(0)),
            key_usage(KeyUsage::KEY_CERT_SIGN),
            Extension::new(oid::TLS_FEATURE, vec![0x30, 0]),
        ];
        let der = encode(&list);
        assert_eq!(read::whole("extensions", &der, decode_all).unwrap(), list);
    }

    #[test]
    fn bad_lists() {
        let one = key_usage(KeyUsage::CRL_SIGN);
        let twice = encode(&[one.clone(), one]);
        let empty = encode(&[]);
        let many: Vec<_> = (0..=limits::EXTENSIONS_MAX as u32)
            .map(|n| {
                let oid = ObjectIdentifier::from_arcs([1, 3, n]).unwrap();
                Extension::new(oid, vec![])
            })
            .collect();
        let many = encode(&many);
        for der in [twice, empty, many] {
            assert!(read::whole("extensions", &der, decode_all).is_err());
        }
    }

    #[test]
    fn explicit_false_is_read_as_absent() {
        let der = b"\x30\x0d\x30\x0b\x06\x03\x55\x1d\x13\x01\x01\x00\x04\x01\x00";
        let list = read::whole("extensions", der, decode_all).unwrap();
        assert!(list.iter().all(|e| !e.critical));
    }
}
