//! `exeunt module replay`: a recording, played to a module in the laboratory.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use laboratory::{Recording, replay};

use super::Context;
use super::module_test::{Trial, count};
use super::output::clean;
use crate::Error;

/// Options of `module replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// What `module record` wrote
    file: PathBuf,
    #[command(flatten)]
    trial: Trial,
}

impl Replay {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let file = std::fs::File::open(&self.file).map_err(|error| Error::io(&self.file, &error))?;
        let recording = Recording::read(BufReader::new(file))?;
        let specimen = self.trial.specimen()?;
        let options = self.trial.options();
        let progress = context.output().progress(&format!("playing to {}", clean(specimen.name())));
        let mut told = |done, all, _: &str| progress.update(count(done), count(all));
        let report = replay(&specimen, &recording, &options, &mut told)?;
        drop(progress);
        self.trial.show(context, &report)
    }
}
