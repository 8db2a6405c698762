//! Certificates as documents: PEM or DER.

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::accept;
use crate::model::Base64;

/// The certificates in PEM, or the first one in DER.
pub(super) fn certificates(media_type: &'static str, certificates: &[Base64]) -> Response {
    let body = if media_type == accept::PEM {
        certificates.iter().map(|certificate| certificate.to_pem("CERTIFICATE")).collect::<String>().into_bytes()
    } else {
        certificates.first().map(|certificate| certificate.0.clone()).unwrap_or_default()
    };
    ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], body).into_response()
}
