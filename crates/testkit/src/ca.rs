//! A small CA, and requests to put to one: what tests need to have certificates and CRLs without a server.
//!
//! Everything here is made with `pki` and `keys` only. [`RequestBuilder`] makes good requests, [`broken_requests`] bad
//! ones, [`Ca`] signs certificates and CRLs.

mod broken;
mod der;
mod key;
mod request;

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use engine::Signer;
use jiff::{Timestamp, ToSpan};
use keys::KeyMaterial;
use pki::extension::{self, IssuingDistributionPoint};
use pki::{
    Certificate, CertificateList, CrlEntry, CrlHeader, Extension, GeneralName, KeyAlgorithm, KeyUsage, Name, PublicKey,
    Serial, TbsCertificate, oid,
};

pub use broken::{BrokenRequest, Fault, broken_requests};
pub use key::{Role, key};
pub use request::RequestBuilder;

/// What a leaf certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A TLS server.
    TlsServer,
    /// A TLS client.
    TlsClient,
}

/// A CA with one key: it signs what it is told to, and keeps nothing.
#[derive(Debug, Clone)]
pub struct Ca {
    key: Arc<KeyMaterial>,
    certificate: Certificate,
    /// Where its certificate and CRLs would be found.
    site: String,
}

impl Ca {
    /// A root, valid from an hour before `at` for ten years.
    ///
    /// # Panics
    /// When it cannot be made, as every function here.
    #[must_use]
    pub fn root(algorithm: KeyAlgorithm, at: Timestamp) -> Self {
        let key = key(algorithm, Role::Root);
        let name = name(&format!("CN=Test Root {algorithm},O=Example,C=DE"));
        let mut extensions = ca_extensions(None);
        extensions.push(subject_key(key.public_key()));
        let tbs = tbs(&key, name.clone(), name, key.public_key(), at, 10, extensions);
        Self { certificate: sign(&tbs, &key), key, site: format!("http://pki.example/root-{algorithm}") }
    }

    /// A CA under this one that may have no CA under it, valid for five years.
    #[must_use]
    pub fn subordinate(&self, algorithm: KeyAlgorithm, at: Timestamp) -> Self {
        let key = key(algorithm, Role::Subordinate);
        let mut extensions = ca_extensions(Some(0));
        extensions.extend(self.issued_extensions(key.public_key()));
        extensions.push(extension::certificate_policies(&[oid::ANY_POLICY]));
        let subject = name(&format!("CN=Test Issuing CA {algorithm},O=Example,C=DE"));
        let tbs = tbs(&self.key, self.name().clone(), subject, key.public_key(), at, 5, extensions);
        let certificate = sign(&tbs, &self.key);
        Self { certificate, key, site: format!("http://pki.example/issuing-{algorithm}") }
    }

