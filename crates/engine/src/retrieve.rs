//! Reading what is there: a requester's own request, and everything for those who may read.

use module::{Disposition, EventId, ExitEvent, ExitEvents, RequestId};
use pki::Serial;
use serde_json::json;

use crate::audit::{self, Act, AuditReport};
use crate::check::check_database;
use crate::roles::{Authorised, Role, right};
use crate::store::{AuditEntry, Change, CrlRow, Event, NewEvent, Page, Search};
use crate::{Engine, Error, Outcome, Request};

/// The most rows of one page.
const PAGE_ROWS_MAX: u32 = 1_000;

impl Engine {
    /// The classic *retrieve pending*: where the caller's own request stands, and its certificate once there is one.
    ///
    /// Handing out the certificate of a request that had been pending raises `CERTRETRIEVEPENDING`.
    pub fn retrieve(&self, by: &Authorised<right::Enrol>, id: RequestId) -> Result<Outcome, Error> {
        let caller = &by.caller().name;
        let request = self.site.store.request(id)?;
        let own = |request: &Request| {
            request.requester == *caller || request.caller == *caller || by.holds(Role::CertificateManager)
        };
        // Whether somebody else's request exists is not told.
        let request = request.filter(own).ok_or_else(|| Error::no_request(id))?;
        let was_pending = request.resolved.is_some_and(|resolved| resolved > request.submitted);
        if request.is_issued_or_revoked() && was_pending {
            let now = self.site.now();
            let event = NewEvent::of(ExitEvent::CertRetrievePending, &request, now);
            let audit = Act::Retrieved.entry(caller, now, Some(id), json!({}));
            self.commit(Change { event: Some(event), audit: Some(audit), ..Change::default() })?;
        }
        Ok(Outcome::of(&request))
    }

    /// A request as it stands.
    pub fn request(&self, _by: &Authorised<right::Read>, id: RequestId) -> Result<Request, Error> {
        self.site.request(id)
    }

    /// The request behind a certificate of this authority's, issued or imported.
    pub fn certificate(&self, _by: &Authorised<right::Read>, serial: &Serial) -> Result<Request, Error> {
        let store = &self.site.store;
        let found = match store.request_by_serial(serial, true)? {
            Some(own) => Some(own),
            None => store.request_by_serial(serial, false)?,
        };
        found.ok_or_else(|| Error::NotFound(format!("a certificate with serial number {serial}")))
    }

    /// Requests by any property, a page at a time.
    pub fn search(&self, _by: &Authorised<right::Read>, search: &Search) -> Result<Page, Error> {
        if !(1..=PAGE_ROWS_MAX).contains(&search.limit) {
            return Err(Error::refused(format!("a page has 1 to {PAGE_ROWS_MAX} rows")));
        }
        Ok(self.site.store.search(search)?)
    }

    /// Events numbered above `after`, lowest first, each with the request as it left it.
    pub fn events(
        &self,
        _by: &Authorised<right::Read>,
        after: EventId,
        wanted: ExitEvents,
        limit: usize,
    ) -> Result<Vec<(Event, Option<Request>)>, Error> {
        Ok(self.site.store.events(after, wanted, limit.clamp(1, PAGE_ROWS_MAX as usize))?)
    }

    /// The newest event's number and hash.
    pub fn event_head(&self) -> Result<(EventId, [u8; 32]), Error> {
        Ok(self.site.store.event_head()?)
    }

    /// CRLs, newest first.
    pub fn crls(&self, _by: &Authorised<right::Read>, limit: usize) -> Result<Vec<CrlRow>, Error> {
        Ok(self.site.store.crls(None, None, limit.clamp(1, PAGE_ROWS_MAX as usize))?)
    }

    /// Audit entries numbered above `after`, lowest first.
    pub fn audit(&self, _by: &Authorised<right::Audit>, after: u64, limit: usize) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.site.store.audit(after, limit.clamp(1, PAGE_ROWS_MAX as usize))?)
    }

    /// Reads the whole audit trail and computes its chain anew.
    pub fn verify_audit(
        &self,
        _by: &Authorised<right::Audit>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<AuditReport, Error> {
        audit::verify_trail(self.site.store.as_ref(), progress)
    }

    /// Checks the database's structure, the event chain, and that rows are as events left them. Lists what is wrong.
    pub fn check(
        &self,
        _by: &Authorised<right::Operate>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<String>, Error> {
        check_database(self.site.store.as_ref(), progress)
    }

    /// Whether a certificate is valid in the contract's sense (`IsValidCertificate`): a revocation that is not yet
    /// effective leaves it valid.
    pub fn is_valid(&self, _by: &Authorised<right::Read>, serial: &Serial) -> Result<bool, Error> {
        let request = self.issued_here(serial)?;
        let effective = request.revocation.is_some_and(|revocation| revocation.effective <= self.site.now());
        Ok(!(request.disposition == Disposition::Revoked && effective))
    }
}
