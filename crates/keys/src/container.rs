//! PKCS#8 in PEM: `EncryptedPrivateKeyInfo` (RFC 5958 3) under PBES2 (RFC 8018 6.2).

use aws_lc_rs::rand;
use pkcs8::der::asn1::{ObjectIdentifier, UintRef};
use pkcs8::der::{self, Decode, SecretDocument, pem::PemLabel};
use pkcs8::pkcs5::{self, EncryptionScheme, pbes2};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};
use pki::{KeyAlgorithm, oid};
use zeroize::Zeroizing;

use crate::{Error, Passphrase};

/// Rounds of PBKDF2-HMAC-SHA-256 for keys written here.
pub(crate) const PBKDF2_ROUNDS: u32 = 600_000;
/// Rounds for a passphrase that nobody guesses: the least that RFC 8018 4.2 names.
pub(crate) const PBKDF2_ROUNDS_MIN: u32 = 1_000;
/// Most rounds accepted of a key written elsewhere: some seconds.
const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;
/// Most memory scrypt may ask for, in bytes.
const SCRYPT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most repetitions scrypt may ask for.
const SCRYPT_PARALLELIZATION_MAX: u16 = 16;

/// What a caller accepts of a key file.
#[derive(Clone, Copy)]
pub(crate) enum Opening<'a> {
    /// An encrypted key only.
    Encrypted(&'a Passphrase),
    /// A key that is not encrypted, only.
    Unencrypted,
}

/// Encrypts an unencrypted PKCS#8 document: PEM with the label `ENCRYPTED PRIVATE KEY`.
pub(crate) fn seal(pkcs8: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<String>, Error> {
    seal_with(pkcs8, passphrase, passphrase.rounds())
}

fn seal_with(pkcs8: &[u8], passphrase: &Passphrase, rounds: u32) -> Result<Zeroizing<String>, Error> {
    let mut salt = [0; 16];
    let mut iv = [0; 16];
    rand::fill(&mut salt).and_then(|()| rand::fill(&mut iv)).map_err(|_| Error::Cryptography("random generation"))?;
    let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(malformed)?;
    pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &salt, iv)
        .map_err(pkcs8::Error::from)
        .and_then(|parameters| info.encrypt_with_params(parameters, passphrase.as_bytes()))
        .and_then(|sealed| Ok(sealed.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)?))
        .map_err(|_| Error::Cryptography("encrypting the private key"))
}

/// The unencrypted PKCS#8 document in a PEM file.
///
/// # Errors
/// [`Error::WrongPassphrase`], [`Error::Unencrypted`], [`Error::Malformed`], [`Error::Unsupported`].
pub(crate) fn open(file: &[u8], opening: Opening<'_>) -> Result<SecretDocument, Error> {
    let text = str::from_utf8(file).map_err(|_| Error::Malformed("not PEM text".into()))?;
    let label = der::pem::decode_label(text.as_bytes()).map_err(|e| Error::Malformed(format!("not PEM: {e}")))?;
    let encrypted = match label {
        "ENCRYPTED PRIVATE KEY" => true,
        "PRIVATE KEY" => false,
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "EC PARAMETERS" | "DSA PRIVATE KEY" => {
            return Err(Error::Unsupported(format!(
                "a key in the old form {label:?}; convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc"
            )));
        }
        other => return Err(Error::Malformed(format!("PEM of a {other:?}, not of a private key"))),
    };
    match (encrypted, opening) {
        (true, Opening::Encrypted(passphrase)) => decrypt(document(text)?.as_bytes(), passphrase),
        (false, Opening::Unencrypted) => document(text),
        (false, Opening::Encrypted(_)) => Err(Error::Unencrypted),
        (true, Opening::Unencrypted) => {
            Err(Error::Passphrase("the key is encrypted, and was opened without one".into()))
        }
    }
}

fn document(text: &str) -> Result<SecretDocument, Error> {
    let (_, document) = SecretDocument::from_pem(text).map_err(malformed)?;
    Ok(document)
}

fn decrypt(der: &[u8], passphrase: &Passphrase) -> Result<SecretDocument, Error> {
    let sealed = EncryptedPrivateKeyInfoRef::from_der(der).map_err(malformed)?;
    affordable(&sealed.encryption_algorithm)?;
    let opened = sealed.decrypt(passphrase.as_bytes()).map_err(|e| match e {
        // One wrong passphrase in 256 leaves padding that looks right, and then what is under it is no DER.
        pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => {
            Error::WrongPassphrase
        }
        pkcs8::Error::EncryptedPrivateKey(other) => Error::Unsupported(format!("encryption of the key: {other}")),
        other => Error::Malformed(other.to_string()),
    })?;
    PrivateKeyInfoRef::from_der(opened.as_bytes()).map_err(|_| Error::WrongPassphrase)?;
    Ok(opened)
}

