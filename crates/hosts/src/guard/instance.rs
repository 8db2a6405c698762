//! The instance behind a guard: made, replaced after a hang or a panic, and let go.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use module::{ExitEvents, HResult, ModuleError};
use parking_lot::{Mutex, MutexGuard};

use super::{Limits, panic_text};
use crate::backoff::Backoff;

/// Makes an instance that is not yet initialised.
pub(super) type Factory<M> = Arc<dyn Fn() -> Result<Box<M>, ModuleError> + Send + Sync>;

/// What the module was told at its first `initialize`, and what it answered.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    pub(super) ca: String,
    /// The events it wants; empty for a policy module.
    pub(super) events: ExitEvents,
}

/// What an instance says of itself once it is initialised.
#[derive(Clone, Debug, Default)]
pub(super) struct Traits {
    /// The most events that it wants in one call.
    pub(super) batch_max: usize,
    pub(super) about: Vec<(String, String)>,
}

pub(super) struct Instances<M: ?Sized> {
    name: Arc<str>,
    factory: Factory<M>,
    state: Mutex<State<M>>,
    /// Held while an instance is initialised: the others wait for it instead of starting their own.
    starting: Mutex<()>,
}

struct State<M: ?Sized> {
    current: Option<Arc<M>>,
    traits: Traits,
    installed: Option<Installed>,
    backoff: Backoff,
    description: Option<String>,
    /// Hears when the instance before has let go of what it held.
    leaving: Option<Receiver<()>>,
}

/// What a call finds.
pub(super) enum Found<M: ?Sized> {
    /// An instance that is ready.
    Ready(Arc<M>),
    /// None: a fresh one may be made, and initialised with this.
    Absent(Installed),
}

impl<M: ?Sized + Send + Sync + 'static> Instances<M> {
    pub(super) fn new(name: Arc<str>, factory: Factory<M>, limits: &Limits) -> Self {
        let backoff = Backoff::new(limits.backoff_min, limits.backoff_max);
        let state = State {
            current: None,
            traits: Traits::default(),
            installed: None,
            backoff,
            description: None,
            leaving: None,
        };
        Self { name, factory, state: Mutex::new(state), starting: Mutex::new(()) }
    }

    /// The instance to call, or leave to make one. Fails before the first `initialize` and during backoff.
    pub(super) fn find(&self) -> Result<Found<M>, ModuleError> {
        let state = self.state.lock();
        if let Some(current) = &state.current {
            return Ok(Found::Ready(Arc::clone(current)));
        }
        let Some(installed) = state.installed.clone() else {
            return Err(ModuleError::new(HResult::E_UNEXPECTED, "the module is not initialised"));
        };
        state.backoff.check(Instant::now())?;
        Ok(Found::Absent(installed))
    }

    /// The right to start an instance; none by the deadline.
    pub(super) fn start(&self, deadline: Instant) -> Option<MutexGuard<'_, ()>> {
        self.starting.try_lock_until(deadline)
    }

    /// How a fresh instance is made, on whatever thread.
    pub(super) fn factory(&self) -> Factory<M> {
        Arc::clone(&self.factory)
    }

    /// A fresh instance is ready.
    pub(super) fn started(&self, instance: Arc<M>, traits: Traits, installed: Installed) {
        let mut state = self.state.lock();
        state.traits = traits;
        state.installed = Some(installed);
        state.current = Some(instance);
    }

    /// Makes way for a fresh instance: waits, within the limit, until a broken one has let go of its files and
    /// processes. One that hangs holds them for longer.
    pub(super) fn make_way(&self, limit: Duration) {
        let leaving = self.state.lock().leaving.take();
        if let Some(leaving) = leaving
            && leaving.recv_timeout(limit) == Err(RecvTimeoutError::Timeout)
        {
            tracing::warn!(module = %self.name, "the module has not let go of its resources in time");
        }
    }

    /// The instance hung or panicked, or could not be initialised (then there is none): the next call gets another.
    pub(super) fn broke(&self, instance: Option<&Arc<M>>) {
        let before = {
            let mut state = self.state.lock();
            // A call that overlapped the failed one finds another instance in place, and must not count twice.
            let current = state.current.as_ref().zip(instance).is_some_and(|(one, other)| Arc::ptr_eq(one, other));
            if instance.is_some() && !current {
                return;
            }
            state.backoff.failed(Instant::now(), "");
            if current { state.current.take() } else { None }
        };
        if let Some(before) = before {
            let leaving = release(&self.name, before);
            self.state.lock().leaving = Some(leaving);
        }
    }

    /// A call came back.
    pub(super) fn answered(&self) {
        self.state.lock().backoff.succeeded();
    }

    /// What the instance in place, or the last one, said of itself.
    pub(super) fn traits(&self) -> Traits {
        self.state.lock().traits.clone()
    }

    pub(super) fn batch_max(&self) -> usize {
        self.state.lock().traits.batch_max.max(1)
    }

    /// The last description the module gave.
    pub(super) fn described(&self) -> Option<String> {
        self.state.lock().description.clone()
    }

    pub(super) fn describe(&self, text: &str) {
        self.state.lock().description = Some(text.to_owned());
    }

    /// The instance in place, if any.
    pub(super) fn current(&self) -> Option<Arc<M>> {
        self.state.lock().current.clone()
    }

    /// Lets the instance go, and waits for it within the limit. Calls find the module not initialised.
    pub(super) fn close(&self, limit: Duration) {
        let current = {
            let mut state = self.state.lock();
            state.installed = None;
            state.current.take()
        };
        if let Some(current) = current {
            let leaving = release(&self.name, current);
            self.state.lock().leaving = Some(leaving);
        }
        self.make_way(limit);
    }
}

/// Drops an instance on a thread of its own: a destructor of foreign code may block or panic. The channel hears of
/// the end.
fn release<M: ?Sized + Send + Sync + 'static>(name: &Arc<str>, instance: Arc<M>) -> Receiver<()> {
    let (done, ended) = bounded(1);
    let module = Arc::clone(name);
    let body = move || {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(instance))) {
            tracing::error!(%module, "the module panicked while it was dropped: {}", panic_text(&*payload));
        }
        // Nobody may be waiting.
        let _ = done.send(());
    };
    if let Err(error) = std::thread::Builder::new().name(format!("m:{name}")).spawn(body) {
        tracing::error!(module = %name, "no thread could be started to drop the module: {error}");
    }
    ended
}
