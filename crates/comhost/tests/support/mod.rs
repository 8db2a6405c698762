//! What the tests of the COM host share: the test module built for both systems, the host for both, and a Wine prefix.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests; not every test file uses everything"
)]

#[path = "../../../testkit/src/server.rs"]
mod server;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use hosts::com::ComKind;
use hosts::{Gauge, Guard, Limits};
use module::{
    EventId, ExitEvent, ExitModule, ExtensionFlags, ModuleKind, Notification, PolicyModule, RequestId, Settings,
};
pub use server::FakeServer;
use tempfile::TempDir;

/// Which of the hosts runs the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// A shared object.
    Linux,
    /// A DLL, under Wine.
    Windows,
}

impl System {
    pub const ALL: [Self; 2] = [Self::Linux, Self::Windows];

    pub const fn file_extension(self) -> &'static str {
        match self {
            Self::Linux => "so",
            Self::Windows => "dll",
        }
    }
}

/// The folder that everything is built into.
pub fn target() -> PathBuf {
    let host = Path::new(env!("CARGO_BIN_EXE_exeunt-comhost"));
    host.ancestors().nth(2).unwrap().to_owned()
}

/// What modules keep in the data folder of a server. The template of Wine prefixes in it is made once.
pub fn com() -> PathBuf {
    target().join("comhost/com")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Holds a lock while something is built: test programs run beside each other.
fn alone<T>(build: impl FnOnce() -> T) -> T {
    let folder = target().join("comhost");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    build()
}

fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{command:?}:\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// A module with a Makefile, built for a system: the file.
pub fn built(folder: &Path, name: &str, system: System) -> PathBuf {
    built_with(folder, folder.file_name().unwrap(), name, system, &["OPTIMIZE=-O1"])
}

/// As [`built`], in a build folder of this name and with these variables.
pub fn built_with(folder: &Path, build: impl AsRef<Path>, name: &str, system: System, variables: &[&str]) -> PathBuf {
    alone(|| {
        let build = target().join("comhost").join(build);
        let goal = match system {
            System::Linux => "linux",
            System::Windows => "windows",
        };
        let set = |name: &str, value: &OsStr| {
            let mut text = std::ffi::OsString::from(format!("{name}="));
            text.push(value);
            text
        };
        let mut make = Command::new("make");
        // What the runner of this test is built with is nothing to the module.
        make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        run(make.args(["-s", "-j2", "-C"]).arg(folder).arg(set("BUILD", build.as_os_str())).args(variables).arg(goal));
        build.join(format!("{name}.{}", system.file_extension()))
    })
}

/// The test module, `tests/modules/observer`.
pub fn observer(system: System) -> PathBuf {
    built(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules/observer"), "observer", system)
}

/// `exeunt-comhost.exe`
fn windows_host() -> PathBuf {
    alone(|| run(Command::new(root().join(".ci/comhost-windows")).arg(target()).env("CARGO", env!("CARGO"))).into())
}

/// A module behind its guard, with a folder of its own.
pub struct Hosted {
    pub system: System,
    pub state: TempDir,
    pub settings: Settings,
    pub gauge: Arc<Gauge>,
}

impl Hosted {
    /// The test module with its journal, and these settings.
    pub fn observer(system: System, settings: &[(&str, &str)]) -> Self {
        let hosted = Self::new(system, &observer(system), settings);
        let journal = hosted.journal_path();
        let mut hosted = hosted;
        hosted.settings.set("setting.Journal", windows_path(&journal));
        hosted
    }

    /// Any module.
    pub fn new(system: System, file: &Path, settings: &[(&str, &str)]) -> Self {
        // Beside the template, whose files the prefixes of tests share.
        let folder = com().join("tests");
        std::fs::create_dir_all(&folder).unwrap();
        let state = tempfile::tempdir_in(folder).unwrap();
        let mut all = Settings::default();
        all.set("path", file.to_str().unwrap());
        all.set("state_directory", state.path().join("state").to_str().unwrap());
        match system {
            System::Linux => all.set("comhost", env!("CARGO_BIN_EXE_exeunt-comhost")),
            System::Windows => all.set("comhost", windows_host().to_str().unwrap()),
        }
        all.set("restart_backoff_ms_min", "50");
        for (name, value) in settings {
            all.set(*name, *value);
        }
        Self { system, state, settings: all, gauge: Gauge::new() }
    }

    pub fn exit(&self) -> Guard<dyn ExitModule> {
        let (kind, settings) = (Arc::new(ComKind::new(Some(com()))), self.settings.clone());
        let limits = limits().around(&*kind, &settings).unwrap();
        Guard::exit("observer", move || kind.exit_module("observer", &settings), limits, Arc::clone(&self.gauge))
    }

    pub fn policy(&self) -> Guard<dyn PolicyModule> {
        let (kind, settings) = (Arc::new(ComKind::new(Some(com()))), self.settings.clone());
        let limits = limits().around(&*kind, &settings).unwrap();
        Guard::policy("observer", move || kind.policy_module("observer", &settings), limits, Arc::clone(&self.gauge))
    }

    fn journal_path(&self) -> PathBuf {
        self.state.path().join("journal")
    }

    /// What the test module wrote down, line by line.
    pub fn journal(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.journal_path()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn limits() -> Limits {
    Limits { concurrency: 8, backoff_min: Duration::from_millis(50), ..Limits::default() }
}

/// A path as programs for Windows write it; both hosts have the whole file system as drive Z.
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.to_str().unwrap().replace('/', "\\"))
}

/// An event number 41, about request 7 where it is about one.
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

/// The request that the test module is asked about, with a certificate that is not yet its own.
pub fn request() -> FakeServer {
    FakeServer::authority()
        .request("RequestID", 7)
        .certificate("SerialNumber", "1a2b3c")
        .certificate("CommonName", "www.example.org")
        .certificate("RequesterCAAccess", 1)
        .attribute("CertFile", "x.cer")
        .attribute("CertificateTemplate", "WebServer")
        .extension("2.5.29.17", ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE, &[0x30, 0])
        .extension("1.2.3.4", ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE, &[5, 0])
}

/// What the test module wrote down, which is the same with each host.
pub fn observed(settings: &[(&str, &str)], play: impl Fn(&Hosted)) -> Vec<String> {
    let [linux, windows] = System::ALL.map(|system| {
        let hosted = Hosted::observer(system, settings);
        play(&hosted);
        hosted.journal()
    });
    assert_eq!(linux, windows);
    linux
}

/// Every one of these lines is in the journal, in this order.
pub fn assert_lines(journal: &[String], wanted: &str) {
    let mut rest = journal.iter();
    for line in wanted.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(
            rest.any(|written| written.trim() == line),
            "{line:?} is not there, or not in this place:\n{}",
            journal.join("\n")
        );
    }
}
