//! How an operator sets a module up, and how a kind of module presents itself.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{CodeFile, ExitModule, ModuleError, PolicyModule, moment, nearest};

/// A module's settings: names and values as the operator gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The value of a setting.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A setting's value read as `T`, or `default` where it is not set.
    pub fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, name: &str, default: T) -> Result<T, ModuleError> {
        match self.value(name) {
            None => Ok(default),
            Some(text) => text
                .trim()
                .parse()
                .map_err(|error| ModuleError::invalid(format!("the setting `{name}` cannot be `{text}`: {error}"))),
        }
    }

    /// A setting's value read as a number of this range, or `default` where it is not set.
    pub fn within<T>(&self, name: &str, default: T, range: RangeInclusive<T>) -> Result<T, ModuleError>
    where
        T: FromStr<Err: std::fmt::Display> + PartialOrd + std::fmt::Display,
    {
        let Some(text) = self.value(name) else { return Ok(default) };
        let text = text.trim();
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (from, to) = (range.start(), range.end());
            ModuleError::invalid(format!(
                "the setting `{name}` cannot be `{text}`: it takes a number from {from} to {to}"
            ))
        })
    }

    /// A setting's value read as a duration, `90s`, or `default` where it is not set: the type `duration` of manifests.
    pub fn duration(&self, name: &str, default: Duration) -> Result<Duration, ModuleError> {
        let Some(text) = self.value(name) else { return Ok(default) };
        moment::duration(text).ok_or_else(|| {
            ModuleError::invalid(format!(
                "the setting `{name}` cannot be `{text}`: it takes a whole number and a unit, ms, s, m, h or d, such as 90s"
            ))
        })
    }

    /// A setting that must be given.
    pub fn required(&self, name: &str) -> Result<&str, ModuleError> {
        self.value(name)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| ModuleError::invalid(format!("the setting `{name}` is required")))
    }

    /// Sets one value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Removes one value.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Every setting, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Fails on a name that `known` does not list: a misspelt setting must not pass unseen.
    pub fn check_names(&self, known: &[Setting]) -> Result<(), ModuleError> {
        for (name, _) in self.iter() {
            if !known.iter().any(|setting| setting.name == name) {
                let names = || known.iter().map(|setting| setting.name);
                let meant = nearest::question_or_all(name, "there are", names());
                let own = names().any(|known| known == "setting.<name>");
                let own = own.then(|| format!("; one of the module itself is `setting.{name}`"));
                let own = own.unwrap_or_default();
                return Err(ModuleError::invalid(format!("there is no setting `{name}`{meant}{own}")));
            }
        }
        Ok(())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<N: Into<String>, V: Into<String>, const COUNT: usize> From<[(N, V); COUNT]> for Settings {
    fn from(pairs: [(N, V); COUNT]) -> Self {
        pairs.into_iter().collect()
    }
}

/// One setting a kind of module knows.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its default, in words or as it would be written; empty where it must be given.
    pub default: &'static str,
    /// What it does, with unit and range.
    pub meaning: &'static str,
}

/// What a module does in the certification authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Is told afterwards.
    Exit,
    /// Is asked before.
    Policy,
}

/// A kind of module that can be installed by name: built in, or run by a host.
pub trait ModuleKind: Send + Sync {
    /// The name an operator installs it by: `file`, `journal`, `process`.
    fn name(&self) -> &'static str;

    /// One line for `module list --available`.
    fn summary(&self) -> &'static str;

    /// What its modules can do: the other of the two methods below fails.
    fn roles(&self) -> &'static [Role] {
        &[Role::Exit]
    }

    /// The settings it knows.
    fn settings(&self) -> &'static [Setting];

    /// The names of those settings that are secret: given by [reference](crate::reference) only, and never shown. A name that
    /// ends with `*` stands for every name that begins so.
    fn secrets(&self) -> &'static [&'static str] {
        &[]
    }

    /// The setting that names the file with a module's code, where there is one: the `entry` of a manifest is put into it.
    fn entry_setting(&self) -> Option<&'static str> {
        None
    }

    /// The file with the code of a module with these settings, where it is in one: its SHA-256 is recorded and compared.
    fn code(&self, settings: &Settings) -> Option<PathBuf> {
        settings.value(self.entry_setting()?).map(PathBuf::from)
    }

    /// The class that a module with these settings is, where they name that and no file: a registry says which file has it.
    fn class(&self, settings: &Settings) -> Option<String> {
        let _ = settings;
        None
    }

    /// The file that has the class of the module of this name now, by the module's registry: its SHA-256 is recorded and compared.
    ///
    /// # Errors
    /// The class is not registered, or its registry cannot be asked. The text says what to do next.
    fn class_file(&self, name: &str, settings: &Settings) -> Result<PathBuf, ModuleError> {
        let _ = (name, settings);
        Err(ModuleError::invalid(format!("the kind `{}` has no classes", self.name())))
    }

    /// An exit module with these settings, not yet initialised. Nothing outside is touched here.
    fn exit_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        let _ = (name, settings);
        Err(ModuleError::invalid(format!("`{}` is not a kind of exit module", self.name())))
    }

    /// A policy module with these settings, not yet initialised. Nothing outside is touched here.
    fn policy_module(&self, name: &str, settings: &Settings) -> Result<Box<dyn PolicyModule>, ModuleError> {
        let _ = (name, settings);
        Err(ModuleError::invalid(format!("`{}` is not a kind of policy module", self.name())))
    }

    /// An exit module whose code is in this file. A kind that starts its code more than once in the life of a module asks for
    /// the file each time; for the others it is looked at here, and they get its path in their settings.
    ///
    /// # Errors
    /// As [`exit_module`](Self::exit_module), and as [`CodeFile::locate`].
    fn exit_module_from(
        &self,
        code: &Arc<dyn CodeFile>,
        name: &str,
        settings: &Settings,
    ) -> Result<Box<dyn ExitModule>, ModuleError> {
        self.exit_module(name, &located(settings, self.entry_setting(), &code.locate()?)?)
    }

    /// A policy module whose code is in this file: as [`exit_module_from`](Self::exit_module_from).
    ///
    /// # Errors
    /// As [`policy_module`](Self::policy_module), and as [`CodeFile::locate`].
    fn policy_module_from(
        &self,
        code: &Arc<dyn CodeFile>,
        name: &str,
        settings: &Settings,
    ) -> Result<Box<dyn PolicyModule>, ModuleError> {
        self.policy_module(name, &located(settings, self.entry_setting(), &code.locate()?)?)
    }
}

/// The settings with the file with the code in its place.
fn located(settings: &Settings, entry: Option<&str>, file: &Path) -> Result<Settings, ModuleError> {
    let mut settings = settings.clone();
    if let Some(entry) = entry {
        let text = file.to_str();
        let text = text.ok_or_else(|| ModuleError::invalid(format!("the path {} is not UTF-8", file.display())))?;
        settings.set(entry, text);
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_duration_is_read_with_its_unit() {
        let settings = Settings::from([("every", "15m"), ("pause", "15")]);
        let second = Duration::from_secs(1);
        assert_eq!(settings.duration("every", second), Ok(Duration::from_secs(900)));
        assert_eq!(settings.duration("other", second), Ok(second));
        let error = settings.duration("pause", second).unwrap_err();
        assert!(error.message.contains("`pause` cannot be `15`"), "{error}");
    }
}
