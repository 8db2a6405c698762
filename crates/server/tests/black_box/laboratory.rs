//! The laboratory from the command line: test, record, replay, tail.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::authority::{Done, Place, until};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}

fn notify() -> String {
    repository("examples/modules/shell-notify/notify.sh").display().to_string()
}

/// A program that fails events of one kind, and says so on its standard error.
fn failing(place: &Place, name: &str, event: &str) -> String {
    place.module(name, &FAILING.replace("@EVENT@", event)).display().to_string()
}

const FAILING: &str = r#"
def initialize(params):
    return {"protocol": 1, "events": "all", "description": "fails @EVENT@"}

def notify(params):
    if params["event"]["name"] == "@EVENT@":
        print("the table is full", file=sys.stderr, flush=True)
        raise Failure("cannot be stored")
"#;

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
    place.run(&["module", "record", &shown]).fails(6);
    let nowhere = place.run(&["module", "record", "nowhere/at.jsonl"]).fails(3);
    assert!(nowhere.stderr.contains("there is no folder nowhere"), "{nowhere:?}");

    let lines = |path: &Path| -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let whole = lines(&file);
    let crls = recorded["crls"]["recorded"].as_u64().unwrap();
    assert_eq!((whole[0]["recording"].as_u64(), whole.len() as u64), (Some(2), 1 + events + crls));
    assert_eq!((recorded["asked"].as_u64(), recorded["crls"]["not_kept"].as_u64()), (Some(3), Some(0)));
    assert!(crls > 0 && whole.iter().filter(|line| line["crl"].is_string()).count() as u64 == crls, "{recorded}");
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
    // Of which the limit leaves some out.
    let begun = place.path("begun.jsonl");
    let limited = ["module", "record", begun.to_str().unwrap(), "--kind", "cert-issued", "--limit", "2", "--no-crls"];
    let said = place.run(&limited).ok().stderr;
    assert!(said.contains("there are more events: these are the first 2"), "{said}");
    assert!(recorded["more"] == false, "{recorded}");
    let redacted = place.path("redacted.jsonl");
    place.run(&["module", "record", redacted.to_str().unwrap(), "--redact"]).ok();
    let text = std::fs::read_to_string(&redacted).unwrap();
    for name in ["one.example", "two.example", "unix:root"] {
        assert!(!text.contains(name), "{name} is left");
    }
    assert!(text.contains("host-1.redacted.invalid") && text.contains("\"redacted\":true"), "{text}");
    let profile = issued[0]["certificate"]["CertificateTemplate"].to_string();
    assert!(!text.contains(&profile) && text.contains("\"CertificateTemplate\":\"profile-1\""), "{profile}: {text}");
    server.stop();

    // Played without a server.
    for recording in [&file, &redacted] {
        let told = "setting.file={scratch}/events.txt";
        let replay = ["module", "replay", recording.to_str().unwrap(), &notify(), "--set", told];
        let played = place.run(&replay).ok();
        assert!(played.stdout.contains("✓ cert-issued            3 events"), "{played:?}");
    }
    // Also where it can be read only once.
    let told = ["module", "replay", "/dev/stdin", &notify(), "--set", "setting.file={scratch}/events.txt"];
    let mut whole = Command::new("cat").arg(&file).stdout(Stdio::piped()).spawn().unwrap();
    let played = place.command(&told).stdin(whole.stdout.take().unwrap()).output().unwrap();
    whole.wait().unwrap();
    assert!(Done::of(&played).ok().stdout.contains("✓ cert-issued            3 events"), "{played:?}");
    let bad = failing(&place, "bad.py", "cert-issued");
    let played = place.run(&["module", "replay", &shown, &bad]).fails(1);
    assert!(played.stdout.contains("3 of 3, first event"), "{played:?}");
    // What is no recording is said so, with its line.
    std::fs::write(&file, "{}\n").unwrap();
    let refused = place.run(&["module", "replay", &shown, &bad]).fails(2);
    assert!(refused.stderr.contains("line 1 of the recording"), "{refused:?}");
    place.run(&["module", "replay", "nowhere.jsonl", &bad]).fails(3);
}

/// An exit module that keeps the CRLs it reads, as `EVENT.crl` and `EVENT.delta.crl`, and the serial numbers of what is revoked.
const CRLS: &str = r#"
import base64

def initialize(params):
    return {"protocol": 1, "events": ["crl-issued", "cert-revoked"], "description": "keeps CRLs"}

def notify(params):
    if params["event"]["name"] == "cert-revoked":
        open("revoked", "a").write(params["certificate"]["SerialNumber"] + "\n")
        return
    for name, suffix in [("RawCRL", "crl"), ("RawDeltaCRL", "delta.crl")]:
        found = ask(params["context"], name)
        if found is not None:
            open("{}.{}".format(params["event"]["id"], suffix), "wb").write(found)

