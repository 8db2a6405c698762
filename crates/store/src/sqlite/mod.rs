//! The engine's store in one SQLite file.

mod answer;
mod apply;
mod backup;
mod change;
mod check;
mod checkpoint;
mod committer;
mod connection;
mod crl;
mod event;
mod installed;
mod lock;
mod prune;
mod readers;
mod request;
mod row;
mod schema;
mod search;
mod sequence;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::store::{
    AuditEntry, CaCertificate, Change, Committed, CrlBody, CrlKind, CrlRow, Delivery, Event, InstalledModule, Page,
    RevokedFilter, RevokedRow, Search, Store,
};
use engine::{Request, StoreError};
use jiff::Timestamp;
use module::{EventId, ExitEvents, RequestId};
use pki::Serial;

use self::change::ReadyChange;
use self::checkpoint::Checkpointer;
use self::committer::{Committer, Written};
use self::lock::Lock;
use self::readers::Readers;
use crate::error::Error;

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections for reading at most, 1 to 64. Each takes up to 2 MiB and one caller at a time.
    pub readers_max: usize,
    /// How long a search may take before it is ended with [`StoreError::Unavailable`].
    pub search_time_max: Duration,
    /// Octets in the write-ahead log from which it is moved into the file, 64 KiB to 16 GiB. More are written once instead
    /// of several times, and then take longer; docs/manual/database.md has the figures.
    pub log_bytes_min: u64,
}

/// What a store has written. The quotient says how many callers share one wait for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Database transactions.
    pub groups: u64,
    /// Changes and other writes in them.
    pub jobs: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers_max: 8, search_time_max: Duration::from_secs(10), log_bytes_min: 64 << 20 }
    }
}

/// The engine's [`Store`] in one SQLite file (with its write-ahead log and lock file beside it).
///
/// One process has it for writing; any number may have it for reading. Dropped, it waits for what was handed in, and
/// moves the log into the file.
pub struct SqliteStore {
    // In the order they are to be dropped: the writing connection is the last to close, and so tidies up.
    readers: Readers,
    committer: Option<Committer>,
    _lock: Option<Lock>,
    options: Options,
}

impl SqliteStore {
    /// Opens the database at `path` for reading and writing; creates it (readable by nobody else) where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another process has it open for writing, it is another program's or a newer
    /// server's, or the operating system does not let us; [`StoreError::Corrupt`] when it is damaged.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let about = |error: Error| naming(path, error);
        let lock = Lock::take(path).map_err(about)?;
        let connection = connection::open_writer(path).map_err(about)?;
        schema::migrate(&connection).map_err(about)?;
        let orphans = crl::remove_orphans(&connection).map_err(about)?;
        if orphans > 0 {
            tracing::info!(bodies = orphans, "removed the bodies of CRLs that were never committed");
        }
        let pages = options.log_bytes_min.clamp(64 << 10, 16 << 30) / u64::from(connection::PAGE_BYTES);
        let pages = i32::try_from(pages).expect("16 GiB are two million pages");
        let beside = connection::open_writer(path).map_err(about)?;
        let checkpointer = Checkpointer::start(beside, pages).map_err(about)?;
        let committer = Committer::start(connection, checkpointer).map_err(about)?;
        let readers = Readers::open(path.to_owned(), options.readers_max).map_err(about)?;
        Ok(Self { readers, committer: Some(committer), _lock: Some(lock), options })
    }

    /// Opens an existing database for reading only, also while a server has it open. Whatever writes is answered with
    /// [`StoreError::Unavailable`].
    ///
    /// # Errors
    /// As [`open`](Self::open); also when the schema is older than this server's.
    pub fn open_read_only(path: &Path, options: Options) -> Result<Self, StoreError> {
        let about = |error: Error| naming(path, error);
        let readers = Readers::open(path.to_owned(), options.readers_max).map_err(about)?;
        readers.with(schema::require_newest).map_err(about)?;
        Ok(Self { readers, committer: None, _lock: None, options })
    }

    /// Writes a copy of the database, as it is now, to a new file that nobody else may read. It is a database like this
    /// one: restored by being put in its place. Readers and writers go on; the write-ahead log grows meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when `target` exists or cannot be written; nothing is left of it then.
    pub fn copy_to(&self, target: &Path) -> Result<(), StoreError> {
        Ok(backup::copy(self.readers.path(), target)?)
    }

    /// What was written since it was opened.
    pub fn statistics(&self) -> Statistics {
        let written = self.committer.as_ref().map(|committer| &committer.written);
        let count = |of: fn(&Written) -> &AtomicU64| written.map_or(0, |written| of(written).load(Ordering::Relaxed));
        Statistics { groups: count(|written| &written.groups), jobs: count(|written| &written.jobs) }
    }

    fn committer(&self) -> Result<&Committer, StoreError> {
        let committer = self.committer.as_ref();
        committer.ok_or_else(|| StoreError::Unavailable("the database is open for reading only".into()))
    }
}

