//! `/v1/events`: a page, or everything as it comes.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use engine::{Authorised, right};
use hyper::body::Bytes;
use module::{EventId, ExitEvents};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::extract::{Allowed, Parameters, malformed};
use super::openapi::Problems;
use super::{Admin, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, accept, lines};
use crate::listen::stopped;
use crate::model::{Event, List, Problem};
use crate::stream_body::{Writer, stream};

/// Events read at a time for a follower, and how many such batches wait to be sent.
const BATCH: usize = 256;
const BATCHES_QUEUED: usize = 2;
/// After this long without an event a follower is sent an empty line, so that both ends see that the other is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// List events, oldest first, or follow them.
///
/// With `Accept: application/x-ndjson` or `text/event-stream` the answer does not end: every event after `after`, and
/// then each as it is committed. Empty lines keep the connection alive. With server-sent events, `Last-Event-ID` stands
/// for `after`.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    params(
        ("after" = Option<u64>, Query, description = "Events above this number; to follow, `now` for those still to come"),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 1000; 100 where it is left out (pages only)", minimum = 1, maximum = 1000),
        ("kinds" = Option<Vec<String>>, Query, description = "Kinds of event; every kind where it is left out", example = json!(["cert-issued"])),
    ),
    responses(
        (status = 200, description = "A page, or events without end", content(
            (List<Event> = "application/json"),
            (Event = "application/x-ndjson"),
            (String = "text/event-stream"),
        )),
        Problems,
    ),
)]
pub(super) async fn list(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    mut parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let chosen = accept::choose(&headers, &[accept::JSON, accept::NDJSON, accept::EVENT_STREAM])?;
    let kinds = parameters.take_all("kinds");
    let kinds: Vec<&str> = kinds.iter().flat_map(|kinds| kinds.split(',')).map(str::trim).collect();
    let wanted = if kinds.is_empty() { ExitEvents::all() } else { parse_kinds(&kinds)? };
    if chosen == accept::JSON {
        let after = EventId(parameters.take("after")?.unwrap_or(0));
        let limit = parameters.limit(PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)? as usize;
        parameters.finish()?;
        let rows = admin.call(move |engine| engine.events(&by, after, wanted, limit)).await?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|(event, _)| event.id.to_string());
        let items = rows.into_iter().map(|(event, row)| Event::new(&event, row)).collect();
        return Ok(axum::Json(List { items, next }).into_response());
    }
    let after = start(&admin, &mut parameters, &headers).await?;
    parameters.finish()?;
    let permit = admin.calls().follower()?;
    let (writer, body) = stream(None, BATCHES_QUEUED);
    let follower = Follower { admin, by, wanted, after, media_type: chosen, writer };
    tokio::spawn(follower.run(permit));
    Ok(([(CONTENT_TYPE, chosen), (CACHE_CONTROL, "no-store")], body).into_response())
}

/// Where a follower starts.
async fn start(admin: &Admin, parameters: &mut Parameters, headers: &HeaderMap) -> Result<EventId, Problem> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let after = parameters.take::<String>("after")?;
    match last.or(after).as_deref() {
        None => Ok(EventId(0)),
        Some("now") => Ok(admin.call(|engine| engine.event_head()).await?.0),
        Some(text) => {
            let number = text.parse().map_err(|_| malformed(format!("`{text}` is not the number of an event")))?;
            Ok(EventId(number))
        }
    }
}

fn parse_kinds(kinds: &[&str]) -> Result<ExitEvents, Problem> {
    ExitEvents::parse(kinds).map_err(|error| malformed(error.message))
}

/// One client that follows the events.
struct Follower {
    admin: Admin,
    by: Authorised<right::Read>,
    wanted: ExitEvents,
    after: EventId,
    media_type: &'static str,
    writer: Writer,
}

impl Follower {
    /// Sends events until the client goes or the server stops. What waits to be sent is bounded: a client that reads
    /// slowly is sent slowly.
    async fn run(mut self, _permit: OwnedSemaphorePermit) {
        let mut heads = self.admin.heads().subscribe();
        let mut stop = self.admin.stop();
        let client = self.writer.clone();
        loop {
            // Noted before reading: an event committed meanwhile wakes the wait below.
            let head = EventId(*heads.borrow_and_update());
            let sent = tokio::select! {
                () = stopped(&mut stop) => return,
                () = client.closed() => return,
                sent = self.send_batch() => sent,
            };
            match sent {
                Ok(0) => self.after = self.after.max(head),
                Ok(_) => continue,
                Err(Ended) => return,
            }
            let keep_alive = Instant::now() + KEEP_ALIVE;
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = client.closed() => return,
                changed = heads.changed() => if changed.is_err() { return },
                () = sleep_until(keep_alive) => {
                    if self.writer.send(Ok(Bytes::from_static(b"\n"))).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Sends the next events, and says how many.
    async fn send_batch(&mut self) -> Result<usize, Ended> {
        let (by, after, wanted) = (self.by.clone(), self.after, self.wanted);
        let events = self.admin.call(move |engine| engine.events(&by, after, wanted, BATCH)).await;
        let events = match events {
            Ok(events) => events,
            Err(problem) => {
                tracing::warn!("a follower of the events is cut off: {problem}");
                let _ = self.writer.send(Err(std::io::Error::other(problem))).await;
                return Err(Ended);
            }
        };
        let Some(last) = events.last().map(|(event, _)| event.id) else { return Ok(0) };
        let count = events.len();
        let mut bytes = Vec::new();
        for (event, row) in events {
            let event = Event::new(&event, row);
            let Ok(line) = lines::line(&event) else { return Err(Ended) };
            if self.media_type == accept::EVENT_STREAM {
                bytes.extend_from_slice(format!("id: {}\nevent: {}\ndata: ", event.id, event.kind).as_bytes());
                bytes.extend_from_slice(&line);
                bytes.push(b'\n');
            } else {
                bytes.extend_from_slice(&line);
            }
        }
        self.writer.send(Ok(Bytes::from(bytes))).await.map_err(|_| Ended)?;
        self.after = last;
        Ok(count)
    }
}

/// The client has gone, or cannot be served any further.
struct Ended;
