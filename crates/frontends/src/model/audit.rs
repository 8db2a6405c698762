//! The audit trail.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps.
    #[schema(minimum = 1)]
    pub id: u64,
    /// The classic event id (4868 to 4900), or 5000 and above for acts the classic service does not know.
    pub code: u16,
    /// The act in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub caller: String,
    /// The request it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<i64>,
    /// The act's parameters: an object whose members depend on `code`.
    pub detail: serde_json::Value,
    /// The head of the hash chain at this entry: SHA-256, hex.
    pub hash: String,
}

/// Whether the chain of audit entries is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditReport {
    /// Entries checked.
    pub entries: u64,
    /// The hash of the last one: SHA-256, hex.
    pub head: String,
    /// What is wrong; left out where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
