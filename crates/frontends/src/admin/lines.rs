//! Long acts: answered whole, or line by line as they go on.

use std::time::{Duration, Instant};

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use hyper::body::Bytes;
use serde::Serialize;
use tokio::sync::mpsc::error::TrySendError;

use super::{Admin, accept};
use crate::calls::defect;
use crate::model::{Line, Problem, Progress};
use crate::stream_body::{Writer, stream};

/// Lines that wait to be sent; further ones of progress are left out.
const LINES_QUEUED: usize = 16;
/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Carries out an act that may take long. A client that accepts NDJSON is told how far it is. An act that has begun runs
/// to its end, also when the client has gone.
pub(super) async fn carry_out<T, M>(
    admin: &Admin,
    headers: &HeaderMap,
    act: impl FnOnce(&engine::Engine, &mut dyn FnMut(u64, u64)) -> Result<T, engine::Error> + Send + 'static,
) -> Result<Response, Problem>
where
    T: Into<M>,
    M: Serialize + Send + 'static,
{
    let chosen = accept::choose(headers, &[accept::JSON, accept::NDJSON])?;
    let permit = admin.calls().long()?;
    let engine = admin.engine_handle();
    if chosen == accept::JSON {
        let call = move || {
            let _permit = permit;
            act(&engine, &mut |_, _| {}).map(Into::into)
        };
        let result: Result<M, engine::Error> =
            tokio::task::spawn_blocking(call).await.map_err(|error| defect(&error))?;
        return Ok(axum::Json(result?).into_response());
    }
    let (writer, body) = stream(None, LINES_QUEUED);
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut told = Teller { writer, last: None };
        let line = match act(&engine, &mut |done, all| told.progress(Progress { done, all })) {
            Ok(result) => Line::Result(result.into()),
            Err(error) => Line::<M>::Problem(error.into()),
        };
        told.last(&line);
    });
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(accept::NDJSON))], body).into_response())
}

/// One JSON value and the line's end.
pub(super) fn line<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

struct Teller {
    writer: Writer,
    last: Option<Instant>,
}

impl Teller {
    fn progress(&mut self, progress: Progress) {
        let due = self.last.is_none_or(|last| last.elapsed() >= PROGRESS_EVERY);
        if due && let Ok(line) = line(&Line::<()>::Progress(progress)) {
            self.last = Some(Instant::now());
            match self.writer.try_send(Ok(Bytes::from(line))) {
                // A client that reads slowly, or has gone, misses steps and no more.
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {}
            }
        }
    }

    fn last<M: Serialize>(self, value: &Line<M>) {
        let line = line(value).map(Bytes::from).map_err(std::io::Error::other);
        if self.writer.blocking_send(line).is_err() {
            tracing::debug!("the client of a long act has gone");
        }
    }
}
