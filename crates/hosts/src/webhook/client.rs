//! The HTTPS client: one endpoint, kept connections, every limit set.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use module::{HResult, ModuleError, Role};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ureq::Agent;
use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, StatusCode, Uri, header};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;

use super::address::{NotPublic, PublicOnly};
use super::settings::WebhookSettings;

/// The longest head of an answer.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// How long a connection is kept without use: less than the 5 s after which common servers close one, so that a
/// message is not sent into a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(4);

/// Connections kept without use.
const IDLE_MAX: usize = 16;

/// The longest PEM file that is read.
const PEM_BYTES_MAX: u64 = 16 << 20;

/// What an endpoint is reached through. Calls may overlap.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    url: Uri,
    authorization: Option<header::HeaderValue>,
    timeout: Duration,
    connect_timeout: Duration,
    answer_bytes_max: usize,
}

/// One message to send.
pub(super) struct Message<'a> {
    pub(super) content_type: &'static str,
    pub(super) id: &'a str,
    pub(super) timestamp: u64,
    pub(super) signature: &'a str,
    pub(super) body: &'a [u8],
}

/// What came back: the status always, the body where it could be read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body, or why there is none.
    pub(super) body: Result<Vec<u8>, ModuleError>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The message was not sent.
    Unsent(ModuleError),
    /// The message was sent, or may have been.
    Lost(ModuleError),
}

impl From<Failure> for ModuleError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unsent(error) | Failure::Lost(error) => error,
        }
    }
}

impl Client {
    /// Reads the files that the settings name. No connection is made.
    ///
    /// A policy module's connections are used once: what an endpoint says too much after its answer must never be read
    /// as the decision on the next request.
    pub(super) fn open(settings: &WebhookSettings, role: Role) -> Result<Self, ModuleError> {
        let idle_max = if role == Role::Exit { IDLE_MAX } else { 0 };
        let connect_timeout = settings.connect_timeout.min(settings.timeout);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&trusted(settings)?))
            .client_cert(settings.client.as_ref().map(|(chain, key)| identity(chain, key, &provider)).transpose()?)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .redirect_auth_headers(RedirectAuthHeaders::Never)
            .proxy(settings.proxy.clone())
            .tls_config(tls)
            .user_agent(concat!("exeunt/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .accept_encoding("identity")
            .max_response_header_size(HEAD_BYTES_MAX)
            .max_idle_connections(idle_max)
            .max_idle_connections_per_host(idle_max)
            .max_idle_age(IDLE)
            .timeout_connect(Some(connect_timeout))
            .timeout_global(Some(settings.timeout))
            .build();
        let names = PublicOnly::new(settings.allow_private);
        Ok(Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), names),
            url: settings.url.clone(),
            authorization: settings.authorization.clone(),
            timeout: settings.timeout,
            connect_timeout,
            answer_bytes_max: settings.answer_bytes_max,
        })
    }

    /// Sends one message and waits for the answer, both within the time limit. An answer with any status is an answer.
    pub(super) fn post(&self, message: &Message<'_>) -> Result<Answer, Failure> {
        let mut request = self
            .agent
            .post(&self.url)
            .header(header::CONTENT_TYPE, message.content_type)
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp.to_string())
            .header("webhook-signature", message.signature);
        if let Some(value) = &self.authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let response = request.send(message.body).map_err(|error| self.failure(&error))?;
        let (head, body) = response.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: self.body(body) })
    }

    /// Reads the body to its end, so that the connection can be used again; one above the limit is given up.
    fn body(&self, body: ureq::Body) -> Result<Vec<u8>, ModuleError> {
        let limit = self.answer_bytes_max;
        let mut bytes = Vec::new();
        let read = body.into_reader().take(limit as u64 + 1).read_to_end(&mut bytes);
        match read {
            Ok(_) if bytes.len() <= limit => Ok(bytes),
            Ok(_) => {
                let text = format!("the endpoint's answer is longer than {limit} bytes (`answer_bytes_max`)");
                Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text))
            }
            Err(error) => Err(self.failure(&ureq::Error::from(error)).into()),
        }
    }

    /// Why no answer came, and what to do about it.
    fn failure(&self, error: &ureq::Error) -> Failure {
        let host = self.url.authority().map_or("", |authority| authority.as_str());
        match error {
            ureq::Error::Timeout(during) => {
                let overdue = |text| ModuleError::new(HResult::ERROR_TIMEOUT, text);
                match during {
                    ureq::Timeout::Resolve | ureq::Timeout::Connect => Failure::Unsent(overdue(format!(
                        "no connection to {host} within {} ms (`connect_timeout_ms`): is it up, and does a firewall let \
                         the server through?",
                        self.connect_timeout.as_millis()
                    ))),
                    _ => Failure::Lost(overdue(format!(
                        "{host} did not answer within {} ms (`timeout_ms`)",
                        self.timeout.as_millis()
                    ))),
                }
            }
            ureq::Error::Other(inner) if inner.is::<NotPublic>() => {
                Failure::Unsent(ModuleError::new(HResult::E_ACCESSDENIED, inner.to_string()))
            }
            ureq::Error::HostNotFound => Failure::Unsent(no_host(host)),
            ureq::Error::Rustls(error) => tls_failure(host, error),
            ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => tls_failure(host, error),
                None => io_failure(host, error),
            },
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                let text = format!("{host} answers with something else than HTTP: {error}");
                Failure::Lost(ModuleError::new(HResult::ERROR_INVALID_DATA, text))
            }
            error => Failure::Lost(no_answer(host, error)),
        }
    }
}

