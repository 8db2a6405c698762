//! The laboratory from the command line: test, record, replay, tail.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::authority::{Place, until};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}

fn notify() -> String {
    repository("examples/modules/shell-notify/notify.sh").display().to_string()
}

/// A program that fails events of one kind, and says so on its standard error.
fn failing(place: &Place, name: &str, event: &str) -> String {
    let path = place.path(name);
    let program = format!(
        r#"#!/usr/bin/env python3
import json, sys
for line in sys.stdin:
    call = json.loads(line)
    answer = {{"jsonrpc": "2.0", "id": call.get("id")}}
    method = call["method"]
    if method == "shutdown":
        break
    if method == "initialize":
        answer["result"] = {{"protocol": 1, "events": "all", "description": "fails {event}"}}
    elif method == "describe":
        answer["result"] = {{"description": "fails {event}"}}
    elif method == "notify" and call["params"]["event"]["name"] == "{event}":
        print("the table is full", file=sys.stderr, flush=True)
        answer["error"] = {{"code": -32000, "message": "cannot be stored"}}
    elif method in ("notify", "ping"):
        answer["result"] = {{}}
    else:
        answer["error"] = {{"code": -32601, "message": "unknown"}}
    print(json.dumps(answer), flush=True)
"#
    );
    std::fs::write(&path, program).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn a_module_is_tested_without_a_server() {
    let place = Place::new();
    // Few checks: all of them are run by the laboratory's own tests.
    let only = ["--only", "initialize", "--only", "cert-issued", "--only", "crl-issued", "--only", "stop"];
    let file = "setting.file={scratch}/events.txt";
    let good = place.run(&[&["module", "test", &notify(), "--set", file, "--seed", "7"], &only[..]].concat()).ok();
    for part in ["good", "4 passed, 0 failed", "seed 7", "✓ crl-issued"] {
        assert!(good.stdout.contains(part), "{part} is missing: {good:?}");
    }

    let bad = failing(&place, "bad.py", "crl-issued");
    let report = place.path("report.xml");
    let arguments = ["module", "test", &bad, "--report", report.to_str().unwrap()];
    let failed = place.run(&[&arguments[..], &only[..]].concat()).fails(1);
    for part in ["✗ crl-issued", "cannot be stored", "it said", "the table is full", "3 passed, 1 failed"] {
        assert!(failed.stdout.contains(part), "{part} is missing: {failed:?}");
    }
    assert!(failed.stdout.lines().all(|line| line.chars().count() <= 80), "{failed:?}");
    let xml = std::fs::read_to_string(&report).unwrap();
    assert!(xml.contains("tests=\"4\" failures=\"1\"") && xml.contains("the table is full"), "{xml}");

    let json = place.run(&[&["module", "test", &bad, "--json"], &only[..]].concat()).fails(1).json();
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(3), Some(1)));

    // What cannot be tried at all is a mistake of the command line.
    for (arguments, expected) in [
        (vec!["module", "test", bad.as_str(), "--only", "crl"], "there is no check `crl`"),
        (vec!["module", "test", "no-such-kind"], "no-such-kind"),
        (vec!["module", "test", bad.as_str(), "--set", "window=0"], "window"),
        (vec!["module", "test", "journal", "--role", "policy"], "cannot be a policy module"),
    ] {
        let refused = place.run(&arguments).fails(2);
        assert!(refused.stderr.contains(expected), "{arguments:?}: {refused:?}");
    }
}

#[test]
fn a_module_with_a_manifest_is_tested_as_it_would_be_installed() {
    let place = Place::new();
    let folder = place.path("packaged");
    std::fs::create_dir(&folder).unwrap();
    failing(&place, "packaged/main.py", "cert-imported");
    let manifest = "manifest = 1\nname = \"packaged\"\nversion = \"1\"\nkind = \"process\"\nrole = \"exit\"\n\
                    entry = \"main.py\"\n[settings.days]\ntype = \"integer\"\nrequired = true\n";
    std::fs::write(folder.join("exeunt-module.toml"), manifest).unwrap();
    let folder = folder.display().to_string();
    let only = ["--only", "initialize", "--only", "cert-imported"];
    let missing = place.run(&[&["module", "test", &folder], &only[..]].concat()).fails(2);
    assert!(missing.stderr.contains("days"), "{missing:?}");
    let wrong = place.run(&[&["module", "test", &folder, "--set", "days=soon"], &only[..]].concat()).fails(2);
    assert!(wrong.stderr.contains("days"), "{wrong:?}");
    let tried = place.run(&[&["module", "test", &folder, "--set", "days=3"], &only[..]].concat()).fails(1);
    assert!(tried.stdout.contains("packaged") && tried.stdout.contains("✗ cert-imported"), "{tried:?}");
}

