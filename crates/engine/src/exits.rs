//! The path of an event to the exit modules: one dispatcher for each, on its own thread, none waiting for another.

mod delivery;
mod dispatch;
mod lanes;
mod progress;
mod retry;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use module::scene::Reader;
use module::{ExitEvents, ExitModule, ModuleError, Role};
use parking_lot::RwLock;

pub(crate) use dispatch::Dispatcher;
pub use progress::ModuleState;

use crate::policies::LoadedPolicy;
use crate::site::Site;
use crate::store::{Code, Event, InstalledModule};
use crate::trial::Trials;
use crate::view::ExitView;

/// How long an operator waits for the call a module is in, before the call is left to itself.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Makes modules of what is installed. Outside the engine, because hosts are.
pub trait ModuleLoader: Send + Sync {
    /// An exit module, guarded, not yet initialised.
    fn exit(&self, module: &InstalledModule) -> Result<LoadedExit, ModuleError>;

    /// A policy module, guarded, not yet initialised.
    fn policy(&self, module: &InstalledModule) -> Result<LoadedPolicy, ModuleError>;

    /// Whether the kind can play this role, and its settings have known names and good values.
    fn check(&self, module: &InstalledModule) -> Result<(), ModuleError>;

    /// The file with the module's code, where it is in one, and its digest now.
    fn code(&self, module: &InstalledModule) -> Result<Option<Code>, ModuleError> {
        let _ = module;
        Ok(None)
    }

    /// Keeps a copy of a file with code, for the time when another file lies in its place.
    ///
    /// # Errors
    /// The file is not what it was when its digest was taken, or the copy cannot be written.
    fn keep(&self, code: &Code) -> Result<(), ModuleError> {
        let _ = code;
        Ok(())
    }

    /// Gives up the copies of all files but these.
    fn keep_only(&self, codes: &[&Code]) {
        let _ = codes;
    }

    /// The settings of a kind that say what is run: those that a manifest gives.
    fn names_code(&self, kind: &str) -> Vec<String> {
        let _ = kind;
        Vec::new()
    }

    /// The settings that are declared secret: their values are not to be shown. A name that ends with `*` stands for every
    /// name that begins so.
    fn secrets(&self, module: &InstalledModule) -> Vec<String> {
        let _ = module;
        Vec::new()
    }
}

/// What the operator is to be told of a module as it runs now, if anything.
pub type Notice = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// What a loader makes of an installed exit module.
pub struct LoadedExit {
    /// The module, guarded: a call returns within its time limit, whatever the module does.
    pub module: Arc<dyn ExitModule>,
    /// What its host knows of its health.
    pub health: Box<dyn Fn() -> serde_json::Value + Send + Sync>,
    /// What the operator is to be told of it now.
    pub notice: Notice,
}

/// An exit module that is initialised and can begin.
#[derive(Clone)]
pub(crate) struct ReadyExit {
    pub(crate) loaded: Arc<LoadedExit>,
    pub(crate) mask: ExitEvents,
}

/// The running dispatchers, in the operator's order.
pub(crate) struct Exits {
    site: Arc<Site>,
    loader: Arc<dyn ModuleLoader>,
    trials: Arc<Trials>,
    running: RwLock<Arc<Vec<Arc<Dispatcher>>>>,
}

impl Exits {
    pub(crate) fn new(site: Arc<Site>, loader: Arc<dyn ModuleLoader>, trials: Arc<Trials>) -> Self {
        Self { site, loader, trials, running: RwLock::new(Arc::new(Vec::new())) }
    }

    /// Makes a module and initialises it. It is told nothing yet.
    pub(crate) fn ready(&self, installed: &InstalledModule) -> Result<ReadyExit, ModuleError> {
        ready(&self.site, self.loader.as_ref(), &self.trials, installed)
    }

