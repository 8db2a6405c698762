//! Why an engine call did not do what it was asked. Variants follow what the caller will do about it.

use module::{HResult, ModuleError, RequestId};

use crate::{SignerError, StoreError};

/// The engine's error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for something that is not acceptable: mend the request, then ask again.
    #[error("{message}")]
    Refused {
        /// The contract's code for it.
        code: HResult,
        /// What is wrong with it.
        message: String,
    },
    /// The caller does not hold the right.
    #[error("access denied: {0}")]
    AccessDenied(String),
    /// The caller holds more than one role, and role separation is on.
    #[error("access denied: {0} holds more than one role, and role separation is on")]
    RoleConflict(String),
    /// There is no such thing.
    #[error("{0} was not found")]
    NotFound(String),
    /// The thing is not in a state that allows this.
    #[error("{message}")]
    Conflict {
        /// The contract's code for it.
        code: HResult,
        /// What stands in the way.
        message: String,
    },
    /// Something the engine needs cannot be reached now: the same call may succeed later.
    #[error("{0}")]
    Unavailable(String),
    /// A defect or damage: look at the log.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// A refusal with `E_INVALIDARG`.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused { code: HResult::E_INVALIDARG, message: message.into() }
    }

    /// A refusal with a code of the contract.
    pub fn refused_with(code: HResult, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// A conflict with a code of the contract.
    pub fn conflict(code: HResult, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into() }
    }

    /// There is no request with this number.
    pub fn no_request(id: RequestId) -> Self {
        Self::NotFound(format!("request {id}"))
    }

    /// The contract's code for this error.
    pub fn code(&self) -> HResult {
        match self {
            Self::Refused { code, .. } | Self::Conflict { code, .. } => *code,
            Self::AccessDenied(_) => HResult::E_ACCESSDENIED,
            Self::RoleConflict(_) => HResult::CERTSRV_E_ROLECONFLICT,
            Self::NotFound(_) => HResult::CERTSRV_E_PROPERTY_EMPTY,
            Self::Unavailable(_) => HResult::E_ABORT,
            Self::Internal(_) => HResult::E_UNEXPECTED,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(what) => Self::conflict(
                HResult::CERTSRV_E_BAD_REQUESTSTATUS,
                format!("{what} was changed by somebody else; read it again"),
            ),
            StoreError::Unavailable(why) => Self::Unavailable(format!("the database is not available: {why}")),
            StoreError::Corrupt(why) => Self::Internal(format!("the database is damaged: {why}")),
        }
    }
}

impl From<SignerError> for Error {
    fn from(error: SignerError) -> Self {
        match error {
            SignerError::Unavailable(_) => Self::Unavailable(error.to_string()),
            SignerError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}

impl From<pki::Error> for Error {
    fn from(error: pki::Error) -> Self {
        Self::refused_with(HResult::ERROR_INVALID_DATA, error.to_string())
    }
}

impl From<ModuleError> for Error {
    fn from(error: ModuleError) -> Self {
        Self::refused_with(error.code, error.message)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
