//! The certification authority itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Base64;

/// What the authority is: public data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Authority {
    /// Its common name.
    pub name: String,
    /// The name as it stands in file names: `SanitizedCAName`.
    pub sanitized_name: String,
    /// The server's DNS name.
    pub dns_name: String,
    /// Index of the certificate that signs now; left out before the first is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<u16>,
    /// Every CA certificate, by index.
    pub certificates: Vec<CaCertificate>,
}

/// One CA certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaCertificate {
    /// Its index, from 0.
    pub index: u16,
    /// The index of its key.
    pub key_index: u16,
    /// Subject, RFC 4514.
    pub subject: String,
    /// Issuer, RFC 4514.
    pub issuer: String,
    /// Serial number, hex.
    pub serial: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Subject key identifier, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_identifier: Option<String>,
    /// SHA-1 of the certificate, hex.
    pub sha1: String,
    /// SHA-256 of the certificate, hex.
    pub sha256: String,
    /// The certificate, DER.
    pub certificate: Base64,
    /// The certificates above it, nearest first, DER; empty for a root.
    pub chain: Vec<Base64>,
}

/// A CA certificate to install.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaCertificateText {
    /// The certificate: PEM text (the certificate first, then those above it), or DER in base64.
    pub certificate: String,
}
