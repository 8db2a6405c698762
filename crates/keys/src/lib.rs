//! Key containers to the engine's [`Signer`](engine::Signer).
//!
//! A container is where a private key lives while nobody signs with it. The one kind today is a file: encrypted
//! PKCS#8 in PEM, readable by its owner only, opened once at start ([`FileKey`]). What comes out of a container is
//! a signer; nothing above this crate knows which kind it was.
//!
//! The crate must not know requests, certificates or configuration files. It reads a passphrase from where it is
//! told to ([`Passphrase`]) and never from a command line.
//!
//! Where to start: [`FileKey::create`] and [`FileKey::open`], then [`KeyMaterial`], the key in memory.

mod container;
mod error;
mod file;
mod material;
mod pair;
mod passphrase;
mod private_file;

pub use error::Error;
pub use file::{FileKey, FileSigner};
pub use material::{KeyMaterial, generate};
pub use passphrase::Passphrase;
