//! The file with a module's code: its digest when it is installed, and which file is run for it at each start.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use engine::store::{Code, DigestCheck, InstalledModule};
use module::{CodeFile, HResult, ModuleError};
use parking_lot::Mutex;

use super::kept::Kept;

/// Octets of a file with code at most.
const BYTES_MAX: u64 = 4 << 30;

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// It cannot be read, is no file, or is larger than 4 GiB.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    // Opening a pipe would wait for whoever writes into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(no_file());
    }
    digest(File::open(path)?, BYTES_MAX, &mut |_| Ok(()))
}

/// The SHA-256 of a file, in hex; `each` is handed all of it, piece by piece.
pub(super) fn digest(file: File, bytes_max: u64, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<String> {
    if !file.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut file = file.take(bytes_max + 1);
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; 64 << 10];
    let mut length = 0_u64;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        digest.update(chunk);
        each(chunk)?;
        length += chunk.len() as u64;
    }
    if length > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {bytes_max} bytes")));
    }
    Ok(hex::encode(digest.finish()))
}

fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")
}

/// The file as it is now.
pub(super) fn read(path: &Path) -> Result<Code, ModuleError> {
    match sha256_of_file(path) {
        Ok(sha256) => Ok(Code { path: path.to_owned(), sha256, class: None }),
        Err(error) => {
            let code = match error.kind() {
                io::ErrorKind::PermissionDenied => HResult::E_ACCESSDENIED,
                _ => HResult::ERROR_FILE_NOT_FOUND,
            };
            Err(ModuleError::new(code, format!("{}: {error}", path.display())))
        }
    }
}

/// The code of an installed module, looked at before each start: the file that was installed is run as long as it is the same, and
/// afterwards the copy that was kept of it.
pub(super) struct Watched {
    module: String,
    installed: Code,
    check: DigestCheck,
    kept: Option<Arc<Kept>>,
    notice: Mutex<Option<String>>,
}

impl Watched {
    /// That of a module; none where its code is in no file.
    pub(super) fn of(module: &InstalledModule, kept: Option<&Arc<Kept>>) -> Option<Arc<Self>> {
        let installed = module.versions.package.code.clone()?;
        Some(Arc::new(Self {
            module: module.name.clone(),
            installed,
            check: module.options.digest,
            kept: kept.cloned(),
            notice: Mutex::default(),
        }))
    }

    /// What the operator is to be told since the last start: that another file lies there.
    pub(super) fn notice(&self) -> Option<String> {
        self.notice.lock().clone()
    }

    /// Keeps a copy of what was added before copies were kept, or was lost with the folder.
    fn keep(&self) {
        if let Some(Err(error)) = self.kept.as_ref().map(|kept| kept.keep(&self.installed)) {
            tracing::warn!(module = self.module, "{}", error.message);
        }
    }

    /// The file to run, and what the operator is to be told of it.
    fn choose(&self) -> Result<(PathBuf, Option<String>), ModuleError> {
        let (name, code, path) = (&self.module, &self.installed, self.installed.path.display());
        let now = read(&code.path);
        let what = match &now {
            Ok(now) if now.sha256 == code.sha256 => {
                self.keep();
                return Ok((code.path.clone(), None));
            }
            Ok(now) => format!(
                "{path} is not the file that was installed: its SHA-256 was {}, and is {}",
                code.sha256, now.sha256
            ),
            Err(error) => format!("the file that was installed cannot be compared: {}", error.message),
        };
        let known = |sha256: &str| self.kept.as_ref().is_some_and(|kept| kept.knows(sha256));
        let upgrade = format!("exeunt module upgrade {name} PATH");
        // With `warn`, a change that nobody has added is run too. What was added is another version, and not this one.
        if self.check == DigestCheck::Warn && now.is_ok_and(|now| !known(&now.sha256)) {
            return Ok((
                code.path.clone(),
                Some(format!("{what}; put the file back, or take it over with: {upgrade}")),
            ));
        }
        if let Some(copy) = self.kept.as_ref().and_then(|kept| kept.find(code)) {
            let text = format!(
                "{what}; the copy that was kept of it runs, without what lay beside it. Take another file over with: {upgrade}"
            );
            return Ok((copy, Some(text)));
        }
        match self.check {
            DigestCheck::Warn => Ok((code.path.clone(), Some(format!("{what}; take it over with: {upgrade}")))),
            DigestCheck::Enforce => {
                let text = format!("{what}; put the file back, or take it over with: {upgrade}");
                Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text))
            }
        }
    }
}

impl Watched {
    /// What the operator is to be told of the file that is registered for the module's class.
    fn compare(&self, found: &Path) -> Result<Option<String>, ModuleError> {
        let (name, code) = (&self.module, &self.installed);
        let what = match read(found) {
            Ok(now) if now.sha256 == code.sha256 => return Ok(None),
            Ok(now) => format!(
                "{}, which is registered for {}, is not the file that was installed: its SHA-256 was {}, and is {}",
                found.display(),
                code.class.as_deref().unwrap_or("the module"),
                code.sha256,
                now.sha256
            ),
            Err(error) => format!("the file that is registered cannot be compared: {}", error.message),
        };
        let text = format!(
            "{what}; put the file back, register the one that was installed again, or take this one over with: \
             exeunt module upgrade {name} com"
        );
        match self.check {
            DigestCheck::Warn => Ok(Some(text)),
            DigestCheck::Enforce => Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text)),
        }
    }

    /// Keeps what the operator is to be told, and says it in the log.
    fn say(&self, notice: Option<String>) {
        if let Some(notice) = &notice {
            tracing::warn!(module = self.module, "{notice}");
        }
        *self.notice.lock() = notice;
    }
}

