//! What the engine needs of a database.

mod crl;
mod delivery;
mod search;
mod versions;

use std::fmt;

use jiff::Timestamp;
use module::{EventId, ExitEvent, ExitEvents, RequestId};
use pki::Serial;

pub use crl::{CrlBody, CrlKind, CrlRow, RevokedFilter, RevokedRow};
pub use delivery::{Delivery, DeliveryState, DigestCheck, InstalledModule, ModuleOptions, ModuleRole};
pub use search::{Column, ColumnType, Comparison, Filter, Operand, Order, Page, PageToken, Search};
pub use versions::{Canary, Code, FormerVersion, ManifestFile, Package, Version, VersionEnd, Versions};

use crate::Request;

/// The certification authority's memory.
///
/// **Durability.** When [`commit`](Store::commit) returns `Ok`, all of the change survives the death of the process and
/// of the machine. When it returns `Err`, none of it was done, or (only for [`StoreError::Unavailable`]) it is unknown
/// whether it was: the caller reads before it repeats.
///
/// **Concurrency.** Every method may be called from every thread. Commits of several callers may be written as one
/// database transaction. A reader sees every change whose commit returned before the read began, whole.
///
/// **Sequence.** Events and audit entries get their numbers and hashes at commit, without gaps, in commit order; nobody
/// sees an event before one with a lower number.
pub trait Store: Send + Sync {
    /// Writes one change, whole or not at all, and waits until it is durable.
    fn commit(&self, change: Change) -> Result<Committed, StoreError>;

    /// Sets `count` request numbers aside and returns the first. They are never handed out again.
    fn reserve_request_ids(&self, count: u32) -> Result<RequestId, StoreError>;

    /// A request as it stands.
    fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError>;

    /// A request as it stood at a version.
    fn request_version(&self, id: RequestId, version: u32) -> Result<Option<Request>, StoreError>;

    /// The request whose certificate has this serial number, among those issued here (`own`) or imported from elsewhere.
    fn request_by_serial(&self, serial: &Serial, own: bool) -> Result<Option<Request>, StoreError>;

    /// Requests, a page at a time. `body` is left out (empty) unless the search asks for it.
    fn search(&self, search: &Search) -> Result<Page, StoreError>;

    /// Events numbered above `after` whose kind is wanted, lowest first, at most `limit`, each with the request as it
    /// left it.
    fn events(
        &self,
        after: EventId,
        wanted: ExitEvents,
        limit: usize,
    ) -> Result<Vec<(Event, Option<Request>)>, StoreError>;

    /// One event and the request as it left it.
    fn event(&self, id: EventId) -> Result<Option<(Event, Option<Request>)>, StoreError>;

    /// The number and hash of the newest event; 0 and [`GENESIS`](crate::chain::GENESIS) before the first.
    fn event_head(&self) -> Result<(EventId, [u8; 32]), StoreError>;

    /// The last event that occurred before `moment`: what a cursor is set to, to start at `moment`.
    fn event_before(&self, moment: Timestamp) -> Result<EventId, StoreError>;

    /// Removes at most `limit` events numbered up to `last` (and the row versions only they needed), oldest first, and
    /// returns how many. The hash of the last one removed is kept, so that the rest of the chain can still be checked.
    fn prune_events(&self, last: EventId, limit: usize) -> Result<usize, StoreError>;

    /// The oldest event kept, and the hash of the one before it.
    fn event_tail(&self) -> Result<(EventId, [u8; 32]), StoreError>;

    /// Revoked certificates for a CRL, lowest serial number order not required, in one consistent view, one at a time.
    /// An error of `each` ends the sweep and is returned.
    fn revoked(
        &self,
        filter: &RevokedFilter,
        each: &mut dyn FnMut(RevokedRow) -> Result<(), crate::Error>,
    ) -> Result<(), crate::Error>;

    /// Makes room for the bytes of a CRL that is about to be committed. Never referred to, it is removed at the next start.
    fn new_crl_body(&self) -> Result<CrlBody, StoreError>;

    /// Adds bytes (at most 4 MiB a call) to the end of a CRL body.
    fn append_crl_body(&self, body: CrlBody, chunk: &[u8]) -> Result<(), StoreError>;

    /// The `index`th chunk of a CRL body, from 0; none behind the last.
    fn crl_chunk(&self, body: CrlBody, index: u32) -> Result<Option<Vec<u8>>, StoreError>;

    /// CRLs, newest first, at most `limit`; of one key, or of every key.
    fn crls(&self, key: Option<u16>, kind: Option<CrlKind>, limit: usize) -> Result<Vec<CrlRow>, StoreError>;

    /// Every CA certificate ever installed, by index.
    fn ca_certificates(&self) -> Result<Vec<CaCertificate>, StoreError>;

    /// Every installed module, in order.
    fn modules(&self) -> Result<Vec<InstalledModule>, StoreError>;

    /// Deliveries of a module that failed and wait, or are parked: lowest event first, numbered above `after`.
    fn deliveries(&self, module: &str, after: EventId, limit: usize) -> Result<Vec<Delivery>, StoreError>;

