//! Installing, changing and removing modules, live.

use std::str::FromStr;

use jiff::Timestamp;
use module::{EventId, ExitEvents, HResult, ModuleError, Role, Settings};
use serde_json::json;

use crate::audit::Act;
use crate::exits::ModuleState;
use crate::policies::Policies;
use crate::roles::{Authorised, right};
use crate::store::{Change, Delivery, DeliveryState, InstalledModule, ModuleOptions};
use crate::{Engine, Error};

/// Deliveries of one answer at most.
const DELIVERIES_MAX: usize = 1_000;

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

/// How a module is doing.
#[derive(Clone, Debug)]
pub struct ModuleStatus {
    /// As it is installed; the cursor is where it stands now.
    pub installed: InstalledModule,
    /// What the module says of itself.
    pub description: String,
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
    /// Every installed module, policy modules first, in order.
    pub fn modules(&self, _by: &Authorised<right::Read>) -> Result<Vec<ModuleStatus>, Error> {
        let mut installed = self.site.store.modules()?;
        installed.sort_by_key(|module| (module.role == Role::Exit, module.position));
        installed.into_iter().map(|module| self.status(module)).collect()
    }

    /// One module.
    pub fn module(&self, _by: &Authorised<right::Read>, name: &str) -> Result<ModuleStatus, Error> {
        self.status(self.installed(name)?)
    }

    /// Installs a module and starts it: a policy module decides from the next request, an exit module is told events
    /// from `start`.
    pub fn add_module(&self, by: &Authorised<right::Administer>, new: NewModule) -> Result<ModuleStatus, Error> {
        let _changing = self.modules.lock();
        check_name(&new.name)?;
        check_options(&new.options)?;
        self.loader.check(new.role, &new.kind, &new.settings)?;
        let installed = self.site.store.modules()?;
        if installed.iter().any(|module| module.name == new.name) {
            let text = format!("there is a module `{}` already; remove it, or choose another name", new.name);
            return Err(Error::conflict(HResult::ERROR_OBJECT_EXISTS, text));
        }
        let last = installed.iter().filter(|module| module.role == new.role).map(|module| module.position + 1).max();
        let module = InstalledModule {
            cursor: self.cursor(new.start)?,
            name: new.name,
            kind: new.kind,
            role: new.role,
            settings: new.settings,
            options: new.options,
            enabled: true,
            position: new.position.unwrap_or(last.unwrap_or(0)),
            installed: self.site.now(),
        };
        let detail = json!({ "module": module.name, "kind": module.kind, "role": module.role, "from": module.cursor });
        self.change_module(by, Act::ModuleAdded, detail, module)
    }

    /// Changes settings (`None` removes one) and options, and restarts the module with them.
    pub fn set_module(
        &self,
        by: &Authorised<right::Administer>,
        name: &str,
        settings: Vec<(String, Option<String>)>,
        options: Option<ModuleOptions>,
    ) -> Result<ModuleStatus, Error> {
        let _changing = self.modules.lock();
        let mut module = self.installed(name)?;
        // Values may be secrets: the audit trail names what was set, not what to.
        let names: Vec<String> = settings.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in settings {
            match value {
                Some(value) => module.settings.set(name, value),
                None => module.settings.unset(&name),
            }
        }
        module.options = options.unwrap_or(module.options);
        check_options(&module.options)?;
        self.loader.check(module.role, &module.kind, &module.settings)?;
        let detail = json!({ "module": name, "settings": names, "options": module.options });
        self.change_module(by, Act::ModuleChanged, detail, module)
    }

    /// Starts a disabled module where it stood.
    pub fn enable_module(&self, by: &Authorised<right::Administer>, name: &str) -> Result<ModuleStatus, Error> {
        let _changing = self.modules.lock();
        let module = InstalledModule { enabled: true, ..self.installed(name)? };
        self.change_module(by, Act::ModuleEnabled, json!({ "module": name }), module)
    }

    /// Stops a module. It keeps its place: events wait for it, as long as they are kept.
    pub fn disable_module(&self, by: &Authorised<right::Administer>, name: &str) -> Result<ModuleStatus, Error> {
        let _changing = self.modules.lock();
        let module = InstalledModule { enabled: false, ..self.installed(name)? };
        self.change_module(by, Act::ModuleDisabled, json!({ "module": name }), module)
    }

