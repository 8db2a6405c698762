//! Events.

use jiff::Timestamp;
use module::ExitEvent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Request;

/// A stored event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number, from 1, without gaps.
    #[schema(minimum = 1)]
    pub id: u64,
    /// What happened.
    #[schema(schema_with = kind)]
    pub kind: ExitEvent,
    /// When.
    pub occurred: Timestamp,
    /// To which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<i64>,
    /// At which of its versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Number of the CRLs published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl_number: Option<u64>,
    /// The head of the hash chain at this event: SHA-256, hex.
    pub hash: String,
    /// The request as the event left it, without its large parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Request>,
}

fn kind() -> utoipa::openapi::schema::Object {
    super::server::words(ExitEvent::ALL.map(ExitEvent::name))
}
