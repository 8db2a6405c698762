//! `exeunt serve`.

use std::path::Path;
use std::process::ExitCode;
use std::thread;

use clap::Args;
use frontends::listen::Bound;

use super::Context;
use super::context::load;
use super::output::{GOOD, STRONG};
use crate::Error;
use crate::config::Resolved;
use crate::init;
use crate::log::{self, LogHandle};
use crate::server::{Server, Signal, Signals};
use crate::service::Supervisor;

/// Options of `exeunt serve`: none of its own.
#[derive(Debug, Args)]
pub struct Serve {}

impl Serve {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let folder = context.folder()?;
        // 1 Nothing was configured and nobody said where: a development authority.
        let journal = if context.is_bare() && !folder.configuration().exists() {
            Some(init::develop(&folder)?.journal)
        } else {
            None
        };
        // 2 Parse and resolve.
        let path = context.configuration_path()?;
        let resolved = load(&path, &folder)?;
        let log = log::start(&resolved.log)?;
        // 3 Open. Signals are caught first, so that none ends the process half way.
        let mut signals = Signals::catch()?;
        let server = Server::open(&resolved, signals.ask_to_stop())?;
        let supervisor = Supervisor::from_environment();
        let status = format!("serving {}", resolved.engine.name);
        tracing::info!(authority = resolved.engine.name, data = %folder.path().display(), version = crate::server::VERSION, "ready");
        welcome(context, &resolved, &server, journal.as_deref())?;
        supervisor.ready(&status);
        // 4 Run until told to stop.
        let mut current = resolved;
        while signals.wait() == Signal::Reload {
            supervisor.reloading();
            current = reload(current, &path, context, &server, &log);
            supervisor.ready(&status);
        }
        // 5 Stop: in order, or at once when told again.
        supervisor.stopping();
        tracing::info!("stopping; a second signal stops at once");
        stop(server, signals);
        Ok(ExitCode::SUCCESS)
    }
}

/// Stops in order, while a further signal ends the process.
fn stop(server: Server, mut signals: Signals) {
    let watcher = thread::Builder::new().name("signals".into()).spawn(move || {
        while signals.wait() != Signal::Stop {}
        tracing::warn!("stopped at once; events that were not delivered wait for the next start");
        std::process::exit(i32::from(crate::error::Kind::Failed.exit_code()));
    });
    if let Err(error) = watcher {
        tracing::warn!(%error, "a second signal will not be seen");
    }
    let cut_off = server.stop();
    if cut_off > 0 {
        tracing::warn!(connections = cut_off, "connections were cut off at the end of the time for stopping");
    }
    tracing::info!("stopped");
}

/// Takes up the log level and certificates of the file as it is now. A file with mistakes changes nothing.
fn reload(current: Resolved, path: &Path, context: &Context, server: &Server, log: &LogHandle) -> Resolved {
    let fresh = context.folder().and_then(|folder| load(path, &folder));
    let fresh = match fresh {
        Ok(fresh) => fresh,
        Err(error) => {
            tracing::error!("the configuration was not taken up: {error}");
            return current;
        }
    };
    if let Err(error) = log.set(&fresh.log) {
        tracing::error!("{error}");
    }
    if let Err(error) = server.reload() {
        tracing::error!("the former TLS certificate stays in force: {error}");
    }
    let waiting = changed_sections(&current, &fresh);
    if !waiting.is_empty() {
        tracing::warn!("changes in {} wait for a restart", waiting.join(", "));
    }
    tracing::info!("configuration read again");
    // What waits is told again the next time, until the restart.
    Resolved { log: fresh.log, ..current }
}

/// The sections whose changes only a restart takes up.
fn changed_sections(old: &Resolved, new: &Resolved) -> Vec<String> {
    let sections = |resolved: &Resolved| match toml::Value::try_from(&resolved.file) {
        Ok(toml::Value::Table(table)) => table,
        _ => toml::Table::new(),
    };
    let (old, new) = (sections(old), sections(new));
    let differs = |name: &&String| *name != "log" && old.get(*name) != new.get(*name);
    new.keys().filter(differs).map(|name| format!("[{name}]")).collect()
}

/// What to do next, for somebody who just started it.
fn welcome(context: &Context, resolved: &Resolved, server: &Server, journal: Option<&Path>) -> Result<(), Error> {
    let bound = server.bound();
    if context.output().is_json() {
        let admin: Vec<String> = bound.admin.iter().map(said).collect();
        let publication: Vec<String> = bound.publication.iter().map(ToString::to_string).collect();
        let ready = serde_json::json!({
            "ready": true, "authority": resolved.engine.name, "data": resolved.folder,
            "admin": admin, "publication": publication, "metrics": bound.health.map(|address| address.to_string()),
        });
        return context.output().line(&ready, |_| String::new());
    }
    let mut text = format!("{GOOD}{STRONG}{}{STRONG:#}{GOOD:#} is ready.\n", resolved.engine.name);
    for address in &bound.admin {
        text.push_str(&format!("  admin        {}\n", said(address)));
    }
    for address in &bound.publication {
        text.push_str(&format!("  publication  http://{address}/CertEnroll/\n"));
    }
    if server.engine().ca().certificates().is_empty() {
        text.push_str("It has no certificate yet: have ca.csr signed, then `exeunt ca install CERT --chain FILE`.\n");
    }
    if let Some(journal) = journal.map(Path::to_owned).or_else(|| development_journal(resolved)) {
        text.push_str(&format!(
            "\nThis is a development authority. In a second terminal, in this folder:\n\
             \x20 openssl req -new -newkey rsa:2048 -nodes -keyout web.key -subj /CN=web.example.org -addext subjectAltName=DNS:web.example.org -out web.csr\n\
             \x20 exeunt request submit web.csr --out web.crt\n\
             The exit module `journal` is told of it: {}\n\
             A module of your own: exeunt module new NAME --lang python, and then exeunt module add NAME\n",
            journal.display()
        ));
    }
    context.output().text(&text)
}

/// The journal of a development authority that was made before.
fn development_journal(resolved: &Resolved) -> Option<std::path::PathBuf> {
    let journal = resolved.folder.join(init::JOURNAL);
    (resolved.engine.name == init::DEVELOPMENT && journal.exists()).then_some(journal)
}

fn said(bound: &Bound) -> String {
    match bound {
        Bound::Unix(path) => path.display().to_string(),
        Bound::Tcp(address) => format!("https://{address}"),
    }
}
