//! Moving the write-ahead log into the database file, without making writers wait.
//!
//! The log starts over only when all of it has been moved, and under load there is always more of it. So a thread of its
//! own moves what has gathered while writers go on, until little is left; then the committer moves that little between two
//! groups, and the next group starts the log over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use crate::error::{Error, Result};

/// Passes of the thread before the committer moves what is left, however much.
const PASSES_MAX: u32 = 4;

/// The thread, and what the committer keeps of it. Dropped, it waits for the pass under way.
pub(crate) struct Checkpointer {
    pages_min: i32,
    signal: Option<Sender<()>>,
    little_left: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    failures: Failures,
}

impl Checkpointer {
    /// Starts the thread on a connection of its own. The log is moved when it has `pages_min` pages; a tenth of that is
    /// little enough for the committer.
    pub(crate) fn start(connection: Connection, pages_min: i32) -> Result<Self> {
        // One signal waits at most: a second says nothing new.
        let (signal, signals) = bounded(1);
        let little_left = Arc::<AtomicBool>::default();
        let left = Arc::clone(&little_left);
        let thread = std::thread::Builder::new()
            .name("store-checkpointer".into())
            .spawn(move || run(&connection, pages_min / 10, &signals, &left))
            .map_err(|error| Error::Unavailable(format!("the checkpointing thread cannot be started: {error}")))?;
        Ok(Self { pages_min, signal: Some(signal), little_left, thread: Some(thread), failures: Failures::default() })
    }

    /// Called by the committer between two groups. Never fails it: the log only grows until the next time.
    pub(crate) fn between_groups(&mut self, connection: &Connection) {
        if self.little_left.swap(false, Ordering::AcqRel) {
            self.failures.note(moved(connection));
        } else if left(connection).is_some_and(|pages| pages >= self.pages_min)
            && let Some(signal) = &self.signal
        {
            // Full: the thread knows already.
            let _ = signal.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.signal = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpointing thread panicked");
        }
    }
}

fn run(connection: &Connection, pages_left: i32, signals: &Receiver<()>, little_left: &AtomicBool) {
    let mut failures = Failures::default();
    while signals.recv().is_ok() {
        for _ in 0..PASSES_MAX {
            failures.note(moved(connection));
            if left(connection).is_none_or(|pages| pages <= pages_left) {
                break;
            }
        }
        little_left.store(true, Ordering::Release);
    }
}

/// Moves what no reader stands in the way of.
fn moved(connection: &Connection) -> rusqlite::Result<()> {
    connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE).map(drop)
}

/// Pages in the log that have not been moved.
fn left(connection: &Connection) -> Option<i32> {
    let (log, moved) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP).ok()?;
    Some(log - moved)
}

/// Reported at the first, second, fourth, eighth in a row: a disk that fails fails often.
#[derive(Default)]
struct Failures(u32);

impl Failures {
    fn note(&mut self, outcome: rusqlite::Result<()>) {
        match outcome {
            Ok(()) => self.0 = 0,
            // The thread and the committer met: one of them does it.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            Err(error) => {
                self.0 = self.0.saturating_add(1);
                if self.0.is_power_of_two() {
                    tracing::warn!(%error, failures = self.0, "the write-ahead log cannot be moved into the database");
                }
            }
        }
    }
}
