//! Why a statement was not carried out.

use engine::StoreError;
use rusqlite::ErrorCode;

/// The crate's error. [`StoreError`] is what leaves it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// SQLite said no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The change does not fit what is stored; nothing of it was done.
    #[error("{0}")]
    Conflict(String),
    /// A row cannot be what was written.
    #[error("{0}")]
    Corrupt(String),
    /// Not now, or not this way.
    #[error("{0}")]
    Unavailable(String),
}

/// What the crate's own functions return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether the group of changes around the failed one can go on.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Conflict(what) => Self::Conflict(what),
            Error::Corrupt(what) => Self::Corrupt(what),
            Error::Unavailable(why) => Self::Unavailable(why),
            Error::Sqlite(error) => from_sqlite(&error),
        }
    }
}

/// What the operator can do about it decides the text.
fn from_sqlite(error: &rusqlite::Error) -> StoreError {
    use rusqlite::Error as Sqlite;
    let code = match error {
        Sqlite::SqliteFailure(failure, _) => failure.code,
        Sqlite::FromSqlConversionFailure(..)
        | Sqlite::IntegralValueOutOfRange(..)
        | Sqlite::InvalidColumnType(..)
        | Sqlite::Utf8Error(..) => return StoreError::Corrupt(format!("a row cannot be read: {error}")),
        _ => return StoreError::Unavailable(error.to_string()),
    };
    match code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::Corrupt(format!("{error}; stop the server, check the disk and restore the last backup"))
        }
        ErrorCode::DiskFull => StoreError::Unavailable(format!("{error}; free space on the disk of the database")),
        ErrorCode::SystemIoFailure => {
            StoreError::Unavailable(format!("{error}; look at the system's log for failures of the disk"))
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Unavailable(format!(
            "{error}; another program holds the database file: end it, or let it finish"
        )),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => StoreError::Unavailable(format!(
            "{error}; see that the server's account may write the database file and its directory"
        )),
        ErrorCode::OutOfMemory => StoreError::Unavailable(format!("{error}; give the server more memory")),
        ErrorCode::OperationInterrupted => StoreError::Unavailable(
            "the search took too long and was ended; narrow it by a column that has an index".into(),
        ),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
