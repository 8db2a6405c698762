//! The file with a module's code: its digest when it is installed, and whether it is the same when it is loaded.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use engine::store::{Code, DigestCheck, InstalledModule};
use module::{HResult, ModuleError};

/// Octets of a file with code at most.
const BYTES_MAX: u64 = 4 << 30;

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// It cannot be read, is no file, or is larger than 4 GiB.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut file = file.take(BYTES_MAX + 1);
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; 64 << 10];
    let mut length = 0_u64;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
        digest.update(chunk);
        length += chunk.len() as u64;
    }
    if length > BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 4 GiB"));
    }
    Ok(hex::encode(digest.finish()))
}

/// The file as it is now.
pub(super) fn read(path: &Path) -> Result<Code, ModuleError> {
    match sha256_of_file(path) {
        Ok(sha256) => Ok(Code { path: path.to_owned(), sha256 }),
        Err(error) => {
            let code = match error.kind() {
                io::ErrorKind::PermissionDenied => HResult::E_ACCESSDENIED,
                _ => HResult::ERROR_FILE_NOT_FOUND,
            };
            Err(ModuleError::new(code, format!("{}: {error}", path.display())))
        }
    }
}

/// Looks whether the code of a module is what was installed. If it is not, and the module is to be run nevertheless, what the
/// operator is to be told is returned.
pub(super) fn compare(module: &InstalledModule) -> Result<Option<String>, ModuleError> {
    let Some(installed) = &module.versions.package.code else { return Ok(None) };
    let (name, path) = (&module.name, installed.path.display());
    let what = match read(&installed.path) {
        Ok(now) if now.sha256 == installed.sha256 => return Ok(None),
        Ok(now) => format!(
            "{path} is not the file that was installed: its SHA-256 was {}, and is {}",
            installed.sha256, now.sha256
        ),
        Err(error) => format!("the file that was installed cannot be compared: {}", error.message),
    };
    let next = format!("put the file back, or take it over with: exeunt module upgrade {name} PATH");
    match module.options.digest {
        DigestCheck::Enforce => Err(ModuleError::new(HResult::ERROR_INVALID_DATA, format!("{what}; {next}"))),
        DigestCheck::Warn => {
            tracing::warn!(module = name, "{what}; {next}");
            Ok(Some(format!("{what}; {next}")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_has_its_digest_and_a_folder_none() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("module");
        std::fs::write(&path, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_of_file(&path).unwrap(), expected);
        assert!(sha256_of_file(home.path()).is_err());
        assert_eq!(read(&home.path().join("gone")).unwrap_err().code, HResult::ERROR_FILE_NOT_FOUND);
    }
}
