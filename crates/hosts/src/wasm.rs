//! Modules that are WebAssembly components, of the worlds in `sdk/wit`.
//!
//! A component runs inside the server, and can touch nothing of it: its memory is its own, it has the server's clocks and
//! random numbers, and beside them only the directories, variables and addresses that the operator granted. Each instance
//! has a limit of memory, and each call one of time, at which it is interrupted wherever it is.
//!
//! Start reading at `supervisor.rs` (one module, a few instances), then `instance.rs` (one instance, one call at a time)
//! and `desk.rs` (how a guest's call reaches the server view of the call it is in). `artefact.rs` keeps what was compiled.

mod artefact;
mod bindings;
mod contract;
mod desk;
mod fault;
mod grants;
mod instance;
mod machine;
mod program;
mod settings;
mod state;
mod supervisor;
mod voice;

use std::path::PathBuf;
use std::time::Duration;

use module::{ExitModule, ModuleError, ModuleKind, PolicyModule, Role, Setting, Settings};

use settings::WasmSettings;
use supervisor::WasmModule;

/// What is allowed for compiling a component. Nothing can interrupt that: it is for the guard around the host.
const COMPILE: Duration = Duration::from_secs(300);

/// The kind `wasm`.
#[derive(Clone, Debug, Default)]
pub struct WasmKind {
    cache: Option<PathBuf>,
}

impl WasmKind {
    /// The name it is installed by.
    pub const NAME: &'static str = "wasm";

    /// Keeps compiled components in this directory, unless a module's setting `cache_directory` names another. It is made
    /// when it is first used. Without one, components are compiled at each start of the server.
    pub const fn new(cache: Option<PathBuf>) -> Self {
        Self { cache }
    }

    fn module(&self, name: &str, role: Role, settings: &Settings) -> Result<WasmModule, ModuleError> {
        let mut settings = WasmSettings::resolve(settings)?;
        settings.cache = settings.cache.or_else(|| self.cache.clone());
        Ok(WasmModule::new(name, role, settings))
    }
}

impl ModuleKind for WasmKind {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn summary(&self) -> &'static str {
        "a WebAssembly component, with the powers it is granted and no others"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Exit, Role::Policy]
    }

    fn settings(&self) -> &'static [Setting] {
        settings::SETTINGS
    }

    fn entry_setting(&self) -> Option<&'static str> {
        Some("component")
    }

    fn exit_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        Ok(Box::new(self.module(name, Role::Exit, settings)?))
    }

    fn policy_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn PolicyModule>, ModuleError> {
        Ok(Box::new(self.module(name, Role::Policy, settings)?))
    }
}

/// The time limits that follow from these settings: what a guard allows for.
pub(crate) fn time_limits(settings: &Settings) -> Result<crate::process::TimeLimits, ModuleError> {
    const SLACK: Duration = Duration::from_secs(5);
    let settings = WasmSettings::resolve(settings)?;
    let release = settings.stop + SLACK;
    let initialize = COMPILE + release + 3 * settings.start + SLACK;
    Ok(crate::process::TimeLimits { call: 3 * settings.start + 2 * settings.call + SLACK, initialize, release })
}