def ask(context, name):
    params = {"context": context, "name": name, "type": "binary"}
    print(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server.certificate_property", "params": params}), flush=True)
    answer = json.loads(sys.stdin.readline())
    return base64.b64decode(answer["result"]["value"]["base64"]) if "result" in answer else None
"#;

#[test]
fn crls_are_recorded_with_the_events_that_report_them() {
    let place = Place::new();
    let server = place.serve(&[]);
    let revoke = |host: &str| {
        let serial = place.issue(host);
        place.run(&["certificate", "revoke", &serial, "--reason", "superseded"]).ok();
        serial
    };
    let first = revoke("one.example");
    place.run(&["crl", "publish"]).ok();
    let second = revoke("two.example");
    place.run(&["crl", "publish", "--delta"]).ok();
    for (file, option) in [("all.jsonl", None), ("none.jsonl", Some("--no-crls")), ("nameless.jsonl", Some("--redact"))]
    {
        let mut arguments = vec!["module", "record", file];
        arguments.extend(option);
        let kept = place.json(&arguments);
        assert_eq!(kept["crls"].is_null(), option == Some("--no-crls"), "{kept}");
    }
    let events = place.json(&["module", "tail", "--kind", "crl-issued", "--from", "beginning", "--count", "1"]);
    assert_eq!(events["kind"], "crl-issued", "{events}");
    let base = place.path("base.der");
    let newest = place.run(&["crl", "list", "--json"]).ok().json();
    assert!(newest["items"].as_array().unwrap().iter().any(|row| row["kind"] == "delta"), "{newest}");
    server.stop();

    let module = place.module("crls.py", CRLS).display().to_string();
    let serials = |suffix: &str| -> Vec<Vec<String>> {
        // In the order of the events, which is that of their numbers' lengths and digits.
        let names = std::fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        let number = |name: &str| name.strip_suffix(suffix).and_then(|number| number.parse::<u64>().ok());
        let mut numbers: Vec<u64> = names.filter_map(|name| number(&name)).collect();
        numbers.sort_unstable();
        let read = |number: u64| {
            std::fs::copy(place.path(&format!("{number}{suffix}")), &base).unwrap();
            let shown = place.json(&["crl", "show", base.to_str().unwrap(), "--entries"]);
            let entries = shown["entries"].as_array().unwrap().iter();
            entries.map(|entry| entry["serial"].as_str().unwrap().to_owned()).collect()
        };
        let found = numbers.iter().map(|number| read(*number)).collect();
        for number in numbers {
            std::fs::remove_file(place.path(&format!("{number}{suffix}"))).unwrap();
        }
        found
    };
    let revoked = || {
        let text = place.read("revoked");
        std::fs::remove_file(place.path("revoked")).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    place.run(&["module", "replay", "all.jsonl", &module]).ok();
    assert_eq!(revoked(), [first.clone(), second.clone()]);
    let (bases, deltas) = (serials(".crl"), serials(".delta.crl"));
    assert_eq!(bases.last().unwrap(), std::slice::from_ref(&first));
    let listed = deltas.last().unwrap();
    assert!(listed.contains(&second), "{listed:?}");
    let place_in_delta = listed.iter().position(|serial| *serial == second);
    let length = listed.len();

    // Without names serial numbers are others, and the same ones in certificates and CRLs.
    place.run(&["module", "replay", "nameless.jsonl", &module]).ok();
    let others = revoked();
    assert!(!others.contains(&first) && !others.contains(&second), "{others:?}");
    let (bases, deltas) = (serials(".crl"), serials(".delta.crl"));
    assert_eq!(bases.last().unwrap(), &others[..1]);
    let listed = deltas.last().unwrap();
    assert_eq!((listed.iter().position(|serial| *serial == others[1]), listed.len()), (place_in_delta, length));

    // Where there are none, it reads the laboratory's.
    place.run(&["module", "replay", "none.jsonl", &module]).ok();
    assert!(serials(".crl").iter().all(Vec::is_empty));
    assert_eq!(serials(".delta.crl"), [[""; 0]; 0]);
}

/// A policy module that denies what the setting `deny` names, pends what `pend` names, breaks down at what `crash` names, and
/// sets a unit.
const JUDGE: &str = r#"
def initialize(params):
    global settings
    settings = params["settings"]
    return {"protocol": 1, "description": "judges by name"}

def verify_request(params):
    name = params["certificate"].get("CommonName", "-")
    assert params["new"] and params["request"]["Disposition"] == 8 and "SerialNumber" not in params["certificate"]
    if name == settings.get("crash"):
        sys.exit(3)
    if name == settings.get("deny"):
        return {"decision": "deny", "code": "0x80094012", "message": "no more of " + name}
    if name == settings.get("pend"):
        return {"decision": "pend", "message": "somebody has to look"}
    return {"decision": "issue", "set_properties": {"OrgUnit": "Judged"}}
"#;

#[test]
fn a_policy_module_decides_about_recorded_requests() {
    let place = Place::new();
    let server = place.serve(&[]);
    for name in ["one.example", "two.example", "three.example"] {
        place.issue(name);
    }
    place.run(&["module", "record", "log.jsonl"]).ok();
    place.run(&["module", "record", "crls.jsonl", "--kind", "crl-issued"]).ok();
    place.run(&["module", "record", "nameless.jsonl", "--redact"]).ok();
    server.stop();

    let judge = place.module("judge.py", JUDGE).display().to_string();
    let play = |settings: &[&str], more: &[&str]| {
        let mut arguments = vec!["module", "replay", "log.jsonl", judge.as_str(), "--role", "policy"];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        place.run(&[&arguments[..], more].concat())
    };
    let same = play(&[], &["--expect", "same"]).ok();
    assert!(same.stdout.contains("3 requests decided on as then, 0 otherwise"), "{same:?}");
    assert!(same.stdout.contains("OrgUnit = Judged"), "{same:?}");

    let settings = ["setting.deny=two.example", "setting.pend=three.example"];
    let told = play(&settings, &[]).ok();
    let row = told.stdout.lines().find(|line| line.contains("two.example")).unwrap();
    for part in ["issued", "denied ≠", "unix:", "no more of two.example (0x80094012"] {
        assert!(row.contains(part), "{part} is missing in {row}");
    }
    for part in ["1 request decided on as then, 2 otherwise", "issued then, denied now", "issued then, pending now"] {
        assert!(told.stdout.contains(part), "{part} is missing: {told:?}");
    }
    let report = place.path("report.xml");
    play(&settings, &["--expect", "same", "--report", report.to_str().unwrap()]).fails(1);
    let xml = std::fs::read_to_string(&report).unwrap();
    assert!(xml.contains("tests=\"4\" failures=\"2\"") && xml.contains("no more of two.example"), "{xml}");
    let json = play(&settings, &["--json"]).ok().json();
    assert_eq!((json["same"].as_u64(), json["different"].as_u64()), (Some(1), Some(2)), "{json}");
    let second = &json["requests"][1];
    assert_eq!((&second["then"]["outcome"], &second["now"]["outcome"]), (&"issued".into(), &"denied".into()));
    assert_eq!(json["requests"][0]["now"]["set"][0]["name"], "OrgUnit", "{json}");
    let then = json["requests"][0]["then"]["set"].as_array().unwrap();
    assert!(then.iter().any(|set| set["name"] == "2.5.29.37"), "{then:?}");

    // Without names it decides the same, where it is told the new ones.
    let names =
        ["setting.deny=host-2.redacted.invalid", "setting.pend=host-3.redacted.invalid"].map(|set| ["--set", set]);
    let arguments = ["module", "replay", "nameless.jsonl", &judge, "--role", "policy", "--json"];
    let nameless = place.run(&[&arguments[..], names.as_flattened()].concat()).ok().json();
    let outcomes = |json: &Value| -> Vec<Value> {
        let requests = json["requests"].as_array().unwrap().iter();
        let sets = |set: &Value| set.as_array().unwrap().iter().map(|one| one["name"].clone()).collect::<Vec<_>>();
        requests.map(|one| json!([one["then"]["outcome"], one["now"]["outcome"], sets(&one["now"]["set"])])).collect()
    };
    assert_eq!(outcomes(&nameless), outcomes(&json));

    // One that breaks down has failed that request, and goes on with the next.
    let crash = play(&["setting.crash=two.example", "restart_backoff_ms_min=20"], &["--json"]).ok().json();
    let now: Vec<&str> =
        crash["requests"].as_array().unwrap().iter().map(|one| one["now"]["outcome"].as_str().unwrap()).collect();
    assert_eq!(now, ["issued", "failed", "issued"], "{crash}");

    // What cannot be played is said so.
    let refused = place.run(&["module", "replay", "crls.jsonl", &judge, "--role", "policy"]).fails(2);
    assert!(refused.stderr.contains("no request as policy was asked"), "{refused:?}");
    let told = "setting.file={scratch}/events.txt";
    let refused = place.run(&["module", "replay", "log.jsonl", &notify(), "--set", told, "--expect", "same"]).fails(2);
    assert!(refused.stderr.contains("--expect"), "{refused:?}");
    let missing = place.run(&["module", "replay", "log.jsonl", "/bin/false", "--role", "policy"]).fails(1);
    assert!(missing.stdout.contains("✗ initialize"), "{missing:?}");
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
