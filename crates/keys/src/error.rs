//! The crate's error.

use std::io;
use std::path::PathBuf;

use pki::KeyAlgorithm;

/// Why a key or a passphrase could not be had.
///
/// No text carries a passphrase or any part of a key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A key file is there already; it is never overwritten.
    #[error("{}: exists already, and a key file is never overwritten", .0.display())]
    Exists(PathBuf),
    /// A file with a secret that others than its owner can reach.
    #[error(
        "{}: mode {mode:04o} lets others than its owner at the secret; run: chmod 600 {}",
        path.display(),
        path.display()
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The passphrase does not decrypt the key.
    ///
    /// A file whose encrypted part was damaged cannot be told from this.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// A key that is not encrypted, where that was not allowed.
    #[error("the key is not encrypted; encrypt it with: openssl pkcs8 -topk8 -v2 aes-256-cbc")]
    Unencrypted,
    /// Bytes that are no key, or not a whole one.
    #[error("malformed private key: {0}")]
    Malformed(String),
    /// A key that is weak or whose halves do not belong together.
    #[error("the key is refused: {0}")]
    Refused(String),
    /// A well-formed key or file of a kind that is not supported.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// There is no usable passphrase where it was to be found.
    #[error("no passphrase: {0}")]
    Passphrase(String),
    /// A new or opened key whose signature does not verify under its own public half. It must not be used.
    #[error("the {0} key failed its pairwise consistency test")]
    SelfTest(KeyAlgorithm),
    /// The cryptographic library failed, without saying why.
    #[error("{0} failed")]
    Cryptography(&'static str),
    /// Another error, and the key file it concerns.
    #[error("{}: {source}", path.display())]
    File {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Error>,
    },
}

impl Error {
    /// The error itself, without the file it concerns.
    #[must_use]
    pub fn cause(&self) -> &Self {
        match self {
            Self::File { source, .. } => source.cause(),
            other => other,
        }
    }
}
