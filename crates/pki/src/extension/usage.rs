//! What a key may be used for: basic constraints, key usage, extended key usage.

use const_oid::ObjectIdentifier;
use der::{Decode, Tag};

use super::{Extension, oid};
use crate::{Error, limits, read, write};

/// Basic constraints, RFC 5280 4.2.1.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BasicConstraints {
    /// cA.
    pub ca: bool,
    /// pathLenConstraint: most CA certificates below this one, self-issued ones not counted.
    pub path_len: Option<u32>,
}

bitflags::bitflags! {
    /// Key usage, RFC 5280 4.2.1.3. Bit n here is bit n of the named bit list.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct KeyUsage: u16 {
        /// digitalSignature.
        const DIGITAL_SIGNATURE = 1;
        /// nonRepudiation (contentCommitment).
        const NON_REPUDIATION = 1 << 1;
        /// keyEncipherment.
        const KEY_ENCIPHERMENT = 1 << 2;
        /// dataEncipherment.
        const DATA_ENCIPHERMENT = 1 << 3;
        /// keyAgreement.
        const KEY_AGREEMENT = 1 << 4;
        /// keyCertSign.
        const KEY_CERT_SIGN = 1 << 5;
        /// cRLSign.
        const CRL_SIGN = 1 << 6;
        /// encipherOnly.
        const ENCIPHER_ONLY = 1 << 7;
        /// decipherOnly.
        const DECIPHER_ONLY = 1 << 8;
    }
}

/// The text names of the key usage bits, as RFC 5280 spells them.
const KEY_USAGE_NAMES: [(&str, KeyUsage); 10] = [
    ("digitalSignature", KeyUsage::DIGITAL_SIGNATURE),
    ("nonRepudiation", KeyUsage::NON_REPUDIATION),
    ("keyEncipherment", KeyUsage::KEY_ENCIPHERMENT),
    ("dataEncipherment", KeyUsage::DATA_ENCIPHERMENT),
    ("keyAgreement", KeyUsage::KEY_AGREEMENT),
    ("keyCertSign", KeyUsage::KEY_CERT_SIGN),
    ("cRLSign", KeyUsage::CRL_SIGN),
    ("encipherOnly", KeyUsage::ENCIPHER_ONLY),
    ("decipherOnly", KeyUsage::DECIPHER_ONLY),
    ("contentCommitment", KeyUsage::NON_REPUDIATION),
];

impl KeyUsage {
    /// The bit of a name of RFC 5280 (`digitalSignature`, …); case is ignored.
    #[must_use]
    pub fn from_standard_name(name: &str) -> Option<Self> {
        KEY_USAGE_NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, bit)| *bit)
    }

    /// The names of the bits set, as RFC 5280 spells them.
    #[must_use]
    pub fn standard_names(self) -> Vec<&'static str> {
        KEY_USAGE_NAMES.iter().take(9).filter(|(_, bit)| self.contains(*bit)).map(|(name, _)| *name).collect()
    }
}

/// Basic constraints; critical when `ca` (RFC 5280 4.2.1.9). `path_len` is written only with `ca`.
#[must_use]
pub fn basic_constraints(ca: bool, path_len: Option<u32>) -> Extension {
    let value = write::sequence(|out| {
        if ca {
            write::boolean_true(out);
            if let Some(len) = path_len {
                write::unsigned(out, len.into());
            }
        }
    });
    Extension { oid: oid::BASIC_CONSTRAINTS, critical: ca, value }
}

/// Reads [`basic_constraints`].
///
/// # Errors
/// [`Error::Malformed`], also when there is a path length without cA.
pub fn decode_basic_constraints(value: &[u8]) -> Result<BasicConstraints, Error> {
    let constraints = read::sequence("basic constraints", value, |r| {
        Ok(BasicConstraints { ca: read::boolean_or_false(r)?, path_len: Option::<u32>::decode(r)? })
    })?;
    if constraints.path_len.is_some() && !constraints.ca {
        return Err(Error::malformed("basic constraints", "path length without cA"));
    }
    Ok(constraints)
}

