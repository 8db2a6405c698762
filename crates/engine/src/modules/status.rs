//! How a module is doing.

use jiff::Timestamp;
use module::{EventId, ExitEvents, ModuleError, Role, Settings, reference};

use crate::exits::ModuleState;
use crate::store::{DeliveryState, InstalledModule};
use crate::trial::TrialStatus;
use crate::{Engine, Error};

/// What is shown in the place of a secret.
const MASK: &str = "********";
/// What a module says of itself: names and texts at most, and characters of each.
const ABOUT_MAX: usize = 32;
const ABOUT_CHARACTERS_MAX: usize = 1_024;

/// How a module is doing.
#[derive(Clone, Debug)]
pub struct ModuleStatus {
    /// As it is installed; the cursor is where it stands now.
    pub installed: InstalledModule,
    /// What the module says of itself.
    pub description: String,
    /// What the module says of itself under names of its own.
    pub about: Vec<(String, String)>,
    /// What the operator is to be told of it.
    pub notice: Option<String>,
    /// How the trial of its next version goes.
    pub trial: Option<TrialStatus>,
    /// What it is doing.
    pub state: ModuleState,
    /// The events it wants.
    pub mask: ExitEvents,
    /// The newest event.
    pub head: EventId,
    /// Events between its place and the newest.
    pub lag: u64,
    /// Events delivered since it was started.
    pub delivered: u64,
    /// Deliveries failed since it was started.
    pub failed: u64,
    /// Events given up.
    pub parked: u64,
    /// Deliveries a second, over the last minute.
    pub rate_per_second: f64,
    /// When it last dealt with an event.
    pub last_delivered: Option<Timestamp>,
    /// Its last failure.
    pub last_error: Option<(Timestamp, ModuleError)>,
    /// What its host knows of its health.
    pub health: serde_json::Value,
}

impl Engine {
    pub(crate) fn status(&self, installed: InstalledModule) -> Result<ModuleStatus, Error> {
        let (head, _) = self.site.store.event_head()?;
        let parked = match installed.role {
            Role::Exit => {
                let deliveries = self.all_deliveries(&installed.name)?;
                deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Parked).count() as u64
            }
            Role::Policy => 0,
        };
        let mut status = ModuleStatus {
            description: String::new(),
            about: Vec::new(),
            notice: None,
            trial: installed.versions.canary.as_ref().and_then(|_| self.trials.status(&installed.name)),
            state: if installed.enabled { ModuleState::Stopped } else { ModuleState::Disabled },
            mask: ExitEvents::empty(),
            head,
            lag: if installed.role == Role::Exit { head.0.saturating_sub(installed.cursor.0) } else { 0 },
            delivered: 0,
            failed: 0,
            parked,
            rate_per_second: 0.0,
            last_delivered: None,
            last_error: None,
            health: serde_json::Value::Null,
            installed,
        };
        if let Some(dispatcher) = self.exits.dispatcher(&status.installed.name) {
            let seen = dispatcher.progress().seen();
            status.installed.cursor = seen.cursor;
            status.lag = head.0.saturating_sub(seen.cursor.0);
            status.health = dispatcher.health();
            if let Some(loaded) = dispatcher.loaded() {
                status.about = presentable(loaded.module.about());
                status.notice = (loaded.notice)();
            }
            status.description = seen.description;
            status.state = seen.state;
            status.mask = seen.mask;
            status.delivered = seen.delivered;
            status.failed = seen.failed;
            status.rate_per_second = seen.rate_per_second;
            status.last_delivered = seen.last_delivered;
            status.last_error = seen.last_error;
        }
        let chain = self.policies.chain();
        if let Some(policy) = chain.iter().find(|policy| policy.installed.name == status.installed.name) {
            status.description = policy.loaded.module.description();
            status.state = ModuleState::Running;
            status.about = presentable(policy.loaded.module.about());
            status.notice = policy.notice();
            status.health = policy.health();
        }
        Ok(status)
    }

    /// How a module does, as it may be shown: without the secrets that lie in its settings in clear, from before they were
    /// declared secret. What one version declares is secret in all.
    pub(super) fn shown(&self, installed: InstalledModule) -> Result<ModuleStatus, Error> {
        let mut status = self.status(installed)?;
        let installed = &mut status.installed;
        let canary = installed.versions.canary.iter().map(|canary| &canary.version);
        let others = canary.chain(installed.versions.former.iter().map(|former| &former.version));
        let mut secrets = self.loader.secrets(installed);
        secrets.extend(others.flat_map(|version| self.loader.secrets(&installed.with_version(version.clone()))));

        mask(&mut installed.settings, &secrets);
        let versions = &mut installed.versions;
        let canary = versions.canary.iter_mut().map(|canary| &mut canary.version);
        let former = versions.former.iter_mut().map(|former| &mut former.version);
        canary.chain(former).for_each(|version| mask(&mut version.settings, &secrets));
        Ok(status)
    }
}

/// Puts a mask over the values of secrets, references aside.
fn mask(settings: &mut Settings, secrets: &[String]) {
    let clear: Vec<String> = settings
        .iter()
        .filter(|(name, value)| !reference::is_reference(value) && reference::names(secrets, name))
        .map(|(name, _)| name.to_owned())
        .collect();
    clear.into_iter().for_each(|name| settings.set(name, MASK));
}

/// What a module says of itself, fit to be shown.
fn presentable(about: Vec<(String, String)>) -> Vec<(String, String)> {
    let fit = |text: String| text.chars().filter(|c| !c.is_control()).take(ABOUT_CHARACTERS_MAX).collect::<String>();
    about.into_iter().take(ABOUT_MAX).map(|(name, text)| (fit(name), fit(text))).collect()
}