    /// Stops a module and forgets it, its place and its parked events.
    pub fn remove_module(&self, by: &Authorised<right::Administer>, name: &str) -> Result<(), Error> {
        let _changing = self.modules.lock();
        let module = self.installed(name)?;
        let audit = Act::ModuleRemoved.entry(
            &by.caller().name,
            self.site.now(),
            None,
            json!({ "module": name, "kind": module.kind }),
        );
        self.exits.stop(name);
        let change = Change { removed_modules: vec![name.to_owned()], audit: Some(audit), ..Change::default() };
        if let Err(error) = self.commit(change) {
            self.resume(name, Some(module));
            return Err(error);
        }
        if module.role == Role::Policy {
            let mut chain = self.policies.chain().as_ref().clone();
            chain.retain(|running| running.installed.name != name);
            self.policies.replace(chain);
        }
        Ok(())
    }

    /// Sets an exit module's place: events from there on are delivered (again), and those that it jumps over are not.
    /// Events parked for it, or retried by hand, stay so where they lie behind both places.
    pub fn rewind_module(
        &self,
        by: &Authorised<right::Administer>,
        name: &str,
        start: StartFrom,
    ) -> Result<ModuleStatus, Error> {
        let _changing = self.modules.lock();
        let module = self.installed(name)?;
        if module.role != Role::Exit {
            return Err(Error::refused(format!("`{name}` is a policy module: it has no place among events")));
        }
        let cursor = self.cursor(start)?;
        self.exits.stop(name);
        let audit = Act::ModuleRewound.entry(
            &by.caller().name,
            self.site.now(),
            None,
            json!({ "module": name, "after": cursor }),
        );
        let moved = self.installed(name).and_then(|before| {
            // What lies beyond the new place is delivered in its turn; what blocks the way is jumped over.
            let settled = self.all_deliveries(name)?.into_iter().filter(|delivery| {
                let blocks = matches!(delivery.state, DeliveryState::Waiting(_)) && delivery.event > before.cursor;
                delivery.event > cursor || blocks
            });
            let settled = settled.map(|delivery| (delivery.module, delivery.event)).collect();
            let rewound = InstalledModule { cursor, ..before };
            let modules = vec![rewound.clone()];
            self.commit(Change { modules, settled, audit: Some(audit), ..Change::default() }).map(|_| rewound)
        });
        self.resume(name, Some(moved.as_ref().unwrap_or(&module).clone()));
        moved?;
        self.status(self.installed(name)?)
    }

    /// Events of a module that wait for another attempt or are parked, numbered above `after`.
    pub fn deliveries(
        &self,
        _by: &Authorised<right::Read>,
        name: &str,
        after: EventId,
        limit: usize,
    ) -> Result<Vec<Delivery>, Error> {
        self.installed(name)?;
        Ok(self.site.store.deliveries(name, after, limit.clamp(1, DELIVERIES_MAX))?)
    }

    /// Delivers a parked event once more, or one that waits at once.
    pub fn retry_delivery(&self, by: &Authorised<right::Administer>, name: &str, event: EventId) -> Result<(), Error> {
        let _changing = self.modules.lock();
        let now = self.site.now();
        let delivery = Delivery { state: DeliveryState::Waiting(now), ..self.delivery(name, event)? };
        let audit = Act::DeliveryRetried.entry(&by.caller().name, now, None, json!({ "module": name, "event": event }));
        self.commit(Change { deliveries: vec![delivery], audit: Some(audit), ..Change::default() })?;
        self.reload(name);
        Ok(())
    }

    /// Gives up an event for a module, for good.
    pub fn drop_delivery(&self, by: &Authorised<right::Administer>, name: &str, event: EventId) -> Result<(), Error> {
        let _changing = self.modules.lock();
        self.delivery(name, event)?;
        let audit = Act::DeliveryDropped.entry(
            &by.caller().name,
            self.site.now(),
            None,
            json!({ "module": name, "event": event }),
        );
        self.commit(Change { settled: vec![(name.to_owned(), event)], audit: Some(audit), ..Change::default() })?;
        self.reload(name);
        Ok(())
    }

