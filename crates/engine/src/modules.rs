//! Installing, changing and removing modules, live.

mod change;
mod checks;
mod deliveries;
mod status;
mod versions;

use std::str::FromStr;

use jiff::Timestamp;
use module::{EventId, HResult, Role, Settings};
use serde_json::json;

pub use status::ModuleStatus;
pub use versions::{NewVersion, TrialOrder};

use crate::audit::Act;
use crate::roles::{Authorised, right};
use crate::store::{Change, InstalledModule, ModuleOptions, Package, Versions};
use crate::{Engine, Error};

/// A module to be installed.
#[derive(Clone, Debug)]
pub struct NewModule {
    /// The name the operator will know it by: letters, digits, `.`, `_`, `-`, at most 64 of them.
    pub name: String,
    /// What runs it.
    pub kind: String,
    /// What it does.
    pub role: Role,
    /// Its settings.
    pub settings: Settings,
    /// How it is driven.
    pub options: ModuleOptions,
    /// Which events an exit module is told first.
    pub start: StartFrom,
    /// Its place among modules of its role; none: last.
    pub position: Option<u32>,
}

/// Where in the sequence of events a module starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// With the next event.
    Now,
    /// With the oldest event kept.
    Beginning,
    /// With this event.
    Event(EventId),
    /// With the first event at or after this moment.
    Time(Timestamp),
}

impl FromStr for StartFrom {
    type Err = Error;

    /// `now`, `beginning`, an event's number, or a date or time.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "now" => Ok(Self::Now),
            "beginning" => Ok(Self::Beginning),
            text => match text.parse() {
                Ok(id) => Ok(Self::Event(EventId(id))),
                Err(_) => module::moment::parse(text).map(Self::Time).map_err(|_| {
                    Error::refused(format!(
                        "`{text}` is no place to start; write now, beginning, an event number, or a time"
                    ))
                }),
            },
        }
    }
}

impl Engine {
    /// Every installed module, policy modules first, in order.
    pub fn modules(&self, _by: &Authorised<right::Read>) -> Result<Vec<ModuleStatus>, Error> {
        let mut installed = self.site.store.modules()?;
        installed.sort_by_key(|module| (module.role == Role::Exit, module.position));
        installed.into_iter().map(|module| self.shown(module)).collect()
    }

    /// One module.
    pub fn module(&self, _by: &Authorised<right::Read>, name: &str) -> Result<ModuleStatus, Error> {
        self.shown(self.installed(name)?)
    }

    /// Installs a module that has no manifest and starts it: a policy module decides from the next request, an exit module is
    /// told events from `start`.
    pub fn add_module(&self, by: &Authorised<right::Administer>, new: NewModule) -> Result<ModuleStatus, Error> {
        self.install_module(by, new, Package::default())
    }

    /// Installs a module, as [`add_module`](Self::add_module), from a package: settings may go by the names its manifest
    /// gives them. A digest in the package is that of the file the operator has seen; another file is refused.
    pub fn install_module(
        &self,
        by: &Authorised<right::Administer>,
        new: NewModule,
        package: Package,
    ) -> Result<ModuleStatus, Error> {
        let _changing = self.changing();
        checks::check_name(&new.name)?;
        checks::check_options(&new.options)?;
        let manifest = checks::manifest(&package, &new.kind, new.role)?;
        let installed = self.site.store.modules()?;
        let last = installed.iter().filter(|module| module.role == new.role).map(|module| module.position + 1).max();
        let mut module = InstalledModule {
            cursor: self.cursor(new.start)?,
            name: new.name,
            kind: new.kind,
            role: new.role,
            settings: checks::qualified(manifest.as_ref(), new.settings.iter()).collect(),
            options: new.options,
            enabled: true,
            position: new.position.unwrap_or(last.unwrap_or(0)),
            installed: self.site.now(),
            versions: Versions { package, ..Versions::default() },
        };
        self.loader.check(&module)?;
        if installed.iter().any(|other| other.name == module.name) {
            let name = &module.name;
            let text = format!(
                "there is a module `{name}` already; take over another version of it (exeunt module upgrade {name} PATH), remove \
                 it, or choose another name"
            );
            return Err(Error::conflict(HResult::ERROR_OBJECT_EXISTS, text));
        }
        module.versions.package.code = self.code_kept(&module)?;
        let more = [("role", json!(module.role)), ("from", json!(module.cursor))];
        let detail = checks::version_detail(&module.name, &module.version(), more);
        self.change_module(by, Act::ModuleAdded, detail, module)
    }

