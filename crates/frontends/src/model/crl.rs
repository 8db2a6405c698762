//! Certificate revocation lists.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Code;

/// Base or delta (RFC 5280 5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CrlKind {
    /// Every revoked certificate.
    Base,
    /// What changed since a base.
    Delta,
}

/// One CRL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Crl {
    /// CRL number (RFC 5280 5.2.3): shared by every key, and by base and delta, of one publication.
    pub number: u64,
    /// Base or delta.
    pub kind: CrlKind,
    /// The base a delta builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_base: Option<u64>,
    /// Index of the CA key that signed it.
    pub key: u16,
    /// Entries.
    pub entries: u64,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Timestamp,
    /// When it was made.
    pub this_publish: Timestamp,
    /// When the next one is due.
    pub next_publish: Timestamp,
    /// When every replica can be expected to have it.
    pub propagation_complete: Timestamp,
    /// When publication was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_published: Option<Timestamp>,
    /// How often publication was tried.
    pub attempts: u32,
    /// What was done (`CPF_*`).
    pub flags: u32,
    /// 0, or the first failure of publication.
    pub status: Code,
    /// What failed where.
    pub error: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// Whether its bytes are still kept.
    pub kept: bool,
}

/// Makes and publishes CRLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicationOrder {
    /// Make base CRLs. Left out: true.
    #[serde(default = "yes")]
    pub base: bool,
    /// Make delta CRLs. With `base` false: deltas alone.
    #[serde(default)]
    pub delta: bool,
    /// Make nothing; publish the newest ones again.
    #[serde(default)]
    pub republish: bool,
    /// When the next CRLs are due (their nextUpdate lies behind it); left out: after the configured period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_update: Option<Timestamp>,
}

impl Default for PublicationOrder {
    fn default() -> Self {
        Self { base: true, delta: false, republish: false, next_update: None }
    }
}

/// What was published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Publication {
    /// The CRLs, by key. A `status` that is a failure says that one was made and could not be written everywhere.
    pub crls: Vec<Crl>,
}

fn yes() -> bool {
    true
}
