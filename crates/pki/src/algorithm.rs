//! Key and signature algorithms that a CA of ours signs with, and their DER identifiers.

use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use crate::{Error, oid};

/// What a CA's signing key may be.
///
/// Text form (`Display`, `FromStr`, serde): `p256`, `p384`, `rsa-2048`, `rsa-3072`, `rsa-4096`, `ed25519`,
/// `ml-dsa-44`, `ml-dsa-65`, `ml-dsa-87`. `FromStr` ignores case and hyphens and accepts `p-256` and `ecdsa-p256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256.
    P256,
    /// ECDSA on NIST P-384.
    P384,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// ML-DSA-44 (FIPS 204, RFC 9881).
    MlDsa44,
    /// ML-DSA-65 (FIPS 204, RFC 9881).
    MlDsa65,
    /// ML-DSA-87 (FIPS 204, RFC 9881).
    MlDsa87,
}

impl KeyAlgorithm {
    /// Every key algorithm, in the order of the enum.
    pub const ALL: [Self; 9] = [
        Self::P256,
        Self::P384,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The signature algorithm a key of this kind signs with.
    ///
    /// The digest matches the strength of the key: SHA-256 up to RSA 3072, SHA-384 for P-384 and RSA 4096.
    #[must_use]
    pub fn signature(self) -> SignatureAlgorithm {
        match self {
            Self::P256 => SignatureAlgorithm::EcdsaSha256,
            Self::P384 => SignatureAlgorithm::EcdsaSha384,
            Self::Rsa2048 | Self::Rsa3072 => SignatureAlgorithm::RsaSha256,
            Self::Rsa4096 => SignatureAlgorithm::RsaSha384,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::MlDsa44 => SignatureAlgorithm::MlDsa44,
            Self::MlDsa65 => SignatureAlgorithm::MlDsa65,
            Self::MlDsa87 => SignatureAlgorithm::MlDsa87,
        }
    }

    /// The text form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::Ed25519 => "ed25519",
            Self::MlDsa44 => "ml-dsa-44",
            Self::MlDsa65 => "ml-dsa-65",
            Self::MlDsa87 => "ml-dsa-87",
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<KeyAlgorithm> for &'static str {
    fn from(algorithm: KeyAlgorithm) -> Self {
        algorithm.as_str()
    }
}

impl FromStr for KeyAlgorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bare: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        let bare = bare.strip_prefix("ecdsa").unwrap_or(&bare);
        Self::ALL
            .into_iter()
            .find(|a| a.as_str().chars().filter(|c| *c != '-').eq(bare.chars()))
            .ok_or_else(|| Error::Unsupported(format!("key algorithm {text:?}")))
    }
}

impl TryFrom<String> for KeyAlgorithm {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// A digest that is part of a signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Digest {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// An algorithm a certificate, CRL or request of ours is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// `ecdsa-with-SHA256`, RFC 5758 3.2.
    EcdsaSha256,
    /// `ecdsa-with-SHA384`, RFC 5758 3.2.
    EcdsaSha384,
    /// `sha256WithRSAEncryption` (PKCS#1 v1.5), RFC 4055 5.
    RsaSha256,
    /// `sha384WithRSAEncryption` (PKCS#1 v1.5), RFC 4055 5.
    RsaSha384,
    /// `sha512WithRSAEncryption` (PKCS#1 v1.5), RFC 4055 5.
    RsaSha512,
    /// `id-Ed25519`, pure, RFC 8410 3.
    Ed25519,
    /// `id-ml-dsa-44`, pure, RFC 9881 2.
    MlDsa44,
    /// `id-ml-dsa-65`, pure, RFC 9881 2.
    MlDsa65,
    /// `id-ml-dsa-87`, pure, RFC 9881 2.
    MlDsa87,
}

