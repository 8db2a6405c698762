//! Modules that break one rule each, and the one check that catches each.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use laboratory::{exit_checks, policy_checks};
use module::Role;
use support::{run, script};

/// What is wrong with the exit module, and the check that says so.
#[rustfmt::skip]
const EXIT: &[(&str, &str)] = &[
    ("Initialize", "initialize"),
    ("Mask", "mask"),
    ("MaskKept", "mask-kept"),
    ("Description", "description"),
    ("LongDescription", "description"),
    ("TwoLines", "description"),
    ("NoDescribe", "description"),
    ("fails:cert-issued", "cert-issued"),
    ("fails:cert-pending", "cert-pending"),
    ("fails:cert-denied", "cert-denied"),
    ("fails:cert-revoked", "cert-revoked"),
    ("fails:cert-retrieve-pending", "cert-retrieve-pending"),
    ("fails:crl-issued", "crl-issued"),
    ("fails:cert-imported", "cert-imported"),
    ("fails:shutdown", "shutdown"),
    ("Hold", "cert-revoked"),
    ("Unreadable", "cert-denied"),
    ("NoDelta", "crl-issued"),
    ("Garbage", "cert-imported"),
    ("Repeat", "repeat"),
    ("SameAttempt", "same-attempt"),
    ("Elsewhere", "repeat-elsewhere"),
    ("Unasked", "unasked-event"),
    ("Unknown", "unknown-event"),
    ("UnknownMethod", "unknown-method"),
    ("DiesOfTheUnknown", "unknown-method"),
    ("Stop", "stop"),
    ("LeavesOneBehind", "stop"),
    ("Killed", "killed"),
    ("Missing", "missing-properties"),
    ("Strange", "strange-names"),
    ("Huge", "huge-values"),
    ("HugeCrl", "huge-crl"),
    ("Late", "late-delivery"),
    ("Latency", "latency"),
    ("Memory", "memory"),
];

/// The same for policy modules.
#[rustfmt::skip]
const POLICY: &[(&str, &str)] = &[
    ("Initialize", "initialize"),
    ("Description", "description"),
    ("Person", "person"),
    ("NoSubject", "no-subject"),
    ("NoNames", "no-names"),
    ("SubCa", "sub-ca"),
    ("Perhaps", "resubmitted"),
    ("Twice", "asked-twice"),
    ("Writes", "writes"),
    ("Later", "writes"),
    ("Stop", "stop"),
    ("Refused", "refused-writes"),
    ("FailingServer", "failing-server"),
    ("Killed", "killed"),
    ("Missing", "missing-properties"),
    ("Strange", "strange-names"),
    ("Huge", "huge-values"),
    ("Latency", "latency"),
    ("Memory", "memory"),
];

fn each_is_caught(role: Role, file: &str, specimens: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (name, check) in specimens {
        let script = script(role, file, name);
        let report = run(&script.specimen, &[]);
        if report.failures() != [*check] {
            wrong.push(format!(
                "{name} should fail `{check}` and failed {:?}\n{}",
                report.failures(),
                report.to_text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One of so many parts, so that they can run side by side.
fn part(all: &'static [(&'static str, &'static str)], part: usize, of: usize) -> Vec<(&'static str, &'static str)> {
    all.iter().skip(part).step_by(of).copied().collect()
}

#[test]
fn each_exit_module_is_caught_by_its_check_1() {
    each_is_caught(Role::Exit, "bad_exit.py", &part(EXIT, 0, 3));
}

#[test]
fn each_exit_module_is_caught_by_its_check_2() {
    each_is_caught(Role::Exit, "bad_exit.py", &part(EXIT, 1, 3));
}

#[test]
fn each_exit_module_is_caught_by_its_check_3() {
    each_is_caught(Role::Exit, "bad_exit.py", &part(EXIT, 2, 3));
}

#[test]
fn each_policy_module_is_caught_by_its_check_1() {
    each_is_caught(Role::Policy, "bad_policy.py", &part(POLICY, 0, 2));
}

#[test]
fn each_policy_module_is_caught_by_its_check_2() {
    each_is_caught(Role::Policy, "bad_policy.py", &part(POLICY, 1, 2));
}

#[test]
fn every_check_has_a_module_that_it_catches() {
    // These have specimens of their own: see `inside.rs` for modules without a process, and the unit tests.
    const ELSEWHERE: [&str; 5] = ["context", "killed-in-call", "slow-server", "new-request", "unknown-method"];
    for (list, specimens) in [(exit_checks(), EXIT), (policy_checks(), POLICY)] {
        for check in list {
            let caught = specimens.iter().any(|(_, caught_by)| *caught_by == check.name);
            assert!(caught || ELSEWHERE.contains(&check.name), "no specimen breaks the rule of `{}`", check.name);
        }
    }
}
