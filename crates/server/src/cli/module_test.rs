//! `exeunt module test`: the laboratory.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueHint};
use frontends::model::ModuleRole;
use jiff::Timestamp;
use laboratory::{Options, Report, Specimen};
use module::{ModuleKind, Role, Settings, nearest};
use parking_lot::Mutex;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Context;
use super::input::pair;
use super::installed_module::Role as RoleName;
use super::module_source::Source;
use super::output::clean;
use crate::Error;
use crate::error::Kind;
use crate::loader::Kinds;

/// Lines of a module's log that are kept between two checks.
const LINES_MAX: usize = 100;

/// What is tried, and how it is made.
#[derive(Debug, Args)]
pub struct Trial {
    /// A folder with a manifest, a program, a component, a library, an https URL, or a kind of module
    #[arg(value_name = "PATH|URL|KIND", value_hint = ValueHint::AnyPath)]
    source: String,
    /// A setting (may be repeated); {scratch} in its value is a folder that is removed afterwards
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// What it does [default: as its manifest says, else exit]
    #[arg(long)]
    role: Option<RoleName>,
    /// Milliseconds one call may take
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    timeout_ms: u64,
    /// Write the report as JUnit XML, too
    #[arg(long, value_name = "FILE.xml")]
    report: Option<PathBuf>,
    /// Gives the same names and numbers again [default: from the clock]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Options of `module test`.
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    trial: Trial,
    /// Only this check (may be repeated)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

impl Test {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let specimen = self.trial.specimen()?;
        let options = Options { only: self.only, ..self.trial.options() };
        let progress = context.output().progress(&format!("testing {}", clean(specimen.name())));
        let report =
            laboratory::run(&specimen, &options, &mut |done, all, _| progress.update(count(done), count(all)))?;
        drop(progress);
        self.trial.show(context, &report)
    }
}

impl Trial {
    /// The module, as it would be installed.
    pub(super) fn specimen(&self) -> Result<Specimen, Error> {
        specimen(&self.source, &self.settings, self.role, Duration::from_millis(self.timeout_ms))
    }

    /// How the laboratory works.
    pub(super) fn options(&self) -> Options {
        let now = Timestamp::now();
        let seed = self.seed.unwrap_or_else(|| now.as_second().unsigned_abs());
        Options { said: listen(), ..Options::new(seed, now) }
    }

    /// Writes the report where it is wanted.
    pub(super) fn keep(&self, report: &Report) -> Result<(), Error> {
        match &self.report {
            Some(path) => std::fs::write(path, report.to_junit()).map_err(|error| Error::io(path, &error)),
            None => Ok(()),
        }
    }

    /// Prints the report, writes it where it is wanted, and says by the exit code how it was.
    pub(super) fn show(&self, context: &Context, report: &Report) -> Result<ExitCode, Error> {
        self.keep(report)?;
        context.output().show(report, Report::to_text)?;
        if report.failed > 0 {
            context.output().hint(&format!("again, with the same names: --seed {}", report.seed));
        }
        Ok(if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(Kind::Failed.exit_code()) })
    }
}

/// The module that an argument names, as it would be installed with these settings; `call` is the longest one call may take.
pub(crate) fn specimen(
    source: &str,
    settings: &[(String, String)],
    role: Option<RoleName>,
    call: Duration,
) -> Result<Specimen, Error> {
    let source = Source::work_out(source)?;
    let role = source.role(role.map(|role| match role {
        RoleName::Exit => ModuleRole::Exit,
        RoleName::Policy => ModuleRole::Policy,
    }))?;
    let role = match role {
        ModuleRole::Exit => Role::Exit,
        ModuleRole::Policy => Role::Policy,
    };
    let kind = kind(source.kind())?;
    let name = source.default_name();
    let Source::Packaged(packaged) = &source else {
        let settings: Settings = source.settings().into_iter().chain(settings.iter().cloned()).collect();
        return Ok(Specimen::new(kind, &name, role, &settings, call)?);
    };
    let manifest = &packaged.manifest;
    let set: Settings = settings.iter().map(|(name, value)| (manifest.qualified(name), value.to_owned())).collect();
    manifest
        .check_names(kind.name(), kind.settings(), &set)
        .map_err(|error| Error::usage(error.message).code(error.code))?;
    let settings = manifest.settings_for(&packaged.directory, kind.settings(), kind.entry_setting(), &set);
    let specimen = Specimen::new(kind, &name, role, &settings, call)?;
    manifest.check(specimen.settings()).map_err(|error| Error::usage(error.message).code(error.code))?;
    let settings = manifest.typed(specimen.settings().clone());
    Ok(specimen.with_settings(settings).declaring(manifest.events()))
}

/// A kind that this executable has.
fn kind(name: &str) -> Result<Arc<dyn ModuleKind>, Error> {
    let kinds = Kinds::new(Arc::default(), None).all();
    let meant = nearest::question_or_all(name, "there are", kinds.iter().map(|kind| kind.name()));
    let found = kinds.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| {
        Error::usage(format!("there is no kind of module `{name}`{meant}"))
            .next("give a module's folder, its program (./NAME where it is in this folder), or one of these kinds")
    })
}

impl From<laboratory::Error> for Error {
    fn from(error: laboratory::Error) -> Self {
        match error {
            laboratory::Error::Unusable(text) => Self::usage(text),
            laboratory::Error::Machine(text) => Self::failed(text),
        }
    }
}

/// Collects what modules say (their standard error and their log messages), and hands out what came since it was last asked.
fn listen() -> Arc<dyn Fn() -> Vec<String> + Send + Sync> {
    let said = Arc::new(Mutex::new(VecDeque::new()));
    let ear = Ear { said: Arc::clone(&said) };
    if tracing_subscriber::registry().with(ear).try_init().is_err() {
        tracing::debug!("somebody else listens to the log of this process");
    }
    Arc::new(move || said.lock().drain(..).collect())
}

struct Ear {
    said: Arc<Mutex<VecDeque<String>>>,
}

impl<S: tracing::Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        // The target of everything that comes from a module itself.
        if event.metadata().target() != "module" {
            return;
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        let mut said = self.said.lock();
        if said.len() >= LINES_MAX {
            said.pop_front();
        }
        said.push_back(line.0);
    }
}

/// The message of an event.
struct Line(String);

impl tracing::field::Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
