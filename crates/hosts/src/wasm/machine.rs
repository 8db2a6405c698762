//! The engines that compile and run components, one for all modules, and the clock that interrupts them.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use module::{HResult, ModuleError};
use parking_lot::{Condvar, Mutex};
use wasmtime::{Config, Engine, WasmBacktraceDetails};

/// How often a running guest can be interrupted.
const TICK: Duration = Duration::from_millis(10);

/// How many ticks without a call until the clock stops; the next call starts it again.
const IDLE_TICKS: u32 = 100;

/// The stack of a guest. Interpreters of other languages recurse deeply.
const GUEST_STACK: usize = 1 << 20;

/// The stack of a guest with what the server needs above it.
const STACK: usize = GUEST_STACK + (2 << 20);

/// An engine. Components are compiled for one of two: that with fuel counts every instruction, and is slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Machine {
    /// Interrupted by time.
    Timed,
    /// Interrupted by time, and when its fuel is used up.
    Fuelled,
}

impl Machine {
    /// Its engine.
    pub(super) fn engine(self) -> Result<&'static Engine, ModuleError> {
        static ENGINES: LazyLock<Result<[Engine; 2], String>> = LazyLock::new(|| {
            let engines = [engine(false)?, engine(true)?];
            Clock::start(engines.clone())?;
            Ok(engines)
        });
        let unavailable = |text: &String| ModuleError::new(HResult::E_UNEXPECTED, text.clone());
        let [timed, fuelled] = ENGINES.as_ref().map_err(unavailable)?;
        Ok(match self {
            Self::Timed => timed,
            Self::Fuelled => fuelled,
        })
    }

    /// A word for file names.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Timed => "timed",
            Self::Fuelled => "fuelled",
        }
    }
}

fn engine(fuel: bool) -> Result<Engine, String> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .consume_fuel(fuel)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(STACK)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    Engine::new(&config).map_err(|error| format!("this machine cannot run WebAssembly: {error:#}"))
}

/// The ticks after which a call of this length is interrupted: never before its time.
pub(super) fn ticks(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX / 2) + 1
}

/// Advances the epoch of the engines while guests run. It stops when none has run for a while: a server whose modules
/// have nothing to do sleeps.
struct Clock {
    running: Mutex<usize>,
    wanted: Condvar,
}

static CLOCK: LazyLock<Arc<Clock>> =
    LazyLock::new(|| Arc::new(Clock { running: Mutex::new(0), wanted: Condvar::new() }));

/// Keeps the clock going.
pub(super) struct Running(());

/// Starts the clock, if it does not go.
pub(super) fn running() -> Running {
    let mut running = CLOCK.running.lock();
    *running += 1;
    CLOCK.wanted.notify_one();
    Running(())
}

impl Drop for Running {
    fn drop(&mut self) {
        *CLOCK.running.lock() -= 1;
    }
}

impl Clock {
    fn start(engines: [Engine; 2]) -> Result<(), String> {
        let clock = Arc::clone(&CLOCK);
        std::thread::Builder::new()
            .name("wasm-clock".to_owned())
            .spawn(move || clock.tick(&engines))
            .map(drop)
            .map_err(|error| format!("no thread could be started for the clock of WebAssembly: {error}"))
    }

    fn tick(&self, engines: &[Engine]) -> ! {
        let mut idle = 0;
        loop {
            {
                let mut running = self.running.lock();
                idle = if *running == 0 { idle + 1 } else { 0 };
                while *running == 0 && idle > IDLE_TICKS {
                    self.wanted.wait(&mut running);
                    idle = 0;
                }
            }
            std::thread::sleep(TICK);
            engines.iter().for_each(Engine::increment_epoch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_all_its_time() {
        assert_eq!(ticks(Duration::from_millis(1)), 2);
        assert_eq!(ticks(Duration::from_millis(10)), 2);
        assert_eq!(ticks(Duration::from_millis(11)), 3);
        assert_eq!(ticks(Duration::from_secs(30)), 3001);
    }
}
