//! The program, as the server runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

// The file below calls it so, as Exeunt's own crates do.
extern crate exeunt_module as module;

#[path = "../../../../crates/testkit/src/server.rs"]
#[allow(dead_code, reason = "not everything of it is needed here")]
mod server;

use std::path::Path;

use exeunt_module::{EventId, ExitEvent, ExitEvents, ExitModule, HResult, Notification, RequestId, Settings};
use hosts::{Gauge, Guard, Limits};
use server::FakeServer;
use tempfile::TempDir;

fn module(settings: &[(&str, &str)]) -> Guard<dyn ExitModule> {
    let kind = hosts::kinds().into_iter().find(|kind| kind.name() == "process").unwrap();
    let command = serde_json::to_string(&[env!("CARGO_BIN_EXE_rust-archive")]).unwrap();
    let mut all: Settings = [("command", command)].into_iter().collect();
    for (name, value) in settings {
        all.set(format!("setting.{name}"), *value);
    }
    let limits = Limits::default().around(&*kind, &all).unwrap();
    Guard::exit("archive", move || kind.exit_module("archive", &all), limits, Gauge::new())
}

fn archive(folder: &TempDir) -> Guard<dyn ExitModule> {
    module(&[("directory", folder.path().to_str().unwrap())])
}

fn event(id: u64, event: ExitEvent) -> Notification {
    Notification {
        id: EventId(id),
        event,
        occurred: "2025-06-01T12:00:00Z".parse().unwrap(),
        request: (event != ExitEvent::CrlIssued).then_some(RequestId(7)),
        attempt: 1,
        hash: [0xab; 32],
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn certificates_and_crls_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(&folder);
    let events = archive.initialize("Example CA", &FakeServer::authority()).unwrap();
    let wanted =
        ExitEvents::CERT_ISSUED | ExitEvents::CERT_IMPORTED | ExitEvents::CERT_REVOKED | ExitEvents::CRL_ISSUED;
    assert_eq!(events, wanted);
    assert_eq!(archive.description(), format!("archive in {}", folder.path().display()));

    // Twice, as a repeated delivery would be.
    let issued = FakeServer::issued();
    for _ in 0..2 {
        archive.notify(&event(41, ExitEvent::CertIssued), &issued).unwrap();
    }
    assert_eq!(files(&folder.path().join("certificates")), ["1a2b3c.cer"]);
    let kept = std::fs::read(folder.path().join("certificates/1a2b3c.cer")).unwrap();
    assert_eq!(kept, [0x30, 0x03, 0x02, 0x01, 0x07]);

    // On hold, and released.
    let when: jiff::Timestamp = "2025-06-02T00:00:00Z".parse().unwrap();
    let held = FakeServer::issued()
        .request("Disposition", 21)
        .request("RevokedEffectiveWhen", when)
        .request("RevokedReason", 6);
    archive.notify(&event(42, ExitEvent::CertRevoked), &held).unwrap();
    let line = std::fs::read_to_string(folder.path().join("revoked/1a2b3c")).unwrap();
    assert_eq!(line, "2025-06-02T00:00:00Z reason 6\n");
    for _ in 0..2 {
        archive.notify(&event(43, ExitEvent::CertRevoked), &issued).unwrap();
    }
    assert_eq!(files(&folder.path().join("revoked")), [""; 0]);

    // A base CRL and no delta: by call-back.
    let published = FakeServer::authority().certificate("RawCRL.0", vec![0x30, 0x00]);
    archive.notify(&event(44, ExitEvent::CrlIssued), &published).unwrap();
    assert_eq!(files(&folder.path().join("crls")), ["00000044-0.crl"]);
}

#[test]
fn another_certificate_with_the_serial_number_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(&folder);
    archive.initialize("Example CA", &FakeServer::authority()).unwrap();
    archive.notify(&event(41, ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    let other = FakeServer::issued().certificate("RawCertificate", vec![0x30, 0x00]);
    let error = archive.notify(&event(42, ExitEvent::CertIssued), &other).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_FILE_EXISTS);
    assert_eq!(error.message, "1a2b3c.cer exists and is another certificate");
}

#[test]
fn what_cannot_be_archived_to_is_said_at_once() {
    let initialize =
        |settings: &[(&str, &str)]| module(settings).initialize("Example CA", &FakeServer::authority()).unwrap_err();
    let missing = initialize(&[]);
    assert!(missing.message.contains("`directory` is required"), "{missing}");
    assert!(initialize(&[("directory", "archive")]).message.contains("not an absolute path"));
    let nowhere = initialize(&[("directory", "/nonexistent/archive")]);
    assert_eq!(nowhere.code, HResult::ERROR_FILE_NOT_FOUND);
    let folder = tempfile::tempdir().unwrap();
    let unclear = initialize(&[("directory", folder.path().to_str().unwrap()), ("crls", "perhaps")]);
    assert!(unclear.message.contains("`crls`"), "{unclear}");
}

#[test]
fn crls_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let archive = module(&[("directory", folder.path().to_str().unwrap()), ("crls", "false")]);
    let events = archive.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert!(!events.contains(ExitEvents::CRL_ISSUED));
    assert!(!folder.path().join("crls").exists());
}
