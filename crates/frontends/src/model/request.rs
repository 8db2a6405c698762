//! Requests: what is handed in, what is stored, what came of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use module::Disposition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Base64, Code};

/// A certificate request as it is handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The request (PKCS#10, RFC 2986): PEM text, or DER in base64.
    pub request: String,
    /// Request attributes, `Name:Value`, one a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attributes: String,
    /// The profile it asks for; none: as the request says, or the authority's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Whom the certificate is for, where that is not the caller. Needs the role certificate manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
}

/// What came of a submission, an approval, a retrieval or an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// The number of the request.
    #[schema(minimum = 1)]
    pub request: i64,
    /// Where it stands.
    #[schema(schema_with = disposition)]
    pub disposition: Disposition,
    /// 0, or why it was denied or failed.
    pub status: Code,
    /// Where it stands, in words.
    pub message: String,
    /// The certificate, DER, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Base64>,
}

/// A stored request and, once there is one, its certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Request {
    /// The number: positive, never reused.
    #[schema(minimum = 1)]
    pub id: i64,
    /// Counts changes, from 1.
    pub version: u32,
    /// Where it stands.
    #[schema(schema_with = disposition)]
    pub disposition: Disposition,
    /// 0, or why it was denied or failed.
    pub status: Code,
    /// Where it stands, in words.
    pub message: String,
    /// When it was received.
    pub submitted: Timestamp,
    /// When processing ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The public key, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The certificate's subject as name parts, in order.
    pub subject: Vec<SubjectPart>,
    /// The certificate's subject alternative names: `dns:a.example, ip:192.0.2.1`.
    pub alternative_names: String,
    /// Start of validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// End of validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// What policy modules set besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// The certificate, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateSummary>,
    /// The revocation; kept after a release from hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
    /// Whether the certificate stays in CRLs after it expired.
    pub publish_expired: bool,
    /// The large parts; left out of lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<RequestBody>,
}

/// A public key, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// Object identifier of the algorithm.
    pub algorithm: String,
    /// Length in bits.
    pub bits: u32,
    /// Subject key identifier, hex.
    pub identifier: String,
}

/// One part of a subject name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubjectPart {
    /// Its property name: `CommonName`.
    #[schema(examples("CommonName"))]
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A certificate, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateSummary {
    /// The serial number, hex.
    pub serial: String,
    /// SHA-1 of the certificate, hex: `CertificateHash`.
    pub sha1: String,
    /// Index of the CA certificate that issued it.
    pub ca_certificate: u16,
    /// Index of the CA key that signed it.
    pub ca_key: u16,
    /// The subject, RFC 4514.
    pub distinguished_name: String,
}

/// A revocation, or a release from hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revocation {
    /// When the call was processed.
    pub when: Timestamp,
    /// The date CRLs show; may lie ahead.
    pub effective: Timestamp,
    /// The reason's name in RFC 5280 5.3.1, or `released`.
    #[schema(examples("keyCompromise"))]
    pub reason: String,
    /// The CRLReason number; -1 after a release from hold.
    pub code: i32,
}

/// The large parts of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestBody {
    /// The request, DER.
    pub request: Base64,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// The extensions, disabled ones too, in the order they were set.
    pub extensions: Vec<Extension>,
    /// The certificate, DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Base64>,
}

/// A request attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A certificate extension as it is kept with the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Extension {
    /// Object identifier.
    pub oid: String,
    /// Whether it is critical.
    pub critical: bool,
    /// Whether it is kept out of the certificate.
    pub disabled: bool,
    /// Who set it: `request`, `policy`, `administrator`, `server`, …
    pub origin: String,
    /// Flags and origin as the contract numbers them (`EXTENSION_*`).
    pub flags: u32,
    /// The contents of `extnValue`, DER.
    pub value: Base64,
}

/// Attributes for a pending request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeText {
    /// `Name:Value`, one a line. A value takes the place of the one before.
    pub attributes: String,
}

/// An extension for a pending request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionOrder {
    /// Object identifier.
    pub oid: String,
    /// The contents of `extnValue`, DER.
    pub value: Base64,
    /// Whether it is critical.
    #[serde(default)]
    pub critical: bool,
    /// Keep it with the request, and out of the certificate.
    #[serde(default)]
    pub disabled: bool,
}

pub(super) fn disposition() -> utoipa::openapi::schema::Object {
    super::server::words(Disposition::ALL.map(Disposition::name))
}
