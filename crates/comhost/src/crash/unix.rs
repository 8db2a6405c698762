//! Crashes of shared objects: signals, and exceptions that nobody caught.

mod frames;
mod line;
mod objects;

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use self::frames::Frame;
use self::line::Line;
pub use self::objects::note;
use super::{BASE, METHOD};

const SIGNALS: [(c_int, &str); 6] = [
    (libc::SIGSEGV, "an invalid memory access (SIGSEGV)"),
    (libc::SIGBUS, "an invalid memory access (SIGBUS)"),
    (libc::SIGFPE, "an arithmetic error (SIGFPE)"),
    (libc::SIGILL, "an invalid instruction (SIGILL)"),
    (libc::SIGTRAP, "a breakpoint, or a trap of the compiler's (SIGTRAP)"),
    (libc::SIGABRT, "an exception that nobody caught, or abort (SIGABRT)"),
];

/// How far from the end of the stack the access may be that shows that it has overflowed.
const OVERFLOW_BYTES_MAX: usize = 64 * 1024;
/// What a handler may use, in bytes: more than the saved registers of any processor and our own few hundred.
const ROOM: usize = 64 * 1024;

/// This process. A module may fork others, which are not the module.
static PROCESS: AtomicI32 = AtomicI32::new(0);

thread_local! {
    /// The stack that this thread's signals are handled on. The runtime gives every thread one; on processors with large
    /// registers little of it is left.
    static SIGNAL_STACK: RefCell<Option<SignalStack>> = const { RefCell::new(None) };
}

