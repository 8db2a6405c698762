//! Reading events, each with the request as it left it.

use std::sync::Arc;

use engine::Request;
use engine::store::{AuditEntry, Event};
use jiff::Timestamp;
use module::{EventId, ExitEvent, ExitEvents, RequestId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::change::stored;
use super::request;
use super::row::{REQUEST_COLUMNS, body_columns, moment, read_body, read_request, request_columns};
use super::sequence;
use crate::error::{Error, Result};

/// How many columns of `event` come before those of the request.
const EVENT_COLUMNS: usize = 8;

/// The event, and the request where its current version is the one reported.
macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.kind, e.occurred, e.request, e.version, e.crl_number, e.digest, e.hash, ",
            request_columns!("r."),
            ", ",
            body_columns!("b."),
            " FROM event e LEFT JOIN request r ON r.id = e.request AND r.version = e.version
              LEFT JOIN request_body b ON b.id = r.id WHERE ",
            $rest
        )
    };
}

/// Events after a number, of the wanted kinds, lowest first. To be called in a transaction: a version may be in the
/// history by the time it is looked for.
pub(crate) fn events(
    connection: &Connection,
    after: EventId,
    wanted: ExitEvents,
    limit: usize,
) -> Result<Vec<(Event, Option<Request>)>> {
    if wanted.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut statement =
        connection.prepare_cached(select_events!("e.id > ?1 AND (e.kind & ?2) <> 0 ORDER BY e.id LIMIT ?3"))?;
    let mut rows = statement.query(params![stored(after.0), wanted.bits(), stored(limit as u64)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read(connection, row)?);
    }
    Ok(events)
}

/// One event. To be called in a transaction.
pub(crate) fn event(connection: &Connection, id: EventId) -> Result<Option<(Event, Option<Request>)>> {
    let mut statement = connection.prepare_cached(select_events!("e.id = ?1"))?;
    let mut rows = statement.query([stored(id.0)])?;
    rows.next()?.map(|row| read(connection, row)).transpose()
}

fn read(connection: &Connection, row: &Row<'_>) -> Result<(Event, Option<Request>)> {
    let event = read_event(row)?;
    let Some((id, version)) = event.request else { return Ok((event, None)) };
    let is_current = row.get_ref(EVENT_COLUMNS)? != rusqlite::types::ValueRef::Null;
    let request = if is_current {
        let mut request = read_request(row, EVENT_COLUMNS)?;
        request.body = Arc::new(read_body(row, EVENT_COLUMNS + REQUEST_COLUMNS, id)?);
        request
    } else {
        request::version(connection, id, version)?.ok_or_else(|| {
            Error::Corrupt(format!("event {} reports request {id} at version {version}, which is gone", event.id))
        })?
    };
    Ok((event, Some(request)))
}

fn read_event(row: &Row<'_>) -> Result<Event> {
    let id = EventId(row.get::<_, i64>(0)?.cast_unsigned());
    let damaged = |what: &str| Error::Corrupt(format!("event {id} has {what} that was never written"));
    let kind = ExitEvent::from_bit(row.get(1)?).ok_or_else(|| damaged("a kind"))?;
    let occurred = moment(row.get(2)?)?;
    let request = match (row.get::<_, Option<i64>>(3)?, row.get::<_, Option<u32>>(4)?) {
        (Some(id), Some(version)) => Some((RequestId(id), version)),
        (None, None) => None,
        _ => return Err(damaged("half a request")),
    };
    let crl_number = row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned);
    Ok(Event { id, kind, occurred, request, crl_number, digest: row.get(6)?, hash: row.get(7)? })
}

/// The oldest event kept and the hash before it; the next event to come where none is kept.
pub(crate) fn tail(connection: &Connection) -> Result<(EventId, [u8; 32])> {
    let (pruned, hash, _) = sequence::pruned(connection)?;
    Ok((EventId(pruned + 1), hash))
}

/// The event before the first one that occurred at or after a moment. To be called in a transaction.
///
/// Clocks are set back and events race: an earlier moment may follow a later one. Nothing that occurred at or after the
/// moment lies at or before the answer.
pub(crate) fn before(connection: &Connection, moment: Timestamp) -> Result<EventId> {
    let moment = moment.as_microsecond();
    let (pruned, ..) = sequence::pruned(connection)?;
    let (head, _, latest) = sequence::event_head(connection)?;
    if head == pruned || latest < moment {
        return Ok(EventId(head));
    }
    // `latest` never falls: low has one before the moment (or is pruned), high has one that is not.
    let mut statement = connection.prepare_cached("SELECT latest FROM event WHERE id = ?1")?;
    let (mut low, mut high) = (pruned, head);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let latest: i64 = statement.query_row([stored(middle)], |row| row.get(0))?;
        if latest < moment {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(EventId(high - 1))
}

/// Audit entries after a number, lowest first.
pub(crate) fn audit(connection: &Connection, after: u64, limit: usize) -> Result<Vec<AuditEntry>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, code, at, caller, request, detail, hash FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query(params![stored(after), stored(limit as u64)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(AuditEntry {
            id: row.get::<_, i64>(0)?.cast_unsigned(),
            code: row.get(1)?,
            at: moment(row.get(2)?)?,
            caller: row.get(3)?,
            request: row.get::<_, Option<i64>>(4)?.map(RequestId),
            detail: row.get(5)?,
            hash: row.get(6)?,
        });
    }
    Ok(entries)
}

/// A named value.
pub(crate) fn value(connection: &Connection, name: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT text FROM value WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
