//! `/v1/requests`: submit, retrieve, approve, deny, amend, search.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::store::{Filter, Order, PageToken, Search};
use engine::{Engine, right};
use module::{CertificateExtension, Disposition, ExtensionFlags, HResult, RequestId};

use super::extract::{Allowed, Json, Parameters, Raw, Segments, malformed};
use super::openapi::{Binary, Problems};
use super::{Admin, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, accept, document};
use crate::model::{AttributeText, ExtensionOrder, List, Outcome, Problem, Request, Submission};
use crate::problem::Kind;

/// Hand in a request.
///
/// The body is a `Submission`, or the request alone as `application/pkcs10` (DER) or `application/x-pem-file`, with the
/// rest in the query. Denied and failed requests are outcomes: read `disposition`.
#[utoipa::path(
    post,
    path = "/v1/requests",
    tag = "requests",
    params(
        ("attributes" = Option<String>, Query, description = "Request attributes, `Name:Value`, one a line (raw bodies only)"),
        ("profile" = Option<String>, Query, description = "The profile asked for (raw bodies only)"),
        ("requester" = Option<String>, Query, description = "Whom the certificate is for (raw bodies only)"),
    ),
    request_body(content(
        (Submission = "application/json"),
        (Binary = "application/pkcs10"),
        (String = "application/x-pem-file"),
    )),
    responses(
        (status = 200, description = "Denied or failed", body = Outcome),
        (status = 201, description = "Issued", body = Outcome),
        (status = 202, description = "Taken under submission", body = Outcome),
        Problems,
    ),
)]
pub(super) async fn submit(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Enrol>,
    mut parameters: Parameters,
    raw: Raw,
) -> Result<Response, Problem> {
    let submission = match raw.media_type.as_str() {
        accept::JSON => {
            let submission: Submission = raw.json()?;
            engine::Submission {
                request: submission.request.into_bytes(),
                attributes: submission.attributes,
                profile: submission.profile,
                requester: submission.requester,
            }
        }
        "application/pkcs10" | accept::PEM => engine::Submission {
            request: raw.bytes.into(),
            attributes: parameters.take("attributes")?.unwrap_or_default(),
            profile: parameters.take("profile")?,
            requester: parameters.take("requester")?,
        },
        _ => {
            let text = "the body is to be application/json, application/pkcs10 or application/x-pem-file";
            return Err(Problem::new(Kind::UnsupportedMediaType, text));
        }
    };
    parameters.finish()?;
    let outcome = admin.call(move |engine| engine.submit(&by, submission)).await?;
    let status = match outcome.disposition {
        Disposition::Issued => StatusCode::CREATED,
        Disposition::Pending | Disposition::Active => StatusCode::ACCEPTED,
        Disposition::Denied | Disposition::Failed | Disposition::Foreign | Disposition::Revoked => StatusCode::OK,
    };
    let location = HeaderValue::try_from(format!("/v1/requests/{}", outcome.request)).map_err(malformed_header)?;
    Ok((status, [(LOCATION, location)], axum::Json(Outcome::from(outcome))).into_response())
}

/// List requests.
#[utoipa::path(
    get,
    path = "/v1/requests",
    tag = "requests",
    params(
        ("filter" = Option<Vec<String>>, Query, description = "`NAME=VALUE`, with `=`, `!=`, `<`, `<=`, `>`, `>=`, `^=` (starts with) or `~=` (contains); every filter given must hold", example = json!(["Disposition=pending"])),
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
    let search = search(parameters)?;
    run(&admin, move |engine| engine.search(&by, &search)).await
}

/// Show a request.
#[utoipa::path(
    get,
    path = "/v1/requests/{id}",
    tag = "requests",
    params(("id" = i64, Path, description = "The request's number")),
    responses((status = 200, description = "The request", body = Request), Problems),
)]
pub(super) async fn show(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    Segments(id): Segments<i64>,
) -> Result<axum::Json<Request>, Problem> {
    let request = admin.call(move |engine| engine.request(&by, RequestId(id))).await?;
    Ok(axum::Json(Request::whole(request)))
}

/// Retrieve a request of one's own.
///
/// Where it stands, and its certificate; with `Accept: application/pkix-cert` or `application/x-pem-file` the
/// certificate alone (409 while there is none). The first time that somebody fetches the certificate of a request that had
/// been pending, it raises the event `cert-retrieve-pending`.
#[utoipa::path(
    get,
    path = "/v1/requests/{id}/certificate",
    tag = "requests",
    params(("id" = i64, Path, description = "The request's number")),
    responses(
        (status = 200, description = "Where it stands, or its certificate", content(
            (Outcome = "application/json"),
            (String = "application/x-pem-file"),
            (Binary = "application/pkix-cert"),
        )),
        Problems,
    ),
)]
pub(super) async fn retrieve(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Enrol>,
    Segments(id): Segments<i64>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let chosen = accept::choose(&headers, &[accept::JSON, accept::PEM, accept::CERTIFICATE])?;
    let outcome = Outcome::from(admin.call(move |engine| engine.retrieve(&by, RequestId(id))).await?);
    if chosen == accept::JSON {
        return Ok(axum::Json(outcome).into_response());
    }
    match &outcome.certificate {
        Some(certificate) => Ok(document::certificates(chosen, std::slice::from_ref(certificate))),
        None => Err(no_certificate(id, outcome.disposition)),
    }
}

