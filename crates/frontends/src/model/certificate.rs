//! Orders about issued certificates.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Revokes a certificate (RFC 5280 5.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationOrder {
    /// The reason by its name or number in RFC 5280 5.3.1; without regard to case and hyphens. Left out: `unspecified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("keyCompromise"))]
    pub reason: Option<String>,
    /// The revocation date; left out: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Timestamp>,
}

/// Says whether a revoked certificate stays in CRLs after it expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishExpired {
    /// Whether it stays.
    pub publish_expired: bool,
}

/// Imports a certificate that this database does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateImport {
    /// The certificate: PEM text, or DER in base64.
    pub certificate: String,
    /// Take a certificate of another authority.
    #[serde(default)]
    pub foreign: bool,
    /// Complete the pending request with the same key instead of adding a row.
    #[serde(default)]
    pub existing_row: bool,
}
