//! Modules, live: added, driven, failed, replayed, removed.

use std::path::Path;

use serde_json::Value;

use crate::authority::{Place, until};

fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path(name)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn issued(lines: &[Value]) -> usize {
    lines.iter().filter(|line| line["event"]["name"] == "cert-issued").count()
}

#[test]
fn a_module_is_added_switched_off_and_on_rewound_and_removed_without_a_restart() {
    let place = Place::new();
    let server = place.serve(&[]);
    let kinds = place.json(&["module", "list", "--available"]);
    let names: Vec<&str> =
        kinds["items"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap()).collect();
    for kind in ["default", "file", "journal", "process"] {
        assert!(names.contains(&kind), "{names:?}");
    }
    let path = place.path("second.jsonl").display().to_string();
    let add = place.run(&["module", "add", "journal", "--name", "second", "--set", &format!("path={path}")]).ok();
    assert!(add.stdout.contains("second") && add.stderr.contains("exeunt module show second"), "{add:?}");
    place.issue("a.example");
    until("it is told", || issued(&lines(&place, "second.jsonl")) == 1);

    // Switched off it keeps its place; switched on it goes on there.
    assert_eq!(place.json(&["module", "disable", "second"])["state"], "disabled");
    place.issue("b.example");
    until("the other one is told", || issued(&lines(&place, "exeunt-data/journal.jsonl")) == 2);
    assert_eq!(issued(&lines(&place, "second.jsonl")), 1);
    assert_eq!(place.json(&["module", "show", "second"])["lag"], 1);
    place.run(&["module", "enable", "second"]).ok();
    until("it has caught up", || issued(&lines(&place, "second.jsonl")) == 2);

    // Everything again, from the beginning.
    place.run(&["module", "rewind", "second", "beginning"]).ok();
    until("it is told again", || issued(&lines(&place, "second.jsonl")) == 4);

    // Settings change live.
    let path = place.path("third.jsonl").display().to_string();
    place.run(&["module", "set", "second", &format!("path={path}"), "--workers", "2"]).ok();
    let shown = place.json(&["module", "show", "second"]);
    assert_eq!(
        (shown["settings"]["path"].as_str(), shown["options"]["workers"].as_u64()),
        (Some(path.as_str()), Some(2))
    );
    place.issue("c.example");
    until("it writes elsewhere", || issued(&lines(&place, "third.jsonl")) == 1);

    place.run(&["module", "remove", "second"]).ok();
    place.run(&["module", "show", "second"]).fails(3);
    let table = place.run(&["module", "list"]).ok().stdout;
    assert!(table.contains("journal") && !table.contains("second"), "{table}");
    // It stays so over a restart.
    server.stop();
    let server = place.serve(&[]);
    assert_eq!(place.json(&["module", "list"])["items"].as_array().unwrap().len(), 2);
    server.stop();
}

#[test]
fn a_program_in_python_is_told_of_a_certificate() {
    let place = Place::new();
    let server = place.serve(&[]);
    // Its events from before it was there come first.
    place.issue("before.example");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/modules/python-expiry/expiry.py");
    let example = example.canonicalize().unwrap();
    let database = place.path("expiry.sqlite").display().to_string();
    let add = place.run(&[
        "module",
        "add",
        example.to_str().unwrap(),
        "--set",
        &format!("setting.database={database}"),
        "--from",
        "beginning",
    ]);
    let add = add.ok();
    assert!(add.stderr.contains("kind process"), "{add:?}");
    place.issue("after.example");
    until("both are in its list", || {
        let listed =
            std::process::Command::new("python3").arg(&example).args(["--list", "1000", &database]).output().unwrap();
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        text.contains("before.example") && text.contains("after.example")
    });
    assert_eq!(place.json(&["module", "show", "expiry"])["state"], "running");
    server.stop();
}

/// Fails every event until a file named `mended` is there, then writes what it is told.
const FAILS: &str = r#"
def initialize(params):
    return {"protocol": 1, "events": ["cert-issued"], "description": "fails"}

def notify(params):
    if not os.path.exists("mended"):
        raise Failure("not mended yet", "0x80004005")
    with open("told.txt", "a") as out:
        out.write("%s %s\n" % (params["event"]["id"], params["event"]["attempt"]))
"#;

