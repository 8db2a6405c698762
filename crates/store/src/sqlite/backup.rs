//! A copy of the database while it is in use.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::connection::{open_reader, sync_directory};
use crate::error::{Error, Result};

/// Copies the database at `path` as it is now to `target`, which must not exist. Nobody waits for it; the write-ahead log
/// grows while it lasts.
pub(crate) fn copy(path: &Path, target: &Path) -> Result<()> {
    let unusable =
        |error: std::io::Error| Error::Unavailable(format!("the copy {} cannot be written: {error}", target.display()));
    if target.try_exists().map_err(unusable)? {
        return Err(Error::Unavailable(format!("{} exists; a copy never replaces a file", target.display())));
    }
    // Under another name until it is whole and durable: whoever finds `target` finds a database.
    let part = part_path(target);
    let outcome = copy_to(path, &part).and_then(|()| {
        fs::rename(&part, target).map_err(unusable)?;
        sync_directory(target).map_err(unusable)
    });
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => outcome.and(Err(unusable(error))),
        _ => outcome,
    }
}

fn copy_to(path: &Path, part: &Path) -> Result<()> {
    let unusable =
        |error: std::io::Error| Error::Unavailable(format!("the copy {} cannot be written: {error}", part.display()));
    // SQLite writes into an empty file as into none, and so it is never readable by others.
    drop(OpenOptions::new().write(true).create_new(true).mode(0o600).open(part).map_err(unusable)?);
    let name = part.to_str().ok_or_else(|| Error::Unavailable("the name of a copy must be UTF-8".into()))?;
    let connection = open_reader(path)?;
    // The file copied is open for reading only; this would forbid to write the copy too.
    connection.pragma_update(None, "query_only", false)?;
    connection.execute("VACUUM INTO ?1", [name])?;
    // SQLite does not make the copy durable by itself.
    File::open(part).and_then(|file| file.sync_all()).map_err(unusable)
}

fn part_path(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
