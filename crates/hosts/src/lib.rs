//! Module hosts: foreign modules behind the module traits, and the guard that every module is called through.
//!
//! | Here | What it is |
//! |---|---|
//! | [`Guard`] | time limit, concurrency, panics, restarts and counting: one for all modules, built in or foreign |
//! | [`Gauge`] | what the guard counted, for metrics and for `module show` |
//! | [`process`] | any program that speaks JSON-RPC 2.0 over its standard input and output; its messages are [`module::wire`] |
//! | [`com`] | COM modules: DLLs under Wine, and shared objects compiled from their sources, through `exeunt-comhost` |
//! | `wasm` | WebAssembly components, inside the server and with the powers they are granted; behind the feature `wasm` |
//! | [`webhook`] | an HTTPS endpoint that is sent signed CloudEvents |
//!
//! The crate knows the module contract and nothing above it: no module, however it misbehaves, can reach the engine
//! but through the `ServerExit` or `ServerPolicy` of its call. Start reading at [`Guard::exit`], then
//! `process/supervisor.rs` (one module, many processes), `process/session.rs` (one process, many calls) and
//! `process/pump.rs` (the thread that moves the bytes).

mod backoff;
pub mod com;
mod gauge;
mod guard;
pub mod process;
#[cfg(feature = "wasm")]
pub mod wasm;
pub mod webhook;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use gauge::{Bucket, Failure, Gauge, GaugeSnapshot, LatencySnapshot};
pub use guard::{Guard, Limits};
use module::ModuleKind;

/// Every kind of foreign module; what they compile is kept in the user's cache, if there is one.
pub fn kinds() -> Vec<Arc<dyn ModuleKind>> {
    kinds_with_cache(user_cache())
}

/// Every kind of foreign module; what they compile is kept in this private directory, which is made when it is needed, and
/// what COM modules keep in `com` beside it.
pub fn kinds_with_cache(cache: Option<PathBuf>) -> Vec<Arc<dyn ModuleKind>> {
    vec![
        Arc::new(process::ProcessKind),
        Arc::new(com_beside(cache.as_deref())),
        #[cfg(feature = "wasm")]
        Arc::new(wasm::WasmKind::new(cache)),
        Arc::new(webhook::WebhookKind),
    ]
}

/// The kind `com`, whose modules keep what they need beside the directory for what is compiled.
fn com_beside(cache: Option<&Path>) -> com::ComKind {
    com::ComKind::new(cache.and_then(Path::parent).map(|folder| folder.join(com::ComKind::NAME)))
}

/// `exeunt/compiled` in the user's directory for caches (XDG Base Directory Specification).
fn user_cache() -> Option<PathBuf> {
    let directory = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = directory("XDG_CACHE_HOME").or_else(|| Some(directory("HOME")?.join(".cache")))?;
    Some(caches.join("exeunt/compiled"))
}
