//! A new version of a module on trial: a share of the requests goes to it, the rest to the version in force.
//!
//! No event and no request suffers from a trial: what the version on trial fails is handed to the version in force at once.
//! With as many failures as the operator allowed the trial is over: from that moment everything goes to the version in force,
//! and [`watch`] has it recorded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use module::{
    Delivered, ExitEvent, ExitEvents, ExitModule, ModuleError, Notification, PolicyModule, RequestId, ServerExit,
};
use parking_lot::{Mutex, RwLock};

use crate::exits::{LoadedExit, ModuleLoader, ReadyExit};
use crate::policies::LoadedPolicy;
use crate::store::{Canary, InstalledModule};
use crate::{Engine, Error};

/// How long to wait before the database is asked again to record the end of a trial.
const RECORD_RETRY: Duration = Duration::from_secs(1);

/// The trials there are.
pub(crate) struct Trials {
    running: Mutex<BTreeMap<String, Weak<Trial>>>,
    /// Modules and versions whose trial is over, and perhaps not recorded yet: they are not tried again.
    over: Arc<Mutex<Over>>,
    report: Sender<Withdrawal>,
}

/// Modules and versions, and why their trials are over.
type Over = BTreeMap<(String, u32), ModuleError>;

/// A trial that has to be recorded as over.
pub(crate) struct Withdrawal {
    pub(crate) module: String,
    pub(crate) number: u32,
    pub(crate) error: ModuleError,
}

/// One trial.
pub(crate) struct Trial {
    module: String,
    canary: Canary,
    delivered: AtomicU64,
    failed: AtomicU32,
    withdrawn: AtomicBool,
    last_error: Mutex<Option<ModuleError>>,
    /// The version on trial of an exit module; gone when the trial is over.
    exit: RwLock<Option<Arc<LoadedExit>>>,
    /// The events that the version in force wants, and those that the version on trial wants.
    former_mask: AtomicU32,
    canary_mask: AtomicU32,
    over: Arc<Mutex<Over>>,
    report: Sender<Withdrawal>,
}

/// How a trial goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialStatus {
    /// Events or requests the version on trial has dealt with since it was loaded.
    pub delivered: u64,
    /// Those it failed.
    pub failed: u32,
    /// The last failure.
    pub last_error: Option<ModuleError>,
}

impl Trials {
    /// Also what [`watch`] listens to.
    pub(crate) fn new() -> (Self, Receiver<Withdrawal>) {
        let (report, reports) = unbounded();
        (Self { running: Mutex::default(), over: Arc::default(), report }, reports)
    }

    /// The exit module with its version on trial beside it, if it has one. Neither is initialised.
    pub(crate) fn exit(
        &self,
        loader: &dyn ModuleLoader,
        installed: &InstalledModule,
    ) -> Result<LoadedExit, ModuleError> {
        let former = loader.exit(installed)?;
        let Some((trial, next)) = self.begin(installed) else { return Ok(former) };
        let canary = loader.exit(&next).inspect_err(|error| trial.withdraw(error)).ok();
        Ok(side_by_side(Arc::new(former), canary.map(Arc::new), trial))
    }

    /// An exit module that runs, with its version on trial beside it: both are initialised.
    pub(crate) fn join(&self, installed: &InstalledModule, former: ReadyExit, canary: ReadyExit) -> ReadyExit {
        let Some((trial, _)) = self.begin(installed) else { return former };
        trial.former_mask.store(former.mask.bits(), Ordering::Relaxed);
        trial.canary_mask.store(canary.mask.bits(), Ordering::Relaxed);
        let mask = former.mask | canary.mask;
        ReadyExit { loaded: Arc::new(side_by_side(former.loaded, Some(canary.loaded), trial)), mask }
    }

