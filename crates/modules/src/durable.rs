//! Files that are either there, whole and on disk, or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use module::{HResult, ModuleError};

/// How a file came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was written.
    Written,
    /// It was there already, with the same bytes.
    Present,
}

/// An I/O error with what was done to which path.
pub(crate) fn failed<'a>(what: &'a str, path: &'a Path) -> impl Fn(io::Error) -> ModuleError + 'a {
    move |error| {
        let code = ModuleError::from(io::Error::from(error.kind())).code;
        ModuleError::new(code, format!("{} cannot be {what}: {error}", path.display()))
    }
}

/// Writes a file that must not be there yet. One with the same bytes is a success: the same event may come twice. One
/// with other bytes is `ERROR_FILE_EXISTS`.
///
/// `writer` tells the temporary files of several writers apart.
pub(crate) fn create_new(path: &Path, bytes: &[u8], writer: &str) -> Result<Outcome, ModuleError> {
    let temporary = write_temporary(path, bytes, writer)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary).map_err(failed("removed", &temporary))?;
    let outcome = match linked {
        Ok(()) => Outcome::Written,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::read(path).map_err(failed("read", path))? != bytes {
                let text = format!("{} exists and holds something else", path.display());
                return Err(ModuleError::new(HResult::ERROR_FILE_EXISTS, text));
            }
            Outcome::Present
        }
        Err(error) => return Err(failed("written", path)(error)),
    };
    // Also for a file that was there: whoever wrote it may not have come this far.
    sync_parent(path)?;
    Ok(outcome)
}

/// Writes a file, in place of one that may be there. Readers see the one or the other.
pub(crate) fn replace(path: &Path, bytes: &[u8], writer: &str) -> Result<(), ModuleError> {
    let temporary = write_temporary(path, bytes, writer)?;
    fs::rename(&temporary, path).map_err(failed("replaced", path))?;
    sync_parent(path)
}

/// Makes names that were created, replaced or removed in the file's directory durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), ModuleError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed("made durable", directory))
}

/// Checks that files can be made in a directory.
pub(crate) fn check_writable(directory: &Path, writer: &str) -> Result<(), ModuleError> {
    if !fs::metadata(directory).map_err(failed("used", directory))?.is_dir() {
        return Err(ModuleError::invalid(format!("{} is not a directory", directory.display())));
    }
    let temporary = write_temporary(&directory.join("probe"), b"", writer)?;
    fs::remove_file(&temporary).map_err(failed("removed", &temporary))
}

/// The bytes under a name beside the target, on disk. What a crash leaves there is overwritten by the next attempt.
fn write_temporary(path: &Path, bytes: &[u8], writer: &str) -> Result<PathBuf, ModuleError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{writer}.tmp"));
    // Removed first: were it a link, its target would be written.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("removed", &temporary)(error)),
        _ => {}
    }
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| {
        // The space it takes may be what is missing.
        let _ = fs::remove_file(&temporary);
        failed("written", &temporary)(error)
    })?;
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_is_created_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("7.cer");
        assert_eq!(create_new(&path, b"one", "m"), Ok(Outcome::Written));
        assert_eq!(create_new(&path, b"one", "m"), Ok(Outcome::Present));
        assert_eq!(create_new(&path, b"two", "m").unwrap_err().code, HResult::ERROR_FILE_EXISTS);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        replace(&path, b"two", "m").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_left_is_no_hindrance_and_a_link_no_trap() {
        let directory = tempfile::tempdir().unwrap();
        let (path, victim) = (directory.path().join("7.cer"), directory.path().join("victim"));
        fs::write(&victim, b"precious").unwrap();
        std::os::unix::fs::symlink(&victim, directory.path().join(".7.cer.m.tmp")).unwrap();
        create_new(&path, b"one", "m").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        // Nor is a link in the place of the file itself followed.
        let (link, target) = (directory.path().join("8.cer"), directory.path().join("new"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(create_new(&link, b"one", "m").is_err());
        assert!(!target.exists());
    }

    #[test]
    fn directories_are_checked() {
        let directory = tempfile::tempdir().unwrap();
        check_writable(directory.path(), "m").unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        let missing = check_writable(&directory.path().join("none"), "m").unwrap_err();
        assert_eq!(missing.code, HResult::ERROR_FILE_NOT_FOUND);
        let file = directory.path().join("file");
        fs::write(&file, b"").unwrap();
        assert_eq!(check_writable(&file, "m").unwrap_err().code, HResult::E_INVALIDARG);
    }
}
