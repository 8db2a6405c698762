//! Programs that misbehave, in a real authority.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use hosts::process::ProcessKind;
use hosts::{Gauge, Guard, Limits};
use module::{ExitModule, ModuleKind, PolicyModule, Settings};
use testkit::torture::{Misbehaviour, Specimen, Specimens};

/// Modules of kind `process` that are a Python program.
struct Programs;

impl Programs {
    fn settings(how: Misbehaviour, state: &Path) -> Settings {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/specimen.py");
        let command = serde_json::json!(["python3", program, format!("{how:?}")]).to_string();
        let environment = serde_json::json!({"STATE": state, "PYTHONDONTWRITEBYTECODE": "1"}).to_string();
        [
            ("command", command.as_str()),
            ("environment", environment.as_str()),
            ("timeout_ms", "1000"),
            ("stop_timeout_ms", "1000"),
            ("memory_bytes_max", "268435456"),
            ("restart_backoff_ms_min", "20"),
            ("restart_backoff_ms_max", "50"),
        ]
        .into_iter()
        .collect()
    }

    fn limits(settings: &Settings) -> Limits {
        Limits::default().around(&ProcessKind, settings).unwrap()
    }
}

impl Specimens for Programs {
    fn exit(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn ExitModule> {
        let settings = Self::settings(how, state);
        Specimen::Of(Box::new(move || {
            let (limits, settings) = (Self::limits(&settings), settings.clone());
            let make = move || ProcessKind.exit_module("specimen", &settings);
            Ok(Arc::new(Guard::exit("specimen", make, limits, Gauge::new())))
        }))
    }

    fn policy(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn PolicyModule> {
        let settings = Self::settings(how, state);
        Specimen::Of(Box::new(move || {
            let (limits, settings) = (Self::limits(&settings), settings.clone());
            let make = move || ProcessKind.policy_module("specimen", &settings);
            Ok(Arc::new(Guard::policy("specimen", make, limits, Gauge::new())))
        }))
    }

    fn left(&self, state: &Path) -> Vec<String> {
        let mark = format!("STATE={}", state.display());
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let ours = |process: &std::path::PathBuf| {
            let environment = std::fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        processes.filter(ours).map(|process| process.display().to_string()).collect()
    }
}

testkit::torture!(Programs);
