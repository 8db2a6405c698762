//! Modules that are HTTPS endpoints: CloudEvents in JSON, signed, one POST for each call.
//!
//! `client` is the connection and its limits, `address` which addresses it may go to, `secret` the signatures,
//! `cloud_event` what is sent, `answer` what the answer means, and `endpoint` puts them together behind the module
//! traits. `docs/modules/webhook.md` is the specification.

mod address;
mod answer;
mod client;
mod cloud_event;
mod endpoint;
mod probe;
mod secret;
mod settings;

use std::time::Duration;

use module::{ExitModule, ModuleError, ModuleKind, PolicyModule, Role, Setting, Settings};

use endpoint::WebhookModule;
pub use probe::Probe;
use settings::WebhookSettings;

/// The kind `webhook`.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebhookKind;

impl WebhookKind {
    /// The name it is installed by.
    pub const NAME: &'static str = "webhook";
}

impl ModuleKind for WebhookKind {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn summary(&self) -> &'static str {
        "an HTTPS endpoint that is sent signed CloudEvents"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Exit, Role::Policy]
    }

    fn settings(&self) -> &'static [Setting] {
        settings::SETTINGS
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["secret", "secret_previous", "authorization"]
    }

    fn exit_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        Ok(Box::new(WebhookModule::new(name, Role::Exit, WebhookSettings::resolve(settings)?)))
    }

    fn policy_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn PolicyModule>, ModuleError> {
        Ok(Box::new(WebhookModule::new(name, Role::Policy, WebhookSettings::resolve(settings)?)))
    }
}

/// The longest one call of a webhook with these settings takes: a message is begun within the time of one, and has as
/// long itself.
pub(crate) fn call_limit(settings: &Settings) -> Result<Duration, ModuleError> {
    const SLACK: Duration = Duration::from_secs(5);
    Ok(2 * WebhookSettings::resolve(settings)?.timeout + SLACK)
}
