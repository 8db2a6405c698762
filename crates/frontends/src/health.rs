//! Health and metrics, for whoever watches the server: `/healthz`, `/readyz`, `/metrics`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine::Engine;
use parking_lot::Mutex;

use crate::Calls;
use crate::metrics::{self, Metrics};
use crate::model::{Problem, Readiness};

/// How long an answer about readiness stands: finding out writes to the database.
const READINESS_STANDS: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) struct Health(Arc<Parts>);

struct Parts {
    engine: Arc<Engine>,
    calls: Calls,
    metrics: Metrics,
    last: Mutex<Option<(Instant, Readiness)>>,
}

/// The routes. They ask for no right: what they tell is for every peer that can connect.
pub(crate) fn router(engine: Arc<Engine>, calls: Calls, metrics: Metrics) -> Router {
    let health = Health(Arc::new(Parts { engine, calls, metrics, last: Mutex::new(None) }));
    Router::new()
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(health)
}

/// The process answers.
async fn live() -> Response {
    ([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "text/plain; charset=utf-8")], "ok\n").into_response()
}

/// A certificate could be issued now.
async fn ready(State(health): State<Health>) -> Response {
    let stands = |last: &Option<(Instant, Readiness)>| {
        last.as_ref().filter(|(at, _)| at.elapsed() < READINESS_STANDS).map(|(_, readiness)| readiness.clone())
    };
    let last = stands(&health.0.last.lock());
    let readiness = match last {
        Some(readiness) => readiness,
        None => {
            let readiness = health.look().await;
            *health.0.last.lock() = Some((Instant::now(), readiness.clone()));
            readiness
        }
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CACHE_CONTROL, "no-store")], axum::Json(readiness)).into_response()
}

/// OpenMetrics text.
async fn metrics_text(State(health): State<Health>) -> Result<Response, Problem> {
    let (engine, counted, waiting) = (Arc::clone(&health.0.engine), health.0.metrics.clone(), health.0.calls.waiting());
    let text = health.0.calls.run(move || counted.text(&engine, waiting)).await?;
    let headers = [(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, metrics::MEDIA_TYPE)];
    Ok((headers, text).into_response())
}

impl Health {
    async fn look(&self) -> Readiness {
        let engine = Arc::clone(&self.0.engine);
        let found = self.0.calls.run(move || engine.ready()).await;
        let (ready, text) = match found {
            Ok(()) => (true, "ok".to_owned()),
            Err(problem) => (false, problem.to_string()),
        };
        Readiness { ready, checks: BTreeMap::from([("issue".to_owned(), text)]) }
    }
}
