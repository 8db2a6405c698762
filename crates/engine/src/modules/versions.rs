//! Another version of a module: upgrade, trial, promotion, and the way back.

use module::HResult;
use serde_json::json;

use super::{ModuleStatus, checks};
use crate::audit::Act;
use crate::roles::{Authorised, right};
use crate::store::{Canary, InstalledModule, Package, Version, VersionEnd};
use crate::trial::Withdrawal;
use crate::{Engine, Error};

/// A version that is to be installed.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// What runs it.
    pub kind: String,
    /// Settings to set, or (`None`) to take away; the others are those of the version in force. What names the code is taken
    /// over only where neither these nor a manifest name another.
    pub settings: Vec<(String, Option<String>)>,
    /// What it consists of. A digest is that of the file the operator has seen.
    pub package: Package,
    /// How it is tried first; none: it takes over at once.
    pub trial: Option<TrialOrder>,
}

/// How a version is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialOrder {
    /// Its share of the requests in percent, 1 to 99.
    pub percent: u8,
    /// Failures with which the trial is over, 1 to 1,000,000.
    pub failures_max: u32,
}

impl Engine {
    /// Installs another version of a module. It is loaded and initialised beside the one in force, which goes on where that
    /// fails; then it takes over at the next event or request, or is told of a share of the requests first.
    ///
    /// # Errors
    /// [`Error::Conflict`] where a version is on trial already; otherwise as [`install_module`](Self::install_module), and
    /// the module's own error where it cannot be initialised. Nothing has changed then.
    pub fn upgrade_module(
        &self,
        by: &Authorised<right::Administer>,
        name: &str,
        new: NewVersion,
    ) -> Result<ModuleStatus, Error> {
        let _changing = self.changing();
        let before = self.installed(name)?;
        if before.versions.canary.is_some() {
            return Err(on_trial(&before));
        }
        let trial = new.trial;
        let version = self.next_version(&before, new)?;
        let Some(TrialOrder { percent, failures_max }) = trial else {
            let detail = checks::version_detail(name, &version, []);
            let next = self.in_force(&before, version, VersionEnd::Replaced);
            return self.take_over(by, Act::ModuleUpgraded, detail, next);
        };
        if !(1..=99).contains(&percent) || !(1..=1_000_000).contains(&failures_max) {
            let text = format!(
                "a trial of {percent} % until {failures_max} failures: it takes 1 to 99 %, until 1 to 1000000 failures"
            );
            return Err(Error::refused(text));
        }
        let more = [("percent", json!(percent)), ("failures_max", json!(failures_max))];
        let detail = checks::version_detail(name, &version, more);
        let mut next = before;
        next.versions.canary = Some(Canary { version, percent, failures_max, since: self.site.now() });
        self.take_over(by, Act::ModuleTried, detail, next)
    }

    /// Puts the version on trial into force.
    pub fn promote_module(&self, by: &Authorised<right::Administer>, name: &str) -> Result<ModuleStatus, Error> {
        let _changing = self.changing();
        let before = self.installed(name)?;
        let Some(canary) = before.versions.canary.clone() else {
            let text = format!("no version of `{name}` is on trial; start one with exeunt module upgrade --canary");
            return Err(Error::conflict(HResult::ERROR_INVALID_DATA, text));
        };
        let detail = checks::version_detail(name, &canary.version, []);
        let next = self.in_force(&before, canary.version, VersionEnd::Replaced);
        self.take_over(by, Act::ModulePromoted, detail, next)
    }

