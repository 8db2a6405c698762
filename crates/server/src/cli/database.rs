//! `exeunt db`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use frontends::model::{BackupOrder, DatabaseReport};
use serde_json::json;

use super::Context;
use super::connection::Place;
use super::output::{BAD, GOOD, clean};
use crate::error::Kind;
use crate::{Error, offline};

/// The database.
#[derive(Debug, Subcommand)]
pub enum Database {
    /// Check the database's structure and the chain of events
    Check,
    /// Copy the database, as it is now, to a new file; the server goes on
    Backup {
        /// The new file, on the server's machine
        file: PathBuf,
    },
}

impl Database {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Self::Check => Self::check(context),
            Self::Backup { file } => Self::back_up(context, &file),
        }
    }

    fn back_up(context: &Context, file: &Path) -> Result<ExitCode, Error> {
        let file = std::path::absolute(file).map_err(|error| Error::io(file, &error))?;
        match context.place()? {
            Place::Server(connection) => {
                let text = file.to_str().ok_or_else(|| Error::usage(format!("{} is not UTF-8", file.display())))?;
                connection.order_with("/v1/database/backup", &BackupOrder { file: text.to_owned() })?;
            }
            Place::Folder(_lock) if file.exists() => {
                let text = format!("{} is there already, and a copy never replaces a file", file.display());
                return Err(Error::new(Kind::Conflict, text));
            }
            Place::Folder(_lock) => offline::back_up_database(&context.configuration()?, &file)?,
        }
        let shown = file.display().to_string();
        context.output().show(&json!({ "file": shown }), |_| format!("copied to {}\n", clean(&shown)))?;
        Ok(ExitCode::SUCCESS)
    }

    fn check(context: &Context) -> Result<ExitCode, Error> {
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
