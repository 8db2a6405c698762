//! A certification authority behind its front ends, on a Unix socket and TLS, and callers for each role.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests use what they need")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use engine::{Config, Role};
use frontends::client::TlsClientFiles;
use frontends::client::blocking::Client;
use frontends::listen::{Address, Bound, TlsFiles};
use frontends::model::{ModuleKind, ModuleRole, ModuleSetting};
use frontends::{Frontends, Limits, Setup, this_user};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use testkit::authority::{Authority, Builder};

/// How long a test waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The authority, its front ends, and the folder they live in.
pub struct Site {
    pub frontends: Frontends,
    pub authority: Authority,
    pub socket: PathBuf,
    pub stops: Arc<AtomicUsize>,
    tls: Option<TlsSite>,
    folder: tempfile::TempDir,
}

struct TlsSite {
    address: SocketAddr,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a site is made with.
pub struct Plan {
    builder: Builder,
    limits: Limits,
    tls: bool,
    publication: bool,
    roles: Vec<Role>,
}

impl Plan {
    /// A site on a Unix socket, whose user holds every role.
    pub fn new() -> Self {
        let builder = Builder::new(pki::KeyAlgorithm::P256);
        Self { builder, limits: Limits::default(), tls: false, publication: false, roles: Role::ALL.to_vec() }
    }

    /// Also over TLS: the caller `cert:CN=auditor` is an auditor, and so for the others.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Also publication and health.
    pub fn publication(mut self) -> Self {
        self.publication = true;
        self
    }

    /// The roles of this process's user.
    pub fn roles(mut self, roles: &[Role]) -> Self {
        self.roles = roles.to_vec();
        self
    }

    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        self.builder = self.builder.config(change);
        self
    }

    pub fn builder(self, change: impl FnOnce(&Builder)) -> Self {
        change(&self.builder);
        self
    }

    pub fn open(self) -> Site {
        let user = this_user();
        let roles = self.roles;
        let authority = self.builder.config(|config| {
            for role in Role::ALL {
                let members: &mut BTreeSet<String> = config.roles.members.entry(role).or_default();
                members.insert(format!("cert:CN={role}"));
                if roles.contains(&role) {
                    members.insert(user.clone());
                }
            }
        });
        let authority = authority.open().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("admin.sock");
        let mut admin = vec![Address::Unix { path: socket.clone(), mode: 0o660 }];
        let issuer = self.tls.then(|| {
            let issuer = issuer("Test Roots");
            std::fs::write(folder.path().join("roots.pem"), issuer.pem()).unwrap();
            write_server_certificate(folder.path(), &issuer);
            let address = SocketAddr::from(([127, 0, 0, 1], 0));
            admin.push(Address::Tls { address, files: tls_files(folder.path()) });
            issuer
        });
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let stops = Arc::new(AtomicUsize::new(0));
        let asked = Arc::clone(&stops);
        let frontends = Frontends::open(Setup {
            engine: Arc::clone(&authority.engine),
            version: "1.2.3".into(),
            module_kinds: vec![ModuleKind {
                name: "recorder".into(),
                summary: "Remembers what it is told".into(),
                roles: vec![ModuleRole::Exit],
                settings: vec![ModuleSetting {
                    name: "a".into(),
                    default: "1".into(),
                    meaning: "Anything".into(),
                    secret: false,
                }],
            }],
            admin,
            publication: if self.publication { vec![loopback] } else { Vec::new() },
            health: self.publication.then_some(loopback),
            limits: self.limits,
            ask_to_stop: Box::new(move || {
                asked.fetch_add(1, Ordering::SeqCst);
            }),
        })
        .unwrap();
        let tls = issuer.map(|issuer| {
            let Some(Bound::Tcp(address)) = frontends.bound().admin.get(1).cloned() else { panic!("TLS is bound") };
            TlsSite { address, issuer }
        });
        Site { frontends, authority, socket, stops, tls, folder }
    }
}

