//! `exeunt module`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use frontends::client::{escape, with_query};
use frontends::model::{
    Delivery, DeliveryState, List, Module as Installed, ModuleChange, ModuleKind, ModuleOptionsChange, ModuleRole,
    ModuleState, NewModule, Rewind,
};
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::input::pair;
use super::module_source::Source;
use super::output::{BAD, Column, FAINT, Facts, GOOD, STRONG, Table, WAITING, ago_or_in, clean, moment};
use crate::Error;

/// Exit and policy modules.
#[derive(Debug, Subcommand)]
pub enum Module {
    /// List installed modules
    List {
        /// The kinds that can be installed, and their settings
        #[arg(long)]
        available: bool,
    },
    /// Install a module and start it
    Add(Add),
    /// Show a module: its settings and how it does
    Show {
        /// The module
        name: String,
    },
    /// Change a module's settings and how it is driven
    Set(Set),
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
    /// Deliver a parked event again
    Retry {
        /// The module
        name: String,
        /// The event's number
        event: u64,
    },
    /// Give a parked or waiting event up for good
    Drop {
        /// The module
        name: String,
        /// The event's number
        event: u64,
    },
}

/// Options of `module add`.
#[derive(Debug, Args)]
pub struct Add {
    /// A kind of module (see: module list --available), or the path of a program
    #[arg(value_name = "KIND|PATH")]
    source: String,
    /// The name you will know it by [default: the kind or the program's name]
    #[arg(long)]
    name: Option<String>,
    /// What it does
    #[arg(long, default_value = "exit")]
    role: Role,
    /// A setting (may be repeated)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// Which events it is told first: now, beginning, an event's number, or a time
    #[arg(long, value_name = "WHERE", default_value = "now")]
    from: String,
    /// Its place among modules of its role, from 0 [default: last]
    #[arg(long, value_name = "N")]
    position: Option<u32>,
    #[command(flatten)]
    options: Options,
}

/// Options of `module set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The module
    name: String,
    /// A setting
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
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

impl Options {
    fn change(&self) -> ModuleOptionsChange {
        ModuleOptionsChange {
            inline: self.delivery.map(|mode| mode == DeliveryMode::Inline),
            workers: self.workers,
            timeout_ms: self.timeout_ms,
            attempts_max: self.attempts_max,
            retry_ms_min: self.retry_ms_min,
            retry_ms_max: self.retry_ms_max,
        }
    }
}

