//! Lines for the server's log.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::json;

use crate::link::Link;

/// The server keeps this much of a line, in bytes.
const LINE_BYTES_MAX: usize = 4096;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// Something happened.
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The word of the protocol.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Writes a line into the server's log, with the module's name; from any thread, at any time.
///
/// The server keeps 4,096 bytes of a line and 200 lines a second. Where no conversation is under way, and where it has
/// ended, the line goes to the standard error.
pub fn log(level: Level, message: &str) {
    let end = message.floor_char_boundary(LINE_BYTES_MAX);
    let message = message.get(..end).unwrap_or(message);
    if let Some(heard) = HEARD.with_borrow(Option::clone) {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}: {message}", level.name()));
        return;
    }
    let params = json!({"level": level.name(), "message": message});
    let told = sink().is_some_and(|link| link.tell("log", &params).is_ok());
    if !told {
        eprintln!("{}: {message}", level.name());
    }
}

thread_local! {
    /// The conversation whose call this thread serves.
    static CURRENT: RefCell<Weak<Link>> = const { RefCell::new(Weak::new()) };
    /// Where the lines of this thread go while a test calls a module in it.
    static HEARD: RefCell<Option<Arc<Mutex<Vec<String>>>>> = const { RefCell::new(None) };
}

/// The conversation that threads of the module's own speak in: the first of the process that is under way.
static PROCESS: Mutex<Weak<Link>> = Mutex::new(Weak::new());

/// Makes this the thread's conversation until the answer is dropped.
pub(crate) fn enter(link: &Arc<Link>) -> impl Drop + use<> {
    struct Entered(Weak<Link>);
    impl Drop for Entered {
        fn drop(&mut self) {
            CURRENT.set(std::mem::take(&mut self.0));
        }
    }
    Entered(CURRENT.replace(Arc::downgrade(link)))
}

/// Keeps the thread's lines here, each with its level in front, until the answer is dropped.
pub(crate) fn hear(lines: &Arc<Mutex<Vec<String>>>) -> impl Drop + use<> {
    struct Hearing(Option<Arc<Mutex<Vec<String>>>>);
    impl Drop for Hearing {
        fn drop(&mut self) {
            HEARD.set(self.0.take());
        }
    }
    Hearing(HEARD.replace(Some(Arc::clone(lines))))
}

/// Makes this the thread's conversation, and the process's where there is none.
pub(crate) fn install(link: &Arc<Link>) -> impl Drop + use<> {
    let mut process = process();
    if process.upgrade().is_none() {
        *process = Arc::downgrade(link);
    }
    enter(link)
}

fn sink() -> Option<Arc<Link>> {
    CURRENT.with_borrow(Weak::upgrade).or_else(|| process().upgrade())
}

fn process() -> MutexGuard<'static, Weak<Link>> {
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}
