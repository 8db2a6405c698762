//! Installing a CA certificate while no server runs.

use std::sync::Arc;

use engine::Signer;
use jiff::Timestamp;
use pki::Certificate;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{open_keys, this_user};
use crate::Error;
use crate::config::Resolved;
use crate::error::Kind;

/// A CA certificate and those above it, read and not yet checked.
#[derive(Clone, Debug)]
pub struct Chain {
    certificate: Certificate,
    above: Vec<Certificate>,
}

impl Chain {
    /// Reads a file with the certificate (PEM, which may go on with those above; DER or base64), and perhaps another
    /// one with those above.
    ///
    /// # Errors
    /// There is no certificate in one of them, or it cannot be read.
    pub fn read(certificate: &[u8], above: Option<&[u8]>) -> Result<Self, Error> {
        let mut all = certificates(certificate)?;
        if let Some(above) = above {
            all.extend(certificates(above)?);
        }
        let mut all = all.into_iter();
        let certificate = all.next().ok_or_else(|| Error::usage("there is no certificate in the file"))?;
        Ok(Self { certificate, above: all.collect() })
    }

    /// The certificate itself.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether a certificate above is missing that somebody will need: it is not a root, and none was given.
    pub fn is_open(&self) -> bool {
        !self.certificate.is_self_issued() && self.above.is_empty()
    }

    /// All of it as PEM, the certificate first.
    pub fn to_pem(&self) -> String {
        std::iter::once(&self.certificate).chain(&self.above).map(Certificate::to_pem).collect()
    }
}

/// Installs a CA certificate, and returns its index. The caller holds the data folder's lock.
///
/// # Errors
/// It is not for a key of this authority, is no CA's, or does not chain; the database or a key cannot be opened.
pub fn install(resolved: &Resolved, chain: &Chain) -> Result<u16, Error> {
    let signers = open_keys(resolved)?;
    let store = store::SqliteStore::open(&resolved.database, store::Options::default())?;
    let above: Vec<Vec<u8>> = chain.above.iter().map(|certificate| certificate.der().to_vec()).collect();
    let signers = signers.into_iter().map(|signer| signer as Arc<dyn Signer>).collect();
    let der = chain.certificate.der();
    let row = engine::install_offline(&store, signers, der, &above, &this_user(), Timestamp::now())?;
    Ok(row.index)
}

fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    let malformed =
        |error: &dyn std::fmt::Display| Error::new(Kind::Usage, format!("the certificate cannot be read: {error}"));
    let is_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
    if !is_pem {
        return Ok(vec![Certificate::decode(bytes).map_err(|error| malformed(&error))?]);
    }
    let read = |der: Result<CertificateDer<'static>, _>| match der {
        Ok(der) => Certificate::from_der(&der).map_err(|error| malformed(&error)),
        Err(error) => {
            let error: rustls::pki_types::pem::Error = error;
            Err(malformed(&error))
        }
    };
    CertificateDer::pem_slice_iter(bytes).map(read).collect()
}
