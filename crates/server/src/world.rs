//! The clock, randomness and files that the engine touches.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use engine::{Clock, Files, Random, Scratch};
use jiff::Timestamp;
use module::{HResult, ModuleError};

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The cryptographic library's generator, seeded by the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), std::io::Error> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| std::io::Error::other("the random generator failed"))
    }
}

/// Files on this machine. Relative locations start at the data folder.
#[derive(Clone, Debug)]
pub struct LocalFiles {
    folder: PathBuf,
}

impl LocalFiles {
    /// Files whose relative locations start at `folder`; scratch files live there too, and have no name.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, location: &str) -> Result<PathBuf, ModuleError> {
        let wrong =
            |why: &str| ModuleError::new(HResult::ERROR_BAD_PATHNAME, format!("cannot write to {location}: {why}"));
        let path = match location.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
                let path =
                    rest.strip_prefix("//").map_or(rest, |after| after.strip_prefix("localhost").unwrap_or(after));
                if !path.starts_with('/') {
                    return Err(wrong("a file URL names a file of this machine: file:///srv/pki/ca.crl"));
                }
                percent_decoded(path).ok_or_else(|| wrong("a percent sign is not followed by two hex digits"))?
            }
            // One letter before the colon is a drive of another system; more are a scheme.
            Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                return Err(wrong("only paths and file URLs can be written to"));
            }
            _ => PathBuf::from(location),
        };
        Ok(self.folder.join(path))
    }
}

impl Files for LocalFiles {
    fn scratch(&self) -> Result<Box<dyn Scratch>, std::io::Error> {
        Ok(Box::new(tempfile::tempfile_in(&self.folder)?))
    }

    fn publish(&self, location: &str, body: &mut dyn Read) -> Result<(), ModuleError> {
        let path = self.path(location)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let failed = |error: std::io::Error| {
            let error = ModuleError::from(error);
            ModuleError::new(error.code, format!("cannot write {}: {}", path.display(), error.message))
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::Builder::new().prefix(".publishing-").tempfile_in(folder).map_err(failed)?;
        std::io::copy(body, &mut file).map_err(failed)?;
        // What is published is for everybody, whatever the server's umask.
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644)).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

fn percent_decoded(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let mut byte = [0];
            hex::decode_to_slice(digits, &mut byte).ok()?;
            bytes.extend(byte);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    (!bytes.contains(&0)).then(|| PathBuf::from(std::ffi::OsStr::from_bytes(&bytes)))
}

/// The machine's host name, as far as it is one: what `ca.dns_name` is when it is not set.
pub fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() || name == "(none)" { "localhost".into() } else { name.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::io::{Seek, SeekFrom, Write};

    use super::*;

    #[test]
    fn publication_writes_paths_and_file_urls_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let files = LocalFiles::new(home.path());
        for (location, path) in [
            ("crl/Example CA.crl".to_owned(), "crl/Example CA.crl"),
            (format!("{}/b.crl", home.path().display()), "b.crl"),
            (format!("file://{}/c%20d.crl", home.path().display()), "c d.crl"),
            (format!("file://localhost{}/e.crl", home.path().display()), "e.crl"),
        ] {
            files.publish(&location, &mut &b"old"[..]).unwrap();
            files.publish(&location, &mut &b"new"[..]).unwrap();
            assert_eq!(std::fs::read(home.path().join(path)).unwrap(), b"new", "{location}");
        }
        for location in ["http://example.org/a.crl", "ldap:///CN=x", "file://other/a", "file:relative", "file:///%zz"] {
            let error = files.publish(location, &mut &b""[..]).unwrap_err();
            assert_eq!(error.code, HResult::ERROR_BAD_PATHNAME, "{location}");
        }
    }

    #[test]
    fn scratch_files_have_no_name() {
        let home = tempfile::tempdir().unwrap();
        let mut scratch = LocalFiles::new(home.path()).scratch().unwrap();
        scratch.write_all(b"abc").unwrap();
        scratch.seek(SeekFrom::Start(1)).unwrap();
        let mut back = String::new();
        scratch.read_to_string(&mut back).unwrap();
        assert_eq!(back, "bc");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