    /// A leaf for a purpose, valid for a year.
    #[must_use]
    pub fn leaf(
        &self,
        purpose: Purpose,
        subject: &str,
        names: &[GeneralName],
        key: &PublicKey,
        at: Timestamp,
    ) -> Certificate {
        let rsa = key.algorithm_oid() == oid::RSA_ENCRYPTION.to_string();
        let encipherment = if rsa { KeyUsage::KEY_ENCIPHERMENT } else { KeyUsage::empty() };
        let mut extensions = self.issued_extensions(key);
        match purpose {
            Purpose::TlsServer => {
                extensions.push(extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | encipherment));
                extensions.push(extension::extended_key_usage(&[oid::SERVER_AUTH]));
                let template = pki::ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.21.8.1.2.3");
                extensions.push(extension::template_information(&template, 100, 3));
            }
            Purpose::TlsClient => {
                extensions.push(extension::key_usage(KeyUsage::DIGITAL_SIGNATURE));
                extensions.push(extension::extended_key_usage(&[oid::CLIENT_AUTH]));
                extensions.push(extension::template_name("User").expect("a template name"));
            }
        }
        let subject = name(subject);
        if !names.is_empty() {
            let mut san = extension::subject_alt_name(names).expect("names that can be encoded");
            // RFC 5280 4.2.1.6: critical where it is all there is of the subject.
            san.critical = subject.is_empty();
            extensions.push(san);
        }
        sign(&tbs(&self.key, self.name().clone(), subject, key, at, 1, extensions), &self.key)
    }

    /// Signs anything.
    #[must_use]
    pub fn sign(&self, tbs: &TbsCertificate) -> Certificate {
        sign(tbs, &self.key)
    }

    /// A full CRL for a week from `at`, signed by its digest where the algorithm has one.
    #[must_use]
    pub fn crl(&self, number: u64, entries: &[CrlEntry], at: Timestamp) -> CertificateList {
        let mut extensions = vec![self.scope()];
        if !self.is_root() {
            extensions.push(extension::freshest_crl(&[self.delta_url()]).expect("a URL"));
        }
        self.signed_crl(number, extensions, entries, at)
    }

    /// A delta CRL over the full CRL `base`.
    #[must_use]
    pub fn delta_crl(&self, number: u64, base: u64, entries: &[CrlEntry], at: Timestamp) -> CertificateList {
        self.signed_crl(number, vec![extension::delta_crl_indicator(base), self.scope()], entries, at)
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &Arc<KeyMaterial> {
        &self.key
    }

    /// The subject of the certificate.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.certificate.subject()
    }

    fn is_root(&self) -> bool {
        self.certificate.is_self_issued()
    }

    fn crl_url(&self) -> String {
        format!("{}.crl", self.site)
    }

    fn delta_url(&self) -> String {
        format!("{}+.crl", self.site)
    }

    /// The extensions of every certificate below this CA.
    fn issued_extensions(&self, key: &PublicKey) -> Vec<Extension> {
        let mut extensions = vec![
            subject_key(key),
            self.authority_key(),
            extension::crl_distribution_points(&[self.crl_url()]).expect("a URL"),
            extension::authority_info_access(&[format!("{}.crt", self.site)], &["http://ocsp.example/".into()])
                .expect("URLs"),
        ];
        if !self.is_root() {
            extensions.push(extension::freshest_crl(&[self.delta_url()]).expect("a URL"));
        }
        extensions
    }

    fn authority_key(&self) -> Extension {
        let id = self.certificate.subject_key_identifier().expect("a CA certificate has one");
        extension::authority_key_identifier(Some(&id), None, None)
    }

    /// A root's CRLs list CA certificates, another CA's end entities; both say so. The latter give the point's URL too,
    /// which must be one that the certificates name; a root's certificate names none.
    fn scope(&self) -> Extension {
        let urls = if self.is_root() { Vec::new() } else { vec![self.crl_url()] };
        let point = IssuingDistributionPoint {
            urls,
            only_ca_certs: self.is_root(),
            only_user_certs: !self.is_root(),
            ..IssuingDistributionPoint::default()
        };
        extension::issuing_distribution_point(&point).expect("a URL")
    }

    fn signed_crl(&self, number: u64, more: Vec<Extension>, entries: &[CrlEntry], at: Timestamp) -> CertificateList {
        let mut extensions = vec![self.authority_key(), extension::crl_number(number), extension::ca_version(0, 0)];
        extensions.extend(more);
        extensions.push(extension::crl_next_publish(later(at, 24 * 6)).expect("a time"));
        let algorithm = self.key.algorithm();
        let header = CrlHeader {
            signature: algorithm,
            issuer: self.name().clone(),
            this_update: later(at, -1),
            next_update: later(at, 24 * 7),
            extensions,
        };
        let mut encoded = Vec::new();
        for entry in entries {
            pki::encode_entry(entry, &mut encoded).expect("an entry that can be encoded");
        }
        let prefix = header.prefix(encoded.len() as u64).expect("a short CRL");
        let tbs = [prefix, encoded, header.suffix().expect("extensions, each once")].concat();
        let signature = self.sign_as_a_long_message(&tbs);
        let outer = pki::outer_prefix(tbs.len() as u64, algorithm, &signature).expect("a short CRL");
        let der = [outer, tbs, pki::outer_suffix(algorithm, &signature)].concat();
        CertificateList::from_der(&der).expect("a CRL of ours")
    }

    /// As a CRL too long to hold is signed: by its digest, where the algorithm has one.
    fn sign_as_a_long_message(&self, message: &[u8]) -> Vec<u8> {
        use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
        let function = match self.key.algorithm().digest() {
            Some(pki::Digest::Sha256) => &SHA256,
            Some(pki::Digest::Sha384) => &SHA384,
            Some(pki::Digest::Sha512) => &SHA512,
            None => return self.key.sign(message).expect("test keys sign"),
        };
        self.key.sign_digest(digest(function, message).as_ref()).expect("test keys sign")
    }
}

/// A revoked certificate, as a CRL has it.
#[must_use]
pub fn revoked(certificate: &Certificate, at: Timestamp, reason: Option<u8>) -> CrlEntry {
    CrlEntry { serial: certificate.serial(), revoked_at: later(at, -1), reason, invalidity: None }
}

/// PEM of any DER.
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name in its text form")
}

fn later(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(hours.hours()).expect("a test's moments are within the calendar")
}

fn subject_key(key: &PublicKey) -> Extension {
    extension::subject_key_identifier(&key.key_identifier())
}

fn ca_extensions(path_len: Option<u32>) -> Vec<Extension> {
    vec![
        extension::basic_constraints(true, path_len),
        extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN | KeyUsage::DIGITAL_SIGNATURE),
        extension::ca_version(0, 0),
    ]
}

fn tbs(
    signer: &KeyMaterial,
    issuer: Name,
    subject: Name,
    key: &PublicKey,
    at: Timestamp,
    years: i64,
    extensions: Vec<Extension>,
) -> TbsCertificate {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).expect("random octets");
    TbsCertificate {
        serial: Serial::from_random(&random).expect("16 octets"),
        signature: signer.algorithm(),
        issuer,
        not_before: later(at, -1),
        not_after: later(at, years * 365 * 24),
        subject,
        public_key: key.clone(),
        extensions,
    }
}

fn sign(tbs: &TbsCertificate, key: &KeyMaterial) -> Certificate {
    let der = tbs.to_der().expect("a certificate that can be encoded");
    let signature = key.sign(&der).expect("test keys sign");
    let certificate = pki::assemble(&der, key.algorithm(), &signature);
    Certificate::from_der(&certificate).expect("a certificate of ours")
}
