//! Failing the calls of a store in turn.
//!
//! A test runs its scenario once to learn how many calls it makes ([`FaultyStore::calls`]), then again for each call, each
//! [`Side`] and each [`Kind`], and checks after each that the promises hold once the store is asked again.
//!
//! [`FaultyStore::overtake`] has a commit lose the race for its row.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use engine::store::{
    AuditEntry, CaCertificate, Change, Committed, CrlBody, CrlKind, CrlRow, Delivery, Event, InstalledModule, Page,
    RevokedFilter, RevokedRow, Search, Store,
};
use engine::{Request, StoreError};
use jiff::Timestamp;
use module::{EventId, ExitEvents, RequestId};
use pki::Serial;

use crate::authority::{Authority, Builder};

/// Opens an authority on a database that can be made to fail.
///
/// # Panics
/// The authority cannot be opened.
pub fn open(builder: Builder) -> (Authority, Arc<FaultyStore>) {
    let faulty: Arc<OnceLock<Arc<FaultyStore>>> = Arc::default();
    let given = Arc::clone(&faulty);
    let wrap = move |store: Arc<dyn Store>| {
        let wrapped = Arc::new(FaultyStore::new(store));
        // Of an authority that is opened again the handle stays that of the first time.
        let _ = given.set(Arc::clone(&wrapped));
        wrapped as Arc<dyn Store>
    };
    let authority = builder.wrap(wrap).open().expect("the authority opens");
    let store = faulty.get().cloned().expect("opening wraps the store");
    (authority, store)
}

/// As [`open`], with an authority that publishes nothing by itself: only what a test does calls the database.
///
/// # Panics
/// As [`open`].
pub fn open_quiet(builder: Builder) -> (Authority, Arc<FaultyStore>) {
    open(builder.config(|config| config.crl.period = "0s".parse().expect("a duration")))
}

/// One failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which call fails, from 1, counted over all methods, and all threads but after [`FaultyStore::count_this_thread`].
    pub call: u64,
    /// Whether the call has its effect.
    pub side: Side,
    /// What happens.
    pub kind: Kind,
}

/// Before or after the effect of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The call does nothing.
    Before,
    /// The call does all it would have done, and its caller does not learn it.
    After,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It returns [`StoreError::Unavailable`].
    Error,
    /// The process ends at once, without unwinding or tidying up ([`std::process::abort`]).
    Abort,
}

/// What comes between a row that was read and the commit of what was made of it.
pub enum Overtaking {
    /// Somebody else does this.
    By(Box<dyn FnOnce() + Send>),
    /// Nobody: the commit is answered with a conflict all the same, and has no effect or its whole effect.
    Nobody(Side),
}

/// A store that fails as it is told, and otherwise is the one inside.
pub struct FaultyStore<S: Store + ?Sized = dyn Store> {
    inner: Arc<S>,
    calls: AtomicU64,
    fault: Mutex<Option<Fault>>,
    struck: Mutex<Option<&'static str>>,
    overtakings: Mutex<VecDeque<Overtaking>>,
    counted: OnceLock<ThreadId>,
}

impl<S: Store + ?Sized> FaultyStore<S> {
    /// Nothing fails until [`fail`](Self::fail).
    pub fn new(inner: Arc<S>) -> Self {
        Self {
            inner,
            calls: AtomicU64::new(0),
            fault: Mutex::new(None),
            struck: Mutex::new(None),
            overtakings: Mutex::default(),
            counted: OnceLock::new(),
        }
    }

    /// From now on counts the calls of this thread alone: those of an authority's own threads come when they come.
    pub fn count_this_thread(&self) {
        self.counted.get_or_init(|| thread::current().id());
    }

    /// Counts from 0 again, and fails one call.
    pub fn fail(&self, fault: Fault) {
        self.calls.store(0, Ordering::SeqCst);
        *self.struck.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    /// Has this come before the next commit of a request or CA certificate that none is waiting for yet.
    pub fn overtake(&self, overtaking: Overtaking) {
        self.overtakings.lock().unwrap_or_else(PoisonError::into_inner).push_back(overtaking);
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// The method that failed, once one has.
    pub fn struck(&self) -> Option<&'static str> {
        *self.struck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store inside.
    pub fn inner(&self) -> &Arc<S> {
        &self.inner
    }

    fn call<T, E: From<StoreError>>(
        &self,
        method: &'static str,
        call: impl FnOnce(&S) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.counted.get().is_some_and(|counted| *counted != thread::current().id()) {
            return call(&self.inner);
        }
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        self.strike(method, number, Side::Before)?;
        let outcome = call(&self.inner)?;
        self.strike(method, number, Side::After)?;
        Ok(outcome)
    }

    fn strike(&self, method: &'static str, number: u64, side: Side) -> Result<(), StoreError> {
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) = fault.filter(|fault| (fault.call, fault.side) == (number, side)) else { return Ok(()) };
        *self.struck.lock().unwrap_or_else(PoisonError::into_inner) = Some(method);
        match fault.kind {
            Kind::Error => Err(StoreError::Unavailable(format!("{method} was made to fail ({side:?})"))),
            Kind::Abort => std::process::abort(),
        }
    }
}

impl<S: Store + ?Sized> Store for FaultyStore<S> {
    fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        let of_a_row = !(change.requests.is_empty() && change.ca_certificates.is_empty());
        let next = || self.overtakings.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let commit = || self.call("commit", |store| store.commit(change));
        let conflict = || StoreError::Conflict("a row".into());
        match of_a_row.then(next).flatten() {
            Some(Overtaking::By(somebody)) => {
                somebody();
                commit()
            }
            Some(Overtaking::Nobody(Side::Before)) => Err(conflict()),
            Some(Overtaking::Nobody(Side::After)) => commit().and_then(|_| Err(conflict())),
            None => commit(),
        }
    }

