//! Installed modules and their failed deliveries.

use engine::store::{Delivery, DeliveryState, InstalledModule};
use module::{EventId, HResult};
use rusqlite::{Connection, Row, params};

use super::change::stored;
use super::row::moment;
use crate::error::{Error, Result};

/// Every module: policy modules first, each role in its order.
pub(crate) fn modules(connection: &Connection) -> Result<Vec<InstalledModule>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, kind, role, settings, options, enabled, position, installed, cursor, versions FROM module
         ORDER BY role DESC, position, name",
    )?;
    let mut rows = statement.query([])?;
    let mut modules = Vec::new();
    while let Some(row) = rows.next()? {
        modules.push(read_module(row)?);
    }
    Ok(modules)
}

fn read_module(row: &Row<'_>) -> Result<InstalledModule> {
    let name: String = row.get(0)?;
    let damaged = |what: &str| Error::Corrupt(format!("the {what} of module {name} cannot be read"));
    let role = match row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)? {
        "exit" => module::Role::Exit,
        "policy" => module::Role::Policy,
        _ => return Err(damaged("role")),
    };
    let settings: String = row.get(3)?;
    let options: String = row.get(4)?;
    let versions: String = row.get(9)?;
    Ok(InstalledModule {
        kind: row.get(1)?,
        role,
        settings: serde_json::from_str(&settings).map_err(|_| damaged("settings"))?,
        options: serde_json::from_str(&options).map_err(|_| damaged("options"))?,
        enabled: row.get(5)?,
        position: row.get(6)?,
        installed: moment(row.get(7)?)?,
        versions: serde_json::from_str(&versions).map_err(|_| damaged("versions"))?,
        cursor: EventId(row.get::<_, i64>(8)?.cast_unsigned()),
        name,
    })
}

/// A module's deliveries that wait or are parked, lowest event first.
pub(crate) fn deliveries(connection: &Connection, module: &str, after: EventId, limit: usize) -> Result<Vec<Delivery>> {
    let mut statement = connection.prepare_cached(
        "SELECT event, again, attempts, code, error, first_failed, last_failed FROM delivery
         WHERE module = ?1 AND event > ?2 ORDER BY event LIMIT ?3",
    )?;
    let mut rows = statement.query(params![module, stored(after.0), stored(limit as u64)])?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        deliveries.push(Delivery {
            module: module.to_owned(),
            event: EventId(row.get::<_, i64>(0)?.cast_unsigned()),
            state: match row.get::<_, Option<i64>>(1)? {
                Some(again) => DeliveryState::Waiting(moment(again)?),
                None => DeliveryState::Parked,
            },
            attempts: row.get(2)?,
            code: HResult(row.get(3)?),
            error: row.get(4)?,
            first_failed: moment(row.get(5)?)?,
            last_failed: moment(row.get(6)?)?,
        });
    }
    Ok(deliveries)
}