pub(super) fn watch() {
    // SAFETY: a number.
    PROCESS.store(unsafe { libc::getpid() }, Ordering::Relaxed);
    for (signal, _) in SIGNALS {
        // SAFETY: a zeroed sigaction is an empty one; the handler only does what is safe in a signal. It runs on the
        // alternate stack, so that an overflowed stack is reported too.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = report as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
            action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_SIGINFO;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
    // SAFETY: the function touches nothing but its thread's own cells, its stack and the standard error.
    unsafe { libc::atexit(left) };
}

/// Gives this thread a stack for its signals.
pub(super) fn keep_room() {
    // A thread that is ending has none any more, and keeps what the runtime gave it.
    let _ = SIGNAL_STACK.try_with(|stack| stack.borrow_mut().get_or_insert_with(SignalStack::new).0.len());
}

/// Ends the process as `abort` does, without another report.
pub(super) fn end() -> ! {
    // SAFETY: the signal's own action.
    unsafe { libc::signal(libc::SIGABRT, libc::SIG_DFL) };
    std::process::abort();
}

/// The thread was unwound through this host: by `pthread_exit`, or where [`thrown`] is not asked.
pub(super) fn unwound(method: &str) {
    begun(method).text(": an exception that nobody caught, or the end of its thread").end();
}

struct SignalStack(Box<[u8]>);

impl SignalStack {
    fn new() -> Self {
        let mut room = vec![0; ROOM].into_boxed_slice();
        let stack = libc::stack_t { ss_sp: room.as_mut_ptr().cast(), ss_flags: 0, ss_size: room.len() };
        // SAFETY: memory of ours that stays until it is taken back. Where it is not taken, the runtime's serves.
        unsafe { libc::sigaltstack(&stack, std::ptr::null_mut()) };
        Self(room)
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let none = libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: takes back what was given.
        unsafe { libc::sigaltstack(&none, std::ptr::null_mut()) };
    }
}

/// What was done to memory that could not be done to it, and whether the address of that is known.
#[cfg(target_arch = "x86_64")]
fn access(context: &libc::ucontext_t) -> (&'static str, bool) {
    const GENERAL_PROTECTION: i64 = 13;
    const WRITES: i64 = 2;
    const RUNS: i64 = 16;
    let of = |register: c_int| context.uc_mcontext.gregs.get(register as usize).copied().unwrap_or_default();
    let what = match of(libc::REG_ERR) {
        error if error & RUNS != 0 => "running",
        error if error & WRITES != 0 => "writing to",
        _ => "reading",
    };
    (what, of(libc::REG_TRAPNO) != GENERAL_PROTECTION)
}

#[cfg(target_arch = "aarch64")]
const fn access(_context: &libc::ucontext_t) -> (&'static str, bool) {
    ("accessing", true)
}

extern "C" fn report(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system hands over both, for the time of the handler.
    let (info, context) = unsafe { (&*info, &*context.cast::<libc::ucontext_t>()) };
    // SAFETY: which of the two is there is said by the code; both are numbers.
    let (address, sender) = unsafe { (info.si_addr().addr(), info.si_pid()) };
    let frame = Frame::of(context);
    let (access, addressed) = access(context);
    let sent = info.si_code <= 0 && signal != libc::SIGABRT;
    let memory = matches!(signal, libc::SIGSEGV | libc::SIGBUS) && addressed && !sent;
    let base = BASE.try_with(Cell::get).unwrap_or(0);
    // Between the end of a stack and our own frame all is mapped, but what lies behind its guard.
    let overflow = memory && address.abs_diff(frame.stack()) < OVERFLOW_BYTES_MAX && (base == 0 || address < base);
    let what = SIGNALS.iter().find(|(number, _)| *number == signal).map_or("a signal", |(_, what)| what);
    let mut line = begun(method());
    line.text(": ").text(if overflow { "an overflowed stack (SIGSEGV)" } else { what }).text(" at ").place(frame.at);
    if sent {
        line.text(", sent by process ").decimal(sender.unsigned_abs() as usize);
    } else if memory && !overflow {
        line.text(", ").text(access).text(" ").hexadecimal(address);
    }
    // What is known is said before a stack is looked at that may be broken.
    line.write();
    if !objects::is_of_module(frame.at)
        && let Some(caller) = frame.caller_in_module()
    {
        line.text(", called from ").place(caller);
    }
    line.end();
    // The handler was reset: the second time the signal ends the process.
    // SAFETY: raising a signal in the thread that has it.
    unsafe { libc::raise(signal) };
}

/// The end of a process that is in a method of the module is the module's doing.
extern "C" fn left() {
    if method().is_empty() || is_forked() {
        return;
    }
    let mut line = Line::default();
    line.text("the module called exit in ").text(method());
    if let Some(place) = objects::here() {
        line.text(" at ").place(place);
    }
    line.end();
}

/// The personality of the frame between this host and the module: is asked about an exception that nobody below it catches, while
/// all frames still stand.
#[cfg(target_arch = "x86_64")]
pub(super) extern "C" fn thrown(
    _version: c_int,
    actions: c_int,
    _class: u64,
    _exception: *mut c_void,
    _context: *mut c_void,
) -> c_int {
    const SEARCH_PHASE: c_int = 1;
    const CONTINUE_UNWIND: c_int = 8;
    if actions & SEARCH_PHASE == 0 {
        return CONTINUE_UNWIND;
    }
    let mut line = begun(method());
    line.text(": an exception that nobody caught");
    if let Some(place) = objects::here() {
        line.text(", thrown at ").place(place);
    }
    line.end();
    end()
}

/// The method the thread is in; empty where it is in none.
fn method() -> &'static str {
    METHOD.try_with(Cell::get).unwrap_or("")
}

/// Whether this is a process that the module has forked.
fn is_forked() -> bool {
    // SAFETY: a number.
    PROCESS.load(Ordering::Relaxed) != unsafe { libc::getpid() }
}

/// The beginning of a report.
fn begun(method: &str) -> Line {
    let mut line = Line::default();
    line.text(if is_forked() { "a process that the module forked crashed" } else { "the module crashed" });
    if !method.is_empty() {
        line.text(" in ").text(method);
    }
    line
}
