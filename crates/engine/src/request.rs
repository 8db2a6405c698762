//! The stored request: what came in, what was made of it, and where it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use module::{CertificateExtension, Disposition, HResult, RequestId};
use pki::{NameComponent, Serial};
use serde::{Deserialize, Serialize};

/// One request and, once there is one, its certificate. `version` counts changes from 1: every change writes a new
/// version and keeps the one before, so that an event can show the request as it left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The number: positive, never reused.
    pub id: RequestId,
    /// Counts changes, from 1.
    pub version: u32,
    /// Where it stands.
    pub disposition: Disposition,
    /// 0, or why it was denied or failed.
    pub status: HResult,
    /// Where it stands, in words.
    pub message: String,
    /// When it was received.
    pub submitted: Timestamp,
    /// When processing ended.
    pub resolved: Option<Timestamp>,
    /// Whom the certificate is for.
    pub requester: String,
    /// Who handed it in.
    pub caller: String,
    /// Format and submit flags (`CR_IN_*`).
    pub request_type: i32,
    /// Request flags (`CR_FLG_*`).
    pub flags: i32,
    /// The profile it asks for or was issued by.
    pub profile: Option<String>,
    /// The public key, in short; none where the request could not be read.
    pub key: Option<KeySummary>,
    /// The certificate's subject as name parts, in order, as policy left them.
    pub subject: Vec<(NameComponent, String)>,
    /// The certificate's subject alternative names as text, `dns:a.example, ip:192.0.2.1`; for searching.
    pub alternative_names: String,
    /// Start of validity, as policy left it.
    pub not_before: Option<Timestamp>,
    /// End of validity, as policy left it.
    pub not_after: Option<Timestamp>,
    /// What policy modules set besides: flag words, UPN (empty where they took the request's away).
    pub properties: BTreeMap<String, String>,
    /// The certificate, in short.
    pub issued: Option<Issued>,
    /// The revocation, also after a release from hold.
    pub revocation: Option<Revocation>,
    /// Whether the certificate stays in CRLs after it expired.
    pub publish_expired: bool,
    /// The large parts.
    pub body: Arc<RequestBody>,
}

/// The public key, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySummary {
    /// Object identifier of the algorithm.
    pub algorithm: String,
    /// Length in bits.
    pub bits: u32,
    /// Subject key identifier: SHA-1 of the public key bits (RFC 5280 4.2.1.2, method 1), or what the certificate says.
    pub identifier: Vec<u8>,
}

/// The certificate, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The serial number.
    pub serial: Serial,
    /// SHA-1 of the certificate.
    pub sha1: [u8; 20],
    /// Index of the CA certificate that issued it.
    pub ca_certificate: u16,
    /// Index of the CA key that signed it.
    pub ca_key: u16,
    /// The subject, RFC 4514.
    pub distinguished_name: String,
}

impl Issued {
    /// `IssuerNameId`: key index × 65,536 + certificate index.
    pub fn issuer_name_id(&self) -> i32 {
        i32::from_be_bytes((u32::from(self.ca_key) << 16 | u32::from(self.ca_certificate)).to_be_bytes())
    }
}

/// A revocation (or a release from hold).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When the call was processed.
    pub when: Timestamp,
    /// The date CRLs show; may lie ahead.
    pub effective: Timestamp,
    /// CRLReason, or [`module::RevocationReason::RELEASED`].
    pub reason: i32,
}

/// The large parts of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestBody {
    /// The request as received, DER; what could not be decoded is kept as it came.
    pub raw: Vec<u8>,
    /// The attribute text as submitted.
    pub attribute_text: String,
    /// The attributes, by their first spelling.
    pub attributes: Vec<(String, String)>,
    /// The extensions, disabled ones too, in insertion order.
    pub extensions: Vec<CertificateExtension>,
    /// The certificate, DER.
    pub certificate: Option<Vec<u8>>,
}

impl Request {
    /// A new row of which nothing is known but who handed something in, and when.
    pub(crate) fn empty(id: RequestId, submitted: Timestamp, requester: String, caller: String) -> Self {
        Self {
            id,
            version: 1,
            disposition: Disposition::Active,
            status: HResult::S_OK,
            message: String::new(),
            submitted,
            resolved: None,
            requester,
            caller,
            request_type: 0,
            flags: 0,
            profile: None,
            key: None,
            subject: Vec::new(),
            alternative_names: String::new(),
            not_before: None,
            not_after: None,
            properties: BTreeMap::new(),
            issued: None,
            revocation: None,
            publish_expired: false,
            body: Arc::default(),
        }
    }

    /// The first value of a subject part.
    pub fn subject_part(&self, part: NameComponent) -> Option<&str> {
        self.subject.iter().find(|(component, _)| *component == part).map(|(_, value)| value.as_str())
    }

    /// An attribute's value; names are compared without case, spaces and hyphens.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let key = module::property::attribute_key(name);
        let found = self.body.attributes.iter().find(|(name, _)| module::property::attribute_key(name) == key);
        found.map(|(_, value)| value.as_str())
    }

    /// SHA-256 over every field: what an event's hash binds.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = crate::chain::Hasher::new("exeunt request 1");
        hash.number(self.id.0).number(self.version.into()).number(self.disposition.code().into());
        hash.number(self.status.0.into()).text(&self.message);
        hash.moment(Some(self.submitted)).moment(self.resolved).text(&self.requester).text(&self.caller);
        hash.number(self.request_type.into()).number(self.flags.into()).text(self.profile.as_deref().unwrap_or(""));
        match &self.key {
            Some(key) => hash.text(&key.algorithm).number(key.bits.into()).bytes(&key.identifier),
            None => hash.number(-1),
        };
        hash.number(self.subject.len() as i64);
        for (part, value) in &self.subject {
            hash.text(part.as_str()).text(value);
        }
        hash.text(&self.alternative_names).moment(self.not_before).moment(self.not_after);
        hash.number(self.properties.len() as i64);
        for (name, value) in &self.properties {
            hash.text(name).text(value);
        }
        match &self.issued {
            Some(issued) => hash
                .bytes(issued.serial.as_bytes())
                .bytes(&issued.sha1)
                .number(issued.issuer_name_id().into())
                .text(&issued.distinguished_name),
            None => hash.number(-1),
        };
        match &self.revocation {
            Some(revocation) => {
                hash.moment(Some(revocation.when)).moment(Some(revocation.effective)).number(revocation.reason.into())
            }
            None => hash.number(-2),
        };
        hash.number(self.publish_expired.into());
        hash.bytes(&self.body.raw).text(&self.body.attribute_text);
        hash.number(self.body.attributes.len() as i64);
        for (name, value) in &self.body.attributes {
            hash.text(name).text(value);
        }
        hash.number(self.body.extensions.len() as i64);
        for extension in &self.body.extensions {
            hash.text(&extension.oid).number(extension.flags.bits().into()).bytes(&extension.value);
        }
        hash.bytes(self.body.certificate.as_deref().unwrap_or_default());
        hash.finish()
    }
}
