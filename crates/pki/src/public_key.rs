//! Subject public keys.
use crate::{Error, SignatureAlgorithm};
use std::sync::Arc;

/// A `SubjectPublicKeyInfo`. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PublicKey(Arc<[u8]>);

impl PublicKey {
    /// Parses a DER `SubjectPublicKeyInfo`.
    pub fn from_spki(der: &[u8]) -> Result<Self, Error> { Ok(Self(der.into())) }
    /// The DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] { &self.0 }
    /// The algorithm's OID, in dotted text.
    pub fn algorithm_oid(&self) -> String { String::new() }
    /// The DER of the algorithm's parameters.
    pub fn parameters(&self) -> Option<&[u8]> { None }
    /// Size of the key in bits.
    pub fn bits(&self) -> u32 { 0 }
    /// Contents of the BIT STRING.
    pub fn key_bytes(&self) -> &[u8] { &[] }
    /// SHA-1 of the key bytes.
    pub fn key_identifier(&self) -> [u8; 20] { [0; 20] }
    /// Refuses weak keys.
    pub fn quality(&self, _rules: &KeyRules) -> Result<(), Error> { Ok(()) }
    /// Verifies a signature under one of our algorithms.
    pub fn verify(&self, _algorithm: SignatureAlgorithm, _message: &[u8], _signature: &[u8]) -> Result<(), Error> { Err(Error::BadSignature) }
    /// Verifies a signature under any `AlgorithmIdentifier` we know (also P-521 and RSASSA-PSS).
    pub fn verify_der(&self, _algorithm: &[u8], _message: &[u8], _signature: &[u8]) -> Result<(), Error> { Err(Error::BadSignature) }
}

impl PartialEq for PublicKey { fn eq(&self, o: &Self) -> bool { self.spki() == o.spki() } }
impl Eq for PublicKey {}

/// What a subject's key must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRules {
    /// Smallest RSA modulus, in bits.
    pub rsa_bits_min: u32,
    /// Largest RSA modulus, in bits.
    pub rsa_bits_max: u32,
    /// Smallest RSA public exponent.
    pub rsa_exponent_min: u64,
    /// P-256 allowed.
    pub p256: bool,
    /// P-384 allowed.
    pub p384: bool,
    /// P-521 allowed.
    pub p521: bool,
    /// Ed25519 allowed.
    pub ed25519: bool,
    /// ML-DSA allowed.
    pub ml_dsa: bool,
}
impl Default for KeyRules {
    fn default() -> Self { Self { rsa_bits_min: 2048, rsa_bits_max: 8192, rsa_exponent_min: 65537, p256: true, p384: true, p521: true, ed25519: true, ml_dsa: true } }
}
