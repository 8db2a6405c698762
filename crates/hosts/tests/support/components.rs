//! Components for the tests of the WebAssembly host: built once, and put behind a guard.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "tests; not every test file uses everything")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use hosts::wasm::WasmKind;
use hosts::{Gauge, Guard, Limits};
use module::{ExitModule, ModuleKind, PolicyModule, Settings};
use tempfile::TempDir;

/// The exit module of `tests/guests`, which does what its settings say.
pub fn exit_guest() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| rust(&tests("guests"), "guest_exit"));
    &BUILT
}

/// The policy module of `tests/guests`, which does what the request's attribute `do` says.
pub fn policy_guest() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| rust(&tests("guests"), "guest_policy"));
    &BUILT
}

/// A copy that differs in a section without meaning: a component that nothing else in this process uses.
pub fn copy(component: &Path, directory: &Path, name: &str) -> PathBuf {
    let mut bytes = std::fs::read(component).unwrap();
    let length = u8::try_from(name.len()).unwrap();
    bytes.extend([&[0, length + 1, length], name.as_bytes()].concat());
    let path = directory.join(format!("{name}.wasm"));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// An example for module authors.
pub fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/modules").join(path).canonicalize().unwrap()
}

/// Builds a Rust component and gives the path of its binary.
pub fn rust(directory: &Path, name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .arg("--manifest-path")
        .arg(directory.join("Cargo.toml"))
        // What the outer build was told is not meant for this one.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{} was not built: {}\nIf the target is missing: rustup target add wasm32-wasip2",
        directory.display(),
        String::from_utf8_lossy(&built.stderr)
    );
    let binary = target.join(format!("wasm32-wasip2/release/{name}.wasm"));
    assert!(binary.is_file(), "{}", binary.display());
    binary
}

/// Builds a Python component and gives the path of its binary. It is built again when one of its sources has changed.
pub fn python(directory: &Path, world: &str, module: &str) -> PathBuf {
    let venv = std::env::var_os("EXEUNT_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv"), PathBuf::from);
    let program = venv.join("bin/componentize-py");
    assert!(program.is_file(), "no {}; is .ci/python.txt installed there?", program.display());
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/wit");
    let sources = [directory, wit.as_path()].map(newest);
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("components/{module}.wasm"));
    let built = std::fs::metadata(&binary).and_then(|metadata| metadata.modified());
    if built.is_ok_and(|built| sources.iter().all(|source| *source < built)) {
        return binary;
    }
    // Beside its place and moved there: several tests may build it at once.
    std::fs::create_dir_all(binary.parent().unwrap()).unwrap();
    let fresh = tempfile::Builder::new().suffix(".wasm").tempfile_in(binary.parent().unwrap()).unwrap();
    let output = Command::new(&program)
        .arg("--wit-path")
        .arg(&wit)
        .args(["--world", world, "componentize", "--python-path"])
        .arg(directory)
        .args([module, "--output"])
        .arg(fresh.path())
        .current_dir(directory)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    fresh.persist(&binary).unwrap();
    binary
}

fn newest(directory: &Path) -> std::time::SystemTime {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().metadata().unwrap());
    entries.filter(std::fs::Metadata::is_file).map(|metadata| metadata.modified().unwrap()).max().unwrap()
}

/// A component installed with settings, and a directory of its own, which it sees as `/data` where it is granted.
pub struct Component {
    pub state: TempDir,
    pub settings: Settings,
    pub gauge: Arc<Gauge>,
}

impl Component {
    pub fn new(component: &Path, settings: &[(&str, &str)]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut all: Settings = [("component", component.to_str().unwrap())].into_iter().collect();
        all.set("restart_backoff_ms_min", "20");
        all.set("cache_directory", cache().to_str().unwrap());
        for (name, value) in settings {
            all.set(*name, *value);
        }
        Self { state, settings: all, gauge: Gauge::new() }
    }

    /// The exit module of `tests/guests`.
    pub fn exit_guest(settings: &[(&str, &str)]) -> Self {
        Self::new(exit_guest(), settings)
    }

    /// The policy module of `tests/guests`.
    pub fn policy_guest(settings: &[(&str, &str)]) -> Self {
        Self::new(policy_guest(), settings)
    }

    /// Grants the directory, to be written or only read.
    pub fn with_directory(mut self, suffix: &str) -> Self {
        self.settings.set("dir./data", format!("{}{suffix}", self.state.path().display()));
        self
    }

    pub fn exit(&self) -> Guard<dyn ExitModule> {
        let (kind, settings) = (WasmKind::default(), self.settings.clone());
        let limits = Limits { concurrency: 8, ..Limits::default() }.around(&kind, &settings).unwrap();
        Guard::exit("guest", move || kind.exit_module("guest", &settings), limits, Arc::clone(&self.gauge))
    }

    pub fn policy(&self) -> Guard<dyn PolicyModule> {
        let (kind, settings) = (WasmKind::default(), self.settings.clone());
        let limits = Limits { concurrency: 8, ..Limits::default() }.around(&kind, &settings).unwrap();
        Guard::policy("guest", move || kind.policy_module("guest", &settings), limits, Arc::clone(&self.gauge))
    }
}

/// Where the tests keep what they compiled.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}
