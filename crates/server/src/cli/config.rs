//! `exeunt config`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::Error;

/// The configuration file.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Check the file, without touching anything it names
    Check,
    /// Print the configuration in force: every default filled in, every path absolute
    Show,
}

impl Config {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let path = context.configuration_path()?;
        let resolved = context.configuration()?;
        match self {
            Self::Check => {
                context
                    .output()
                    .show(&json!({ "file": path, "good": true }), |_| format!("{}: good\n", path.display()))?;
            }
            Self::Show => {
                let text = toml::to_string(&resolved.file).map_err(|error| Error::failed(error.to_string()))?;
                context.output().show(&resolved.file, |_| text)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
