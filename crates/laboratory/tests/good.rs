//! Good modules pass every check.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::time::Duration;

use laboratory::{Specimen, Verdict};
use module::{Role, Settings};
use support::{CALL, example, kind, run, script};

fn specimen(name: &str, settings: &[(&str, &str)]) -> Specimen {
    specimen_within(CALL, name, settings)
}

fn specimen_within(call: Duration, name: &str, settings: &[(&str, &str)]) -> Specimen {
    let settings: Settings = settings.iter().copied().collect();
    Specimen::new(kind(name), name, Role::Exit, &settings, call).unwrap()
}

fn passes(specimen: &Specimen) -> laboratory::Report {
    let report = run(specimen, &[]);
    assert_eq!(report.failures(), [""; 0], "{}", report.to_text());
    report
}

#[test]
fn the_good_specimens_pass() {
    let exit = passes(&script(Role::Exit, "good.py", "exit").specimen);
    assert_eq!(exit.checks.len(), laboratory::exit_checks().len());
    // It asks for every event, one by one: all other checks can be tried.
    let left_out: Vec<&str> = exit
        .checks
        .iter()
        .filter(|entry| matches!(entry.verdict, Verdict::LeftOut { .. }))
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(left_out, ["batch", "unasked-event"], "{}", exit.to_text());
    assert!(exit.measurements.memory_bytes.unwrap() > 1 << 20);
    assert!(exit.measurements.p50_us <= exit.measurements.p99_us);

    let batches = passes(&script(Role::Exit, "good.py", "batches").specimen);
    let batch = batches.checks.iter().find(|entry| entry.name == "batch").unwrap();
    assert!(matches!(&batch.verdict, Verdict::Passed { seen } if seen.starts_with("8 of")), "{batch:?}");

    let policy = passes(&script(Role::Policy, "good.py", "policy").specimen);
    assert_eq!(policy.checks.len(), laboratory::policy_checks().len());
}

#[test]
fn the_examples_pass() {
    let python = serde_json::json!([example("python-expiry/expiry.py")]).to_string();
    passes(&specimen("process", &[("command", &python), ("setting.database", "{scratch}/expiry.sqlite")]));
    let shell = serde_json::json!([example("shell-notify/notify.sh")]).to_string();
    // It starts a program for each value it reads, and other tests run beside it.
    passes(&specimen_within(5 * CALL, "process", &[("command", &shell), ("setting.file", "{scratch}/events.txt")]));
}

#[test]
fn the_modules_that_ship_pass() {
    passes(&specimen("journal", &[("path", "{scratch}/journal.jsonl")]));
    passes(&specimen("file", &[("directory", "{scratch}")]));
}

#[test]
fn what_does_not_start_is_told_once() {
    let script = script(Role::Exit, "bad_exit.py", "Initialize");
    let report = run(&script.specimen, &[]);
    assert_eq!((report.failed, report.passed), (1, 0));
    let text = report.to_text();
    assert_eq!((text.matches("the disk is full").count(), text.matches("does not start").count()), (1, 1), "{text}");
    assert!(text.lines().count() < 20, "{text}");
}

#[test]
fn a_report_is_for_people_machines_and_continuous_integration() {
    let script = script(Role::Exit, "bad_exit.py", "Repeat");
    let report = run(&script.specimen, &["initialize", "repeat", "unasked-event"]);
    assert_eq!((report.passed, report.failed, report.left_out), (2, 1, 0), "{}", report.to_text());
    let text = report.to_text();
    for part in ["not good yet", "expected", "File exists", "contract.md, Promises"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["checks"][1]["verdict"], "failed");
    assert_eq!(json["checks"][0]["name"], "initialize");
    let xml = report.to_junit();
    assert!(xml.contains("<testsuites name=\"specimen\" tests=\"3\" failures=\"1\" skipped=\"0\""), "{xml}");
    // Well-formed, by a reader of others.
    let read = std::process::Command::new("python3")
        .args([
            "-c",
            "import sys, xml.etree.ElementTree as e; t = e.fromstring(sys.stdin.buffer.read()); \
               print(len(t.findall('.//testcase')), len(t.findall('.//failure')))",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), xml.as_bytes())?;
            child.wait_with_output()
        })
        .unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap().trim(), "3 1");
}
