//! Publication: CRLs and CA certificates over plain HTTP, for whoever checks certificates (RFC 5280 4.2.1.13, RFC 4387).
//!
//! `GET` and `HEAD` of the contract's file names, under `/CertEnroll/` and `/`:
//!
//! | File | Is |
//! |---|---|
//! | `Name.crl`, `Name(1).crl` | the newest base CRL of key 0, of key 1 |
//! | `Name+.crl`, `Name(1)+.crl` | the newest delta CRL |
//! | `host_Name.crt`, `host_Name(1).crt` | CA certificate 0, 1 |
//!
//! `Name` is the authority's sanitized name, `host` the server's DNS name. What comes here is public and unauthenticated:
//! engine calls have a turnstile of their own, so that no crowd here keeps an operator out.

mod name;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use engine::Engine;
use engine::store::CrlRow;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::model::Problem;
use crate::problem::Kind;
use crate::{Calls, Limits, crl_bytes};
use name::{Document, Names};

/// Seconds for which a CA certificate may be kept: a renewed one has another name.
const CERTIFICATE_SECONDS: u64 = 24 * 60 * 60;
/// Seconds for which an overdue CRL may be kept.
const OVERDUE_SECONDS: u64 = 60;

#[derive(Clone)]
struct Publication {
    engine: Arc<Engine>,
    calls: Calls,
    limits: Arc<Limits>,
}

/// What the headers of a document say.
struct Description {
    media_type: &'static str,
    length: u64,
    sha256: [u8; 32],
    modified: Timestamp,
    max_age: u64,
}

/// The routes of publication.
pub(crate) fn router(engine: Arc<Engine>, limits: Arc<Limits>) -> Router {
    let publication = Publication { engine, calls: Calls::new(&limits), limits };
    Router::new()
        .route("/{file}", any(serve))
        .route("/CertEnroll/{file}", any(serve))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(publication)
}

async fn serve(
    State(publication): State<Publication>,
    method: Method,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let engine = &publication.engine;
    let names = Names { sanitized_name: engine.sanitized_name(), dns_name: engine.dns_name() };
    let answer = match names.document(&file) {
        None => Err(Problem::new(Kind::NotFound, "not found")),
        Some(Document::Certificate(index)) => publication.certificate(index, &method, &headers),
        Some(Document::Crl { key, delta }) => publication.crl(key, delta, &method, &headers).await,
    };
    answer.unwrap_or_else(public)
}

impl Publication {
    fn certificate(&self, index: u16, method: &Method, headers: &HeaderMap) -> Result<Response, Problem> {
        let ca = self.engine.ca();
        let installed = ca.certificate(index).ok_or_else(|| Problem::new(Kind::NotFound, "not found"))?;
        let der = installed.row.certificate.clone();
        let description = Description {
            media_type: "application/pkix-cert",
            length: der.len() as u64,
            sha256: installed.certificate.sha256(),
            modified: installed.certificate.not_before(),
            max_age: CERTIFICATE_SECONDS,
        };
        let whole = method == Method::GET && !description.is_held(headers);
        let body = if whole { Body::from(der) } else { Body::empty() };
        Ok(description.answer(headers, body))
    }

    async fn crl(&self, key: u16, delta: bool, method: &Method, headers: &HeaderMap) -> Result<Response, Problem> {
        use engine::store::CrlKind;
        let kind = if delta { CrlKind::Delta } else { CrlKind::Base };
        let engine = Arc::clone(&self.engine);
        let row = self.calls.run(move || engine.newest_crl(key, kind)).await?;
        let row = row.ok_or_else(|| Problem::new(Kind::NotFound, "not found"))?;
        let description = Description::of(&row, self.engine.now());
        let whole = method == Method::GET && !description.is_held(headers);
        let body =
            if whole { crl_bytes::body(&self.engine, &self.calls, &self.limits, &row).await? } else { Body::empty() };
        Ok(description.answer(headers, body))
    }
}

