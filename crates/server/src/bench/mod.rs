//! `exeunt bench`: what this machine does, each figure beside its baseline of the same run.
//!
//! Every bench makes an authority of its own in a temporary folder, with the real database, policy, lint and durability,
//! and takes it away again. Rounds of what is compared take turns, so that a machine whose speed drifts does not decide;
//! the median is told, with the least and the most.

mod crl;
mod events;
mod figure;
mod issue;
mod load;
mod modules;
mod nothing;
mod subject;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use pki::KeyAlgorithm;

use crate::Error;
use crate::cli::Context;

pub use events::answer_module;
pub use figure::{Figure, Report};

/// The longest one call of a measured module may take.
const CALL_MAX: Duration = Duration::from_secs(30);

/// The benches.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Certificates a second, in process and through the API, alone and beside modules that hang and crash
    Issue(Options),
    /// Events a second and latency to exit modules: built in, and a program over stdio
    Events(Options),
    /// A base CRL: time and memory
    Crl {
        /// How it is measured.
        #[command(flatten)]
        options: Options,
        /// Revoked certificates on it
        #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
        entries: u64,
    },
    /// Modules of yours, whatever runs them: start, time of a call, rate, memory; without an authority
    Modules {
        /// How it is measured; the key and the folder make no difference.
        #[command(flatten)]
        options: Options,
        /// The modules: folders, manifests, programs, components, or kinds of module
        #[arg(value_name = "DIR|PATH|KIND", required = true)]
        sources: Vec<String>,
        /// A setting for each of them (may be repeated); {scratch} in its value is a folder that is removed afterwards
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = crate::cli::pair)]
        settings: Vec<(String, String)>,
    },
}

/// What every bench can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// Seconds of one round
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Rounds of each figure
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// The CA key
    #[arg(long, default_value = "p256", value_name = "ALGORITHM")]
    key: KeyAlgorithm,
    /// Where the temporary folder is made: the disk that is measured
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Options {
    fn round(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn rounds(&self) -> usize {
        usize::from(self.rounds)
    }
}

impl Bench {
    /// Measures, and shows the figures.
    ///
    /// # Errors
    /// What kept the bench from measuring: a figure is never made up.
    pub fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let progress = context.output().progress("measuring");
        let mut tell = |done, all| progress.update(done, all);
        let report = match &self {
            Self::Issue(options) => issue::run(options, &mut tell)?,
            Self::Events(options) => events::run(options, &mut tell)?,
            Self::Crl { options, entries } => crl::run(options, *entries, &mut tell)?,
            Self::Modules { options, sources, settings } => {
                let specimens = sources.iter().map(|source| crate::cli::specimen(source, settings, None, CALL_MAX));
                modules::run(options, &specimens.collect::<Result<Vec<_>, _>>()?, &mut tell)?
            }
        };
        drop(progress);
        context.output().show(&report, Report::for_people)?;
        Ok(ExitCode::SUCCESS)
    }
}