/// Key usage; critical (RFC 5280 4.2.1.3: SHOULD).
#[must_use]
pub fn key_usage(usage: KeyUsage) -> Extension {
    // Bit 0 of the named bit list is the top bit of the first octet; trailing zero bits are left out (X.690 11.2.2).
    let [low, high] = usage.bits().to_le_bytes().map(u8::reverse_bits);
    let contents = match (low, high) {
        (0, 0) => vec![0],
        (low, 0) => vec![low.trailing_zeros() as u8, low],
        (low, high) => vec![high.trailing_zeros() as u8, low, high],
    };
    let mut value = Vec::with_capacity(5);
    write::element(&mut value, Tag::BitString, &contents);
    Extension::critical(oid::KEY_USAGE, value)
}

/// Reads [`key_usage`]. Trailing zero bits are accepted; bits that RFC 5280 does not name are refused.
///
/// # Errors
/// [`Error::Malformed`].
pub fn decode_key_usage(value: &[u8]) -> Result<KeyUsage, Error> {
    let what = "key usage";
    let contents = read::whole(what, value, |r| read::contents(r, Tag::BitString))?;
    let bits = match contents {
        [0] => 0,
        [unused @ 0..=7, low] => u16::from_le_bytes([masked(what, *low, *unused)?, 0]),
        [unused @ 0..=7, low, high] => u16::from_le_bytes([low.reverse_bits(), masked(what, *high, *unused)?]),
        _ => return Err(Error::malformed(what, "not a BIT STRING of at most 9 bits")),
    };
    KeyUsage::from_bits(bits).ok_or_else(|| Error::malformed(what, "unknown bits"))
}

fn masked(what: &'static str, octet: u8, unused: u8) -> Result<u8, Error> {
    if octet.trailing_zeros() < u32::from(unused) {
        return Err(Error::malformed(what, "unused bits are not zero"));
    }
    Ok(octet.reverse_bits())
}

/// Extended key usage; not critical.
#[must_use]
pub fn extended_key_usage(usages: &[ObjectIdentifier]) -> Extension {
    let value = write::sequence(|out| usages.iter().for_each(|usage| write::oid(out, usage)));
    Extension::new(oid::EXTENDED_KEY_USAGE, value)
}

/// Reads [`extended_key_usage`].
///
/// # Errors
/// [`Error::Malformed`], also for an empty list; [`Error::Limit`].
pub fn decode_extended_key_usage(value: &[u8]) -> Result<Vec<ObjectIdentifier>, Error> {
    let what = "extended key usage";
    let usages = read::sequence(what, value, |r| {
        read::list(r, what, limits::EXTENSION_ITEMS_MAX, |r| Ok(ObjectIdentifier::decode(r)?))
    })?;
    if usages.is_empty() {
        return Err(Error::malformed(what, "empty list"));
    }
    Ok(usages)
}

const EXTENDED_KEY_USAGE_NAMES: [(&str, ObjectIdentifier); 15] = [
    ("anyExtendedKeyUsage", oid::ANY_EXTENDED_KEY_USAGE),
    ("serverAuth", oid::SERVER_AUTH),
    ("clientAuth", oid::CLIENT_AUTH),
    ("codeSigning", oid::CODE_SIGNING),
    ("emailProtection", oid::EMAIL_PROTECTION),
    ("timeStamping", oid::TIME_STAMPING),
    ("OCSPSigning", oid::OCSP_SIGNING),
    ("ipsecIKE", oid::IPSEC_IKE),
    ("cmcCA", oid::CMC_CA),
    ("cmcRA", oid::CMC_RA),
    ("documentSigning", oid::DOCUMENT_SIGNING),
    ("smartCardLogon", oid::SMART_CARD_LOGON),
    ("kdcAuthentication", oid::KDC_AUTHENTICATION),
    ("encryptingFileSystem", oid::ENCRYPTING_FILE_SYSTEM),
    ("certificateRequestAgent", oid::CERTIFICATE_REQUEST_AGENT),
];

/// The OID of an extended key usage given by its name (`serverAuth`, …; case is ignored) or as dotted text.
#[must_use]
pub fn extended_key_usage_oid(name: &str) -> Option<ObjectIdentifier> {
    EXTENDED_KEY_USAGE_NAMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, oid)| *oid)
        .or_else(|| ObjectIdentifier::new(name).ok())
}

