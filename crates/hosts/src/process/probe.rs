//! A program tried by hand: what `module test` asks beyond the contract's calls.

use std::time::{Duration, Instant};

use module::{ExitEvents, HResult, ModuleError, Role, ServerExit, Settings};
use serde_json::json;

use super::callbacks::View;
use super::child::TERMINATE;
use super::session::{Failure, Scope};
use super::settings::ProcessSettings;
use super::supervisor::ProcessModule;
use module::wire::{self, method};

/// The name and the bit of an event that no version has.
pub(crate) const UNKNOWN: (&str, u32) = ("cert-renewed-tomorrow", 0x4000_0000);

/// A module's process under test, initialised. Its time limits are those of its settings.
#[derive(Debug)]
pub struct Probe {
    module: ProcessModule,
    stop: Duration,
    call: Duration,
    events: ExitEvents,
}

impl Probe {
    /// Starts the program and initialises it.
    pub fn start(
        name: &str,
        role: Role,
        settings: &Settings,
        ca: &str,
        server: &dyn ServerExit,
    ) -> Result<Self, ModuleError> {
        let settings = ProcessSettings::resolve(settings)?;
        let (stop, call) = (settings.stop, settings.call);
        let module = ProcessModule::new(name, role, settings, None);
        let events = module.begin(ca, &mut View::Exit(server))?;
        Ok(Self { module, stop, call, events })
    }

    /// The events it asked for; empty for a policy module.
    pub const fn events(&self) -> ExitEvents {
        self.events
    }

    /// Sends `ping`: how long the answer took.
    pub fn ping(&self) -> Result<Duration, ModuleError> {
        let started = Instant::now();
        self.ask(method::PING)?;
        Ok(started.elapsed())
    }

    /// Sends `describe`. An answer without a description is `ERROR_INVALID_DATA`.
    pub fn describe(&self) -> Result<String, ModuleError> {
        let answer = self.ask(method::DESCRIBE)?;
        let text = answer.get("description").and_then(serde_json::Value::as_str);
        text.map(str::to_owned).ok_or_else(|| {
            ModuleError::new(HResult::ERROR_INVALID_DATA, format!("`describe` was answered with {answer}"))
        })
    }

    /// Sends a method that no version has. A good module answers with an error and goes on: the error is given back.
    /// `ERROR_INVALID_DATA` where it claims success.
    pub fn ask_the_unknown(&self) -> Result<ModuleError, ModuleError> {
        match self.send("x-unknown", json!({})) {
            Ok(answer) => {
                let text = format!("a method that does not exist was answered with {answer}");
                Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text))
            }
            Err(Failure::Answered(error)) => Ok(error),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Sends a `notify` of an event that no version has. A good module answers with a result.
    pub fn tell_of_the_unknown(&self) -> Result<(), ModuleError> {
        let (name, bit) = UNKNOWN;
        let event = json!({
            "id": 1, "name": name, "bit": bit, "attempt": 1,
            "occurred": "2026-01-01T00:00:00Z", "hash": "00".repeat(32), "request_id": null,
        });
        let params = json!({
            "context": 1, "event": event, "request": {}, "certificate": {}, "attributes": {}, "extensions": [], "ca": {},
        });
        self.send(method::NOTIFY, params)?;
        Ok(())
    }

    /// Sends `shutdown`: how long the process took to end. `ERROR_TIMEOUT` where it had to be ended by a signal.
    pub fn stop(self) -> Result<Duration, ModuleError> {
        let Some(session) = self.module.running() else {
            return Err(ModuleError::new(HResult::RPC_E_DISCONNECTED, "the module's process has ended already"));
        };
        let started = Instant::now();
        session.stop();
        session.wait_gone(self.stop + TERMINATE + TERMINATE);
        let took = started.elapsed();
        if took >= self.stop {
            let text = format!("the module did not end within {} ms of `shutdown`", self.stop.as_millis());
            return Err(ModuleError::new(HResult::ERROR_TIMEOUT, text));
        }
        Ok(took)
    }

    fn ask(&self, method: &str) -> Result<serde_json::Value, ModuleError> {
        Ok(self.send(method, json!({}))?)
    }

    fn send(&self, method: &str, params: serde_json::Value) -> Result<serde_json::Value, Failure> {
        let ended = || ModuleError::new(HResult::RPC_E_DISCONNECTED, "the module's process has ended");
        let session = self.module.running().ok_or_else(|| Failure::Broken(ended()))?;
        session.call(method, Scope::None, &mut View::None, self.call, |id, _| wire::call(Some(id), method, params))
    }
}
