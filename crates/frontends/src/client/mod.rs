//! A client of the admin API, over the Unix socket or TLS.
//!
//! [`Client`] is for async callers; [`blocking::Client`] has the same calls for everybody else. Each keeps one
//! connection and speaks HTTP/1.1 on it: callers that want several requests under way make several clients.

pub mod blocking;
mod connect;
mod lines;

use std::future::Future;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use hyper::{Method, Request, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::model::{Line, Problem, Progress};
use connect::Connector;
use lines::Lines;

pub use connect::TlsClientFiles;

/// Bytes of an answer held at once; lists are paged, and CRLs are streamed.
const ANSWER_BYTES_MAX: usize = 64 * 1_024 * 1_024;
/// What stays as it is in a path segment or a query.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server cannot be reached: it is not running, or listens elsewhere.
    #[error("cannot reach the server at {server}: {reason}")]
    Unreachable {
        /// Where it was looked for.
        server: String,
        /// Why.
        reason: String,
        /// The operating system's error, where it was one.
        kind: Option<std::io::ErrorKind>,
    },
    /// The server answered with a problem.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The connection broke, or the answer took too long. The act may have been carried out.
    #[error("the connection to {server} broke: {reason}")]
    Broken {
        /// The server.
        server: String,
        /// Why.
        reason: String,
    },
    /// What the server answered is not of the admin API.
    #[error("{server} does not answer as the admin API does: {reason}")]
    Protocol {
        /// The server.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// The client's own certificates, or where the answer was to be written.
    #[error("{0}")]
    Local(String),
}

/// A client with one connection, made when first needed and again when it was lost.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
    timeout: Duration,
}

/// An answer's head, and its body yet to come.
type Answer = Response<Incoming>;

/// What is done with the connection once the head of an answer has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The body ends soon: the next request takes the same connection.
    Keep,
    /// The body may go on: the next request takes another.
    Leave,
}

