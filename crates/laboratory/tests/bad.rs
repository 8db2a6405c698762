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
    ("Batch", "batch"),
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
    ("UnknownMethod", "unknown-method"),

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

/// How far a module was when it was killed is a matter of the moment: any may fail this check besides its own. That the check
/// catches what it is for is tested alone, below.
const BY_THE_MOMENT: &str = "killed-in-call";

fn each_is_caught(role: Role, file: &str, specimens: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (name, check) in specimens {
        let script = script(role, file, name);
        let report = run(&script.specimen, &[]);
        let failures = report.failures();
        let own: Vec<&str> = failures.iter().copied().filter(|failed| *failed != BY_THE_MOMENT).collect();
        if own != [*check] {
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

/// Rules whose breach other checks see too, or see by chance: tried alone.
const ALONE: [(Role, &str, &str); 4] = [
    (Role::Exit, "UnknownRepeat", "killed-in-call"),
    (Role::Exit, "Impatient", "slow-server"),
    (Role::Policy, "Never", "new-request"),
    (Role::Policy, "Impatient", "slow-server"),
];

/// A server whose call-backs take until the module has given up: a second at most, for one that does not.
#[derive(Debug)]
struct Asleep;

impl laboratory::Pace for Asleep {
    fn hold(&self) {
        std::thread::park_timeout(std::time::Duration::from_millis(900));
    }
}

#[test]
fn what_other_checks_see_too_is_caught_alone() {
    for (role, name, check) in ALONE {
        let file = if role == Role::Exit { "bad_exit.py" } else { "bad_policy.py" };
        let script = script(role, file, name);
        let options = laboratory::Options { slow: std::sync::Arc::new(Asleep), ..support::options(&[check]) };
        let report = laboratory::run(&script.specimen, &options, &mut |_, _, _| {}).unwrap();
        assert_eq!(report.failures(), [check], "{name}\n{}", report.to_text());
    }
}

#[test]
fn every_check_has_a_module_that_it_catches() {
    // It needs a module without a process: `inside.rs`.
    const INSIDE: [&str; 1] = ["context"];
    for (role, list, specimens) in [(Role::Exit, exit_checks(), EXIT), (Role::Policy, policy_checks(), POLICY)] {
        for check in list {
            let caught = specimens.iter().any(|(_, caught_by)| *caught_by == check.name)
                || ALONE.iter().any(|(of, _, caught_by)| *of == role && *caught_by == check.name)
                || INSIDE.contains(&check.name);
            assert!(caught, "no specimen breaks the rule of `{}`", check.name);
        }
    }
}
