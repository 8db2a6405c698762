//! Certificates.
use crate::*;
use jiff::Timestamp;

/// What is signed of a certificate, RFC 5280 4.1.2.
#[derive(Debug, Clone)]
pub struct TbsCertificate {
    /// serialNumber.
    pub serial: Serial,
    /// signature.
    pub signature: SignatureAlgorithm,
    /// issuer.
    pub issuer: Name,
    /// notBefore.
    pub not_before: Timestamp,
    /// notAfter.
    pub not_after: Timestamp,
    /// subject.
    pub subject: Name,
    /// subjectPublicKeyInfo.
    pub public_key: PublicKey,
    /// extensions, in the order they are encoded.
    pub extensions: Vec<Extension>,
}
impl TbsCertificate {
    /// The DER that is to be signed.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> { Err(Error::Unsupported("tbs".into())) }
}
/// Puts the signed bytes, the algorithm and the signature together: a Certificate, CertificateList or CertificationRequest.
#[must_use]
pub fn assemble(_tbs: &[u8], _algorithm: SignatureAlgorithm, _signature: &[u8]) -> Vec<u8> { Vec::new() }

/// A parsed certificate. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Certificate { der: Vec<u8>, serial: Serial, name: Name, key: PublicKey, extensions: Vec<Extension> }
impl Certificate {
    /// Parses strict DER.
    pub fn from_der(_der: &[u8]) -> Result<Self, Error> { Err(Error::Unsupported("certificate".into())) }
    /// Parses PEM, bare base64 or DER.
    pub fn decode(_bytes: &[u8]) -> Result<Self, Error> { Err(Error::Unsupported("certificate".into())) }
    /// The DER.
    pub fn der(&self) -> &[u8] { &self.der }
    /// PEM text.
    pub fn to_pem(&self) -> String { String::new() }
    /// The signed part, in DER.
    pub fn tbs(&self) -> &[u8] { &self.der }
    /// serialNumber.
    pub fn serial(&self) -> Serial { self.serial }
    /// issuer.
    pub fn issuer(&self) -> &Name { &self.name }
    /// subject.
    pub fn subject(&self) -> &Name { &self.name }
    /// notBefore.
    pub fn not_before(&self) -> Timestamp { Timestamp::UNIX_EPOCH }
    /// notAfter.
    pub fn not_after(&self) -> Timestamp { Timestamp::UNIX_EPOCH }
    /// subjectPublicKeyInfo.
    pub fn public_key(&self) -> &PublicKey { &self.key }
    /// extensions.
    pub fn extensions(&self) -> &[Extension] { &self.extensions }
    /// One extension.
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&Extension> { self.extensions.iter().find(|e| e.oid == *oid) }
    /// Names of the subject alternative name extension; empty without one.
    pub fn subject_alt_names(&self) -> Result<Vec<GeneralName>, Error> { Ok(Vec::new()) }
    /// Basic constraints with cA TRUE.
    pub fn is_ca(&self) -> bool { false }
    /// pathLenConstraint.
    pub fn path_len(&self) -> Option<u32> { None }
    /// Key usage; `None` without the extension.
    pub fn key_usage(&self) -> Option<KeyUsage> { None }
    /// Extended key usages; empty without the extension.
    pub fn extended_key_usage(&self) -> Result<Vec<ObjectIdentifier>, Error> { Ok(Vec::new()) }
    /// subjectKeyIdentifier, as in the extension.
    pub fn subject_key_identifier(&self) -> Option<Vec<u8>> { None }
    /// keyIdentifier of the authority key identifier.
    pub fn authority_key_identifier(&self) -> Option<Vec<u8>> { None }
    /// Whether issuer and subject are the same name.
    pub fn is_self_issued(&self) -> bool { false }
    /// SHA-1 of the DER.
    pub fn sha1(&self) -> [u8; 20] { [0; 20] }
    /// SHA-256 of the DER.
    pub fn sha256(&self) -> [u8; 32] { [0; 32] }
    /// DER of the signature AlgorithmIdentifier.
    pub fn signature_algorithm(&self) -> &[u8] { &[] }
    /// The signature.
    pub fn signature(&self) -> &[u8] { &[] }
    /// Verifies the signature under the issuer's key.
    pub fn verify(&self, _issuer_key: &PublicKey) -> Result<(), Error> { Err(Error::BadSignature) }
}
