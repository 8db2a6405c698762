//! Why a command failed: one line what, one line what to do next, and the exit code for scripts.

use std::path::Path;

/// What went wrong, by what the caller will do about it. Each kind has its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 1: it failed.
    Failed,
    /// 2: the command line or a file it names cannot be used.
    Usage,
    /// 3: there is no such thing.
    NotFound,
    /// 4: refused by the authority, or a request was denied.
    Refused,
    /// 5: the caller does not hold the right, or may not read or write a file.
    AccessDenied,
    /// 6: the thing is not in a state that allows this.
    Conflict,
    /// 7: the server (or something it needs) cannot be reached now.
    Unavailable,
    /// 8: the operator was asked, and said no: nothing was done.
    Declined,
}

impl Kind {
    /// The exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::AccessDenied => 5,
            Self::Conflict => 6,
            Self::Unavailable => 7,
            Self::Declined => 8,
        }
    }
}

/// A command's error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// By what the caller will do about it.
    pub kind: Kind,
    /// What, in one line.
    pub message: String,
    /// What to do next, in one line; may be empty.
    pub next: String,
    /// The contract's HRESULT, where there is one.
    pub code: Option<module::HResult>,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), next: String::new(), code: None }
    }

    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The command line cannot be used.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// With what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// With the contract's code.
    #[must_use]
    pub fn code(mut self, code: module::HResult) -> Self {
        self.code = Some(code);
        self
    }

    /// An I/O error about a file.
    pub fn io(path: &Path, error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            std::io::ErrorKind::PermissionDenied => Kind::AccessDenied,
            std::io::ErrorKind::AlreadyExists => Kind::Conflict,
            _ => Kind::Failed,
        };
        Self::new(kind, format!("{}: {error}", path.display()))
    }
}

impl From<crate::config::Problems> for Error {
    fn from(problems: crate::config::Problems) -> Self {
        Self::usage(problems.to_string()).next("mend the file, then check it with: exeunt config check")
    }
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Self {
        let kind = match &error {
            engine::Error::Refused { .. } => Kind::Refused,
            engine::Error::AccessDenied(_) | engine::Error::RoleConflict(_) => Kind::AccessDenied,
            engine::Error::NotFound(_) => Kind::NotFound,
            engine::Error::Conflict { .. } => Kind::Conflict,
            engine::Error::Unavailable(_) => Kind::Unavailable,
            engine::Error::Internal(_) => Kind::Failed,
        };
        Self::new(kind, error.to_string()).code(error.code())
    }
}

impl From<engine::StoreError> for Error {
    fn from(error: engine::StoreError) -> Self {
        engine::Error::from(error).into()
    }
}

impl From<pki::Error> for Error {
    fn from(error: pki::Error) -> Self {
        Self::new(Kind::Refused, error.to_string())
    }
}

impl From<keys::Error> for Error {
    fn from(error: keys::Error) -> Self {
        let next = match error.cause() {
            keys::Error::WrongPassphrase => "give the passphrase of this key: [keys] passphrase_file or passphrase_env",
            keys::Error::Passphrase(_) => "set [keys] passphrase_file or passphrase_env, or start from a terminal",
            _ => "",
        };
        Self::failed(error.to_string()).next(next)
    }
}
