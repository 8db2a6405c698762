//! A world in memory, for tests: database, files, clock. Every call into it can be made to fail.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

use jiff::Timestamp;
use module::{EventId, ExitEvents, HResult, ModuleError, RequestId};
use parking_lot::Mutex;
use pki::Serial;

use crate::store::{
    AuditEntry, CaCertificate, Change, Committed, CrlBody, CrlKind, CrlRow, Delivery, Event, InstalledModule, Page,
    RevokedFilter, RevokedRow, Search,
};
use crate::{Clock, Error, Files, Random, Request, Scratch, Store, StoreError, World};

/// Where a fault strikes: before the call had its effect or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// This call fails, the next one works.
    Once(u64, Side),
    /// This call and all after it fail, as if the process had died.
    Death(u64, Side),
}

/// Counts calls and fails them.
#[derive(Default)]
pub(super) struct Faults {
    calls: u64,
    fault: Option<Fault>,
}

/// A revocation as the database knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Revoked {
    pub(super) key: u16,
    pub(super) serial: u64,
    pub(super) when: Timestamp,
    pub(super) effective: Timestamp,
    pub(super) reason: i32,
    pub(super) not_after: Timestamp,
    pub(super) publish_expired: bool,
}

#[derive(Default)]
struct Database {
    revoked: Vec<Revoked>,
    crls: Vec<CrlRow>,
    bodies: BTreeMap<i64, Vec<Vec<u8>>>,
    next_body: i64,
    values: BTreeMap<String, String>,
    events: Vec<Event>,
    audit: Vec<AuditEntry>,
}

/// The world; clones share it.
#[derive(Clone)]
pub(super) struct Memory {
    database: Arc<Mutex<Database>>,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// Everything that was ever written to a location.
    history: Arc<Mutex<Vec<Vec<u8>>>>,
    broken: Arc<Mutex<Vec<String>>>,
    now: Arc<Mutex<Timestamp>>,
    faults: Arc<Mutex<Faults>>,
}

impl Memory {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            database: Arc::default(),
            files: Arc::default(),
            history: Arc::default(),
            broken: Arc::default(),
            now: Arc::new(Mutex::new(now)),
            faults: Arc::default(),
        }
    }

    pub(super) fn world(&self) -> World {
        World {
            clock: Box::new(self.clone()),
            random: Box::new(self.clone()),
            files: Box::new(self.clone()),
            dns_name: "ca.example.org".into(),
        }
    }

    pub(super) fn set_now(&self, now: Timestamp) {
        *self.now.lock() = now;
    }

    pub(super) fn revoke(&self, revoked: Revoked) {
        let mut database = self.database.lock();
        database.revoked.retain(|other| other.serial != revoked.serial);
        database.revoked.push(revoked);
    }

    /// All revocations at once.
    pub(super) fn fill(&self, revoked: impl Iterator<Item = Revoked>) {
        self.database.lock().revoked = revoked.collect();
    }

    /// Locations that begin with this cannot be written from now on.
    pub(super) fn break_locations(&self, prefixes: &[&str]) {
        *self.broken.lock() = prefixes.iter().map(ToString::to_string).collect();
    }

    pub(super) fn inject(&self, fault: Fault) {
        *self.faults.lock() = Faults { calls: 0, fault: Some(fault) };
    }

    /// Calls since the last injection.
    pub(super) fn calls(&self) -> u64 {
        self.faults.lock().calls
    }

    /// The process starts again: no more faults, bodies that nothing refers to are gone.
    pub(super) fn restart(&self) {
        *self.faults.lock() = Faults::default();
        let mut database = self.database.lock();
        let kept: Vec<i64> = database.crls.iter().filter_map(|row| Some(row.body?.0)).collect();
        database.bodies.retain(|body, _| kept.contains(body));
    }

    pub(super) fn file(&self, location: &str) -> Option<Vec<u8>> {
        self.files.lock().get(location).cloned()
    }

    pub(super) fn file_names(&self) -> Vec<String> {
        self.files.lock().keys().cloned().collect()
    }

    pub(super) fn history(&self) -> Vec<Vec<u8>> {
        self.history.lock().clone()
    }

    pub(super) fn rows(&self) -> Vec<CrlRow> {
        self.database.lock().crls.clone()
    }

    pub(super) fn all_events(&self) -> Vec<Event> {
        self.database.lock().events.clone()
    }

    pub(super) fn all_audit(&self) -> Vec<AuditEntry> {
        self.database.lock().audit.clone()
    }

    pub(super) fn named(&self, name: &str) -> Option<String> {
        self.database.lock().values.get(name).cloned()
    }

    pub(super) fn bodies(&self) -> usize {
        self.database.lock().bodies.len()
    }

    /// Flips a bit in the bytes of a CRL.
    pub(super) fn damage(&self, body: CrlBody) {
        let mut database = self.database.lock();
        let byte = database.bodies.get_mut(&body.0).and_then(|chunks| chunks.first_mut()?.last_mut());
        *byte.expect("the body is there") ^= 1;
    }

    /// One call through a seam: fails before its effect, after it, or not at all.
    fn call<T>(&self, effect: impl FnOnce() -> T) -> Result<T, String> {
        let (strikes, side) = {
            let mut faults = self.faults.lock();
            let call = faults.calls;
            faults.calls += 1;
            match faults.fault {
                Some(Fault::Once(at, side)) => (call == at, side),
                Some(Fault::Death(at, side)) if call == at => (true, side),
                Some(Fault::Death(at, _)) => (call > at, Side::Before),
                None => (false, Side::Before),
            }
        };
        if strikes && side == Side::Before {
            return Err("injected, nothing was done".into());
        }
        let done = effect();
        if strikes { Err("injected, it was done".into()) } else { Ok(done) }
    }

    fn on_database<T>(&self, effect: impl FnOnce(&mut Database) -> T) -> Result<T, StoreError> {
        self.call(|| effect(&mut self.database.lock())).map_err(StoreError::Unavailable)
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        *self.now.lock()
    }
}

