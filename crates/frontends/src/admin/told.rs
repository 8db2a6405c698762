//! `/v1/notifications`: events as exit modules are told them.

use axum::Json;
use axum::extract::State;
use engine::{StartFrom, ToldEvent, right};
use module::{EventId, ExitEvents};

use super::Admin;
use super::extract::{Allowed, Parameters, malformed};
use super::openapi::Problems;
use crate::model::{Notifications, Problem};

/// Rows of a page, where the client does not say, and at most: each has its request and its certificate.
const ROWS_DEFAULT: u32 = 100;
const ROWS_MAX: u32 = 250;

/// List events as exit modules are told them, oldest first.
///
/// Each has everything a module reads of its request, as the event left it. The first decision on a request has the request as
/// policy was asked about it besides, and CRLs are named.
#[utoipa::path(
    get,
    path = "/v1/notifications",
    tag = "events",
    params(
        ("from" = Option<String>, Query, description = "Where to start: `beginning`, an event's number, or a time; `after` goes before", example = "beginning"),
        ("after" = Option<u64>, Query, description = "Events above this number"),
        ("limit" = Option<u32>, Query, description = "Rows, 1 to 250; 100 where it is left out", minimum = 1, maximum = 250),
        ("kinds" = Option<Vec<String>>, Query, description = "Kinds of event; every kind where it is left out", example = json!(["cert-issued"])),
    ),
    responses((status = 200, description = "A page", body = Notifications), Problems),
)]
pub(super) async fn notifications(
    State(admin): State<Admin>,
    Allowed(by): Allowed<right::Read>,
    mut parameters: Parameters,
) -> Result<Json<Notifications>, Problem> {
    let kinds = parameters.take_all("kinds");
    let kinds: Vec<&str> = kinds.iter().flat_map(|kinds| kinds.split(',')).map(str::trim).collect();
    let wanted = match kinds.as_slice() {
        [] => ExitEvents::all(),
        kinds => ExitEvents::parse(kinds).map_err(|error| malformed(error.message))?,
    };
    let after = parameters.take::<u64>("after")?.map(EventId);
    let from = parameters.take::<StartFrom>("from")?.unwrap_or(StartFrom::Beginning);
    let limit = parameters.limit(ROWS_DEFAULT, ROWS_MAX)? as usize;
    parameters.finish()?;
    let (ca, properties, events) = admin
        .call(move |engine| {
            let after = match after {
                Some(after) => after,
                None => engine.event_before(&by, from)?,
            };
            let (ca, properties) = engine.told_of_authority(&by)?;
            Ok((ca, properties, engine.told(&by, after, wanted, limit)?))
        })
        .await?;
    let next = events.last().filter(|_| events.len() == limit).map(|event| event.message.event.id.to_string());
    let items = events.iter().map(ToldEvent::to_json).collect::<Result<_, _>>().map_err(|error| defect(&error))?;
    let properties = serde_json::to_value(properties).map_err(|error| defect(&error))?;
    Ok(Json(Notifications { ca, properties, items, next }))
}

fn defect(error: &serde_json::Error) -> Problem {
    Problem::new(crate::problem::Kind::Internal, format!("an event cannot be written: {error}"))
}
