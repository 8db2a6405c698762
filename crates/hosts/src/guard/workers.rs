//! The threads on which an exit module is called, and what becomes of those that do not come back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use module::{HResult, ModuleError};
use parking_lot::Mutex;

use super::panic_text;
use crate::Gauge;

/// One call, which leaves what it returns where its caller finds it.
type Work = Box<dyn FnOnce() + Send>;

/// How a call ended.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    Returned(T),
    Panicked(String),
    /// It has not returned by the deadline; its thread was given up.
    Overdue,
}

/// Idle threads, kept warm; a call takes one and puts it back.
#[derive(Debug)]
pub(super) struct Workers {
    name: Arc<str>,
    gauge: Arc<Gauge>,
    idle: Mutex<Vec<Worker>>,
    abandoned: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Worker {
    work: Sender<Work>,
    /// The text of a panic, where there was one.
    ends: Receiver<Option<String>>,
    given_up: Arc<AtomicBool>,
}

impl Workers {
    pub(super) fn new(name: Arc<str>, gauge: Arc<Gauge>) -> Self {
        Self { name, gauge, idle: Mutex::new(Vec::new()), abandoned: Arc::default() }
    }

    /// Threads given up whose call has not returned yet.
    pub(super) fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Runs `work` on a thread, and waits for it until the deadline. Fails where it was never run.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        deadline: Instant,
    ) -> Result<Outcome<T>, ModuleError> {
        let idle = self.idle.lock().pop();
        let worker = match idle {
            Some(worker) => worker,
            None => self.spawn()?,
        };
        let lost = || ModuleError::new(HResult::E_UNEXPECTED, "the thread of the call has ended");
        let returned: Arc<Mutex<Option<T>>> = Arc::default();
        let place = Arc::clone(&returned);
        worker.work.send(Box::new(move || *place.lock() = Some(work()))).map_err(|_| lost())?;
        match worker.ends.recv_deadline(deadline) {
            Ok(panic) => {
                self.idle.lock().push(worker);
                let value = returned.lock().take();
                match (panic, value) {
                    (Some(text), _) => Ok(Outcome::Panicked(text)),
                    (None, value) => value.map(Outcome::Returned).ok_or_else(lost),
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                // Counted before the channels close: the thread looks at the flag only when it finds them closed.
                self.abandoned.fetch_add(1, Ordering::AcqRel);
                self.gauge.thread_abandoned();
                worker.given_up.store(true, Ordering::Release);
                Ok(Outcome::Overdue)
            }
            Err(RecvTimeoutError::Disconnected) => Err(lost()),
        }
    }

    fn spawn(&self) -> Result<Worker, ModuleError> {
        let (work, incoming) = bounded::<Work>(1);
        let (outgoing, ends) = bounded(1);
        let given_up = Arc::new(AtomicBool::new(false));
        let worker = Worker { work, ends, given_up: Arc::clone(&given_up) };
        let (gauge, abandoned) = (Arc::clone(&self.gauge), Arc::clone(&self.abandoned));
        let body = move || {
            gauge.in_scope(|| serve(&incoming, &outgoing));
            if given_up.load(Ordering::Acquire) {
                abandoned.fetch_sub(1, Ordering::AcqRel);
                gauge.thread_returned();
            }
        };
        // Linux shows 15 bytes of a thread's name.
        let name = format!("m:{}", self.name);
        std::thread::Builder::new().name(name).spawn(body).map_err(|error| {
            ModuleError::new(HResult::E_OUTOFMEMORY, format!("no thread could be started for the call: {error}"))
        })?;
        Ok(worker)
    }
}

/// A thread's life: one call after the other, until nobody waits any more.
fn serve(incoming: &Receiver<Work>, outgoing: &Sender<Option<String>>) {
    for work in incoming {
        let panic = catch_unwind(AssertUnwindSafe(work)).err().map(|payload| panic_text(&*payload));
        if outgoing.send(panic).is_err() {
            return;
        }
    }
}
