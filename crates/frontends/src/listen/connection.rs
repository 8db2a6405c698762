//! One connection: HTTP/1.1 or HTTP/2 over any stream, within limits, ended in order.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::watch;
use tokio::time::timeout;
use tower::Service;

use super::stream::{Activity, Answer, Arriving, Stream, Watched};
use crate::{Limits, Peer};

/// How long saying farewell to an idle peer may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves one connection to its end. `peer` goes into every request's extensions. When `stop` becomes true the requests
/// under way are finished and no further one is taken.
pub(super) async fn serve(
    stream: Box<dyn Stream>,
    application: Router,
    peer: Option<Peer>,
    limits: &Limits,
    mut stop: watch::Receiver<bool>,
) {
    let activity = Activity::new();
    let builder = builder(limits);
    let service = service_fn(|request: Request<Incoming>| {
        let in_flight = activity.begin();
        let mut request = request.map(|body| Body::new(Arriving { body, activity: Arc::clone(&activity) }));
        if let Some(peer) = &peer {
            request.extensions_mut().insert(peer.clone());
        }
        let answer = application.clone().call(request);
        async move {
            let response = answer.await?;
            Ok::<Response<Answer>, Infallible>(response.map(|body| Answer { body, in_flight }))
        }
    });
    let stream = Watched::new(stream, Arc::clone(&activity), limits.write_timeout);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut expired = pin!(activity.expired(limits));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = &mut expired => {
            // Told in HTTP/2; in HTTP/1.1 the end itself says it.
            connection.as_mut().graceful_shutdown();
            timeout(FAREWELL, connection.as_mut()).await.unwrap_or(Ok(()))
        }
        () = super::stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                outcome = connection.as_mut() => outcome,
                () = &mut expired => return,
            }
        }
    };
    if let Err(error) = outcome {
        // The peer's doing: it went away, or spoke something else.
        tracing::debug!("connection ended: {error}");
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Watched by `Activity`, which tells a slow head from an idle connection.
        .header_read_timeout(None)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.header_bytes_max.max(8_192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.write_timeout)
        .keep_alive_timeout(limits.write_timeout)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX));
    builder
}
