//! `/v1/crls`: publish, list, fetch.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use engine::store::CrlRow;
use engine::{CrlPublication, right};

use super::extract::{Allowed, Anyone, Json, Parameters, Segments, malformed};
use super::openapi::{Binary, Problems};
use super::{Admin, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, accept, lines};
use crate::crl_bytes;
use crate::model::{Crl, CrlKind, Line, List, Problem, Publication, PublicationOrder};
use crate::problem::Kind;

/// List CRLs, newest first.
#[utoipa::path(
    get,
    path = "/v1/crls",
    tag = "crls",
    params(("limit" = Option<u32>, Query, description = "Rows, 1 to 1000; 100 where it is left out", minimum = 1, maximum = 1000)),
    responses((status = 200, description = "The newest CRLs", body = List<Crl>), Problems),
)]
pub(super) async fn list(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    mut parameters: Parameters,
) -> Result<axum::Json<List<Crl>>, Problem> {
    let limit = parameters.limit(PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)?;
    parameters.finish()?;
    let rows = admin.call(move |engine| engine.crls(&by, limit as usize)).await?;
    Ok(axum::Json(List::whole(rows.iter().map(Crl::from).collect())))
}

/// Make and publish CRLs.
#[utoipa::path(
    post,
    path = "/v1/crls",
    tag = "crls",
    request_body = PublicationOrder,
    responses(
        (status = 200, description = "What was published; line by line with `Accept: application/x-ndjson`", content(
            (Publication = "application/json"),
            (Line<Publication> = "application/x-ndjson"),
        )),
        Problems,
    ),
)]
pub(super) async fn publish(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
    headers: HeaderMap,
    Json(order): Json<PublicationOrder>,
) -> Result<Response, Problem> {
    let publication = CrlPublication {
        base: order.base,
        delta: order.delta,
        republish: order.republish,
        next_update: order.next_update,
    };
    lines::carry_out::<Vec<CrlRow>, Publication>(&admin, &headers, move |engine, progress| {
        engine.publish_crls(&by, &publication, progress)
    })
    .await
}

/// Show or fetch the newest CRL of a key.
#[utoipa::path(
    get,
    path = "/v1/crls/newest",
    tag = "crls",
    params(
        ("key" = Option<u16>, Query, description = "Index of the CA key; the newest where it is left out"),
        ("kind" = Option<String>, Query, description = "`base` (the default) or `delta`"),
    ),
    responses(
        (status = 200, description = "The CRL", content((Crl = "application/json"), (Binary = "application/pkix-crl"))),
        Problems,
    ),
)]
pub(super) async fn newest(
    State(admin): State<Admin>,
    _caller: Anyone,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (key, kind) = which(&admin, parameters)?;
    let row = admin.call(move |engine| engine.newest_crl(key, kind.into())).await?;
    match row {
        Some(row) => give(&admin, &headers, row).await,
        None => Err(Problem::new(Kind::NotFound, format!("there is no CRL of key {key} of this kind yet"))),
    }
}

/// Show or fetch a CRL by its number, among the newest 1,000.
#[utoipa::path(
    get,
    path = "/v1/crls/{number}",
    tag = "crls",
    params(
        ("number" = u64, Path, description = "The CRL number"),
        ("key" = Option<u16>, Query, description = "Index of the CA key; the newest where it is left out"),
        ("kind" = Option<String>, Query, description = "`base` (the default) or `delta`"),
    ),
    responses(
        (status = 200, description = "The CRL", content((Crl = "application/json"), (Binary = "application/pkix-crl"))),
        Problems,
    ),
)]
pub(super) async fn show(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    Segments(number): Segments<u64>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (key, kind) = which(&admin, parameters)?;
    let rows = admin.call(move |engine| engine.crls(&by, PAGE_ROWS_MAX as usize)).await?;
    let wanted = |row: &CrlRow| row.number == number && row.key == key && CrlKind::from(row.kind()) == kind;
    match rows.into_iter().find(wanted) {
        Some(row) => give(&admin, &headers, row).await,
        None => Err(Problem::new(Kind::NotFound, format!("there is no CRL {number} of key {key} of this kind"))),
    }
}

/// Which key and kind the parameters name.
fn which(admin: &Admin, mut parameters: Parameters) -> Result<(u16, CrlKind), Problem> {
    let newest = || admin.engine().ca().certificates().last().map_or(0, |installed| installed.row.key_index);
    let key = parameters.take("key")?.unwrap_or_else(newest);
    let kind = match parameters.take::<String>("kind")?.as_deref() {
        None | Some("base") => CrlKind::Base,
        Some("delta") => CrlKind::Delta,
        Some(other) => return Err(malformed(format!("`{other}` is not a kind of CRL: base or delta"))),
    };
    parameters.finish()?;
    Ok((key, kind))
}

async fn give(admin: &Admin, headers: &HeaderMap, row: CrlRow) -> Result<Response, Problem> {
    if accept::choose(headers, &[accept::JSON, accept::CRL])? == accept::JSON {
        return Ok(axum::Json(Crl::from(&row)).into_response());
    }
    let body = crl_bytes::body(&admin.engine_handle(), admin.calls(), admin.limits(), &row).await?;
    Ok(([(axum::http::header::CONTENT_TYPE, accept::CRL)], body).into_response())
}

impl From<Vec<CrlRow>> for Publication {
    fn from(rows: Vec<CrlRow>) -> Self {
        Self { crls: rows.iter().map(Crl::from).collect() }
    }
}
