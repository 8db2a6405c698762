//! Why a request failed. A failure is an outcome that is recorded, not an error.

use std::fmt::Display;
use std::sync::Arc;

use jiff::Timestamp;
use module::{Disposition, HResult};

use crate::Request;

/// A failed request's status and disposition message.
pub(crate) struct Failure {
    pub(crate) code: HResult,
    pub(crate) message: String,
}

impl Failure {
    /// A failure in a stage of processing, in the contract's words (`Error Parsing Request`).
    pub(crate) fn new(code: HResult, stage: &str, error: impl Display) -> Self {
        Self { code, message: format!("{stage}: {error}") }
    }

    /// The request, failed.
    pub(crate) fn into_request(self, mut request: Request, now: Timestamp) -> Request {
        request.disposition = Disposition::Failed;
        request.status = self.code;
        request.message = self.message;
        request.resolved = Some(now);
        // What was composed before the failure is not a certificate of anybody's.
        request.issued = None;
        Arc::make_mut(&mut request.body).certificate = None;
        request
    }
}
