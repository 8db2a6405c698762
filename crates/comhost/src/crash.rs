//! A module that crashes ends this process: the last line of its standard error says in which method, and how.
//!
//! Nothing is caught and gone on from: after a fault in foreign code nothing in the process can be relied on. The server
//! counts a failure, starts the module anew, and goes on.

use std::cell::Cell;

thread_local! {
    /// The method that the thread is in.
    static METHOD: Cell<&'static str> = const { Cell::new("") };
}

/// Calls a method of the module; a crash meanwhile is reported with its name.
pub fn during<T>(method: &'static str, call: impl FnOnce() -> T) -> T {
    let inside = Inside { before: METHOD.replace(method) };
    platform::keep_room();
    crate::error_info::clear();
    let result = call();
    METHOD.set(inside.before);
    std::mem::forget(inside);
    result
}

/// A method under way. It is dropped only where an exception comes through it.
struct Inside {
    before: &'static str,
}

impl Drop for Inside {
    fn drop(&mut self) {
        let method = METHOD.replace("");
        eprintln!("the module crashed in {method}: an exception that nobody caught");
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

#[cfg(unix)]
mod platform {
    use std::cell::Cell;

    use super::METHOD;

    const SIGNALS: [(libc::c_int, &str); 5] = [
        (libc::SIGSEGV, "an invalid memory access or an overflowed stack (SIGSEGV)"),
        (libc::SIGBUS, "an invalid memory access (SIGBUS)"),
        (libc::SIGFPE, "an arithmetic error (SIGFPE)"),
        (libc::SIGILL, "an invalid instruction (SIGILL)"),
        (libc::SIGABRT, "an exception that nobody caught, or abort (SIGABRT)"),
    ];

    pub(super) fn watch() {
        for (signal, _) in SIGNALS {
            // SAFETY: a zeroed sigaction is an empty one; the handler only does what is safe in a signal. It runs on the
            // alternate stack that the runtime gave every thread, so that an overflowed stack is reported too.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = report as extern "C" fn(libc::c_int) as usize;
                action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND | libc::SA_NODEFER;
                libc::sigaction(signal, &action, std::ptr::null_mut());
            }
        }
        // SAFETY: the function touches nothing but its thread's own cell and the standard error.
        unsafe { libc::atexit(left) };
    }

    /// The runtime gives every thread an alternate stack.
    pub(super) const fn keep_room() {}

    /// Ends the process as `abort` does, without another report.
    pub(super) fn end() -> ! {
        // SAFETY: the signal's own action.
        unsafe { libc::signal(libc::SIGABRT, libc::SIG_DFL) };
        std::process::abort();
    }

    extern "C" fn report(signal: libc::c_int) {
        let what = SIGNALS.iter().find(|(number, _)| *number == signal).map_or("a signal", |(_, what)| what);
        say(&["the module crashed", place(), ": ", what, "\n"]);
        // The handler was reset: the second time the signal ends the process.
        // SAFETY: raising a signal in the thread that has it.
        unsafe { libc::raise(signal) };
    }

    /// The end of a process that is in a method of the module is the module's doing.
    extern "C" fn left() {
        if !METHOD.get().is_empty() {
            say(&["the module called exit", place(), "\n"]);
        }
    }

    /// The method the thread is in; empty where it is in none.
    fn place() -> &'static str {
        METHOD.try_with(Cell::get).unwrap_or("")
    }

    /// Writes parts to the standard error, with what is safe in a signal.
    fn say(parts: &[&str]) {
        for (index, part) in parts.iter().enumerate() {
            let separator = if index == 1 && !part.is_empty() { " in " } else { "" };
            for text in [separator, part] {
                // SAFETY: bytes of ours. What cannot be written cannot be reported either.
                unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
            }
        }
    }
}

#[cfg(windows)]
mod platform {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::io::Write;

    use windows_sys::Win32::System::Diagnostics::Debug::{
        EXCEPTION_POINTERS, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode, SetUnhandledExceptionFilter,
    };
    use windows_sys::Win32::System::Memory::{PAGE_GUARD, PAGE_READWRITE, VirtualProtect};
    use windows_sys::Win32::System::Threading::{
        GetCurrentProcess, GetCurrentThreadStackLimits, SetThreadStackGuarantee, TerminateProcess,
    };

    use super::METHOD;
    use crate::loader::under_wine;

    /// What the report of an overflow needs of the stack that has overflowed, in bytes.
    const ROOM: usize = 64 * 1024;
    const PAGE: usize = 4096;

    thread_local! {
        static KEPT: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn watch() {
        // SAFETY: settings of the process; the filter may run at any time from here on.
        unsafe {
            SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
            SetUnhandledExceptionFilter(Some(report));
        }
    }

    /// Keeps room on this thread's stack for the report of its overflow.
    pub(super) fn keep_room() {
        if KEPT.replace(true) {
            return;
        }
        let mut room = ROOM as u32;
        // SAFETY: a number that the system reads, and writes. Where it fails, the report is what may be lost.
        unsafe { SetThreadStackGuarantee(&mut room) };
        if under_wine() {
            // Wine has the guard page at the stack's end, with one page behind it, whatever is to be guaranteed. Another one above
            // the room makes the overflow come there.
            let (mut lowest, mut highest, mut before) = (0, 0, 0);
            // SAFETY: places of ours; a page that is this thread's, and stays readable and writable.
            unsafe {
                GetCurrentThreadStackLimits(&mut lowest, &mut highest);
                let guard = lowest + PAGE + ROOM;
                VirtualProtect(guard as *const c_void, PAGE, PAGE_READWRITE | PAGE_GUARD, &mut before);
            }
        }
    }

    /// Ends the process as an unhandled exception does, without another report.
    pub(super) fn end() -> ! {
        const UNHANDLED: u32 = 0xe06d_7363;
        // SAFETY: ends this process.
        unsafe { TerminateProcess(GetCurrentProcess(), UNHANDLED) };
        std::process::abort();
    }

    unsafe extern "system" fn report(pointers: *const EXCEPTION_POINTERS) -> i32 {
        // SAFETY: the system hands over a record of the exception.
        let (code, address) = unsafe {
            let record = (*pointers).ExceptionRecord;
            ((*record).ExceptionCode.cast_unsigned(), (*record).ExceptionAddress)
        };
        let what = match code {
            0xc000_0005 => "access violation",
            0xc000_00fd => "stack overflow",
            0xc000_0094 => "division by zero",
            0xc000_001d => "invalid instruction",
            0xe06d_7363 | 0x2047_4343 => "a C++ exception that nobody caught",
            0xe043_4352 => "a .NET exception that nobody caught",
            _ => "structured exception",
        };
        let method = METHOD.get();
        let place = if method.is_empty() { String::new() } else { format!(" in {method}") };
        // What cannot be written cannot be reported either.
        let _ = writeln!(std::io::stderr(), "the module crashed{place}: {what} ({code:#010x}) at {address:p}");
        // SAFETY: ends this process, in which nothing can be relied on any more.
        unsafe { TerminateProcess(GetCurrentProcess(), code) };
        0
    }
}
