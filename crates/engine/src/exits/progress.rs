//! How a module is doing: for operators, and for answers that wait for it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use module::{EventId, ExitEvents, ModuleError};
use parking_lot::{Condvar, Mutex};

/// Seconds over which the rate is counted.
const RATE_SECONDS: u64 = 60;

/// What a module is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleState {
    /// Being initialised.
    Starting,
    /// Delivering, or waiting for an event.
    Running,
    /// Waiting to deliver a failed event again.
    Retrying {
        /// When.
        until: Timestamp,
    },
    /// Not initialised; tried again.
    Failed {
        /// When.
        until: Timestamp,
    },
    /// It takes nothing any more, for good: nothing is tried until somebody changes or enables it, or the server starts anew.
    Suspended,
    /// Not to run.
    Disabled,
    /// Stopped.
    Stopped,
}

impl ModuleState {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Retrying { .. } => "retrying",
            Self::Failed { .. } => "failed",
            Self::Suspended => "suspended",
            Self::Disabled => "disabled",
            Self::Stopped => "stopped",
        }
    }
}

/// Shared between a dispatcher's thread and those who ask.
pub(crate) struct Progress {
    started: Instant,
    mask: AtomicU32,
    pub(crate) delivered: AtomicU64,
    pub(crate) failed: AtomicU64,
    now: Mutex<Now>,
    changed: Condvar,
}

struct Now {
    state: ModuleState,
    description: String,
    cursor: EventId,
    /// Events beyond the cursor that were delivered or tried: with several workers, not in order.
    tried: BTreeSet<EventId>,
    last_delivered: Option<Timestamp>,
    last_error: Option<(Timestamp, ModuleError)>,
    /// Deliveries by second since start, the newest last.
    seconds: VecDeque<(u64, u64)>,
}

/// What an operator sees.
pub(crate) struct Seen {
    pub(crate) state: ModuleState,
    pub(crate) description: String,
    pub(crate) mask: ExitEvents,
    pub(crate) cursor: EventId,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) rate_per_second: f64,
    pub(crate) last_delivered: Option<Timestamp>,
    pub(crate) last_error: Option<(Timestamp, ModuleError)>,
}

impl Progress {
    pub(super) fn new(cursor: EventId) -> Self {
        let now = Now {
            state: ModuleState::Starting,
            description: String::new(),
            cursor,
            tried: BTreeSet::new(),
            last_delivered: None,
            last_error: None,
            seconds: VecDeque::new(),
        };
        Self {
            started: Instant::now(),
            mask: AtomicU32::new(0),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            now: Mutex::new(now),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn mask(&self) -> ExitEvents {
        ExitEvents::from_mask(self.mask.load(Ordering::Relaxed))
    }

    pub(super) fn initialised(&self, mask: ExitEvents, description: String) {
        self.mask.store(mask.bits(), Ordering::Relaxed);
        let mut now = self.now.lock();
        now.description = description;
        now.state = ModuleState::Running;
        self.changed.notify_all();
    }

    pub(super) fn state(&self, state: ModuleState) {
        let mut now = self.now.lock();
        now.state = state;
        self.changed.notify_all();
    }

    pub(super) fn delivered(&self, id: EventId, at: Timestamp) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        let second = self.started.elapsed().as_secs();
        let mut now = self.now.lock();
        match now.seconds.back_mut() {
            Some((last, count)) if *last == second => *count += 1,
            _ => now.seconds.push_back((second, 1)),
        }
        while now.seconds.front().is_some_and(|(first, _)| first + RATE_SECONDS < second) {
            now.seconds.pop_front();
        }
        now.last_delivered = Some(at);
        now.try_once(id);
        self.changed.notify_all();
    }

    pub(super) fn failed(&self, id: EventId, at: Timestamp, error: ModuleError) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut now = self.now.lock();
        now.last_error = Some((at, error));
        now.try_once(id);
        self.changed.notify_all();
    }

    /// The module could not be told of an event: not the event's failure.
    pub(super) fn refused(&self, id: EventId, at: Timestamp, error: ModuleError) {
        let mut now = self.now.lock();
        now.last_error = Some((at, error));
        now.try_once(id);
        self.changed.notify_all();
    }

    /// The module cannot be told of any event.
    pub(super) fn not_delivering(&self, at: Timestamp, error: ModuleError) {
        self.now.lock().last_error = Some((at, error));
    }

    pub(super) fn moved(&self, cursor: EventId) {
        let mut now = self.now.lock();
        now.cursor = cursor;
        now.tried = now.tried.split_off(&EventId(cursor.0 + 1));
        self.changed.notify_all();
    }

    /// Waits until the event was delivered or tried, but not while the module cannot get to it, and not beyond `limit`.
    pub(super) fn wait_for(&self, id: EventId, limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut now = self.now.lock();
        while id > now.cursor && !now.tried.contains(&id) && now.state == ModuleState::Running {
            if self.changed.wait_until(&mut now, deadline).timed_out() {
                return;
            }
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        let second = self.started.elapsed().as_secs();
        let now = self.now.lock();
        let counted: u64 =
            now.seconds.iter().filter(|(at, _)| at + RATE_SECONDS >= second).map(|(_, count)| count).sum();
        Seen {
            state: now.state,
            description: now.description.clone(),
            mask: self.mask(),
            cursor: now.cursor,
            delivered: self.delivered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            rate_per_second: counted as f64 / RATE_SECONDS.min(second + 1) as f64,
            last_delivered: now.last_delivered,
            last_error: now.last_error.clone(),
        }
    }
}

impl Now {
    fn try_once(&mut self, id: EventId) {
        if id > self.cursor {
            self.tried.insert(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_waits_for_its_own_event_and_no_later_one() {
        let progress = Progress::new(EventId(4));
        progress.initialised(ExitEvents::all(), String::new());
        // The other worker was faster.
        progress.delivered(EventId(6), Timestamp::UNIX_EPOCH);
        let waits = |id| {
            let (began, limit) = (Instant::now(), Duration::from_millis(20));
            progress.wait_for(EventId(id), limit);
            began.elapsed() >= limit
        };
        assert!(waits(5));
        assert!(!waits(4) && !waits(6));
        progress.moved(EventId(6));
        assert!(!waits(5));
    }
}
