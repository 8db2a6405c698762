//! Checking what the database's own rules do not enforce.

use rusqlite::Connection;

use crate::error::Result;

/// A rule, and a query for the texts of what breaks it.
const RULES: &[&str] = &[
    "SELECT 'request ' || r.id || ' has no large parts' FROM request r
         LEFT JOIN request_body b ON b.id = r.id WHERE b.id IS NULL",
    "SELECT 'the history of request ' || h.id || ' has version ' || h.version || ', and the request only version '
         || r.version FROM request_history h JOIN request r ON r.id = h.id WHERE h.version >= r.version",
    "SELECT 'request ' || max(id) || ' lies above the highest number set aside, ' || (SELECT reserved FROM sequence)
         FROM request WHERE (SELECT reserved FROM sequence) > 0 HAVING max(id) > (SELECT reserved FROM sequence)",
    "SELECT 'event ' || e.id || ' reports request ' || e.request || ' at version ' || e.version || ', which is gone'
         FROM event e WHERE e.request IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM request r WHERE r.id = e.request AND r.version = e.version)
             AND NOT EXISTS (SELECT 1 FROM request_history h WHERE h.id = e.request AND h.version = e.version)",
    "SELECT 'events are missing: ' || count(*) || ' are there, numbered ' || min(id) || ' to ' || max(id) || ', after '
         || (SELECT pruned FROM sequence) || ' pruned' FROM event
         HAVING count(*) > 0 AND (min(id) <> (SELECT pruned + 1 FROM sequence) OR max(id) - min(id) + 1 <> count(*))",
    "SELECT 'audit entries are missing: ' || count(*) || ' are there, numbered ' || min(id) || ' to ' || max(id)
         FROM audit HAVING count(*) > 0 AND max(id) <> count(*)",
    "SELECT 'module ' || name || ' has dealt with event ' || cursor || ', and there are only '
         || (SELECT coalesce(max(id), (SELECT pruned FROM sequence)) FROM event)
         FROM module WHERE cursor > (SELECT coalesce(max(id), (SELECT pruned FROM sequence)) FROM event)",
    "SELECT 'CRL ' || number || ' of key ' || ca_key || ' has ' || size || ' octets, and its body '
         || (SELECT coalesce(sum(length(bytes)), 0) FROM crl_chunk WHERE body = crl.body)
         FROM crl WHERE body IS NOT NULL
             AND size <> (SELECT coalesce(sum(length(bytes)), 0) FROM crl_chunk WHERE body = crl.body)",
];

/// Texts about one rule at most.
const FINDINGS_MAX: usize = 100;

/// What is wrong with the database; `progress` is told of steps done and in all.
pub(crate) fn check(connection: &Connection, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<String>> {
    let total = RULES.len() as u64 + 2;
    progress(0, total);
    let mut wrong = integrity(connection)?;
    progress(1, total);
    wrong.extend(foreign_keys(connection)?);
    progress(2, total);
    for (done, rule) in (3..).zip(RULES) {
        let mut statement = connection.prepare(rule)?;
        let found = statement.query_map([], |row| row.get::<_, String>(0))?.take(FINDINGS_MAX);
        wrong.extend(found.collect::<Result<Vec<_>, _>>()?);
        progress(done, total);
    }
    Ok(wrong)
}

fn integrity(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    let mut found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    found.retain(|text| text != "ok");
    Ok(found)
}

fn foreign_keys(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let found = statement.query_map([], |row| {
        let (table, id, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let id = id.map_or(String::new(), |id| format!(" {id}"));
        Ok(format!("row{id} of {table} refers to a row of {parent} that is not there"))
    })?;
    Ok(found.take(FINDINGS_MAX).collect::<Result<_, _>>()?)
}
