//! `/v1/server` and `/v1/me`: the server and its caller.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::right;

use super::extract::{Allowed, Anyone};
use super::openapi::{self, Problems};
use super::{Admin, accept};
use crate::model::{Me, Problem, Server};
use crate::problem::Kind;

/// Show the server.
#[utoipa::path(
    get,
    path = "/v1/server",
    tag = "server",
    responses((status = 200, description = "The server", body = Server), Problems),
)]
pub(super) async fn show(State(admin): State<Admin>, _caller: Anyone) -> axum::Json<Server> {
    axum::Json(Server {
        version: admin.version().to_owned(),
        authority: admin.engine().config().name.clone(),
        started: admin.started(),
    })
}

/// Show the caller: name, groups and roles.
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "server",
    responses((status = 200, description = "The caller", body = Me), Problems),
)]
pub(super) async fn me(State(admin): State<Admin>, Anyone(caller): Anyone) -> axum::Json<Me> {
    let authority = admin.engine().authority();
    axum::Json(Me {
        name: caller.name.clone(),
        groups: caller.groups.clone(),
        roles: authority.roles(&caller).into_iter().collect(),
        role_separation: authority.separation,
    })
}

/// Stop the server in order: requests under way are finished, exit modules are told.
#[utoipa::path(
    post,
    path = "/v1/server/stop",
    tag = "server",
    responses((status = 202, description = "The server is stopping"), Problems),
)]
pub(super) async fn stop(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Operate>,
) -> Result<StatusCode, Problem> {
    tracing::info!(caller = by.caller().name, "the server was asked to stop");
    admin.call(move |engine| engine.request_stop(&by)).await?;
    admin.ask_to_stop();
    Ok(StatusCode::ACCEPTED)
}

/// Read the listeners' certificates and keys again.
///
/// Files that cannot be used leave the former ones in force: 409.
#[utoipa::path(
    post,
    path = "/v1/server/reload",
    tag = "server",
    responses((status = 204, description = "Read"), Problems),
)]
pub(super) async fn reload(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Administer>,
) -> Result<StatusCode, Problem> {
    tracing::info!(caller = by.caller().name, "the listeners' certificates are read again");
    let (engine, certificates) = (admin.engine_handle(), admin.certificates().to_vec());
    let reload = move || {
        let mut failed = Vec::new();
        for certificates in certificates {
            failed.extend(certificates.reload().err().map(|error| error.to_string()));
        }
        let failed = (!failed.is_empty()).then(|| failed.join("; "));
        engine.record_reload(&by, failed.as_deref())?;
        match failed {
            None => Ok(()),
            Some(failed) => Err(Problem::new(Kind::Conflict, failed)),
        }
    };
    admin.calls().run(reload).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// This document.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = "server",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value), Problems),
)]
pub(super) async fn openapi_json(_caller: Anyone) -> Response {
    ([(axum::http::header::CONTENT_TYPE, accept::JSON)], openapi::document()).into_response()
}