impl SignatureAlgorithm {
    /// Every signature algorithm, in the order of the enum.
    pub const ALL: [Self; 9] = [
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The object identifier.
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::EcdsaSha256 => oid::ECDSA_WITH_SHA256,
            Self::EcdsaSha384 => oid::ECDSA_WITH_SHA384,
            Self::RsaSha256 => oid::SHA256_WITH_RSA,
            Self::RsaSha384 => oid::SHA384_WITH_RSA,
            Self::RsaSha512 => oid::SHA512_WITH_RSA,
            Self::Ed25519 => oid::ED25519,
            Self::MlDsa44 => oid::ML_DSA_44,
            Self::MlDsa65 => oid::ML_DSA_65,
            Self::MlDsa87 => oid::ML_DSA_87,
        }
    }

    /// The whole `AlgorithmIdentifier` in DER.
    ///
    /// Parameters are NULL for RSA (RFC 4055 5) and absent for ECDSA (RFC 5758 3.2), Ed25519 (RFC 8410 3) and
    /// ML-DSA (RFC 9881 2).
    #[must_use]
    pub fn der(self) -> &'static [u8] {
        match self {
            Self::EcdsaSha256 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
            Self::EcdsaSha384 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
            Self::RsaSha256 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
            Self::RsaSha384 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00",
            Self::RsaSha512 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00",
            Self::Ed25519 => b"\x30\x05\x06\x03\x2b\x65\x70",
            Self::MlDsa44 => b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11",
            Self::MlDsa65 => b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12",
            Self::MlDsa87 => b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x13",
        }
    }

    /// The digest the message is reduced to before it is signed; `None` where the algorithm signs the message
    /// itself (pure Ed25519 and ML-DSA).
    #[must_use]
    pub fn digest(self) -> Option<Digest> {
        match self {
            Self::EcdsaSha256 | Self::RsaSha256 => Some(Digest::Sha256),
            Self::EcdsaSha384 | Self::RsaSha384 => Some(Digest::Sha384),
            Self::RsaSha512 => Some(Digest::Sha512),
            Self::Ed25519 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => None,
        }
    }

    /// The algorithm of an `AlgorithmIdentifier` in DER; `None` when it is none of ours.
    ///
    /// Absent parameters are accepted for RSA, as RFC 4055 5 asks of those who verify.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.der() == der || a.der_without_null().is_some_and(|short| short == der))
    }

    fn der_without_null(self) -> Option<&'static [u8]> {
        match self {
            Self::RsaSha256 => Some(b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"),
            Self::RsaSha384 => Some(b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"),
            Self::RsaSha512 => Some(b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"),
            _ => None,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaSha256 => "ecdsa-with-SHA256",
            Self::EcdsaSha384 => "ecdsa-with-SHA384",
            Self::RsaSha256 => "sha256WithRSAEncryption",
            Self::RsaSha384 => "sha384WithRSAEncryption",
            Self::RsaSha512 => "sha512WithRSAEncryption",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use der::Decode;

    #[test]
    fn text_forms() {
        for a in KeyAlgorithm::ALL {
            assert_eq!(a.to_string().parse::<KeyAlgorithm>().unwrap(), a);
        }
        for (text, want) in [
            ("P-256", KeyAlgorithm::P256),
            ("ecdsa-p384", KeyAlgorithm::P384),
            ("RSA3072", KeyAlgorithm::Rsa3072),
            ("ML-DSA-65", KeyAlgorithm::MlDsa65),
        ] {
            assert_eq!(text.parse::<KeyAlgorithm>().unwrap(), want);
        }
        for text in ["", "rsa", "rsa-1024", "p521", "p2 56"] {
            assert!(text.parse::<KeyAlgorithm>().is_err(), "{text}");
        }
    }

    #[test]
    fn identifiers_are_der_of_their_oid() {
        for a in SignatureAlgorithm::ALL {
            let id = spki::AlgorithmIdentifierRef::from_der(a.der()).unwrap();
            assert_eq!(id.oid, a.oid());
            let rsa = matches!(
                a,
                SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::RsaSha384 | SignatureAlgorithm::RsaSha512
            );
            assert_eq!(id.parameters.is_some(), rsa);
            assert_eq!(SignatureAlgorithm::from_der(a.der()), Some(a));
        }
        assert_eq!(
            SignatureAlgorithm::from_der(b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"),
            Some(SignatureAlgorithm::RsaSha256)
        );
        assert_eq!(SignatureAlgorithm::from_der(b"\x30\x00"), None);
    }
}