    /// The version on trial of a policy module, if it has one, initialised.
    pub(crate) fn policy(
        &self,
        loader: &dyn ModuleLoader,
        installed: &InstalledModule,
        initialise: impl FnOnce(&dyn PolicyModule) -> Result<(), ModuleError>,
    ) -> Option<TriedPolicy> {
        let (trial, next) = self.begin(installed)?;
        let loaded = loader.policy(&next).and_then(|loaded| {
            initialise(loaded.module.as_ref())?;
            Ok(loaded)
        });
        let canary = loaded.inspect_err(|error| trial.withdraw(error)).ok()?;
        Some(TriedPolicy { canary: Arc::new(canary), trial })
    }

    /// The trial of this module, if there is one.
    pub(crate) fn running(&self, module: &str) -> Option<Arc<Trial>> {
        self.running.lock().get(module)?.upgrade()
    }

    /// How the trial of this module goes.
    pub(crate) fn status(&self, module: &str) -> Option<TrialStatus> {
        let trial = self.running(module)?;
        Some(TrialStatus {
            delivered: trial.delivered.load(Ordering::Relaxed),
            failed: trial.failed.load(Ordering::Relaxed),
            last_error: trial.last_error.lock().clone(),
        })
    }

    /// Fails with the error with which the trial of this module has ended already.
    pub(crate) fn stands(&self, installed: &InstalledModule) -> Result<(), ModuleError> {
        let Some(canary) = &installed.versions.canary else { return Ok(()) };
        let over = self.over.lock().get(&(installed.name.clone(), canary.version.number)).cloned();
        over.map_or(Ok(()), Err)
    }

    /// Ends the trial of this module: from now on everything is for the version in force, and the other is let go.
    pub(crate) fn end(&self, module: &str) {
        let trial = self.running.lock().remove(module).and_then(|trial| trial.upgrade());
        if let Some(trial) = trial {
            trial.withdrawn.store(true, Ordering::Release);
            let canary = trial.exit.write().take();
            // Not under the lock: letting go may take its time.
            drop(canary);
        }
    }

    /// A trial of this version may begin.
    pub(crate) fn forget(&self, module: &str, number: u32) {
        self.over.lock().remove(&(module.to_owned(), number));
    }

    fn begin(&self, installed: &InstalledModule) -> Option<(Arc<Trial>, InstalledModule)> {
        let canary = installed.versions.canary.clone()?;
        if self.over.lock().contains_key(&(installed.name.clone(), canary.version.number)) {
            return None;
        }
        let next = installed.with_version(canary.version.clone());
        let trial = Arc::new(Trial {
            module: installed.name.clone(),
            canary,
            delivered: AtomicU64::new(0),
            failed: AtomicU32::new(0),
            withdrawn: AtomicBool::new(false),
            last_error: Mutex::new(None),
            exit: RwLock::new(None),
            former_mask: AtomicU32::new(0),
            canary_mask: AtomicU32::new(0),
            over: Arc::clone(&self.over),
            report: self.report.clone(),
        });
        let mut running = self.running.lock();
        running.retain(|_, trial| trial.strong_count() > 0);
        running.insert(installed.name.clone(), Arc::downgrade(&trial));
        Some((trial, next))
    }
}

impl Trial {
    fn exit(&self) -> Option<Arc<LoadedExit>> {
        self.exit.read().clone()
    }

    /// Whether what happened to this request is for the version on trial, as long as that stands.
    pub(crate) fn takes(&self, request: Option<RequestId>) -> bool {
        !self.withdrawn.load(Ordering::Acquire) && self.canary.takes(request)
    }

    /// The most events that the version on trial of an exit module takes at once.
    pub(crate) fn batch_max(&self) -> usize {
        self.exit().map_or(1, |canary| canary.module.batch_max())
    }