fn tls_failure(host: &str, error: &rustls::Error) -> Failure {
    let text = format!("no TLS with {host}: {error}");
    let failed = |advice: &str| ModuleError::new(HResult::E_ACCESSDENIED, format!("{text}{advice}"));
    match error {
        // webpki's word for it travels inside of rustls's.
        rustls::Error::InvalidCertificate(_) if text.contains("CaUsedAsEndEntity") => Failure::Unsent(failed(
            "; the endpoint shows the certificate of a CA as its own: make one with basicConstraints CA:FALSE",
        )),
        rustls::Error::InvalidCertificate(_) => Failure::Unsent(failed(
            "; the certificate must be valid, name this host, and come from a CA of the system or of `ca_file`",
        )),
        // In TLS 1.3 a missing certificate is complained of after the message may have been sent.
        rustls::Error::AlertReceived(_) => {
            Failure::Lost(failed("; the endpoint may ask for `client_certificate` and `client_key`"))
        }
        _ => Failure::Lost(failed("")),
    }
}

fn io_failure(host: &str, error: &io::Error) -> Failure {
    use io::ErrorKind::{
        AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkUnreachable, UnexpectedEof,
    };

    match error.kind() {
        ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable => {
            Failure::Unsent(no_answer(host, error))
        }
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => {
            Failure::Lost(no_answer(host, &"it closed the connection; the endpoint's own log says why"))
        }
        // A failed look-up has no kind of its own: std says only this.
        _ if error.to_string().starts_with("failed to lookup address information") => Failure::Unsent(no_host(host)),
        _ => Failure::Lost(no_answer(host, error)),
    }
}

fn no_host(host: &str) -> ModuleError {
    ModuleError::new(
        HResult::ERROR_FILE_NOT_FOUND,
        format!("no address is known for `{host}`: look at `url` and the name service"),
    )
}

fn no_answer(host: &str, error: &dyn std::fmt::Display) -> ModuleError {
    ModuleError::new(HResult::RPC_E_DISCONNECTED, format!("no answer from {host}: {error}"))
}

/// The CA certificates that are trusted.
fn trusted(settings: &WebhookSettings) -> Result<Vec<Certificate<'static>>, ModuleError> {
    let mut all = Vec::new();
    if settings.system_roots {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!("some of the system's CA certificates cannot be read: {error}");
        }
        all.extend(found.certs);
    }
    if let Some(path) = &settings.ca_file {
        let before = all.len();
        all.extend(certificates(path, "ca_file")?);
        // One that cannot be a trust anchor would be passed over in silence later.
        let mut store = RootCertStore::empty();
        for certificate in all.iter().skip(before) {
            store.add(certificate.clone()).map_err(|error| unusable("ca_file", path, &error))?;
        }
    }
    if all.is_empty() {
        let text = "the system has no CA certificates: install them (ca-certificates), or give `ca_file`";
        return Err(ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, text));
    }
    Ok(all.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
}

/// The certificate and key that are shown to the endpoint, checked to belong together.
fn identity(chain: &Path, key: &Path, provider: &Arc<CryptoProvider>) -> Result<ClientCert, ModuleError> {
    let certificates = certificates(chain, "client_certificate")?;
    let text = pem(key, "client_key")?;
    let private = PrivateKeyDer::from_pem_slice(&text).map_err(|error| unusable("client_key", key, &error))?;
    rustls::ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_root_certificates(RootCertStore::empty()).with_client_auth_cert(certificates.clone(), private)
        })
        .map_err(|error| unusable("client_key", key, &error))?;
    let chain: Vec<_> = certificates.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let key = PrivateKey::from_pem(&text).map_err(|error| unusable("client_key", key, &error))?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

fn certificates(path: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>, ModuleError> {
    let text = pem(path, setting)?;
    let found = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(setting, path, &error))?;
    if found.is_empty() {
        return Err(unusable(setting, path, &"it holds no `BEGIN CERTIFICATE`"));
    }
    Ok(found)
}

fn pem(path: &Path, setting: &str) -> Result<Vec<u8>, ModuleError> {
    let failed = |error: io::Error| {
        let why = ModuleError::from(error);
        ModuleError::new(why.code, format!("`{setting}`: {} cannot be read: {}", path.display(), why.message))
    };
    let mut text = Vec::new();
    fs::File::open(path).and_then(|file| file.take(PEM_BYTES_MAX).read_to_end(&mut text)).map_err(failed)?;
    Ok(text)
}

fn unusable(setting: &str, path: &Path, why: &dyn std::fmt::Display) -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_DATA, format!("`{setting}`: {} cannot be used: {why}", path.display()))
}
