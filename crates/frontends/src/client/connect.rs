//! How a client reaches the server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Error;
use crate::listen::{pem_items, pem_private_key, pem_roots};

/// How long reaching the server may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The port where a URL names none.
const DEFAULT_PORT: u16 = 443;

/// The PEM files of a TLS client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsClientFiles {
    /// The roots that the server's certificate must chain to.
    pub roots: PathBuf,
    /// The client's certificate, then those above it.
    pub certificate: PathBuf,
    /// Its private key, not encrypted.
    pub key: PathBuf,
}

/// One server, and the way to it.
pub(super) struct Connector {
    name: String,
    host: String,
    way: Way,
}

enum Way {
    Unix(PathBuf),
    Tls { host: String, port: u16, server_name: ServerName<'static>, connector: TlsConnector },
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connector").field(&self.name).finish()
    }
}

impl Connector {
    pub(super) fn unix(path: PathBuf) -> Self {
        Self { name: path.display().to_string(), host: "localhost".into(), way: Way::Unix(path) }
    }

    pub(super) fn tls(url: &str, files: &TlsClientFiles) -> Result<Self, Error> {
        let local = |error: &dyn std::fmt::Display| Error::Local(error.to_string());
        let (host, port) = host_and_port(url)?;
        let server_name = ServerName::try_from(host.clone())
            .map_err(|_| Error::Local(format!("`{host}` is neither a host name nor an address")))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = pem_roots(&files.roots).map_err(|error| local(&error))?;
        let chain: Vec<CertificateDer<'static>> =
            pem_items(&files.certificate, "CERTIFICATE").map_err(|error| local(&error))?;
        let key = pem_private_key(&files.key).map_err(|error| local(&error))?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| local(&error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|error| local(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let way = Way::Tls { host, port, server_name, connector };
        Ok(Self { name: format!("https://{authority}"), host: authority, way })
    }

    /// Where the server is, for people.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The `Host` header.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Error> {
        match timeout(CONNECT_TIMEOUT, self.reach()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.unreachable(&"it does not answer", None)),
        }
    }

    async fn reach(&self) -> Result<SendRequest<Full<Bytes>>, Error> {
        let failed = |error: std::io::Error| self.unreachable(&error, Some(error.kind()));
        match &self.way {
            Way::Unix(path) => self.handshake(UnixStream::connect(path).await.map_err(failed)?).await,
            Way::Tls { host, port, server_name, connector } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(failed)?;
                stream.set_nodelay(true).map_err(failed)?;
                self.handshake(connector.connect(server_name.clone(), stream).await.map_err(failed)?).await
            }
        }
    }

    async fn handshake<S>(&self, stream: S) -> Result<SendRequest<Full<Bytes>>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.unreachable(&error, None))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("connection ended: {error}");
            }
        });
        Ok(sender)
    }

    fn unreachable(&self, reason: &dyn std::fmt::Display, kind: Option<std::io::ErrorKind>) -> Error {
        Error::Unreachable { server: self.name.clone(), reason: reason.to_string(), kind }
    }
}

/// The host and port of `https://host[:port][/]`.
fn host_and_port(url: &str) -> Result<(String, u16), Error> {
    let wrong = || Error::Local(format!("`{url}` is not a server; write https://HOST[:PORT]"));
    let uri: hyper::Uri = url.parse().map_err(|_| wrong())?;
    let plain = uri.scheme_str() == Some("https") && matches!(uri.path(), "" | "/") && uri.query().is_none();
    let authority = uri.authority().filter(|authority| plain && !authority.as_str().contains('@')).ok_or_else(wrong)?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(wrong());
    }
    Ok((host.to_owned(), authority.port_u16().unwrap_or(DEFAULT_PORT)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn servers_are_https_urls() {
        for (url, host, port) in [
            ("https://ca.example.org", "ca.example.org", 443),
            ("https://127.0.0.1:8443/", "127.0.0.1", 8443),
            ("https://[::1]:8443", "::1", 8443),
        ] {
            assert_eq!(host_and_port(url).unwrap(), (host.to_owned(), port), "{url}");
        }
        for url in
            ["", "ca.example.org", "http://ca", "https://ca/x", "https://u@ca", "https://ca?x", "unix:/x", "https://:"]
        {
            assert!(host_and_port(url).is_err(), "{url}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_url_is_read(url in "(https://)?.{0,32}") {
            if let Ok((host, _)) = host_and_port(&url) {
                proptest::prop_assert!(url.contains(&host) && !host.is_empty());
            }
        }
    }
}
