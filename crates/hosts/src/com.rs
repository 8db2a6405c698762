//! COM modules: unmodified DLLs under Wine, and shared objects that were compiled from the same sources.
//!
//! `exeunt-comhost` loads the file in a process of its own and speaks the module protocol for it: what is here works out
//! what the file is (`library`), finds what it needs (`command`, `prefix`) and hands a command line to the kind `process`.

mod command;
mod library;
mod prefix;
mod probe;
mod registered;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use module::{
    CodeFile, Delivered, ExitEvents, ExitModule, HResult, ModuleError, ModuleKind, Notification, PolicyModule, Role,
    ServerExit, ServerPolicy, Setting, Settings, Undelivered,
};
use parking_lot::RwLock;

use crate::process::{self, TimeLimits};
use command::Prepared;
pub use library::{Format, Library};
use prefix::InUse;
pub use probe::Probe;
use settings::ComSettings;

/// The kind `com`.
#[derive(Clone, Debug)]
pub struct ComKind {
    /// Below it is a folder for each module, and the Wine prefix of all.
    state: Option<PathBuf>,
}

impl ComKind {
    /// The name it is installed by.
    pub const NAME: &'static str = "com";

    /// Keeps what modules need below this private directory, which is made when it is needed.
    pub const fn new(state: Option<PathBuf>) -> Self {
        Self { state }
    }

    /// The settings with which the kind `process` runs this module. Looks at the module's file, and makes the Wine prefix
    /// where one is needed and missing.
    ///
    /// Errors say what is missing and how to get it.
    pub fn as_process(&self, name: &str, role: Role, settings: &Settings) -> Result<Settings, ModuleError> {
        self.prepare(name, role, settings, None).map(|prepared| prepared.process)
    }

    fn prepare(
        &self,
        name: &str,
        role: Role,
        settings: &Settings,
        code: Option<&Arc<dyn CodeFile>>,
    ) -> Result<Prepared, ModuleError> {
        let mut resolved = ComSettings::resolve(settings, self.state.as_deref(), name)?;
        // What is registered for a class is compared when it is started.
        if let Some(code) = code.filter(|_| resolved.path.is_some()) {
            resolved.path = Some(code.locate()?);
        }
        command::prepare(role, &resolved, code)
    }
}

impl ModuleKind for ComKind {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn summary(&self) -> &'static str {
        "a COM module: a DLL for Windows, run by Wine, or a shared object compiled from its source"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Exit, Role::Policy]
    }

    fn settings(&self) -> &'static [Setting] {
        settings::all()
    }

    fn entry_setting(&self) -> Option<&'static str> {
        Some(settings::PATH)
    }

    fn class(&self, settings: &Settings) -> Option<String> {
        settings::class(settings)
    }

    fn class_file(&self, name: &str, settings: &Settings) -> Result<PathBuf, ModuleError> {
        registered::file(&ComSettings::resolve(settings, self.state.as_deref(), name)?)
    }

    fn exit_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        Ok(Box::new(ComModule::<dyn ExitModule>::new(self, name, settings, None)?))
    }

    fn policy_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn PolicyModule>, ModuleError> {
        Ok(Box::new(ComModule::<dyn PolicyModule>::new(self, name, settings, None)?))
    }

    fn exit_module_from(
        &self,
        code: &Arc<dyn CodeFile>,
        name: &str,
        settings: &Settings,
    ) -> Result<Box<dyn ExitModule>, ModuleError> {
        Ok(Box::new(ComModule::<dyn ExitModule>::new(self, name, settings, Some(code))?))
    }

    fn policy_module_from(
        &self,
        code: &Arc<dyn CodeFile>,
        name: &str,
        settings: &Settings,
    ) -> Result<Box<dyn PolicyModule>, ModuleError> {
        Ok(Box::new(ComModule::<dyn PolicyModule>::new(self, name, settings, Some(code))?))
    }
}

/// The time limits that follow from these settings: those of the process, and time for making a Wine prefix.
pub fn time_limits(settings: &Settings) -> Result<TimeLimits, ModuleError> {
    let limits = process::time_limits(&settings::without_own(settings))?;
    let more = |limit: Duration| limit + prefix::MAKING;
    Ok(TimeLimits {
        call: more(limits.call),
        initialize: more(limits.initialize),
        release: limits.release + prefix::ENDING,
    })
}