    fn reserve_request_ids(&self, count: u32) -> Result<RequestId, StoreError> {
        self.call("reserve_request_ids", |store| store.reserve_request_ids(count))
    }

    fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        self.call("request", |store| store.request(id))
    }

    fn request_version(&self, id: RequestId, version: u32) -> Result<Option<Request>, StoreError> {
        self.call("request_version", |store| store.request_version(id, version))
    }

    fn request_by_serial(&self, serial: &Serial, own: bool) -> Result<Option<Request>, StoreError> {
        self.call("request_by_serial", |store| store.request_by_serial(serial, own))
    }

    fn search(&self, search: &Search) -> Result<Page, StoreError> {
        self.call("search", |store| store.search(search))
    }

    fn events(
        &self,
        after: EventId,
        wanted: ExitEvents,
        limit: usize,
    ) -> Result<Vec<(Event, Option<Request>)>, StoreError> {
        self.call("events", |store| store.events(after, wanted, limit))
    }

    fn event(&self, id: EventId) -> Result<Option<(Event, Option<Request>)>, StoreError> {
        self.call("event", |store| store.event(id))
    }

    fn event_head(&self) -> Result<(EventId, [u8; 32]), StoreError> {
        self.call("event_head", S::event_head)
    }

    fn event_before(&self, moment: Timestamp) -> Result<EventId, StoreError> {
        self.call("event_before", |store| store.event_before(moment))
    }

    fn prune_events(&self, last: EventId, limit: usize) -> Result<usize, StoreError> {
        self.call("prune_events", |store| store.prune_events(last, limit))
    }

    fn event_tail(&self) -> Result<(EventId, [u8; 32]), StoreError> {
        self.call("event_tail", S::event_tail)
    }

    fn revoked(
        &self,
        filter: &RevokedFilter,
        each: &mut dyn FnMut(RevokedRow) -> Result<(), engine::Error>,
    ) -> Result<(), engine::Error> {
        self.call("revoked", |store| store.revoked(filter, each))
    }

    fn new_crl_body(&self) -> Result<CrlBody, StoreError> {
        self.call("new_crl_body", S::new_crl_body)
    }

    fn append_crl_body(&self, body: CrlBody, chunk: &[u8]) -> Result<(), StoreError> {
        self.call("append_crl_body", |store| store.append_crl_body(body, chunk))
    }

    fn crl_chunk(&self, body: CrlBody, index: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.call("crl_chunk", |store| store.crl_chunk(body, index))
    }

    fn crls(&self, key: Option<u16>, kind: Option<CrlKind>, limit: usize) -> Result<Vec<CrlRow>, StoreError> {
        self.call("crls", |store| store.crls(key, kind, limit))
    }

    fn ca_certificates(&self) -> Result<Vec<CaCertificate>, StoreError> {
        self.call("ca_certificates", S::ca_certificates)
    }

    fn modules(&self) -> Result<Vec<InstalledModule>, StoreError> {
        self.call("modules", S::modules)
    }

    fn deliveries(&self, module: &str, after: EventId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.call("deliveries", |store| store.deliveries(module, after, limit))
    }

    fn audit(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        self.call("audit", |store| store.audit(after, limit))
    }

    fn audit_head(&self) -> Result<(u64, [u8; 32]), StoreError> {
        self.call("audit_head", S::audit_head)
    }

    fn value(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.call("value", |store| store.value(name))
    }

    fn check(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<String>, StoreError> {
        self.call("check", |store| store.check(progress))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use store::{Options, SqliteStore};

    use super::*;
    use crate::request;
    use crate::store::issue;

    #[test]
    fn a_call_fails_before_or_after_its_effect() {
        let directory = tempfile::tempdir().unwrap();
        let inner = Arc::new(SqliteStore::open(&directory.path().join("ca.db"), Options::default()).unwrap());
        let store = FaultyStore::new(Arc::clone(&inner));
        for (id, side, is_there) in [(1, Side::Before, false), (2, Side::After, true)] {
            store.fail(Fault { call: 2, side, kind: Kind::Error });
            store.value("anything").unwrap();
            let outcome = store.commit(issue(request(id)));
            assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{side:?}");
            assert_eq!(inner.request(RequestId(id)).unwrap().is_some(), is_there, "{side:?}");
            assert_eq!((store.calls(), store.struck()), (2, Some("commit")));
            store.commit(issue(request(10 + id))).expect("only that call fails");
        }
    }
}
