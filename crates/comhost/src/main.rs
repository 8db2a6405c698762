//! `exeunt-comhost`: hosts one COM exit or policy module, and speaks the module protocol for it.
//!
//! The same sources make three hosts: for shared objects on Linux, for DLLs on Windows, and for DLLs under Wine. Start
//! reading at [`main`], then `exit.rs` (the contract's calls as COM calls), `server.rs` (what a module reads and writes
//! through) and `loader.rs` (from a file to an object).
//!
//! | Here | What it is |
//! |---|---|
//! | `guid`, `hresult`, `values`, `interfaces`, `object` | COM itself: identifiers, codes, `BSTR` and `VARIANT`, tables, references |
//! | `dispatch`, `late` | `IDispatch`, of our objects and of modules |
//! | `contexts`, `server`, `server_exit`, `server_policy`, `own_properties` | the server objects |
//! | `classes`, `default_policy`, `encode`, `cert_config` | what else a module can create |
//! | `loader`, `registry`, `settings`, `facts` | files, registry keys, and what the module finds in them |
//! | `exit`, `policy`, `manage`, `failure`, `crash`, `events` | the module's calls, what becomes of their failures, and what it reports |
//!
//! It is the only crate with `unsafe` code. A module runs in its process, and can do there what it wants: what is kept is
//! that whatever it does stays there.

mod cert_config;
mod classes;
mod command_line;
mod contexts;
mod crash;
mod default_policy;
mod dispatch;
mod encode;
mod error_info;
mod events;
mod exit;
mod facts;
mod failure;
mod guid;
mod hresult;
mod interfaces;
mod late;
mod loader;
mod manage;
mod object;
mod own_properties;
mod policy;
mod registry;
mod server;
mod server_exit;
mod server_policy;
mod settings;
mod values;

use std::process::ExitCode;

use command_line::{CommandLine, Registration, Request, Sought};
use module::{ModuleError, Role, Settings};
use stdio::{Serve, Threads};

fn main() -> ExitCode {
    let line = match CommandLine::parse(std::env::args().skip(1)) {
        Ok(Request::Run(line)) => line,
        Ok(Request::Registration(wanted)) => return finish(change(&wanted)),
        Ok(Request::Find(sought)) => return finish(find(&sought).map(|file| vec![file])),
        Ok(Request::Say(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    crash::watch();
    // A module that needs an apartment is made, called and released by this one thread.
    let threads = if line.wanted.apartment { Threads::One } else { Threads::Window };
    let serve = Serve::new().threads(threads);
    match line.role {
        Role::Exit => {
            let make = |settings: &Settings| begin(&line, settings, exit::ComExit::load);
            serve.exit_and_later(make, exit::ComExit::notify_later)
        }
        Role::Policy => serve.policy(|settings| begin(&line, settings, policy::ComPolicy::load)),
    }
}

/// Registers a file, or takes that back: the classes, by name and identifier.
fn change(wanted: &Registration) -> Result<Vec<String>, ModuleError> {
    crash::watch();
    registry::open(wanted.registry.as_deref())?;
    loader::prepare(wanted.registry.as_deref())?;
    if wanted.register {
        return loader::register(&wanted.file);
    }
    let loader::Unregistered { gone, left } = loader::unregister(&wanted.file)?;
    left.iter().for_each(|text| eprintln!("{text}"));
    Ok(gone)
}

/// The file that is registered for a class.
fn find(sought: &Sought) -> Result<String, ModuleError> {
    registry::open(sought.registry.as_deref())?;
    loader::prepare(sought.registry.as_deref())?;
    sought.wanted.find()
}

fn finish(lines: Result<Vec<String>, ModuleError>) -> ExitCode {
    match lines {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Opens the registry and loads the module.
fn begin<M>(
    line: &CommandLine,
    settings: &Settings,
    load: impl FnOnce(&loader::Wanted, &Settings) -> Result<M, ModuleError>,
) -> Result<M, ModuleError> {
    registry::open(line.registry.as_deref())?;
    loader::prepare(line.registry.as_deref())?;
    load(&line.wanted, settings)
}
