//! `/v1/ca`: the authority and its certificates.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use engine::{Engine, right};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::certificates::not_a_certificate;
use super::extract::{Allowed, Anyone, Raw, Segments, malformed};
use super::openapi::{Binary, Problems};
use super::{Admin, accept, document};
use crate::model::{Authority, Base64, CaCertificate, CaCertificateText, Problem};
use crate::problem::Kind;

/// Show the authority.
#[utoipa::path(
    get,
    path = "/v1/ca",
    tag = "authority",
    responses((status = 200, description = "The authority and its certificates", body = Authority), Problems),
)]
pub(super) async fn show(State(admin): State<Admin>, _caller: Anyone) -> axum::Json<Authority> {
    axum::Json(describe(admin.engine()))
}

/// Show or fetch a CA certificate.
///
/// PEM comes with the certificates above it.
#[utoipa::path(
    get,
    path = "/v1/ca/certificates/{index}",
    tag = "authority",
    params(("index" = u16, Path, description = "Its index, from 0")),
    responses(
        (status = 200, description = "The certificate", content(
            (CaCertificate = "application/json"),
            (String = "application/x-pem-file"),
            (Binary = "application/pkix-cert"),
        )),
        Problems,
    ),
)]
pub(super) async fn certificate(
    State(admin): State<Admin>,
    _caller: Anyone,
    Segments(index): Segments<u16>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let chosen = accept::choose(&headers, &[accept::JSON, accept::PEM, accept::CERTIFICATE])?;
    let ca = admin.engine().ca();
    let Some(installed) = ca.certificate(index) else {
        return Err(Problem::new(Kind::NotFound, format!("there is no CA certificate {index}")));
    };
    if chosen == accept::JSON {
        return Ok(axum::Json(CaCertificate::from(installed)).into_response());
    }
    let mut chain = vec![Base64(installed.row.certificate.clone())];
    chain.extend(installed.row.chain.iter().cloned().map(Base64));
    Ok(document::certificates(chosen, &chain))
}

/// Install a certificate for one of the authority's keys.
///
/// From then on the authority issues with it. PEM may hold the certificates above it after it.
#[utoipa::path(
    post,
    path = "/v1/ca/certificates",
    tag = "authority",
    request_body(content(
        (CaCertificateText = "application/json"),
        (Binary = "application/pkix-cert"),
        (String = "application/x-pem-file"),
    )),
    responses((status = 200, description = "The authority", body = Authority), Problems),
)]
pub(super) async fn install(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    raw: Raw,
) -> Result<axum::Json<Authority>, Problem> {
    let text = match raw.media_type.as_str() {
        accept::JSON => raw.json::<CaCertificateText>()?.certificate.into_bytes(),
        accept::CERTIFICATE | accept::PEM => raw.bytes.into(),
        _ => return Err(not_a_certificate()),
    };
    let (certificate, chain) = split(text)?;
    let install = move |engine: &Engine| {
        engine.install_ca_certificate(&by, &certificate, &chain)?;
        Ok::<_, engine::Error>(describe(engine))
    };
    admin.call(install).await.map(axum::Json)
}

fn describe(engine: &Engine) -> Authority {
    let ca = engine.ca();
    Authority {
        name: engine.config().name.clone(),
        sanitized_name: engine.sanitized_name().to_owned(),
        dns_name: engine.dns_name().to_owned(),
        current: ca.certificates().last().map(|installed| installed.row.index),
        certificates: ca.certificates().iter().map(Into::into).collect(),
    }
}

/// A certificate and those above it, from PEM with several; what is not PEM is one certificate.
fn split(text: Vec<u8>) -> Result<(Vec<u8>, Vec<Vec<u8>>), Problem> {
    let certificates = CertificateDer::pem_slice_iter(&text)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| malformed(format!("the certificate is not PEM: {error}")))?;
    let mut certificates = certificates.into_iter();
    Ok(match certificates.next() {
        Some(first) => (first, certificates.collect()),
        None => (text, Vec::new()),
    })
}