/// The name of a well-known extended key usage.
#[must_use]
pub fn extended_key_usage_name(usage: &ObjectIdentifier) -> Option<&'static str> {
    EXTENDED_KEY_USAGE_NAMES.iter().find(|(_, oid)| oid == usage).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn key_usage_bits() {
        use KeyUsage as K;
        for (usage, der) in [
            (K::empty(), &b"\x03\x01\x00"[..]),
            (K::DIGITAL_SIGNATURE, b"\x03\x02\x07\x80"),
            (K::DIGITAL_SIGNATURE | K::KEY_ENCIPHERMENT, b"\x03\x02\x05\xa0"),
            (K::KEY_CERT_SIGN | K::CRL_SIGN, b"\x03\x02\x01\x06"),
            (K::ENCIPHER_ONLY, b"\x03\x02\x00\x01"),
            (K::KEY_AGREEMENT | K::DECIPHER_ONLY, b"\x03\x03\x07\x08\x80"),
            (K::DECIPHER_ONLY, b"\x03\x03\x07\x00\x80"),
        ] {
            assert_eq!(key_usage(usage).value, der, "{usage:?}");
            assert_eq!(decode_key_usage(der).unwrap(), usage);
        }
        for bits in 0..512 {
            let usage = KeyUsage::from_bits(bits).unwrap();
            assert_eq!(decode_key_usage(&key_usage(usage).value).unwrap(), usage);
        }
        // Trailing zero bits are sloppy but harmless.
        assert_eq!(decode_key_usage(b"\x03\x02\x00\x80").unwrap(), K::DIGITAL_SIGNATURE);
        for bad in [
            &b"\x03\x00"[..],
            b"\x03\x01\x01",
            b"\x03\x02\x07\xff",
            b"\x03\x02\x08\x80",
            b"\x03\x03\x06\x00\x40",
            b"\x03\x04\x00\x00\x00\x00",
            b"\x04\x02\x07\x80",
        ] {
            assert!(decode_key_usage(bad).is_err(), "{bad:x?}");
        }
    }

    #[test]
    fn key_usage_names() {
        for usage in KeyUsage::all() {
            let names = usage.standard_names();
            assert_eq!(names.len(), 1);
            for name in names {
                assert_eq!(KeyUsage::from_standard_name(name), Some(usage));
            }
        }
        assert_eq!(KeyUsage::from_standard_name("CONTENTCOMMITMENT"), Some(KeyUsage::NON_REPUDIATION));
    }

    #[test]
    fn basic_constraints_forms() {
        for (ca, len, der) in [
            (false, None, &b"\x30\x00"[..]),
            (true, None, b"\x30\x03\x01\x01\xff"),
            (true, Some(0), b"\x30\x06\x01\x01\xff\x02\x01\x00"),
            (true, Some(200), b"\x30\x07\x01\x01\xff\x02\x02\x00\xc8"),
        ] {
            let extension = basic_constraints(ca, len);
            assert_eq!(extension.value, der);
            assert_eq!(extension.critical, ca);
            let want = BasicConstraints { ca, path_len: len };
            assert_eq!(decode_basic_constraints(der).unwrap(), want);
        }
        assert!(!decode_basic_constraints(b"\x30\x03\x01\x01\x00").unwrap().ca);
        for bad in [
            &b""[..],
            b"\x30\x03\x02\x01\x00",
            b"\x30\x03\x01\x01\x01",
            b"\x30\x06\x01\x01\xff\x02\x01\xff",
            b"\x30\x00\x00",
        ] {
            assert!(decode_basic_constraints(bad).is_err(), "{bad:x?}");
        }
    }

    #[test]
    fn extended_key_usages() {
        let usages = [oid::SERVER_AUTH, oid::SMART_CARD_LOGON];
        let value = extended_key_usage(&usages).value;
        assert_eq!(decode_extended_key_usage(&value).unwrap(), usages);
        assert!(decode_extended_key_usage(b"\x30\x00").is_err());
        for (name, oid) in EXTENDED_KEY_USAGE_NAMES {
            assert_eq!(extended_key_usage_oid(name), Some(oid));
            assert_eq!(extended_key_usage_oid(&oid.to_string()), Some(oid));
            assert_eq!(extended_key_usage_name(&oid), Some(name));
        }
        assert_eq!(extended_key_usage_oid("nonsense"), None);
    }
}
