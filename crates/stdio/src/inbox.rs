//! Calls of the server that wait for a thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::Broken;

/// The most calls that wait. The server's largest window is 1,024.
const CALLS_MAX: usize = 2048;

/// One call of the server.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: Json,
    pub(crate) method: String,
    pub(crate) params: Json,
}

/// The calls, in the order they came, and whether there will be more.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Call>,
    /// How the conversation ended; set once.
    end: Option<Result<(), Broken>>,
    /// The module has panicked: nothing is for this instance of it any more.
    spent: bool,
    /// The module has returned from its last call.
    finished: bool,
}

impl Inbox {
    /// Adds a call; too many are a breach.
    pub(crate) fn push(&self, call: Call) -> Result<(), Broken> {
        let mut state = self.state();
        if state.waiting.len() >= CALLS_MAX {
            return Err(Broken(format!("the server made more than {CALLS_MAX} calls at once")));
        }
        state.waiting.push_back(call);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for the next call; none after the end, and none for a module that has panicked. Calls that came before an end in order are still served: whoever feeds
    /// the program from a file hears every answer, and a server that has gone tells the events again.
    pub(crate) fn next(&self) -> Option<Call> {
        let mut state = self.state();
        loop {
            if state.spent || matches!(state.end, Some(Err(_))) {
                return None;
            }
            if let Some(call) = state.waiting.pop_front() {
                return Some(call);
            }
            if state.end.is_some() {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands out no more calls until there is another instance of the module.
    pub(crate) fn retire(&self) {
        self.state().spent = true;
        self.changed.notify_all();
    }

    /// Whether another instance is wanted: the one there was has panicked, and calls wait or can still come. They are
    /// handed out again.
    pub(crate) fn renew(&self) -> bool {
        let mut state = self.state();
        let spent = std::mem::take(&mut state.spent);
        spent
            && match state.end {
                None => true,
                Some(Ok(())) => !state.waiting.is_empty(),
                Some(Err(_)) => false,
            }
    }

    /// Ends the conversation; the first reason counts.
    pub(crate) fn close(&self, end: Result<(), Broken>) {
        self.state().end.get_or_insert(end);
        self.changed.notify_all();
    }

    /// The module has returned: how the conversation ended.
    pub(crate) fn finish(&self) -> Result<(), Broken> {
        let mut state = self.state();
        state.finished = true;
        self.changed.notify_all();
        state.end.clone().unwrap_or(Ok(()))
    }

    /// Waits until the module has returned; says whether it has.
    pub(crate) fn wait_finished(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        while !state.finished {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return false };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