    /// Changes settings (`None` removes one) and options, and restarts the module with them. The options are changed as they
    /// stand when it is this change's turn.
    pub fn set_module(
        &self,
        by: &Authorised<right::Administer>,
        name: &str,
        settings: Vec<(String, Option<String>)>,
        options: Option<&dyn Fn(&ModuleOptions) -> ModuleOptions>,
    ) -> Result<ModuleStatus, Error> {
        let _changing = self.changing();
        let mut module = self.installed(name)?;
        if !settings.is_empty() && module.versions.canary.is_some() {
            return Err(versions::on_trial(&module));
        }
        let manifest = module.versions.package.manifest()?;
        // Values may be secrets: the audit trail names what was set, not what to.
        let names = checks::set_all(&mut module.settings, manifest.as_ref(), settings);
        if let Some(options) = options {
            module.options = options(&module.options);
        }
        checks::check_options(&module.options)?;
        self.loader.check(&module)?;
        module.versions.package.code = self.code_after(&module)?;
        let detail = json!({ "module": name, "settings": names, "options": module.options });
        self.change_module(by, Act::ModuleChanged, detail, module)
    }

    /// Starts a disabled module where it stood.
    pub fn enable_module(&self, by: &Authorised<right::Administer>, name: &str) -> Result<ModuleStatus, Error> {
        let _changing = self.changing();
        let module = InstalledModule { enabled: true, ..self.installed(name)? };
        self.change_module(by, Act::ModuleEnabled, json!({ "module": name }), module)
    }

    /// Stops a module. It keeps its place: events wait for it, as long as they are kept.
    pub fn disable_module(&self, by: &Authorised<right::Administer>, name: &str) -> Result<ModuleStatus, Error> {
        let _changing = self.changing();
        let module = InstalledModule { enabled: false, ..self.installed(name)? };
        self.change_module(by, Act::ModuleDisabled, json!({ "module": name }), module)
    }

    /// Stops a module and forgets it, its place and its parked events.
    pub fn remove_module(&self, by: &Authorised<right::Administer>, name: &str) -> Result<(), Error> {
        let _changing = self.changing();
        let module = self.installed(name)?;
        let detail = checks::version_detail(name, &module.version(), []);
        let audit = Act::ModuleRemoved.entry(&by.caller().name, self.site.now(), None, detail);
        self.exits.stop(name);
        let change = Change { removed_modules: vec![name.to_owned()], audit: Some(audit), ..Change::default() };
        if let Err(error) = self.commit(change) {
            self.resume(name, Some(module), Vec::new());
            return Err(error);
        }
        if module.role == Role::Policy {
            let mut chain = self.policies.chain().as_ref().clone();
            chain.retain(|running| running.installed.name != name);
            self.policies.replace(chain);
        }
        Ok(())
    }

    fn installed(&self, name: &str) -> Result<InstalledModule, Error> {
        let installed = self.site.store.modules()?.into_iter().find(|module| module.name == name);
        installed.ok_or_else(|| Error::NotFound(format!("a module named `{name}`")))
    }

    /// The event before the first one a module is told.
    pub(crate) fn cursor(&self, start: StartFrom) -> Result<EventId, Error> {
        let store = &self.site.store;
        let (head, _) = store.event_head()?;
        let (tail, _) = store.event_tail()?;
        let oldest = EventId(tail.0.saturating_sub(1));
        match start {
            StartFrom::Now => Ok(head),
            StartFrom::Beginning => Ok(oldest),
            StartFrom::Event(id) if id.0 == 0 || id.0 > head.0 + 1 || id <= oldest => {
                Err(Error::refused(format!("event {id} is not there: events {tail} to {head} are kept")))
            }
            StartFrom::Event(id) => Ok(EventId(id.0 - 1)),
            StartFrom::Time(moment) => Ok(store.event_before(moment)?),
        }
    }
}
