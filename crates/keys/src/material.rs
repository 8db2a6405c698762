//! A private key in memory.

use std::fmt;

use engine::{Signer, SignerError};
use pki::{KeyAlgorithm, KeyRules, PublicKey, SignatureAlgorithm};
use zeroize::Zeroizing;

use crate::pair::{self, Pair};
use crate::{Error, container};

/// A private key in memory, parsed and tested, ready to sign.
///
/// `Debug` shows the algorithm only. The cryptographic library wipes the key when it is dropped.
pub struct KeyMaterial {
    algorithm: KeyAlgorithm,
    pair: Pair,
    public_key: PublicKey,
}

/// A new key from the system's random generator. Its pairwise consistency has been tested.
///
/// # Errors
/// [`Error::Cryptography`], [`Error::SelfTest`].
pub fn generate(algorithm: KeyAlgorithm) -> Result<KeyMaterial, Error> {
    KeyMaterial::checked(algorithm, Pair::generate(algorithm)?)
}

impl KeyMaterial {
    /// The key of an unencrypted PKCS#8 document in DER, version 1 or 2 (RFC 5958; RFC 5915, RFC 8017, RFC 8410 and
    /// RFC 9881 for what is inside). Its pairwise consistency has been tested.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not strict DER, [`Error::Unsupported`] when it is no key of a
    /// [`KeyAlgorithm`], [`Error::Refused`] when the key is weak or its parts do not fit, [`Error::SelfTest`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let algorithm = container::algorithm(der)?;
        Self::checked(algorithm, Pair::from_pkcs8(algorithm, der)?)
    }

    /// The key as an unencrypted PKCS#8 document in DER, version 1. ML-DSA keys are written as their seed.
    ///
    /// # Errors
    /// [`Error::Cryptography`]; also for an ML-DSA key that was read without a seed.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.pair.to_pkcs8()
    }

    /// What kind of key this is.
    #[must_use]
    pub fn key_algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn checked(algorithm: KeyAlgorithm, pair: Pair) -> Result<Self, Error> {
        let refused = |e: pki::Error| Error::Refused(e.to_string());
        let public_key = PublicKey::from_spki(&pair.spki()?).map_err(refused)?;
        public_key.quality(&KeyRules::default()).map_err(refused)?;
        let key = Self { algorithm, pair, public_key };
        key.self_test()?;
        Ok(key)
    }

    /// Signs a fixed text and verifies the signature under the public half.
    fn self_test(&self) -> Result<(), Error> {
        const TEXT: &[u8] = b"pairwise consistency test";
        let signature = self.pair.sign(TEXT)?;
        if pair::verifies(self.algorithm, self.public_key.spki(), TEXT, &signature) {
            Ok(())
        } else {
            Err(Error::SelfTest(self.algorithm))
        }
    }
}

impl Signer for KeyMaterial {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm.signature()
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.pair.sign(message).map_err(failed)
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.pair.sign_digest(self.algorithm, digest).map_err(failed)
    }
}

fn failed(e: Error) -> SignerError {
    SignerError::Failed(e.to_string())
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMaterial").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use aws_lc_rs::digest;

    use super::*;

    fn verifies(key: &KeyMaterial, message: &[u8], signature: &[u8]) -> bool {
        pair::verifies(key.algorithm, key.public_key().spki(), message, signature)
    }

    #[test]
    fn every_algorithm() {
        for algorithm in KeyAlgorithm::ALL {
            let key = generate(algorithm).unwrap();
            assert_eq!(key.key_algorithm(), algorithm);
            assert_eq!(Signer::algorithm(&key), algorithm.signature());
            let again = KeyMaterial::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(again.key_algorithm(), algorithm);
            assert_eq!(again.public_key().spki(), key.public_key().spki());
            for message in [&b""[..], b"message", &[7; 100_000]] {
                let signature = again.sign(message).unwrap();
                assert!(verifies(&key, message, &signature), "{algorithm}");
                assert!(!verifies(&key, b"other", &signature), "{algorithm}");
            }
            assert!(!verifies(&generate(algorithm).unwrap(), b"message", &key.sign(b"message").unwrap()));
            assert_eq!(format!("{key:?}"), format!("KeyMaterial {{ algorithm: {algorithm:?}, .. }}"));
        }
    }

    #[test]
    fn digests() {
        for algorithm in KeyAlgorithm::ALL {
            let key = generate(algorithm).unwrap();
            let digest = match key.algorithm.signature().digest() {
                Some(pki::Digest::Sha256) => digest::digest(&digest::SHA256, b"message"),
                Some(pki::Digest::Sha384) => digest::digest(&digest::SHA384, b"message"),
                Some(pki::Digest::Sha512) => digest::digest(&digest::SHA512, b"message"),
                None => {
                    let e = key.sign_digest(&[0; 32]).unwrap_err();
                    assert!(e.to_string().contains("signs the message itself"), "{e}");
                    continue;
                }
            };
            assert!(verifies(&key, b"message", &key.sign_digest(digest.as_ref()).unwrap()), "{algorithm}");
            for len in [0, 20, 31, 33, 47, 49, 64] {
                assert!(key.sign_digest(&vec![1; len]).is_err(), "{algorithm} {len}");
            }
        }
    }

    #[test]
    fn signs_from_many_threads() {
        for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519, KeyAlgorithm::MlDsa44] {
            let key = generate(algorithm).unwrap();
            std::thread::scope(|scope| {
                for thread in 0..8_u8 {
                    let key = &key;
                    scope.spawn(move || {
                        for i in 0..50_u8 {
                            let message = [thread, i];
                            assert!(verifies(key, &message, &key.sign(&message).unwrap()), "{algorithm}");
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn halves_that_do_not_fit() {
        let one = generate(KeyAlgorithm::P256).unwrap();
        let other = generate(KeyAlgorithm::P256).unwrap();
        let mut mixed = one.to_pkcs8().unwrap().to_vec();
        // The public point is the last 64 octets of the ECPrivateKey.
        let at = mixed.len() - 64;
        mixed[at..].copy_from_slice(&other.to_pkcs8().unwrap()[at..]);
        assert!(matches!(KeyMaterial::from_pkcs8(&mixed), Err(Error::Refused(_))));
        // And where the library is not asked, the self-test finds it.
        let mixed = KeyMaterial { public_key: other.public_key.clone(), ..one };
        assert!(matches!(mixed.self_test(), Err(Error::SelfTest(KeyAlgorithm::P256))));
    }
}