/// Refuses parameters that would take the process's time or memory, or that no one means.
fn affordable(scheme: &EncryptionScheme) -> Result<(), Error> {
    let parameters =
        scheme.pbes2().ok_or_else(|| Error::Unsupported("PBES1 encryption of the key; use PBES2".into()))?;
    let fits = match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) => (1..=PBKDF2_ROUNDS_MAX).contains(&kdf.iteration_count),
        pbes2::Kdf::Scrypt(kdf) => {
            let bytes = kdf.cost_parameter.checked_mul(128 * u64::from(kdf.block_size));
            kdf.cost_parameter > 1
                && kdf.cost_parameter.is_power_of_two()
                && kdf.block_size > 0
                && bytes.is_some_and(|b| b <= SCRYPT_BYTES_MAX)
                && (1..=SCRYPT_PARALLELIZATION_MAX).contains(&kdf.parallelization)
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(Error::Unsupported("the cost parameters of the key's encryption".into())) }
}

/// Which of our algorithms the key of an unencrypted PKCS#8 document is for.
///
/// # Errors
/// [`Error::Malformed`] when it is not strict DER; [`Error::Unsupported`].
pub(crate) fn algorithm(pkcs8: &[u8]) -> Result<KeyAlgorithm, Error> {
    let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(malformed)?;
    match info.algorithm.oid {
        oid::RSA_ENCRYPTION => rsa_size(info.private_key.as_bytes()),
        oid::EC_PUBLIC_KEY => {
            let curve: Option<ObjectIdentifier> = info.algorithm.parameters.and_then(|p| p.decode_as().ok());
            match curve {
                Some(oid::P256) => Ok(KeyAlgorithm::P256),
                Some(oid::P384) => Ok(KeyAlgorithm::P384),
                Some(other) => Err(Error::Unsupported(format!("a key on the curve {other}"))),
                None => Err(Error::Unsupported("an EC key without a named curve".into())),
            }
        }
        oid::ED25519 => Ok(KeyAlgorithm::Ed25519),
        oid::ML_DSA_44 => Ok(KeyAlgorithm::MlDsa44),
        oid::ML_DSA_65 => Ok(KeyAlgorithm::MlDsa65),
        oid::ML_DSA_87 => Ok(KeyAlgorithm::MlDsa87),
        other => Err(Error::Unsupported(format!("a key of the algorithm {other}"))),
    }
}

/// An `RSAPrivateKey` (RFC 8017 A.1.2) of two primes is a sequence of integers; the modulus is the second.
fn rsa_size(der: &[u8]) -> Result<KeyAlgorithm, Error> {
    let integers = Vec::<UintRef<'_>>::from_der(der).map_err(malformed)?;
    let modulus = integers.get(1).map(UintRef::as_bytes).unwrap_or_default();
    let zeros = modulus.first().map_or(0, |top| top.leading_zeros() as usize);
    match modulus.len() * 8 - zeros {
        2048 => Ok(KeyAlgorithm::Rsa2048),
        3072 => Ok(KeyAlgorithm::Rsa3072),
        4096 => Ok(KeyAlgorithm::Rsa4096),
        bits => Err(Error::Unsupported(format!("an RSA key of {bits} bits; want 2048, 3072 or 4096"))),
    }
}

