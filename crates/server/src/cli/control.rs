//! `exeunt server`: the server that runs.

use std::process::ExitCode;

use clap::Subcommand;
use frontends::model;
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::output::{Facts, moment};
use crate::Error;

/// The server that runs.
#[derive(Debug, Subcommand)]
pub enum Server {
    /// Show it: version, authority, since when it runs
    Show,
    /// Have it read the certificates and keys of its listeners again
    Reload,
    /// Stop it in order: requests under way are finished, exit modules are told
    Stop,
}

impl Server {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let connection = context.connect()?;
        match self {
            Self::Show => {
                let server: model::Server = connection.get("/v1/server")?;
                context.output().show(&server, |server| {
                    let facts = Facts::new().fact("authority", &server.authority).fact("version", &server.version);
                    facts.fact("runs since", moment(server.started, Timestamp::now())).render()
                })?;
            }
            Self::Reload => {
                connection.order("/v1/server/reload")?;
                context.output().show(&json!({ "done": "reloaded" }), |_| "certificates read again\n".into())?;
            }
            Self::Stop => {
                connection.order("/v1/server/stop")?;
                context.output().show(&json!({ "done": "stopping" }), |_| "the server is stopping\n".into())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
