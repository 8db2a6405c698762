//! A component sees what a module in the server sees, and decides the same; and one that misbehaves hurts nobody.

#![cfg(feature = "wasm")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/components.rs"]
mod components;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use hosts::wasm::WasmKind;
use hosts::{Gauge, Guard, Limits};
use module::{ExitModule, ModuleError, ModuleKind, PolicyModule, Settings};
use testkit::conformance::{self, Interpreters};
use testkit::torture::{Misbehaviour, Specimen, Specimens};

/// Components of Rust.
struct Components;

/// A component of `tests/guests`.
fn guest(name: &'static str) -> Settings {
    static GUESTS: LazyLock<PathBuf> =
        LazyLock::new(|| components::rust(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests"), "guest_exit"));
    let component = GUESTS.with_file_name(format!("{name}.wasm"));
    let cache = components::cache();
    [("component", component.to_str().unwrap()), ("cache_directory", cache.to_str().unwrap())].into_iter().collect()
}

fn exit(settings: &Settings) -> Result<Arc<dyn ExitModule>, ModuleError> {
    let (kind, settings) = (WasmKind::default(), settings.clone());
    let limits = Limits::default().around(&kind, &settings)?;
    let make = move || kind.exit_module("component", &settings);
    Ok(Arc::new(Guard::exit("component", make, limits, Gauge::new())))
}

fn policy(settings: &Settings) -> Result<Arc<dyn PolicyModule>, ModuleError> {
    let (kind, settings) = (WasmKind::default(), settings.clone());
    let limits = Limits::default().around(&kind, &settings)?;
    let make = move || kind.policy_module("component", &settings);
    Ok(Arc::new(Guard::policy("component", make, limits, Gauge::new())))
}

impl Interpreters for Components {
    fn exit(&self, _state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError> {
        exit(&guest("interpreter_exit"))
    }

    fn policy(&self, _state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError> {
        policy(&guest("interpreter_policy"))
    }
}

#[test]
fn a_component_sees_what_a_module_in_the_server_sees() {
    conformance::exit_module(&Components);
}

#[test]
fn a_component_decides_as_a_module_in_the_server() {
    conformance::policy_module(&Components);
}

/// What a component cannot do, and why.
fn impossible(how: Misbehaviour) -> Option<&'static str> {
    match how {
        Misbehaviour::AnswersTwice => Some("a function returns once"),
        Misbehaviour::ClosesItsPipe => Some("it is called and returns: there is no pipe"),
        Misbehaviour::CallsBackLate => Some("it runs only in its calls, and names no context"),
        _ => None,
    }
}

fn specimen(name: &'static str, how: Misbehaviour, state: &Path) -> Settings {
    let mut settings = guest(name);
    let (how, state) = (format!("{how:?}"), state.display().to_string());
    for (name, value) in [
        ("setting.how", how.as_str()),
        ("dir./data", state.as_str()),
        ("timeout_ms", "1000"),
        ("stop_timeout_ms", "1000"),
        ("memory_bytes_max", "33554432"),
        ("restart_backoff_ms_min", "20"),
        ("restart_backoff_ms_max", "50"),
    ] {
        settings.set(name, value);
    }
    settings
}

impl Specimens for Components {
    fn exit(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn ExitModule> {
        if let Some(why) = impossible(how) {
            return Specimen::Impossible(why);
        }
        let settings = specimen("specimen_exit", how, state);
        Specimen::Of(Box::new(move || exit(&settings)))
    }

    fn policy(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn PolicyModule> {
        if let Some(why) = impossible(how) {
            return Specimen::Impossible(why);
        }
        let settings = specimen("specimen_policy", how, state);
        Specimen::Of(Box::new(move || policy(&settings)))
    }
}

testkit::torture!(Components);
