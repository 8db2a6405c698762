//! `/v1/database`: the database's health.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use engine::right;

use super::extract::Allowed;
use super::openapi::Problems;
use super::{Admin, lines};
use crate::model::{DatabaseReport, Line, Problem};

/// Check the database: its structure, the chain of events, and that rows are as events left them.
#[utoipa::path(
    post,
    path = "/v1/database/check",
    tag = "server",
    responses(
        (status = 200, description = "What was found; line by line with `Accept: application/x-ndjson`", content(
            (DatabaseReport = "application/json"),
            (Line<DatabaseReport> = "application/x-ndjson"),
        )),
        Problems,
    ),
)]
pub(super) async fn check(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Operate>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    lines::carry_out::<Vec<String>, DatabaseReport>(&admin, &headers, move |engine, progress| {
        engine.check(&by, progress)
    })
    .await
}

impl From<Vec<String>> for DatabaseReport {
    fn from(problems: Vec<String>) -> Self {
        Self { problems }
    }
}
