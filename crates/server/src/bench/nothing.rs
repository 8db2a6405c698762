//! A module that does nothing: what is left when the module, and the way to it, cost nothing.

use std::sync::Arc;
use std::time::Duration;

use laboratory::Specimen;
use module::{ExitEvents, ExitModule, ModuleError, ModuleKind, Notification, Role, ServerExit, Setting, Settings};

use crate::Error;

struct NothingKind;
struct Nothing;

/// The module, behind the guard that every module is called through.
pub fn specimen(name: &str) -> Result<Specimen, Error> {
    let call = Duration::from_secs(10);
    Ok(Specimen::new(Arc::new(NothingKind), name, Role::Exit, &Settings::default(), call)?)
}

impl ModuleKind for NothingKind {
    fn name(&self) -> &'static str {
        "built in"
    }

    fn summary(&self) -> &'static str {
        "answers at once"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Exit]
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn exit_module(&self, _name: &str, _settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        Ok(Box::new(Nothing))
    }
}

impl ExitModule for Nothing {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Ok(ExitEvents::all())
    }

    fn notify(&self, _notification: &Notification, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn description(&self) -> String {
        "does nothing".into()
    }
}