impl Site {
    /// A site on a Unix socket, whose user holds every role.
    pub fn open() -> Self {
        Plan::new().open()
    }

    pub fn client(&self) -> Client {
        Client::unix(&self.socket).unwrap()
    }

    /// A client over TLS with a certificate for this common name.
    pub fn tls_client(&self, common_name: &str) -> Client {
        Client::tls(&format!("https://{}", self.tls_address()), &self.tls_client_files(common_name)).unwrap()
    }

    pub fn tls_client_files(&self, common_name: &str) -> TlsClientFiles {
        client_files(self.folder.path(), common_name, &self.tls.as_ref().unwrap().issuer)
    }

    pub fn tls_address(&self) -> SocketAddr {
        self.tls.as_ref().unwrap().address
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the server a new TLS certificate, and returns it.
    pub fn renew_server_certificate(&self) -> Vec<u8> {
        write_server_certificate(self.folder.path(), &self.tls.as_ref().unwrap().issuer)
    }

    /// A CRL of the TLS issuer that lists this client certificate.
    pub fn revoke_client(&self, files: &TlsClientFiles) -> String {
        let issuer = &self.tls.as_ref().unwrap().issuer;
        let pem = std::fs::read(&files.certificate).unwrap();
        let serial = pki::Certificate::decode(&pem).unwrap().serial();
        let now = rcgen::date_time_ymd(2020, 1, 1);
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial.as_bytes()),
            revocation_time: now,
            reason_code: None,
            invalidity_date: None,
        };
        let parameters = CertificateRevocationListParams {
            this_update: now,
            next_update: rcgen::date_time_ymd(2120, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        parameters.signed_by(issuer).unwrap().pem().unwrap()
    }

    /// A connection to the socket that gives up after [`PATIENCE`].
    pub fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes as they are, and returns everything that comes back until the server closes.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        read_to_end(&mut stream)
    }
}

/// Certificates of callers.
pub fn client_files(folder: &Path, common_name: &str, issuer: &CertifiedIssuer<'static, KeyPair>) -> TlsClientFiles {
    let key = KeyPair::generate().unwrap();
    let certificate = named(common_name).signed_by(&key, issuer).unwrap();
    let path = |end: &str| folder.join(format!("{}-{common_name}.{end}", issuer.key().serialize_pem().len()));
    std::fs::write(path("crt"), certificate.pem()).unwrap();
    std::fs::write(path("key"), key.serialize_pem()).unwrap();
    TlsClientFiles { roots: folder.join("roots.pem"), certificate: path("crt"), key: path("key") }
}

/// A CA for TLS certificates.
pub fn issuer(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = named(name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

fn named(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

fn write_server_certificate(folder: &Path, issuer: &CertifiedIssuer<'static, KeyPair>) -> Vec<u8> {
    let mut parameters = named("server");
    parameters.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, issuer).unwrap();
    std::fs::write(folder.join("server.crt"), certificate.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
    certificate.der().to_vec()
}

pub fn tls_files(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("server.crt"),
        key: folder.join("server.key"),
        client_roots: folder.join("roots.pem"),
        client_crls: None,
    }
}

/// One request over plain TCP, and everything that comes back.
pub fn http(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    read_to_end(&mut stream)
}

/// Everything until the other end closes; a connection that is reset has ended too.
pub fn read_to_end(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}; so far: {}", String::from_utf8_lossy(&bytes)),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until `mark` has come.
pub fn read_until(stream: &mut impl Read, mark: &str) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(mark.as_bytes()) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "ended: {}", String::from_utf8_lossy(&bytes));
        bytes.push(byte[0]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of an answer.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {answer:?}"))
}

/// The value of a header of an answer.
pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// The status of a problem that a call must have ended with.
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, frontends::client::Error>) -> (u16, String) {
    let error = outcome.unwrap_err();
    let problem = error.problem().unwrap_or_else(|| panic!("{error}"));
    (problem.status, problem.code.to_string())
}