/// Decide a pending request anew, as the caller: the classic *resubmit*.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/approve",
    tag = "requests",
    params(("id" = i64, Path, description = "The request's number")),
    responses((status = 200, description = "What came of it", body = Outcome), Problems),
)]
pub(super) async fn approve(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    Segments(id): Segments<i64>,
) -> Result<axum::Json<Outcome>, Problem> {
    let outcome = admin.call(move |engine| engine.approve(&by, RequestId(id))).await?;
    Ok(axum::Json(outcome.into()))
}

/// Deny a pending request.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/deny",
    tag = "requests",
    params(("id" = i64, Path, description = "The request's number")),
    responses((status = 200, description = "What came of it", body = Outcome), Problems),
)]
pub(super) async fn deny(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    Segments(id): Segments<i64>,
) -> Result<axum::Json<Outcome>, Problem> {
    let outcome = admin.call(move |engine| engine.deny(&by, RequestId(id))).await?;
    Ok(axum::Json(outcome.into()))
}

/// Set attributes of a pending request.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/attributes",
    tag = "requests",
    params(("id" = i64, Path, description = "The request's number")),
    request_body = AttributeText,
    responses((status = 200, description = "The request", body = Request), Problems),
)]
pub(super) async fn set_attributes(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    Segments(id): Segments<i64>,
    Json(text): Json<AttributeText>,
) -> Result<axum::Json<Request>, Problem> {
    let request = admin.call(move |engine| engine.set_attributes(&by, RequestId(id), &text.attributes)).await?;
    Ok(axum::Json(Request::whole(request)))
}

/// Set an extension of a pending request.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/extensions",
    tag = "requests",
    params(("id" = i64, Path, description = "The request's number")),
    request_body = ExtensionOrder,
    responses((status = 200, description = "The request", body = Request), Problems),
)]
pub(super) async fn set_extension(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::ManageCertificates>,
    Segments(id): Segments<i64>,
    Json(order): Json<ExtensionOrder>,
) -> Result<axum::Json<Request>, Problem> {
    let mut flags = ExtensionFlags::empty();
    flags.set(ExtensionFlags::CRITICAL, order.critical);
    flags.set(ExtensionFlags::DISABLE, order.disabled);
    let extension = CertificateExtension { oid: order.oid, flags, value: order.value.0 };
    let request = admin.call(move |engine| engine.set_extension(&by, RequestId(id), extension)).await?;
    Ok(axum::Json(Request::whole(request)))
}

/// The search that a list's parameters describe.
pub(super) fn search(mut parameters: Parameters) -> Result<Search, Problem> {
    let filters = parameters.take_all("filter").iter().map(|text| Filter::parse(text)).collect::<Result<_, _>>()?;
    let order = match parameters.take::<String>("order")?.as_deref() {
        None | Some("newest") => Order::Newest,
        Some("oldest") => Order::Oldest,
        Some("expiry") => Order::Expiry,
        Some(other) => return Err(malformed(format!("`{other}` is not an order: newest, oldest or expiry"))),
    };
    let search = Search {
        filters,
        order,
        after: parameters.take::<PageToken>("after")?,
        limit: parameters.limit(PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)?,
        bodies: parameters.take("bodies")?.unwrap_or(false),
    };
    parameters.finish()?;
    Ok(search)
}

/// A page of rows.
pub(super) async fn run(
    admin: &Admin,
    find: impl FnOnce(&Engine) -> Result<engine::store::Page, engine::Error> + Send + 'static,
) -> Result<axum::Json<List<Request>>, Problem> {
    let page = admin.call(find).await?;
    // A row that was read without its large parts has none to show.
    let show = |request: engine::Request| {
        if *request.body == engine::RequestBody::default() { Request::row(request) } else { Request::whole(request) }
    };
    let next = page.next.map(|token| token.to_string());
    Ok(axum::Json(List { items: page.rows.into_iter().map(show).collect(), next }))
}

/// The problem of a request without a certificate.
pub(super) fn no_certificate(id: i64, disposition: Disposition) -> Problem {
    let text = format!("request {id} is {disposition}: it has no certificate");
    Problem::with_code(Kind::Conflict, HResult::CERTSRV_E_BAD_REQUESTSTATUS, text)
}

fn malformed_header(error: axum::http::header::InvalidHeaderValue) -> Problem {
    Problem::new(Kind::Internal, error.to_string())
}
