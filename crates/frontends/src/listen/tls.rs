//! TLS with client certificates: TLS 1.2 and 1.3, the client's certificate required and verified.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::{Mutex, RwLock};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// The PEM files of a TLS listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those above it.
    pub certificate: PathBuf,
    /// Its private key (PKCS#8, PKCS#1 or SEC 1), not encrypted.
    pub key: PathBuf,
    /// The roots that client certificates must chain to.
    pub client_roots: PathBuf,
    /// CRLs of the client certificates' issuers. With a file, every issuer needs a CRL in it; without, revocation is not
    /// looked at.
    pub client_crls: Option<PathBuf>,
}

/// Why TLS files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM of its kind.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The files do not go together.
    #[error("the TLS certificate and key cannot be used: {0}")]
    Unusable(String),
}

/// A TLS configuration that follows its files.
#[derive(Debug)]
pub(super) struct LiveTls {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
    stamp: Mutex<Stamp>,
}

/// What shows that a file has changed: its modification time and length.
type Stamp = Vec<Option<(SystemTime, u64)>>;

impl LiveTls {
    pub(super) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let stamp = files.stamp();
        let current = files.load()?;
        Ok(Self { files, current: RwLock::new(current), stamp: Mutex::new(stamp) })
    }

    /// The configuration for the next connection.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read())
    }

    /// Reads the files again. What cannot be used leaves the former configuration in force.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        // Stamped before it is read: a change meanwhile is seen at the next look.
        *self.stamp.lock() = self.files.stamp();
        let fresh = self.files.load()?;
        *self.current.write() = fresh;
        tracing::info!(certificate = %self.files.certificate.display(), "TLS certificate and key read");
        Ok(())
    }

    /// Reads the files again if one has changed since they were last read.
    pub(super) fn reload_if_changed(&self) -> Result<(), TlsError> {
        let changed = *self.stamp.lock() != self.files.stamp();
        if changed { self.reload() } else { Ok(()) }
    }
}

impl TlsFiles {
    fn stamp(&self) -> Stamp {
        let files = [Some(&self.certificate), Some(&self.key), Some(&self.client_roots), self.client_crls.as_ref()];
        let stamp = |path: &PathBuf| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        files.into_iter().flatten().map(stamp).collect()
    }

    fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let unusable = |error: &dyn std::fmt::Display| TlsError::Unusable(error.to_string());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = Arc::new(roots(&self.client_roots)?);
        let mut verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
        if let Some(path) = &self.client_crls {
            verifier = verifier.with_crls(all::<CertificateRevocationListDer<'static>>(path, "X509 CRL")?);
        }
        let verifier = verifier.build().map_err(|error| unusable(&error))?;
        let chain = all::<CertificateDer<'static>>(&self.certificate, "CERTIFICATE")?;
        let key = private_key(&self.key)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| unusable(&error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| unusable(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// Every root in a PEM file.
pub(crate) fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in all::<CertificateDer<'static>>(path, "CERTIFICATE")? {
        roots.add(certificate).map_err(|error| TlsError::File { path: path.to_owned(), reason: error.to_string() })?;
    }
    Ok(roots)
}

/// Every item of one kind in a PEM file: at least one.
pub(crate) fn all<T: PemObject>(path: &Path, label: &str) -> Result<Vec<T>, TlsError> {
    let file = |reason: String| TlsError::File { path: path.to_owned(), reason };
    let pem = read(path).map_err(|error| file(error.to_string()))?;
    let items = T::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(|error| file(error.to_string()))?;
    if items.is_empty() { Err(file(format!("there is no {label} in it"))) } else { Ok(items) }
}

/// The private key in a PEM file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let file = |reason: String| TlsError::File { path: path.to_owned(), reason };
    let pem = read(path).map_err(|error| file(error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            file("there is no private key in it that is not encrypted".into())
        }
        error => file(error.to_string()),
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    /// No certificate bundle is longer.
    const BYTES_MAX: u64 = 64 * 1_024 * 1_024;
    if std::fs::metadata(path)?.len() > BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is too long"));
    }
    std::fs::read(path)
}
