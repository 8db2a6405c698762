//! What can be done on the data folder while no server runs. The caller holds the folder's lock.

use std::path::Path;

use frontends::model::{AuditReport, DatabaseReport};

use crate::Error;
use crate::config::Resolved;

/// Checks the chain of audit entries.
///
/// # Errors
/// The database cannot be read.
pub fn verify_audit(resolved: &Resolved, progress: &mut dyn FnMut(u64, u64)) -> Result<AuditReport, Error> {
    let store = store::SqliteStore::open(&resolved.database, store::Options::default())?;
    let report = engine::verify_trail(&store, progress)?;
    Ok(AuditReport { entries: report.entries, head: hex::encode(report.head), problem: report.problem })
}

/// Checks the database's structure and the chain of events.
///
/// # Errors
/// The database cannot be read.
pub fn check_database(resolved: &Resolved, progress: &mut dyn FnMut(u64, u64)) -> Result<DatabaseReport, Error> {
    let store = store::SqliteStore::open(&resolved.database, store::Options::default())?;
    Ok(DatabaseReport { problems: engine::check_database(&store, progress)? })
}

/// Copies the database to a new file that nobody else may read.
///
/// # Errors
/// The database cannot be read, or the file exists or cannot be written.
pub fn back_up_database(resolved: &Resolved, target: &Path) -> Result<(), Error> {
    let store = store::SqliteStore::open(&resolved.database, store::Options::default())?;
    Ok(store.copy_to(target)?)
}