impl Module {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Self::List { available: true } => {
                let kinds: List<ModuleKind> = context.connect()?.get("/v1/module-kinds")?;
                context.output().show(&kinds, |kinds| kinds.items.iter().map(kind).collect())?;
            }
            Self::List { available: false } => {
                let modules: List<Installed> = context.connect()?.get("/v1/modules")?;
                context.output().show(&modules, |modules| table(&modules.items))?;
            }
            Self::Add(add) => add.run(context)?,
            Self::Show { name } => {
                let module: Installed = context.connect()?.get(&path(&name))?;
                context.output().show(&module, show)?;
            }
            Self::Set(set) => set.run(context)?,
            Self::Enable { name } => act(context, &name, "enable")?,
            Self::Disable { name } => act(context, &name, "disable")?,
            Self::Remove { name } => {
                context.connect()?.delete(&path(&name))?;
                done(context, &name, "removed")?;
            }
            Self::Rewind { name, to } => {
                let module: Installed = context.connect()?.post(&format!("{}/rewind", path(&name)), &Rewind { to })?;
                context.output().show(&module, show)?;
            }
            Self::Events { name, after, limit } => events(context, &name, after, limit)?,
            Self::Retry { name, event } => {
                context.connect()?.order(&format!("{}/deliveries/{event}/retry", path(&name)))?;
                done(context, &name, &format!("told event {event} again"))?;
            }
            Self::Drop { name, event } => {
                context.connect()?.order(&format!("{}/deliveries/{event}/drop", path(&name)))?;
                done(context, &name, &format!("spared event {event}"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self, context: &Context) -> Result<(), Error> {
        let source = Source::work_out(&self.source)?;
        let name = self.name.unwrap_or_else(|| source.default_name());
        let settings: BTreeMap<String, String> = source.command().into_iter().chain(self.settings).collect();
        if let (Source::Program(path), Some(command)) = (&source, settings.get("command")) {
            context.output().hint(&format!(
                "{} is a program: kind {}, command={command}",
                path.display(),
                source.kind()
            ));
        }
        let new = NewModule {
            name,
            kind: source.kind().to_owned(),
            role: match self.role {
                Role::Exit => ModuleRole::Exit,
                Role::Policy => ModuleRole::Policy,
            },
            settings,
            options: self.options.change(),
            from: (self.role == Role::Exit).then_some(self.from),
            position: self.position,
        };
        let module: Installed = context.connect()?.post("/v1/modules", &new)?;
        context.output().show(&module, show)?;
        context.output().hint(&format!("how it does: exeunt module show {}", module.name));
        Ok(())
    }
}

impl Set {
    fn run(self, context: &Context) -> Result<(), Error> {
        let set = self.settings.into_iter().map(|(name, value)| (name, Some(value)));
        let settings: BTreeMap<String, Option<String>> =
            set.chain(self.unset.into_iter().map(|name| (name, None))).collect();
        let options = self.options.change();
        let options = (options != ModuleOptionsChange::default()).then_some(options);
        if settings.is_empty() && options.is_none() {
            return Err(Error::usage("nothing was said to be changed")
                .next("give NAME=VALUE, --unset NAME or an option such as --workers N"));
        }
        let module: Installed = context.connect()?.patch(&path(&self.name), &ModuleChange { settings, options })?;
        context.output().show(&module, show)
    }
}

fn act(context: &Context, name: &str, verb: &str) -> Result<(), Error> {
    let module: Installed = context.connect()?.act(&format!("{}/{verb}", path(name)))?;
    context.output().show(&module, show)
}

fn done(context: &Context, name: &str, what: &str) -> Result<(), Error> {
    context.output().show(&json!({ "module": name, "done": what }), |_| format!("{name}: {what}\n"))
}

fn path(name: &str) -> String {
    format!("/v1/modules/{}", escape(name))
}

fn state(module: &Installed) -> String {
    let (style, word) = match module.state {
        ModuleState::Starting => (WAITING, "starting"),
        ModuleState::Running => (GOOD, "running"),
        ModuleState::Retrying => (WAITING, "retrying"),
        ModuleState::Failed => (BAD, "failed"),
        ModuleState::Disabled => (FAINT, "disabled"),
        ModuleState::Stopped => (FAINT, "stopped"),
    };
    format!("{style}{word}{style:#}")
}

const fn role(role: ModuleRole) -> &'static str {
    match role {
        ModuleRole::Exit => "exit",
        ModuleRole::Policy => "policy",
    }
}

fn table(modules: &[Installed]) -> String {
    let mut table = Table::new([
        Column::long("NAME"),
        Column::text("ROLE"),
        Column::text("KIND"),
        Column::text("STATE"),
        Column::number("DELIVERED"),
        Column::number("LAG"),
        Column::number("PARKED"),
        Column::long("LAST FAILURE"),
    ]);
    for module in modules {
        let exit = module.role == ModuleRole::Exit;
        let number = |value: u64| if exit { value.to_string() } else { "-".into() };
        table.row([
            clean(&module.name),
            role(module.role).into(),
            clean(&module.kind),
            state(module),
            number(module.delivered),
            number(module.lag),
            number(module.parked),
            module.last_error.as_ref().map_or_else(|| "-".into(), |error| clean(&error.message)),
        ]);
    }
    table.render("no modules")
}

fn show(module: &Installed) -> String {
    let now = Timestamp::now();
    let mut facts = Facts::new()
        .styled(
            "module",
            format!(
                "{STRONG}{}{STRONG:#} {FAINT}({}, {}){FAINT:#}",
                clean(&module.name),
                role(module.role),
                clean(&module.kind)
            ),
        )
        .styled("state", state(module))
        .maybe("tried again", module.retry_at.map(|at| ago_or_in(at, now)))
        .maybe("says of itself", (!module.description.is_empty()).then_some(&module.description))
        .fact("installed", moment(module.installed, now));
    if module.role == ModuleRole::Exit {
        let options = &module.options;
        facts = facts
            .fact("events", if module.events.is_empty() { "-".into() } else { module.events.join(", ") })
            .fact("place", format!("event {} of {} (lag {})", module.cursor, module.head, module.lag))
            .fact("delivered", format!("{} ({:.1} a second lately)", module.delivered, module.rate_per_second))
            .fact("failed", module.failed)
            .fact("parked", module.parked)
            .maybe("last delivered", module.last_delivered.map(|at| moment(at, now)))
            .fact("delivery", if options.inline { "inline" } else { "queued" })
            .fact("workers", options.workers)
            .fact("time limit", format!("{} ms", options.timeout_ms))
            .fact(
                "attempts",
                format!("{}, {} ms to {} ms apart", options.attempts_max, options.retry_ms_min, options.retry_ms_max),
            );
    }
    if let Some(error) = &module.last_error {
        facts =
            facts.fact("last failure", format!("{}: {} ({})", ago_or_in(error.when, now), error.message, error.code));
    }
    let mut text = facts.render();
    if !module.settings.is_empty() {
        text.push_str(&format!("\n{STRONG}Settings{STRONG:#}\n"));
        for (name, value) in &module.settings {
            text.push_str(&format!("  {} = {}\n", clean(name), clean(value)));
        }
    }
    text
}

fn kind(kind: &ModuleKind) -> String {
    let roles = kind.roles.iter().map(|one| role(*one)).collect::<Vec<_>>().join(", ");
    let mut text =
        format!("{STRONG}{}{STRONG:#} {FAINT}({roles}){FAINT:#} {}\n", clean(&kind.name), clean(&kind.summary));
    let mut table = Table::new([Column::text("  SETTING"), Column::long("DEFAULT"), Column::long("MEANING")]);
    for setting in &kind.settings {
        let default = if setting.default.is_empty() { "(required)" } else { &setting.default };
        table.row([format!("  {}", clean(&setting.name)), clean(default), clean(&setting.meaning)]);
    }
    if !kind.settings.is_empty() {
        text.push_str(&table.render(""));
    }
    text.push('\n');
    text
}

fn events(context: &Context, name: &str, after: u64, limit: u32) -> Result<(), Error> {
    let (after, limit) = (after.to_string(), limit.to_string());
    let query = with_query(&format!("{}/deliveries", path(name)), &[("after", &after), ("limit", &limit)]);
    let deliveries: List<Delivery> = context.connect()?.get(&query)?;
    context.output().show(&deliveries, |deliveries| delivery_table(&deliveries.items))?;
    if deliveries.items.iter().any(|delivery| delivery.state == DeliveryState::Parked) {
        context.output().hint(&format!(
            "deliver a parked one again: exeunt module retry {name} EVENT; give it up: exeunt module drop {name} EVENT"
        ));
    }
    Ok(())
}

fn delivery_table(deliveries: &[Delivery]) -> String {
    let now = Timestamp::now();
    let mut table = Table::new([
        Column::number("EVENT"),
        Column::text("STATE"),
        Column::number("ATTEMPTS"),
        Column::text("LAST FAILED"),
        Column::text("NEXT"),
        Column::text("CODE"),
        Column::long("ERROR"),
    ]);
    for delivery in deliveries {
        let state = match delivery.state {
            DeliveryState::Waiting => format!("{WAITING}waiting{WAITING:#}"),
            DeliveryState::Parked => format!("{BAD}parked{BAD:#}"),
        };
        table.row([
            delivery.event.to_string(),
            state,
            delivery.attempts.to_string(),
            ago_or_in(delivery.last_failed, now),
            delivery.retry_at.map_or_else(|| "-".into(), |at| ago_or_in(at, now)),
            delivery.code.to_string(),
            clean(&delivery.error),
        ]);
    }
    table.render("no event failed")
}
