//! Key files.

use std::fmt;
use std::path::{Path, PathBuf};

use engine::{Signer, SignerError};
use pki::{KeyAlgorithm, PublicKey, SignatureAlgorithm};

use crate::container::{self, Opening};
use crate::{Error, KeyMaterial, Passphrase, generate, private_file};

/// A key in a file: PEM with an `EncryptedPrivateKeyInfo` (RFC 5958 3), encrypted under PBES2 with
/// PBKDF2-HMAC-SHA-256 (600,000 rounds; 1,000 for a passphrase of [`Passphrase::generate`]) and AES-256-CBC.
/// `openssl pkey` reads it, but for the algorithms it lacks.
///
/// Files that other software wrote are read too: PBKDF2 with SHA-2 or scrypt, AES of any size in CBC or GCM.
#[derive(Debug)]
pub struct FileKey;

impl FileKey {
    /// Generates a key and writes it to a new file.
    ///
    /// The file has mode 0600. It and its directory entry are durable, and it has been read back and opened, when
    /// this returns. On an error there is no file left of this call.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is anything at `path`; [`Error::Io`], [`Error::Cryptography`],
    /// [`Error::SelfTest`].
    pub fn create(path: &Path, passphrase: &Passphrase, algorithm: KeyAlgorithm) -> Result<FileSigner, Error> {
        Self::store(path, passphrase, &generate(algorithm)?)
    }

    /// Writes a key that is there already to a new file, as [`create`](Self::create) does.
    ///
    /// # Errors
    /// As of [`create`](Self::create).
    pub fn store(path: &Path, passphrase: &Passphrase, key: &KeyMaterial) -> Result<FileSigner, Error> {
        let sealed = container::seal(&key.to_pkcs8()?, passphrase)?;
        private_file::create(path, sealed.as_bytes())?;
        let opened = Self::open(path, passphrase).and_then(|signer| {
            if signer.public_key().spki() == key.public_key().spki() {
                Ok(signer)
            } else {
                Err(Error::SelfTest(key.key_algorithm()))
            }
        });
        if opened.is_err() {
            std::fs::remove_file(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        }
        opened
    }

    /// Opens an encrypted key file, and tests the key.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Permissions`], or [`Error::File`] around what is wrong with the contents
    /// ([`Error::cause`] tells): [`Error::WrongPassphrase`], [`Error::Unencrypted`], [`Error::Malformed`],
    /// [`Error::Unsupported`], [`Error::Refused`], [`Error::SelfTest`].
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<FileSigner, Error> {
        load(path, Opening::Encrypted(passphrase))
    }

    /// Opens a key file that is not encrypted. For development: whoever can read the file or a backup of it has
    /// the CA.
    ///
    /// # Errors
    /// As of [`open`](Self::open); [`Error::Passphrase`] when the key is encrypted after all.
    pub fn open_unencrypted(path: &Path) -> Result<FileSigner, Error> {
        load(path, Opening::Unencrypted)
    }
}

fn load(path: &Path, opening: Opening<'_>) -> Result<FileSigner, Error> {
    let file = private_file::read(path)?;
    let key = container::open(&file, opening)
        .and_then(|pkcs8| KeyMaterial::from_pkcs8(pkcs8.as_bytes()))
        .map_err(|source| Error::File { path: path.to_owned(), source: Box::new(source) })?;
    Ok(FileSigner { key, path: path.to_owned() })
}

/// Signs with a key that was read from a file. The file is not needed any more.
pub struct FileSigner {
    key: KeyMaterial,
    path: PathBuf,
}

impl FileSigner {
    /// What kind of key this is.
    #[must_use]
    pub fn key_algorithm(&self) -> KeyAlgorithm {
        self.key.key_algorithm()
    }

    /// The file the key was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Signer for FileSigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.key.sign(message)
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.key.sign_digest(digest)
    }
}

impl fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSigner")
            .field("algorithm", &self.key.key_algorithm())
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
