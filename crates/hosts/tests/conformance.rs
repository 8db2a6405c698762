//! A program sees what a module in the server sees, and decides the same.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use hosts::process::ProcessKind;
use hosts::{Gauge, Guard, Limits};
use module::{ExitModule, ModuleError, ModuleKind, PolicyModule, Settings};
use testkit::conformance::{self, Interpreters};

/// Modules of kind `process` that are a Python program.
struct Programs;

impl Programs {
    fn settings(state: &Path) -> Settings {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/interpreter.py");
        let command = serde_json::json!(["python3", program]).to_string();
        let environment = serde_json::json!({"STATE": state, "PYTHONDONTWRITEBYTECODE": "1"}).to_string();
        [("command", command), ("environment", environment)].into_iter().collect()
    }
}

impl Interpreters for Programs {
    fn exit(&self, state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError> {
        let settings = Self::settings(state);
        let limits = Limits::default().around(&ProcessKind, &settings)?;
        let make = move || ProcessKind.exit_module("interpreter", &settings);
        Ok(Arc::new(Guard::exit("interpreter", make, limits, Gauge::new())))
    }

    fn policy(&self, state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError> {
        let settings = Self::settings(state);
        let limits = Limits::default().around(&ProcessKind, &settings)?;
        let make = move || ProcessKind.policy_module("interpreter", &settings);
        Ok(Arc::new(Guard::policy("interpreter", make, limits, Gauge::new())))
    }
}

#[test]
fn a_program_sees_what_a_module_in_the_server_sees() {
    conformance::exit_module(&Programs);
}

#[test]
fn a_program_decides_as_a_module_in_the_server() {
    conformance::policy_module(&Programs);
}
