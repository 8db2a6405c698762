//! Module kinds behind their guard, for the engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::store::InstalledModule;
use engine::{LoadedExit, LoadedPolicy, ModuleLoader};
use hosts::{Gauge, Guard, Limits};
use module::{ModuleError, ModuleKind, Profile, Role, Settings};
use modules::policy::DefaultPolicyKind;

/// Calls at once to a policy module that is built in: each is one request's, on its own thread.
const POLICY_CONCURRENCY: usize = 1_024;

/// Every kind of module this executable has.
pub struct Kinds {
    kinds: Vec<Kind>,
}

struct Kind {
    kind: Arc<dyn ModuleKind>,
    built_in: bool,
}

impl Kinds {
    /// The built-in kinds, the default policy over these profiles, and the hosts of foreign modules.
    pub fn new(profiles: Arc<BTreeMap<String, Profile>>, default_profile: Option<String>) -> Self {
        let policy: Arc<dyn ModuleKind> = Arc::new(DefaultPolicyKind::new(profiles, default_profile));
        let built_in = std::iter::once(policy).chain(modules::kinds()).map(|kind| Kind { kind, built_in: true });
        let foreign = hosts::kinds().into_iter().map(|kind| Kind { kind, built_in: false });
        Self { kinds: built_in.chain(foreign).collect() }
    }

    /// Every kind, the default policy first.
    pub fn all(&self) -> Vec<Arc<dyn ModuleKind>> {
        self.kinds.iter().map(|kind| Arc::clone(&kind.kind)).collect()
    }

    fn find(&self, name: &str) -> Result<&Kind, ModuleError> {
        self.kinds.iter().find(|kind| kind.kind.name() == name).ok_or_else(|| {
            let names = self.kinds.iter().map(|kind| kind.kind.name()).collect::<Vec<_>>().join(", ");
            ModuleError::invalid(format!("there is no kind of module `{name}`; there are: {names}"))
        })
    }
}

/// The guard's limits, and the settings the module is made with: a host that keeps the time itself is told it.
fn limits(kind: &Kind, module: &InstalledModule) -> Result<(Limits, Settings), ModuleError> {
    let workers = usize::try_from(module.options.workers).unwrap_or(usize::MAX);
    let concurrency = if kind.built_in && module.role == Role::Policy { POLICY_CONCURRENCY } else { workers };
    let limits = Limits { call: Duration::from_millis(module.options.timeout_ms), concurrency, ..Limits::default() };
    let settings = limits.handed_down(kind.kind.as_ref(), &module.settings);
    Ok((limits.around(kind.kind.as_ref(), &settings)?, settings))
}

/// What the guard counted, as JSON.
fn health(gauge: Arc<Gauge>) -> Box<dyn Fn() -> serde_json::Value + Send + Sync> {
    Box::new(move || serde_json::to_value(gauge.snapshot()).unwrap_or_default())
}

impl ModuleLoader for Kinds {
    fn exit(&self, module: &InstalledModule) -> Result<LoadedExit, ModuleError> {
        let kind = self.find(&module.kind)?;
        let (limits, settings) = limits(kind, module)?;
        let gauge = Gauge::new();
        let (made, name) = (Arc::clone(&kind.kind), module.name.clone());
        let factory = move || made.exit_module(&name, &settings);
        let guard = Guard::exit(&module.name, factory, limits, Arc::clone(&gauge));
        Ok(LoadedExit { module: Arc::new(guard), health: health(gauge) })
    }

    fn policy(&self, module: &InstalledModule) -> Result<LoadedPolicy, ModuleError> {
        let kind = self.find(&module.kind)?;
        let (limits, settings) = limits(kind, module)?;
        let gauge = Gauge::new();
        let (made, name) = (Arc::clone(&kind.kind), module.name.clone());
        let factory = move || made.policy_module(&name, &settings);
        let guard = Guard::policy(&module.name, factory, limits, Arc::clone(&gauge));
        Ok(LoadedPolicy { module: Arc::new(guard), health: health(gauge) })
    }

    fn check(&self, role: Role, kind: &str, settings: &Settings) -> Result<(), ModuleError> {
        let kind = &self.find(kind)?.kind;
        // Making one touches nothing outside, and reads every setting.
        match role {
            Role::Exit => kind.exit_module("check", settings).map(drop),
            Role::Policy => kind.policy_module("check", settings).map(drop),
        }
    }
}
