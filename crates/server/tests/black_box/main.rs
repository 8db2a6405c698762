//! Black-box tests: the real executable, on a folder of its own, told by its own command line.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod authority;
mod certificates;
mod configuration;
mod crash;
mod crls;
mod initialisation;
mod laboratory;
mod laboratory_kinds;
#[cfg(feature = "wasm")]
mod live_change;
mod module_class;
mod module_manifest;
mod module_script;
mod module_versions;
mod modules;
mod output;
mod remote;
mod requests;
mod roles;
mod serving;
mod support;
mod walk;
mod webhooks;
