//! An endpoint tried by hand: what `module test` sends it beyond the contract's events.

use module::{ModuleError, Role, ServerExit, Settings};

use super::endpoint::WebhookModule;
use super::settings::WebhookSettings;

/// An endpoint under test, greeted.
#[derive(Debug)]
pub struct Probe(WebhookModule);

impl Probe {
    /// Greets the endpoint.
    ///
    /// # Errors
    /// As for the module itself.
    pub fn start(name: &str, settings: &Settings, ca: &str, server: &dyn ServerExit) -> Result<Self, ModuleError> {
        let module = WebhookModule::new(name, Role::Exit, WebhookSettings::resolve(settings)?);
        module.begin(ca, server)?;
        Ok(Self(module))
    }

    /// Sends an event of a `type` that no version has. A good endpoint takes it.
    ///
    /// # Errors
    /// What the endpoint answers, or that it cannot be reached.
    pub fn tell_of_the_unknown(&self) -> Result<(), ModuleError> {
        self.0.send_unknown()
    }
}