    fn succeeded(&self, count: usize) {
        self.delivered.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn failed(&self, error: &ModuleError) {
        let failed = self.failed.fetch_add(1, Ordering::AcqRel) + 1;
        let (module, version) = (self.module.as_str(), self.canary.version.number);
        tracing::warn!(module, version, failed, code = %error.code, "the version on trial failed: {}", error.message);
        *self.last_error.lock() = Some(error.clone());
        if failed >= self.canary.failures_max {
            self.withdraw(error);
        }
    }

    fn withdraw(&self, error: &ModuleError) {
        if self.withdrawn.swap(true, Ordering::AcqRel) {
            return;
        }
        let (module, number) = (self.module.clone(), self.canary.version.number);
        tracing::error!(module, version = number, code = %error.code, "the trial is over: {}", error.message);
        *self.last_error.lock() = Some(error.clone());
        self.over.lock().insert((module.clone(), number), error.clone());
        // Nobody listens when the engine is gone; the next start tries the version again, and it fails again.
        let _ = self.report.send(Withdrawal { module, number, error: error.clone() });
    }
}

/// An exit module in two versions.
struct TrialExit {
    former: Arc<LoadedExit>,
    trial: Arc<Trial>,
}

fn side_by_side(former: Arc<LoadedExit>, canary: Option<Arc<LoadedExit>>, trial: Arc<Trial>) -> LoadedExit {
    *trial.exit.write() = canary;
    let (module, beside) = (Arc::clone(&former), Arc::clone(&trial));
    let (running, tried) = (Arc::clone(&former), Arc::clone(&trial));
    LoadedExit {
        module: Arc::new(TrialExit { former: module, trial }),
        health: Box::new(move || with_canary((former.health)(), beside.exit().map(|canary| (canary.health)()))),
        notice: Box::new(move || (running.notice)().or_else(|| tried.exit().and_then(|canary| (canary.notice)()))),
    }
}

impl ExitModule for TrialExit {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let former = self.former.module.initialize(ca, server)?;
        self.trial.former_mask.store(former.bits(), Ordering::Relaxed);
        let canary = match self.trial.exit() {
            Some(canary) => canary.module.initialize(ca, server).unwrap_or_else(|error| {
                self.trial.withdraw(&error);
                ExitEvents::empty()
            }),
            None => ExitEvents::empty(),
        };
        self.trial.canary_mask.store(canary.bits(), Ordering::Relaxed);
        Ok(former | canary)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        if notification.event == ExitEvent::Shutdown {
            self.canary_shuts_down(notification, server);
        }
        self.notify_batch(&[(notification, server)]).failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// That of the version in force. What is for the version on trial comes in batches as large as [`Trial::batch_max`].
    fn batch_max(&self) -> usize {
        self.former.module.batch_max()
    }

    /// In runs of events that are for the same version, none longer than it takes at once: the time limit of its call holds for
    /// all of a run. What neither version saw is no attempt.
    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let mut count = 0;
        while let Some(rest @ [(first, _), ..]) = events.get(count..) {
            let version = self.version_for(first);
            let run = rest.iter().take_while(|(notification, _)| self.version_for(notification) == version).count();
            let most = match version {
                Some(Which::Former) => self.batch_max(),
                Some(Which::Canary) => self.trial.batch_max(),
                None => run,
            };
            // A trial may end between two looks.
            let run = rest.get(..run.min(most).max(1)).unwrap_or(rest);
            let told = match version {
                Some(Which::Former) => self.former.module.notify_batch(run),
                Some(Which::Canary) => self.tell_canary(run),
                None => Delivered::all(run.len()),
            };
            // Whoever claims more than there was does not speak for what comes behind.
            count += told.count.min(run.len());
            // Nothing delivered, and no word why: that is for the caller to say.
            if told.failure.is_some() || told.count == 0 {
                return Delivered { count, failure: told.failure };
            }
        }
        Delivered::all(events.len())
    }

    fn description(&self) -> String {
        self.former.module.description()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.former.module.about()
    }
}

/// One of the two versions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Former,
    Canary,
}

