//! What kind of key a `SubjectPublicKeyInfo` holds.

use const_oid::ObjectIdentifier;
use der::Decode;

use super::rsa::RsaPublicKey;
use crate::{Error, oid};

const WHAT: &str = "public key";

/// The key algorithms that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa { modulus_bits: u32 },
    Ec(Curve),
    Ed25519,
    MlDsa(MlDsa),
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MlDsa {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl Curve {
    pub(crate) fn bits(self) -> u32 {
        match self {
            Self::P256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }
}

impl MlDsa {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        }
    }

    /// FIPS 204 table 2.
    fn public_key_bytes(self) -> usize {
        match self {
            Self::MlDsa44 => 1312,
            Self::MlDsa65 => 1952,
            Self::MlDsa87 => 2592,
        }
    }
}

impl KeyKind {
    /// The kind of a key, whose form is checked if it is one that is understood.
    pub(super) fn of(algorithm: &ObjectIdentifier, parameters: Option<&[u8]>, key: &[u8]) -> Result<Self, Error> {
        match *algorithm {
            oid::RSA_ENCRYPTION => {
                // RFC 3279 2.3.1 wants NULL.
                if parameters != Some(&[0x05, 0x00]) {
                    return Err(Error::malformed(WHAT, "parameters of an RSA key are not NULL"));
                }
                rsa(key)
            }
            oid::RSASSA_PSS => rsa(key),
            oid::EC_PUBLIC_KEY => ec(parameters, key),
            oid::ED25519 => {
                absent(parameters, "Ed25519")?;
                length(key, 32, "Ed25519")?;
                Ok(Self::Ed25519)
            }
            oid::ML_DSA_44 => ml_dsa(MlDsa::MlDsa44, parameters, key),
            oid::ML_DSA_65 => ml_dsa(MlDsa::MlDsa65, parameters, key),
            oid::ML_DSA_87 => ml_dsa(MlDsa::MlDsa87, parameters, key),
            _ => Ok(Self::Other),
        }
    }
}

fn rsa(key: &[u8]) -> Result<KeyKind, Error> {
    let modulus_bits = RsaPublicKey::from_der(key)?.modulus_bits();
    Ok(KeyKind::Rsa { modulus_bits })
}

/// RFC 5480 2.1.1: parameters are a named curve. Other curves, and curves spelled out, are left to the key rules.
fn ec(parameters: Option<&[u8]>, key: &[u8]) -> Result<KeyKind, Error> {
    let parameters = parameters.ok_or_else(|| Error::malformed(WHAT, "elliptic curve key without a curve"))?;
    let curve = match ObjectIdentifier::from_der(parameters) {
        Ok(oid::P256) => Curve::P256,
        Ok(oid::P384) => Curve::P384,
        Ok(oid::P521) => Curve::P521,
        _ => return Ok(KeyKind::Other),
    };
    let coordinate = curve.bits().div_ceil(8) as usize;
    match key {
        [0x04, point @ ..] if point.len() == 2 * coordinate => Ok(KeyKind::Ec(curve)),
        [0x02 | 0x03, x @ ..] if x.len() == coordinate => {
            Err(Error::Unsupported("compressed point of an elliptic curve key".into()))
        }
        _ => Err(Error::malformed(WHAT, format!("not an uncompressed point of {}", curve.name()))),
    }
}

/// RFC 9881 4: parameters are absent.
fn ml_dsa(kind: MlDsa, parameters: Option<&[u8]>, key: &[u8]) -> Result<KeyKind, Error> {
    absent(parameters, kind.name())?;
    length(key, kind.public_key_bytes(), kind.name())?;
    Ok(KeyKind::MlDsa(kind))
}

fn absent(parameters: Option<&[u8]>, name: &str) -> Result<(), Error> {
    match parameters {
        None => Ok(()),
        Some(_) => Err(Error::malformed(WHAT, format!("parameters of an {name} key are not absent"))),
    }
}

fn length(key: &[u8], want: usize, name: &str) -> Result<(), Error> {
    if key.len() == want {
        return Ok(());
    }
    Err(Error::malformed(WHAT, format!("{name} key of {} octets, want {want}", key.len())))
}
