//! `exeunt db`.

use std::process::ExitCode;

use clap::Subcommand;
use frontends::model::DatabaseReport;

use super::Context;
use super::connection::Place;
use super::output::{BAD, GOOD, clean};
use crate::{Error, offline};

/// The database.
#[derive(Debug, Subcommand)]
pub enum Database {
    /// Check the database's structure and the chain of events
    Check,
}

impl Database {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let Self::Check = self;
        let progress = context.output().progress("checking");
        let report: DatabaseReport = match context.place()? {
            Place::Server(connection) => {
                connection.watch::<(), _>("/v1/database/check", None, |step| progress.update(step.done, step.all))?
            }
            Place::Folder(_lock) => {
                offline::check_database(&context.configuration()?, &mut |done, all| progress.update(done, all))?
            }
        };
        drop(progress);
        context.output().show(&report, |report| {
            if report.problems.is_empty() {
                return format!("{GOOD}good{GOOD:#}: nothing wrong was found\n");
            }
            report.problems.iter().map(|problem| format!("{BAD}wrong{BAD:#}: {}\n", clean(problem))).collect()
        })?;
        Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