impl CodeFile for Watched {
    fn named(&self) -> &Path {
        &self.installed.path
    }

    fn locate(&self) -> Result<PathBuf, ModuleError> {
        let chosen = self.choose();
        self.say(chosen.as_ref().ok().and_then(|(_, notice)| notice.clone()));
        chosen.map(|(path, _)| path)
    }

    fn check(&self, found: &Path) -> Result<(), ModuleError> {
        let compared = self.compare(found);
        self.say(compared.as_ref().ok().cloned().flatten());
        compared.map(drop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_has_its_digest_and_a_folder_and_a_pipe_have_none() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("module");
        std::fs::write(&path, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_of_file(&path).unwrap(), expected);
        assert!(sha256_of_file(home.path()).is_err());
        let pipe = home.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (send, refused) = std::sync::mpsc::channel();
        std::thread::spawn(move || send.send(sha256_of_file(&pipe).is_err()));
        assert_eq!(refused.recv_timeout(std::time::Duration::from_secs(20)), Ok(true), "nobody waits for a writer");
        assert_eq!(read(&home.path().join("gone")).unwrap_err().code, HResult::ERROR_FILE_NOT_FOUND);
    }

    #[test]
    fn what_is_run_is_what_was_added_or_the_operator_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("module");
        let kept = Arc::new(Kept::new(home.path().join("modules")));
        let version = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).unwrap()
        };
        let watch = |installed: &Code, check, kept: Option<&Arc<Kept>>| Watched {
            module: "m".into(),
            installed: installed.clone(),
            check,
            kept: kept.cloned(),
            notice: Mutex::default(),
        };
        let first = version("first");
        kept.keep(&first).unwrap();
        let runs = |watched: &Watched| std::fs::read_to_string(watched.locate().unwrap()).unwrap();
        for check in [DigestCheck::Warn, DigestCheck::Enforce] {
            let watched = watch(&first, check, Some(&kept));
            assert_eq!((watched.locate().unwrap(), watched.notice()), (path.clone(), None));
        }

        // Upgraded in its place: the way back leads to the copy.
        let second = version("second");
        kept.keep(&second).unwrap();
        for check in [DigestCheck::Warn, DigestCheck::Enforce] {
            let watched = watch(&first, check, Some(&kept));
            assert_eq!(runs(&watched), "first");
            assert!(watched.notice().unwrap().contains("is not the file that was installed"));
            assert_eq!(runs(&watch(&second, check, Some(&kept))), "second");
        }

        // Changed, and not added.
        version("changed");
        let (warns, enforces) =
            (watch(&second, DigestCheck::Warn, Some(&kept)), watch(&second, DigestCheck::Enforce, Some(&kept)));
        assert_eq!((runs(&warns).as_str(), runs(&enforces).as_str()), ("changed", "second"));
        assert!(warns.notice().unwrap().contains("exeunt module upgrade m"), "{:?}", warns.notice());
        version("second");
        assert_eq!((runs(&warns), warns.notice()), ("second".into(), None));

        // Gone.
        std::fs::remove_file(&path).unwrap();
        assert_eq!((runs(&warns).as_str(), runs(&enforces).as_str()), ("second", "second"));

        // The folder was lost while the file was there.
        version("second");
        std::fs::remove_dir_all(home.path().join("modules")).unwrap();
        assert_eq!(runs(&enforces), "second");
        version("changed");
        assert_eq!((runs(&enforces).as_str(), enforces.notice().is_some()), ("second", true));

        // A class: whichever file is registered for it, by its content alone.
        version("second");
        let class = Code { class: Some("Gate.Policy".into()), ..second.clone() };
        let (warns, enforces) = (watch(&class, DigestCheck::Warn, None), watch(&class, DigestCheck::Enforce, None));
        let moved = home.path().join("moved");
        std::fs::copy(&path, &moved).unwrap();
        assert_eq!((enforces.check(&moved), warns.check(&moved), warns.notice()), (Ok(()), Ok(()), None));
        std::fs::write(&moved, "other").unwrap();
        assert_eq!(warns.check(&moved), Ok(()));
        let refused = enforces.check(&moved).unwrap_err().message;
        for word in ["moved", "Gate.Policy", &second.sha256, "exeunt module upgrade m com"] {
            assert!(refused.contains(word) && warns.notice().unwrap().contains(word), "{refused}");
        }
        assert!(enforces.check(&home.path().join("gone")).unwrap_err().message.contains("cannot be compared"));

        // Nothing was kept.
        version("changed");
        let refused = watch(&second, DigestCheck::Enforce, None).locate().unwrap_err();
        assert!(refused.message.contains(&second.sha256), "{refused}");
        assert_eq!(runs(&watch(&second, DigestCheck::Warn, None)), "changed");
    }
}
