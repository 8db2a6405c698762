//! PKCS#10 certification requests.
use crate::{Error, Extension, Name, ObjectIdentifier, PublicKey};

/// Turns PEM, bare base64 or DER into DER.
pub fn decode_request(_bytes: &[u8]) -> Result<Vec<u8>, Error> { Err(Error::Unsupported("request".into())) }

/// An attribute of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The type.
    pub oid: ObjectIdentifier,
    /// The values, each in DER.
    pub values: Vec<Vec<u8>>,
}

/// A parsed PKCS#10 request. Nothing is verified until [`verify`](Self::verify) says so.
#[derive(Debug, Clone)]
pub struct CertificationRequest { der: Vec<u8>, subject: Name, public_key: PublicKey, extensions: Vec<Extension>, attributes: Vec<Attribute> }
impl CertificationRequest {
    /// Parses strict DER.
    pub fn from_der(_der: &[u8]) -> Result<Self, Error> { Err(Error::Unsupported("request".into())) }
    /// The request as received.
    pub fn der(&self) -> &[u8] { &self.der }
    /// The subject; may be empty.
    pub fn subject(&self) -> &Name { &self.subject }
    /// The key to certify.
    pub fn public_key(&self) -> &PublicKey { &self.public_key }
    /// Requested extensions, from either attribute, in order.
    pub fn extensions(&self) -> &[Extension] { &self.extensions }
    /// One requested extension.
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&Extension> { self.extensions.iter().find(|e| e.oid == *oid) }
    /// All attributes.
    pub fn attributes(&self) -> &[Attribute] { &self.attributes }
    /// Enrolment name and value pairs.
    pub fn attribute_pairs(&self) -> Vec<(String, String)> { Vec::new() }
    /// Version of the requester's operating system.
    pub fn os_version(&self) -> Option<&str> { None }
    /// Name of the cryptographic provider.
    pub fn csp_provider(&self) -> Option<&str> { None }
    /// The challenge password.
    pub fn challenge_password(&self) -> Option<&str> { None }
    /// DER of the signature AlgorithmIdentifier.
    pub fn signature_algorithm(&self) -> &[u8] { &[] }
    /// Proof of possession.
    pub fn verify(&self) -> Result<(), Error> { Err(Error::BadSignature) }
}
