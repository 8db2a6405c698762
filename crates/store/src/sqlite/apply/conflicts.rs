//! Which changes are refused because somebody else was there before.

use std::collections::HashSet;

use engine::store::Change;
use rusqlite::{OptionalExtension, params};

use super::Writer;
use crate::error::{Error, Result};
use crate::sqlite::change::{ReadyChange, stored};
use crate::sqlite::row::RequestRow;

impl Writer<'_> {
    /// Everything of a change that can conflict with what is there, and with itself.
    pub(super) fn check(&mut self, change: &ReadyChange) -> Result<()> {
        let mut ids = HashSet::new();
        let mut serials = HashSet::new();
        let alone = change.requests.len() == 1;
        for RequestRow { request, .. } in &change.requests {
            let stored: Option<i64> = self.version.query_row([request.id.0], |row| row.get(0)).optional()?;
            let before = (request.version > 1).then(|| i64::from(request.version) - 1);
            if stored != before || request.version == 0 || !(alone || ids.insert(request.id)) {
                return Err(Error::Conflict(format!("request {}", request.id)));
            }
            let Some(issued) = request.issued.as_ref() else { continue };
            let serial = issued.serial.as_bytes();
            let foreign = (request.disposition == module::Disposition::Foreign).then_some(issued.sha1);
            let taken = match &foreign {
                Some(sha1) => self.foreign.exists(params![serial, sha1, request.id.0])?,
                None => {
                    let holder: Option<i64> = self.serial.query_row([serial], |row| row.get(0)).optional()?;
                    holder.is_some_and(|holder| holder != request.id.0)
                }
            };
            if taken || !(alone || serials.insert((issued.serial, foreign))) {
                return Err(Error::Conflict(format!("the certificate with serial number {}", issued.serial)));
            }
        }
        self.check_crls(&change.rest)?;
        for certificate in &change.rest.ca_certificates {
            if self.exists("SELECT 1 FROM ca_certificate WHERE position = ?1", params![certificate.index])? {
                return Err(Error::Conflict(format!("CA certificate {}", certificate.index)));
            }
        }
        for name in &change.rest.removed_modules {
            if !self.exists("SELECT 1 FROM module WHERE name = ?1", params![name])? {
                return Err(Error::Conflict(format!("module {name}")));
            }
        }
        if let Some((id, version)) = change.rest.event.as_ref().and_then(|event| event.request) {
            let written = change.requests.iter().any(|row| (row.request.id, row.request.version) == (id, version));
            let exists = written
                || self.exists(
                    "SELECT 1 FROM request WHERE id = ?1 AND version = ?2
                     UNION ALL SELECT 1 FROM request_history WHERE id = ?1 AND version = ?2",
                    params![id.0, version],
                )?;
            if !exists {
                return Err(Error::Conflict(format!("request {id}")));
            }
        }
        Ok(())
    }

    fn check_crls(&self, change: &Change) -> Result<()> {
        let mut seen = HashSet::new();
        for crl in &change.crls {
            let is_delta = crl.min_base.is_some();
            let exists = self.exists(
                "SELECT 1 FROM crl WHERE number = ?1 AND ca_key = ?2 AND delta = ?3",
                params![stored(crl.number), crl.key, is_delta],
            )?;
            if exists || !seen.insert((crl.number, crl.key, is_delta)) {
                return Err(Error::Conflict(format!("{} CRL {} of key {}", crl.kind(), crl.number, crl.key)));
            }
            if let Some(body) = crl.body
                && !self.exists("SELECT 1 FROM crl_body WHERE id = ?1", params![body.0])?
            {
                return Err(Error::Conflict(format!("CRL body {}", body.0)));
            }
        }
        for crl in &change.published_crls {
            let is_delta = crl.min_base.is_some();
            let exists = self.exists(
                "SELECT 1 FROM crl WHERE number = ?1 AND ca_key = ?2 AND delta = ?3",
                params![stored(crl.number), crl.key, is_delta],
            )?;
            if !exists {
                return Err(Error::Conflict(format!("{} CRL {} of key {}", crl.kind(), crl.number, crl.key)));
            }
        }
        Ok(())
    }
}