    /// Makes a change of one module durable, then real. A policy module that cannot be loaded is not installed.
    fn change_module(
        &self,
        by: &Authorised<right::Administer>,
        act: Act,
        detail: serde_json::Value,
        mut module: InstalledModule,
    ) -> Result<ModuleStatus, Error> {
        let audit = act.entry(&by.caller().name, self.site.now(), None, detail);
        let change = |module: &InstalledModule| Change {
            modules: vec![module.clone()],
            audit: Some(audit),
            ..Change::default()
        };
        match module.role {
            Role::Policy => {
                let loaded = module
                    .enabled
                    .then(|| Policies::load(&self.site, self.loader.as_ref(), module.clone()))
                    .transpose()?;
                let mut chain = self.policies.chain().as_ref().clone();
                chain.retain(|running| running.installed.name != module.name);
                chain.extend(loaded);
                self.commit(change(&module))?;
                self.policies.replace(chain);
            }
            Role::Exit => {
                let before = (act != Act::ModuleAdded).then(|| self.installed(&module.name)).transpose()?;
                self.exits.stop(&module.name);
                // Its dispatcher moved the cursor until it had stopped.
                let stopped = before.as_ref().map(|before| self.installed(&before.name)).transpose();
                let made = stopped.and_then(|stopped| {
                    module.cursor = stopped.map_or(module.cursor, |stopped| stopped.cursor);
                    self.commit(change(&module))
                });
                self.resume(&module.name, if made.is_ok() { Some(module.clone()) } else { before });
                made?;
            }
        }
        self.status(self.installed(&module.name)?)
    }

    /// Starts an exit module that was stopped for a change, whatever became of the change: as the database has it now,
    /// or, where it cannot be asked, as it was known last.
    fn resume(&self, name: &str, last: Option<InstalledModule>) {
        let now = match self.installed(name) {
            Ok(now) => Some(now),
            Err(Error::NotFound(_)) => None,
            Err(_) => last,
        };
        if let Some(module) = now.filter(|module| module.role == Role::Exit && module.enabled) {
            self.exits.start(module);
        }
    }

    fn installed(&self, name: &str) -> Result<InstalledModule, Error> {
        let installed = self.site.store.modules()?.into_iter().find(|module| module.name == name);
        installed.ok_or_else(|| Error::NotFound(format!("a module named `{name}`")))
    }

    fn delivery(&self, name: &str, event: EventId) -> Result<Delivery, Error> {
        self.installed(name)?;
        let before = EventId(event.0.saturating_sub(1));
        let found = self.site.store.deliveries(name, before, 1)?.into_iter().find(|delivery| delivery.event == event);
        found.ok_or_else(|| Error::NotFound(format!("event {event} among those that wait or are parked for `{name}`")))
    }

    fn all_deliveries(&self, name: &str) -> Result<Vec<Delivery>, Error> {
        let mut all: Vec<Delivery> = Vec::new();
        loop {
            let after = all.last().map_or(EventId(0), |delivery| delivery.event);
            let batch = self.site.store.deliveries(name, after, DELIVERIES_MAX)?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }

    fn reload(&self, name: &str) {
        if let Some(dispatcher) = self.exits.dispatcher(name) {
            dispatcher.reload();
        }
    }

    /// The event before the first one a module is told.
    fn cursor(&self, start: StartFrom) -> Result<EventId, Error> {
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
            status.health = (policy.loaded.health)();
        }
        Ok(status)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !name.starts_with(['.', '-']);
    if fits {
        return Ok(());
    }
    Err(Error::refused(format!("`{name}` is no name for a module; take letters, digits, `.`, `_` and `-`, at most 64")))
}

fn check_options(options: &ModuleOptions) -> Result<(), Error> {
    let ModuleOptions { workers, timeout_ms, attempts_max, retry_ms_min, retry_ms_max, inline: _ } = *options;
    for (name, value, least, most) in [
        ("workers", u64::from(workers), 1, 64),
        ("timeout_ms", timeout_ms, 1, 3_600_000),
        ("attempts_max", u64::from(attempts_max), 1, 1_000_000),
        ("retry_ms_min", retry_ms_min, 1, 86_400_000),
        ("retry_ms_max", retry_ms_max, retry_ms_min, 86_400_000),
    ] {
        if !(least..=most).contains(&value) {
            return Err(Error::refused(format!("{name} is {value}; it must be between {least} and {most}")));
        }
    }
    Ok(())
}
