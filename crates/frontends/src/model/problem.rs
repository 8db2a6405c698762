//! Errors (RFC 9457).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Code;

/// Why a call was not carried out: `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// What kind of problem it is: `urn:exeunt:problem:conflict`.
    #[serde(rename = "type")]
    #[schema(value_type = String, examples("urn:exeunt:problem:conflict"))]
    pub kind: Cow<'static, str>,
    /// The kind in words.
    #[schema(value_type = String)]
    pub title: Cow<'static, str>,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong this time.
    pub detail: String,
    /// The contract's code for it.
    pub code: Code,
}
