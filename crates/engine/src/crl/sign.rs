//! Signing a CRL that may be too long to hold, and storing it.

use aws_lc_rs::digest::{self, Context, SHA256};
use module::HResult;
use pki::{CrlHeader, Digest};

use super::entries::Entries;
use crate::store::CrlBody;
use crate::{Error, Issuer, SignerError, Store};

/// Bytes written to the store at a time: the most it takes.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Why a CRL was not made.
#[derive(Debug)]
pub(super) enum NotMade {
    /// This key did not sign it. Other keys may.
    Key(Error),
    /// The database, a scratch file or the configuration: no key will fare better.
    All(Error),
}

impl From<Error> for NotMade {
    fn from(error: Error) -> Self {
        Self::All(error)
    }
}

impl From<pki::Error> for NotMade {
    fn from(error: pki::Error) -> Self {
        Self::All(error.into())
    }
}

impl From<SignerError> for NotMade {
    fn from(error: SignerError) -> Self {
        Self::Key(error.into())
    }
}

/// What stands around the entries in the file.
pub(super) struct Frame {
    before: Vec<u8>,
    after: Vec<u8>,
}

/// Where the bytes of a CRL are, and what they are.
pub(super) struct StoredCrl {
    pub(super) body: CrlBody,
    pub(super) size: u64,
    pub(super) sha256: [u8; 32],
}

/// Signs the list, and checks the signature under the CA certificate's key: a CRL with a bad signature would be as if
/// there were none, and nobody here would notice.
///
/// Constant memory where the algorithm signs a digest; the others (Ed25519, ML-DSA) need the whole list in memory.
pub(super) fn sign(issuer: &Issuer<'_>, header: &CrlHeader, entries: &mut Entries) -> Result<Frame, NotMade> {
    let algorithm = header.signature;
    let key = issuer.installed.certificate.public_key();
    let prefix = header.prefix(entries.bytes())?;
    let suffix = header.suffix()?;
    let tbs_bytes = prefix.len() as u64 + entries.bytes() + suffix.len() as u64;

    let (signature, verified) = if let Some(digest) = algorithm.digest() {
        let mut context = Context::new(function(digest));
        context.update(&prefix);
        entries.read(|piece| {
            context.update(piece);
            Ok(())
        })?;
        context.update(&suffix);
        let digest = context.finish();
        let signature = issuer.signer.sign_digest(digest.as_ref())?;
        let verified = key.verify_digest(algorithm, digest.as_ref(), &signature);
        (signature, verified)
    } else {
        let mut tbs = prefix.clone();
        entries.read(|piece| {
            tbs.extend_from_slice(piece);
            Ok(())
        })?;
        tbs.extend_from_slice(&suffix);
        let signature = issuer.signer.sign(&tbs)?;
        let verified = key.verify(algorithm, &tbs, &signature);
        (signature, verified)
    };
    if let Err(error) = verified {
        let message = format!("the signature over the CRL of key {}: {error}", issuer.installed.row.key_index);
        return Err(NotMade::Key(Error::conflict(HResult::NTE_BAD_SIGNATURE, message)));
    }

    let mut before = pki::outer_prefix(tbs_bytes, algorithm, &signature)?;
    before.extend_from_slice(&prefix);
    let mut after = suffix;
    after.extend_from_slice(&pki::outer_suffix(algorithm, &signature));
    Ok(Frame { before, after })
}

/// Writes the whole CRL to the store. Nothing refers to it yet; after an error it is gone again.
pub(super) fn store(store: &dyn Store, frame: &Frame, entries: &mut Entries) -> Result<StoredCrl, Error> {
    let body = store.new_crl_body()?;
    let mut writer = BodyWriter { store, body, chunk: Vec::new(), hash: Context::new(&SHA256), size: 0 };
    let written = writer
        .write(&frame.before)
        .and_then(|()| entries.read(|piece| writer.write(piece)))
        .and_then(|()| writer.write(&frame.after))
        .and_then(|()| writer.flush());
    if let Err(error) = written {
        super::publish::discard(store, vec![body]);
        return Err(error);
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(writer.hash.finish().as_ref());
    Ok(StoredCrl { body, size: writer.size, sha256 })
}

struct BodyWriter<'a> {
    store: &'a dyn Store,
    body: CrlBody,
    chunk: Vec<u8>,
    hash: Context,
    size: u64,
}

impl BodyWriter<'_> {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = (CHUNK_BYTES - self.chunk.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() == CHUNK_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if !self.chunk.is_empty() {
            self.store.append_crl_body(self.body, &self.chunk)?;
            self.chunk.clear();
        }
        Ok(())
    }
}

fn function(digest: Digest) -> &'static digest::Algorithm {
    match digest {
        Digest::Sha256 => &digest::SHA256,
        Digest::Sha384 => &digest::SHA384,
        Digest::Sha512 => &digest::SHA512,
    }
}
