//! Searching requests. SQL is put together from the constants of this file alone; whatever a caller says is bound.

use std::sync::Arc;

use engine::store::{Column, ColumnType, Comparison, Filter, Operand, Order, Page, PageToken, Search};
use module::Disposition;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::row::{REQUEST_COLUMNS, body_columns, read_body, read_request, request_columns};
use crate::error::{Error, Result};

/// Rows on a page at most.
const LIMIT_MAX: u32 = 1000;

/// One page.
pub(crate) fn search(connection: &Connection, search: &Search) -> Result<Page> {
    let limit = search.limit.clamp(1, LIMIT_MAX);
    let statement = Statement::new(search, limit)?;
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let mut found = prepared.query(params_from_iter(statement.parameters))?;
    let mut page = Page::default();
    while let Some(row) = found.next()? {
        if page.rows.len() == limit as usize {
            page.next = page.rows.last().map(|last| token(search.order, last));
            break;
        }
        let mut request = read_request(row, 0)?;
        if search.bodies {
            request.body = Arc::new(read_body(row, REQUEST_COLUMNS, request.id)?);
        }
        page.rows.push(request);
    }
    Ok(page)
}

fn token(order: Order, last: &engine::Request) -> PageToken {
    let key = match order {
        Order::Newest | Order::Oldest => 0,
        Order::Expiry => last.not_after.map_or(0, |moment| moment.as_microsecond()),
    };
    PageToken { key, id: last.id }
}

/// A statement and what is bound to it.
struct Statement {
    sql: String,
    parameters: Vec<Value>,
}

impl Statement {
    fn new(search: &Search, limit: u32) -> Result<Self> {
        let select = if search.bodies {
            concat!(
                "SELECT ",
                request_columns!("r."),
                ", ",
                body_columns!("b."),
                " FROM request r JOIN request_body b ON b.id = r.id WHERE "
            )
        } else {
            concat!("SELECT ", request_columns!("r."), " FROM request r WHERE ")
        };
        let mut statement = Self { sql: select.to_owned(), parameters: Vec::new() };
        for filter in &search.filters {
            statement.filter(filter)?;
            statement.sql.push_str(" AND ");
        }
        statement.order(search);
        statement.sql.push_str(" LIMIT ");
        // One more tells whether there is another page.
        statement.bind(Value::Integer(i64::from(limit) + 1));
        Ok(statement)
    }

    fn order(&mut self, search: &Search) {
        match (search.order, search.after) {
            (Order::Newest, None) => self.sql.push_str("TRUE ORDER BY r.id DESC"),
            (Order::Newest, Some(after)) => {
                self.sql.push_str("r.id < ");
                self.bind(Value::Integer(after.id.0));
                self.sql.push_str(" ORDER BY r.id DESC");
            }
            (Order::Oldest, after) => {
                self.sql.push_str("r.id > ");
                self.bind(Value::Integer(after.map_or(i64::MIN, |after| after.id.0)));
                self.sql.push_str(" ORDER BY r.id");
            }
            (Order::Expiry, after) => {
                self.sql.push_str("r.serial IS NOT NULL AND r.not_after IS NOT NULL");
                if let Some(after) = after {
                    self.sql.push_str(" AND (r.not_after, r.id) > (");
                    self.bind(Value::Integer(after.key));
                    self.sql.push_str(", ");
                    self.bind(Value::Integer(after.id.0));
                    self.sql.push(')');
                }
                self.sql.push_str(" ORDER BY r.not_after, r.id");
            }
        }
    }

    fn filter(&mut self, filter: &Filter) -> Result<()> {
        let Filter { column, comparison, operand } = filter;
        let name = sql_of(*column);
        let mismatch = || {
            let name = column.name();
            Error::Unavailable(format!("the search compares {name} in a way that its type does not have"))
        };
        match (column.kind(), operand) {
            (ColumnType::Number, Operand::Number(number)) => {
                let sign = sign(*comparison).ok_or_else(mismatch)?;
                match constant(*column, *comparison, *number) {
                    Some(constant) => self.sql.push_str(constant),
                    None => self.compare(&name, sign, Value::Integer(*number)),
                }
            }
            (ColumnType::Moment, Operand::Moment(moment)) => {
                let sign = sign(*comparison).ok_or_else(mismatch)?;
                self.compare(&name, sign, Value::Integer(moment.as_microsecond()));
            }
            (ColumnType::Bytes, Operand::Bytes(bytes)) => self.bytes(*column, &name, *comparison, bytes),
            (ColumnType::Text, Operand::Text(text)) => self.text(*column, &name, *comparison, text),
            _ => return Err(mismatch()),
        }
        Ok(())
    }

