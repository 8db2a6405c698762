//! A component made ready: compiled, linked with what its world may call, and with threads for its waiting.

use std::sync::Arc;

use module::{HResult, ModuleError, Role};
use tokio::runtime::{Handle, Runtime};
use wasmtime::component::{Component, HasSelf, Linker};

use super::artefact;
use super::bindings::exit::ExitPre;
use super::bindings::policy::PolicyPre;
use super::bindings::{server, server_policy};
use super::machine::Machine;
use super::settings::WasmSettings;
use super::state::State;

/// The threads at most that wait for files and names on behalf of one module.
const WAITING_MAX: usize = 32;

/// What the instances of one module are made from.
pub(super) struct Program {
    pub(super) world: World,
    pub(super) machine: Machine,
    /// The common name of the certification authority.
    pub(super) ca: String,
    /// Waits for files, clocks and sockets. One for each module: none can use up another's threads.
    runtime: Option<Runtime>,
    /// Keeps the component findable for other modules that use it.
    _component: Arc<Component>,
}

/// The world the component is of.
pub(super) enum World {
    Exit(ExitPre<State>),
    Policy(PolicyPre<State>),
}

impl Program {
    /// Compiles, or finds, the component and links it. A component of another world is `ERROR_INVALID_DATA`.
    pub(super) fn open(settings: &WasmSettings, role: Role, ca: &str) -> Result<Self, ModuleError> {
        let machine = if settings.fuel.is_some() { Machine::Fuelled } else { Machine::Timed };
        let cache = settings.cache.as_deref().filter(|_| settings.cached);
        let component = artefact::component(&settings.component, machine, cache)?;
        let world = link(&component, machine, role)
            .map_err(|error| ModuleError::new(HResult::ERROR_INVALID_DATA, unfit(settings, role, &error)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(WAITING_MAX)
            .thread_name("wasm-wait")
            .enable_all()
            .build()
            .map_err(|error| {
                ModuleError::new(
                    HResult::E_OUTOFMEMORY,
                    format!("no thread could be started for the component: {error}"),
                )
            })?;
        Ok(Self { world, machine, ca: ca.to_owned(), runtime: Some(runtime), _component: component })
    }

    /// Its threads.
    pub(super) fn runtime(&self) -> &Handle {
        self.runtime.as_ref().expect("only dropping takes the runtime").handle()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A thread that hangs in the file system must not hold up whoever lets the module go.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn link(component: &Component, machine: Machine, role: Role) -> wasmtime::Result<World> {
    let engine = machine.engine().map_err(wasmtime::Error::new)?;
    let mut linker: Linker<State> = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    server::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    match role {
        Role::Exit => Ok(World::Exit(ExitPre::new(linker.instantiate_pre(component)?)?)),
        Role::Policy => {
            server_policy::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
            Ok(World::Policy(PolicyPre::new(linker.instantiate_pre(component)?)?))
        }
    }
}

fn unfit(settings: &WasmSettings, role: Role, error: &wasmtime::Error) -> String {
    let world = match role {
        Role::Exit => "exeunt:modules/exit@1.0.0",
        Role::Policy => "exeunt:modules/policy@1.0.0",
    };
    format!(
        "{} is not a component of the world `{world}`: {error:#}; see `sdk/wit`, and whether the other kind of module was \
         meant",
        settings.component.display()
    )
}
