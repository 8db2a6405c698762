//! What scripts and people read.

use std::process::Stdio;

use crate::authority::Place;

#[test]
fn every_command_has_json_that_parses() {
    let place = Place::new();
    let server = place.serve(&[]);
    let serial = place.issue("a.example");
    for command in [
        vec!["certificate", "revoke", &serial, "--reason", "certificateHold"],
        vec!["certificate", "release", &serial],
        vec!["crl", "publish"],
        vec!["module", "disable", "journal"],
        vec!["module", "enable", "journal"],
    ] {
        let done = place.run(&[command.as_slice(), &["--json"]].concat()).ok();
        assert!(done.json().is_object() && done.stderr.is_empty(), "{command:?} {done:?}");
    }
    for command in [
        vec!["ca", "show"],
        vec!["config", "check"],
        vec!["config", "show"],
        vec!["request", "list"],
        vec!["request", "show", "1"],
        vec!["certificate", "list"],
        vec!["certificate", "show", &serial],
        vec!["crl", "list"],
        vec!["crl", "show", "--entries"],
        vec!["module", "list"],
        vec!["module", "list", "--available"],
        vec!["module", "show", "journal"],
        vec!["module", "events", "journal"],
        vec!["audit", "list"],
        vec!["audit", "verify"],
        vec!["db", "check"],
    ] {
        let done = place.run(&[command.as_slice(), &["--json"]].concat()).ok();
        let value = done.json();
        assert!(value.is_object(), "{command:?} {value}");
        assert!(done.stderr.is_empty(), "{command:?} {done:?}");
        // For people there is something to read, too.
        assert!(!place.run(&command).ok().stdout.is_empty(), "{command:?}");
    }
    server.stop();
}

#[test]
fn errors_have_a_stable_form_for_both() {
    let place = Place::new();
    let server = place.serve(&[]);
    let people = place.run(&["request", "show", "99"]).fails(3);
    assert!(people.stdout.is_empty() && people.stderr.starts_with("error: request 99 was not found"), "{people:?}");
    let json = place.run(&["request", "show", "99", "--json"]).fails(3);
    let error: serde_json::Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!((error["exit_code"].as_i64(), error["code"].as_str().is_some()), (Some(3), true), "{error}");
    server.stop();
}

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.issue("a.example");
    assert!(!place.run(&["request", "list"]).ok().stdout.contains('\u{1b}'));
    assert!(place.run(&["request", "list", "--color", "always"]).ok().stdout.contains("\u{1b}[32missued"));
    server.stop();
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = Place::new();
    let mut child = place.command(&["completions", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn help_names_every_noun_and_the_exit_codes() {
    let place = Place::new();
    let help = place.run(&["--help"]).ok().stdout;
    for word in [
        "init",
        "serve",
        "ca",
        "config",
        "request",
        "certificate",
        "crl",
        "module",
        "audit",
        "db",
        "completions",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(place.run(&["completions", shell]).ok().stdout.contains("exeunt"), "{shell}");
    }
    let version = place.run(&["--version"]).ok().stdout;
    assert_eq!(version, format!("exeunt {}\n", env!("CARGO_PKG_VERSION")));
    place.run(&["frobnicate"]).fails(2);
    place.run(&[]).fails(2);
}
