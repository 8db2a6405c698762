//! A module that crashes ends this process: the last line of its standard error says in which method, how, and where.
//!
//! Nothing is caught and gone on from: after a fault in foreign code nothing in the process can be relied on. The server
//! counts a failure, starts the module anew, and goes on.

#[cfg(unix)]
mod unix;
mod watched;
#[cfg(windows)]
mod windows;

use std::cell::Cell;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub use platform::note;

thread_local! {
    /// The method that the thread is in.
    static METHOD: Cell<&'static str> = const { Cell::new("") };
    /// The stack below which everything is the module's while it is in one.
    static BASE: Cell<usize> = const { Cell::new(0) };
}

/// Calls a method of the module; a crash meanwhile is reported with its name.
pub fn during<T>(method: &'static str, call: impl FnOnce() -> T) -> T {
    let mut inside = Inside { method: METHOD.replace(method), base: 0 };
    inside.base = BASE.replace((&raw const inside).addr());
    platform::keep_room();
    crate::error_info::clear();
    let result = watched::call(call);
    METHOD.set(inside.method);
    BASE.set(inside.base);
    std::mem::forget(inside);
    result
}

/// A method under way, with what was under way before it. It is dropped only where the thread is unwound through it.
struct Inside {
    method: &'static str,
    base: usize,
}

impl Drop for Inside {
    fn drop(&mut self) {
        platform::unwound(METHOD.replace(""));
        platform::end();
    }
}

/// Reports crashes from here on.
pub fn watch() {
    platform::watch();
    // A fault of our own below the module's frames must not unwind through them.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        if !METHOD.get().is_empty() {
            METHOD.set("");
            platform::end();
        }
    }));
}