fn naming(path: &Path, error: Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{}: {why}", path.display())),
        StoreError::Corrupt(what) => StoreError::Corrupt(format!("{}: {what}", path.display())),
        conflict @ StoreError::Conflict(_) => conflict,
    }
}

impl Store for SqliteStore {
    fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        self.committer()?.commit(ReadyChange::new(change)?)
    }

    fn reserve_request_ids(&self, count: u32) -> Result<RequestId, StoreError> {
        self.committer()?.reserve(count)
    }

    fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        Ok(self.readers.with(|connection| request::current(connection, id))?)
    }

    fn request_version(&self, id: RequestId, version: u32) -> Result<Option<Request>, StoreError> {
        Ok(self.readers.at_once(|connection| request::version(connection, id, version))?)
    }

    fn request_by_serial(&self, serial: &Serial, own: bool) -> Result<Option<Request>, StoreError> {
        Ok(self.readers.with(|connection| request::by_serial(connection, serial, own))?)
    }

    fn search(&self, search: &Search) -> Result<Page, StoreError> {
        Ok(self.readers.within(self.options.search_time_max, |connection| search::search(connection, search))?)
    }

    fn events(
        &self,
        after: EventId,
        wanted: ExitEvents,
        limit: usize,
    ) -> Result<Vec<(Event, Option<Request>)>, StoreError> {
        Ok(self.readers.at_once(|connection| event::events(connection, after, wanted, limit))?)
    }

    fn event(&self, id: EventId) -> Result<Option<(Event, Option<Request>)>, StoreError> {
        Ok(self.readers.at_once(|connection| event::event(connection, id))?)
    }

    fn event_head(&self) -> Result<(EventId, [u8; 32]), StoreError> {
        let (id, hash, _) = self.readers.at_once(sequence::event_head)?;
        Ok((EventId(id), hash))
    }

    fn event_before(&self, moment: Timestamp) -> Result<EventId, StoreError> {
        Ok(self.readers.at_once(|connection| event::before(connection, moment))?)
    }

    fn prune_events(&self, last: EventId, limit: usize) -> Result<usize, StoreError> {
        self.committer()?.prune(last, limit)
    }

    fn event_tail(&self) -> Result<(EventId, [u8; 32]), StoreError> {
        Ok(self.readers.with(event::tail)?)
    }

    fn revoked(
        &self,
        filter: &RevokedFilter,
        each: &mut dyn FnMut(RevokedRow) -> Result<(), engine::Error>,
    ) -> Result<(), engine::Error> {
        self.readers
            .with(|connection| crl::revoked(connection, filter, each).map_err(Swept::Failed))
            .map_err(Swept::into)
    }

    fn new_crl_body(&self) -> Result<CrlBody, StoreError> {
        self.committer()?.new_crl_body()
    }

    fn append_crl_body(&self, body: CrlBody, chunk: &[u8]) -> Result<(), StoreError> {
        if chunk.len() > crl::CHUNK_BYTES_MAX {
            return Err(StoreError::Unavailable("a chunk of a CRL has at most 4 MiB".into()));
        }
        self.committer()?.append_crl_body(body, chunk.to_vec())
    }

    fn crl_chunk(&self, body: CrlBody, index: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.readers.with(|connection| crl::chunk(connection, body, index))?)
    }

    fn crls(&self, key: Option<u16>, kind: Option<CrlKind>, limit: usize) -> Result<Vec<CrlRow>, StoreError> {
        Ok(self.readers.with(|connection| crl::rows(connection, key, kind, limit))?)
    }

    fn ca_certificates(&self) -> Result<Vec<CaCertificate>, StoreError> {
        Ok(self.readers.with(crl::ca_certificates)?)
    }

    fn modules(&self) -> Result<Vec<InstalledModule>, StoreError> {
        Ok(self.readers.with(installed::modules)?)
    }

    fn deliveries(&self, module: &str, after: EventId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        Ok(self.readers.with(|connection| installed::deliveries(connection, module, after, limit))?)
    }

    fn audit(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(self.readers.with(|connection| event::audit(connection, after, limit))?)
    }

    fn audit_head(&self) -> Result<(u64, [u8; 32]), StoreError> {
        Ok(self.readers.with(sequence::audit_head)?)
    }

    fn value(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.readers.with(|connection| event::value(connection, name))?)
    }

    fn copy_to(&self, target: &Path) -> Result<(), StoreError> {
        SqliteStore::copy_to(self, target)
    }

    fn check(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<String>, StoreError> {
        Ok(self.readers.at_once(|connection| check::check(connection, progress))?)
    }
}

/// Why a sweep of revocations ended: the database's error, or that of who was sweeping.
enum Swept {
    Store(Error),
    Failed(engine::Error),
}

impl From<Error> for Swept {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Swept> for engine::Error {
    fn from(swept: Swept) -> Self {
        match swept {
            Swept::Store(error) => StoreError::from(error).into(),
            Swept::Failed(error) => error,
        }
    }
}
