//! CRLs on demand, and reading the newest ones.

use crate::crl::{self, CrlPublication, CrlReader, Occasion, Publisher};
use crate::roles::{Authorised, right};
use crate::store::{CrlKind, CrlRow};
use crate::{Ca, Engine, Error};

impl Engine {
    /// Makes CRLs now, or copies the newest ones to their locations again. The rows say how it went; `progress` is told
    /// steps done and in all.
    pub fn publish_crls(
        &self,
        by: &Authorised<right::Administer>,
        order: &CrlPublication,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<CrlRow>, Error> {
        let ca = self.site.ca();
        let rows = crl::publish(&self.publisher(&ca), order, Occasion::Request(&by.caller().name), progress);
        // Also after a failure: an earlier publication may have been brought to its end.
        self.announce_newest();
        self.reschedule();
        rows
    }

    /// The newest CRL of a key: public.
    pub fn newest_crl(&self, key: u16, kind: CrlKind) -> Result<Option<CrlRow>, Error> {
        Ok(crl::newest(self.site.store.as_ref(), key, kind)?)
    }

    /// The bytes of a CRL, read as they are needed; not found once they were dropped. Public.
    pub fn read_crl(&self, row: &CrlRow) -> Result<CrlReader<'_>, Error> {
        CrlReader::new(self.site.store.as_ref(), row)
    }

    /// What a publication works on.
    pub(crate) fn publisher<'a>(&'a self, ca: &'a Ca) -> Publisher<'a> {
        Publisher {
            config: &self.site.config,
            ca_name: &self.site.sanitized_name,
            store: self.site.store.as_ref(),
            world: &self.site.world,
            ca,
            lock: &self.publishing,
        }
    }

    /// Tells the dispatchers of the newest event, and waits for the modules that are delivered to inline. What is committed is
    /// committed: where the database cannot say which event that is, it is delivered, and nobody waits.
    pub(crate) fn announce_newest(&self) {
        self.exits.wake();
        let store = &self.site.store;
        match store.event_head().and_then(|(head, _)| store.event(head)) {
            Ok(Some((event, _))) => self.exits.announce(&event),
            Ok(None) => {}
            Err(error) => tracing::warn!("nobody waits for the delivery of the newest event: {error}"),
        }
    }
}
