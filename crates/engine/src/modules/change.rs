//! How a change of one module is made durable, then real.

use std::path::Path;

use module::Role;
use parking_lot::MutexGuard;
use serde_json::Value;

use super::ModuleStatus;
use crate::audit::Act;
use crate::exits::ReadyExit;
use crate::policies::{LoadedPolicyModule, Policies};
use crate::roles::{Authorised, right};
use crate::store::{Change, Code, InstalledModule};
use crate::{Engine, Error};

impl Engine {
    /// Makes a change of one module durable, then real. A policy module that cannot be loaded is not installed; an exit module
    /// that cannot be is tried again in the background.
    pub(super) fn change_module(
        &self,
        by: &Authorised<right::Administer>,
        act: Act,
        detail: Value,
        mut module: InstalledModule,
    ) -> Result<ModuleStatus, Error> {
        if module.role == Role::Policy {
            return self.replace_policy(&by.caller().name, act, detail, module);
        }
        let audit = act.entry(&by.caller().name, self.site.now(), None, detail);
        let before = (act != Act::ModuleAdded).then(|| self.installed(&module.name)).transpose()?;
        self.exits.stop(&module.name);
        // Its dispatcher moved the cursor until it had stopped.
        let stopped = before.as_ref().map(|before| self.installed(&before.name)).transpose();
        let made = stopped.and_then(|stopped| {
            module.cursor = stopped.map_or(module.cursor, |stopped| stopped.cursor);
            let deliveries = self.due_at_once(&module.name)?;
            self.commit(Change { modules: vec![module.clone()], deliveries, audit: Some(audit), ..Change::default() })
        });
        self.resume(&module.name, if made.is_ok() { Some(module.clone()) } else { before }, Vec::new());
        made?;
        self.shown(self.installed(&module.name)?)
    }

    /// Has other versions of a module take over. They are loaded and initialised beside those that run, which go on where that
    /// fails. What runs is stopped after the call it is in, and the next event or request is for the new ones.
    pub(super) fn take_over(
        &self,
        by: &Authorised<right::Administer>,
        act: Act,
        detail: Value,
        mut next: InstalledModule,
    ) -> Result<ModuleStatus, Error> {
        if let Some(canary) = &next.versions.canary {
            self.trials.forget(&next.name, canary.version.number);
        }
        if next.role == Role::Policy {
            return self.replace_policy(&by.caller().name, act, detail, next);
        }
        let audit = act.entry(&by.caller().name, self.site.now(), None, detail);
        let before = self.installed(&next.name)?;
        // What runs goes on beside a version on trial: only that one is new.
        let new = next.versions.canary.as_ref().map(|canary| next.with_version(canary.version.clone()));
        let ready = next.enabled.then(|| self.exits.ready(new.as_ref().unwrap_or(&next))).transpose()?;
        let former = self.exits.stop(&next.name);
        let made = self.installed(&next.name).and_then(|stopped| {
            next.cursor = stopped.cursor;
            let deliveries = self.due_at_once(&next.name)?;
            self.commit(Change { modules: vec![next.clone()], deliveries, audit: Some(audit), ..Change::default() })
        });
        let last = if made.is_ok() { next.clone() } else { before.clone() };
        let ready = match (&new, ready, &former) {
            (None, ready, _) => ready,
            (Some(_), Some(canary), Some(former)) => Some(self.trials.join(&next, former.clone(), canary)),
            // What hangs, or was never initialised, is made anew with its version on trial.
            (Some(_), _, _) => None,
        };
        self.resume(&next.name, Some(last), vec![(next.clone(), ready), (before, former)]);
        made?;
        self.shown(self.installed(&next.name)?)
    }

    /// Loads a policy module, makes the change durable, and lets it decide from the next request on.
    fn replace_policy(
        &self,
        by: &str,
        act: Act,
        detail: Value,
        module: InstalledModule,
    ) -> Result<ModuleStatus, Error> {
        let audit = act.entry(by, self.site.now(), None, detail);
        let loaded = module
            .enabled
            .then(|| Policies::load(&self.site, self.loader.as_ref(), &self.trials, module.clone()))
            .transpose()?;
        if act == Act::ModuleTried {
            self.trials.stands(&module)?;
        }
        let mut chain = self.policies.chain().as_ref().clone();
        chain.retain(|running| running.installed.name != module.name);
        chain.extend(loaded);
        self.commit(Change { modules: vec![module.clone()], audit: Some(audit), ..Change::default() })?;
        self.policies.replace(chain);
        self.shown(self.installed(&module.name)?)
    }