impl Random for Memory {
    fn fill(&self, _: &mut [u8]) -> Result<(), std::io::Error> {
        Err(std::io::Error::other("not part of these tests"))
    }
}

impl Files for Memory {
    fn scratch(&self) -> Result<Box<dyn Scratch>, std::io::Error> {
        self.call(|| Box::new(Cursor::new(Vec::new())) as Box<dyn Scratch>).map_err(std::io::Error::other)
    }

    fn publish(&self, location: &str, body: &mut dyn Read) -> Result<(), ModuleError> {
        let write = || -> Result<(), ModuleError> {
            if self.broken.lock().iter().any(|prefix| location.starts_with(prefix.as_str())) {
                return Err(ModuleError::new(HResult::E_ACCESSDENIED, "broken"));
            }
            let mut bytes = Vec::new();
            body.read_to_end(&mut bytes)?;
            self.files.lock().insert(location.to_owned(), bytes.clone());
            self.history.lock().push(bytes);
            Ok(())
        };
        self.call(write).map_err(|message| ModuleError::new(HResult::E_FAIL, message))?
    }
}

impl Database {
    fn apply(&mut self, change: Change) -> Result<Committed, StoreError> {
        let same = |a: &CrlRow, b: &CrlRow| (a.number, a.key, a.kind()) == (b.number, b.key, b.kind());
        if change.crls.iter().any(|row| self.crls.iter().any(|stored| same(stored, row))) {
            return Err(StoreError::Conflict("CRL".into()));
        }
        self.crls.extend(change.crls);
        for row in change.published_crls {
            let stored = self.crls.iter_mut().find(|stored| same(stored, &row));
            let stored = stored.ok_or_else(|| StoreError::Conflict("CRL".into()))?;
            let CrlRow { last_published, attempts, flags, status, error, .. } = row;
            *stored = CrlRow { last_published, attempts, flags, status, error, ..stored.clone() };
        }
        for body in change.drop_crl_bodies {
            self.bodies.remove(&body.0);
            self.crls.iter_mut().filter(|row| row.body == Some(body)).for_each(|row| row.body = None);
        }
        for (name, value) in change.values {
            match value {
                Some(value) => self.values.insert(name, value),
                None => self.values.remove(&name),
            };
        }
        let event = change.event.map(|event| event.numbered(EventId(self.events.len() as u64 + 1), &[0; 32]));
        self.events.extend(event.clone());
        let audit = change.audit.map(|audit| audit.numbered(self.audit.len() as u64 + 1, &[0; 32]));
        let number = audit.as_ref().map(|entry| entry.id);
        self.audit.extend(audit);
        Ok(Committed { event, audit: number })
    }

