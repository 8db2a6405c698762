//! The schema and its versions.

use rusqlite::Connection;

use crate::error::{Error, Result};

/// Each brings the schema from the version before (its index) to the next.
const MIGRATIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// "Exnt": tells our files from other SQLite files.
const APPLICATION_ID: i32 = 0x4578_6e74;

/// Creates the schema, or brings an older one up to date, each step in a transaction.
pub(crate) fn migrate(connection: &Connection) -> Result<()> {
    let present = version(connection)?;
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(present) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = connection.execute_batch(migration).and_then(|()| {
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", version)?;
            connection.execute_batch("COMMIT")
        });
        if let Err(error) = done {
            // The first error is the one to report; a connection that cannot roll back is closed by the caller.
            let _ = connection.execute_batch("ROLLBACK");
            return Err(error.into());
        }
    }
    Ok(())
}

/// Fails unless the schema is the newest one.
pub(crate) fn require_newest(connection: &Connection) -> Result<()> {
    let version = version(connection)?;
    if version < MIGRATIONS.len() {
        return Err(Error::Unavailable(format!(
            "the database has schema {version} of {}; start the server once to bring it up to date",
            MIGRATIONS.len()
        )));
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<usize> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = tables == 0 && version == 0;
    if !empty && application != APPLICATION_ID {
        return Err(Error::Unavailable("the file is a database of another program".into()));
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(Error::Unavailable(format!(
            "the database has schema {version}, and this server knows schemas up to {}: a newer server wrote it; \
             run that one, or restore a backup made before the upgrade",
            MIGRATIONS.len()
        ))),
    }
}
