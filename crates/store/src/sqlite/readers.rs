//! The pool of reading connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::connection::open_reader;
use crate::error::Result;

/// Virtual machine instructions of SQLite between looks at the clock: about a tenth of a millisecond.
const INSTRUCTIONS_BETWEEN_LOOKS: i32 = 10_000;

/// Reading connections, opened when needed and kept.
pub(crate) struct Readers {
    path: PathBuf,
    started: Instant,
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    idle: Vec<Reader>,
    /// How many more may be opened.
    room: usize,
}

/// One connection, and when its statement is to be ended, in milliseconds since `started`; 0: never.
struct Reader {
    connection: Connection,
    deadline: Arc<AtomicU64>,
}

impl Readers {
    /// At most `count` connections (at least one) to the database at `path`; opens the first.
    pub(crate) fn open(path: PathBuf, count: usize) -> Result<Self> {
        let pool = Pool { idle: Vec::new(), room: count.max(1) };
        let readers = Self { path, started: Instant::now(), pool: Mutex::new(pool), returned: Condvar::new() };
        readers.with(|_| Result::<()>::Ok(()))?;
        Ok(readers)
    }

    /// The database.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Calls `read` with a connection, once there is one.
    pub(crate) fn with<T, E: From<crate::error::Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let lent = self.borrow()?;
        read(&lent.reader().connection)
    }

    /// Calls `read` with a connection in a transaction: all it reads is of one moment.
    pub(crate) fn at_once<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.with(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let outcome = read(&transaction);
            // Nothing was written: how the transaction ends makes no difference, and it ends when it is dropped.
            drop(transaction);
            outcome
        })
    }

    /// Calls `read` with a connection whose statements are ended after `limit`.
    pub(crate) fn within<T>(&self, limit: Duration, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let lent = self.borrow()?;
        let reader = lent.reader();
        let deadline = (self.started.elapsed() + limit).as_millis().max(1);
        reader.deadline.store(u64::try_from(deadline).unwrap_or(u64::MAX), Ordering::Relaxed);
        let outcome = read(&reader.connection);
        reader.deadline.store(0, Ordering::Relaxed);
        outcome
    }

    fn borrow(&self) -> Result<Lent<'_>> {
        let mut pool = self.pool.lock();
        loop {
            if let Some(reader) = pool.idle.pop() {
                return Ok(Lent { readers: self, reader: Some(reader) });
            }
            if pool.room > 0 {
                pool.room -= 1;
                break;
            }
            self.returned.wait(&mut pool);
        }
        drop(pool);
        // From here on the room is given back by `Lent`, whatever happens.
        let mut lent = Lent { readers: self, reader: None };
        lent.reader = Some(self.open_one()?);
        Ok(lent)
    }

    fn open_one(&self) -> Result<Reader> {
        let mut connection = open_reader(&self.path)?;
        let deadline = Arc::new(AtomicU64::new(0));
        let (started, due) = (self.started, Arc::clone(&deadline));
        let is_over = move || {
            let due = due.load(Ordering::Relaxed);
            due != 0 && started.elapsed().as_millis() >= u128::from(due)
        };
        connection.progress_handler(INSTRUCTIONS_BETWEEN_LOOKS, Some(is_over))?;
        Ok(Reader { connection, deadline })
    }
}

/// A connection on loan.
struct Lent<'r> {
    readers: &'r Readers,
    reader: Option<Reader>,
}

impl Lent<'_> {
    fn reader(&self) -> &Reader {
        self.reader.as_ref().expect("a loan is made with a reader, which only its end takes out")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool.lock();
        match self.reader.take() {
            // A connection in the middle of something is not lent again.
            Some(reader) if reader.connection.is_autocommit() => {
                reader.deadline.store(0, Ordering::Relaxed);
                pool.idle.push(reader);
            }
            _ => pool.room += 1,
        }
        drop(pool);
        self.readers.returned.notify_one();
    }
}
