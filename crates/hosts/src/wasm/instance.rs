//! One instance of a component: its memory, and one call at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use module::{Decision, ExitEvents, HResult, ModuleError, Notification};
use wasmtime::Store;

use super::bindings::exit::Exit;
use super::bindings::policy::Policy;
use super::bindings::types;
use super::contract;
use super::desk::View;
use super::fault::{self, Bounds};
use super::machine;
use super::program::{Program, World};
use super::settings::WasmSettings;
use super::state::State;
use super::voice::Voice;

/// How much later than the guest is interrupted a call is given up that waits for something outside: the interruption says
/// more, and gets its chance.
const GRACE: Duration = Duration::from_millis(50);

/// An instance. One whose call failed with [`Failure::Broken`] must not be called again.
pub(super) struct Instance {
    store: Store<State>,
    guest: Guest,
    // Dropped after the store, whose sockets and timers are the program's.
    program: Arc<Program>,
}

enum Guest {
    Exit(Exit),
    Policy(Policy),
}

/// How a call failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The module answered with an error: it is well.
    Answered(ModuleError),
    /// The instance is of no more use.
    Broken(ModuleError),
}

impl Failure {
    pub(super) fn into_error(self) -> ModuleError {
        match self {
            Self::Answered(error) | Self::Broken(error) => error,
        }
    }
}

