//! The CRLs of one key: what they list, their dates, their bytes in the database.

use jiff::Timestamp;
use module::HResult;

use super::compose::Draft;
use super::delta::foundation;
use super::entries::Entries;
use super::sign::{self, NotMade};
use super::times::{Rules, Times};
use super::{HISTORY, Occasion, PublishFlags, Publisher, copy};
use crate::store::{CrlKind, CrlRow, RevokedFilter};
use crate::{Error, Issuer};

/// What one run makes of each key.
pub(super) struct Making<'a> {
    pub(super) publisher: &'a Publisher<'a>,
    pub(super) now: Timestamp,
    pub(super) number: u64,
    pub(super) base: bool,
    pub(super) delta: bool,
    pub(super) next_update: Option<Timestamp>,
    pub(super) occasion: Occasion<'a>,
}

/// One CRL that is to be made.
struct Plan {
    times: Times,
    min_base: Option<u64>,
    flags: PublishFlags,
    /// None: a CRL without entries, whatever was revoked.
    filter: Option<RevokedFilter>,
}

impl Making<'_> {
    /// Adds the rows of one key, base first; their bytes are in the database and not yet referred to. A CRL that the key
    /// did not sign leaves a row as well ([`CrlRow::was_made`]), and its error is returned.
    pub(super) fn make(&self, key: u16, rows: &mut Vec<CrlRow>) -> Result<(), NotMade> {
        let publisher = self.publisher;
        let config = &publisher.config.crl;
        let issuer = publisher.ca.crl_issuer(key)?;
        let rules = Rules {
            config,
            skew_seconds: publisher.config.clock_skew_seconds,
            not_before: issuer.installed.certificate.not_before(),
        };
        let mut bases = publisher.store.crls(Some(key), Some(CrlKind::Base), HISTORY).map_err(Error::from)?;
        bases.retain(CrlRow::was_made);
        // A certificate that expires is listed once more, by the first base after that (RFC 5280 3.3). A delta selects as
        // a base made at the same moment would, so that it brings its bases to the same list (RFC 5280 5.2.4).
        let expired_before = bases.first().map_or(Timestamp::MIN, |base| base.this_publish);
        let select = |changed_since| RevokedFilter { key, effective_by: self.now, expired_before, changed_since };

        if self.base {
            let times = rules.base(self.now, self.next_update)?;
            let plan = Plan { times, min_base: None, flags: PublishFlags::BASE, filter: Some(select(None)) };
            let row = self.make_one(issuer, plan, rows)?;
            bases.insert(0, row);
        }
        if self.delta {
            let Some(foundation) = foundation(&bases, self.now, config.delta_uses_oldest_base) else {
                tracing::warn!(key, "there is no unexpired base CRL that a delta CRL could build on");
                return Ok(());
            };
            let times = rules.delta(self.now, self.delta_date()?)?;
            let filter = Some(select(Some(foundation.changed_since)));
            let plan = Plan { times, min_base: Some(foundation.min_base), flags: PublishFlags::DELTA, filter };
            self.make_one(issuer, plan, rows)?;
        } else if self.base && self.deltas_just_disabled(key)? {
            // Bases that are still out there say where their deltas are. What is found there from now on is this one: it
            // adds nothing to the new base, and lives as long.
            let times = rules.base(self.now, self.next_update)?;
            let flags = PublishFlags::DELTA | PublishFlags::SHADOW;
            self.make_one(issuer, Plan { times, min_base: Some(self.number), flags, filter: None }, rows)?;
        }
        Ok(())
    }

    fn make_one(&self, issuer: Issuer<'_>, plan: Plan, rows: &mut Vec<CrlRow>) -> Result<CrlRow, NotMade> {
        let Plan { times, min_base, flags, filter } = plan;
        let mut row = CrlRow {
            number: self.number,
            min_base,
            key: issuer.installed.row.key_index,
            entries: 0,
            this_update: times.this_update,
            next_update: times.next_update,
            this_publish: times.this_publish,
            next_publish: times.next_publish,
            propagation_complete: times.propagation_complete,
            last_published: None,
            attempts: 0,
            flags: (flags | copy::manual(self.occasion)).bits(),
            status: HResult::S_OK,
            error: copy::headline(self.occasion),
            size: 0,
            sha256: [0; 32],
            body: None,
        };
        match self.fill(issuer, filter, &mut row) {
            Ok(()) => {}
            Err(NotMade::Key(error)) => {
                row.flags |= PublishFlags::SIGNATURE_ERROR.bits();
                row.last_published = Some(self.now);
                row.attempts = 1;
                row.status = error.code();
                row.error = format!("{}\n{error}", row.error);
                rows.push(row);
                return Err(NotMade::Key(error));
            }
            Err(error) => return Err(error),
        }
        rows.push(row.clone());
        Ok(row)
    }

    /// Select, sign, store.
    fn fill(&self, issuer: Issuer<'_>, filter: Option<RevokedFilter>, row: &mut CrlRow) -> Result<(), NotMade> {
        let usage = issuer.installed.certificate.key_usage();
        if usage.is_some_and(|usage| !usage.contains(pki::KeyUsage::CRL_SIGN)) {
            let message =
                format!("the key usage of CA certificate {} does not allow signing CRLs", issuer.installed.row.index);
            return Err(NotMade::Key(Error::conflict(HResult::CERTSRV_E_INVALID_CA_CERTIFICATE, message)));
        }
        let publisher = self.publisher;
        let mut entries = match filter {
            Some(filter) => Entries::gather(publisher.store, publisher.world.files.as_ref(), &filter, row.kind())?,
            None => Entries::none(),
        };
        let times = Times {
            this_publish: row.this_publish,
            this_update: row.this_update,
            next_publish: row.next_publish,
            next_update: row.next_update,
            propagation_complete: row.propagation_complete,
        };
        let draft = Draft { issuer, number: row.number, min_base: row.min_base, times };
        let header = draft.header(publisher)?;
        let frame = sign::sign(&issuer, &header, &mut entries)?;
        let stored = sign::store(publisher.store, &frame, &mut entries)?;
        row.entries = entries.count();
        row.size = stored.size;
        row.sha256 = stored.sha256;
        row.body = Some(stored.body);
        Ok(())
    }

    /// The date asked for, unless the delta goes with a base and would be due before that by itself.
    fn delta_date(&self) -> Result<Option<Timestamp>, Error> {
        let period = self.publisher.config.crl.delta_period;
        if !self.base || period.is_zero() {
            return Ok(self.next_update);
        }
        let own_end = period.after(self.now)?;
        Ok(self.next_update.filter(|date| *date < own_end))
    }

    /// Whether the last delta of this key was a real one, and there are to be no more.
    fn deltas_just_disabled(&self, key: u16) -> Result<bool, Error> {
        let deltas = self.publisher.store.crls(Some(key), Some(CrlKind::Delta), HISTORY)?;
        let last = deltas.into_iter().find(CrlRow::was_made);
        Ok(last.is_some_and(|last| !PublishFlags::from_bits_truncate(last.flags).contains(PublishFlags::SHADOW)))
    }
}