    /// Records that a trial is over, and lets the version go; the one in force goes on as it runs.
    pub(super) fn end_trial(&self, audit: crate::store::NewAudit, module: InstalledModule) -> Result<(), Error> {
        let change = Change { running_modules: vec![module.clone()], audit: Some(audit), ..Change::default() };
        self.commit(change)?;
        self.trials.end(&module.name);
        if module.role == Role::Policy {
            let mut chain = self.policies.chain().as_ref().clone();
            if let Some(running) = chain.iter_mut().find(|running| running.installed.name == module.name) {
                let loaded = running.loaded.clone();
                *running = LoadedPolicyModule { installed: module, loaded, tried: None };
            }
            self.policies.replace(chain);
        }
        Ok(())
    }

    /// Starts an exit module that was stopped for a change, whatever became of the change: as the database has it now,
    /// or, where it cannot be asked, as it was known last. What is ready of it goes on.
    pub(super) fn resume(
        &self,
        name: &str,
        last: Option<InstalledModule>,
        ready: Vec<(InstalledModule, Option<ReadyExit>)>,
    ) {
        let now = match self.installed(name) {
            Ok(now) => Some(now),
            Err(Error::NotFound(_)) => None,
            Err(_) => last,
        };
        if let Some(module) = now.filter(|module| module.role == Role::Exit && module.enabled) {
            let same = |of: &InstalledModule| of.version() == module.version() && of.versions == module.versions;
            let ready = ready.into_iter().find(|(of, _)| same(of)).and_then(|(_, ready)| ready);
            self.exits.start(module, ready);
        }
    }

    /// The file with the code of a module that is about to be installed, of which a copy is kept from now on. Where the operator
    /// has seen a digest, it must be that of this file.
    pub(super) fn code_kept(&self, module: &InstalledModule) -> Result<Option<Code>, Error> {
        let found = self.loader.code(module)?;
        if let Some(seen) = &module.versions.package.code {
            let now = found.as_ref().map_or("no file", |code| code.sha256.as_str());
            if now != seen.sha256 {
                let path = seen.path.display();
                return Err(Error::refused(format!(
                    "{path} is not what was shown: its SHA-256 was {}, and the server finds {now}",
                    seen.sha256
                )));
            }
        }
        found.as_ref().map_or(Ok(()), |code| self.loader.keep(code))?;
        Ok(found)
    }

    /// The file with the code of a module whose settings were changed. The same file keeps the digest it was installed with, and so
    /// does the same class, whatever is registered for it now; of another one a copy is kept.
    pub(super) fn code_after(&self, module: &InstalledModule) -> Result<Option<Code>, Error> {
        let recorded = module.versions.package.code.clone();
        match self.loader.code(module) {
            Ok(found) if found.as_ref().map(named) == recorded.as_ref().map(named) => Ok(recorded),
            Ok(found) => {
                found.as_ref().map_or(Ok(()), |code| self.loader.keep(code))?;
                Ok(found)
            }
            // It is gone or cannot be read now: that is for loading it to say.
            Err(_) => Ok(recorded),
        }
    }

    /// The file with the code of another version of a module, in which no other file is named. What is registered for a class is
    /// taken over as it is now: there is no other way to say that it is to be.
    pub(super) fn code_upgraded(&self, module: &InstalledModule) -> Result<Option<Code>, Error> {
        match self.code_after(module)? {
            Some(Code { class: Some(_), .. }) => Ok(self.loader.code(module)?),
            file => Ok(file),
        }
    }

    /// Holds off every other change of modules. When it ends, well or not, copies of code that no version refers to are given up.
    pub(super) fn changing(&self) -> impl Drop + '_ {
        Changing { engine: self, _lock: self.modules.lock() }
    }

    /// Gives up copies of code that no version of a module refers to.
    pub(crate) fn sweep_code(&self) {
        match self.site.store.modules() {
            Ok(modules) => {
                let codes: Vec<&Code> = modules.iter().flat_map(|module| module.versions.codes()).collect();
                self.loader.keep_only(&codes);
            }
            Err(error) => tracing::warn!("copies of modules that nobody needs stay for now: {error}"),
        }
    }
}

/// What the settings say of the code: its class, or its file.
fn named(code: &Code) -> Result<&str, &Path> {
    code.class.as_deref().ok_or(code.path.as_path())
}

/// A change of modules under way.
struct Changing<'e> {
    engine: &'e Engine,
    _lock: MutexGuard<'e, ()>,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.engine.sweep_code();
    }
}