impl Instance {
    /// A fresh instance, not yet initialised.
    pub(super) fn start(name: &Arc<str>, program: &Arc<Program>, settings: &WasmSettings) -> Result<Self, ModuleError> {
        let (stdout, stderr) = (Voice::stdout(Arc::clone(name)), Voice::stderr(Arc::clone(name)));
        let world = settings.grants.world(stdout.clone(), stderr.clone())?;
        let state = State::new(world, settings.memory_bytes_max, stdout, stderr);
        let mut store = Store::new(program.machine.engine()?, state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(settings.message_bytes_max);
        let bounds = Bounds { limit: settings.start, fuel: settings.fuel };
        // The component's own start code runs here: its constructors, and the start of its language.
        let guest = run(&mut store, program, bounds, &mut View::None, "start", async |store| {
            Ok(match &program.world {
                World::Exit(pre) => Guest::Exit(pre.instantiate_async(store).await?),
                World::Policy(pre) => Guest::Policy(pre.instantiate_async(store).await?),
            })
        })?;
        Ok(Self { store, guest, program: Arc::clone(program) })
    }

    /// Whether it was made from this program.
    pub(super) fn is_of(&self, program: &Arc<Program>) -> bool {
        Arc::ptr_eq(&self.program, program)
    }

    /// `initialize`; the events are empty for a policy module.
    pub(super) fn initialize(
        &mut self,
        name: &str,
        settings: &WasmSettings,
        view: &mut View<'_>,
    ) -> Result<ExitEvents, Failure> {
        let installation = types::Installation {
            name: name.to_owned(),
            ca: self.program.ca.clone(),
            settings: settings.passed_on.clone(),
        };
        let bounds = Bounds { limit: settings.start, fuel: settings.fuel };
        let answer = match &self.guest {
            Guest::Exit(exit) => run(&mut self.store, &self.program, bounds, view, "initialize", async |store| {
                exit.exeunt_modules_exit_module().call_initialize(store, &installation).await
            })
            .map_err(Failure::Broken)?
            .map(contract::events),
            Guest::Policy(policy) => run(&mut self.store, &self.program, bounds, view, "initialize", async |store| {
                policy.exeunt_modules_policy_module().call_initialize(store, &installation).await
            })
            .map_err(Failure::Broken)?
            .map(|()| ExitEvents::empty()),
        };
        answer.map_err(answered)
    }

    /// `notify`.
    pub(super) fn notify(
        &mut self,
        notification: &Notification,
        settings: &WasmSettings,
        view: &mut View<'_>,
    ) -> Result<(), Failure> {
        let Guest::Exit(exit) = &self.guest else { return Err(other_role("notify")) };
        let notification = contract::notification(notification);
        let bounds = Bounds { limit: settings.call, fuel: settings.fuel };
        let answer = run(&mut self.store, &self.program, bounds, view, "notify", async |store| {
            exit.exeunt_modules_exit_module().call_notify(store, &notification).await
        });
        answer.map_err(Failure::Broken)?.map_err(answered)
    }

    /// `verify-request`.
    pub(super) fn verify_request(
        &mut self,
        new: bool,
        settings: &WasmSettings,
        view: &mut View<'_>,
    ) -> Result<Decision, Failure> {
        let Guest::Policy(policy) = &self.guest else { return Err(other_role("verify-request")) };
        let bounds = Bounds { limit: settings.call, fuel: settings.fuel };
        let answer = run(&mut self.store, &self.program, bounds, view, "verify-request", async |store| {
            policy.exeunt_modules_policy_module().call_verify_request(store, new).await
        });
        answer.map_err(Failure::Broken)?.map(contract::decision).map_err(answered)
    }

    /// `description`, and `about`.
    pub(super) fn describe(&mut self, settings: &WasmSettings) -> Result<(String, Vec<(String, String)>), ModuleError> {
        let bounds = Bounds { limit: settings.start, fuel: settings.fuel };
        let guest = &self.guest;
        run(&mut self.store, &self.program, bounds, &mut View::None, "description", async |mut store| match guest {
            Guest::Exit(exit) => {
                let exit = exit.exeunt_modules_exit_module();
                Ok((exit.call_description(&mut store).await?, exit.call_about(&mut store).await?))
            }
            Guest::Policy(policy) => {
                let policy = policy.exeunt_modules_policy_module();
                Ok((policy.call_description(&mut store).await?, policy.call_about(&mut store).await?))
            }
        })
    }

    /// `shut-down`, which exit modules do not have: they are told by their last event.
    pub(super) fn shut_down(mut self, settings: &WasmSettings) -> Result<(), ModuleError> {
        let Guest::Policy(policy) = &self.guest else { return Ok(()) };
        let bounds = Bounds { limit: settings.stop, fuel: settings.fuel };
        run(&mut self.store, &self.program, bounds, &mut View::None, "shut-down", async |store| {
            policy.exeunt_modules_policy_module().call_shut_down(store).await
        })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let state = self.store.data();
        state.stdout.end();
        state.stderr.end();
    }
}

fn answered(error: types::ModuleError) -> Failure {
    Failure::Answered(contract::error_from_guest(error))
}

fn other_role(call: &str) -> Failure {
    Failure::Answered(ModuleError::new(
        HResult::E_UNEXPECTED,
        format!("`{call}` is a call of the other kind of module"),
    ))
}

/// Runs one call on this thread, within its bounds; the guest's calls to the server are answered from `view`.
fn run<T>(
    store: &mut Store<State>,
    program: &Program,
    bounds: Bounds,
    view: &mut View<'_>,
    call: &str,
    body: impl AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<T>,
) -> Result<T, ModuleError> {
    let state = store.data_mut();
    state.memory.refused = false;
    state.stdout.begin();
    state.stderr.begin();
    let desk = state.desk.clone();
    if let Some(fuel) = bounds.fuel {
        store.set_fuel(fuel).map_err(|error| ModuleError::new(HResult::E_UNEXPECTED, format!("{error:#}")))?;
    }
    store.set_epoch_deadline(machine::ticks(bounds.limit));
    let result = {
        let _clock = machine::running();
        let _runtime = program.runtime().enter();
        desk.serve(body(store), view, Instant::now() + bounds.limit + GRACE)
    };
    match result {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(fault::trapped(call, &error, store.data(), bounds)),
        None => Err(fault::overdue(call, bounds.limit)),
    }
}
