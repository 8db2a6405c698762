//! The dispatcher of one exit module, as the engine holds it. What its thread does is in `worker`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use module::EventId;
use parking_lot::Mutex;

use super::progress::{ModuleState, Progress};
use super::worker::Worker;
use super::{LoadedExit, ModuleLoader, ReadyExit};
use crate::site::Site;
use crate::store::{Event, InstalledModule};
use crate::trial::Trials;

/// Delivers events to one module.
pub(crate) struct Dispatcher {
    installed: InstalledModule,
    shared: Arc<Shared>,
    wake: Sender<()>,
    finished: Receiver<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What a dispatcher shares with its thread.
pub(super) struct Shared {
    pub(super) progress: Progress,
    pub(super) loaded: Mutex<Option<Arc<LoadedExit>>>,
    order: AtomicU8,
    /// Waiting deliveries were changed by hand.
    pub(super) reload: AtomicBool,
    pub(super) recording: Mutex<Recording>,
}

/// Held while results are recorded, and while an operator gives an event up.
#[derive(Default)]
pub(super) struct Recording {
    /// Somebody else has taken over: nothing is recorded any more.
    pub(super) abandoned: bool,
    /// Events given up by hand since results were recorded last: that one of them failed meanwhile changes nothing.
    pub(super) dropped: BTreeSet<EventId>,
}

/// What the thread is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Run,
    Stop,
    /// Stop, and tell the module `SHUTDOWN` before.
    ShutDown,
}

impl Shared {
    pub(super) fn order(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Run,
            1 => Order::Stop,
            _ => Order::ShutDown,
        }
    }

    pub(super) fn give(&self, order: Order) {
        self.order.store(order as u8, Ordering::Release);
    }
}

impl Dispatcher {
    pub(super) fn start(
        site: Arc<Site>,
        loader: Arc<dyn ModuleLoader>,
        trials: Arc<Trials>,
        installed: InstalledModule,
        ready: Option<ReadyExit>,
    ) -> Arc<Self> {
        let (wake, woken) = bounded(1);
        let (finish, finished) = bounded(1);
        let shared = Arc::new(Shared {
            progress: Progress::new(installed.cursor),
            loaded: Mutex::new(None),
            order: AtomicU8::new(Order::Run as u8),
            reload: AtomicBool::new(false),
            recording: Mutex::default(),
        });
        let worker = Worker::new(site, loader, trials, installed.clone(), ready, Arc::clone(&shared), woken);
        let run = move || {
            worker.run();
            let _ = finish.send(());
        };
        let thread = std::thread::Builder::new().name(format!("exit {}", installed.name)).spawn(run);
        let thread = thread
            .inspect_err(|error| tracing::error!(module = installed.name, "no thread for the module: {error}"))
            .ok();
        if thread.is_none() {
            shared.progress.state(ModuleState::Stopped);
        }
        Arc::new(Self { installed, shared, wake, finished, thread: Mutex::new(thread) })
    }

    pub(crate) fn name(&self) -> &str {
        &self.installed.name
    }

    pub(super) fn position(&self) -> u32 {
        self.installed.position
    }

    pub(super) fn is_inline(&self) -> bool {
        self.installed.options.inline
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.shared.progress
    }

    /// The module as it runs, if it has been initialised.
    pub(crate) fn loaded(&self) -> Option<Arc<LoadedExit>> {
        self.shared.loaded.lock().clone()
    }

    /// The module, for another dispatcher to go on with once this one has ended.
    pub(super) fn ready(&self) -> Option<ReadyExit> {
        Some(ReadyExit { loaded: self.loaded()?, mask: self.progress().mask() })
    }

    pub(crate) fn health(&self) -> serde_json::Value {
        self.loaded().map_or(serde_json::Value::Null, |loaded| (loaded.health)())
    }

    pub(super) fn wake(&self) {
        // A full channel means that it is woken already.
        let _ = self.wake.try_send(());
    }

    /// Waiting deliveries were changed by hand: read them anew.
    pub(crate) fn reload(&self) {
        self.shared.reload.store(true, Ordering::Release);
        self.wake();
    }

    /// Gives an event up by hand: `commit` makes that durable. A delivery of it that is under way and fails is not
    /// recorded any more.
    pub(crate) fn give_up<E>(&self, event: EventId, commit: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        {
            let mut recording = self.shared.recording.lock();
            commit()?;
            recording.dropped.insert(event);
        }
        self.reload();
        Ok(())
    }

    pub(super) fn wait_for(&self, event: &Event) {
        if self.progress().mask().wants(event.kind) {
            self.progress().wait_for(event.id, Duration::from_millis(self.installed.options.timeout_ms));
        }
    }

    pub(super) fn stop(&self, shut_down: bool) {
        self.shared.give(if shut_down { Order::ShutDown } else { Order::Stop });
        self.wake();
    }

    /// From now on nothing of what the thread does is recorded, and the module is told nothing more: a call that does not
    /// return is left to end by itself, and whoever takes the module's place goes on from where the database says.
    pub(super) fn abandon(&self) {
        self.shared.recording.lock().abandoned = true;
    }

    fn join(&self) {
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!(module = self.name(), "the dispatcher panicked");
        }
    }

    /// Whether the thread ended by then. One that did not is left behind; its events wait for the next start.
    pub(super) fn join_until(&self, deadline: Instant) -> bool {
        let ended = self.thread.lock().is_none()
            || self.finished.recv_deadline(deadline) != Err(crossbeam_channel::RecvTimeoutError::Timeout);
        if ended {
            self.join();
        }
        ended
    }
}
