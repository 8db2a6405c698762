//! `/v1/certificates`: show, revoke, release, import.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use engine::store::{Column, Comparison, Filter, Operand};
use engine::{ImportOptions, right};
use module::{Disposition, RevocationReason};
use pki::Serial;

use super::extract::{Allowed, Json, Parameters, Raw, Segments, malformed};
use super::openapi::{Binary, Problems};
use super::{Admin, accept, document, requests};
use crate::model::{CertificateImport, List, Outcome, Problem, PublishExpired, Request, RevocationOrder};
use crate::problem::Kind;

/// List certificates: issued, revoked and foreign ones.
#[utoipa::path(
    get,
    path = "/v1/certificates",
    tag = "certificates",
    params(
        ("filter" = Option<Vec<String>>, Query, description = "As for requests", example = json!(["NotAfter<2027-01-01"])),
        ("order" = Option<String>, Query, description = "`newest` (the default), `oldest`, or `expiry`"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 1000; 100 where it is left out", minimum = 1, maximum = 1000),
        ("bodies" = Option<bool>, Query, description = "Give rows with their large parts"),
    ),
    responses((status = 200, description = "A page", body = List<Request>), Problems),
)]
pub(super) async fn list(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    parameters: Parameters,
) -> Result<axum::Json<List<Request>>, Problem> {
    let mut search = requests::search(parameters)?;
    // Those that have a certificate: from 12, foreign, over 20, issued, to 21, revoked.
    let bound = |comparison, disposition: Disposition| Filter {
        column: Column::Disposition,
        comparison,
        operand: Operand::Number(disposition.code().into()),
    };
    search.filters.push(bound(Comparison::GreaterOrEqual, Disposition::Foreign));
    search.filters.push(bound(Comparison::LessOrEqual, Disposition::Revoked));
    requests::run(&admin, move |engine| engine.search(&by, &search)).await
}

/// Import a certificate that the database does not hold.
///
/// The body is a `CertificateImport`, or the certificate alone as `application/pkix-cert` (DER) or
/// `application/x-pem-file`, with the rest in the query.
#[utoipa::path(
    post,
    path = "/v1/certificates",
    tag = "certificates",
    params(
        ("foreign" = Option<bool>, Query, description = "Take a certificate of another authority (raw bodies only)"),
        ("existing_row" = Option<bool>, Query, description = "Complete the pending request with the same key (raw bodies only)"),
    ),
    request_body(content(
        (CertificateImport = "application/json"),
        (Binary = "application/pkix-cert"),
        (String = "application/x-pem-file"),
    )),
    responses((status = 200, description = "What came of it", body = Outcome), Problems),
)]
pub(super) async fn import(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    mut parameters: Parameters,
    raw: Raw,
) -> Result<axum::Json<Outcome>, Problem> {
    let (certificate, options) = match raw.media_type.as_str() {
        accept::JSON => {
            let import: CertificateImport = raw.json()?;
            let options = ImportOptions { foreign: import.foreign, existing_row: import.existing_row };
            (import.certificate.into_bytes(), options)
        }
        accept::CERTIFICATE | accept::PEM => {
            let options = ImportOptions {
                foreign: parameters.take("foreign")?.unwrap_or(false),
                existing_row: parameters.take("existing_row")?.unwrap_or(false),
            };
            (raw.bytes.into(), options)
        }
        _ => return Err(not_a_certificate()),
    };
    parameters.finish()?;
    let outcome = admin.call(move |engine| engine.import(&by, &certificate, options)).await?;
    Ok(axum::Json(outcome.into()))
}

/// Show a certificate and its request, or fetch it.
#[utoipa::path(
    get,
    path = "/v1/certificates/{serial}",
    tag = "certificates",
    params(("serial" = String, Path, description = "The serial number, hex")),
    responses(
        (status = 200, description = "The request with its certificate, or the certificate alone", content(
            (Request = "application/json"),
            (String = "application/x-pem-file"),
            (Binary = "application/pkix-cert"),
        )),
        Problems,
    ),
)]
pub(super) async fn show(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    Segments(serial): Segments<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let serial = parse(&serial)?;
    let chosen = accept::choose(&headers, &[accept::JSON, accept::PEM, accept::CERTIFICATE])?;
    let request = Request::whole(admin.call(move |engine| engine.certificate(&by, &serial)).await?);
    if chosen == accept::JSON {
        return Ok(axum::Json(request).into_response());
    }
    match request.body.as_ref().and_then(|body| body.certificate.as_ref()) {
        Some(certificate) => Ok(document::certificates(chosen, std::slice::from_ref(certificate))),
        None => Err(requests::no_certificate(request.id, request.disposition)),
    }
}

/// Revoke a certificate, put it on hold, or change the reason.
#[utoipa::path(
    post,
    path = "/v1/certificates/{serial}/revoke",
    tag = "certificates",
    params(("serial" = String, Path, description = "The serial number, hex")),
    request_body = RevocationOrder,
    responses((status = 200, description = "The request with its certificate", body = Request), Problems),
)]
pub(super) async fn revoke(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    Segments(serial): Segments<String>,
    Json(order): Json<RevocationOrder>,
) -> Result<axum::Json<Request>, Problem> {
    let serial = parse(&serial)?;
    let reason = match &order.reason {
        None => RevocationReason::Unspecified,
        Some(text) => text.parse().map_err(|error: module::ModuleError| engine::Error::from(error))?,
    };
    let request = admin.call(move |engine| engine.revoke(&by, &serial, reason, order.effective)).await?;
    Ok(axum::Json(Request::whole(request)))
}

/// Release a certificate from hold.
#[utoipa::path(
    post,
    path = "/v1/certificates/{serial}/release",
    tag = "certificates",
    params(("serial" = String, Path, description = "The serial number, hex")),
    responses((status = 200, description = "The request with its certificate", body = Request), Problems),
)]
pub(super) async fn release(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    Segments(serial): Segments<String>,
) -> Result<axum::Json<Request>, Problem> {
    let serial = parse(&serial)?;
    let request = admin.call(move |engine| engine.release(&by, &serial)).await?;
    Ok(axum::Json(Request::whole(request)))
}

/// Keep a revoked certificate in CRLs after it expired, or no longer.
#[utoipa::path(
    post,
    path = "/v1/certificates/{serial}/publish-expired",
    tag = "certificates",
    params(("serial" = String, Path, description = "The serial number, hex")),
    request_body = PublishExpired,
    responses((status = 200, description = "The request with its certificate", body = Request), Problems),
)]
pub(super) async fn publish_expired(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    Segments(serial): Segments<String>,
    Json(order): Json<PublishExpired>,
) -> Result<axum::Json<Request>, Problem> {
    let serial = parse(&serial)?;
    let request = admin.call(move |engine| engine.publish_expired(&by, &serial, order.publish_expired)).await?;
    Ok(axum::Json(Request::whole(request)))
}

/// The problem of a body that is no certificate.
pub(super) fn not_a_certificate() -> Problem {
    let text = "the body is to be application/json, application/pkix-cert or application/x-pem-file";
    Problem::new(Kind::UnsupportedMediaType, text)
}

fn parse(text: &str) -> Result<Serial, Problem> {
    text.parse().map_err(|error: pki::Error| malformed(format!("`{text}` is not a serial number: {error}")))
}
