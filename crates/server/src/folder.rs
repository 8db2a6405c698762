//! The data folder, and the lock that keeps a second server out of it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::Error;
use crate::error::Kind;

/// The configuration file's name in the data folder.
pub const CONFIGURATION: &str = "exeunt.toml";

/// The lock's name in the data folder.
const LOCK: &str = "exeunt.lock";

/// The path made absolute, without the `..` it begins with: what is kept of it must not break with the folder in which a command
/// was given. (The working directory's own path has no links, so its parent is the folder above.)
///
/// # Errors
/// The working directory cannot be read.
pub fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let unreadable = |error| Error::io(path, &error);
    let mut rest = path.components();
    let mut folder = std::env::current_dir().map_err(unreadable)?;
    loop {
        let mut next = rest.clone();
        match next.next() {
            Some(Component::ParentDir) => {
                folder.pop();
            }
            Some(Component::CurDir) => {}
            Some(_) => return std::path::absolute(folder.join(rest)).map_err(unreadable),
            None => return Ok(folder),
        }
        rest = next;
    }
}

/// Where a certification authority lives: configuration, key, database, socket. Nobody but its owner can enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// The folder at `path`, made absolute; it need not be there.
    ///
    /// # Errors
    /// The working directory cannot be read.
    pub fn at(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: absolute(path)? })
    }

    /// Makes the folder (mode 0700) and the ones above it, where they are missing.
    ///
    /// # Errors
    /// It cannot be made, or is there and open to others.
    pub fn create(&self) -> Result<(), Error> {
        if let Some(parent) = self.path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::io(parent, &error))?;
        }
        match DirBuilder::new().mode(0o700).create(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => self.check(),
            other => other.map_err(|error| Error::io(&self.path, &error)),
        }
    }

    /// Refuses a folder that others than its owner can write to.
    ///
    /// # Errors
    /// There is no such folder, or it is open to others.
    pub fn check(&self) -> Result<(), Error> {
        let metadata = std::fs::metadata(&self.path).map_err(|error| Error::io(&self.path, &error))?;
        let shown = self.path.display();
        if !metadata.is_dir() {
            return Err(Error::usage(format!("{shown} is not a folder")));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(Error::failed(format!("{shown} can be written to by others than its owner"))
                .next(format!("run: chmod go-w {shown}")));
        }
        Ok(())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration file in it.
    pub fn configuration(&self) -> PathBuf {
        self.path.join(CONFIGURATION)
    }

    /// Takes the folder for this process.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when another process has it.
    pub fn lock(&self) -> Result<FolderLock, Error> {
        let path = self.path.join(LOCK);
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
        let mut file = options.open(&path).map_err(|error| Error::io(&path, &error))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            // Who holds it is a courtesy; that somebody does is certain.
            let known = (&file).take(20).read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let who = if known { format!(" (process {})", holder.trim()) } else { String::new() };
            return Err(Error::new(Kind::Conflict, format!("{} is in use by a server{who}", self.path.display()))
                .next("stop that server first, or use another folder with --data"));
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(|error| Error::io(&path, &error))?;
        Ok(FolderLock { _file: file })
    }
}

/// Holds the data folder until it is dropped; the operating system lets go of it when the process ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Writes a file whole or not at all, durably, in place of the one that was there.
///
/// # Errors
/// As the operating system has them.
pub fn replace_file(path: &Path, contents: &[u8], mode: u32) -> Result<(), Error> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error: std::io::Error| Error::io(path, &error);
    let mut file = tempfile::Builder::new()
        .prefix(".exeunt-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(contents).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_has_one_holder() {
        let home = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(&home.path().join("a/b")).unwrap();
        folder.create().unwrap();
        assert_eq!(std::fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
        let lock = folder.lock().unwrap();
        let refused = folder.lock().unwrap_err();
        assert_eq!(refused.kind, Kind::Conflict);
        assert!(refused.message.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(lock);
        folder.lock().unwrap();
    }

    #[test]
    fn what_is_kept_of_a_path_does_not_lead_through_the_working_directory() {
        let here = std::env::current_dir().unwrap();
        let above = here.parent().unwrap();
        for (given, kept) in [
            ("../mine", above.join("mine")),
            ("./../mine/", above.join("mine/")),
            ("..", above.to_owned()),
            (".", here.clone()),
            ("mine", here.join("mine")),
            // What lies behind a link is not ours to know.
            ("mine/../other", here.join("mine/../other")),
            ("/srv/mine", "/srv/mine".into()),
        ] {
            assert_eq!(absolute(Path::new(given)).unwrap(), kept, "{given}");
        }
    }

    #[test]
    fn a_folder_others_write_to_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(home.path()).unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(folder.create().unwrap_err().next.starts_with("run: chmod go-w"));
    }

    #[test]
    fn files_are_replaced_whole() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        replace_file(&path, b"one", 0o600).unwrap();
        replace_file(&path, b"two", 0o640).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
