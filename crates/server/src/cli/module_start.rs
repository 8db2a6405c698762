//! Waiting for a module that starts, so that the command which started it says how it went.

use std::thread;
use std::time::{Duration, Instant};

use frontends::model::{Module as Installed, ModuleState};

use super::Context;
use super::connection::Connection;
use super::installed_module::path;
use super::module_show::show;
use super::output::clean;
use crate::Error;

/// How long a command waits at most. A component of Python that is compiled for the first time takes longer: then it is
/// shown as starting.
const WAIT: Duration = Duration::from_secs(5);

/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(50);

/// Has a module start or stop, shows it as soon as it has, or has failed to, and says what to do next: `well` where it runs.
pub(super) fn show_started(
    context: &Context,
    connection: &Connection,
    name: &str,
    well: &str,
    start: impl FnOnce() -> Result<Installed, Error>,
) -> Result<(), Error> {
    let progress = context.output().progress(&format!("waiting for {}", clean(name)));
    let module = once_started(connection, start()?)?;
    drop(progress);
    context.output().show(&module, show)?;
    let name = &module.name;
    match module.state {
        ModuleState::Starting => context.output().hint(&format!("it is starting still: exeunt module show {name}")),
        ModuleState::Failed => context.output().warning(&format!(
            "it could not be started, and is tried again by itself. Mend what `last failure` says; `exeunt module set \
             {name} SETTING=VALUE` changes a setting, `exeunt module enable {name}` tries at once"
        )),
        ModuleState::Suspended => context.output().warning(&suspended(name)),
        _ if well.is_empty() => {}
        _ => context.output().hint(well),
    }
    Ok(())
}

/// What is to be done about a module that takes nothing any more.
pub(super) fn suspended(name: &str) -> String {
    format!(
        "it takes nothing any more: see `last failure`. Its events wait. Change a setting with `exeunt module set {name} \
         SETTING=VALUE`, or have it tried as it is with `exeunt module enable {name}`"
    )
}

fn once_started(connection: &Connection, mut module: Installed) -> Result<Installed, Error> {
    let asked = Instant::now();
    while module.state == ModuleState::Starting && asked.elapsed() < WAIT {
        thread::sleep(PAUSE);
        module = connection.get(&path(&module.name))?;
    }
    Ok(module)
}
