//! `/v1/audit`: the audit trail.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use engine::right;

use super::extract::{Allowed, Parameters};
use super::openapi::Problems;
use super::{Admin, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, lines};
use crate::model::{AuditEntry, AuditReport, Line, List, Problem};

/// List the audit trail, oldest first.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "audit",
    params(
        ("after" = Option<u64>, Query, description = "Entries above this number"),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 1000; 100 where it is left out", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page", body = List<AuditEntry>), Problems),
)]
pub(super) async fn list(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Audit>,
    mut parameters: Parameters,
) -> Result<axum::Json<List<AuditEntry>>, Problem> {
    let after = parameters.take("after")?.unwrap_or(0);
    let limit = parameters.limit(PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)? as usize;
    parameters.finish()?;
    let rows = admin.call(move |engine| engine.audit(&by, after, limit)).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|entry| entry.id.to_string());
    Ok(axum::Json(List { items: rows.into_iter().map(Into::into).collect(), next }))
}

/// Check that the audit trail is whole.
#[utoipa::path(
    post,
    path = "/v1/audit/verify",
    tag = "audit",
    responses(
        (status = 200, description = "What was found; line by line with `Accept: application/x-ndjson`", content(
            (AuditReport = "application/json"),
            (Line<AuditReport> = "application/x-ndjson"),
        )),
        Problems,
    ),
)]
pub(super) async fn verify(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Audit>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    lines::carry_out::<engine::AuditReport, AuditReport>(&admin, &headers, move |engine, progress| {
        engine.verify_audit(&by, progress)
    })
    .await
}
