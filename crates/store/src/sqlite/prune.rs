//! Removing events that nobody will ask for any more.

use module::EventId;
use rusqlite::{Connection, params};

use super::change::stored;
use crate::error::Result;

/// Removes at most `limit` events numbered up to `last`, oldest first, and what only they needed.
pub(crate) fn prune(connection: &Connection, last: EventId, limit: usize) -> Result<usize> {
    let mut oldest =
        connection.prepare_cached("SELECT id, request, hash, latest FROM event WHERE id <= ?1 ORDER BY id LIMIT ?2")?;
    let mut rows = oldest.query(params![stored(last.0), stored(limit as u64)])?;
    let mut end: Option<(i64, [u8; 32], i64)> = None;
    let mut requests = Vec::new();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        end = Some((row.get(0)?, row.get(2)?, row.get(3)?));
        requests.extend(row.get::<_, Option<i64>>(1)?);
    }
    drop(rows);
    let Some((end, hash, latest)) = end else { return Ok(0) };
    requests.sort_unstable();
    requests.dedup();
    // A version is needed by the events that report it, and by those of earlier versions, whose unchanged large parts
    // it may hold.
    let mut forget = connection.prepare_cached(
        "DELETE FROM request_history AS h WHERE id = ?1 AND NOT EXISTS (
             SELECT 1 FROM request_history k WHERE k.id = ?1 AND k.version <= h.version AND k.event > ?2
         )",
    )?;
    for request in requests {
        forget.execute(params![request, end])?;
    }
    connection.prepare_cached("DELETE FROM event WHERE id <= ?1")?.execute([end])?;
    connection
        .prepare_cached("UPDATE sequence SET pruned = ?1, pruned_hash = ?2, pruned_latest = ?3")?
        .execute(params![end, hash, latest])?;
    Ok(count)
}
