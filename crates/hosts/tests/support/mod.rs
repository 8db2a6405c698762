//! What the tests of hosts share: modules that are scripts, and a look at what they leave behind.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "tests; not every test file uses everything")]

#[path = "../../../testkit/src/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hosts::{Gauge, Guard, Limits};
use module::{EventId, ExitEvent, ExitModule, ModuleKind, Notification, PolicyModule, RequestId, Settings};
pub use server::FakeServer;
use tempfile::TempDir;

/// The longest any test waits for something that must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A module that is a script of `tests/torture/`, with a directory of its own.
pub struct Script {
    pub name: String,
    pub state: TempDir,
    pub settings: Settings,
    pub gauge: Arc<Gauge>,
}

impl Script {
    pub fn torture(file: &str, settings: &[(&str, &str)]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(file);
        assert!(path.exists(), "{}", path.display());
        Self::new(&serde_json::to_string(&["python3", path.to_str().unwrap()]).unwrap(), settings)
    }

    pub fn new(command: &str, settings: &[(&str, &str)]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let environment = serde_json::json!({"STATE": state.path(), "PYTHONDONTWRITEBYTECODE": "1"}).to_string();
        let mut all: Settings = [("command", command), ("environment", environment.as_str())].into_iter().collect();
        all.set("restart_backoff_ms_min", "50");
        for (name, value) in settings {
            all.set(*name, *value);
        }
        let name = format!("t{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        Self { name, state, settings: all, gauge: Gauge::new() }
    }

    pub fn exit(&self) -> Guard<dyn ExitModule> {
        let (kind, name, settings) = (process(), self.name.clone(), self.settings.clone());
        let limits = Limits { concurrency: 8, ..Limits::default() }.around(&*kind, &settings).unwrap();
        Guard::exit(&self.name, move || kind.exit_module(&name, &settings), limits, Arc::clone(&self.gauge))
    }

    pub fn policy(&self) -> Guard<dyn PolicyModule> {
        let (kind, name, settings) = (process(), self.name.clone(), self.settings.clone());
        let limits = Limits { concurrency: 8, ..Limits::default() }.around(&*kind, &settings).unwrap();
        Guard::policy(&self.name, move || kind.policy_module(&name, &settings), limits, Arc::clone(&self.gauge))
    }

    /// The processes that were started, in order.
    pub fn lives(&self) -> Vec<u32> {
        self.lines("lives").iter().map(|line| line.parse().unwrap()).collect()
    }

    /// What the module noted.
    pub fn seen(&self) -> Vec<String> {
        self.lines("seen")
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.state.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until no process and no thread of the module is left.
    pub fn assert_nothing_left(&self) {
        wait_until("the processes of the module to be gone", || self.processes().is_empty());
        wait_until("the threads of the module to be gone", || self.threads().is_empty());
    }

    /// Every process that has our directory in its environment, grandchildren included.
    pub fn processes(&self) -> Vec<PathBuf> {
        let mark = format!("STATE={}", self.state.path().display());
        let carries = |directory: &Path| {
            let environment = std::fs::read(directory.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        all.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().parse::<u32>().is_ok()))
            .filter(|path| carries(path))
            .collect()
    }

    /// The names of the threads that serve the module. Linux keeps 15 bytes of a name.
    pub fn threads(&self) -> Vec<String> {
        let names = [format!("io:{}", self.name), format!("m:{}", self.name)];
        let cut = |name: &String| name.get(..15).unwrap_or(name).to_owned();
        let names: Vec<String> = names.iter().map(cut).collect();
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        tasks
            .filter_map(|task| std::fs::read_to_string(task.join("comm")).ok())
            .map(|name| name.trim().to_owned())
            .filter(|name| names.contains(name))
            .collect()
    }
}

/// The kind `process`, as the server finds it.
pub fn process() -> Arc<dyn ModuleKind> {
    hosts::kinds().into_iter().find(|kind| kind.name() == "process").unwrap()
}

/// An event number 41 about request 7.
pub fn notification(event: ExitEvent) -> Notification {
    Notification {
        id: EventId(41),
        event,
        occurred: "2025-06-01T12:00:00Z".parse().unwrap(),
        request: (!matches!(event, ExitEvent::CrlIssued | ExitEvent::Shutdown)).then_some(RequestId(7)),
        attempt: 1,
        hash: [0xab; 32],
    }
}

/// Waits until a condition holds, or fails.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
