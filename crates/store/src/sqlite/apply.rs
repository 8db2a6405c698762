//! What one change becomes in the transaction of its group.
//!
//! Everything that can conflict is looked at before the first row is written, so that a change answered with a conflict
//! leaves nothing behind and its neighbours go on.

mod conflicts;

use engine::store::{Change, Committed, CrlRow, Delivery, DeliveryState, Event, NewAudit};
use module::RequestId;
use rusqlite::{Connection, Statement, params};

use super::change::{ModuleRow, ReadyChange, encode_chain, stored};
use super::row::{RequestRow, body_columns, request_columns};
use super::sequence::Sequencer;
use crate::error::{Error, Result};

/// The writing connection's statements, and the numbers they give out.
pub(crate) struct Writer<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) sequencer: Sequencer,
    insert_request: Statement<'c>,
    insert_body: Statement<'c>,
    insert_event: Statement<'c>,
    insert_audit: Statement<'c>,
    version: Statement<'c>,
    serial: Statement<'c>,
    foreign: Statement<'c>,
}

impl<'c> Writer<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            connection,
            sequencer: Sequencer::load(connection)?,
            insert_request: connection.prepare(concat!(
                "INSERT INTO request (",
                request_columns!(""),
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, \
                 ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)"
            ))?,
            insert_body: connection.prepare(concat!(
                "INSERT INTO request_body (id, ",
                body_columns!(""),
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            ))?,
            insert_event: connection.prepare(
                "INSERT INTO event (id, kind, occurred, latest, request, version, crl_number, digest, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            insert_audit: connection.prepare(
                "INSERT INTO audit (id, code, at, caller, request, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            version: connection.prepare("SELECT version FROM request WHERE id = ?1")?,
            serial: connection.prepare("SELECT id FROM request WHERE serial = ?1 AND disposition <> 12")?,
            // Serial numbers of other authorities repeat: there the hash tells certificates apart.
            foreign: connection.prepare(
                "SELECT id FROM request WHERE serial = ?1 AND disposition = 12 AND sha1 = ?2 AND id <> ?3 LIMIT 1",
            )?,
        })
    }

    /// Starts a transaction.
    pub(crate) fn begin(&self) -> Result<()> {
        Ok(self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)?)
    }

    /// Makes the transaction durable.
    pub(crate) fn commit(&self) -> Result<()> {
        Ok(self.connection.prepare_cached("COMMIT")?.execute([]).map(drop)?)
    }

    /// Ends a transaction that failed, and takes the numbers from the database again.
    pub(crate) fn reset(&mut self) -> Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.sequencer = Sequencer::load(self.connection)?;
        Ok(())
    }

    /// Writes one change. [`Error::Conflict`] leaves the transaction as it was; after any other error it must be rolled
    /// back, and the sequencer loaded again.
    pub(crate) fn apply(&mut self, change: ReadyChange) -> Result<Committed> {
        self.check(&change)?;
        let ReadyChange { requests, modules, running_modules, rest, .. } = change;
        let Change {
            requests: _,
            crls,
            published_crls,
            drop_crl_bodies,
            ca_certificates,
            modules: _,
            running_modules: _,
            removed_modules,
            cursors,
            deliveries,
            settled,
            values,
            event,
            audit,
        } = rest;

        let event = event.map(|event| self.sequencer.event(event));
        for row in &requests {
            let reported = event.as_ref().filter(|event| event.request == Some((row.request.id, row.request.version)));
            self.write_request(row, reported)?;
        }
        for crl in &crls {
            self.write_crl(crl)?;
        }
        for crl in &published_crls {
            self.write_crl_outcome(crl)?;
        }
        for body in drop_crl_bodies {
            self.execute("DELETE FROM crl_body WHERE id = ?1", params![body.0])?;
        }
        for certificate in &ca_certificates {
            self.execute(
                "INSERT INTO ca_certificate (position, key_index, certificate, chain) VALUES (?1, ?2, ?3, ?4)",
                params![
                    certificate.index,
                    certificate.key_index,
                    certificate.certificate,
                    encode_chain(&certificate.chain)?
                ],
            )?;
        }
        for name in &removed_modules {
            self.execute("DELETE FROM module WHERE name = ?1", params![name])?;
        }
        for module in &modules {
            self.write_module(module)?;
        }
        for module in &running_modules {
            self.change_running_module(module)?;
        }
        for (name, cursor) in &cursors {
            // No row, no move: the module is gone.
            self.execute("UPDATE module SET cursor = ?2 WHERE name = ?1", params![name, stored(cursor.0)])?;
        }
        for (name, event) in &settled {
            self.execute("DELETE FROM delivery WHERE module = ?1 AND event = ?2", params![name, stored(event.0)])?;
        }
        for delivery in &deliveries {
            self.write_delivery(delivery)?;
        }
        for (name, text) in &values {
            match text {
                Some(text) => {
                    self.execute("INSERT OR REPLACE INTO value (name, text) VALUES (?1, ?2)", params![name, text])?
                }
                None => self.execute("DELETE FROM value WHERE name = ?1", params![name])?,
            };
        }
        if let Some(event) = &event {
            self.write_event(event, &requests)?;
        }
        let audit = audit.map(|audit| self.write_audit(audit)).transpose()?;
        Ok(Committed { event, audit })
    }

    /// Sets request numbers aside: raises the mark that survives a crash.
    pub(crate) fn reserve(&mut self, count: u32) -> Result<RequestId> {
        let mark: i64 = self.connection.query_row("SELECT reserved FROM sequence", [], |row| row.get(0))?;
        // Rows may have come from elsewhere (an import of a whole database): never below the highest row.
        let highest: Option<i64> = self.connection.query_row("SELECT max(id) FROM request", [], |row| row.get(0))?;
        let mark = mark.max(highest.unwrap_or(0));
        let end =
            mark.checked_add(count.into()).ok_or_else(|| Error::Unavailable("request numbers are used up".into()))?;
        self.execute("UPDATE sequence SET reserved = ?1", params![end])?;
        Ok(RequestId(mark + 1))
    }

    fn write_request(&mut self, row: &RequestRow, event: Option<&Event>) -> Result<()> {
        let id = row.request.id.0;
        let body = &row.request.body;
        if row.request.version == 1 {
            write_columns(&mut self.insert_request, row, event)?;
            self.insert_body.execute(params![
                id,
                body.raw,
                body.attribute_text,
                row.attributes,
                row.extensions,
                body.certificate
            ])?;
            return Ok(());
        }
        let changed: i64 = self
            .connection
            .prepare_cached(
                "SELECT (raw IS NOT ?2) + 2 * (attribute_text IS NOT ?3) + 4 * (attributes IS NOT ?4)
                        + 8 * (extensions IS NOT ?5) + 16 * (certificate IS NOT ?6)
                 FROM request_body WHERE id = ?1",
            )?
            .query_row(
                params![id, body.raw, body.attribute_text, row.attributes, row.extensions, body.certificate],
                |found| found.get(0),
            )?;
        self.execute(
            concat!(
                "INSERT INTO request_history (",
                request_columns!(""),
                ", parts, ",
                body_columns!(""),
                ") SELECT ",
                request_columns!("r."),
                ", ?2, iif(?2 & 1, raw, NULL), iif(?2 & 2, attribute_text, NULL), iif(?2 & 4, attributes, NULL),
                 iif(?2 & 8, extensions, NULL), iif(?2 & 16, certificate, NULL)
                 FROM request r JOIN request_body b ON b.id = r.id WHERE r.id = ?1"
            ),
            params![id, changed],
        )?;
        let mut update = self.connection.prepare_cached(concat!(
            "UPDATE request SET (",
            request_columns!(""),
            ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, \
             ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31) WHERE id = ?1"
        ))?;
        write_columns(&mut update, row, event)?;
        if changed != 0 {
            self.execute(
                concat!("UPDATE request_body SET (", body_columns!(""), ") = (?2, ?3, ?4, ?5, ?6) WHERE id = ?1"),
                params![id, body.raw, body.attribute_text, row.attributes, row.extensions, body.certificate],
            )?;
        }
        Ok(())
    }

    fn write_event(&mut self, event: &Event, requests: &[RequestRow]) -> Result<()> {
        self.insert_event.execute(params![
            stored(event.id.0),
            event.kind.bit(),
            event.occurred.as_microsecond(),
            self.sequencer.latest,
            event.request.map(|(id, _)| id.0),
            event.request.map(|(_, version)| version),
            event.crl_number.map(stored),
            event.digest,
            event.hash
        ])?;
        let Some((id, version)) = event.request else { return Ok(()) };
        if requests.iter().any(|row| (row.request.id, row.request.version) == (id, version)) {
            return Ok(());
        }
        // A further event of a version that is stored already: it must be kept until this event is pruned.
        let row = params![id.0, version, stored(event.id.0)];
        if self.execute("UPDATE request SET event = ?3 WHERE id = ?1 AND version = ?2", row)? == 0 {
            self.execute("UPDATE request_history SET event = ?3 WHERE id = ?1 AND version = ?2", row)?;
        }
        Ok(())
    }

    fn write_audit(&mut self, audit: NewAudit) -> Result<u64> {
        let entry = self.sequencer.audit(audit);
        self.insert_audit.execute(params![
            stored(entry.id),
            entry.code,
            entry.at.as_microsecond(),
            entry.caller,
            entry.request.map(|id| id.0),
            entry.detail,
            entry.hash
        ])?;
        Ok(entry.id)
    }

    fn write_crl(&self, crl: &CrlRow) -> Result<()> {
        self.execute(
            "INSERT INTO crl (number, min_base, ca_key, delta, entries, this_update, next_update, this_publish,
                              next_publish, propagation_complete, last_published, attempts, flags, status, error, size,
                              sha256, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            params![
                stored(crl.number),
                crl.min_base.map(stored),
                crl.key,
                crl.min_base.is_some(),
                stored(crl.entries),
                crl.this_update.as_microsecond(),
                crl.next_update.as_microsecond(),
                crl.this_publish.as_microsecond(),
                crl.next_publish.as_microsecond(),
                crl.propagation_complete.as_microsecond(),
                crl.last_published.map(|moment| moment.as_microsecond()),
                crl.attempts,
                crl.flags,
                crl.status.0,
                crl.error,
                stored(crl.size),
                crl.sha256,
                crl.body.map(|body| body.0)
            ],
        )?;
        Ok(())
    }

    fn write_crl_outcome(&self, crl: &CrlRow) -> Result<()> {
        self.execute(
            "UPDATE crl SET last_published = ?4, attempts = ?5, flags = ?6, status = ?7, error = ?8
             WHERE number = ?1 AND ca_key = ?2 AND delta = ?3",
            params![
                stored(crl.number),
                crl.key,
                crl.min_base.is_some(),
                crl.last_published.map(|moment| moment.as_microsecond()),
                crl.attempts,
                crl.flags,
                crl.status.0,
                crl.error
            ],
        )?;
        Ok(())
    }

    fn write_module(&self, row: &ModuleRow) -> Result<()> {
        let module = &row.module;
        self.execute(
            "INSERT INTO module (name, kind, role, settings, options, enabled, position, installed, cursor, versions)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, role = excluded.role, settings = excluded.settings,
                 options = excluded.options, enabled = excluded.enabled, position = excluded.position,
                 installed = excluded.installed, cursor = excluded.cursor, versions = excluded.versions",
            params![
                module.name,
                module.kind,
                match module.role {
                    module::Role::Exit => "exit",
                    module::Role::Policy => "policy",
                },
                row.settings,
                row.options,
                module.enabled,
                module.position,
                module.installed.as_microsecond(),
                stored(module.cursor.0),
                row.versions
            ],
        )?;
        Ok(())
    }

    /// The cursor belongs to whoever delivers. No row, no change: the module is gone.
    fn change_running_module(&self, row: &ModuleRow) -> Result<()> {
        let module = &row.module;
        self.execute(
            "UPDATE module SET kind = ?2, settings = ?3, options = ?4, enabled = ?5, position = ?6, versions = ?7
             WHERE name = ?1",
            params![module.name, module.kind, row.settings, row.options, module.enabled, module.position, row.versions],
        )?;
        Ok(())
    }

    /// Nothing is written for a module that is gone. When an event first failed stays as it is while it waits or is parked.
    fn write_delivery(&self, delivery: &Delivery) -> Result<()> {
        let again = match delivery.state {
            DeliveryState::Waiting(again) => Some(again.as_microsecond()),
            DeliveryState::Parked => None,
        };
        self.execute(
            "INSERT INTO delivery (module, event, again, attempts, code, error, first_failed, last_failed)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM module WHERE name = ?1)
             ON CONFLICT (module, event) DO UPDATE SET again = excluded.again, attempts = excluded.attempts,
             code = excluded.code, error = excluded.error, last_failed = excluded.last_failed",
            params![
                delivery.module,
                stored(delivery.event.0),
                again,
                delivery.attempts,
                delivery.code.0,
                delivery.error,
                delivery.first_failed.as_microsecond(),
                delivery.last_failed.as_microsecond()
            ],
        )?;
        Ok(())
    }

    fn execute(&self, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        Ok(self.connection.prepare_cached(sql)?.execute(parameters)?)
    }

    fn exists(&self, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> Result<bool> {
        Ok(self.connection.prepare_cached(sql)?.exists(parameters)?)
    }
}

