//! The directory of artefacts: private, bounded, and never trusted further than the seal goes.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{Error, Read, Result, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::Identity;
use super::seal::Seal;

/// How names of artefacts end.
const SUFFIX: &str = ".artefact";

/// Artefacts that are kept; the oldest leave.
const KEPT_MAX: usize = 64;

/// The longest artefact.
const BYTES_MAX: u64 = 1 << 30;

/// A directory of artefacts that is fit to be used.
pub(super) struct Shelf {
    directory: PathBuf,
    seal: Seal,
}

impl Shelf {
    /// Opens the directory, made where it is missing. One that others can enter is refused.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let metadata = std::fs::symlink_metadata(directory)?;
        if !metadata.is_dir() {
            return Err(Error::other("it is not a directory"));
        }
        check_private(&metadata)?;
        Ok(Self { directory: directory.to_owned(), seal: Seal::of(directory)? })
    }

    /// The component of this identity, if a good artefact is here.
    pub(super) fn take(&self, identity: &Identity, engine: &Engine) -> Option<Component> {
        let path = self.directory.join(name(identity));
        let sealed = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(artefact = %path.display(), "a compiled component cannot be read: {error}");
                return None;
            }
        };
        let Some(artefact) = self.seal.open(identity, &sealed) else {
            tracing::warn!(artefact = %path.display(), "a compiled component is damaged or not ours; it is compiled again");
            return None;
        };
        match load(engine, artefact) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(artefact = %path.display(), "a compiled component cannot be used: {error:#}");
                None
            }
        }
    }

    /// Keeps a component. Where that fails, it is compiled again another time.
    pub(super) fn put(&self, identity: &Identity, component: &Component) {
        let kept = component.serialize().map_err(|error| Error::other(format!("{error:#}"))).and_then(|artefact| {
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(&self.seal.close(identity, &artefact))?;
            file.as_file().sync_all()?;
            file.persist(self.directory.join(name(identity))).map_err(|error| error.error)?;
            self.make_room()
        });
        if let Err(error) = kept {
            tracing::warn!(directory = %self.directory.display(), "a compiled component could not be kept: {error}");
        }
    }

    /// Removes the oldest artefacts above the limit.
    fn make_room(&self) -> Result<()> {
        let mut artefacts: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(&self.directory)?
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let ours = path.extension().is_some_and(|extension| extension == SUFFIX.trim_start_matches('.'));
                ours.then(|| Some((path.metadata().ok()?.modified().ok()?, path)))?
            })
            .collect();
        artefacts.sort();
        let surplus = artefacts.len().saturating_sub(KEPT_MAX);
        artefacts.into_iter().take(surplus).try_for_each(|(_, path)| std::fs::remove_file(path))
    }
}

/// Whether it belongs to this process's account and is closed to all others.
pub(super) fn check_private(metadata: &Metadata) -> Result<()> {
    let (owner, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != own {
        return Err(Error::other(format!("it belongs to account {owner}, and this server runs as {own}")));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::other(format!("others can enter it (mode {mode:03o}); `chmod go-rwx` closes it")));
    }
    Ok(())
}

fn name(identity: &Identity) -> String {
    let component: String = identity.component.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{component}-{}-{:016x}{SUFFIX}", identity.machine.name(), identity.engine)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let file = File::from(rustix::fs::open(path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?);
    let metadata = file.metadata()?;
    check_private(&metadata)?;
    if !metadata.is_file() || metadata.len() > BYTES_MAX {
        return Err(Error::other(format!("it is no file, or above {BYTES_MAX} bytes")));
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[expect(unsafe_code, reason = "there is no other way to load what was compiled")]
fn load(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be those that `Component::serialize` made. They are: the seal's code was checked over these
    // very bytes in memory, its key is in a directory that only this account can enter, and nothing but `put` seals.
    // Whether they fit this engine, the engine checks itself.
    unsafe { Component::deserialize(engine, artefact) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("a/b");
        assert!(Shelf::open(&directory).is_ok());
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o750)).unwrap();
        assert!(Shelf::open(&directory).err().unwrap().to_string().contains("mode 750"));
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path().join("a"), &link).unwrap();
        assert!(Shelf::open(&link).is_err());
    }

    #[test]
    fn the_oldest_leave() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("kept");
        let shelf = Shelf::open(&directory).unwrap();
        for number in 0..KEPT_MAX + 3 {
            let path = directory.join(format!("{number:03}{SUFFIX}"));
            let file = File::create(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64)).unwrap();
        }
        shelf.make_room().unwrap();
        assert!(!directory.join(format!("002{SUFFIX}")).exists());
        assert!(directory.join(format!("003{SUFFIX}")).exists());
        assert!(directory.join("key").exists());
    }
}
