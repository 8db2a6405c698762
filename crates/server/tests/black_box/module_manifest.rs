//! What a manifest says, beside what is: defaults, events, and the version on trial.

use crate::authority::{Place, until};
use crate::support::teller;

/// Asks for cert-issued.
const TELLER: &str = r#"
manifest = 1
name = "teller"
version = "1.0"
kind = "process"
role = "exit"
entry = "teller.py"
command = ["python3", "-u", "{entry}"]
events = ["@EVENTS@"]

[settings.file]
type = "path"

[settings.days]
type = "integer"
default = 30

[host]
environment = "HERE={directory}"
"#;

fn teller(place: &Place, events: &str) -> String {
    place.write("teller.py", &teller::source("1.0"));
    place.write("exeunt-module.toml", &TELLER.replace("@EVENTS@", events));
    place.path("").display().to_string()
}

#[test]
fn what_is_not_set_and_what_was_not_asked_for_are_shown() {
    let place = Place::new();
    let server = place.serve(&[]);
    let file = format!("file={}", place.path("told.jsonl").display());
    let folder = teller(&place, "crl-issued");
    place.run(&["module", "add", &folder, "--yes", "--set", &file]).ok();
    let shown = place.json(&["module", "show", "teller"]);
    assert_eq!(shown["defaults"]["setting.days"], "30");
    assert_eq!(shown["defaults"]["environment"], format!("HERE={}", folder.trim_end_matches('/')));
    assert!(shown["defaults"]["setting.file"].is_null() && shown["settings"]["setting.file"].is_string(), "{shown}");
    assert_eq!((&shown["events"][0], &shown["manifest_events"][0]), (&"cert-issued".into(), &"crl-issued".into()));

    let differs = "its manifest names the events crl-issued, and it asked for cert-issued";
    let text = place.run(&["module", "show", "teller"]).ok().stdout;
    for line in ["  days = 30 (default)\n", " (from its manifest)\n", "  file = /", differs] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    assert_eq!(server.log().matches(differs).count(), 1, "{}", server.log());

    place.run(&["module", "set", "teller", "days=7"]).ok();
    let text = place.run(&["module", "show", "teller"]).ok().stdout;
    assert!(text.contains("  days = 7\n") && !text.contains("days = 30"), "{text}");

    // The author's laboratory says it too, before anything is installed.
    let tested = place.run(&["module", "test", &folder, "--only", "mask", "--set", &file]).fails(1);
    assert!(tested.stdout.contains("its manifest names crl-issued"), "{}", tested.stdout);
    let folder = teller(&place, "cert-issued\", \"crl-issued");
    let tested = place.run(&["module", "test", &folder, "--only", "mask", "--set", &file]).ok();
    assert!(tested.stdout.contains("cert-issued; its manifest also names crl-issued"), "{}", tested.stdout);

    teller(&place, "cert-issued");
    place.run(&["module", "upgrade", "teller", &folder, "--yes"]).ok();
    assert!(place.json(&["module", "show", "teller"])["notice"].is_null());

    // Less is nothing to be warned of.
    teller(&place, "cert-issued\", \"crl-issued");
    let less = place.run(&["module", "upgrade", "teller", &folder, "--yes"]).ok().stdout;
    assert!(less.contains("cert-issued (its manifest also names crl-issued)") && !less.contains("warning"), "{less}");
    server.stop();
}

/// Issues everything.
const JUDGE: &str = r#"
def initialize(params):
    return {"protocol": 1, "description": "a judge"}

def verify_request(params):
    return {"decision": "issue"}
"#;

#[test]
fn what_is_to_be_said_of_a_policy_modules_version_on_trial_is_said() {
    let place = Place::new();
    let server = place.serve(&[]);
    let judge = |name: &str| place.module(name, JUDGE).display().to_string();
    place.run(&["module", "add", &judge("first.py"), "--name", "judge", "--role", "policy"]).ok();
    let second = judge("second.py");
    place.run(&["module", "upgrade", "judge", &second, "--canary", "50"]).ok();
    assert!(place.json(&["module", "show", "judge"])["notice"].is_null());
    server.stop();
    std::fs::write(&second, format!("{}# changed\n", place.read("second.py"))).unwrap();

    let server = place.serve(&[]);
    until("it runs", || place.json(&["module", "show", "judge"])["state"] == "running");
    let shown = place.json(&["module", "show", "judge"]);
    let notice = shown["notice"].as_str().unwrap_or_default();
    assert!(notice.contains("second.py is not the file that was installed"), "{shown}");
    assert!(place.run(&["module", "show", "judge"]).ok().stdout.contains("warning"));
    server.stop();
}