impl Description {
    fn of(row: &CrlRow, now: Timestamp) -> Self {
        // To be fetched anew when the next one is there; and never kept beyond nextUpdate.
        let until = row.next_publish.min(row.next_update);
        let left = u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0);
        Self {
            media_type: "application/pkix-crl",
            length: row.size,
            sha256: row.sha256,
            modified: row.this_publish,
            max_age: if left == 0 { OVERDUE_SECONDS } else { left },
        }
    }

    fn etag(&self) -> String {
        format!("\"{}\"", hex::encode(self.sha256))
    }

    /// Whether the client holds this very document (RFC 9110 13.1.2, 13.1.3).
    fn is_held(&self, headers: &HeaderMap) -> bool {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if headers.contains_key(IF_NONE_MATCH) {
            let etag = self.etag();
            let mut held = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
            return held.any(|held| {
                held.split(',').map(str::trim).any(|held| held == "*" || held.trim_start_matches("W/") == etag)
            });
        }
        let since =
            text(IF_MODIFIED_SINCE).and_then(|since| rfc2822::DateTimeParser::new().parse_timestamp(since).ok());
        since.is_some_and(|since| since.as_second() >= self.modified.as_second())
    }

    fn answer(&self, headers: &HeaderMap, body: Body) -> Response {
        let modified = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.modified);
        let cached = [(ETAG, self.etag()), (CACHE_CONTROL, format!("public, max-age={}, no-transform", self.max_age))];
        let mut response = if self.is_held(headers) {
            (StatusCode::NOT_MODIFIED, cached).into_response()
        } else {
            let described = [(CONTENT_TYPE, self.media_type.to_owned()), (CONTENT_LENGTH, self.length.to_string())];
            (cached, described, body).into_response()
        };
        if let Some(modified) = modified.ok().and_then(|modified| modified.parse().ok()) {
            response.headers_mut().insert(LAST_MODIFIED, modified);
        }
        response
    }
}

/// A problem as strangers are told of it: no more than its status.
fn public(problem: Problem) -> Response {
    let mut response = problem.into_response();
    let status = response.status();
    let text = status.canonical_reason().unwrap_or("error");
    response.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().remove(CONTENT_LENGTH);
    *response.body_mut() = Body::from(format!("{text}\n"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn description() -> Description {
        Description {
            media_type: "application/pkix-crl",
            length: 5,
            sha256: [0xab; 32],
            modified: "2026-11-22T10:00:00.5Z".parse().unwrap(),
            max_age: 60,
        }
    }

    #[test]
    fn a_client_that_holds_the_document_is_not_sent_it_again() {
        let etag = description().etag();
        for (name, value, held) in [
            ("if-none-match", etag.clone(), true),
            ("if-none-match", format!("\"x\", W/{etag}"), true),
            ("if-none-match", "*".into(), true),
            ("if-none-match", "\"x\"".into(), false),
            ("if-modified-since", "Sun, 22 Nov 2026 10:00:00 GMT".into(), true),
            ("if-modified-since", "Sun, 22 Nov 2026 09:59:59 GMT".into(), false),
            ("if-modified-since", "yesterday".into(), false),
            ("accept", "*/*".into(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            let answer = description().answer(&headers, Body::empty());
            assert_eq!(answer.status() == StatusCode::NOT_MODIFIED, held, "{name}: {value}");
            assert_eq!(answer.headers()[ETAG], etag);
        }
        // The tag counts where both are given.
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, "\"x\"".parse().unwrap());
        headers.insert(IF_MODIFIED_SINCE, "Sun, 22 Nov 2026 10:00:00 GMT".parse().unwrap());
        assert!(!description().is_held(&headers));
    }

    #[test]
    fn the_date_is_as_http_writes_it() {
        let answer = description().answer(&HeaderMap::new(), Body::empty());
        assert_eq!(answer.headers()[LAST_MODIFIED], "Sun, 22 Nov 2026 10:00:00 GMT");
        assert_eq!(answer.headers()[CACHE_CONTROL], "public, max-age=60, no-transform");
    }
}
