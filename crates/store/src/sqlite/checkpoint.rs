//! Moving the write-ahead log into the database file.

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

/// Pages in the log from which it is moved.
const PAGES_MIN: i32 = 4000;

/// When the log is moved.
#[derive(Default)]
pub(crate) struct Checkpoint {
    failures: u32,
}

impl Checkpoint {
    /// Moves the log when it has grown enough. Never fails the writer: the log only grows until the next time.
    pub(crate) fn when_due(&mut self, connection: &Connection) {
        let state = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP);
        let moved = match state {
            Ok((log, done)) if log - done < PAGES_MIN => return,
            Ok(_) => connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE),
            Err(error) => Err(error),
        };
        match moved {
            Ok(_) => self.failures = 0,
            Err(error) => {
                self.failures += 1;
                if self.failures.is_power_of_two() {
                    tracing::warn!(%error, failures = self.failures, "the write-ahead log cannot be checkpointed");
                }
            }
        }
    }
}