#[test]
fn a_failed_event_is_tried_again_then_parked_then_retried_or_dropped_by_hand() {
    let place = Place::new();
    let server = place.serve(&[]);
    let program = place.module("fails.py", FAILS);
    place
        .run(&[
            "module",
            "add",
            program.to_str().unwrap(),
            "--attempts-max",
            "2",
            "--retry-ms-min",
            "10",
            "--retry-ms-max",
            "20",
            "--set",
            &format!("working_directory={}", place.path("").display()),
        ])
        .ok();
    place.issue("a.example");
    place.issue("b.example");
    until("both are parked", || place.json(&["module", "show", "fails"])["parked"] == 2);
    let events = place.json(&["module", "events", "fails"]);
    let ids: Vec<u64> = events["items"].as_array().unwrap().iter().map(|row| row["event"].as_u64().unwrap()).collect();
    assert_eq!((ids.len(), events["items"][0]["attempts"].as_u64()), (2, Some(2)), "{events}");
    let table = place.run(&["module", "events", "fails"]).ok();
    assert!(table.stdout.contains("not mended yet") && table.stderr.contains("exeunt module retry fails"), "{table:?}");

    place.write("mended", "");
    place.run(&["module", "retry", "fails", &ids[0].to_string()]).ok();
    until("the first is told", || place.path("told.txt").exists());
    place.run(&["module", "drop", "fails", &ids[1].to_string()]).ok();
    let none_left = || place.json(&["module", "events", "fails"])["items"].as_array().unwrap().is_empty();
    until("nothing is left", none_left);
    assert_eq!(place.read("told.txt").lines().count(), 1);

    // All at once.
    std::fs::remove_file(place.path("mended")).unwrap();
    place.issue("c.example");
    place.issue("d.example");
    until("both are parked", || place.json(&["module", "show", "fails"])["parked"] == 2);
    let shown = place.run(&["module", "show", "fails"]).ok();
    assert!(shown.stderr.contains("exeunt module retry fails --all"), "{shown:?}");
    place.write("mended", "");
    let retried = place.run(&["module", "retry", "fails", "--all"]).ok();
    assert!(retried.stdout.contains("2 events are delivered again"), "{retried:?}");
    until("nothing is left", none_left);
    assert_eq!(place.read("told.txt").lines().count(), 3);
    place.run(&["module", "retry", "fails"]).fails(2);
    // Nobody is to think that all is well with a module that is told of no events.
    let none = place.run(&["module", "events", "default"]).ok();
    assert!(none.stderr.contains("exeunt module show default"), "{none:?}");
    assert!(!place.run(&["module", "events", "fails"]).ok().stderr.contains("module show"));
    server.stop();
}

/// Pends what the default policy would issue, and says why; has no answer for one name.
const PENDS: &str = r#"
def initialize(params):
    return {"protocol": 1, "description": "second look"}

def verify_request(params):
    if params["request"]["CommonName"] == "odd.example":
        return {"decision": "maybe"}
    return {"decision": "pend" if params["new"] else "issue", "message": "somebody looks at it"}
"#;

#[test]
fn a_policy_module_of_ones_own_restricts_the_default() {
    let place = Place::new();
    let server = place.serve(&[]);
    let program = place.module("pends.py", PENDS);
    let added = place.json(&["module", "add", program.to_str().unwrap(), "--role", "policy"]);
    assert_eq!((added["role"].as_str(), added["position"].as_u64()), (Some("policy"), Some(1)), "{added}");
    let outcome = place.submit("a.example");
    assert_eq!(outcome["disposition"], "pending", "{outcome}");
    assert!(outcome["message"].as_str().unwrap().contains("somebody looks at it"), "{outcome}");
    assert_eq!(place.json(&["request", "approve", "1"])["disposition"], "issued");
    // What it fails is told to the operator, and not to the requester alone.
    let csr = place.csr("odd", "odd.example");
    place.run(&["request", "submit", csr.to_str().unwrap()]).fails(4);
    let shown = place.run(&["module", "show", "pends"]).ok().stdout;
    assert!(shown.contains("1 of them failed") && shown.contains("the decision is \"maybe\""), "{shown}");
    assert!(place.run(&["module", "list"]).ok().stdout.contains("the decision is"), "{shown}");
    // Without it, and without the default one, nothing is issued.
    place.run(&["module", "remove", "pends"]).ok();
    assert_eq!(place.submit("b.example")["disposition"], "issued");
    place.run(&["module", "disable", "default"]).ok();
    let csr = place.csr("c", "c.example");
    let failed = place.run(&["request", "submit", csr.to_str().unwrap()]).fails(4);
    assert!(failed.stderr.contains("no policy module is enabled"), "{failed:?}");
    server.stop();
}

