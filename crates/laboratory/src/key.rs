//! Throwaway keys: ECDSA on P-256, never written anywhere.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use pki::{PublicKey, SignatureAlgorithm};

use crate::Error;

/// How the laboratory signs (RFC 5758 3.2).
pub(crate) const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::EcdsaSha256;

/// A private key and its public half.
#[derive(Debug)]
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Key {
    pub(crate) fn generate() -> Result<Self, Error> {
        let failed = |_| Error::Machine("the machine has no randomness for a key".into());
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
        let public = PublicKey::from_spki(spki.as_ref())?;
        Ok(Self { pair, public })
    }

    pub(crate) const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// `Ecdsa-Sig-Value` over a message, DER.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::Machine("the machine has no randomness for a signature".into());
        Ok(self.pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec())
    }
}

/// Random octets for a serial number (RFC 5280 4.1.2.2).
pub(crate) fn serial() -> Result<pki::Serial, Error> {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| Error::Machine("the machine has no randomness".into()))?;
    Ok(pki::Serial::from_random(&octets)?)
}