    pub(crate) fn dispatcher(&self, name: &str) -> Option<Arc<Dispatcher>> {
        self.running.read().iter().find(|dispatcher| dispatcher.name() == name).cloned()
    }

    /// Starts the dispatcher of a module, with what is ready of it or else by initialising it. One that runs under the same
    /// name must have been stopped.
    pub(crate) fn start(&self, installed: InstalledModule, ready: Option<ReadyExit>) {
        let (loader, trials) = (Arc::clone(&self.loader), Arc::clone(&self.trials));
        let dispatcher = Dispatcher::start(Arc::clone(&self.site), loader, trials, installed, ready);
        let mut running = self.running.write();
        let mut list = running.as_ref().clone();
        list.push(dispatcher);
        list.sort_by_key(|dispatcher| dispatcher.position());
        *running = Arc::new(list);
    }

    /// Stops the dispatcher of a module after the call it is in, and waits for that, but not for a call that hangs. The
    /// module keeps its place. Returned is what can go on, if nothing hangs.
    pub(crate) fn stop(&self, name: &str) -> Option<ReadyExit> {
        let mut stopped = None;
        {
            let mut running = self.running.write();
            let mut list = running.as_ref().clone();
            if let Some(at) = list.iter().position(|dispatcher| dispatcher.name() == name) {
                stopped = Some(list.remove(at));
            }
            *running = Arc::new(list);
        }
        let dispatcher = stopped?;
        dispatcher.stop(false);
        if !dispatcher.join_until(Instant::now() + STOP_PATIENCE) {
            dispatcher.abandon();
            tracing::warn!(module = name, "is left behind in a call that does not return");
            return None;
        }
        dispatcher.ready()
    }

    /// Has the dispatchers look for events.
    pub(crate) fn wake(&self) {
        for dispatcher in self.running.read().iter() {
            dispatcher.wake();
        }
    }

    /// Tells the dispatchers that there is an event, and waits for the modules that are delivered to inline: one after
    /// the other, each at most for its time limit.
    pub(crate) fn announce(&self, event: &Event) {
        self.wake();
        let running = Arc::clone(&self.running.read());
        for dispatcher in running.iter().filter(|dispatcher| dispatcher.is_inline()) {
            dispatcher.wait_for(event);
        }
    }

    /// Stops every dispatcher, each after telling its module `SHUTDOWN`, and waits for them at most until `limit`.
    pub(crate) fn shut_down(&self, limit: Duration) {
        let running = std::mem::replace(&mut *self.running.write(), Arc::new(Vec::new()));
        for dispatcher in running.iter() {
            dispatcher.stop(true);
        }
        let deadline = Instant::now() + limit;
        for dispatcher in running.iter() {
            if !dispatcher.join_until(deadline) {
                dispatcher.abandon();
                tracing::warn!(
                    module = dispatcher.name(),
                    "did not finish within the shutdown limit; its events wait for the next start"
                );
            }
        }
    }
}

/// A failed start, with what the operator is to be told of what was started: it may be why.
pub(crate) fn with_notice(error: ModuleError, notice: &Notice) -> ModuleError {
    match notice() {
        Some(notice) => ModuleError { message: format!("{}. Mind that {notice}", error.message), ..error },
        None => error,
    }
}

/// Makes a module, with its version on trial, and initialises it.
fn ready(
    site: &Arc<Site>,
    loader: &dyn ModuleLoader,
    trials: &Trials,
    installed: &InstalledModule,
) -> Result<ReadyExit, ModuleError> {
    let key = Reader { role: Role::Exit, name: installed.name.clone() };
    let view = ExitView::new(Arc::clone(site), key, None);
    let made = trials.exit(loader, installed).and_then(|loaded| {
        let initialised = loaded.module.initialize(&site.config.name, view.as_ref());
        let mask = initialised.map_err(|error| with_notice(error, &loaded.notice))?;
        Ok(ReadyExit { loaded: Arc::new(loaded), mask })
    });
    view.close();
    made
}
