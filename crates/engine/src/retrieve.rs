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
/// What a request keeps of those who have fetched its certificate: their names, a line each.
const RETRIEVED_BY: &str = "RetrievedBy";
/// Those at most. Whoever comes after them raises no event.
const RETRIEVERS_MAX: usize = 32;

impl Engine {
    /// The classic *retrieve pending*: where the caller's own request stands, and its certificate once there is one.
    ///
    /// Handing out the certificate of a request that had been pending raises `CERTRETRIEVEPENDING` the first time that this
    /// caller fetches it: whoever asks again and again leaves no more behind.
    pub fn retrieve(&self, by: &Authorised<right::Enrol>, id: RequestId) -> Result<Outcome, Error> {
        let caller = &by.caller().name;
        let own = |request: &Request| {
            request.requester == *caller || request.caller == *caller || by.holds(Role::CertificateManager)
        };
        self.read_judge_commit(|| {
            // Whether somebody else's request exists is not told.
            let request = self.site.store.request(id)?.filter(own).ok_or_else(|| Error::no_request(id))?;
            let outcome = Outcome::of(&request);
            let Some(fetched) = fetched_first(&request, caller) else { return Ok((None, outcome)) };
            let now = self.site.now();
            let event = NewEvent::of(ExitEvent::CertRetrievePending, &fetched, now);
            let audit = Act::Retrieved.entry(caller, now, Some(id), json!({}));
            let change =
                Change { requests: vec![fetched], event: Some(event), audit: Some(audit), ..Change::default() };
            Ok((Some(change), outcome))
        })
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

/// The request with the note that this caller has fetched its certificate; none where it has been noted, or there is nothing to
/// note: no certificate, or one that nobody had to wait for.
fn fetched_first(request: &Request, caller: &str) -> Option<Request> {
    let was_pending = request.resolved.is_some_and(|resolved| resolved > request.submitted);
    if !request.is_issued_or_revoked() || !was_pending {
        return None;
    }
    let known = request.properties.get(RETRIEVED_BY).map_or("", String::as_str);
    // A line each, whatever a front end lets into a name.
    let name = caller.replace(['\n', '\r'], " ");
    if known.lines().any(|line| line == name) || known.lines().count() >= RETRIEVERS_MAX {
        return None;
    }
    let names = if known.is_empty() { name } else { format!("{known}\n{name}") };
    let mut request = request.changed();
    request.properties.insert(RETRIEVED_BY.to_owned(), names);
    Some(request)
}
