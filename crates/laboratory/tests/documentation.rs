//! The page on the laboratory lists the checks that there are.

#![allow(clippy::unwrap_used, reason = "tests")]

use laboratory::{Check, exit_checks, policy_checks};

const PAGE: &str = include_str!("../../../docs/modules/laboratory.md");

/// The rows of the table below a heading.
fn rows(heading: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    section.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with("| `")).collect()
}

fn expected(checks: &[Check]) -> Vec<String> {
    checks.iter().map(|check| format!("| `{}` | {} |", check.name, check.rule)).collect()
}

#[test]
fn every_check_has_its_row() {
    assert_eq!(rows("Exit modules"), expected(exit_checks()));
    assert_eq!(rows("Policy modules"), expected(policy_checks()));
}

#[test]
fn every_rule_stands_where_the_report_says() {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/modules");
    for check in exit_checks().iter().chain(policy_checks()) {
        let (page, heading) = check.section.split_once(", ").unwrap_or((check.section, ""));
        let text = std::fs::read_to_string(format!("{pages}/{page}")).unwrap();
        let found = text.lines().filter(|line| line.starts_with('#')).any(|line| line.contains(heading));
        assert!(found, "{}: {page} has no heading `{heading}`", check.name);
    }
}
