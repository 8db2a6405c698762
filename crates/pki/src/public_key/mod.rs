//! Subject public keys: parse, measure, judge, verify with.

mod kind;
mod quality;
mod rsa;
mod verify;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use const_oid::ObjectIdentifier;
use der::{Decode, Reader};

use crate::{Error, SignatureAlgorithm, limits, read, sha1};

pub(crate) use kind::KeyKind;
pub use quality::KeyRules;

/// A `SubjectPublicKeyInfo`: its DER, checked. Cheap to clone.
///
/// The first signature verified under it keeps the parsed key, so that further ones with the same algorithm are
/// cheaper; clones share it.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    spki: Vec<u8>,
    algorithm: Range<usize>,
    parameters: Option<Range<usize>>,
    key: Range<usize>,
    oid: ObjectIdentifier,
    kind: KeyKind,
    parsed: OnceLock<verify::ParsedKey>,
}

impl PublicKey {
    /// Parses a DER `SubjectPublicKeyInfo` (RFC 5280 4.1.2.7).
    ///
    /// A key of an algorithm we know must have that algorithm's form: an `RSAPublicKey` with positive numbers, a
    /// point of the curve's length, the fixed length of Ed25519 and ML-DSA, and parameters as the algorithm wants
    /// them. Keys of other algorithms are kept as they are; [`quality`](Self::quality) refuses them.
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::Limit`] above [`limits::SPKI_BYTES_MAX`].
    pub fn from_spki(der: &[u8]) -> Result<Self, Error> {
        if der.len() > limits::SPKI_BYTES_MAX {
            return Err(Error::Limit { what: "bytes of a public key", max: limits::SPKI_BYTES_MAX });
        }
        let (algorithm, oid, parameters, key) = read::sequence("public key", der, |r| {
            let start = read::position(r);
            let (oid, parameters) = r.sequence(|r| {
                let oid = ObjectIdentifier::decode(r)?;
                let start = read::position(r);
                let parameters = if r.is_finished() {
                    None
                } else {
                    r.tlv_bytes()?;
                    Some(start..read::position(r))
                };
                Ok::<_, Error>((oid, parameters))
            })?;
            let algorithm = start..read::position(r);
            let key_len = read::octet_aligned_bits(r)?.len();
            let end = read::position(r);
            Ok((algorithm, oid, parameters, end - key_len..end))
        })?;
        let piece = |range: &Range<usize>| der.get(range.clone());
        let kind = KeyKind::of(&oid, parameters.as_ref().and_then(piece), piece(&key).unwrap_or_default())?;
        Ok(Self(Arc::new(Inner { spki: der.to_vec(), algorithm, parameters, key, oid, kind, parsed: OnceLock::new() })))
    }

    /// The DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// The algorithm's OID, in dotted text.
    #[must_use]
    pub fn algorithm_oid(&self) -> String {
        self.0.oid.to_string()
    }

    /// The DER of the algorithm's parameters.
    #[must_use]
    pub fn parameters(&self) -> Option<&[u8]> {
        self.0.spki.get(self.0.parameters.clone()?)
    }

    /// The DER of the `AlgorithmIdentifier`.
    #[must_use]
    pub fn algorithm(&self) -> &[u8] {
        self.0.spki.get(self.0.algorithm.clone()).unwrap_or_default()
    }

    /// Size of the key in bits: the modulus for RSA, the field for elliptic curves, 256 for Ed25519, and for ML-DSA
    /// and any other algorithm the length of the public key.
    #[must_use]
    pub fn bits(&self) -> u32 {
        match &self.0.kind {
            KeyKind::Rsa { modulus_bits } => *modulus_bits,
            KeyKind::Ec(curve) => curve.bits(),
            KeyKind::Ed25519 => 256,
            KeyKind::MlDsa(_) | KeyKind::Other => 8 * self.key_bytes().len() as u32,
        }
    }

    /// The contents of the BIT STRING `subjectPublicKey`.
    #[must_use]
    pub fn key_bytes(&self) -> &[u8] {
        self.0.spki.get(self.0.key.clone()).unwrap_or_default()
    }

    /// SHA-1 of [`key_bytes`](Self::key_bytes): the key identifier of RFC 5280 4.2.1.2, method 1.
    #[must_use]
    pub fn key_identifier(&self) -> [u8; 20] {
        sha1(self.key_bytes())
    }

    /// Refuses a key that must not be certified.
    ///
    /// Checked are the algorithm and size against `rules`; for RSA also an even modulus or one with a small factor,
    /// the exponent, primes that lie close together, and the fingerprint of the generator behind CVE-2017-15361; for
    /// elliptic curves that the point is on the curve and not at infinity; for Ed25519 that the point is not of
    /// small order.
    ///
    /// # Errors
    /// [`Error::Weak`], [`Error::Unsupported`], [`Error::Malformed`].
    pub fn quality(&self, rules: &KeyRules) -> Result<(), Error> {
        quality::check(self, rules)
    }

    /// Verifies `signature` over `message` under one of our signature algorithms.
    ///
    /// # Errors
    /// [`Error::BadSignature`] when it does not verify or the algorithm does not go with the key; [`Error::Weak`]
    /// for an RSA key below 2048 bits; [`Error::Unsupported`].
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.verify_der(algorithm.der(), message, signature)
    }

    /// Verifies `signature` over `message` under the algorithm of a DER `AlgorithmIdentifier`.
    ///
    /// Known are ECDSA with SHA-256, SHA-384 and SHA-512 on P-256, P-384 and P-521, RSA PKCS#1 v1.5 and RSASSA-PSS
    /// with the same digests and 2048 to 8192 bits, Ed25519 and ML-DSA.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`Error::Weak`] also for MD5 and SHA-1.
    pub fn verify_der(&self, algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Error> {
        verify::verify(self, algorithm, message, signature)
    }

    /// Verifies `signature` over a message of which `digest` is the digest that `algorithm` reduces it to
    /// ([`SignatureAlgorithm::digest`]): for messages too long to hold, such as large CRLs.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`Error::BadSignature`] also when the digest has another length, and
    /// [`Error::Unsupported`] for algorithms that sign the message itself (Ed25519, ML-DSA).
    pub fn verify_digest(&self, algorithm: SignatureAlgorithm, digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        verify::verify_digest(self, algorithm, digest, signature)
    }

    /// A name for people: `RSA 2048`, `P-256`, `Ed25519`, `ML-DSA-65`, or the OID.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.0.kind {
            KeyKind::Rsa { modulus_bits } => format!("RSA {modulus_bits}"),
            KeyKind::Ec(curve) => curve.name().to_owned(),
            KeyKind::Ed25519 => "Ed25519".to_owned(),
            KeyKind::MlDsa(strength) => strength.name().to_owned(),
            KeyKind::Other => self.algorithm_oid(),
        }
    }

    pub(crate) fn kind(&self) -> &KeyKind {
        &self.0.kind
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki() == other.spki()
    }
}

impl Eq for PublicKey {}

impl std::hash::Hash for PublicKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.spki().hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.describe())
    }
}
