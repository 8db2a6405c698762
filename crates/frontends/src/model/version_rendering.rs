//! Between the engine's versions of modules and those of the API.

use engine::store;
use engine::{ModuleStatus, TrialOrder, TrialStatus};

use super::{Canary, CanaryOrder, ModulePackage, ModuleVersion, VersionState};

impl ModulePackage {
    /// The engine's form.
    ///
    /// # Errors
    /// Something comes without what it is given with, or is no absolute path.
    pub fn package(self) -> Result<store::Package, engine::Error> {
        let absolute = |path: String| {
            let path = std::path::PathBuf::from(path);
            if path.is_absolute() {
                return Ok(path);
            }
            Err(engine::Error::refused(format!("`{}` is no absolute path", path.display())))
        };
        let manifest = match (self.manifest, self.directory) {
            (Some(text), Some(directory)) => Some(store::ManifestFile { text, directory: absolute(directory)? }),
            (None, None) => None,
            _ => return Err(engine::Error::refused("`manifest` and `directory` are given together")),
        };
        let code = match (self.file, self.sha256) {
            (Some(file), Some(sha256)) => {
                Some(store::Code { path: absolute(file)?, sha256: sha256.to_ascii_lowercase(), class: None })
            }
            (None, None) => None,
            _ => return Err(engine::Error::refused("`file` and `sha256` are given together")),
        };
        Ok(store::Package { manifest, code })
    }
}

impl From<CanaryOrder> for TrialOrder {
    fn from(order: CanaryOrder) -> Self {
        Self { percent: order.percent, failures_max: order.failures_max }
    }
}

impl ModuleVersion {
    /// Every version of a module: the one in force, the one on trial, and the former ones, newest end first.
    pub fn all(status: &ModuleStatus) -> Vec<Self> {
        let installed = &status.installed;
        let versions = &installed.versions;
        let mut in_force = Self::of(installed.version(), VersionState::InForce);
        in_force.since = Some(versions.since.unwrap_or(installed.installed));
        let on_trial = versions.canary.clone().map(|canary| Self::on_trial(canary, status.trial.as_ref()));
        let former = versions.former.iter().rev().cloned().map(Self::former);
        std::iter::once(in_force).chain(on_trial).chain(former).collect()
    }

    fn on_trial(canary: store::Canary, trial: Option<&TrialStatus>) -> Self {
        let mut version = Self::of(canary.version, VersionState::OnTrial);
        version.since = Some(canary.since);
        version.error = trial.and_then(|trial| trial.last_error.as_ref()).map(ToString::to_string);
        version.canary = Some(Canary {
            percent: canary.percent,
            failures_max: canary.failures_max,
            delivered: trial.map_or(0, |trial| trial.delivered),
            failed: trial.map_or(0, |trial| trial.failed),
        });
        version
    }

    fn former(former: store::FormerVersion) -> Self {
        let (state, error) = match former.end {
            store::VersionEnd::Replaced => (VersionState::Replaced, None),
            store::VersionEnd::RolledBack => (VersionState::RolledBack, None),
            store::VersionEnd::Withdrawn(why) => (VersionState::Withdrawn, why),
        };
        let mut version = Self::of(former.version, state);
        version.until = Some(former.until);
        version.error = error;
        version
    }

    fn of(version: store::Version, state: VersionState) -> Self {
        // It was read when it was installed; one that a newer server wrote has no name here.
        let manifest = version.package.manifest().ok().flatten();
        let code = version.package.code;
        Self {
            number: version.number,
            state,
            kind: version.kind,
            name: manifest.as_ref().map(|manifest| manifest.name.clone()),
            version: manifest.map(|manifest| manifest.version),
            file: code.as_ref().map(|code| code.path.display().to_string()),
            sha256: code.map(|code| code.sha256),
            settings: version.settings.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            since: None,
            until: None,
            error: None,
            canary: None,
        }
    }
}

impl From<super::DigestCheck> for store::DigestCheck {
    fn from(check: super::DigestCheck) -> Self {
        match check {
            super::DigestCheck::Warn => Self::Warn,
            super::DigestCheck::Enforce => Self::Enforce,
        }
    }
}

impl From<store::DigestCheck> for super::DigestCheck {
    fn from(check: store::DigestCheck) -> Self {
        match check {
            store::DigestCheck::Warn => Self::Warn,
            store::DigestCheck::Enforce => Self::Enforce,
        }
    }
}