#[test]
fn mistakes_are_told_when_a_module_is_added() {
    let place = Place::new();
    let server = place.serve(&[]);
    let script = place.write("plain.py", "");
    place.write("main.rs", "fn main() {}");
    std::fs::create_dir(place.path("unbuilt")).unwrap();
    place.write(
        "unbuilt/exeunt-module.toml",
        "manifest = 1\nname = \"mine\"\nversion = \"1\"\nkind = \"process\"\nrole = \"exit\"\nentry = \"target/release/mine\"\n",
    );
    for (arguments, code, expected) in [
        (vec!["journl"], 4, "there is no kind of module `journl` (is it `journal`?)"),
        (vec!["journl"], 4, "exeunt module list --available"),
        (vec!["fax"], 4, "there is no kind of module `fax`; there are: default, file"),
        (vec!["journal", "--set", "pth=/x"], 4, "there is no setting `pth` (is it `path`?)"),
        (vec!["journal"], 4, "its settings: exeunt module list --available journal"),
        (vec!["./missing.py --fast"], 3, "--set command="),
        (vec!["python3 missing.py"], 2, "--set command="),
        (vec!["process", "--set", "command=python3 -u plain.py"], 2, "`plain.py` would not be found"),
        (vec!["journal", "--role", "policy", "--set", "path=/x"], 4, "policy"),
        (vec!["journal", "--set", "path"], 2, "NAME=VALUE"),
        (vec!["journal", "--name", "journal", "--set", "path=/x"], 6, "exeunt module upgrade journal"),
        (vec![script.to_str().unwrap()], 2, "chmod +x"),
        (vec!["./missing.py"], 3, "missing.py"),
        (vec!["./main.rs"], 2, "build it"),
        (vec!["./unbuilt"], 3, "build the module first"),
    ] {
        let done = place.run(&[&["module", "add"], arguments.as_slice()].concat());
        assert_eq!(done.code, code, "{arguments:?} {done:?}");
        assert!(done.stderr.contains(expected), "{arguments:?} {done:?}");
    }
    place.run(&["module", "set", "journal"]).fails(2);
    let misspelt = place.run(&["module", "set", "journal", "evnts=all"]).fails(4);
    assert!(
        misspelt.stderr.contains("`evnts` (is it `events`?)") && !misspelt.stderr.contains("there are:"),
        "{misspelt:?}"
    );
    let misspelt = place.run(&["module", "set", "journal", "--unset", "pth"]).fails(2);
    assert!(misspelt.stderr.contains("the setting `pth` of journal is not set"), "{misspelt:?}");
    place.run(&["module", "rewind", "journal", "yesterday"]).fails(4);
    assert!(place.run(&["module", "retry", "journal", "--all"]).ok().stdout.contains("no event waits"));
    assert!(place.run(&["module", "retry", "journal"]).fails(2).stderr.contains("--all"));

    let kinds = place.json(&["module", "list", "--available", "journal"]);
    assert_eq!((kinds["items"].as_array().unwrap().len(), &kinds["items"][0]["name"]), (1, &"journal".into()));
    assert!(place.run(&["module", "list", "--available", "journl"]).fails(3).stderr.contains("is it `journal`?"));
    place.run(&["module", "list", "journal"]).fails(2);

    // Whoever takes the last policy module away is told what follows.
    let disabled = place.run(&["module", "disable", "default"]).ok().stderr;
    assert!(
        disabled.contains("every request fails") && disabled.contains("exeunt module enable default"),
        "{disabled}"
    );
    assert!(!place.run(&["module", "enable", "default"]).ok().stderr.contains("every request fails"));
    let removed = place.run(&["module", "remove", "default"]).ok().stderr;
    assert!(removed.contains("exeunt module add default --role policy"), "{removed}");
    server.stop();
}

#[test]
fn the_command_that_starts_a_module_says_how_it_went() {
    let place = Place::new();
    let server = place.serve(&[]);
    let set = format!("path={}", place.path("missing/lost.jsonl").display());
    let lost = place.run(&["module", "add", "journal", "--name", "lost", "--set", &set]).ok();
    assert!(lost.stdout.contains("last failure") && lost.stderr.contains("could not be started"), "{lost:?}");
    let set = format!("path={}", place.path("found.jsonl").display());
    let found = place.run(&["module", "set", "lost", &set]).ok();
    assert!(found.stdout.contains("running") && found.stderr.is_empty(), "{found:?}");
    // What was not found leads to what there is.
    for (arguments, code, next) in [
        (&["module", "show", "lots"][..], 3, "exeunt module list"),
        (&["module", "retry", "lost", "7"], 3, "exeunt module events lost"),
        (&["module", "tail", "--kind", "cert-isued"], 2, "cert-issued, cert-pending"),
    ] {
        let failed = place.run(arguments).fails(code);
        assert!(failed.stderr.contains(next), "{failed:?}");
    }
    server.stop();
}
