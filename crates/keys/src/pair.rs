//! Key pairs of the cryptographic library, one variant per way of signing.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm,
    RsaEncoding, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use pki::KeyAlgorithm;
use zeroize::Zeroizing;

use crate::Error;

/// A private key, parsed once. Signing takes `&self` and runs in parallel.
pub(crate) enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa { pair: RsaKeyPair, padding: &'static dyn RsaEncoding },
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

impl Pair {
    /// A new key.
    pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        let failed = |_| Error::Cryptography("key generation");
        Ok(match algorithm {
            KeyAlgorithm::P256 | KeyAlgorithm::P384 => {
                Self::Ecdsa(EcdsaKeyPair::generate(ecdsa(algorithm)).map_err(failed)?)
            }
            KeyAlgorithm::Rsa2048 => Self::rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?, algorithm),
            KeyAlgorithm::Rsa3072 => Self::rsa(RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?, algorithm),
            KeyAlgorithm::Rsa4096 => Self::rsa(RsaKeyPair::generate(KeySize::Rsa4096).map_err(failed)?, algorithm),
            KeyAlgorithm::Ed25519 => Self::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => {
                Self::MlDsa(PqdsaKeyPair::generate(ml_dsa(algorithm)).map_err(failed)?)
            }
        })
    }

    /// The key of an unencrypted PKCS#8 document that [`container::algorithm`](crate::container::algorithm) has read.
    ///
    /// The library checks that the private key belongs to the public key, where the document carries one.
    pub(crate) fn from_pkcs8(algorithm: KeyAlgorithm, pkcs8: &[u8]) -> Result<Self, Error> {
        let rejected = |e: aws_lc_rs::error::KeyRejected| Error::Refused(format!("{algorithm}: {e}"));
        Ok(match algorithm {
            KeyAlgorithm::P256 | KeyAlgorithm::P384 => {
                Self::Ecdsa(EcdsaKeyPair::from_pkcs8(ecdsa(algorithm), pkcs8).map_err(rejected)?)
            }
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
                Self::rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(rejected)?, algorithm)
            }
            KeyAlgorithm::Ed25519 => Self::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(rejected)?),
            KeyAlgorithm::MlDsa44 | KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => {
                Self::MlDsa(PqdsaKeyPair::from_pkcs8(ml_dsa(algorithm), pkcs8).map_err(rejected)?)
            }
        })
    }

    fn rsa(pair: RsaKeyPair, algorithm: KeyAlgorithm) -> Self {
        let padding: &'static dyn RsaEncoding = match algorithm {
            KeyAlgorithm::Rsa4096 => &signature::RSA_PKCS1_SHA384,
            _ => &signature::RSA_PKCS1_SHA256,
        };
        Self::Rsa { pair, padding }
    }

    /// PKCS#8 version 1, which more software reads than version 2 (RFC 5958 2).
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let failed = |_| Error::Cryptography("encoding the private key");
        let document = match self {
            Self::Ecdsa(pair) => pair.to_pkcs8v1().map_err(failed)?,
            Self::Ed25519(pair) => pair.to_pkcs8v1().map_err(failed)?,
            Self::MlDsa(pair) => pair.to_pkcs8v1().map_err(failed)?,
            Self::Rsa { pair, .. } => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                return Ok(Zeroizing::new(der.as_ref().to_vec()));
            }
        };
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// DER of the `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::Cryptography("encoding the public key");
        let der = match self {
            Self::Ecdsa(pair) => pair.public_key().as_der().map_err(failed)?,
            Self::Rsa { pair, .. } => pair.public_key().as_der().map_err(failed)?,
            Self::Ed25519(pair) => pair.public_key().as_der().map_err(failed)?,
            Self::MlDsa(pair) => pair.public_key().as_der().map_err(failed)?,
        };
        Ok(der.as_ref().to_vec())
    }

    /// The signature over `message`; for ECDSA an `Ecdsa-Sig-Value` in DER.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::Cryptography("signing");
        match self {
            Self::Ecdsa(pair) => Ok(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec()),
            Self::Rsa { pair, padding } => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Self::Ed25519(pair) => Ok(pair.try_sign(message).map_err(failed)?.as_ref().to_vec()),
            Self::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let len = pair.sign(message, &mut signature).map_err(failed)?;
                signature.truncate(len);
                Ok(signature)
            }
        }
    }

    /// The signature over a message of which this is the digest.
    pub(crate) fn sign_digest(&self, algorithm: KeyAlgorithm, digest: &[u8]) -> Result<Vec<u8>, Error> {
        let digest = import(algorithm, digest)?;
        let failed = |_| Error::Cryptography("signing");
        match self {
            Self::Ecdsa(pair) => Ok(pair.sign_digest(&digest).map_err(failed)?.as_ref().to_vec()),
            Self::Rsa { pair, padding } => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(*padding, &digest, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Self::Ed25519(_) | Self::MlDsa(_) => Err(no_digest(algorithm)),
        }
    }
}

fn import(algorithm: KeyAlgorithm, bytes: &[u8]) -> Result<Digest, Error> {
    let digest = match algorithm.signature().digest() {
        Some(pki::Digest::Sha256) => &digest::SHA256,
        Some(pki::Digest::Sha384) => &digest::SHA384,
        Some(pki::Digest::Sha512) => &digest::SHA512,
        None => return Err(no_digest(algorithm)),
    };
    Digest::import_less_safe(bytes, digest)
        .map_err(|_| Error::Unsupported(format!("a digest of {} bytes with {algorithm}", bytes.len())))
}

fn no_digest(algorithm: KeyAlgorithm) -> Error {
    Error::Unsupported(format!("{algorithm} signs the message itself, not its digest"))
}

/// Whether the signature over `message` verifies under a `SubjectPublicKeyInfo`.
pub(crate) fn verifies(algorithm: KeyAlgorithm, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let verification: &'static dyn VerificationAlgorithm = match algorithm {
        KeyAlgorithm::P256 => &signature::ECDSA_P256_SHA256_ASN1,
        KeyAlgorithm::P384 => &signature::ECDSA_P384_SHA384_ASN1,
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 => &signature::RSA_PKCS1_2048_8192_SHA256,
        KeyAlgorithm::Rsa4096 => &signature::RSA_PKCS1_2048_8192_SHA384,
        KeyAlgorithm::Ed25519 => &signature::ED25519,
        KeyAlgorithm::MlDsa44 => &signature::ML_DSA_44,
        KeyAlgorithm::MlDsa65 => &signature::ML_DSA_65,
        KeyAlgorithm::MlDsa87 => &signature::ML_DSA_87,
    };
    UnparsedPublicKey::new(verification, spki).verify(message, signature).is_ok()
}

fn ecdsa(algorithm: KeyAlgorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        KeyAlgorithm::P384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        _ => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}

fn ml_dsa(algorithm: KeyAlgorithm) -> &'static PqdsaSigningAlgorithm {
    match algorithm {
        KeyAlgorithm::MlDsa44 => &signature::ML_DSA_44_SIGNING,
        KeyAlgorithm::MlDsa65 => &signature::ML_DSA_65_SIGNING,
        _ => &signature::ML_DSA_87_SIGNING,
    }
}
