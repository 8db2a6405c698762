//! The code that tells an artefact of ours from any other file: HMAC-SHA-256 with a key that never leaves its directory.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::Path;

use aws_lc_rs::{hmac, rand};

use super::Identity;

/// The file with the key, in the directory of the artefacts.
const KEY: &str = "key";

/// Bytes of the key, and of a code.
const BYTES: usize = 32;

/// Makes and checks the codes of one directory.
pub(super) struct Seal(hmac::Key);

impl Seal {
    /// The seal of this directory; it gets a fresh key where it has none.
    pub(super) fn of(directory: &Path) -> Result<Self> {
        let path = directory.join(KEY);
        if !path.try_exists()? {
            make_key(directory, &path)?;
        }
        let mut key = [0; BYTES];
        let mut file = File::open(&path)?;
        super::shelf::check_private(&file.metadata()?)?;
        file.read_exact(&mut key)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The artefact with its code before it.
    pub(super) fn close(&self, identity: &Identity, artefact: &[u8]) -> Vec<u8> {
        let tag = self.context(identity, artefact).sign();
        let mut sealed = Vec::with_capacity(BYTES + artefact.len());
        sealed.extend_from_slice(tag.as_ref());
        sealed.extend_from_slice(artefact);
        sealed
    }

    /// The artefact behind its code; none where the code is another's.
    pub(super) fn open<'a>(&self, identity: &Identity, sealed: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, artefact) = sealed.split_at_checked(BYTES)?;
        let expected = self.context(identity, artefact).sign();
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), tag).ok()?;
        Some(artefact)
    }

    fn context(&self, identity: &Identity, artefact: &[u8]) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.0);
        // Of fixed length each, so that no two identities are written alike; the artefact is the rest.
        context.update(&identity.component);
        context.update(&identity.engine.to_be_bytes());
        context.update(&[identity.machine as u8]);
        context.update(artefact);
        context
    }
}

/// Written beside its place and moved there, so that of two servers that start at once, both use the one key.
fn make_key(directory: &Path, path: &Path) -> Result<()> {
    let mut key = [0; BYTES];
    rand::fill(&mut key).map_err(|_| Error::other("there are no random numbers"))?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::wasm::machine::Machine;

    #[test]
    fn only_what_was_sealed_here_opens_and_only_for_what_it_is() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let seal = Seal::of(here.path()).unwrap();
        let identity = Identity { component: [7; 32], machine: Machine::Timed, engine: 1 };
        let sealed = seal.close(&identity, b"code");
        assert_eq!(Seal::of(here.path()).unwrap().open(&identity, &sealed), Some(&b"code"[..]));
        assert_eq!(Seal::of(there.path()).unwrap().open(&identity, &sealed), None);
        assert_eq!(seal.open(&Identity { engine: 2, ..identity }, &sealed), None);
        assert_eq!(seal.open(&Identity { machine: Machine::Fuelled, ..identity }, &sealed), None);
        assert_eq!(seal.open(&Identity { component: [8; 32], ..identity }, &sealed), None);
        for index in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[index] ^= 1;
            assert_eq!(seal.open(&identity, &touched), None, "{index}");
        }
        assert_eq!(seal.open(&identity, &sealed[..20]), None);
    }
}
