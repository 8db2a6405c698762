//! Files that hold a secret: read only when nobody but the owner can reach them, written so that nobody else can.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::Error;

/// Longest file that is read, in bytes. The largest key, RSA-4096 in encrypted PEM, takes about 3,500.
pub(crate) const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Permission bits of the group and of everybody else.
const OTHERS: u32 = 0o077;

/// Reads a file that only its owner can reach.
///
/// The check is made on the file that was opened, not on its name.
///
/// # Errors
/// [`Error::Permissions`] when group or others have any right to it; [`Error::Io`]; [`Error::Malformed`] when it is
/// no regular file or longer than [`FILE_BYTES_MAX`].
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(Error::Malformed(format!("{} is not a regular file", path.display())));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(Error::Permissions { path: path.to_owned(), mode });
    }
    // Room for all of it from the start: a Vec that grows leaves copies behind that nothing wipes.
    let room = usize::try_from(metadata.len().min(FILE_BYTES_MAX)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::Malformed(format!("{} is longer than {FILE_BYTES_MAX} bytes", path.display())));
    }
    Ok(bytes)
}

/// Writes a new file with mode 0600, and returns when it and its name are durable.
///
/// A file that could not be written whole is removed again.
///
/// # Errors
/// [`Error::Exists`] when the name is taken, by whatever; [`Error::Io`].
pub(crate) fn create(path: &Path, contents: &[u8]) -> Result<(), Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(Error::Exists(path.to_owned())),
        other => other.map_err(io)?,
    };
    let written = file.write_all(contents).and_then(|()| file.sync_all()).and_then(|()| sync_directory(path));
    written.map_err(|source| match std::fs::remove_file(path) {
        Ok(()) => io(source),
        Err(left) => io(io::Error::new(source.kind(), format!("{source}; the partial file stays: {left}"))),
    })
}

/// Makes the entry of `path` in its directory durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"hush").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        for (mode, readable) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false), (0o601, false)]
        {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match read(&path) {
                Ok(bytes) => assert!(readable && bytes.as_slice() == b"hush", "{mode:o}"),
                Err(e @ Error::Permissions { .. }) => {
                    assert!(!readable, "{mode:o}");
                    assert!(e.to_string().contains(&format!("chmod 600 {}", path.display())), "{e}");
                }
                Err(e) => panic!("{mode:o}: {e}"),
            }
        }
    }

    #[test]
    fn never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        create(&path, b"first").unwrap();
        assert!(matches!(create(&path, b"second"), Err(Error::Exists(p)) if p == path));
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &link).unwrap();
        assert!(matches!(create(&link, b"second"), Err(Error::Exists(_))));
        assert!(matches!(create(&dir.path().join("none/secret"), b"x"), Err(Error::Io { .. })));
    }

    #[test]
    fn odd_files() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(read(&dir.path().join("none")), Err(Error::Io { .. })));
        assert!(matches!(read(dir.path()), Err(Error::Malformed(_))));
        let long = dir.path().join("long");
        create(&long, &vec![b'a'; FILE_BYTES_MAX as usize + 1]).unwrap();
        assert!(matches!(read(&long), Err(Error::Malformed(_))));
    }
}
