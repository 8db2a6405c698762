//! PKCS#10 requests that are as they should be.

use std::sync::Arc;

use engine::Signer;
use keys::KeyMaterial;
use pki::{Extension, GeneralName, KeyAlgorithm, Name, extension, oid};

use super::der::{self, CONTEXT_0, INTEGER, SEQUENCE, SET, UTF8_STRING};
use super::{Role, key};

/// Builds a request (RFC 2986).
///
/// The outer structure is written here and not by `pki`, which reads it in the tests.
#[derive(Debug, Clone)]
pub struct RequestBuilder {
    key: Arc<KeyMaterial>,
    subject: Name,
    names: Vec<GeneralName>,
    extensions: Vec<Extension>,
    attributes: Vec<Vec<u8>>,
}

impl RequestBuilder {
    /// A request of this subject (RFC 4514, may be empty) with the test key of a subject.
    ///
    /// # Panics
    /// When the subject is no name.
    #[must_use]
    pub fn new(algorithm: KeyAlgorithm, subject: &str) -> Self {
        Self::with_key(key(algorithm, Role::Subject), subject)
    }

    /// A request with this key.
    ///
    /// # Panics
    /// When the subject is no name.
    #[must_use]
    pub fn with_key(key: Arc<KeyMaterial>, subject: &str) -> Self {
        Self {
            key,
            subject: Name::parse(subject).expect("a name in its text form"),
            names: Vec::new(),
            extensions: Vec::new(),
            attributes: Vec::new(),
        }
    }

    /// Adds a subject alternative name in its text form, as `dns:example.org`.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn san(mut self, name: &str) -> Self {
        self.names.push(name.parse().expect("a general name in its text form"));
        self
    }

    /// Adds an extension.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Adds an attribute with one value, in DER.
    #[must_use]
    pub fn attribute(mut self, oid: &pki::ObjectIdentifier, value: &[u8]) -> Self {
        self.attributes.push(der::of(SEQUENCE, &[&der::oid(oid), &der::tlv(SET, value)]));
        self
    }

    /// Adds an enrolment name and value pair.
    #[must_use]
    pub fn name_value(self, name: &str, value: &str) -> Self {
        let pair = der::of(SEQUENCE, &[&der::bmp(name), &der::bmp(value)]);
        self.attribute(&oid::ENROLLMENT_NAME_VALUE_PAIR, &pair)
    }

    /// Adds the version of the requester's operating system.
    #[must_use]
    pub fn os_version(self, version: &str) -> Self {
        self.attribute(&oid::OS_VERSION, &der::tlv(0x16, version.as_bytes()))
    }

    /// Adds the name of the requester's cryptographic provider.
    #[must_use]
    pub fn csp_provider(self, name: &str) -> Self {
        let value = der::of(SEQUENCE, &[&der::tlv(INTEGER, &[1]), &der::bmp(name), &der::bits(&[])]);
        self.attribute(&oid::ENROLLMENT_CSP_PROVIDER, &value)
    }

    /// Adds a challenge password.
    #[must_use]
    pub fn challenge_password(self, password: &str) -> Self {
        self.attribute(&oid::CHALLENGE_PASSWORD, &der::tlv(UTF8_STRING, password.as_bytes()))
    }

    /// The signed request, in DER.
    ///
    /// # Panics
    /// When a name cannot be encoded.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        sign(&self.info(), &self.key)
    }

    /// The signed request, in PEM.
    ///
    /// # Panics
    /// When a name cannot be encoded.
    #[must_use]
    pub fn build_pem(&self) -> String {
        super::pem("CERTIFICATE REQUEST", &self.build())
    }

    /// `CertificationRequestInfo`.
    pub(super) fn info(&self) -> Vec<u8> {
        let mut extensions = self.extensions.clone();
        if !self.names.is_empty() {
            extensions.push(extension::subject_alt_name(&self.names).expect("names that can be encoded"));
        }
        let mut attributes = self.attributes.clone();
        if !extensions.is_empty() {
            let value = der::tlv(SET, &der::extensions(&extensions));
            attributes.push(der::of(SEQUENCE, &[&der::oid(&oid::EXTENSION_REQUEST), &value]));
        }
        // A SET OF is sorted in DER (X.690 11.6).
        attributes.sort();
        info(&[0], self.subject.der(), self.key.public_key().spki(), &attributes.concat())
    }
}

/// `CertificationRequestInfo` of any parts.
pub(super) fn info(version: &[u8], subject: &[u8], spki: &[u8], attributes: &[u8]) -> Vec<u8> {
    der::of(SEQUENCE, &[&der::tlv(INTEGER, version), subject, spki, &der::tlv(CONTEXT_0, attributes)])
}

/// A request of anything, signed with a key.
pub(super) fn sign(info: &[u8], key: &KeyMaterial) -> Vec<u8> {
    let signature = key.sign(info).expect("test keys sign");
    der::of(SEQUENCE, &[info, key.algorithm().der(), &der::bits(&signature)])
}