    fn bytes(&mut self, column: Column, name: &str, comparison: Comparison, bytes: &[u8]) {
        let value = Value::Blob(bytes.to_vec());
        match (comparison, sign(comparison)) {
            // Serial numbers are numbers: fewer octets, less.
            (_, Some(sign)) if column == Column::SerialNumber && !matches!(sign, " = " | " <> ") => {
                let length = Value::Integer(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
                self.sql.push_str(&format!("(length({name}), {name}){sign}("));
                self.bind(length);
                self.sql.push_str(", ");
                self.bind(value);
                self.sql.push(')');
            }
            (_, Some(sign)) => self.compare(name, sign, value),
            (Comparison::Prefix, None) => {
                self.sql.push_str(&format!("substr({name}, 1, {}) = ", bytes.len()));
                self.bind(value);
            }
            (_, None) => {
                self.sql.push_str(&format!("instr({name}, "));
                self.bind(value);
                self.sql.push_str(") > 0");
            }
        }
    }

    /// Text that is empty is text that is not there.
    fn text(&mut self, column: Column, name: &str, comparison: Comparison, text: &str) {
        self.sql.push_str(&format!("{name} <> '' AND "));
        match (comparison, sign(comparison)) {
            (Comparison::Equal, _) => {
                if folded(column) {
                    // The index does not regard case; this finds its range, the comparison proper what is wanted in it.
                    self.compare(name, " COLLATE NOCASE = ", Value::Text(text.to_owned()));
                    self.sql.push_str(" AND ");
                }
                self.compare(name, " = ", Value::Text(text.to_owned()));
            }
            (_, Some(sign)) => self.compare(name, sign, Value::Text(text.to_owned())),
            (Comparison::Prefix, None) => {
                if folded(column) {
                    self.compare(name, " COLLATE NOCASE >= ", Value::Text(text.to_owned()));
                    self.sql.push_str(" AND ");
                }
                self.like(name, &format!("{}%", escape(text)));
            }
            (_, None) => self.like(name, &format!("%{}%", escape(text))),
        }
    }

    fn like(&mut self, name: &str, pattern: &str) {
        self.compare(name, " LIKE ", Value::Text(pattern.to_owned()));
        self.sql.push_str(r" ESCAPE '\'");
    }

    fn compare(&mut self, name: &str, sign: &str, value: Value) {
        self.sql.push_str(name);
        self.sql.push_str(sign);
        self.bind(value);
    }

    fn bind(&mut self, value: Value) {
        self.parameters.push(value);
        self.sql.push_str(&format!("?{}", self.parameters.len()));
    }
}

fn sign(comparison: Comparison) -> Option<&'static str> {
    match comparison {
        Comparison::Equal => Some(" = "),
        Comparison::Unequal => Some(" <> "),
        Comparison::Less => Some(" < "),
        Comparison::LessOrEqual => Some(" <= "),
        Comparison::Greater => Some(" > "),
        Comparison::GreaterOrEqual => Some(" >= "),
        Comparison::Prefix | Comparison::Contains => None,
    }
}

/// A comparison that must stand in the statement as a constant, so that SQLite sees that a partial index covers it.
fn constant(column: Column, comparison: Comparison, number: i64) -> Option<&'static str> {
    if (column, comparison) != (Column::Disposition, Comparison::Equal) {
        return None;
    }
    let disposition = i32::try_from(number).ok().and_then(Disposition::from_code)?;
    Some(match disposition {
        Disposition::Active => "r.disposition = 8",
        Disposition::Pending => "r.disposition = 9",
        Disposition::Foreign => "r.disposition = 12",
        Disposition::Issued => "r.disposition = 20",
        Disposition::Revoked => "r.disposition = 21",
        Disposition::Failed => "r.disposition = 30",
        Disposition::Denied => "r.disposition = 31",
    })
}

