//! What handlers take: the caller's right, path segments, parameters, bodies. The right comes first: axum runs these in
//! order, and what reads the body last, so that nothing is read of the body of somebody who may not send one.

use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use engine::{Authorised, Caller, Right};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::Admin;
use crate::model::Problem;
use crate::problem::Kind;
use crate::{Limits, Peer};

/// Who calls, whoever it is.
pub(super) struct Anyone(pub(super) Arc<Caller>);

/// The proof that the caller holds the right `R`.
pub(super) struct Allowed<R>(pub(super) Authorised<R>);

/// The path's variable segment, or a tuple of them.
pub(super) struct Segments<T>(pub(super) T);

/// The query's parameters. Every handler takes out those it knows; one that is left is a mistake.
pub(super) struct Parameters(Vec<(String, String)>);

/// A body in JSON.
pub(super) struct Json<T>(pub(super) T);

/// A body of any type, whole.
pub(super) struct Raw {
    /// The media type, lower case and without parameters; empty where the client names none.
    pub(super) media_type: String,
    /// The bytes.
    pub(super) bytes: Bytes,
}

impl FromRequestParts<Admin> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _admin: &Admin) -> Result<Self, Problem> {
        caller(parts).map(Self)
    }
}

impl<R: Right> FromRequestParts<Admin> for Allowed<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Problem> {
        let caller = caller(parts)?;
        Ok(Self(admin.engine().authority().authorise::<R>(&caller)?))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Admin> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, admin).await {
            Ok(Path(segments)) => Ok(Self(segments)),
            Err(rejection) => Err(malformed(format!("the path is not right: {}", rejection.body_text()))),
        }
    }
}

impl FromRequestParts<Admin> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Problem> {
        match Query::<Vec<(String, String)>>::from_request_parts(parts, admin).await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(malformed(format!("the query cannot be read: {}", rejection.body_text()))),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Admin> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Problem> {
        let media_type = media_type(&request);
        if media_type != "application/json" {
            return Err(Problem::new(Kind::UnsupportedMediaType, "the body is to be application/json"));
        }
        let bytes = whole(request.into_body(), admin.limits()).await?;
        from_json(&bytes).map(Self)
    }
}

impl FromRequest<Admin> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Problem> {
        let media_type = media_type(&request);
        Ok(Self { media_type, bytes: whole(request.into_body(), admin.limits()).await? })
    }
}

impl Parameters {
    /// The value of a parameter that may come once.
    pub(super) fn take<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let mut values = self.take_all(name).into_iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(text), None) => text
                .parse()
                .map(Some)
                .map_err(|error| malformed(format!("the parameter `{name}` cannot be `{text}`: {error}"))),
            (Some(_), Some(_)) => Err(malformed(format!("the parameter `{name}` is given more than once"))),
        }
    }

    /// The values of a parameter that may come any number of times.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<String> {
        self.0.extract_if(.., |(found, _)| found == name).map(|(_, value)| value).collect()
    }

    /// The number of rows wanted, 1 to `most`.
    pub(super) fn limit(&mut self, default: u32, most: u32) -> Result<u32, Problem> {
        let limit = self.take("limit")?.unwrap_or(default);
        if (1..=most).contains(&limit) {
            Ok(limit)
        } else {
            Err(malformed(format!("the parameter `limit` goes from 1 to {most}")))
        }
    }

    /// Fails on a parameter that was not taken.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(malformed(format!("there is no parameter `{name}` here"))),
        }
    }
}

impl Raw {
    /// The body read as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        from_json(&self.bytes)
    }
}

/// A problem with how a request is written.
pub(super) fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Malformed, detail)
}

fn caller(parts: &Parts) -> Result<Arc<Caller>, Problem> {
    let peer = parts.extensions.get::<Peer>();
    let peer = peer.ok_or_else(|| Problem::new(Kind::AccessDenied, "the connection says nothing of who calls"))?;
    Ok(Arc::clone(&peer.0))
}

fn media_type(request: &Request) -> String {
    let text = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| malformed(format!("the body is not right: {error}")))
}

async fn whole(body: Body, limits: &Limits) -> Result<Bytes, Problem> {
    let too_large = || {
        let most = limits.body_bytes_max;
        Problem::new(Kind::TooLarge, format!("the body is longer than {most} bytes"))
    };
    // One that announces itself as too long is not waited for.
    if body.size_hint().lower() > limits.body_bytes_max as u64 {
        return Err(too_large());
    }
    let collected = timeout(limits.body_timeout, Limited::new(body, limits.body_bytes_max).collect()).await;
    let late = || {
        let seconds = limits.body_timeout.as_secs();
        Problem::new(Kind::Timeout, format!("the body did not come within {seconds} s"))
    };
    match collected.map_err(|_| late())? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(malformed(format!("the body broke off: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        Parameters(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn every_parameter_must_be_known_and_right() {
        let mut given = parameters(&[("filter", "a=1"), ("limit", "7"), ("filter", "b=2")]);
        assert_eq!(given.take_all("filter"), ["a=1", "b=2"]);
        assert_eq!(given.limit(100, 1_000).unwrap(), 7);
        given.finish().unwrap();
        assert!(parameters(&[("limt", "7")]).finish().is_err());
        assert!(parameters(&[("limit", "0")]).limit(1, 10).is_err());
        assert!(parameters(&[("limit", "x")]).limit(1, 10).is_err());
        assert!(parameters(&[("key", "1"), ("key", "2")]).take::<u16>("key").is_err());
        assert_eq!(parameters(&[]).limit(3, 10).unwrap(), 3);
    }
}
