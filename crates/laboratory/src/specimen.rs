//! The module under test, as it would be installed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hosts::{Gauge, Guard, Limits};
use module::{ExitEvents, ExitModule, ModuleKind, PolicyModule, Role, Settings};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::Error;
use crate::processes::VARIABLE;
use crate::view::Reader;

/// What stands in a setting for a folder of the module's own, which is removed afterwards.
const SCRATCH: &str = "{scratch}";
/// The setting of hosts that start processes, by which the mark is passed on.
const ENVIRONMENT: &str = "environment";
/// The setting of hosts that start processes: how long one may take to end.
const STOP: &str = "stop_timeout_ms";

/// A module under test.
pub struct Specimen {
    kind: Arc<dyn ModuleKind>,
    reader: Reader,
    settings: Settings,
    limits: Limits,
    call: Duration,
    /// The events that its manifest names.
    declared: ExitEvents,
    mark: String,
    /// Held for its folder.
    _scratch: Option<TempDir>,
}

impl Specimen {
    /// A module of this kind with these settings; `call` is the longest one call may take.
    ///
    /// `{scratch}` in a setting's value stands for a temporary folder.
    ///
    /// # Errors
    /// [`Error::Unusable`] where the kind has no such role or refuses the settings, [`Error::Machine`] where no temporary
    /// folder can be made.
    pub fn new(
        kind: Arc<dyn ModuleKind>,
        name: &str,
        role: Role,
        settings: &Settings,
        call: Duration,
    ) -> Result<Self, Error> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);

        if !kind.roles().contains(&role) {
            let roles: Vec<&str> = kind.roles().iter().map(|role| role_name(*role)).collect();
            let (kind, role, roles) = (kind.name(), role_name(role), roles.join(" and "));
            return Err(Error::Unusable(format!("a module of kind `{kind}` cannot be a {role} module, only {roles}")));
        }
        let (settings, scratch) = with_scratch(settings)?;
        let mut settings = settings.resolved()?.settings;
        let mark = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        if kind.settings().iter().any(|setting| setting.name == ENVIRONMENT) {
            let marked = marked_environment(settings.value(ENVIRONMENT).unwrap_or_default(), &mark)?;
            settings.set(ENVIRONMENT, marked);
        }
        let limits = Limits { call, ..Limits::default() };
        let settings = limits.handed_down(kind.as_ref(), &settings);
        let limits = limits.around(kind.as_ref(), &settings)?;
        // Making one touches nothing outside, and reads every setting.
        match role {
            Role::Exit => kind.exit_module(name, &settings).map(drop)?,
            Role::Policy => kind.policy_module(name, &settings).map(drop)?,
        }
        let reader = Reader { role, name: name.to_owned() };
        let declared = ExitEvents::empty();
        Ok(Self { kind, reader, settings, limits, call, declared, mark, _scratch: scratch })
    }

    /// The module's name.
    pub fn name(&self) -> &str {
        &self.reader.name
    }

    /// What it does.
    pub fn role(&self) -> Role {
        self.reader.role
    }

    /// The name of what runs it.
    pub fn kind(&self) -> &'static str {
        self.kind.name()
    }

    pub(crate) const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The settings it is made with, references resolved: not to be shown.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The specimen, made with these settings, which are its own in another form.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The specimen of a module whose manifest names these events; none where it does not say.
    #[must_use]
    pub fn declaring(self, declared: ExitEvents) -> Self {
        Self { declared, ..self }
    }

    /// The events that its manifest names; none where it does not say.
    pub(crate) const fn declared(&self) -> ExitEvents {
        self.declared
    }

    /// The longest one call may take.
    pub(crate) const fn call(&self) -> Duration {
        self.call
    }

    /// The longest it may take to let go.
    pub(crate) fn stop(&self) -> Duration {
        let own = self.kind.settings().iter().any(|setting| setting.name == STOP);
        // The host has read the setting before.
        let milliseconds = self.settings.parsed(STOP, 5_000).unwrap_or(5_000);
        if own { Duration::from_millis(milliseconds) } else { self.limits.release }
    }

    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// The module behind its guard, not yet initialised.
    pub(crate) fn exit(&self) -> Guard<dyn ExitModule> {
        let (kind, name, settings) = (Arc::clone(&self.kind), self.reader.name.clone(), self.settings.clone());
        let factory = move || kind.exit_module(&name, &settings);
        Guard::exit(&self.reader.name, factory, self.limits.clone(), Gauge::new())
    }

    /// The module behind its guard, not yet initialised.
    pub(crate) fn policy(&self) -> Guard<dyn PolicyModule> {
        let (kind, name, settings) = (Arc::clone(&self.kind), self.reader.name.clone(), self.settings.clone());
        let factory = move || kind.policy_module(&name, &settings);
        Guard::policy(&self.reader.name, factory, self.limits.clone(), Gauge::new())
    }
}

/// The word for a role.
pub(crate) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Exit => "exit",
        Role::Policy => "policy",
    }
}

fn with_scratch(settings: &Settings) -> Result<(Settings, Option<TempDir>), Error> {
    if !settings.iter().any(|(_, value)| value.contains(SCRATCH)) {
        return Ok((settings.clone(), None));
    }
    let folder = tempfile::Builder::new().prefix("exeunt-laboratory-").tempdir();
    let folder = folder.map_err(|error| Error::Machine(format!("no temporary folder: {error}")))?;
    let path = folder.path().to_str().ok_or_else(|| Error::Machine("the temporary folder is not UTF-8".into()))?;
    Ok((settings.iter().map(|(name, value)| (name, value.replace(SCRATCH, path))).collect(), Some(folder)))
}

/// The environment that a host is set to give, with the mark; it keeps the form it has.
fn marked_environment(text: &str, mark: &str) -> Result<String, Error> {
    if !text.trim_start().starts_with('{') {
        return Ok(format!("{text};{VARIABLE}={mark}").trim_start_matches(';').to_owned());
    }
    let mut object: serde_json::Map<String, Json> = serde_json::from_str(text)
        .map_err(|error| Error::Unusable(format!("`{ENVIRONMENT}` is not a JSON object: {error}")))?;
    object.insert(VARIABLE.to_owned(), json!(mark));
    Ok(Json::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_mark_goes_into_either_form_of_the_environment() {
        assert_eq!(marked_environment("", "7").unwrap(), "EXEUNT_LABORATORY=7");
        assert_eq!(marked_environment("A=1;B=2", "7").unwrap(), "A=1;B=2;EXEUNT_LABORATORY=7");
        assert_eq!(marked_environment(r#"{"A":"1"}"#, "7").unwrap(), r#"{"A":"1","EXEUNT_LABORATORY":"7"}"#);
        assert!(marked_environment("{", "7").is_err());
    }

    #[test]
    fn a_folder_is_made_where_a_setting_asks_for_one() {
        let settings: Settings = [("directory", "{scratch}/out"), ("plain", "x")].into_iter().collect();
        let (filled, folder) = with_scratch(&settings).unwrap();
        let folder = folder.unwrap();
        assert_eq!(filled.value("directory"), Some(format!("{}/out", folder.path().display()).as_str()));
        assert_eq!(filled.value("plain"), Some("x"));
        assert!(with_scratch(&[("plain", "x")].into_iter().collect()).unwrap().1.is_none());
    }
}
