//! The exit module `journal`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::fs;
use std::path::PathBuf;

use module::{EventId, ExitEvent, ExitEvents, ExitModule, HResult, Notification};
use serde_json::{Value as Json, json};
use support::{FakeServer, crl, module, notification};
use tempfile::TempDir;

fn journal(more: &[(&str, &str)]) -> (TempDir, PathBuf, Box<dyn ExitModule>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.jsonl");
    let text = path.to_str().unwrap().to_owned();
    let settings: Vec<(&str, &str)> = [("path", text.as_str())].into_iter().chain(more.iter().copied()).collect();
    let module = module("journal", &settings).unwrap();
    (directory, path, module)
}

fn records(path: &PathBuf) -> Vec<Json> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_event_is_one_object() {
    let (_directory, path, module) = journal(&[]);
    let server =
        FakeServer::issued().certificate("NotAfter", "2026-06-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap());
    assert_eq!(module.initialize("Example CA", &server), Ok(ExitEvents::all()));
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    module.notify(&notification(ExitEvent::Shutdown), &FakeServer::authority()).unwrap();

    let records = records(&path);
    assert_eq!(records.len(), 2);
    let mut issued = records[0].clone();
    let recorded = issued.as_object_mut().unwrap().remove("recorded").unwrap();
    assert!(recorded.as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    let expected = json!({
        "schema": 1,
        "ca": "Example CA",
        "event": {"id": 41, "name": "cert-issued", "attempt": 1, "occurred": "2025-06-01T12:00:00Z", "hash": "ab".repeat(32)},
        "request_id": 7,
        "request": {"Disposition": 20, "DispositionMessage": "Issued", "RequesterName": "EXAMPLE\\alice"},
        "certificate": {"SerialNumber": "1a2b3c", "NotAfter": "2026-06-01T12:00:00Z", "RawCertificate": "MAMCAQc="},
    });
    assert_eq!(issued, expected);
    assert_eq!(records[1]["event"]["name"], "shutdown");
    assert_eq!(records[1]["request_id"], Json::Null);
    assert!(records[1].get("request").is_none());
}

#[test]
fn a_crl_event_names_the_crls() {
    let (_directory, path, module) = journal(&[("events", "crl-issued")]);
    let server = FakeServer::authority()
        .certificate("RawCRL.0", crl("CN=Example CA", 5, None))
        .certificate("RawDeltaCRL.0", crl("CN=Example CA", 6, Some(5)));
    assert_eq!(module.initialize("Example CA", &server), Ok(ExitEvents::CRL_ISSUED));
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    module.notify(&notification(ExitEvent::CrlIssued), &server).unwrap();
    let records = records(&path);
    assert_eq!(records.len(), 1);
    let (from, to) = ("2025-06-01T12:00:00Z", "2025-06-02T12:00:00Z");
    assert_eq!(
        records[0]["crls"],
        json!([
            {"ca_certificate": 0, "delta": false, "number": 5, "this_update": from, "next_update": to},
            {"ca_certificate": 0, "delta": true, "number": 6, "this_update": from, "next_update": to},
        ])
    );
}

#[test]
fn only_the_chosen_fields_are_recorded() {
    let (_directory, path, module) =
        journal(&[("request_fields", "none"), ("certificate_fields", "Subject.CommonName SerialNumber UPN")]);
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    let record = &records(&path)[0];
    assert!(record.get("request").is_none());
    assert_eq!(record["certificate"], json!({"CommonName": "www.example.org", "SerialNumber": "1a2b3c"}));
}

#[test]
fn a_journal_goes_on_where_a_crash_left_it() {
    let (_directory, path, module) = journal(&[]);
    fs::write(&path, "{\"event\":{\"id\":39}}\n{\"event\":{\"id\":4").unwrap();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    let ids: Vec<u64> = records(&path).iter().map(|record| record["event"]["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [39, 41]);
}

#[test]
fn a_journal_can_be_initialised_again_and_rotates() {
    let (directory, _path, module) =
        journal(&[("rotate_bytes", "2048"), ("rotate_count", "100"), ("fsync", "batch:3")]);
    let server = FakeServer::issued();
    for number in 1..=20 {
        if number % 7 == 1 {
            module.initialize("Example CA", &server).unwrap();
        }
        let notification = Notification { id: EventId(number), ..notification(ExitEvent::CertIssued) };
        module.notify(&notification, &server).unwrap();
    }
    drop(module);
    let mut ids = Vec::new();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        assert!(fs::metadata(&path).unwrap().len() <= 2048);
        ids.extend(records(&path).iter().map(|record| record["event"]["id"].as_u64().unwrap()));
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
}

#[test]
fn several_workers_write_whole_lines() {
    let (_directory, path, module) = journal(&[("fsync", "system")]);
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4_u64 {
            let module = &module;
            scope.spawn(move || {
                for number in 0..50 {
                    let id = EventId(worker * 100 + number);
                    let notification = Notification { id, ..notification(ExitEvent::CertIssued) };
                    module.notify(&notification, &FakeServer::issued()).unwrap();
                }
            });
        }
    });
    assert_eq!(records(&path).len(), 200);
}

#[test]
fn an_event_that_cannot_be_read_is_not_recorded() {
    let (_directory, path, module) = journal(&[]);
    let early = module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap_err();
    assert_eq!(early.code, HResult::E_UNEXPECTED);
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued().failing("SerialNumber", HResult::E_FAIL);
    assert_eq!(module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err().code, HResult::E_FAIL);
    assert!(records(&path).is_empty());
}