impl TrialExit {
    /// The version that is to have an event; none where it does not want it.
    fn version_for(&self, notification: &Notification) -> Option<Which> {
        let canary = self.trial.takes(notification.request) && self.trial.exit().is_some();
        let (which, mask) = match canary {
            true => (Which::Canary, &self.trial.canary_mask),
            false => (Which::Former, &self.trial.former_mask),
        };
        wants(mask, notification.event).then_some(which)
    }

    /// Hands events to the version on trial, and the first that it fails to the version in force.
    fn tell_canary(&self, run: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let told = match self.trial.exit() {
            Some(canary) => canary.module.notify_batch(run),
            // The trial has ended: the first is for the version in force, and so are the others when they are looked at.
            None => Delivered { count: 0, failure: None },
        };
        self.trial.succeeded(told.count.min(run.len()));
        if let Some(failure) = told.failure {
            self.trial.failed(&failure.into());
        }
        let Some((failed, server)) = run.get(told.count) else { return Delivered::all(run.len()) };
        if !wants(&self.trial.former_mask, failed.event) {
            return Delivered::all(told.count + 1);
        }
        let again = self.former.module.notify_batch(&[(*failed, *server)]);
        Delivered { count: told.count + again.count.min(1), failure: again.failure }
    }

    /// Both versions are to let go of what they hold; only the version in force can fail it.
    fn canary_shuts_down(&self, notification: &Notification, server: &dyn ServerExit) {
        if !wants(&self.trial.canary_mask, notification.event) {
            return;
        }
        if let Some(Err(error)) = self.trial.exit().map(|canary| canary.module.notify(notification, server)) {
            tracing::warn!(module = self.trial.module, "the version on trial failed SHUTDOWN: {}", error.message);
        }
    }
}

fn wants(mask: &AtomicU32, event: ExitEvent) -> bool {
    ExitEvents::from_mask(mask.load(Ordering::Relaxed)).wants(event)
}

/// A policy module's version on trial.
#[derive(Clone)]
pub(crate) struct TriedPolicy {
    canary: Arc<LoadedPolicy>,
    trial: Arc<Trial>,
}

impl TriedPolicy {
    /// The version on trial, if this request is for it.
    pub(crate) fn takes(&self, request: RequestId) -> Option<&dyn PolicyModule> {
        self.trial.takes(Some(request)).then(|| self.canary.module.as_ref())
    }

    pub(crate) fn succeeded(&self) {
        self.trial.succeeded(1);
    }

    pub(crate) fn failed(&self, error: &ModuleError) {
        self.trial.failed(error);
    }

    pub(crate) fn health(&self) -> serde_json::Value {
        (self.canary.health)()
    }
}

/// What the host of a module says of its health, and that of its version on trial.
pub(crate) fn with_canary(mut health: serde_json::Value, canary: Option<serde_json::Value>) -> serde_json::Value {
    if let (Some(members), Some(canary)) = (health.as_object_mut(), canary) {
        members.insert("canary".into(), canary);
    }
    health
}

/// Starts the thread that records the ends of trials.
pub(crate) fn watch(engine: &Arc<Engine>, reports: Receiver<Withdrawal>) -> Result<(), Error> {
    let engine = Arc::downgrade(engine);
    let run = move || {
        let mut open: Vec<Withdrawal> = Vec::new();
        loop {
            let next = match open.is_empty() {
                true => reports.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => reports.recv_timeout(RECORD_RETRY),
            };
            match next {
                Ok(withdrawal) => open.push(withdrawal),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let Some(engine) = engine.upgrade() else { return };
            open.retain(|withdrawal| match engine.record_withdrawal(withdrawal) {
                Ok(()) => false,
                Err(error) => {
                    tracing::error!(module = withdrawal.module, "the end of a trial cannot be recorded: {error}");
                    true
                }
            });
        }
    };
    std::thread::Builder::new().name("trials".into()).spawn(run)?;
    Ok(())
}
