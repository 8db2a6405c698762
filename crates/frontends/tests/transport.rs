//! Connections: TLS and its certificates, HTTP/2, an orderly stop.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::Role;
use frontends::client::Error;
use frontends::client::blocking::Client;
use frontends::listen::{Address, Bound, TlsFiles};
use frontends::model::{AuditEntry, List, Me, Outcome, Server, Submission};
use frontends::{Frontends, OpenError, Setup};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, version};
use support::{Plan, Site, client_files, eventually, issuer, read_to_end, refused, status, tls_files};
use testkit::authority::csr;
use testkit::recorder::Recorder;

#[test]
fn the_client_certificate_says_who_calls() {
    let site = Plan::new().tls().open();
    let files = site.tls_client_files("auditor");
    let client = site.tls_client("auditor");
    let me: Me = client.get("/v1/me").unwrap();
    assert_eq!(me.name, "cert:CN=auditor");
    assert_eq!(me.roles, [Role::Auditor]);
    let der = CertificateDer::from_pem_file(files.certificate).unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der);
    // The file was made anew by the second call; its caller has one group of this form.
    assert_eq!(me.groups.len(), 1);
    assert!(me.groups[0].starts_with("cert-sha256:") && me.groups[0].len() == 12 + 2 * hash.as_ref().len());
    let me: Me = site.client().get("/v1/me").unwrap();
    assert_eq!(me.name, frontends::this_user());
    assert!(me.groups.iter().all(|group| group.starts_with("unix-group:")));
}

