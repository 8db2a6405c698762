//! `exeunt module`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use frontends::client::{escape, with_query};
use frontends::model::{
    Delivery, DeliveryState, DigestCheck, List, Module as Installed, ModuleChange, ModuleKind, ModuleOptionsChange,
    ModuleRole, ModuleState, Rewind,
};
use module::{HResult, nearest};
use serde_json::json;

use super::Context;
use super::connection::Connection;
use super::input::pair;
use super::module_add::Add;
use super::module_show::{delivery_table, kind, show, table};
use super::module_start::{show_started, suspended};
use super::module_upgrade::{Rollback, Upgrade};
use super::output::clean;
use super::{module_record, module_replay, module_tail, module_test};
use crate::Error;
use crate::error::Kind;

/// Exit and policy modules.
#[derive(Debug, Subcommand)]
pub enum Module {
    /// List installed modules
    List {
        /// The kinds that can be installed, and their settings
        #[arg(long)]
        available: bool,
        /// Only these kinds
        #[arg(value_name = "KIND", requires = "available")]
        kinds: Vec<String>,
    },
    /// Make a project for a module of your own
    New(super::module_new::New),
    /// Write what modules are built with into a folder, or renew it there
    Sdk(super::module_sdk::Sdk),
    /// Install a module and start it
    Add(Add),
    /// Show a module: its settings and how it does
    Show {
        /// The module
        name: String,
    },
    /// Change a module's settings and how it is driven
    Set(Set),
    /// Install another version of a module: it takes over at the next event or request
    Upgrade(Upgrade),
    /// Put the version on trial into force
    Promote {
        /// The module
        name: String,
    },
    /// End the trial of a version, or go back to the version before
    Rollback(Rollback),
    /// Switch a module on; it goes on where it stopped
    Enable {
        /// The module
        name: String,
    },
    /// Switch a module off; it keeps its place
    Disable {
        /// The module
        name: String,
    },
    /// Remove a module, its place and its parked events
    Remove {
        /// The module
        name: String,
    },
    /// Move a module's place among the events
    Rewind {
        /// The module
        name: String,
        /// now, beginning, an event's number, or a time
        to: String,
    },
    /// Try a module against the contract: no server, no database, no network
    Test(module_test::Test),
    /// Write a stretch of the event log to a file, to play it to a module
    Record(module_record::Record),
    /// Play a recording to a module, in the laboratory
    Replay(module_replay::Replay),
    /// Follow events as they happen
    Tail(module_tail::Tail),
    /// List the events a module failed: those that wait for another attempt, and those that are parked
    Events {
        /// The module
        name: String,
        /// Events after this one
        #[arg(long, value_name = "EVENT", default_value_t = 0)]
        after: u64,
        /// The most rows
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Deliver a parked or waiting event again, now
    #[command(group = ArgGroup::new("events").required(true).args(["event", "all"]))]
    #[command(override_usage = "exeunt module retry [OPTIONS] <NAME> <EVENT|--all>")]
    Retry {
        /// The module
        name: String,
        /// The event's number
        event: Option<u64>,
        /// Every event that is parked or waits
        #[arg(long)]
        all: bool,
    },
    /// Give a parked or waiting event up for good
    Drop {
        /// The module
        name: String,
        /// The event's number
        event: u64,
    },
}

/// Options of `module set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The module
    name: String,
    /// A setting
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// A setting, as `add` and `upgrade` take it (may be repeated)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Take a setting away (may be repeated)
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    #[command(flatten)]
    options: Options,
}

/// How a module is driven.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// Whether the answer to a requester waits for the module
    #[arg(long, value_name = "HOW")]
    delivery: Option<DeliveryMode>,
    /// Events handled at once, 1 to 64; those of one request stay in order
    #[arg(long, value_name = "N")]
    workers: Option<u32>,
    /// Milliseconds one call may take
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
    /// Deliveries of one event before it is parked
    #[arg(long, value_name = "N")]
    attempts_max: Option<u32>,
    /// Milliseconds before the second delivery; doubles with each
    #[arg(long, value_name = "MS")]
    retry_ms_min: Option<u64>,
    /// Milliseconds that the wait between deliveries grows to
    #[arg(long, value_name = "MS")]
    retry_ms_max: Option<u64>,
    /// What to do where the file with the module's code is not the one that was installed
    #[arg(long, value_name = "WHAT")]
    digest: Option<Digest>,
}

/// What is done with a module whose code has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Digest {
    /// What nobody has added is run, with a warning
    Warn,
    /// The copy of what was added is run instead; without one the module is refused
    Enforce,
}

/// What a module does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Is told afterwards.
    Exit,
    /// Is asked before.
    Policy,
}