impl Client {
    /// A client of the server that listens on a Unix socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::new(Connector::unix(path.into()))
    }

    /// A client of the server at `https://host[:port]`, with this client's certificate.
    ///
    /// # Errors
    /// [`Error::Local`] for a URL that is not one, and for files that cannot be used.
    pub fn tls(url: &str, files: &TlsClientFiles) -> Result<Self, Error> {
        Ok(Self::new(Connector::tls(url, files)?))
    }

    fn new(connector: Connector) -> Self {
        Self { connector, connection: Mutex::new(None), timeout: Duration::from_secs(60) }
    }

    /// The same client with another limit for an answer's head and for the answers that are not streams. 60 seconds
    /// where it is not set.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where the server is looked for.
    pub fn server(&self) -> &str {
        self.connector.name()
    }

    /// `GET`, answered in JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, "application/json", None).await
    }

    /// `POST` in JSON, answered in JSON.
    pub async fn post<B: Serialize + ?Sized, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.call(Method::POST, path, "application/json", Some(json(body)?)).await
    }

    /// `POST` without a body, answered in JSON.
    pub async fn act<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::POST, path, "application/json", None).await
    }

    /// `POST` without a body, whose answer is of no interest.
    pub async fn order(&self, path: &str) -> Result<(), Error> {
        self.whole(Method::POST, path, "application/json", None).await.map(drop)
    }

    /// `POST` in JSON, whose answer is of no interest.
    pub async fn order_with<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Result<(), Error> {
        self.whole(Method::POST, path, "application/json", Some(json(body)?)).await.map(drop)
    }

    /// `POST` of bytes of some media type, answered in JSON.
    pub async fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        media_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Result<T, Error> {
        self.call(Method::POST, path, "application/json", Some((media_type, body.into()))).await
    }

    /// `PATCH` in JSON, answered in JSON.
    pub async fn patch<B: Serialize + ?Sized, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Error> {
        self.call(Method::PATCH, path, "application/json", Some(json(body)?)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.whole(Method::DELETE, path, "application/json", None).await.map(drop)
    }

    /// `GET` of a document of some media type, such as `application/x-pem-file`.
    pub async fn fetch(&self, path: &str, media_type: &'static str) -> Result<Bytes, Error> {
        self.whole(Method::GET, path, media_type, None).await
    }

    /// `GET` of a document of any length, written out as it comes. Returns its length.
    pub async fn download(
        &self,
        path: &str,
        media_type: &'static str,
        out: &mut (dyn std::io::Write + Send),
    ) -> Result<u64, Error> {
        let mut body = self.answer(Method::GET, path, media_type, None, Then::Leave).await?.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            if let Ok(bytes) = frame.map_err(|error| self.broken(&error))?.into_data() {
                out.write_all(&bytes).map_err(|error| Error::Local(error.to_string()))?;
                length += bytes.len() as u64;
            }
        }
        Ok(length)
    }

    /// `POST` of an act that tells how far it is; without a body where `body` is none.
    pub async fn post_with_progress<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&B>,
        mut progress: impl FnMut(Progress),
    ) -> Result<T, Error> {
        let body = body.map(json).transpose()?;
        let answer = self.answer(Method::POST, path, "application/x-ndjson", body, Then::Leave).await?;
        let mut lines = Lines::new(answer.into_body());
        while let Some(line) = lines.next().await.map_err(|error| self.broken(&error))? {
            match self.decode(&line)? {
                Line::Progress(step) => progress(step),
                Line::Result(result) => return Ok(result),
                Line::Problem(problem) => return Err(Error::Problem(Box::new(problem))),
            }
        }
        Err(self.broken(&"the answer ended before the act did"))
    }

    /// `GET` of a list that goes on: calls `each` with every row until it breaks, or the server ends the list.
    pub async fn follow<T: DeserializeOwned>(
        &self,
        path: &str,
        mut each: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let answer = self.answer(Method::GET, path, "application/x-ndjson", None, Then::Leave).await?;
        let mut lines = Lines::new(answer.into_body());
        while let Some(line) = lines.next().await.map_err(|error| self.broken(&error))? {
            if each(self.decode(&line)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Any request: method, path, what is accepted, and a body with its media type. Answers that are problems are errors;
    /// redirections are not followed. Returns the whole body.
    pub async fn whole(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Bytes, Error> {
        let answer = self.answer(method, path, accept, body, Then::Keep).await?;
        self.collect(answer).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<T, Error> {
        let body = self.whole(method, path, accept, body).await?;
        self.decode(&body)
    }

    /// Sends a request and waits for the head of its answer; an answer that is a problem is an error.
    async fn answer(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Option<(&'static str, Bytes)>,
        then: Then,
    ) -> Result<Answer, Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.connector.host())
            .header(ACCEPT, HeaderValue::from_static(accept));
        request = match &body {
            Some((media_type, _)) => request.header(CONTENT_TYPE, HeaderValue::from_static(media_type)),
            None => request.header(CONTENT_LENGTH, HeaderValue::from_static("0")),
        };
        let body = body.map(|(_, bytes)| bytes).unwrap_or_default();
        let request = request.body(Full::new(body)).map_err(|error| Error::Local(format!("`{path}`: {error}")))?;
        let answer = self.within(self.send(request, then)).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok()).map(str::to_owned);
        let body = self.collect(answer).await?;
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Error::Problem(Box::new(problem)),
            Err(_) => match location {
                Some(location) => self.protocol(&format!("it answers {status} and points to {location}")),
                None => self.protocol(&format!("it answers {status}")),
            },
        })
    }

    /// Sends a request on the connection there is, or on a new one. The server may have closed the old one meanwhile: a
    /// request that it cannot have seen, or that only reads, is sent again.
    async fn send(&self, request: Request<Full<Bytes>>, then: Then) -> Result<Answer, Error> {
        let mut slot = self.connection.lock().await;
        let mut request = request;
        let kept = slot.take();
        if let Some(mut connection) = kept
            && still_open(&mut connection).await
        {
            let again = (request.method() == Method::GET).then(|| request.clone());
            match connection.try_send_request(request).await {
                Ok(answer) => {
                    *slot = Some(connection).filter(|_| then == Then::Keep);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message().or(again) {
                    Some(unsent) => request = unsent,
                    None => return Err(self.broken(&error.into_error())),
                },
            }
        }
        let mut connection = self.connector.connect().await?;
        let answer = connection.send_request(request).await.map_err(|error| self.broken(&error))?;
        *slot = Some(connection).filter(|_| then == Then::Keep);
        Ok(answer)
    }

    async fn collect(&self, answer: Answer) -> Result<Bytes, Error> {
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect();
        let body = self.within(async { body.await.map_err(|error| self.broken(&error)) }).await?;
        Ok(body.to_bytes())
    }

    async fn within<T>(&self, act: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match timeout(self.timeout, act).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.broken(&format!("no answer within {} s", self.timeout.as_secs()))),
        }
    }

    fn decode<T: DeserializeOwned>(&self, json: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(json).map_err(|error| self.protocol(&error))
    }

    fn broken(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::Broken { server: self.server().to_owned(), reason: reason.to_string() }
    }

    fn protocol(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::Protocol { server: self.server().to_owned(), reason: reason.to_string() }
    }
}

impl Error {
    /// The problem, where the server answered with one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Protocol { .. } | Self::Local(_) => None,
        }
    }
}

/// `text` as one segment of a path, or as a name or value in a query.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// `path` with a query of these names and values.
pub fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (index, (name, value)) in query.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(&format!("{}={}", escape(name), escape(value)));
    }
    out
}

/// Whether a Unix socket is there at all; nobody may listen on it.
pub fn socket_exists(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// Whether a connection can take a request. What serves it is given a turn first, so that it sees an end that came
/// while nobody looked: on a runtime that runs only during calls, it had none since the last.
async fn still_open(connection: &mut SendRequest<Full<Bytes>>) -> bool {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
    connection.ready().await.is_ok()
}

fn json<B: Serialize + ?Sized>(body: &B) -> Result<(&'static str, Bytes), Error> {
    let bytes = serde_json::to_vec(body).map_err(|error| Error::Local(error.to_string()))?;
    Ok(("application/json", bytes.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped() {
        let query = with_query("/v1/requests", &[("filter", "CN~=a b&c"), ("limit", "5")]);
        assert_eq!(query, "/v1/requests?filter=CN~%3Da%20b%26c&limit=5");
        assert_eq!(escape("a/b"), "a%2Fb");
        assert_eq!(with_query("/v1/me", &[]), "/v1/me");
    }
}
