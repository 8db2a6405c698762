//! The certificates of test endpoints, and the files that name them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;

/// A certification authority, a server certificate of it, and a client certificate of it.
pub struct Identity {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// How a server certificate differs from one that is in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    None,
    Expired,
    AnotherName,
    AuthorityItself,
}

impl Identity {
    pub fn new() -> Self {
        Self::flawed(Flaw::None)
    }

    pub fn flawed(flaw: Flaw) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "Endpoint Test CA");
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let identity = Self { folder, authority };
        let name = if flaw == Flaw::AnotherName { "192.0.2.7" } else { "127.0.0.1" };
        identity.issue("server", SanType::IpAddress(name.parse().unwrap()), flaw);
        identity.issue("client", SanType::DnsName("ca.example.org".try_into().unwrap()), Flaw::None);
        identity
    }

    fn issue(&self, file: &str, name: SanType, flaw: Flaw) {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.subject_alt_names = vec![name];
        if flaw == Flaw::AuthorityItself {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        if flaw == Flaw::Expired {
            parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.authority).unwrap();
        std::fs::write(self.path(&format!("{file}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{file}.key")), key.serialize_pem()).unwrap();
    }

    /// A file of this authority: `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn ca_file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    pub fn server_config(&self) -> Arc<ServerConfig> {
        let builder = builder().with_no_client_auth();
        Arc::new(builder.with_single_cert(chain(&self.path("server.pem")), key(&self.path("server.key"))).unwrap())
    }

    /// One that demands a client certificate of this authority.
    pub fn mutual_server_config(&self) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        for certificate in chain(&self.ca_file()) {
            roots.add(certificate).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let builder = builder().with_client_cert_verifier(clients);
        Arc::new(builder.with_single_cert(chain(&self.path("server.pem")), key(&self.path("server.key"))).unwrap())
    }
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap()
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

fn key(path: &Path) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(path).unwrap()
}
