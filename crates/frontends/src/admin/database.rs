//! `/v1/database`: the database's health.

use std::path::Path;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use engine::right;
use module::HResult;

use super::extract::{Allowed, Json};
use super::openapi::Problems;
use super::{Admin, lines};
use crate::model::{BackupOrder, DatabaseReport, Line, Problem};

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

/// Copy the database, as it is now, to a new file on the server.
///
/// Everything else goes on. The copy is a database like this one: restored by being put in its place.
#[utoipa::path(
    post,
    path = "/v1/database/backup",
    tag = "server",
    request_body = BackupOrder,
    responses((status = 204, description = "Copied"), Problems),
)]
pub(super) async fn back_up(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Operate>,
    Json(order): Json<BackupOrder>,
) -> Result<StatusCode, Problem> {
    let copied = admin.call(move |engine| {
        let file = Path::new(&order.file);
        // The database refuses it too, where somebody else is faster.
        if file.exists() {
            let text = format!("{} is there already, and a copy never replaces a file", file.display());
            return Err(engine::Error::conflict(HResult::ERROR_OBJECT_EXISTS, text));
        }
        engine.back_up(&by, file)
    });
    copied.await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Vec<String>> for DatabaseReport {
    fn from(problems: Vec<String>) -> Self {
        Self { problems }
    }
}