    /// The contract's selection.
    fn select(&self, filter: &RevokedFilter) -> Vec<RevokedRow> {
        let listed = |row: &&Revoked| {
            row.key == filter.key
                && row.effective <= filter.effective_by
                && (row.publish_expired || row.not_after >= filter.expired_before)
                && match filter.changed_since {
                    Some(since) => row.when.max(row.effective) >= since,
                    None => row.reason != module::RevocationReason::RELEASED,
                }
        };
        let row = |row: &Revoked| RevokedRow {
            serial: Serial::from_bytes(&row.serial.to_be_bytes()).expect("serials are not zero"),
            effective: row.effective,
            reason: row.reason,
        };
        self.revoked.iter().filter(listed).map(row).collect()
    }
}

fn other<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("not part of these tests".into()))
}

impl Store for Memory {
    fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        self.on_database(|database| database.apply(change))?
    }

    fn revoked(
        &self,
        filter: &RevokedFilter,
        each: &mut dyn FnMut(RevokedRow) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.on_database(|database| database.select(filter))?.into_iter().try_for_each(each)
    }

    fn new_crl_body(&self) -> Result<CrlBody, StoreError> {
        self.on_database(|database| {
            database.next_body += 1;
            database.bodies.insert(database.next_body, Vec::new());
            CrlBody(database.next_body)
        })
    }

    fn append_crl_body(&self, body: CrlBody, chunk: &[u8]) -> Result<(), StoreError> {
        assert!(chunk.len() <= 4 * 1024 * 1024, "the store takes at most 4 MiB at a time");
        self.on_database(|database| database.bodies.entry(body.0).or_default().push(chunk.to_vec()))
    }

    fn crl_chunk(&self, body: CrlBody, index: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.on_database(|database| database.bodies.get(&body.0)?.get(index as usize).cloned())
    }

    fn crls(&self, key: Option<u16>, kind: Option<CrlKind>, limit: usize) -> Result<Vec<CrlRow>, StoreError> {
        self.on_database(|database| {
            let wanted =
                |row: &&CrlRow| key.is_none_or(|key| row.key == key) && kind.is_none_or(|kind| row.kind() == kind);
            let mut rows: Vec<CrlRow> = database.crls.iter().filter(wanted).cloned().collect();
            rows.sort_by_key(|row| std::cmp::Reverse(row.number));
            rows.truncate(limit);
            rows
        })
    }

    fn value(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.on_database(|database| database.values.get(name).cloned())
    }

    fn reserve_request_ids(&self, _: u32) -> Result<RequestId, StoreError> {
        other()
    }

    fn request(&self, _: RequestId) -> Result<Option<Request>, StoreError> {
        other()
    }

    fn request_version(&self, _: RequestId, _: u32) -> Result<Option<Request>, StoreError> {
        other()
    }

    fn request_by_serial(&self, _: &Serial, _: bool) -> Result<Option<Request>, StoreError> {
        other()
    }

    fn search(&self, _: &Search) -> Result<Page, StoreError> {
        other()
    }

    fn events(&self, _: EventId, _: ExitEvents, _: usize) -> Result<Vec<(Event, Option<Request>)>, StoreError> {
        other()
    }

    fn event(&self, _: EventId) -> Result<Option<(Event, Option<Request>)>, StoreError> {
        other()
    }

    fn event_head(&self) -> Result<(EventId, [u8; 32]), StoreError> {
        other()
    }

    fn event_before(&self, _: Timestamp) -> Result<EventId, StoreError> {
        other()
    }

    fn prune_events(&self, _: EventId, _: usize) -> Result<usize, StoreError> {
        other()
    }

    fn event_tail(&self) -> Result<(EventId, [u8; 32]), StoreError> {
        other()
    }

    fn ca_certificates(&self) -> Result<Vec<CaCertificate>, StoreError> {
        other()
    }

    fn modules(&self) -> Result<Vec<InstalledModule>, StoreError> {
        other()
    }

    fn deliveries(&self, _: &str, _: EventId, _: usize) -> Result<Vec<Delivery>, StoreError> {
        other()
    }

    fn audit(&self, _: u64, _: usize) -> Result<Vec<AuditEntry>, StoreError> {
        other()
    }

    fn audit_head(&self) -> Result<(u64, [u8; 32]), StoreError> {
        other()
    }

    fn check(&self, _: &mut dyn FnMut(u64, u64)) -> Result<Vec<String>, StoreError> {
        other()
    }
}
