//! A module that is a program of this crate sees what a module in the server sees, and decides the same.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use exeunt_module::{ExitModule, ModuleError, ModuleKind, PolicyModule, Settings};
use hosts::process::ProcessKind;
use hosts::{Gauge, Guard, Limits};
use testkit::conformance::{self, Interpreters};

struct Programs;

impl Programs {
    fn settings(role: &str) -> Settings {
        let tests = std::env::current_exe().unwrap();
        let program = tests.parent().and_then(Path::parent).unwrap().join("examples/interpreter");
        assert!(program.is_file(), "no {}; build it: cargo build -p exeunt-stdio --examples", program.display());
        let command = serde_json::json!([program, role]).to_string();
        [("command", command)].into_iter().collect()
    }
}

impl Interpreters for Programs {
    fn exit(&self, _state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError> {
        let settings = Self::settings("exit");
        let limits = Limits::default().around(&ProcessKind, &settings)?;
        let make = move || ProcessKind.exit_module("interpreter", &settings);
        Ok(Arc::new(Guard::exit("interpreter", make, limits, Gauge::new())))
    }

    fn policy(&self, _state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError> {
        let settings = Self::settings("policy");
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
