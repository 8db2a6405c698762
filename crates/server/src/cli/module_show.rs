//! Modules as people see them.

use frontends::model::{
    Delivery, DeliveryState, DigestCheck, Module as Installed, ModuleKind, ModuleRole, ModuleState, ModuleVersion,
    VersionState,
};
use jiff::Timestamp;
use module::ExitEvent;
use module::manifest::SETTING_PREFIX;

use super::output::{BAD, Column, FAINT, Facts, GOOD, STRONG, Table, WAITING, ago_or_in, clean, moment};

/// The kind that runs programs.
const PROCESS: &str = "process";

/// A line for each module.
pub fn table(modules: &[Installed]) -> String {
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

/// Everything about one module.
pub fn show(module: &Installed) -> String {
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
    for version in module.versions.iter().filter(|version| version.state == VersionState::InForce) {
        facts = facts
            .maybe("version", label(version))
            .maybe("file", version.file.as_deref().or_else(|| unwatched(&version.kind)))
            .maybe("SHA-256", version.sha256.as_ref())
            .maybe("when changed", version.sha256.as_ref().map(|_| changed(module.options.digest)));
    }
    if module.role == ModuleRole::Exit {
        let options = &module.options;
        facts = facts
            .fact("events", events(module))
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
    if module.role == ModuleRole::Policy {
        facts = facts
            .maybe("calls", calls(module))
            .fact("workers", module.options.workers)
            .fact("time limit", format!("{} ms", module.options.timeout_ms));
    }
    if let Some(notice) = &module.notice {
        facts = facts.styled("warning", format!("{BAD}{}{BAD:#}", clean(notice)));
    }
    if let Some(error) = &module.last_error {
        // The modules of some kinds say the code themselves.
        let code = error.code.to_string();
        let code = if error.message.contains(&code) { String::new() } else { format!(" ({code})") };
        facts = facts.fact("last failure", format!("{}: {}{code}", ago_or_in(error.when, now), error.message));
    }
    let mut text = facts.render();
    if !module.about.is_empty() {
        text.push_str(&format!("\n{STRONG}About{STRONG:#}\n"));
        for (name, value) in &module.about {
            text.push_str(&format!("  {}: {}\n", clean(name), clean(value)));
        }
    }
    text.push_str(&settings(module));
    if module.versions.len() > 1 {
        text.push_str(&format!("\n{STRONG}Versions{STRONG:#}\n"));
        text.push_str(&versions(&module.versions, now));
    }
    text
}

/// What it asked for, and what it did not although its manifest names it. What it asked for beside that is a warning.
fn events(module: &Installed) -> String {
    let asked = if module.events.is_empty() { "-".to_owned() } else { module.events.join(", ") };
    let not_asked = |event: &&String| !module.events.contains(event) && **event != ExitEvent::Shutdown.name();
    let spare: Vec<&str> = module.manifest_events.iter().filter(not_asked).map(String::as_str).collect();
    if module.state != ModuleState::Running || spare.is_empty() {
        return asked;
    }
    format!("{asked} (its manifest also names {})", spare.join(", "))
}

/// What is set, and what the manifest says of what is not.
fn settings(module: &Installed) -> String {
    // With a manifest the module's own settings go by their own names, here as for `module set`.
    let in_force = module.versions.iter().find(|version| version.state == VersionState::InForce);
    let prefix = if in_force.is_some_and(|version| version.version.is_some()) { SETTING_PREFIX } else { "" };
    let set = module.settings.iter().map(|(name, value)| (name, value, String::new()));
    let unset = module.defaults.iter().map(|(name, value)| {
        let origin = if name.starts_with(SETTING_PREFIX) { "default" } else { "from its manifest" };
        (name, value, format!(" {FAINT}({origin}){FAINT:#}"))
    });
    let mut lines: Vec<String> = set
        .chain(unset)
        .map(|(name, value, origin)| {
            let name = clean(name.strip_prefix(prefix).unwrap_or(name));
            format!("  {name} = {}{origin}\n", clean(value))
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    lines.sort();
    format!("\n{STRONG}Settings{STRONG:#}\n{}", lines.concat())
}

/// How many calls a module answered and failed since it was started.
fn calls(module: &Installed) -> Option<String> {
    let count = |name: &str| module.health.get(name)?.as_u64();
    Some(format!("{}, {} of them failed", count("calls")?, count("failures")?))
}

/// What is said in the place of a file, where a module of a kind that has one has none.
fn unwatched(kind: &str) -> Option<&'static str> {
    (kind == PROCESS).then_some("none that its command names: what it runs is not compared")
}

/// What is run where the file with the code has changed.
const fn changed(digest: DigestCheck) -> &'static str {
    match digest {
        DigestCheck::Enforce => "nothing but the file as it was installed is run (--digest enforce)",
        DigestCheck::Warn => "the changed file is run, with a warning (--digest warn)",
    }
}

/// What a version is called: its number, and what its manifest says.
fn label(version: &ModuleVersion) -> Option<String> {
    let named = version.name.as_ref().zip(version.version.as_ref());
    let named = named.map(|(name, version)| format!(" ({name} {version})"));
    (version.number > 1 || named.is_some()).then(|| format!("{}{}", version.number, named.unwrap_or_default()))
}

fn versions(versions: &[ModuleVersion], now: Timestamp) -> String {
    let mut table = Table::new([
        Column::number("  NUMBER"),
        Column::text("VERSION"),
        Column::text("STATE"),
        Column::text("WHEN"),
        Column::text("SHA-256"),
        Column::prose("DETAIL"),
    ]);
    for version in versions {
        let (style, word) = match version.state {
            VersionState::InForce => (GOOD, "in force"),
            VersionState::OnTrial => (WAITING, "on trial"),
            VersionState::Replaced => (FAINT, "replaced"),
            VersionState::RolledBack => (FAINT, "rolled back"),
            VersionState::Withdrawn => (BAD, "withdrawn"),
        };
        let trial = version.canary.map(|canary| {
            format!(
                "{} % of the requests: {} dealt with, {} failed of {} allowed",
                canary.percent, canary.delivered, canary.failed, canary.failures_max
            )
        });
        let detail = [trial, version.error.as_deref().map(clean)].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let digest = version.sha256.as_deref().and_then(|sha256| sha256.get(..12));
        table.row([
            format!("  {}", version.number),
            version.version.as_deref().map_or_else(|| "-".into(), clean),
            format!("{style}{word}{style:#}"),
            version.until.or(version.since).map_or_else(|| "-".into(), |at| ago_or_in(at, now)),
            digest.map_or_else(|| "-".into(), |digest| format!("{}…", clean(digest))),
            if detail.is_empty() { version.file.as_deref().map_or_else(|| "-".into(), clean) } else { detail },
        ]);
    }
    table.render("")
}

/// A kind, with its settings.
pub fn kind(kind: &ModuleKind) -> String {
    let roles = kind.roles.iter().map(|one| role(*one)).collect::<Vec<_>>().join(", ");
    let mut text =
        format!("{STRONG}{}{STRONG:#} {FAINT}({roles}){FAINT:#}\n  {}\n", clean(&kind.name), clean(&kind.summary));
    let mut table = Table::new([Column::text("  SETTING"), Column::prose("DEFAULT"), Column::prose("MEANING")]);
    for setting in &kind.settings {
        let default = if setting.default.is_empty() { "(required)" } else { &setting.default };
        let secret = if setting.secret { " (secret: @file:PATH or @env:NAME)" } else { "" };
        let meaning = format!("{}{secret}", clean(&setting.meaning));
        table.row([format!("  {}", clean(&setting.name)), clean(default), meaning]);
    }
    if !kind.settings.is_empty() {
        text.push_str(&table.page());
    }
    text.push('\n');
    text
}

fn state(module: &Installed) -> String {
    let (style, word) = match module.state {
        ModuleState::Starting => (WAITING, "starting"),
        ModuleState::Running => (GOOD, "running"),
        ModuleState::Retrying => (WAITING, "retrying"),
        ModuleState::Failed => (BAD, "failed"),
        ModuleState::Suspended => (BAD, "suspended"),
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

/// Events a module failed.
pub fn delivery_table(deliveries: &[Delivery]) -> String {
    let now = Timestamp::now();
    let mut table = Table::new([
        Column::number("EVENT"),
        Column::text("STATE"),
        Column::number("ATTEMPTS"),
        Column::text("LAST FAILED"),
        Column::text("NEXT"),
        Column::text("CODE"),
        Column::prose("ERROR"),
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
