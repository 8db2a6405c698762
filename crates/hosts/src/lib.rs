//! Module hosts: foreign modules behind the module traits, and the guard that every module is called through.
//!
//! | Here | What it is |
//! |---|---|
//! | [`Guard`] | time limit, concurrency, panics, restarts and counting: one for all modules, built in or foreign |
//! | [`Gauge`] | what the guard counted, for metrics and for `module show` |
//! | [`process`] | any program that speaks JSON-RPC 2.0 over its standard input and output; its messages are [`module::wire`] |
//!
//! The crate knows the module contract and nothing above it: no module, however it misbehaves, can reach the engine
//! but through the `ServerExit` or `ServerPolicy` of its call. Start reading at [`Guard::exit`], then
//! `process/supervisor.rs` (one module, many processes), `process/session.rs` (one process, many calls) and
//! `process/pump.rs` (the thread that moves the bytes).

mod backoff;
mod gauge;
mod guard;
pub mod process;

use std::sync::Arc;

pub use gauge::{Bucket, Failure, Gauge, GaugeSnapshot, LatencySnapshot};
pub use guard::{Guard, Limits};
use module::ModuleKind;

/// Every kind of foreign module.
pub fn kinds() -> Vec<Arc<dyn ModuleKind>> {
    vec![Arc::new(process::ProcessKind)]
}