    /// Audit entries numbered above `after`, lowest first.
    fn audit(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;

    /// The number and hash of the newest audit entry.
    fn audit_head(&self) -> Result<(u64, [u8; 32]), StoreError>;

    /// A named value of the server's own state.
    fn value(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Writes a copy of the database, as it is now, to a new file that nobody else may read. Everything else goes on.
    fn copy_to(&self, target: &std::path::Path) -> Result<(), StoreError> {
        let _ = target;
        Err(StoreError::Unavailable("this database is not copied through the server; use its own tools".into()))
    }

    /// Checks the database's own structure, and returns what is wrong in it; `progress` is told of steps done and in all.
    fn check(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<String>, StoreError>;
}

/// What one act changes: all of it in one transaction.
#[derive(Debug, Default)]
pub struct Change {
    /// Requests, new (version 1) or changed (version one above the stored one; else [`StoreError::Conflict`]).
    pub requests: Vec<Request>,
    /// New CRLs. Their bodies were written before.
    pub crls: Vec<CrlRow>,
    /// CRLs whose publication was tried: the rows with their number, key and kind take `last_published`, `attempts`,
    /// `flags`, `status` and `error` from here. A row that is not there is a [`StoreError::Conflict`].
    pub published_crls: Vec<CrlRow>,
    /// Bodies of CRLs that are no longer needed; their rows stay, with no body. Also bodies that no row refers to.
    pub drop_crl_bodies: Vec<CrlBody>,
    /// New CA certificates.
    pub ca_certificates: Vec<CaCertificate>,
    /// Modules installed or changed (by name).
    pub modules: Vec<InstalledModule>,
    /// Modules that run on while they are changed: as `modules`, but for the cursor, which stays as it is. Nothing is done for
    /// one that is gone.
    pub running_modules: Vec<InstalledModule>,
    /// Modules removed, with their cursors and deliveries.
    pub removed_modules: Vec<String>,
    /// Cursors moved: module and the last event it has dealt with. A cursor never moves for a module that is gone.
    pub cursors: Vec<(String, EventId)>,
    /// Deliveries that failed or are parked (inserted or replaced by module and event).
    pub deliveries: Vec<Delivery>,
    /// Deliveries that are done with.
    pub settled: Vec<(String, EventId)>,
    /// Named values set, or removed.
    pub values: Vec<(String, Option<String>)>,
    /// What happened.
    pub event: Option<NewEvent>,
    /// Who did it.
    pub audit: Option<NewAudit>,
}

/// What a commit numbered.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// The event.
    pub event: Option<Event>,
    /// The audit entry's number.
    pub audit: Option<u64>,
}

/// An event before it is numbered.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What happened.
    pub kind: ExitEvent,
    /// When.
    pub occurred: Timestamp,
    /// To which request, at which version: the one this change writes, or one already stored.
    pub request: Option<(RequestId, u32)>,
    /// Number of the CRLs published.
    pub crl_number: Option<u64>,
    /// [`Request::digest`] of that version, or the digest of the CRLs published.
    pub digest: [u8; 32],
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, from 1, without gaps.
    pub id: EventId,
    /// What happened.
    pub kind: ExitEvent,
    /// When.
    pub occurred: Timestamp,
    /// To which request, at which version.
    pub request: Option<(RequestId, u32)>,
    /// Number of the CRLs published.
    pub crl_number: Option<u64>,
    /// What the hash binds of the state reported.
    pub digest: [u8; 32],
    /// [`event_hash`](crate::chain::event_hash) of the predecessor's hash and this.
    pub hash: [u8; 32],
}

impl NewEvent {
    /// The event with its number and its place in the chain.
    pub fn numbered(self, id: EventId, previous: &[u8; 32]) -> Event {
        let Self { kind, occurred, request, crl_number, digest } = self;
        let mut event = Event { id, kind, occurred, request, crl_number, digest, hash: [0; 32] };
        event.hash = crate::chain::event_hash(previous, &event);
        event
    }
}

/// An audit entry before it is numbered.
#[derive(Clone, Debug)]
pub struct NewAudit {
    /// The classic event id: 4868 to 4900, or 5000 and above for acts the classic service does not know.
    pub code: u16,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub caller: String,
    /// The request it was about.
    pub request: Option<RequestId>,
    /// The act's parameters: a JSON object.
    pub detail: String,
}

/// A stored audit entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps.
    pub id: u64,
    /// The classic event id.
    pub code: u16,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub caller: String,
    /// The request it was about.
    pub request: Option<RequestId>,
    /// The act's parameters: a JSON object.
    pub detail: String,
    /// [`audit_hash`](crate::chain::audit_hash) of the predecessor's hash and this.
    pub hash: [u8; 32],
}

impl NewAudit {
    /// The entry with its number and its place in the chain.
    pub fn numbered(self, id: u64, previous: &[u8; 32]) -> AuditEntry {
        let Self { code, at, caller, request, detail } = self;
        let mut entry = AuditEntry { id, code, at, caller, request, detail, hash: [0; 32] };
        entry.hash = crate::chain::audit_hash(previous, &entry);
        entry
    }
}

/// A CA certificate: renewal with the same key keeps the key index, with a new key takes the certificate's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaCertificate {
    /// Its index, from 0.
    pub index: u16,
    /// The index of its key.
    pub key_index: u16,
    /// DER.
    pub certificate: Vec<u8>,
    /// The certificates above it, nearest first, DER; empty for a root.
    pub chain: Vec<Vec<u8>>,
}

/// Why the database did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the row first, or it exists already: also a certificate of ours with this serial number, and a
    /// foreign one with this serial number and hash. Nothing was done.
    #[error("{0} was changed by somebody else")]
    Conflict(String),
    /// The database cannot be written or read now: disk full, I/O error, closed.
    #[error("{0}")]
    Unavailable(String),
    /// A row cannot be what the engine wrote.
    #[error("{0}")]
    Corrupt(String),
}

impl fmt::Display for CrlKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Base => "base",
            Self::Delta => "delta",
        })
    }
}
