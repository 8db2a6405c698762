//! Why a guest ended, in the contract's words.

use std::fmt::Write;
use std::time::Duration;

use module::{HResult, ModuleError};
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::state::State;

/// Functions of the guest that are named in the text of a trap, the innermost first.
const FRAMES_MAX: usize = 6;

/// The longest name of a function that is shown.
const NAME_BYTES_MAX: usize = 100;

/// What a guest was bound by when it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) limit: Duration,
    pub(super) fuel: Option<u64>,
}

/// A call that was not answered by its time: the guest waits for something outside.
pub(super) fn overdue(call: &str, limit: Duration) -> ModuleError {
    let text = format!("`{call}` took longer than {} ms and was given up", limit.as_millis());
    ModuleError::new(HResult::ERROR_TIMEOUT, text)
}

/// A call that ended in a trap. `call` is the function of the contract.
pub(super) fn trapped(call: &str, error: &wasmtime::Error, state: &State, bounds: Bounds) -> ModuleError {
    let (code, mut text) = reason(call, error, state, bounds);
    // What it said itself is worth more than where it was.
    text.push_str(&state.stderr.last_words());
    if let Some(trace) = error.downcast_ref::<WasmBacktrace>() {
        let names = trace.frames().iter().filter_map(|frame| frame.func_name()).map(readable);
        let names = names.filter(|name| own(name)).take(FRAMES_MAX);
        let shown = names.map(|name| short(&name)).collect::<Vec<_>>().join(" < ");
        if !shown.is_empty() {
            let _ = write!(text, "; it was in {shown}");
        }
    }
    ModuleError::new(code, text)
}

fn reason(call: &str, error: &wasmtime::Error, state: &State, bounds: Bounds) -> (HResult, String) {
    if let Some(I32Exit(status)) = error.downcast_ref() {
        let text = format!("`{call}`: the component ended itself with status {status}; a module answers with an error");
        return (HResult::RPC_E_DISCONNECTED, text);
    }
    let trap = error.downcast_ref::<Trap>();
    match trap {
        Some(Trap::Interrupt) => {
            let text = format!("`{call}` took longer than {} ms and was interrupted", bounds.limit.as_millis());
            (HResult::ERROR_TIMEOUT, text)
        }
        Some(Trap::OutOfFuel) => {
            let fuel = bounds.fuel.unwrap_or_default();
            (HResult::ERROR_TIMEOUT, format!("`{call}` used up its fuel of {fuel}; the setting `fuel` can be raised"))
        }
        _ if state.memory.refused => {
            let text = format!(
                "`{call}`: the component needs more memory than the {} bytes of `memory_bytes_max`",
                state.memory.bytes_max
            );
            (HResult::E_OUTOFMEMORY, text)
        }
        Some(Trap::StackOverflow) => {
            (HResult::RPC_E_SERVERFAULT, format!("`{call}`: the component's stack overflowed: it recurses too deeply"))
        }
        // How every panic and every uncaught exception ends: it says nothing beyond that.
        Some(Trap::UnreachableCodeReached) => {
            (HResult::RPC_E_SERVERFAULT, format!("`{call}`: the component broke down (a panic, or an exception)"))
        }
        Some(trap) => (HResult::RPC_E_SERVERFAULT, format!("`{call}`: the component trapped: {trap}")),
        // The one limit whose error has no type of its own.
        None if error.root_cause().to_string().contains("hostcalls") => {
            let text = format!("`{call}`: the component handed over more than `message_bytes_max` allows");
            (HResult::RPC_E_SERVERFAULT, text)
        }
        None => (HResult::RPC_E_SERVERFAULT, format!("`{call}`: the component was stopped: {}", error.root_cause())),
    }
}

/// A function's name as its author wrote it: compilers of Rust write paths and types into it.
fn readable(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// Whether a frame says where the module is: not the machinery of panics and of the language's start.
fn own(name: &str) -> bool {
    const MACHINERY: [&str; 8] = [
        "core::panicking",
        "std::panicking",
        "rust_begin_unwind",
        "std::sys::",
        "__rust",
        "abort",
        "wit_dylib_",
        "exeunt:modules/",
    ];
    !MACHINERY.iter().any(|part| name.contains(part))
}

fn short(name: &str) -> String {
    let end = name.floor_char_boundary(NAME_BYTES_MAX);
    name.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machinery_of_panics_is_known_by_its_mangled_names() {
        for name in [
            "_RNvNtCshXfaRvt2tfW_3std9panicking15panic_with_hook",
            "_RNCNvNtCshXfaRvt2tfW_3std9panicking13panic_handler0B5_",
            "_RNvNtCs9pv848UzQwQ_4core9panicking9panic_fmt",
            "_ZN4core9panicking5panic17h0123456789abcdefE",
            "__rustc[1234]::rust_begin_unwind",
        ] {
            assert!(!own(&readable(name)), "{name} is {}", readable(name));
        }
        for (name, shown) in [
            ("_RNvCs9pv848UzQwQ_6ledger3add", "ledger::add"),
            ("_ZN6ledger3add17h0123456789abcdefE", "ledger::add"),
            ("_PyEval_EvalFrameDefault", "_PyEval_EvalFrameDefault"),
        ] {
            assert!(readable(name) == shown && own(shown), "{name} is {}", readable(name));
        }
    }
}
