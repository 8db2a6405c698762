//! CRLs, their bodies, and the revocations they list.

use engine::store::{CaCertificate, CrlBody, CrlKind, CrlRow, RevokedFilter, RevokedRow};
use module::HResult;
use pki::Serial;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::change::decode_chain;
use super::row::moment;
use crate::error::{Error, Result};

/// Octets of one chunk at most.
pub(crate) const CHUNK_BYTES_MAX: usize = 4 << 20;

/// Makes an empty body.
pub(crate) fn new_body(connection: &Connection) -> Result<CrlBody> {
    connection.prepare_cached("INSERT INTO crl_body DEFAULT VALUES")?.execute([])?;
    Ok(CrlBody(connection.last_insert_rowid()))
}

/// Adds a chunk to the end of a body.
pub(crate) fn append(connection: &Connection, body: CrlBody, chunk: &[u8]) -> Result<()> {
    let written = connection
        .prepare_cached(
            "INSERT INTO crl_chunk (body, seq, bytes)
             SELECT id, (SELECT coalesce(max(seq) + 1, 0) FROM crl_chunk WHERE body = ?1), ?2
             FROM crl_body WHERE id = ?1",
        )?
        .execute(params![body.0, chunk])?;
    if written == 0 {
        return Err(Error::Conflict(format!("CRL body {}", body.0)));
    }
    Ok(())
}

/// One chunk of a body.
pub(crate) fn chunk(connection: &Connection, body: CrlBody, index: u32) -> Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached("SELECT bytes FROM crl_chunk WHERE body = ?1 AND seq = ?2")?;
    Ok(statement.query_row(params![body.0, index], |row| row.get(0)).optional()?)
}

/// Removes the bodies no CRL refers to: a server that stopped in the middle of a publication left them.
pub(crate) fn remove_orphans(connection: &Connection) -> Result<usize> {
    let orphans = "DELETE FROM crl_body WHERE id NOT IN (SELECT body FROM crl WHERE body IS NOT NULL)";
    Ok(connection.execute(orphans, [])?)
}

/// CRLs, newest first.
pub(crate) fn rows(
    connection: &Connection,
    key: Option<u16>,
    kind: Option<CrlKind>,
    limit: usize,
) -> Result<Vec<CrlRow>> {
    // Each in the order of an index: (ca_key, delta, number), or (number, ca_key, delta).
    let condition = match (key, kind) {
        (Some(_), Some(_)) => "ca_key = ?1 AND delta = ?2",
        (Some(_), None) => "ca_key = ?1 AND ?2 IS NULL",
        (None, Some(_)) => "?1 IS NULL AND delta = ?2",
        (None, None) => "?1 IS NULL AND ?2 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT number, min_base, ca_key, entries, this_update, next_update, this_publish, next_publish,
                propagation_complete, last_published, attempts, flags, status, error, size, sha256, body
         FROM crl WHERE {condition} ORDER BY number DESC, ca_key, delta LIMIT ?3"
    ))?;
    let delta = kind.map(|kind| kind == CrlKind::Delta);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = statement.query(params![key, delta, limit])?;
    let mut crls = Vec::new();
    while let Some(row) = found.next()? {
        crls.push(read(row)?);
    }
    Ok(crls)
}

fn read(row: &Row<'_>) -> Result<CrlRow> {
    let at = |index: usize| -> Result<_> { moment(row.get(index)?) };
    let count = |index: usize| -> Result<_> { Ok(row.get::<_, i64>(index)?.cast_unsigned()) };
    Ok(CrlRow {
        number: count(0)?,
        min_base: row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned),
        key: row.get(2)?,
        entries: count(3)?,
        this_update: at(4)?,
        next_update: at(5)?,
        this_publish: at(6)?,
        next_publish: at(7)?,
        propagation_complete: at(8)?,
        last_published: row.get::<_, Option<i64>>(9)?.map(moment).transpose()?,
        attempts: row.get(10)?,
        flags: row.get(11)?,
        status: HResult(row.get(12)?),
        error: row.get(13)?,
        size: count(14)?,
        sha256: row.get(15)?,
        body: row.get::<_, Option<i64>>(16)?.map(CrlBody),
    })
}

/// Every CA certificate.
pub(crate) fn ca_certificates(connection: &Connection) -> Result<Vec<CaCertificate>> {
    let mut statement = connection
        .prepare_cached("SELECT position, key_index, certificate, chain FROM ca_certificate ORDER BY position")?;
    let mut found = statement.query([])?;
    let mut certificates = Vec::new();
    while let Some(row) = found.next()? {
        certificates.push(CaCertificate {
            index: row.get(0)?,
            key_index: row.get(1)?,
            certificate: row.get(2)?,
            chain: decode_chain(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?,
        });
    }
    Ok(certificates)
}

/// The revocations a CRL lists, from one index and in one statement, so of one moment.
///
/// A delta CRL also lists what was revoked earlier and took effect since its base: the base could not have it yet
/// (RFC 5280 5.2.4 wants every change of status since the base).
pub(crate) fn revoked(
    connection: &Connection,
    filter: &RevokedFilter,
    each: &mut dyn FnMut(RevokedRow) -> Result<(), engine::Error>,
) -> Result<(), engine::Error> {
    let failed = |error: rusqlite::Error| engine::Error::from(engine::StoreError::from(Error::from(error)));
    let sql = revoked_sql(filter.changed_since.is_some());
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let since = filter.changed_since.map(|moment| moment.as_microsecond());
    let bounds =
        params![filter.key, filter.effective_by.as_microsecond(), filter.expired_before.as_microsecond(), since];
    let mut rows = statement.query(bounds).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let entry = read_revoked(row).map_err(|error| engine::Error::from(engine::StoreError::from(error)))?;
        each(entry)?;
    }
    Ok(())
}

/// `?4` is the moment of the base, which only a delta has.
fn revoked_sql(delta: bool) -> &'static str {
    macro_rules! select {
        ($condition:literal) => {
            concat!(
                "SELECT serial, revoked_effective, revoked_reason FROM request INDEXED BY request_revoked
                 WHERE revoked_reason IS NOT NULL AND ca_key = ?1 AND serial IS NOT NULL AND revoked_effective <= ?2
                     AND (publish_expired OR not_after IS NULL OR not_after >= ?3) AND ",
                $condition
            )
        };
    }
    if delta {
        select!("(disposition = 21 OR revoked_reason = -1) AND max(revoked_when, revoked_effective) >= ?4")
    } else {
        select!("disposition = 21 AND ?4 IS NULL")
    }
}

fn read_revoked(row: &Row<'_>) -> Result<RevokedRow> {
    let serial = Serial::from_bytes(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)
        .map_err(|error| Error::Corrupt(format!("a revoked certificate: {error}")))?;
    Ok(RevokedRow { serial, effective: moment(row.get(1)?)?, reason: row.get(2)? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn sweeps_never_touch_the_table() {
        let connection = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&connection).unwrap();
        for delta in [false, true] {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", revoked_sql(delta))).unwrap();
            let plan: String = explain.query_row([0_i64; 4], |row| row.get(3)).unwrap();
            assert!(plan.contains("COVERING INDEX request_revoked (ca_key=?"), "{plan}");
            assert_eq!(plan.contains("AND <expr>>?"), delta, "{plan}");
        }
    }
}
