//! A new version of a module on trial: a share of the requests goes to it, the rest to the version in force.
//!
//! No event and no request suffers from a trial: what the version on trial fails is handed to the version in force at once.
//! With as many failures as the operator allowed the trial is over: from that moment everything goes to the version in force,
//! and the `withdrawal` is recorded.
//!
//! [`Trials`] makes the two versions one module: of an exit module in `exit`, of a policy module in `policy`.

mod exit;
mod policy;
mod withdrawal;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crossbeam_channel::{Receiver, Sender, unbounded};
use module::{ModuleError, PolicyModule, RequestId};
use parking_lot::{Mutex, RwLock};

pub(crate) use policy::TriedPolicy;
pub(crate) use withdrawal::{Withdrawal, watch};

use crate::exits::{LoadedExit, ModuleLoader, ReadyExit};
use crate::store::{Canary, InstalledModule};

/// The trials there are.
pub(crate) struct Trials {
    running: Mutex<BTreeMap<String, Weak<Trial>>>,
    /// Modules and versions whose trial is over, and perhaps not recorded yet: they are not tried again.
    over: Arc<Mutex<Over>>,
    report: Sender<Withdrawal>,
}

/// Modules and versions, and why their trials are over.
type Over = BTreeMap<(String, u32), ModuleError>;

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
    /// No trials yet, and where [`watch`] hears of those that are over.
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
        Ok(exit::side_by_side(Arc::new(former), canary.map(Arc::new), trial))
    }

    /// An exit module that runs, with its version on trial beside it: both are initialised.
    pub(crate) fn join(&self, installed: &InstalledModule, former: ReadyExit, canary: ReadyExit) -> ReadyExit {
        let Some((trial, _)) = self.begin(installed) else { return former };
        trial.former_mask.store(former.mask.bits(), Ordering::Relaxed);
        trial.canary_mask.store(canary.mask.bits(), Ordering::Relaxed);
        let mask = former.mask | canary.mask;
        ReadyExit { loaded: Arc::new(exit::side_by_side(former.loaded, Some(canary.loaded), trial)), mask }
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
        Some(TriedPolicy::new(canary, trial))
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

    /// The trial that this module is to have, and the module as it is with the version on trial. None where no version is on trial,
    /// or its trial is over and that is not recorded yet.
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

    /// Ends the trial for this reason, and has that recorded.
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

/// What the host of a module says of its health, and that of its version on trial.
pub(crate) fn with_canary(mut health: serde_json::Value, canary: Option<serde_json::Value>) -> serde_json::Value {
    if let (Some(members), Some(canary)) = (health.as_object_mut(), canary) {
        members.insert("canary".into(), canary);
    }
    health
}
