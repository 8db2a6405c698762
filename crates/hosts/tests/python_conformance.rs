//! A module on the Python package sees what a module in the server sees, and decides the same; and so does what stands at
//! the other end of a webhook, as far as its messages go.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod endpoint;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use endpoint::SECRET;
use endpoint::authority::Identity;
use hosts::process::ProcessKind;
use hosts::webhook::WebhookKind;
use hosts::{Gauge, Guard, Limits};
use module::{ExitModule, ModuleError, ModuleKind, PolicyModule, Settings};
use serde_json::json;
use testkit::conformance::{self, Interpreters};

fn interpreter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/interpreter.py")
}

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/python/src").canonicalize().unwrap()
}

/// Programs on the package.
struct Programs;

fn program(role: &str) -> (Settings, Limits) {
    let command = json!(["python3", interpreter(), role]).to_string();
    let environment = json!({"PYTHONPATH": package(), "PYTHONDONTWRITEBYTECODE": "1"}).to_string();
    let settings: Settings = [("command", command), ("environment", environment)].into_iter().collect();
    let limits = Limits::default().around(&ProcessKind, &settings).unwrap();
    (settings, limits)
}

impl Interpreters for Programs {
    fn exit(&self, _state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError> {
        let (settings, limits) = program("exit");
        let make = move || ProcessKind.exit_module("interpreter", &settings);
        Ok(Arc::new(Guard::exit("interpreter", make, limits, Gauge::new())))
    }

    fn policy(&self, _state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError> {
        let (settings, limits) = program("policy");
        let make = move || ProcessKind.policy_module("interpreter", &settings);
        Ok(Arc::new(Guard::policy("interpreter", make, limits, Gauge::new())))
    }
}

/// An endpoint on the package.
struct Receiver {
    process: Child,
    url: String,
    identity: Identity,
}

impl Receiver {
    fn start() -> Self {
        let identity = Identity::new();
        std::fs::write(identity.path("secret"), SECRET).unwrap();
        let mut process = Command::new("python3")
            .arg(interpreter())
            .arg("webhook")
            .args(["server.pem", "server.key", "secret"].map(|name| identity.path(name)))
            .env("PYTHONPATH", package())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = format!("https://127.0.0.1:{}/", line.trim().rsplit(' ').next().unwrap());
        Self { process, url, identity }
    }

    fn settings(&self, name: &str, value: &str) -> Settings {
        let mut settings: Settings =
            [("url", self.url.as_str()), ("secret", SECRET), ("allow_private", "true"), ("system_roots", "false")]
                .into_iter()
                .collect();
        settings.set("ca_file", self.identity.ca_file().to_str().unwrap());
        settings.set(name, value);
        settings
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Interpreters for Receiver {
    fn exit(&self, _state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError> {
        let mut settings = self.settings("batch", "10");
        settings.set("crls", "true");
        let limits = Limits::default().around(&WebhookKind, &settings)?;
        let make = move || WebhookKind.exit_module("interpreter", &settings);
        Ok(Arc::new(Guard::exit("interpreter", make, limits, Gauge::new())))
    }

    fn policy(&self, _state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError> {
        let settings = self.settings("answer_signature", "true");
        let limits = Limits::default().around(&WebhookKind, &settings)?;
        let make = move || WebhookKind.policy_module("interpreter", &settings);
        Ok(Arc::new(Guard::policy("interpreter", make, limits, Gauge::new())))
    }

    fn calls_back(&self) -> bool {
        false
    }
}

#[test]
fn a_program_on_the_package_sees_what_a_module_in_the_server_sees() {
    conformance::exit_module(&Programs);
}

#[test]
fn a_program_on_the_package_decides_as_a_module_in_the_server() {
    conformance::policy_module(&Programs);
}

#[test]
fn an_endpoint_sees_what_a_module_in_the_server_sees() {
    conformance::exit_module(&Receiver::start());
}

#[test]
fn an_endpoint_decides_as_a_module_in_the_server() {
    conformance::policy_module(&Receiver::start());
}
