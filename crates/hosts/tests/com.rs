//! What the kind `com` says before anything is loaded. What it loads is tested in `crates/comhost`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/mod.rs"]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use hosts::com::{ComKind, Format, Library};
use module::{CodeFile, ExitEvent, HResult, ModuleError, ModuleKind, Role, Settings};
use parking_lot::Mutex;
use support::{FakeServer, notification};

fn kind(folder: &Path) -> ComKind {
    ComKind::new(Some(folder.join("com")))
}

/// A shared object that looks like a module.
fn module_file(folder: &Path) -> PathBuf {
    let (source, file) = (folder.join("m.c"), folder.join("m.so"));
    std::fs::write(&source, "int DllGetClassObject(void) { return 0; }\nint exeunt_attach(void) { return 0; }\n")
        .unwrap();
    let status = Command::new("cc").args(["-shared", "-fPIC"]).arg(&source).arg("-o").arg(&file).status();
    assert!(status.expect("cc is installed: apt install build-essential").success());
    file
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().copied().collect()
}

#[test]
fn the_command_line_says_everything_the_host_needs() {
    let folder = tempfile::tempdir().unwrap();
    let file = module_file(folder.path());
    let library = Library::read(&file).unwrap();
    assert_eq!((library.format, library.is_library), (Format::Linux, true));
    assert!(library.exports("exeunt_attach"));

    let pairs = [
        ("path", file.to_str().unwrap()),
        ("comhost", "/bin/true"),
        ("progid", "Acme.Exit"),
        ("apartment", "true"),
        ("timeout_ms", "77"),
        ("setting.Directory", "/x"),
    ];
    let process = kind(folder.path()).as_process("acme", Role::Exit, &settings(&pairs)).unwrap();
    let command: Vec<String> = serde_json::from_str(process.value("command").unwrap()).unwrap();
    let state = folder.path().join("com/acme");
    let wanted = [
        "/bin/true",
        "exit",
        "--path",
        file.to_str().unwrap(),
        "--progid",
        "Acme.Exit",
        "--registry",
        state.to_str().unwrap(),
        "--apartment",
    ];
    assert_eq!(command, wanted);
    assert!(state.is_dir());
    assert_eq!((process.value("timeout_ms"), process.value("setting.Directory")), (Some("77"), Some("/x")));
    assert_eq!(process.value("progid"), None);
}

#[test]
fn settings_are_checked_when_the_module_is_made_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let kind = kind(folder.path());
    for pairs in [&[][..], &[("path", "relative.dll")], &[("path", "/m.dll"), ("colour", "red")]] {
        assert!(kind.exit_module("acme", &settings(pairs)).is_err(), "{pairs:?}");
    }
    let module = kind.exit_module("acme", &settings(&[("path", "/nowhere/m.dll")])).unwrap();
    assert_eq!(module.description(), "com: /nowhere/m.dll");
    assert!(!folder.path().join("com").exists());
}

#[test]
fn every_setting_of_a_process_but_its_command_is_there() {
    let names: Vec<&str> = kind(Path::new("/x")).settings().iter().map(|setting| setting.name).collect();
    for name in ["path", "clsid", "progid", "timeout_ms", "window", "memory_bytes_max", "setting.<name>"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(!names.contains(&"command"));
}

#[test]
fn a_damaged_file_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(module_file(folder.path())).unwrap();
    let damaged = folder.path().join("damaged.so");
    std::fs::write(&damaged, bytes.get(..16).unwrap()).unwrap();
    let settings = settings(&[("path", damaged.to_str().unwrap())]);
    let error = kind(folder.path()).as_process("acme", Role::Exit, &settings).unwrap_err();
    assert!(error.message.contains("neither a DLL nor a shared object, or is damaged"), "{error}");
}

/// Speaks for a module, notes which file it was to load, and ends in the middle of each event.
const HOST: &str = r#"#!/usr/bin/env python3
import json, os, sys
with open(os.environ["STARTED"], "a") as file:
    file.write(sys.argv[sys.argv.index("--path") + 1] + "\n")
for line in sys.stdin:
    call = json.loads(line)
    if call["method"] == "notify":
        sys.exit(3)
    result = {"protocol": 1, "events": ["all"], "description": "ends"}
    print(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}), flush=True)
"#;

/// The file with a module's code, and where it is found now.
struct Moving {
    named: PathBuf,
    found: Mutex<Option<PathBuf>>,
}

impl CodeFile for Moving {
    fn named(&self) -> &Path {
        &self.named
    }

    fn locate(&self) -> Result<PathBuf, ModuleError> {
        let changed = || ModuleError::new(HResult::ERROR_INVALID_DATA, "it is not what was installed");
        self.found.lock().clone().ok_or_else(changed)
    }

    fn check(&self, found: &Path) -> Result<(), ModuleError> {
        if self.locate()? == found { Ok(()) } else { Err(ModuleError::invalid("another file")) }
    }
}

#[test]
fn the_file_is_looked_at_before_each_start_of_its_host() {
    let folder = tempfile::tempdir().unwrap();
    let (host, started) = (folder.path().join("host.py"), folder.path().join("started"));
    std::fs::write(&host, HOST).unwrap();
    std::fs::set_permissions(&host, std::fs::Permissions::from_mode(0o755)).unwrap();
    let named = module_file(folder.path());
    let copy = folder.path().join("copy.so");
    std::fs::copy(&named, &copy).unwrap();
    let environment = format!("STARTED={}", started.display());
    let pairs = [
        ("path", named.to_str().unwrap()),
        ("comhost", host.to_str().unwrap()),
        ("environment", &environment),
        ("restart_backoff_ms_min", "1"),
        ("restart_backoff_ms_max", "1"),
    ];
    let moving = Arc::new(Moving { named: named.clone(), found: Mutex::new(Some(named.clone())) });
    let code: Arc<dyn CodeFile> = Arc::clone(&moving) as _;
    let module = kind(folder.path()).exit_module_from(&code, "acme", &settings(&pairs)).unwrap();
    let event = notification(ExitEvent::CertIssued);
    let tell = || {
        // Calls that come before it may be started again are refused.
        let last = Mutex::new(None);
        support::wait_until("it is told", || {
            let error = module.notify(&event, &FakeServer::issued()).unwrap_err();
            let waits = error.message.contains("it is started again in");
            *last.lock() = Some(error);
            !waits
        });
        last.into_inner().unwrap()
    };
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(tell().code, HResult::RPC_E_DISCONNECTED);
    *moving.found.lock() = Some(copy.clone());
    assert_eq!(tell().code, HResult::RPC_E_DISCONNECTED);
    *moving.found.lock() = None;
    assert_eq!(tell().message, "it is not what was installed");
    *moving.found.lock() = Some(named.clone());
    assert_eq!(tell().code, HResult::RPC_E_DISCONNECTED);
    let started = std::fs::read_to_string(&started).unwrap();
    let started: Vec<&Path> = started.lines().map(Path::new).collect();
    assert_eq!(started, [&named, &copy, &named]);
}