#[test]
fn without_a_certificate_under_the_roots_nobody_comes_in() {
    let site = Plan::new().tls().open();
    let stranger = client_files(site.folder(), "administrator", &issuer("Other Roots"));
    let client = Client::tls(&format!("https://{}", site.tls_address()), &stranger).unwrap();
    let error = client.get::<Me>("/v1/me").unwrap_err();
    assert!(matches!(error, Error::Broken { .. } | Error::Unreachable { .. }), "{error}");

    let roots = roots(&site);
    let config = ClientConfig::builder_with_protocol_versions(&[&version::TLS13]);
    let bare = config.with_root_certificates(roots).with_no_client_auth();
    assert!(tls_request(&site, bare).is_err());
    // Not even a greeting in the clear.
    let answer = support::http(site.tls_address(), "GET /v1/me HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(!answer.starts_with("HTTP"), "{answer:?}");
    // The listener is none the worse.
    site.tls_client("auditor").get::<Me>("/v1/me").unwrap();
}

#[test]
fn the_client_checks_the_server_too() {
    let site = Plan::new().tls().open();
    let mut files = site.tls_client_files("auditor");
    files.roots = site.folder().join("other.pem");
    std::fs::write(&files.roots, issuer("Other Roots").pem()).unwrap();
    let client = Client::tls(&format!("https://{}", site.tls_address()), &files).unwrap();
    let error = client.get::<Me>("/v1/me").unwrap_err();
    assert!(matches!(&error, Error::Unreachable { reason, .. } if reason.contains("UnknownIssuer")), "{error}");
}

#[test]
fn tls_1_2_and_1_3_are_spoken() {
    let site = Plan::new().tls().open();
    for version in [&version::TLS12, &version::TLS13] {
        let files = site.tls_client_files("operator");
        let chain = vec![CertificateDer::from_pem_file(files.certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(files.key).unwrap();
        let config = ClientConfig::builder_with_protocol_versions(&[version])
            .with_root_certificates(roots(&site))
            .with_client_auth_cert(chain, key)
            .unwrap();
        assert_eq!(tls_request(&site, config).unwrap(), 200);
    }
}

#[test]
fn http_2_is_spoken_on_tls_and_on_the_socket() {
    let site = Plan::new().tls().open();
    let files = site.tls_client_files("operator");
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots(&site))
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_file(files.certificate).unwrap()],
            PrivateKeyDer::from_pem_file(files.key).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    runtime().block_on(async {
        let stream = tokio::net::TcpStream::connect(site.tls_address()).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(http_2_me(stream).await, vec!["cert:CN=operator"; 20]);
        let stream = tokio::net::UnixStream::connect(&site.socket).await.unwrap();
        assert_eq!(http_2_me(stream).await, vec![frontends::this_user(); 20]);
    });
}

#[test]
fn renewed_certificates_are_taken_up_and_bad_ones_are_not() {
    let site = Plan::new().tls().open();
    let client = site.client();
    let first = server_certificate(&site);
    let renewed = site.renew_server_certificate();
    assert_eq!(server_certificate(&site), first);
    client.order("/v1/server/reload").unwrap();
    assert_eq!(server_certificate(&site), renewed);
    assert_ne!(first, renewed);

    std::fs::write(site.folder().join("server.key"), "not a key").unwrap();
    let (status, _) = refused(client.order("/v1/server/reload"));
    assert_eq!(status, 409);
    assert!(site.frontends.reload().is_err());
    assert_eq!(server_certificate(&site), renewed);
}

#[test]
fn a_revoked_client_certificate_is_refused() {
    let site = Plan::new().tls().open();
    let files = site.tls_client_files("auditor");
    let crls = site.folder().join("clients.crl");
    std::fs::write(&crls, site.revoke_client(&files)).unwrap();
    let tls = TlsFiles { client_crls: Some(crls), ..tls_files(site.folder()) };
    let frontends = open(&site, vec![Address::Tls { address: ([127, 0, 0, 1], 0).into(), files: tls }]).unwrap();
    let Bound::Tcp(address) = &frontends.bound().admin[0] else { panic!("TLS is bound") };
    let url = format!("https://{address}");
    assert!(Client::tls(&url, &files).unwrap().get::<Me>("/v1/me").is_err());
    let other = Client::tls(&url, &site.tls_client_files("operator")).unwrap();
    assert_eq!(other.get::<Me>("/v1/me").unwrap().name, "cert:CN=operator");
}

#[test]
fn tls_files_that_cannot_be_used_are_named() {
    let site = Plan::new().tls().open();
    let folder = site.folder();
    std::fs::write(folder.join("empty.pem"), "").unwrap();
    let good = tls_files(folder);
    let cases = [
        (TlsFiles { certificate: folder.join("absent.pem"), ..good.clone() }, "absent.pem"),
        (TlsFiles { certificate: folder.join("empty.pem"), ..good.clone() }, "there is no CERTIFICATE in it"),
        (TlsFiles { key: folder.join("empty.pem"), ..good.clone() }, "there is no private key in it"),
        (TlsFiles { client_roots: folder.join("empty.pem"), ..good.clone() }, "there is no CERTIFICATE in it"),
        (TlsFiles { client_crls: Some(folder.join("roots.pem")), ..good }, "there is no X509 CRL in it"),
    ];
    for (files, what) in cases {
        let error = open(&site, vec![Address::Tls { address: ([127, 0, 0, 1], 0).into(), files }]).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn an_address_that_is_taken_is_named_and_nothing_is_left_behind() {
    let site = Plan::new().publication().open();
    let free = site.folder().join("free.sock");
    let taken = site.frontends.bound().publication[0];
    let addresses = vec![Address::Unix { path: free.clone(), mode: 0o600 }, Address::Tcp(taken)];
    let error = open(&site, addresses).unwrap_err();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    assert!(!free.exists());
    let error = open(&site, vec![Address::Unix { path: site.socket.clone(), mode: 0o600 }]).unwrap_err();
    assert!(error.to_string().contains("another process listens on it"), "{error}");
    let mut setup = setup(&site, Vec::new());
    setup.health = Some(([0, 0, 0, 0], 0).into());
    assert!(matches!(Frontends::open(setup), Err(OpenError::HealthNotLoopback(_))));
}

#[test]
fn a_stop_lets_requests_under_way_end_and_takes_no_more() {
    let site = Site::open();
    let recorder = Recorder::all();
    recorder.close_gate();
    site.authority.loader.exit("slow", recorder.clone());
    let options = engine::store::ModuleOptions { inline: true, timeout_ms: 3_600_000, ..Default::default() };
    site.authority.add_exit("slow", engine::StartFrom::Now, options);
    let request = testkit::ca::pem("CERTIFICATE REQUEST", &csr("a.example"));
    let submission = Submission { request, ..Submission::default() };
    let mut idle = site.connect();
    std::thread::scope(|scope| {
        let under_way = scope.spawn(|| site.client().post::<_, Outcome>("/v1/requests", &submission));
        eventually("the request waits for its module", || recorder.waiting() == 1);
        let stop = scope.spawn(|| site.frontends.shut_down(support::PATIENCE));
        eventually("the socket is gone", || !site.socket.exists());
        let error = site.client().get::<Me>("/v1/me").unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
        assert_eq!(read_to_end(&mut idle), "", "idle connections are closed at once");
        recorder.open_gate();
        assert_eq!(under_way.join().unwrap().unwrap().disposition, module::Disposition::Issued);
        assert_eq!(stop.join().unwrap(), 0);
    });
    assert_eq!(site.frontends.shut_down(Duration::ZERO), 0);
}

#[test]
fn a_stop_cuts_off_what_does_not_end() {
    let site = Site::open();
    let recorder = Recorder::all();
    recorder.close_gate();
    site.authority.loader.exit("slow", recorder.clone());
    let options = engine::store::ModuleOptions { inline: true, timeout_ms: 3_600_000, ..Default::default() };
    site.authority.add_exit("slow", engine::StartFrom::Now, options);
    let request = testkit::ca::pem("CERTIFICATE REQUEST", &csr("a.example"));
    let submission = Submission { request, ..Submission::default() };
    std::thread::scope(|scope| {
        let under_way = scope.spawn(|| site.client().post::<_, Outcome>("/v1/requests", &submission));
        eventually("the request waits for its module", || recorder.waiting() == 1);
        assert_eq!(site.frontends.shut_down(Duration::from_millis(10)), 1);
        let error = under_way.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{error}");
        recorder.open_gate();
    });
}

#[test]
fn an_operator_asks_the_server_to_stop() {
    let site = Site::open();
    let client = site.client();
    let server: Server = client.get("/v1/server").unwrap();
    assert_eq!((server.version.as_str(), server.authority.as_str()), ("1.2.3", "Test CA"));
    assert_eq!(site.stops.load(Ordering::SeqCst), 0);
    client.order("/v1/server/stop").unwrap();
    assert_eq!(site.stops.load(Ordering::SeqCst), 1);
    let trail: List<AuditEntry> = client.get("/v1/audit").unwrap();
    let last = trail.items.last().unwrap();
    assert_eq!((last.code, last.caller.as_str()), (4875, frontends::this_user().as_str()));
}

#[test]
fn a_client_finds_the_server_again_after_it_closed_the_connection() {
    let site = Plan::new().limits(|limits| limits.idle_timeout = Duration::from_millis(50)).open();
    let client = site.client();
    for _ in 0..3 {
        client.get::<Me>("/v1/me").unwrap();
        let mut idle = site.connect();
        assert_eq!(read_to_end(&mut idle), "", "by now the client's connection is closed too");
    }
    let nowhere = Client::unix(site.folder().join("nowhere.sock")).unwrap();
    let error = nowhere.get::<Me>("/v1/me").unwrap_err();
    assert!(matches!(error, Error::Unreachable { kind: Some(std::io::ErrorKind::NotFound), .. }), "{error}");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn roots(site: &Site) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(site.folder().join("roots.pem")).unwrap()).unwrap();
    roots
}

/// The status of `GET /v1/me` with this TLS configuration.
fn tls_request(site: &Site, config: ClientConfig) -> Result<u16, std::io::Error> {
    use std::io::{Read, Write};
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = std::net::TcpStream::connect(site.tls_address())?;
    stream.set_read_timeout(Some(support::PATIENCE))?;
    let mut stream = rustls::StreamOwned::new(connection, stream);
    stream.write_all(b"GET /v1/me HTTP/1.1\r\nhost: a\r\n\r\n")?;
    let mut answer = [0; 64];
    let length = stream.read(&mut answer)?;
    if length == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(status(&String::from_utf8_lossy(&answer[..length])))
}

/// The certificate that the server shows.
fn server_certificate(site: &Site) -> Vec<u8> {
    let config = ClientConfig::builder().with_root_certificates(roots(site)).with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = std::net::TcpStream::connect(site.tls_address()).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).unwrap();
    }
    connection.peer_certificates().unwrap()[0].to_vec()
}

/// The names in the answers to 20 requests at once on one connection.
async fn http_2_me<S>(stream: S) -> Vec<String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for _ in 0..20 {
        let request = hyper::Request::get("https://127.0.0.1/v1/me").body(Empty::<Bytes>::new()).unwrap();
        let mut sender = sender.clone();
        answers.push(tokio::spawn(async move { sender.send_request(request).await.unwrap() }));
    }
    let mut names = Vec::new();
    for answer in answers {
        let body = answer.await.unwrap().into_body().collect().await.unwrap().to_bytes();
        names.push(serde_json::from_slice::<Me>(&body).unwrap().name);
    }
    names
}

fn setup(site: &Site, admin: Vec<Address>) -> Setup {
    Setup {
        engine: Arc::clone(&site.authority.engine),
        version: "1.2.3".into(),
        module_kinds: Vec::new(),
        admin,
        publication: Vec::new(),
        health: None,
        limits: frontends::Limits::default(),
        ask_to_stop: Box::new(|| ()),
    }
}

fn open(site: &Site, admin: Vec<Address>) -> Result<Frontends, OpenError> {
    Frontends::open(setup(site, admin))
}
