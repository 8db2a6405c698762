//! `exeunt module replay`: a recording, played to a module in the laboratory.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use laboratory::{Amendment, Decisions, Judged, Outcome, Recording, Specimen, decide, replay};
use module::{ExtensionFlags, Role};

use super::module_test::{Trial, count};
use super::output::{BAD, Column, GOOD, STRONG, Table, WAITING, clean};
use super::{Context, describe};
use crate::Error;
use crate::error::Kind;

/// A recording in a file.
type Source = Recording<BufReader<File>>;

/// Options of `module replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// What `module record` wrote
    file: PathBuf,
    /// Of a policy module: fail where a decision is not the one of then
    #[arg(long, value_name = "WHAT")]
    expect: Option<Expect>,
    #[command(flatten)]
    trial: Trial,
}

/// What is expected of a policy module's decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Expect {
    /// Every decision is the one of then
    Same,
}

impl Replay {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let mut recording = Recording::open(BufReader::new(self.source()?))?;
        let specimen = self.trial.specimen()?;
        match specimen.role() {
            Role::Exit if self.expect.is_some() => {
                Err(Error::usage("--expect is about decisions, and this is an exit module"))
            }
            Role::Exit => self.play(context, &specimen, &mut recording),
            Role::Policy => self.decide(context, &specimen, &mut recording),
        }
    }

    /// The recording as a file that can be read more than once: what comes through a pipe is kept in one without a name.
    fn source(&self) -> Result<File, Error> {
        let failed = |error: std::io::Error| Error::io(&self.file, &error);
        let mut file = File::open(&self.file).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_file() {
            return Ok(file);
        }
        let mut kept = tempfile::tempfile().map_err(|error| Error::io(&std::env::temp_dir(), &error))?;
        // One byte more than a recording has, so that it is seen that there are more.
        std::io::copy(&mut file.by_ref().take(laboratory::RECORDING_BYTES_MAX + 1), &mut kept).map_err(failed)?;
        Ok(kept)
    }

    fn play(&self, context: &Context, specimen: &Specimen, recording: &mut Source) -> Result<ExitCode, Error> {
        let options = self.trial.options();
        let progress = context.output().progress(&format!("playing to {}", clean(specimen.name())));
        let mut told = |done, all, _: &str| progress.update(count(done), count(all));
        let report = replay(specimen, recording, &options, &mut told)?;
        drop(progress);
        self.trial.show(context, &report)
    }

    /// What a policy module would decide about the requests. Where it does not start, nothing is said of decisions.
    fn decide(&self, context: &Context, specimen: &Specimen, recording: &mut Source) -> Result<ExitCode, Error> {
        let (options, same) = (self.trial.options(), self.expect == Some(Expect::Same));
        let progress = context.output().progress(&format!("asking {}", clean(specimen.name())));
        let mut told = |done, all, _: &str| progress.update(count(done), count(all));
        let (decisions, report) = decide(specimen, recording, same, &options, &mut told)?;
        drop(progress);
        let not_started = decisions.requests.is_empty();
        if not_started {
            return self.trial.show(context, &report);
        }
        self.trial.keep(&report)?;
        context.output().show(&decisions, people)?;
        let failed = same && decisions.different > 0;
        Ok(if failed { ExitCode::from(Kind::Failed.exit_code()) } else { ExitCode::SUCCESS })
    }
}

/// A line for each request, and how many came to what.
fn people(decisions: &Decisions) -> String {
    let mut table = Table::new([
        Column::number("REQUEST"),
        Column::text("THEN"),
        Column::text("NOW"),
        Column::long("REQUESTER"),
        Column::long("SUBJECT"),
        Column::long("WHY, AND WHAT IT SET"),
    ]);
    for judged in &decisions.requests {
        table.row([
            judged.request.to_string(),
            word(judged.then.outcome, false),
            word(judged.now.outcome, !judged.is_same()),
            clean(&judged.requester),
            clean(&judged.subject),
            clean(&remarks(judged)),
        ]);
    }
    let mut text = table.render("no requests");
    text.push_str(&format!(
        "\n{STRONG}{}{STRONG:#}: {} decided on as then, {} otherwise\n",
        clean(&decisions.module),
        counted(decisions.same, "request"),
        decisions.different
    ));
    if decisions.different > 0 {
        for (then, now, count) in decisions.pairs().into_iter().filter(|(then, now, _)| then != now) {
            text.push_str(&format!("  {count:>6}  {} then, {} now\n", then.name(), now.name()));
        }
    }
    text
}

/// An outcome in its colour; one that differs stands out.
fn word(outcome: Outcome, differs: bool) -> String {
    let style = match outcome {
        Outcome::Issued => GOOD,
        Outcome::Pending => WAITING,
        Outcome::Denied | Outcome::Failed => BAD,
    };
    let name = outcome.name();
    if differs { format!("{STRONG}{style}{name} ≠{style:#}{STRONG:#}") } else { format!("{style}{name}{style:#}") }
}

/// Why, what it set, and what it was refused.
fn remarks(judged: &Judged) -> String {
    let now = &judged.now;
    let mut all = Vec::new();
    if !now.message.is_empty() || now.code.is_failure() {
        let code = if now.code.is_failure() { format!(" ({})", now.code) } else { String::new() };
        all.push(format!("{}{code}", now.message));
    }
    all.extend(now.set.iter().map(amended));
    all.extend(judged.refused.iter().map(|text| format!("refused: {text}")));
    all.join("; ")
}

fn amended(amendment: &Amendment) -> String {
    match (&amendment.extension, &amendment.to) {
        (Some(extension), _) => {
            let (name, value) = describe::extension(&extension.oid, &extension.value);
            let critical = extension.flags.contains(ExtensionFlags::CRITICAL);
            format!("{name}{} = {value}", if critical { " (critical)" } else { "" })
        }
        (None, Some(value)) => format!("{} = {value}", amendment.name),
        (None, None) => format!("no {}", amendment.name),
    }
}

fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