fn malformed(e: impl ToString) -> Error {
    Error::Malformed(e.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use proptest::prelude::*;

    use super::*;
    use crate::{KeyMaterial, generate};

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.into())).unwrap()
    }

    fn sealed(rounds: u32) -> Zeroizing<String> {
        seal_with(&generate(KeyAlgorithm::P256).unwrap().to_pkcs8().unwrap(), &passphrase("right"), rounds).unwrap()
    }

    #[test]
    fn own_parameters() {
        let text = sealed(PBKDF2_ROUNDS);
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let der = document(&text).unwrap();
        let info = EncryptedPrivateKeyInfoRef::from_der(der.as_bytes()).unwrap();
        let scheme = info.encryption_algorithm.pbes2().unwrap();
        let kdf = scheme.kdf.pbkdf2().unwrap();
        assert_eq!((kdf.iteration_count, kdf.prf), (600_000, pbes2::Pbkdf2Prf::HmacWithSha256));
        assert!(matches!(scheme.encryption, pbes2::EncryptionScheme::Aes256Cbc { .. }));
    }

    /// Enough wrong passphrases that some leave valid padding.
    #[test]
    fn every_wrong_passphrase_is_called_so() {
        let text = sealed(1);
        for i in 0..3000 {
            let wrong = passphrase(&format!("wrong {i}"));
            assert!(matches!(open(text.as_bytes(), Opening::Encrypted(&wrong)), Err(Error::WrongPassphrase)));
        }
        assert!(open(text.as_bytes(), Opening::Encrypted(&passphrase("right"))).is_ok());
    }

    #[test]
    fn costs_are_limited() {
        let (salt, iv) = ([1; 16], [2; 16]);
        let pbkdf2 =
            |rounds| pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &salt, iv).map(EncryptionScheme::from);
        for (rounds, ok) in [(0, false), (1, true), (10_000_000, true), (10_000_001, false)] {
            assert_eq!(affordable(&pbkdf2(rounds).unwrap()).is_ok(), ok, "{rounds}");
        }
        for (cost_parameter, block_size, parallelization, ok) in [
            (1 << 14, 8, 1, true),
            (1 << 18, 8, 1, true),
            (1 << 19, 8, 1, false),
            (0, 8, 1, false),
            (1, 8, 1, false),
            (3, 8, 1, false),
            (u64::MAX, 8, 1, false),
            (1 << 63, u16::MAX, 1, false),
            (1 << 14, 0, 1, false),
            (1 << 14, 8, 0, false),
            (1 << 14, 8, 17, false),
        ] {
            let kdf = pbes2::ScryptParams {
                salt: pbes2::Salt::new(salt).unwrap(),
                cost_parameter,
                block_size,
                parallelization,
                key_length: None,
            };
            let scheme = EncryptionScheme::Pbes2(pbes2::Parameters {
                kdf: kdf.into(),
                encryption: pbes2::EncryptionScheme::Aes256Cbc { iv },
            });
            assert_eq!(affordable(&scheme).is_ok(), ok, "{cost_parameter} {block_size} {parallelization}");
        }
    }

    #[test]
    fn truncated() {
        let text = sealed(1);
        let right = passphrase("right");
        for len in 0..text.len() - 1 {
            let e = open(&text.as_bytes()[..len], Opening::Encrypted(&right)).err();
            assert!(matches!(e, Some(Error::Malformed(_))), "{len}: {e:?}");
        }
        let pkcs8 = generate(KeyAlgorithm::Rsa2048).unwrap().to_pkcs8().unwrap();
        for len in 0..pkcs8.len() {
            assert!(KeyMaterial::from_pkcs8(&pkcs8[..len]).is_err(), "{len}");
        }
        let mut longer = pkcs8.to_vec();
        longer.push(0);
        assert!(matches!(KeyMaterial::from_pkcs8(&longer), Err(Error::Malformed(_))));
    }

    #[test]
    fn other_pem() {
        let right = passphrase("right");
        let pem = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        for (label, want) in [
            ("CERTIFICATE", "malformed private key: PEM of a \"CERTIFICATE\", not of a private key"),
            ("PRIVATE KEY", "the key is not encrypted; encrypt it with: openssl pkcs8 -topk8 -v2 aes-256-cbc"),
            (
                "RSA PRIVATE KEY",
                "unsupported: a key in the old form \"RSA PRIVATE KEY\"; \
                 convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc",
            ),
        ] {
            let e = open(pem(label).as_bytes(), Opening::Encrypted(&right)).unwrap_err();
            assert_eq!(e.to_string(), want);
        }
        let e = open(sealed(1).as_bytes(), Opening::Unencrypted).unwrap_err();
        assert!(matches!(e, Error::Passphrase(_)), "{e}");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let right = passphrase("right");
            prop_assert!(open(&bytes, Opening::Encrypted(&right)).is_err());
            prop_assert!(open(&bytes, Opening::Unencrypted).is_err());
            prop_assert!(KeyMaterial::from_pkcs8(&bytes).is_err());
            let mut text = Zeroizing::new(String::new());
            if let Ok(document) = SecretDocument::try_from(bytes) {
                text = document.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap();
            }
            prop_assert!(open(text.as_bytes(), Opening::Encrypted(&right)).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn damage_never_panics(
            which in 0..KeyAlgorithm::ALL.len(),
            at in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
        ) {
            static KEYS: std::sync::LazyLock<Vec<(Zeroizing<Vec<u8>>, SecretDocument)>> =
                std::sync::LazyLock::new(|| KeyAlgorithm::ALL.iter().map(|a| {
                    let plain = generate(*a).unwrap().to_pkcs8().unwrap();
                    let text = seal_with(&plain, &passphrase("right"), 1).unwrap();
                    (plain, document(&text).unwrap())
                }).collect());
            let (plain, sealed) = &KEYS[which];
            let mut bytes = plain.to_vec();
            let index = at.index(bytes.len());
            bytes[index] = byte;
            if let Ok(key) = KeyMaterial::from_pkcs8(&bytes) {
                // What survives damage has passed its self-test, so it signs.
                prop_assert!(engine::Signer::sign(&key, b"message").is_ok());
            }
            let mut bytes = sealed.to_bytes();
            // The first octets hold the parameters, where damage does the most.
            let index = at.index(bytes.len().min(110));
            bytes[index] = byte;
            if let Ok(damaged) = SecretDocument::try_from(bytes.to_vec()) {
                let text = damaged.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap();
                let _outcome = open(text.as_bytes(), Opening::Encrypted(&passphrase("right")));
            }
        }
    }
}