/// A module whose process is set up when it is initialised.
struct ComModule<M: ?Sized> {
    kind: ComKind,
    name: String,
    settings: Settings,
    code: Option<Arc<dyn CodeFile>>,
    described: String,
    inner: RwLock<Option<Running<M>>>,
}

/// The module's process, and the Wine it runs in, which ends after it.
struct Running<M: ?Sized> {
    module: Box<M>,
    _wine: Option<InUse>,
}

impl<M: ?Sized> ComModule<M> {
    fn new(
        kind: &ComKind,
        name: &str,
        settings: &Settings,
        code: Option<&Arc<dyn CodeFile>>,
    ) -> Result<Self, ModuleError> {
        let resolved = ComSettings::resolve(settings, kind.state.as_deref(), name)?;
        Ok(Self {
            kind: kind.clone(),
            name: name.to_owned(),
            settings: settings.clone(),
            code: code.cloned(),
            described: format!("com: {}", resolved.shown()),
            inner: RwLock::new(None),
        })
    }

    /// Sets the process up, initialises it, and keeps it.
    fn begin<T>(
        &self,
        role: Role,
        make: impl FnOnce(Prepared) -> Result<Running<M>, ModuleError>,
        initialize: impl FnOnce(&M) -> Result<T, ModuleError>,
    ) -> Result<T, ModuleError> {
        let mut inner = self.inner.write();
        if inner.is_none() {
            *inner = Some(make(self.kind.prepare(&self.name, role, &self.settings, self.code.as_ref())?)?);
        }
        inner.as_ref().map_or_else(|| Err(unready()), |running| initialize(&running.module))
    }

    fn with<T>(&self, call: impl FnOnce(&M) -> Result<T, ModuleError>) -> Result<T, ModuleError> {
        self.inner.read().as_ref().map_or_else(|| Err(unready()), |running| call(&running.module))
    }
}

fn unready() -> ModuleError {
    ModuleError::new(HResult::E_UNEXPECTED, "the module is not initialised")
}

impl ExitModule for ComModule<dyn ExitModule> {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let make = |Prepared { process, code, wine }: Prepared| {
            Ok(Running { module: process::exit_module(&self.name, &process, code)?, _wine: wine })
        };
        self.begin(Role::Exit, make, |module| module.initialize(ca, server))
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.with(|module| module.notify(notification, server))
    }

    fn description(&self) -> String {
        self.inner.read().as_ref().map_or_else(|| self.described.clone(), |running| running.module.description())
    }

    fn about(&self) -> Vec<(String, String)> {
        self.inner.read().as_ref().map_or_else(Vec::new, |running| running.module.about())
    }

    fn batch_max(&self) -> usize {
        self.inner.read().as_ref().map_or(1, |running| running.module.batch_max())
    }

    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        match self.inner.read().as_ref() {
            Some(running) => running.module.notify_batch(events),
            None => Delivered::none(Undelivered::Refused(unready())),
        }
    }
}

impl PolicyModule for ComModule<dyn PolicyModule> {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let make = |Prepared { process, code, wine }: Prepared| {
            Ok(Running { module: process::policy_module(&self.name, &process, code)?, _wine: wine })
        };
        self.begin(Role::Policy, make, |module| module.initialize(ca, server))
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<module::Decision, ModuleError> {
        self.with(|module| module.verify_request(server, new))
    }

    fn description(&self) -> String {
        self.inner.read().as_ref().map_or_else(|| self.described.clone(), |running| running.module.description())
    }

    fn about(&self) -> Vec<(String, String)> {
        self.inner.read().as_ref().map_or_else(Vec::new, |running| running.module.about())
    }

    fn shut_down(&self) {
        if let Some(running) = self.inner.read().as_ref() {
            running.module.shut_down();
        }
    }
}

/// What a file is, for whoever wants to say so before it is installed.
pub fn inspect(path: &Path) -> Result<Library, ModuleError> {
    Library::read(path)
}
