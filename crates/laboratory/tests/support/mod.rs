//! What the tests of the laboratory share.

#![allow(dead_code, clippy::unwrap_used, reason = "tests; not every test file uses everything")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use laboratory::{AtOnce, Options, Report, Specimen};
use module::{ModuleKind, Role, Settings};
use tempfile::TempDir;

/// The longest one call of a specimen takes.
pub const CALL: Duration = Duration::from_millis(1_000);

/// A kind that ships or is hosted.
pub fn kind(name: &str) -> Arc<dyn ModuleKind> {
    hosts::kinds().into_iter().chain(modules::kinds()).find(|kind| kind.name() == name).unwrap()
}

/// Runs the checks without waits of the laboratory's.
pub fn options(only: &[&str]) -> Options {
    let mut options = Options::new(4_711, "2026-11-22T12:00:00Z".parse().unwrap());
    options.only = only.iter().map(|name| (*name).to_owned()).collect();
    options.slow = Arc::new(AtOnce);
    options.calls = 110;
    options
}

/// A specimen of `tests/specimens`, with a folder of its own.
pub struct Script {
    pub specimen: Specimen,
    pub state: TempDir,
}

pub fn script(role: Role, file: &str, argument: &str) -> Script {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specimens").join(file);
    let state = tempfile::tempdir().unwrap();
    let command = serde_json::json!(["python3", path, argument]).to_string();
    let environment = serde_json::json!({"STATE": state.path(), "PYTHONDONTWRITEBYTECODE": "1"}).to_string();
    let settings: Settings = [
        ("command", command.as_str()),
        ("environment", environment.as_str()),
        ("restart_backoff_ms_min", "20"),
        ("restart_backoff_ms_max", "40"),
        ("stop_timeout_ms", "1000"),
    ]
    .into_iter()
    .collect();
    Script { specimen: Specimen::new(kind("process"), "specimen", role, &settings, CALL).unwrap(), state }
}

/// Runs the checks.
pub fn run(specimen: &Specimen, only: &[&str]) -> Report {
    laboratory::run(specimen, &options(only), &mut |_, _, _| {}).unwrap()
}

pub fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/modules").join(path).canonicalize().unwrap()
}
