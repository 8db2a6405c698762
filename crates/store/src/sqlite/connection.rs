//! Connections: how they are set.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};

/// Octets of a page. Larger ones make random inserts dear, smaller ones bodies; see docs/manual/database.md.
pub(crate) const PAGE_BYTES: u32 = 8192;

/// KiB of page cache of the writing connection.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// KiB of page cache of each reading connection.
const READER_CACHE_KIB: i64 = 2 * 1024;

/// Octets to which the log file is cut when it starts over: a long read or a backup can have made it large.
const LOG_BYTES_KEPT: i64 = 512 << 20;

/// How long SQLite waits for a lock. Nobody of ours contends: only a checkpoint or a foreign tool can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Creates the file where there is none, readable by nobody else, and opens it for writing.
pub(crate) fn open_writer(path: &Path) -> Result<Connection> {
    create_private(path)?;
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(Error::Unavailable(format!(
            "the database cannot be put into WAL mode (it stays in {mode}); its file system must support shared memory"
        )));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "secure_delete", false)?;
    // A thread of its own checkpoints; see checkpoint.rs.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens an existing file for reading.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn create_private(path: &Path) -> Result<()> {
    let unusable = |error: std::io::Error| {
        Error::Unavailable(format!("the database {} cannot be created: {error}", path.display()))
    };
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(unusable(error)),
    }
    sync_directory(path).map_err(unusable)
}

/// Makes the name of a file as durable as what is written under it.
pub(crate) fn sync_directory(path: &Path) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}
