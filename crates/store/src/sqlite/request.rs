//! Reading single requests, as they stand and as they stood.

use std::sync::Arc;

use engine::{Request, RequestBody};
use module::RequestId;
use pki::Serial;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::row::{REQUEST_COLUMNS, body_columns, read_body, read_request, request_columns};
use crate::body;
use crate::error::{Error, Result};

macro_rules! select_request {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            request_columns!("r."),
            ", ",
            body_columns!("b."),
            " FROM request r JOIN request_body b ON b.id = r.id WHERE ",
            $rest
        )
    };
}

/// A request as it stands.
pub(crate) fn current(connection: &Connection, id: RequestId) -> Result<Option<Request>> {
    one(connection, select_request!("r.id = ?1"), &[&id.0])
}

/// The request whose certificate has this serial number; of several foreign ones the first.
pub(crate) fn by_serial(connection: &Connection, serial: &Serial, own: bool) -> Result<Option<Request>> {
    let sql = if own {
        select_request!("r.serial = ?1 AND r.disposition <> 12")
    } else {
        select_request!("r.serial = ?1 AND r.disposition = 12 ORDER BY r.id LIMIT 1")
    };
    one(connection, sql, &[&serial.as_bytes()])
}

fn one(connection: &Connection, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> Result<Option<Request>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut request = read_request(row, 0)?;
    request.body = Arc::new(read_body(row, REQUEST_COLUMNS, request.id)?);
    Ok(Some(request))
}

/// A request as it stood. To be called in a transaction.
pub(crate) fn version(connection: &Connection, id: RequestId, version: u32) -> Result<Option<Request>> {
    let current = one(connection, select_request!("r.id = ?1 AND r.version = ?2"), &[&id.0, &version])?;
    if current.is_some() {
        return Ok(current);
    }
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        request_columns!(""),
        " FROM request_history WHERE id = ?1 AND version = ?2"
    ))?;
    let mut rows = statement.query(params![id.0, version])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut request = read_request(row, 0)?;
    request.body = Arc::new(earlier_body(connection, id, version)?);
    Ok(Some(request))
}

/// The large parts as they stood: each from the first version at or after this one that a change took it from, and what
/// was never changed since, from the request as it stands.
fn earlier_body(connection: &Connection, id: RequestId, version: u32) -> Result<RequestBody> {
    const PARTS: usize = 5;
    let mut parts: [Option<Value>; PARTS] = Default::default();
    let mut statement = connection.prepare_cached(concat!(
        "SELECT parts, ",
        body_columns!(""),
        ", version AS v FROM request_history WHERE id = ?1 AND version >= ?2 AND parts <> 0
         UNION ALL SELECT 31, ",
        body_columns!(""),
        ", 4294967296 AS v FROM request_body WHERE id = ?1 ORDER BY v"
    ))?;
    let mut rows = statement.query(params![id.0, version])?;
    while let Some(row) = rows.next()? {
        let held: u32 = row.get(0)?;
        for (index, part) in parts.iter_mut().enumerate() {
            if held & (1 << index) != 0 && part.is_none() {
                *part = Some(Value::try_from(row.get_ref(index + 1)?).map_err(rusqlite::Error::from)?);
            }
        }
        if parts.iter().all(Option::is_some) {
            break;
        }
    }
    let damaged = || Error::Corrupt(format!("the large parts of request {id} at version {version} cannot be read"));
    let [raw, attribute_text, attributes, extensions, certificate] = parts;
    let octets = |part: Option<Value>| match part {
        Some(Value::Blob(octets)) => Ok(octets),
        _ => Err(damaged()),
    };
    let certificate = match certificate {
        Some(Value::Null) => None,
        certificate => Some(octets(certificate)?),
    };
    let Some(Value::Text(attribute_text)) = attribute_text else { return Err(damaged()) };
    Ok(RequestBody {
        raw: octets(raw)?,
        attribute_text,
        attributes: body::decode_attributes(&octets(attributes)?).ok_or_else(damaged)?,
        extensions: body::decode_extensions(&octets(extensions)?).ok_or_else(damaged)?,
        certificate,
    })
}