#[test]
fn a_stretch_of_the_log_is_recorded_and_played() {
    let place = Place::new();
    let server = place.serve(&[]);
    for name in ["one.example", "two.example", "three.example"] {
        place.issue(name);
    }
    let file = place.path("log.jsonl");
    let shown = file.display().to_string();
    let recorded = place.run(&["module", "record", &shown, "--json"]).ok().json();
    let events = recorded["events"].as_u64().unwrap();
    assert!(events >= 4, "{recorded}");
    // One that is there is not written over.
    place.run(&["module", "record", &shown]).fails(2);

    let lines = |path: &Path| -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let whole = lines(&file);
    assert_eq!((whole[0]["recording"].as_u64(), whole.len() as u64), (Some(1), events + 1));
    let issued: Vec<&Value> = whole.iter().filter(|line| line["event"]["name"] == "cert-issued").collect();
    assert_eq!(issued.len(), 3);
    assert_eq!(issued[0]["request"]["Disposition"], 20);
    assert!(issued[0]["certificate"]["RawCertificate"]["base64"].is_string());

    // A part of it, and without names.
    let first = issued[0]["event"]["id"].to_string();
    let part = place.path("part.jsonl");
    let to = issued[1]["event"]["id"].to_string();
    place
        .run(&["module", "record", part.to_str().unwrap(), "--from", &first, "--to", &to, "--kind", "cert-issued"])
        .ok();
    assert_eq!(lines(&part).len(), 3);
    let redacted = place.path("redacted.jsonl");
    place.run(&["module", "record", redacted.to_str().unwrap(), "--redact"]).ok();
    let text = std::fs::read_to_string(&redacted).unwrap();
    for name in ["one.example", "two.example", "unix:root"] {
        assert!(!text.contains(name), "{name} is left");
    }
    assert!(text.contains("host-1.redacted.invalid") && text.contains("\"redacted\":true"), "{text}");
    server.stop();

    // Played without a server.
    for recording in [&file, &redacted] {
        let told = "setting.file={scratch}/events.txt";
        let replay = ["module", "replay", recording.to_str().unwrap(), &notify(), "--set", told];
        let played = place.run(&replay).ok();
        assert!(played.stdout.contains("✓ cert-issued            3 events"), "{played:?}");
    }
    let bad = failing(&place, "bad.py", "cert-issued");
    let played = place.run(&["module", "replay", &shown, &bad]).fails(1);
    assert!(played.stdout.contains("3 of 3, first event"), "{played:?}");
    // What is no recording is said so, with its line.
    std::fs::write(&file, "{}\n").unwrap();
    let refused = place.run(&["module", "replay", &shown, &bad]).fails(2);
    assert!(refused.stderr.contains("line 1 of the recording"), "{refused:?}");
    place.run(&["module", "replay", "nowhere.jsonl", &bad]).fails(3);
}

#[test]
fn events_are_followed_as_they_happen() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.issue("one.example");
    // From a number, a moment, the beginning: those that are there come at once.
    for from in ["beginning", "1", "2020-01-01"] {
        let tail = ["module", "tail", "--from", from, "--kind", "cert-issued", "--count", "1"];
        let told = place.run(&tail).ok();
        assert!(told.stdout.contains("cert-issued") && told.stdout.contains("CN=one.example"), "{from}: {told:?}");
    }
    let json = place.run(&["module", "tail", "--from", "beginning", "--count", "2", "--json"]).ok();
    let kinds: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kinds.len(), 2, "{json:?}");

    // As a module sees them, and live.
    std::thread::scope(|scope| {
        let tail = scope.spawn(|| place.run(&["module", "tail", "--module", "journal", "--from", "1", "--count", "4"]));
        until("the certificate is there for the tail to end", || {
            place.issue("two.example");
            tail.is_finished()
        });
        let told = tail.join().unwrap().ok();
        assert!(told.stdout.contains("CN=two.example") && told.stderr.contains("delivered"), "{told:?}");
    });
    place.run(&["module", "tail", "--module", "nobody"]).fails(3);
    place.run(&["module", "tail", "--kind", "cert-renewed"]).fails(2);
    server.stop();
}
