//! The examples for module authors, as the server would run them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use hosts::process::Probe;
use jiff::{SignedDuration, Timestamp};
use module::{EventId, ExitEvent, ExitEvents, ExitModule, HResult, Notification, Role};
use support::{FakeServer, Script, notification};

fn example(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/modules").join(path).canonicalize().unwrap();
    path.to_str().unwrap().to_owned()
}

fn script(path: &str, setting: &str, file: &str) -> (Script, PathBuf) {
    let mut script = Script::new(&serde_json::to_string(&[example(path)]).unwrap(), &[]);
    let file = script.state.path().join(file);
    script.settings.set(setting, file.to_str().unwrap());
    (script, file)
}

fn event(id: u64, event: ExitEvent) -> Notification {
    Notification { id: EventId(id), ..notification(event) }
}

fn expiring(path: &Path, days: u32) -> Vec<Vec<String>> {
    let list = Command::new(example("python-expiry/expiry.py"))
        .args(["--list", &days.to_string(), path.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(list.status.success(), "{list:?}");
    let text = String::from_utf8(list.stdout).unwrap();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn python_expiry_keeps_a_list() {
    let (script, database) = script("python-expiry/expiry.py", "setting.database", "certificates.sqlite");
    let soon = Timestamp::now() + SignedDuration::from_hours(48);
    let server = FakeServer::issued()
        .certificate("NotAfter", soon)
        .certificate("DistinguishedName", "CN=www.example.org")
        .certificate("RawCRL.0", vec![0x30, 0x00]);
    let module = script.exit();
    let wanted = ExitEvents::CERT_ISSUED
        | ExitEvents::CERT_IMPORTED
        | ExitEvents::CERT_REVOKED
        | ExitEvents::CRL_ISSUED
        | ExitEvents::SHUTDOWN;
    assert_eq!(module.initialize("Example CA", &server).unwrap(), wanted);
    assert_eq!(module.description(), format!("expiry list in {}", database.display()));

    // Twice, as a repeated delivery would be.
    for _ in 0..2 {
        module.notify(&event(41, ExitEvent::CertIssued), &server).unwrap();
    }
    let rows = expiring(&database, 30);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0][1..], ["7", "1a2b3c", "CN=www.example.org"]);
    assert!(expiring(&database, 1).is_empty());

    // On hold, and released.
    let held = server.clone().request("Disposition", 21).request("RevokedWhen", soon);
    module.notify(&event(42, ExitEvent::CertRevoked), &held).unwrap();
    assert!(expiring(&database, 30).is_empty());
    let released = server.clone().request("Disposition", 20);
    module.notify(&event(43, ExitEvent::CertRevoked), &released).unwrap();
    assert_eq!(expiring(&database, 30).len(), 1);

    module.notify(&event(44, ExitEvent::CrlIssued), &server).unwrap();
    // A failure of its own is an answer with a text, and the module goes on.
    let error = module.notify(&event(45, ExitEvent::CertIssued), &FakeServer::authority()).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (HResult::E_FAIL, "KeyError: 'RequestID'"));
    module.notify(&event(0, ExitEvent::Shutdown), &server).unwrap();
    assert_eq!(script.gauge.snapshot().restarts, 0);
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn python_expiry_says_what_it_needs() {
    let script = Script::new(&serde_json::to_string(&[example("python-expiry/expiry.py")]).unwrap(), &[]);
    let error = script.exit().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::E_INVALIDARG);
    assert!(error.message.contains("setting.database"), "{error}");
    script.assert_nothing_left();
}

#[test]
fn shell_notify_writes_lines() {
    let (script, file) = script("shell-notify/notify.sh", "setting.file", "events.txt");
    let server = FakeServer::issued().certificate("DistinguishedName", "CN=\"quoted\\, name\", O=Ünï $(id)");
    let module = script.exit();
    assert_eq!(module.initialize("Example CA", &server).unwrap(), ExitEvents::all());
    module.notify(&event(41, ExitEvent::CertIssued), &server).unwrap();
    module.notify(&event(42, ExitEvent::CrlIssued), &server).unwrap();
    let lines = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        lines,
        "2025-06-01T12:00:00Z  cert-issued  request 7  CN=\"quoted\\, name\", O=Ünï $(id)  Issued\n\
         2025-06-01T12:00:00Z  crl-issued\n"
    );
    // Nobody can be told: the event fails, and is told when it comes again.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let error = module.notify(&event(43, ExitEvent::CertIssued), &server).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (HResult::E_FAIL, "nobody could be told"));
    std::fs::remove_dir(&file).unwrap();
    module.notify(&event(43, ExitEvent::CertIssued), &server).unwrap();
    assert_eq!(script.gauge.snapshot().restarts, 0);
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn shell_notify_takes_its_events_from_a_setting() {
    let (mut script, _file) = script("shell-notify/notify.sh", "setting.file", "events.txt");
    script.settings.set("setting.events", "cert-revoked, crl-issued");
    let module = script.exit();
    let events = module.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(events, ExitEvents::CERT_REVOKED | ExitEvents::CRL_ISSUED);
}

#[test]
fn the_examples_know_every_method_and_refuse_others() {
    for (path, setting) in [("python-expiry/expiry.py", "setting.database"), ("shell-notify/notify.sh", "setting.file")]
    {
        let (script, _file) = script(path, setting, "file");
        let server = FakeServer::authority();
        let probe = Probe::start("probe", Role::Exit, &script.settings, "Example CA", &server).unwrap();
        probe.ping().unwrap();
        assert!(!probe.describe().unwrap().is_empty(), "{path}");
        assert_eq!(probe.ask_the_unknown().unwrap().code, HResult::E_NOTIMPL, "{path}");
        probe.stop().unwrap();
        script.assert_nothing_left();
    }
}
