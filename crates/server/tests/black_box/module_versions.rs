//! Modules from a manifest: shown and confirmed, with secrets by reference, watched over, upgraded, tried and rolled back.

use std::path::PathBuf;

use serde_json::Value;

use crate::authority::{Place, until};
use crate::support::program;
use crate::support::teller::{self, told};

const MANIFEST: &str = r#"
manifest = 1
name = "teller"
version = "@VERSION@"
description = "tells a file"
kind = "process"
role = "exit"
entry = "teller.py"
command = ["python3", "-u", "{entry}"]
events = ["cert-issued"]

[settings.file]
type = "path"
required = true

[settings.days]
type = "integer"
default = 30
min = 1

[settings.password]
secret = true

[powers]
network = ["smtp.example.org:25"]
"#;

/// Writes a version of the module into a folder of its own.
fn package(place: &Place, version: &str) -> PathBuf {
    let folder = place.path(&format!("teller-{version}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("exeunt-module.toml"), MANIFEST.replace("@VERSION@", version)).unwrap();
    program::install(&folder.join("teller.py"), teller::source(version).as_bytes());
    folder
}

fn versions(place: &Place) -> Vec<(u64, String, String)> {
    let shown = place.json(&["module", "show", "teller"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let version = |one: &Value| (one["number"].as_u64().unwrap(), text(&one["state"]), text(&one["version"]));
    shown["versions"].as_array().unwrap().iter().map(version).collect()
}

fn add(place: &Place, more: &[&str]) -> Vec<String> {
    let file = format!("file={}", place.path("told.jsonl").display());
    let folder = package(place, "1.0").display().to_string();
    let words = ["module", "add", &folder, "--set", &file].into_iter().chain(more.iter().copied());
    words.map(str::to_owned).collect()
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn a_manifest_is_shown_confirmed_and_kept_to() {
    let place = Place::new();
    let server = place.serve(&[]);
    let add = add(&place, &[]);
    // Nobody can be asked here.
    let asked = place.run(&words(&add)).fails(2);
    for said in ["teller 1.0", "SHA-256", "cert-issued", "smtp.example.org:25", "password (text, secret)", "--yes"] {
        assert!(asked.stderr.contains(said), "{said}: {}", asked.stderr);
    }
    let with = |more: &[&str]| -> Vec<String> {
        add.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).chain(["--yes".to_owned()]).collect()
    };
    // What the manifest does not allow is refused, and nothing is installed.
    for (setting, said) in [
        ("days=0", "from 1 to"),
        ("dais=1", "has no setting `dais` (is it `days`?)"),
        ("password=hunter2", "--set password=@file:"),
        ("password=@file:/nowhere/at/all", "No such file"),
        ("password=@env:EXEUNT_TEST_NO_SUCH_VARIABLE", "no such variable"),
        ("command=/bin/sh", "given by the manifest"),
    ] {
        let refused = place.run(&words(&with(&["--set", setting]))).fails(4);
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    }
    assert_eq!(place.json(&["module", "list"])["items"].as_array().unwrap().len(), 2);
    // With --json there is one object, and no question.
    let asked = place.run(&words(&[&add[..], &["--json".to_owned()]].concat())).fails(2);
    let refused: Value = serde_json::from_str(&asked.stderr).unwrap();
    assert!(refused["next"].as_str().unwrap().contains("--yes"), "{refused}");

    let secret = place.path("password");
    std::fs::write(&secret, "swordfish-9921\n").unwrap();
    let reference = format!("password=@file:{}", secret.display());
    place.run(&words(&with(&["--set", &reference]))).ok();
    place.issue("a.example");
    until("it is told", || told(&place).len() == 1);
    let settings = &told(&place)[0]["settings"];
    assert_eq!((settings["password"].as_str(), settings["days"].as_str()), (Some("swordfish-9921"), Some("30")));

    // The secret is nowhere but in its file and in the module.
    let shown = place.run(&["module", "show", "teller"]).ok().stdout;
    let json = place.run(&["--json", "module", "show", "teller"]).ok().stdout;
    let audit = place.run(&["--json", "audit", "list"]).ok().stdout;
    for text in [&shown, &json, &audit] {
        assert!(!text.contains("swordfish-9921"), "{text}");
    }
    assert!(
        shown.contains("  password = @file:") && shown.contains("Copyright: Example") && shown.contains("teller 1.0"),
        "{shown}"
    );
    assert!(audit.contains("\"version\": \"1.0\"") && audit.contains("sha256"), "{audit}");
    server.stop();
    let database = std::fs::read(place.path("exeunt-data/exeunt.db")).unwrap();
    assert!(!database.windows(14).any(|window| window == b"swordfish-9921"));
}

#[test]
fn a_file_that_was_changed_is_not_run_but_its_copy_is() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.run(&words(&add(&place, &["--yes"]))).ok();
    let tells = |host: &str, version: &str| {
        let before = told(&place).len();
        place.issue(host);
        until("it is told", || told(&place).len() > before);
        let last = told(&place).pop().unwrap();
        assert_eq!(last["version"].as_str(), Some(version), "{last}");
        last["process"].as_u64().unwrap()
    };
    let process = tells("a.example", "1.0");
    let shown =
        |member: &str| place.json(&["module", "show", "teller"])[member].as_str().unwrap_or_default().to_owned();
    let program = place.path("teller-1.0/teller.py");
    std::fs::write(&program, teller::source("changed")).unwrap();

    // A program that ends is started again: from what was added.
    let killed = std::process::Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap();
    assert!(killed.success());
    let other = tells("b.example", "1.0");
    assert_ne!(process, other);
    let notice = shown("notice");
    for said in
        ["is not the file that was installed", "the copy that was kept of it runs", "exeunt module upgrade teller"]
    {
        assert!(notice.contains(said), "{notice}");
    }
    place.run(&["module", "disable", "teller"]).ok();
    place.run(&["module", "enable", "teller"]).ok();
    tells("c.example", "1.0");
    server.stop();
    let server = place.serve(&[]);
    tells("d.example", "1.0");

    // Without the copy it is refused.
    std::fs::remove_dir_all(place.data("modules")).unwrap();
    place.run(&["module", "disable", "teller"]).ok();
    place.run(&["module", "enable", "teller"]).ok();
    until("it is refused", || shown("state") == "failed");
    let refused = place.run(&["module", "show", "teller"]).ok().stdout;
    assert!(refused.contains("is not the file that was installed"), "{refused}");

    // The operator may have it run all the same, or take it over.
    place.run(&["module", "set", "teller", "--digest", "warn"]).ok();
    tells("e.example", "changed");
    assert!(shown("notice").contains("exeunt module upgrade teller"));
    let folder = place.path("teller-1.0").display().to_string();
    let upgraded = place.run(&["module", "upgrade", "teller", &folder, "--yes", "--set", "days=1"]).ok();
    assert!(upgraded.stderr.contains("another file of teller calls itself 1.0 too"), "{}", upgraded.stderr);
    tells("f.example", "changed");
    assert_eq!(shown("notice"), "");
    server.stop();
}

/// Needs a file that lies beside it.
const LEANS: &str = r#"
import neighbour

def initialize(params):
    return {"protocol": 1, "events": ["cert-issued"]}
"#;

#[test]
fn a_copy_that_misses_what_lay_beside_it_says_that_it_is_one() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.write("neighbour.py", "");
    let program = place.module("leans.py", LEANS);
    let manifest =
        "manifest = 1\nname = \"m\"\nversion = \"1\"\nkind = \"process\"\nrole = \"exit\"\nentry = \"leans.py\"\n";
    place.write("exeunt-module.toml", manifest);
    let added = place.run(&["module", "add", program.to_str().unwrap(), "--digest", "enforce"]).ok();
    assert!(added.stderr.contains("exeunt-module.toml says what it is, and is not used"), "{added:?}");
    assert!(added.stdout.contains("running"), "{added:?}");
    std::fs::write(&program, format!("{}# changed\n", place.read("leans.py"))).unwrap();
    let enabled = place.run(&["module", "enable", "leans"]).ok().stdout;
    assert!(
        enabled.contains("No module named 'neighbour'") && enabled.contains("without what lay beside it"),
        "{enabled}"
    );
    server.stop();
}

#[test]
fn a_program_is_upgraded_tried_and_rolled_back_and_every_certificate_is_told_once() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.run(&words(&add(&place, &["--yes"]))).ok();
    let folder = |version: &str| package(&place, version).display().to_string();
    let issue = |prefix: &str| (0..4).for_each(|n| drop(place.issue(&format!("{prefix}{n}.example"))));
    issue("a");

    // What does not start changes nothing, and says why.
    let broken = place.run(&["module", "upgrade", "teller", &folder("broken"), "--yes"]).fails(4);
    assert!(broken.stderr.contains("it is broken by design"), "{}", broken.stderr);
    assert_eq!(versions(&place), [(1, "in-force".into(), "1.0".into())]);

    let upgraded = place.run(&["module", "upgrade", "teller", &folder("1.1"), "--yes", "--set", "days=7"]).ok();
    assert!(!upgraded.stderr.contains("calls itself"), "{}", upgraded.stderr);
    issue("b");
    until("all are told", || told(&place).len() == 8);
    let newest = told(&place).pop().unwrap();
    assert_eq!((newest["version"].as_str(), newest["settings"]["days"].as_str()), (Some("1.1"), Some("7")));

    place.run(&["module", "rollback", "teller"]).ok();
    issue("c");
    until("all are told", || told(&place).len() == 12);
    assert_eq!(told(&place).pop().unwrap()["version"], "1.0");
    assert_eq!(versions(&place), [(1, "in-force".into(), "1.0".into()), (2, "rolled-back".into(), "1.1".into())]);

    // A version that fails on trial goes by itself; nothing suffers.
    let fails = folder("fails");
    place.run(&["module", "upgrade", "teller", &fails, "--yes", "--canary", "90", "--canary-failures", "2"]).ok();
    place.run(&["module", "upgrade", "teller", &folder("1.2"), "--yes"]).fails(6);
    for round in 0..20 {
        if versions(&place).iter().all(|(_, state, _)| state != "on-trial") {
            break;
        }
        assert!(round < 19, "the trial does not end");
        place.issue(&format!("t{round}.example"));
    }
    let withdrawn = place.run(&["module", "show", "teller"]).ok().stdout;
    assert!(withdrawn.contains("withdrawn") && withdrawn.contains("it fails by design"), "{withdrawn}");

    // One that does not is taken over.
    place.run(&["module", "upgrade", "teller", &folder("1.2"), "--yes", "--canary", "50"]).ok();
    issue("d");
    place.run(&["module", "promote", "teller"]).ok();
    issue("e");
    let certificates = place.json(&["event", "list", "--kind", "cert-issued", "--limit", "1000"]);
    let issued: Vec<&str> = certificates["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["row"]["certificate"]["serial"].as_str().unwrap())
        .collect();
    until("all are told", || told(&place).len() == issued.len());
    let mut serials: Vec<String> =
        told(&place).iter().map(|told| told["serial"].as_str().unwrap().to_lowercase()).collect();
    serials.sort_unstable();
    serials.dedup();
    assert_eq!(serials.len(), issued.len());
    assert!(
        issued
            .iter()
            .all(|serial| serials.iter().any(|told| told.trim_start_matches('0') == serial.trim_start_matches('0')))
    );
    assert_eq!(place.json(&["module", "show", "teller"])["parked"], 0);
    server.stop();
}

#[test]
fn what_lay_in_clear_before_it_was_declared_secret_is_masked() {
    let place = Place::new();
    let server = place.serve(&[]);
    let program = package(&place, "0.9").join("teller.py").display().to_string();
    let file = format!("setting.file={}", place.path("told.jsonl").display());
    let clear = "setting.password=hunter2-in-clear";
    place.run(&["module", "add", &program, "--name", "teller", "--set", &file, "--set", clear]).ok();
    let upgrade =
        ["module", "upgrade", "teller", &package(&place, "1.0").display().to_string(), "--yes"].map(str::to_owned);
    let refused = place.run(&words(&upgrade)).fails(4);
    assert!(
        refused.stderr.contains("--set password=@file:") && !refused.stderr.contains("hunter2"),
        "{}",
        refused.stderr
    );
    let secret = place.write("secret", "hunter2-by-reference");
    let reference = format!("password=@file:{}", secret.display());
    place.run(&words(&[&upgrade[..], &["--set".into(), reference]].concat())).ok();
    let shown = place.run(&["--json", "module", "show", "teller"]).ok().stdout;
    assert!(shown.contains("********") && shown.contains("@file:") && !shown.contains("hunter2"), "{shown}");
    server.stop();
}

/// Starts the program on a terminal of its own, answers its question, and ends as it does.
const ON_A_TERMINAL: &str = r#"
import os, pty, sys
answer, command = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
said = b""
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if answer and said.endswith(b"[y/N] "):
        os.write(terminal, answer.encode() + b"\n")
        answer = ""
os.write(1, said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

#[test]
fn a_terminal_is_asked() {
    let place = Place::new();
    let server = place.serve(&[]);
    let add = add(&place, &[]);
    let on_a_terminal = |answer: &str| {
        let mut command = std::process::Command::new("python3");
        command.args(["-c", ON_A_TERMINAL, answer, env!("CARGO_BIN_EXE_exeunt")]).args(&add);
        let done = command.current_dir(place.path("")).output().unwrap();
        (done.status.code().unwrap(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    for answer in ["n", "maybe"] {
        let (code, said) = on_a_terminal(answer);
        assert!(code == 8 && said.contains("Install it?") && said.contains("nothing was installed"), "{said}");
    }
    place.run(&["module", "show", "teller"]).fails(3);
    let (code, said) = on_a_terminal("y");
    assert!(code == 0 && said.contains("teller 1.0"), "{said}");
    assert_eq!(place.json(&["module", "show", "teller"])["name"], "teller");
    server.stop();
}

#[test]
fn the_server_is_copied_reloaded_and_stopped_from_the_command_line() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.issue("a.example");
    let copy = place.path("copy.db").display().to_string();
    place.run(&["db", "backup", &copy]).ok();
    place.run(&["db", "backup", &copy]).fails(6);
    place.run(&["server", "reload"]).ok();
    assert!(place.run(&["server", "show"]).ok().stdout.contains("runs since"));
    let events = place.json(&["event", "list", "--kind", "cert-issued"]);
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    let audit = place.run(&["audit", "list"]).ok().stdout;
    assert!(audit.contains("made a copy of the database") && audit.contains("certificates read again"), "{audit}");
    place.run(&["server", "stop"]).ok();
    assert_eq!(server.wait(), 0);
    // Without a server it is copied too.
    let second = place.path("second.db").display().to_string();
    place.run(&["db", "backup", &second]).ok();
    place.run(&["db", "backup", &second]).fails(6);
    assert!(std::fs::metadata(&copy).unwrap().len() > 0 && std::fs::metadata(&second).unwrap().len() > 0);
}