/// Runs a statement whose parameters are those of [`request_columns`].
fn write_columns(statement: &mut Statement<'_>, row: &RequestRow, event: Option<&Event>) -> Result<()> {
    let request = &row.request;
    let key = request.key.as_ref();
    let issued = request.issued.as_ref();
    let revocation = request.revocation.as_ref();
    statement.execute(params![
        request.id.0,
        request.version,
        request.disposition.code(),
        request.status.0,
        request.message,
        request.submitted.as_microsecond(),
        request.resolved.map(|moment| moment.as_microsecond()),
        request.requester,
        request.caller,
        request.request_type,
        request.flags,
        request.profile,
        key.map(|key| &key.algorithm),
        key.map(|key| key.bits),
        key.map(|key| &key.identifier),
        request.subject_part(pki::NameComponent::CommonName),
        row.subject,
        request.alternative_names,
        request.not_before.map(|moment| moment.as_microsecond()),
        request.not_after.map(|moment| moment.as_microsecond()),
        row.properties,
        issued.map(|issued| issued.serial.as_bytes()),
        issued.map(|issued| &issued.sha1[..]),
        issued.map(|issued| issued.ca_certificate),
        issued.map(|issued| issued.ca_key),
        issued.map(|issued| &issued.distinguished_name),
        revocation.map(|revocation| revocation.when.as_microsecond()),
        revocation.map(|revocation| revocation.effective.as_microsecond()),
        revocation.map(|revocation| revocation.reason),
        request.publish_expired,
        event.map(|event| stored(event.id.0))
    ])?;
    Ok(())
}
