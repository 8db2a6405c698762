//! Copies of the files with modules' code: what was added can be run again when another file lies in its place.
//!
//! A copy of the file `my.wasm` lies at `sha256-<digest>/my.wasm`: by its content, so that it is never written twice, and
//! under its own name, because loaders go by how a name ends. The folder is the server's alone.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use engine::store::Code;
use module::{HResult, ModuleError};
use parking_lot::Mutex;

use super::code::{digest, sha256_of_file};

/// Octets of a file that is kept at most. Of a larger one there is no copy.
const BYTES_MAX: u64 = 256 << 20;
/// How the name of a copy's folder begins; the digest in hex follows.
const FOLDER: &str = "sha256-";
/// Characters of a digest in hex.
const DIGEST_CHARACTERS: usize = 64;
/// How the names of files begin that are being written.
const UNFINISHED: &str = ".exeunt-";

/// The folder of copies.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
    /// Held while a copy is written, and while others are removed: modules start whenever they must, and what they are writing
    /// is not to be swept away.
    changing: Mutex<()>,
}

impl Kept {
    /// Keeps copies in this folder, which is made when it is needed.
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder, changing: Mutex::new(()) }
    }

    /// Keeps a copy of the file, unless there is a good one, or the file is too large.
    ///
    /// # Errors
    /// The file has not the digest (any more), cannot be read, or the copy cannot be written.
    pub(super) fn keep(&self, code: &Code) -> Result<(), ModuleError> {
        let Some(place) = self.place(code) else { return Ok(()) };
        let _changing = self.changing.lock();
        if self.find(code).is_some() {
            return Ok(());
        }
        let (path, folder) = (code.path.display(), self.folder.display());
        let failed = |error: io::Error| {
            let text = format!("no copy of {path} can be kept in {folder}: {error}");
            ModuleError::new(ModuleError::from(error).code, text)
        };
        let file = File::open(&code.path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.len() > BYTES_MAX {
            tracing::info!(
                "no copy of {path} is kept, because it has more than {BYTES_MAX} bytes: the way back to it needs the file itself"
            );
            return Ok(());
        }
        if self.write(file, &metadata, code, &place).map_err(failed)? {
            return Ok(());
        }
        let text = format!("{path} has changed while it was looked at; try again when it is complete");
        Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text))
    }

    /// The copy of the file, if there is one with its digest.
    pub(super) fn find(&self, code: &Code) -> Option<PathBuf> {
        let place = self.place(code).filter(|place| place.exists())?;
        match sha256_of_file(&place) {
            Ok(now) if now == code.sha256 => return Some(place),
            Ok(_) => tracing::error!("the copy {} is damaged, and is not run", place.display()),
            Err(error) => tracing::error!("the copy {} cannot be read: {error}", place.display()),
        }
        None
    }

    /// Whether a file with this digest was added as code, and is still known.
    pub(super) fn knows(&self, sha256: &str) -> bool {
        self.folder.join(format!("{FOLDER}{sha256}")).exists()
    }

    /// Removes every copy but those of these files. What cannot be removed stays until another time.
    pub(super) fn keep_only(&self, codes: &[&Code]) {
        let wanted: BTreeSet<PathBuf> = codes.iter().filter_map(|code| self.place(code)).collect();
        let _changing = self.changing.lock();
        if let Err(error) = self.sweep(&wanted) {
            tracing::warn!("copies of modules that nobody needs stay in {}: {error}", self.folder.display());
        }
    }

    /// Where the copy of a file lies.
    fn place(&self, code: &Code) -> Option<PathBuf> {
        let name = code.path.file_name()?;
        is_digest(&code.sha256).then(|| self.folder.join(format!("{FOLDER}{}", code.sha256)).join(name))
    }

    /// Writes the copy whole or not at all, durably. Says whether the file has the digest.
    fn write(&self, file: File, metadata: &std::fs::Metadata, code: &Code, place: &Path) -> io::Result<bool> {
        let Some(folder) = place.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mut copy = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder)?;
        let mut write = |chunk: &[u8]| copy.write_all(chunk);
        if digest(file, BYTES_MAX, &mut write)? != code.sha256 {
            return Ok(false);
        }
        let mode = if metadata.mode() & 0o111 == 0 { 0o400 } else { 0o500 };
        copy.as_file().set_permissions(Permissions::from_mode(mode))?;
        copy.as_file().sync_all()?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        copy.persist(place).map_err(|error| error.error)?;
        [folder, &self.folder].into_iter().try_for_each(|folder| File::open(folder)?.sync_all())?;
        Ok(true)
    }

    /// Fails with the first that cannot be removed, after all others.
    fn sweep(&self, wanted: &BTreeSet<PathBuf>) -> io::Result<()> {
        let swept = entries(&self.folder)?.into_iter().map(|(name, path)| {
            let name = name.to_string_lossy();
            if name.starts_with(UNFINISHED) {
                std::fs::remove_file(&path)
            } else if name.strip_prefix(FOLDER).is_some_and(is_digest) {
                sweep_copies(&path, wanted)
            } else {
                Ok(())
            }
        });
        swept.fold(Ok(()), Result::and)
    }
}