/// Whether an answer waits for a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeliveryMode {
    /// No: events wait in the queue.
    Queued,
    /// Yes, at most for the module's time limit.
    Inline,
}

impl From<Role> for ModuleRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Exit => Self::Exit,
            Role::Policy => Self::Policy,
        }
    }
}

impl Options {
    /// The options to change.
    pub(super) fn change(&self) -> ModuleOptionsChange {
        ModuleOptionsChange {
            inline: self.delivery.map(|mode| mode == DeliveryMode::Inline),
            workers: self.workers,
            timeout_ms: self.timeout_ms,
            attempts_max: self.attempts_max,
            retry_ms_min: self.retry_ms_min,
            retry_ms_max: self.retry_ms_max,
            digest: self.digest.map(|digest| match digest {
                Digest::Warn => DigestCheck::Warn,
                Digest::Enforce => DigestCheck::Enforce,
            }),
        }
    }
}

impl Module {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Self::List { available: true, kinds } => {
                let mut all: List<ModuleKind> = context.connect()?.get("/v1/module-kinds")?;
                choose(&mut all.items, &kinds)?;
                context.output().show(&all, |all| all.items.iter().map(kind).collect())?;
            }
            Self::List { available: false, .. } => {
                let modules: List<Installed> = context.connect()?.get("/v1/modules")?;
                context.output().show(&modules, |modules| table(&modules.items))?;
            }
            Self::New(new) => return new.run(context),
            Self::Sdk(sdk) => return sdk.run(context),
            Self::Test(test) => return test.run(context),
            Self::Record(record) => return record.run(context),
            Self::Replay(replay) => return replay.run(context),
            Self::Tail(tail) => return tail.run(context),
            Self::Add(add) => add.run(context)?,
            Self::Show { name } => {
                let module: Installed = context.connect()?.get(&path(&name))?;
                context.output().show(&module, show)?;
                if module.state == ModuleState::Suspended {
                    context.output().warning(&suspended(&name));
                }
                if module.parked > 0 || module.state == ModuleState::Retrying {
                    context.output().hint(&format!(
                        "what it failed: exeunt module events {name}; once more, now: exeunt module retry {name} --all"
                    ));
                }
            }
            Self::Set(set) => set.run(context)?,
            Self::Upgrade(upgrade) => upgrade.run(context)?,
            Self::Promote { name } => act(context, &name, "promote")?,
            Self::Rollback(rollback) => rollback.run(context)?,
            Self::Enable { name } => act(context, &name, "enable")?,
            Self::Disable { name } => {
                act(context, &name, "disable")?;
                warn_without_policy(context)?;
            }
            Self::Remove { name } => {
                context.connect()?.delete(&path(&name))?;
                done(context, &name, "removed")?;
                warn_without_policy(context)?;
            }
            Self::Rewind { name, to } => {
                let connection = context.connect()?;
                let rewind = || connection.post(&format!("{}/rewind", path(&name)), &Rewind { to });
                show_started(context, &connection, &name, "", rewind)?;
            }
            Self::Events { name, after, limit } => events(context, &name, after, limit)?,
            Self::Retry { name, event: Some(event), .. } => {
                retry(&context.connect()?, &name, event)?;
                done(context, &name, &format!("event {event} is delivered again now"))?;
            }
            Self::Retry { name, event: None, .. } => {
                let told = match retry_all(&context.connect()?, &name)? {
                    0 => "no event waits or is parked".to_owned(),
                    1 => "1 event is delivered again now".to_owned(),
                    count => format!("{count} events are delivered again now"),
                };
                done(context, &name, &told)?;
            }
            Self::Drop { name, event } => {
                context.connect()?.order(&format!("{}/deliveries/{event}/drop", path(&name)))?;
                done(context, &name, &format!("spared event {event}"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Set {
    fn run(self, context: &Context) -> Result<(), Error> {
        let set = self.settings.into_iter().chain(self.set).map(|(name, value)| (name, Some(value)));
        let settings: BTreeMap<String, Option<String>> =
            set.chain(self.unset.iter().map(|name| (name.clone(), None))).collect();
        let options = self.options.change();
        let options = (options != ModuleOptionsChange::default()).then_some(options);
        if settings.is_empty() && options.is_none() {
            return Err(Error::usage("nothing was said to be changed")
                .next("give NAME=VALUE, --unset NAME or an option such as --workers N"));
        }
        let connection = context.connect()?;
        refuse_unset(&connection, &self.name, &self.unset)?;
        let change = ModuleChange { settings, options };
        show_started(context, &connection, &self.name, "", || {
            let changed = connection.patch(&path(&self.name), &change);
            changed.map_err(|error: Error| match error.code {
                Some(HResult::E_INVALIDARG) if error.next.is_empty() => {
                    error.next(format!("its settings: exeunt module show {}", self.name))
                }
                _ => error,
            })
        })
    }
}

/// Leaves only the kinds of these names; all of them where there are no names.
fn choose(kinds: &mut Vec<ModuleKind>, names: &[String]) -> Result<(), Error> {
    if let Some(unknown) = names.iter().find(|name| !kinds.iter().any(|kind| kind.name == **name)) {
        let meant = nearest::question_or_all(unknown, "there are", kinds.iter().map(|kind| kind.name.as_str()));
        return Err(Error::new(Kind::NotFound, format!("there is no kind of module `{unknown}`{meant}")));
    }
    kinds.retain(|kind| names.is_empty() || names.contains(&kind.name));
    Ok(())
}

/// Says so where no policy module is left to decide about requests: then each of them fails.
fn warn_without_policy(context: &Context) -> Result<(), Error> {
    let modules: List<Installed> = context.connect()?.get("/v1/modules")?;
    let mut policies = modules.items.iter().filter(|module| module.role == ModuleRole::Policy).peekable();
    let next = match policies.peek() {
        Some(module) => format!("exeunt module enable {}", clean(&module.name)),
        None => "exeunt module add default --role policy".to_owned(),
    };
    if !policies.any(|module| module.enabled) {
        context.output().warning(&format!("no policy module is enabled, and every request fails until one is: {next}"));
    }
    Ok(())
}

fn act(context: &Context, name: &str, verb: &str) -> Result<(), Error> {
    let connection = context.connect()?;
    show_started(context, &connection, name, "", || connection.act(&format!("{}/{verb}", path(name))))
}

fn done(context: &Context, name: &str, what: &str) -> Result<(), Error> {
    context.output().show(&json!({ "module": name, "done": what }), |_| format!("{name}: {what}\n"))
}

/// Refuses to take away a setting that is not set: it is misspelt.
pub(super) fn refuse_unset(connection: &Connection, name: &str, unset: &[String]) -> Result<(), Error> {
    if unset.is_empty() {
        return Ok(());
    }
    let module: Installed = connection.get(&path(name))?;
    let is_set =
        |name: &str| module.settings.contains_key(name) || module.settings.contains_key(&format!("setting.{name}"));
    match unset.iter().find(|name| !is_set(name)) {
        None => Ok(()),
        Some(unknown) => Err(Error::usage(format!("the setting `{unknown}` of {name} is not set"))
            .next(format!("what is set: exeunt module show {name}"))),
    }
}

fn retry(connection: &Connection, name: &str, event: u64) -> Result<(), Error> {
    connection.order(&format!("{}/deliveries/{event}/retry", path(name)))
}

/// Has every event that is parked or waits delivered again, lowest first. Returns how many there were.
fn retry_all(connection: &Connection, name: &str) -> Result<u64, Error> {
    let (mut after, mut count) = (0, 0);
    loop {
        let deliveries = deliveries(connection, name, after, 1_000)?;
        let Some(last) = deliveries.items.last() else { return Ok(count) };
        after = last.event;
        for delivery in &deliveries.items {
            match retry(connection, name, delivery.event) {
                Ok(()) => count += 1,
                // It was delivered meanwhile.
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn deliveries(connection: &Connection, name: &str, after: u64, limit: u32) -> Result<List<Delivery>, Error> {
    let (after, limit) = (after.to_string(), limit.to_string());
    connection.get(&with_query(&format!("{}/deliveries", path(name)), &[("after", &after), ("limit", &limit)]))
}

/// The path of a module in the admin API.
pub(super) fn path(name: &str) -> String {
    format!("/v1/modules/{}", escape(name))
}

fn events(context: &Context, name: &str, after: u64, limit: u32) -> Result<(), Error> {
    let connection = context.connect()?;
    let deliveries = deliveries(&connection, name, after, limit)?;
    context.output().show(&deliveries, |deliveries| delivery_table(&deliveries.items))?;
    if deliveries.items.is_empty() && connection.get::<Installed>(&path(name))?.role == ModuleRole::Policy {
        context.output().hint(&format!(
            "{name} is a policy module, which is asked and not told of events; what it failed last: exeunt module show {name}; the \
             requests: exeunt request list disposition=failed"
        ));
    }
    if deliveries.items.iter().any(|delivery| delivery.state == DeliveryState::Parked) {
        context.output().hint(&format!(
            "deliver a parked one again: exeunt module retry {name} EVENT, or --all; give it up: exeunt module drop {name} EVENT"
        ));
    }
    Ok(())
}
