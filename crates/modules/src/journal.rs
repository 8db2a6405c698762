//! The exit module `journal`: one JSON object for each event, appended to a file.

mod appender;
mod record;
mod settings;

use module::{ExitEvents, ExitModule, HResult, ModuleError, ModuleKind, Notification, ServerExit, Setting, Settings};
use std::sync::{Mutex, MutexGuard, PoisonError};

use appender::Appender;
use settings::JournalSettings;

/// The kind `journal`.
#[derive(Clone, Copy, Debug, Default)]
pub struct JournalKind;

impl ModuleKind for JournalKind {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn summary(&self) -> &'static str {
        "appends one JSON object for each event to a file"
    }

    fn settings(&self) -> &'static [Setting] {
        settings::SETTINGS
    }

    fn exit_module(&self, _name: &str, settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        let settings = JournalSettings::resolve(settings)?;
        Ok(Box::new(JournalModule { settings, state: Mutex::new(State::default()) }))
    }
}

#[derive(Debug)]
struct JournalModule {
    settings: JournalSettings,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ca: String,
    /// The open file; none before `initialize`, and after a failed write until the next call opens it anew.
    appender: Option<Appender>,
}

impl ExitModule for JournalModule {
    /// Opens the file, and repairs what a crash may have left at its end.
    fn initialize(&self, ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let mut state = self.state();
        // Closed first: the file is locked while it is open.
        state.appender = None;
        state.appender = Some(Appender::open(&self.settings)?);
        ca.clone_into(&mut state.ca);
        Ok(self.settings.events)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        if !self.settings.events.wants(notification.event) {
            return Ok(());
        }
        let ca = self.state().ca.clone();
        if ca.is_empty() {
            return Err(ModuleError::new(HResult::E_UNEXPECTED, "the journal is not initialised"));
        }
        let line = record::line(&self.settings, &ca, notification, server)?;
        let mut state = self.state();
        // A file in doubt is closed; opening it again repairs it.
        let mut appender = match state.appender.take() {
            Some(appender) => appender,
            None => Appender::open(&self.settings)?,
        };
        appender.append(&line)?;
        state.appender = Some(appender);
        Ok(())
    }

    fn description(&self) -> String {
        format!("journal in {}", self.settings.path.display())
    }
}

impl JournalModule {
    /// The state stays whole when a holder panics: an appender is put back only when it is sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