/// Whether the column has an index that does not regard case.
fn folded(column: Column) -> bool {
    matches!(column, Column::RequesterName | Column::Subject(pki::NameComponent::CommonName))
}

fn sql_of(column: Column) -> std::borrow::Cow<'static, str> {
    match column {
        Column::RequestId => "r.id",
        Column::Disposition => "r.disposition",
        Column::StatusCode => "r.status",
        Column::DispositionMessage => "r.message",
        Column::SubmittedWhen => "r.submitted",
        Column::ResolvedWhen => "r.resolved",
        Column::RequesterName => "r.requester",
        Column::CallerName => "r.caller",
        Column::RequestType => "r.request_type",
        Column::RequestFlags => "r.flags",
        Column::CertificateTemplate => "r.profile",
        Column::PublicKeyAlgorithm => "r.key_algorithm",
        Column::PublicKeyLength => "r.key_bits",
        Column::SubjectKeyIdentifier => "r.key_identifier",
        Column::SubjectAltName => "r.alternative_names",
        Column::DistinguishedName => "r.distinguished_name",
        Column::SerialNumber => "r.serial",
        Column::CertificateHash => "r.sha1",
        // Sixteen bits each, and the contract has them as one signed number.
        Column::IssuerNameId => "((((r.ca_key << 16) | r.ca_certificate) + 2147483648) & 4294967295) - 2147483648",
        Column::NotBefore => "r.not_before",
        Column::NotAfter => "r.not_after",
        Column::RevokedWhen => "r.revoked_when",
        Column::RevokedEffectiveWhen => "r.revoked_effective",
        Column::RevokedReason => "r.revoked_reason",
        Column::PublishExpiredCertInCrl => "r.publish_expired",
        Column::Subject(pki::NameComponent::CommonName) => "r.common_name",
        Column::Subject(part) => return format!("(r.subject ->> '{}')", part.as_str()).into(),
    }
    .into()
}

/// `text` for LIKE, taken literally.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// How SQLite answers a search.
    fn plan(filters: &[&str], order: Order) -> String {
        let connection = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&connection).unwrap();
        let filters = filters.iter().map(|text| Filter::parse(text).unwrap()).collect();
        let after = Some(PageToken { key: 5, id: module::RequestId(7) });
        let search = Search { filters, order, after, limit: 10, bodies: true };
        let statement = Statement::new(&search, 10).unwrap();
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.sql)).unwrap();
        let steps = explain.query_map(params_from_iter(statement.parameters), |row| row.get::<_, String>(3)).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn searches_use_their_index() {
        for (filters, order, index) in [
            (&[][..], Order::Newest, "SEARCH r USING INTEGER PRIMARY KEY"),
            (&[], Order::Oldest, "SEARCH r USING INTEGER PRIMARY KEY"),
            (&[], Order::Expiry, "request_not_after"),
            (&["RequesterName=EXAMPLE\\u"], Order::Newest, "request_requester"),
            (&["CN=a.example"], Order::Newest, "request_common_name"),
            (&["Disposition=pending"], Order::Newest, "request_open"),
            (&["Disposition=denied", "CallerName=c"], Order::Oldest, "request_open"),
        ] {
            let plan = plan(filters, order);
            assert!(plan.contains(index), "{filters:?}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{filters:?} needs no sorting: {plan}");
        }
        for (filters, index) in [
            (&["SerialNumber=0a0b"][..], "request_serial"),
            (&["RequesterName^=EXAMPLE\\u"], "request_requester"),
            (&["CN^=host-1"], "request_common_name"),
            (&["NotAfter>=2027-01-01", "NotAfter<2027-02-01"], "request_not_after"),
        ] {
            assert!(plan(filters, Order::Newest).contains(index), "{filters:?}: {}", plan(filters, Order::Newest));
        }
    }
}