/// Removes the copies of one content that nobody wants.
fn sweep_copies(folder: &Path, wanted: &BTreeSet<PathBuf>) -> io::Result<()> {
    let (kept, gone): (Vec<_>, Vec<_>) =
        entries(folder)?.into_iter().map(|(_, copy)| copy).partition(|copy| wanted.contains(copy));
    gone.iter().try_for_each(std::fs::remove_file)?;
    if kept.is_empty() { std::fs::remove_dir(folder) } else { Ok(()) }
}

/// What is in a folder; nothing where there is none.
fn entries(folder: &Path) -> io::Result<Vec<(OsString, PathBuf)>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| (entry.file_name(), entry.path()))).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_CHARACTERS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn code(path: PathBuf) -> Code {
        let sha256 = sha256_of_file(&path).unwrap();
        Code { path, sha256, class: None }
    }

    #[test]
    fn a_copy_is_kept_as_long_as_it_is_needed() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(home.path().join("modules"));
        kept.keep_only(&[]);
        let path = home.path().join("my.sh");
        std::fs::write(&path, "one").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let first = code(path.clone());
        assert_eq!((kept.find(&first), kept.knows(&first.sha256)), (None, false));
        kept.keep(&first).unwrap();
        kept.keep(&first).unwrap();
        std::fs::write(&path, "two").unwrap();
        let second = code(path.clone());
        kept.keep(&second).unwrap();
        // The same content under another name.
        let twin = Code { path: home.path().join("twin"), ..first.clone() };
        std::fs::write(&twin.path, "one").unwrap();
        kept.keep(&twin).unwrap();

        let copy = kept.find(&first).unwrap();
        assert_eq!(std::fs::read(&copy).unwrap(), b"one");
        assert_eq!((copy.file_name(), std::fs::metadata(&copy).unwrap().mode() & 0o777), (path.file_name(), 0o500));
        assert_eq!(std::fs::metadata(kept.find(&twin).unwrap()).unwrap().mode() & 0o777, 0o400);
        assert_eq!(std::fs::metadata(&kept.folder).unwrap().mode() & 0o777, 0o700);

        std::fs::write(kept.folder.join(".exeunt-cut-off"), "").unwrap();
        std::fs::write(kept.folder.join("README"), "somebody's own").unwrap();
        kept.keep_only(&[&twin, &second]);
        assert!(kept.find(&first).is_none() && kept.find(&twin).is_some() && kept.find(&second).is_some());
        // What cannot be removed keeps nothing else.
        let stuck = kept.folder.join(format!("{FOLDER}{}/folder", "0".repeat(DIGEST_CHARACTERS)));
        std::fs::create_dir_all(&stuck).unwrap();
        kept.keep_only(&[]);
        assert!(!kept.knows(&second.sha256));
        std::fs::remove_dir_all(stuck.parent().unwrap()).unwrap();
        let left: Vec<_> = entries(&kept.folder).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(left, [OsString::from("README")]);
    }

    #[test]
    fn what_is_being_written_is_not_swept_away() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(home.path().join("modules"));
        let path = home.path().join("my.sh");
        std::fs::write(&path, "one").unwrap();
        let code = code(path);
        let done = AtomicBool::new(false);
        let copies = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    kept.keep_only(&[&code]);
                }
            });
            let copies: Vec<_> = (0..30)
                .map(|_| {
                    kept.keep_only(&[]);
                    kept.keep(&code).map(|()| kept.find(&code).is_some())
                })
                .collect();
            done.store(true, Ordering::Release);
            copies
        });
        assert_eq!(copies, vec![Ok(true); 30]);
    }

    #[test]
    fn what_is_not_what_it_says_is_not_kept_and_not_found() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(home.path().join("modules"));
        let path = home.path().join("my.wasm");
        std::fs::write(&path, "one").unwrap();
        let good = code(path.clone());
        let other = Code { sha256: good.sha256.replace(['0', '1', '2'], "3"), ..good.clone() };
        assert_eq!(kept.keep(&other).unwrap_err().code, HResult::ERROR_INVALID_DATA);
        assert!(entries(&kept.folder).unwrap().is_empty());
        kept.keep(&good).unwrap();
        let copy = kept.find(&good).unwrap();
        std::fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&copy, "tampered").unwrap();
        assert_eq!(kept.find(&good), None);
        // Added again, or started from its own file, it has a good copy again.
        kept.keep(&good).unwrap();
        assert_eq!(std::fs::read(kept.find(&good).unwrap()).unwrap(), b"one");
        // A digest that is a path leads nowhere.
        let odd = Code { sha256: "../../../etc".into(), ..good };
        assert_eq!((kept.keep(&odd), kept.find(&odd)), (Ok(()), None));

        let large = home.path().join("large");
        File::create(&large).unwrap().set_len(BYTES_MAX + 1).unwrap();
        let large = Code { path: large, sha256: "0".repeat(DIGEST_CHARACTERS), class: None };
        assert_eq!((kept.keep(&large), kept.find(&large)), (Ok(()), None));
    }
}
