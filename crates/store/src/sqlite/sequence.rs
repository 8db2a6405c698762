//! The ends of the two chains, and the numbers given out.

use engine::chain::GENESIS;
use engine::store::{AuditEntry, Event, NewAudit, NewEvent};
use module::EventId;
use rusqlite::{Connection, OptionalExtension};

use super::row::to_microsecond;
use crate::error::Result;

/// Numbers events and audit entries. One per database: the committer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequencer {
    /// The newest event; 0 before the first.
    pub(crate) event: u64,
    pub(crate) event_hash: [u8; 32],
    /// The greatest moment any event occurred at, in microseconds.
    pub(crate) latest: i64,
    /// The newest audit entry; 0 before the first.
    pub(crate) audit: u64,
    pub(crate) audit_hash: [u8; 32],
}

impl Sequencer {
    /// As the database has it.
    pub(crate) fn load(connection: &Connection) -> Result<Self> {
        let (event, event_hash, latest) = event_head(connection)?;
        let (audit, audit_hash) = audit_head(connection)?;
        Ok(Self { event, event_hash, latest, audit, audit_hash })
    }

    /// The next event.
    pub(crate) fn event(&mut self, mut new: NewEvent) -> Event {
        // The hash binds microseconds: what is answered now and what is read later must be equal.
        new.occurred = to_microsecond(new.occurred);
        let event = new.numbered(EventId(self.event + 1), &self.event_hash);
        self.event += 1;
        self.event_hash = event.hash;
        self.latest = self.latest.max(event.occurred.as_microsecond());
        event
    }

    /// The next audit entry.
    pub(crate) fn audit(&mut self, mut new: NewAudit) -> AuditEntry {
        new.at = to_microsecond(new.at);
        let entry = new.numbered(self.audit + 1, &self.audit_hash);
        self.audit += 1;
        self.audit_hash = entry.hash;
        entry
    }
}

/// Number, hash and `latest` of the newest event, whether it is still there or pruned.
pub(crate) fn event_head(connection: &Connection) -> Result<(u64, [u8; 32], i64)> {
    let kept = connection
        .prepare_cached("SELECT id, hash, latest FROM event ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?, row.get(2)?)))
        .optional()?;
    match kept {
        Some(head) => Ok(head),
        None => pruned(connection),
    }
}

/// Number, hash and `latest` of the last event pruned; 0 and [`GENESIS`] before the first.
pub(crate) fn pruned(connection: &Connection) -> Result<(u64, [u8; 32], i64)> {
    let mut statement = connection.prepare_cached("SELECT pruned, pruned_hash, pruned_latest FROM sequence")?;
    Ok(statement.query_row([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?, row.get(2)?)))?)
}

/// Number and hash of the newest audit entry.
pub(crate) fn audit_head(connection: &Connection) -> Result<(u64, [u8; 32])> {
    let head = connection
        .prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))
        .optional()?;
    Ok(head.unwrap_or((0, GENESIS)))
}