    /// Ends the trial of a version; where none is on trial, puts the version before into force again, or the one with the number
    /// `to`.
    pub fn roll_back_module(
        &self,
        by: &Authorised<right::Administer>,
        name: &str,
        to: Option<u32>,
    ) -> Result<ModuleStatus, Error> {
        let _changing = self.changing();
        let before = self.installed(name)?;
        if let (Some(canary), None) = (before.versions.canary.clone(), to) {
            let detail = checks::version_detail(name, &canary.version, []);
            let mut next = before;
            next.versions.canary = None;
            let now = self.site.now();
            next.versions.keep(canary.version, now, VersionEnd::Withdrawn(None));
            self.end_trial(Act::TrialEnded.entry(&by.caller().name, now, None, detail), next)?;
            return self.shown(self.installed(name)?);
        }
        if before.versions.canary.is_some() {
            return Err(on_trial(&before));
        }
        let found = match to {
            Some(number) => before.versions.former(number),
            None => before.versions.before(),
        };
        let Some(version) = found.cloned() else {
            let which = to.map_or_else(|| "an earlier version".to_owned(), |number| format!("version {number}"));
            return Err(Error::NotFound(format!("{which} of `{name}`")));
        };
        let end = if version.number < before.versions.number { VersionEnd::RolledBack } else { VersionEnd::Replaced };
        let detail = checks::version_detail(name, &version, [("before", json!(before.versions.number))]);
        let next = self.in_force(&before, version, end);
        self.loader.check(&next)?;
        self.take_over(by, Act::ModuleRolledBack, detail, next)
    }

    /// Records that a trial has ended by itself: with its failures, or because the version could not be loaded.
    pub(crate) fn record_withdrawal(&self, withdrawal: &Withdrawal) -> Result<(), Error> {
        let _changing = self.changing();
        let mut module = match self.installed(&withdrawal.module) {
            Ok(module) => module,
            Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let on_trial = module.versions.canary.take_if(|canary| canary.version.number == withdrawal.number);
        let Some(canary) = on_trial else { return Ok(()) };
        let error = &withdrawal.error;
        let more = [("code", json!(error.code.to_string())), ("error", json!(error.message))];
        let detail = checks::version_detail(&module.name, &canary.version, more);
        let now = self.site.now();
        module.versions.keep(canary.version, now, VersionEnd::Withdrawn(Some(withdrawal.error.to_string())));
        self.end_trial(Act::TrialEnded.entry("server", now, None, detail), module)
    }

    /// The version that `new` is beside the one in force, checked.
    fn next_version(&self, before: &InstalledModule, new: NewVersion) -> Result<Version, Error> {
        let NewVersion { kind, settings: changes, package, trial: _ } = new;
        let manifest = checks::manifest(&package, &kind, before.role)?;
        let mut names_code = self.loader.names_code(&before.kind);
        names_code.extend(self.loader.names_code(&kind));
        let named = manifest.is_some() || changes.iter().any(|(name, _)| names_code.contains(name));
        let mut settings = before.settings.clone();
        let package = if named || kind != before.kind {
            names_code.iter().for_each(|name| settings.unset(name));
            package
        } else {
            before.versions.package.clone()
        };
        checks::set_all(&mut settings, package.manifest()?.as_ref(), changes);
        let mut version = Version { number: before.versions.next_number(), kind, settings, package };
        let candidate = before.with_version(version.clone());
        self.loader.check(&candidate)?;
        version.package.code = if named { self.code_kept(&candidate)? } else { self.code_upgraded(&candidate)? };
        Ok(version)
    }

    /// The module with this version in force; the one that was is kept, with how it ended.
    fn in_force(&self, before: &InstalledModule, version: Version, end: VersionEnd) -> InstalledModule {
        let now = self.site.now();
        let number = version.number;
        let mut next = before.with_version(version);
        next.versions.since = Some(now);
        next.versions.former.retain(|former| former.version.number != number);
        next.versions.keep(before.version(), now, end);
        next
    }
}

/// Why nothing else can be changed.
pub(super) fn on_trial(module: &InstalledModule) -> Error {
    let number = module.versions.canary.as_ref().map_or(0, |canary| canary.version.number);
    let name = &module.name;
    let text = format!(
        "version {number} of `{name}` is on trial: end that first, with exeunt module promote {name} or exeunt module rollback {name}"
    );
    Error::conflict(HResult::ERROR_INVALID_DATA, text)
}
