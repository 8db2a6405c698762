//! Modules that are programs: JSON-RPC 2.0 over standard input and output, in a process of their own.
//!
//! One thread for each process moves the bytes (`pump`); whoever makes a call waits for the answer and serves the
//! call-backs meanwhile (`session`, `callbacks`). A process that breaks the protocol or a time limit is killed with
//! its group, and the next call starts another (`supervisor`).
//!
//! For Linux: it stands on process file descriptors and event counters. Limits and privileges are those of the kernel,
//! in force before the program begins (`confine`).

mod account;
mod callbacks;
mod child;
mod code;
mod confine;
mod lines;
pub(crate) mod log;
mod outbox;
mod probe;
mod pump;
mod script;
mod session;
mod settings;
mod supervisor;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use module::{CodeFile, ExitModule, ModuleError, ModuleKind, PolicyModule, Role, Setting, Settings};

pub(crate) use code::{CodeWord, utf8};
pub use probe::Probe;
pub(crate) use probe::UNKNOWN;
use settings::ProcessSettings;
pub use settings::command_words;
use supervisor::ProcessModule;

/// The setting that limits the time of one call.
pub(crate) const CALL_LIMIT: &str = "timeout_ms";

/// The kind `process`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessKind;

impl ProcessKind {
    /// The name it is installed by.
    pub const NAME: &'static str = "process";
}

impl ModuleKind for ProcessKind {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn summary(&self) -> &'static str {
        "a program in any language that speaks JSON-RPC over its standard input and output"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Exit, Role::Policy]
    }

    fn settings(&self) -> &'static [Setting] {
        settings::SETTINGS
    }

    /// The program; but behind an interpreter the script that it is given.
    fn code(&self, settings: &Settings) -> Option<PathBuf> {
        script::code(&ProcessSettings::resolve(settings).ok()?)
    }

    fn exit_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        exit_module(name, settings, None)
    }

    fn policy_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn PolicyModule>, ModuleError> {
        policy_module(name, settings, None)
    }

    fn exit_module_from(
        &self,
        code: &Arc<dyn CodeFile>,
        name: &str,
        settings: &Settings,
    ) -> Result<Box<dyn ExitModule>, ModuleError> {
        exit_module(name, settings, Some(CodeWord::path(code)?))
    }

    fn policy_module_from(
        &self,
        code: &Arc<dyn CodeFile>,
        name: &str,
        settings: &Settings,
    ) -> Result<Box<dyn PolicyModule>, ModuleError> {
        policy_module(name, settings, Some(CodeWord::path(code)?))
    }
}

/// An exit module; `code` is the word of its command for the file with its code, where that is looked at before each start.
pub(crate) fn exit_module(
    name: &str,
    settings: &Settings,
    code: Option<CodeWord>,
) -> Result<Box<dyn ExitModule>, ModuleError> {
    Ok(Box::new(module(name, Role::Exit, settings, code)?))
}

/// A policy module; `code` is the word of its command for the file with its code, where that is looked at before each start.
pub(crate) fn policy_module(
    name: &str,
    settings: &Settings,
    code: Option<CodeWord>,
) -> Result<Box<dyn PolicyModule>, ModuleError> {
    Ok(Box::new(module(name, Role::Policy, settings, code)?))
}

fn module(name: &str, role: Role, settings: &Settings, code: Option<CodeWord>) -> Result<ProcessModule, ModuleError> {
    Ok(ProcessModule::new(name, role, ProcessSettings::resolve(settings)?, code))
}

/// The variables that these settings add to a process's environment.
pub(crate) fn environment(settings: &Settings) -> Result<BTreeMap<String, String>, ModuleError> {
    settings.value("environment").map_or_else(|| Ok(BTreeMap::new()), settings::environment)
}

/// The longest a process module with these settings takes, whatever its program does: what a guard allows for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// One call, with a restart before it and the wait for a place.
    pub call: Duration,
    /// `initialize`.
    pub initialize: Duration,
    /// Dropping the module.
    pub release: Duration,
}

/// The time limits that follow from these settings.
pub fn time_limits(settings: &Settings) -> Result<TimeLimits, ModuleError> {
    const SLACK: Duration = Duration::from_secs(5);
    let settings = ProcessSettings::resolve(settings)?;
    let release = settings.stop + child::TERMINATE + SLACK;
    let initialize = release + settings.start + SLACK;
    Ok(TimeLimits { call: initialize + 2 * settings.call, initialize, release })
}
