//! The passphrase of a key container.

use std::env::{self, VarError};
use std::fmt;
use std::path::Path;

use aws_lc_rs::rand;
use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::container::{PBKDF2_ROUNDS, PBKDF2_ROUNDS_MIN};
use crate::{Error, private_file};

/// Longest passphrase, in bytes.
pub(crate) const PASSPHRASE_BYTES_MAX: usize = 1024;

/// A passphrase, wiped from memory when dropped. `Debug` shows nothing of it.
///
/// It comes from a file, from the environment or from a prompt, never from a command line, where every process of
/// the machine can read it.
pub struct Passphrase {
    text: Zeroizing<String>,
    /// PBKDF2 rounds for keys that are sealed with it.
    rounds: u32,
}

impl Passphrase {
    /// A passphrase that was typed in or made up.
    ///
    /// # Errors
    /// [`Error::Passphrase`] when it is empty, longer than 1,024 bytes, or has a line break or NUL in it, which no
    /// file or environment variable could hand back.
    pub fn new(text: Zeroizing<String>) -> Result<Self, Error> {
        let fault = if text.is_empty() {
            "it is empty"
        } else if text.len() > PASSPHRASE_BYTES_MAX {
            "it is longer than 1024 bytes"
        } else if text.contains(['\n', '\r', '\0']) {
            "it has a line break or NUL in it"
        } else {
            return Ok(Self { text, rounds: PBKDF2_ROUNDS });
        };
        Err(Error::Passphrase(fault.into()))
    }

    /// A passphrase of 256 random bits, in base64url.
    ///
    /// Keys that are sealed with it open at once: nobody guesses it, so there is nothing that many rounds would slow down.
    ///
    /// # Errors
    /// [`Error::Cryptography`] when the random generator fails.
    pub fn generate() -> Result<Self, Error> {
        let mut bits = Zeroizing::new([0; 32]);
        rand::fill(bits.as_mut_slice()).map_err(|_| Error::Cryptography("random generation"))?;
        let text = Zeroizing::new(Base64UrlUnpadded::encode_string(bits.as_slice()));
        Ok(Self { text, rounds: PBKDF2_ROUNDS_MIN })
    }

    /// Writes it to a new file with mode 0600, as [`from_file`](Self::from_file) reads it. The file is durable when this
    /// returns.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is anything at `path`; [`Error::Io`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let line = Zeroizing::new(format!("{}\n", *self.text));
        private_file::create(path, line.as_bytes())
    }

    /// The first line of a file that only its owner can reach, without its line end (LF or CR LF).
    ///
    /// # Errors
    /// [`Error::Permissions`], [`Error::Io`], [`Error::Passphrase`] when the line is empty, too long or no UTF-8.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let bytes = private_file::read(path)?;
        let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let at = |fault: &str| Error::Passphrase(format!("first line of {}: {fault}", path.display()));
        let text = str::from_utf8(line).map_err(|_| at("it is not UTF-8"))?;
        Self::new(Zeroizing::new(text.to_owned())).map_err(|e| match e {
            Error::Passphrase(fault) => at(&fault),
            other => other,
        })
    }

    /// The value of an environment variable.
    ///
    /// # Errors
    /// [`Error::Passphrase`] when the variable is not set, or its value is empty, too long or no UTF-8.
    pub fn from_env(name: &str) -> Result<Self, Error> {
        let at = |fault: &str| Error::Passphrase(format!("environment variable {name}: {fault}"));
        let text = env::var(name).map_err(|e| match e {
            VarError::NotPresent => at("it is not set"),
            VarError::NotUnicode(_) => at("it is not UTF-8"),
        })?;
        Self::new(Zeroizing::new(text)).map_err(|e| match e {
            Error::Passphrase(fault) => at(&fault),
            other => other,
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// PBKDF2 rounds for keys that are sealed with it.
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn first_line_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        for (contents, want) in [
            (&b"secret"[..], Some("secret")),
            (b"secret\n", Some("secret")),
            (b"secret\r\n", Some("secret")),
            (b" two words \nsecond line\n", Some(" two words ")),
            ("gr\u{fc}n\n".as_bytes(), Some("gr\u{fc}n")),
            (b"", None),
            (b"\nsecret", None),
            (b"\xff\n", None),
            (b"a\0b\n", None),
            (&[b'a'; 1025], None),
        ] {
            fs::write(&path, contents).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let got = Passphrase::from_file(&path);
            assert_eq!(got.as_ref().ok().map(Passphrase::as_bytes), want.map(str::as_bytes), "{contents:?}");
            if let Err(e) = got {
                assert!(e.to_string().contains(path.to_str().unwrap()), "{e}");
            }
        }
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Passphrase::from_file(&path), Err(Error::Permissions { mode: 0o644, .. })));
    }

    #[test]
    fn environment() {
        // PATH is the one variable every test process has.
        let path = Passphrase::from_env("PATH").unwrap();
        assert_eq!(path.as_bytes(), env::var("PATH").unwrap().as_bytes());
        for name in ["EXEUNT_NO_SUCH_VARIABLE", "", "A=B"] {
            assert!(matches!(Passphrase::from_env(name), Err(Error::Passphrase(_))), "{name}");
        }
    }

    #[test]
    fn generated_ones_differ_and_are_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let one = Passphrase::generate().unwrap();
        assert_eq!(one.as_bytes().len(), 43);
        assert_ne!(one.as_bytes(), Passphrase::generate().unwrap().as_bytes());
        one.write(&path).unwrap();
        assert_eq!(Passphrase::from_file(&path).unwrap().as_bytes(), one.as_bytes());
        assert!(matches!(one.write(&path), Err(Error::Exists(_))));
    }

    #[test]
    fn debug_shows_nothing() {
        let passphrase = Passphrase::new(Zeroizing::new("hush".into())).unwrap();
        assert_eq!(format!("{passphrase:?}"), "Passphrase");
    }
}
