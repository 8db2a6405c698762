//! Errors on the wire (RFC 9457): one table from what went wrong to status, type and code.

use std::borrow::Cow;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use module::HResult;

use crate::model::{Code, Problem};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Seconds after which a client that was answered 503 may try again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// The kinds of problem: the last part of `type`, the title, the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The engine finds what is asked for not acceptable.
    Refused,
    /// The caller does not hold the right.
    AccessDenied,
    /// The caller holds more than one role, and role separation is on.
    RoleConflict,
    /// There is no such thing.
    NotFound,
    /// The thing is not in a state that allows this.
    Conflict,
    /// Something that is needed cannot be reached now.
    Unavailable,
    /// A defect or damage.
    Internal,
    /// The request cannot be read.
    Malformed,
    /// The body is longer than allowed.
    TooLarge,
    /// The body took longer than allowed.
    Timeout,
    /// The body is of a type that is not taken here.
    UnsupportedMediaType,
    /// The answer cannot be given in a type that the client accepts.
    NotAcceptable,
    /// The path does not know this method.
    MethodNotAllowed,
    /// Too many calls at once.
    Overloaded,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Refused,
        Self::AccessDenied,
        Self::RoleConflict,
        Self::NotFound,
        Self::Conflict,
        Self::Unavailable,
        Self::Internal,
        Self::Malformed,
        Self::TooLarge,
        Self::Timeout,
        Self::UnsupportedMediaType,
        Self::NotAcceptable,
        Self::MethodNotAllowed,
        Self::Overloaded,
    ];

    /// The `type` member: `urn:exeunt:problem:conflict`.
    pub const fn urn(self) -> &'static str {
        self.row().0
    }

    /// The `title` member.
    pub const fn title(self) -> &'static str {
        self.row().1
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.row().2
    }

    /// The kind with this `type`.
    pub fn from_urn(urn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.urn() == urn)
    }

    const fn row(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::Refused => ("urn:exeunt:problem:refused", "The request is not acceptable", 422),
            Self::AccessDenied => ("urn:exeunt:problem:access-denied", "Access denied", 403),
            Self::RoleConflict => ("urn:exeunt:problem:role-conflict", "Access denied by role separation", 403),
            Self::NotFound => ("urn:exeunt:problem:not-found", "Not found", 404),
            Self::Conflict => ("urn:exeunt:problem:conflict", "Not in a state that allows this", 409),
            Self::Unavailable => ("urn:exeunt:problem:unavailable", "Not available now", 503),
            Self::Internal => ("urn:exeunt:problem:internal", "Internal error", 500),
            Self::Malformed => ("urn:exeunt:problem:malformed", "The request cannot be read", 400),
            Self::TooLarge => ("urn:exeunt:problem:too-large", "The body is too long", 413),
            Self::Timeout => ("urn:exeunt:problem:timeout", "The body did not come in time", 408),
            Self::UnsupportedMediaType => {
                ("urn:exeunt:problem:unsupported-media-type", "The body is of the wrong type", 415)
            }
            Self::NotAcceptable => ("urn:exeunt:problem:not-acceptable", "No acceptable type of answer", 406),
            Self::MethodNotAllowed => ("urn:exeunt:problem:method-not-allowed", "Method not allowed", 405),
            Self::Overloaded => ("urn:exeunt:problem:overloaded", "Too many calls", 503),
        }
    }
}

impl Problem {
    /// A problem with the code that fits its kind best.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let code = match kind {
            Kind::Refused | Kind::Malformed | Kind::UnsupportedMediaType | Kind::NotAcceptable => HResult::E_INVALIDARG,
            Kind::AccessDenied => HResult::E_ACCESSDENIED,
            Kind::RoleConflict => HResult::CERTSRV_E_ROLECONFLICT,
            Kind::NotFound => HResult::ERROR_FILE_NOT_FOUND,
            Kind::Conflict => HResult::CERTSRV_E_BAD_REQUESTSTATUS,
            Kind::Unavailable | Kind::Overloaded => HResult::E_ABORT,
            Kind::Internal => HResult::E_UNEXPECTED,
            Kind::TooLarge => HResult::CERTSRV_E_ENCODING_LENGTH,
            Kind::Timeout => HResult::ERROR_TIMEOUT,
            Kind::MethodNotAllowed => HResult::E_NOTIMPL,
        };
        Self::with_code(kind, code, detail)
    }

    /// A problem with a code of the contract.
    pub fn with_code(kind: Kind, code: HResult, detail: impl Into<String>) -> Self {
        Self {
            kind: Cow::Borrowed(kind.urn()),
            title: Cow::Borrowed(kind.title()),
            status: kind.status(),
            detail: detail.into(),
            code: Code(code),
        }
    }

    /// The kind, where it is one this version knows.
    pub fn known_kind(&self) -> Option<Kind> {
        Kind::from_urn(&self.kind)
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        use engine::Error;
        let kind = match &error {
            Error::Refused { .. } => Kind::Refused,
            Error::AccessDenied(_) => Kind::AccessDenied,
            Error::RoleConflict(_) => Kind::RoleConflict,
            Error::NotFound(_) => Kind::NotFound,
            Error::Conflict { .. } => Kind::Conflict,
            Error::Unavailable(_) => Kind::Unavailable,
            Error::Internal(_) => Kind::Internal,
        };
        if kind == Kind::Internal {
            tracing::error!(code = %error.code(), "{error}");
        }
        Self::with_code(kind, error.code(), error.to_string())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.detail.is_empty() { &self.title } else { &self.detail })
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).expect("a problem has only text and numbers");
        let mut response = (status, [(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn each_engine_error_has_its_status_and_code() {
        use engine::Error;
        let cases = [
            (Error::refused("x"), 422, "0x80070057"),
            (Error::AccessDenied("x".into()), 403, "0x80070005"),
            (Error::RoleConflict("x".into()), 403, "0x80094008"),
            (Error::NotFound("x".into()), 404, "0x80094004"),
            (Error::conflict(HResult::CERTSRV_E_BAD_REQUESTSTATUS, "x"), 409, "0x80094003"),
            (Error::Unavailable("x".into()), 503, "0x80004004"),
            (Error::Internal("x".into()), 500, "0x8000ffff"),
        ];
        for (error, status, code) in cases {
            let problem = Problem::from(error);
            assert_eq!((problem.status, problem.code.to_string().as_str()), (status, code));
            let json = serde_json::to_string(&problem).unwrap();
            assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
            let response = problem.into_response();
            assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), MEDIA_TYPE);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 503);
        }
    }

    #[test]
    fn types_are_distinct() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_urn(kind.urn()), Some(kind));
        }
    }
}
