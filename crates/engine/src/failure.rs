//! Why a request came to nothing. A failure is an outcome that is recorded, not an error; what passes by itself is an error,
//! and leaves the request as it was.

use std::fmt::Display;
use std::sync::Arc;

use jiff::Timestamp;
use module::{Disposition, HResult};

use crate::{Error, Request};

/// Why a request is not decided, or not issued.
pub(crate) enum Failure {
    /// It failed: that is recorded, with this status and disposition message.
    Final { code: HResult, message: String },
    /// Something the engine needs cannot be reached now. Nothing is recorded: a new request can be handed in again, and a
    /// pending one stays pending.
    Passing(Error),
}

impl Failure {
    /// A failure in a stage of processing, in the contract's words (`Error Parsing Request`).
    pub(crate) fn new(code: HResult, stage: &str, error: impl Display) -> Self {
        Self::Final { code, message: format!("{stage}: {error}") }
    }

    /// What an error of the engine in a stage of processing means for the request.
    pub(crate) fn of(error: Error, stage: &str) -> Self {
        match error {
            Error::Unavailable(why) => Self::Passing(Error::Unavailable(why)),
            final_error => Self::new(final_error.code(), stage, final_error),
        }
    }

    /// The request, failed; or the error that leaves it as it was.
    pub(crate) fn into_request(self, mut request: Request, now: Timestamp) -> Result<Request, Error> {
        let (code, message) = match self {
            Self::Final { code, message } => (code, message),
            Self::Passing(error) => return Err(error),
        };
        request.disposition = Disposition::Failed;
        request.status = code;
        request.message = message;
        request.resolved = Some(now);
        // What was composed before the failure is not a certificate of anybody's.
        request.issued = None;
        Arc::make_mut(&mut request.body).certificate = None;
        Ok(request)
    }
}
