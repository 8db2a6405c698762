//! What came out of a run.

mod junit;
mod text;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::check::{Check, Group};
use crate::run::Options;
use crate::specimen::{Specimen, role_name};

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The rule was kept.
    Passed {
        /// What was seen, in a few words.
        seen: String,
    },
    /// The rule was broken.
    Failed {
        /// What happened.
        happened: String,
        /// What to do.
        remedy: String,
    },
    /// It could not be tried, or has no meaning for this module.
    LeftOut {
        /// Why.
        why: String,
    },
}

/// One check of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The check's name.
    pub name: String,
    /// The part of the report it stands in.
    pub group: Group,
    /// The rule it keeps: what was expected.
    pub rule: String,
    /// Where the rule is written.
    pub section: String,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took.
    pub milliseconds: u64,
    /// Where it failed: what the module wrote to its log meanwhile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

impl Entry {
    pub(crate) fn of(check: &Check, verdict: Verdict, took: Duration, said: Vec<String>) -> Self {
        Self {
            name: check.name.into(),
            group: check.group,
            rule: check.rule.into(),
            section: check.section.into(),
            verdict,
            milliseconds: milliseconds(took),
            said,
        }
    }

    /// Whether the rule was broken.
    pub const fn is_failure(&self) -> bool {
        matches!(self.verdict, Verdict::Failed { .. })
    }
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measurements {
    /// The first start, until `initialize` was answered, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_us: Option<u64>,
    /// Calls that were measured.
    pub calls: usize,
    /// The median of their times, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_us: Option<u64>,
    /// What 99 of 100 did not exceed, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_us: Option<u64>,
    /// Resident memory of the module's processes after the load, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

impl Measurements {
    pub(crate) fn new(start: Option<Duration>, latencies: &[Duration], memory: Option<u64>) -> Self {
        let percentile = |percent| {
            let micros = crate::check::percentile(latencies, percent).as_micros();
            (!latencies.is_empty()).then(|| u64::try_from(micros).unwrap_or(u64::MAX))
        };
        Self {
            start_us: start.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            calls: latencies.len(),
            p50_us: percentile(50),
            p99_us: percentile(99),
            memory_bytes: memory,
        }
    }
}

/// What came out of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The module's name.
    pub module: String,
    /// The name of what runs it.
    pub kind: String,
    /// `exit` or `policy`.
    pub role: String,
    /// Gives the same names and numbers again.
    pub seed: u64,
    /// When it was.
    pub when: Timestamp,
    /// The longest one call could take, in milliseconds.
    pub timeout_ms: u64,
    /// How long all took.
    pub milliseconds: u64,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that failed.
    pub failed: usize,
    /// Checks that were left out.
    pub left_out: usize,
    /// What was measured.
    pub measurements: Measurements,
    /// Every check, in its order.
    pub checks: Vec<Entry>,
}

impl Report {
    pub(crate) fn new(
        specimen: &Specimen,
        options: &Options,
        checks: Vec<Entry>,
        measurements: Measurements,
        took: Duration,
    ) -> Self {
        let count = |wanted: fn(&Verdict) -> bool| checks.iter().filter(|entry| wanted(&entry.verdict)).count();
        Self {
            module: specimen.name().into(),
            kind: specimen.kind().into(),
            role: role_name(specimen.role()).into(),
            seed: options.seed,
            when: options.now,
            timeout_ms: milliseconds(specimen.call()),
            milliseconds: milliseconds(took),
            passed: count(|verdict| matches!(verdict, Verdict::Passed { .. })),
            failed: count(|verdict| matches!(verdict, Verdict::Failed { .. })),
            left_out: count(|verdict| matches!(verdict, Verdict::LeftOut { .. })),
            measurements,
            checks,
        }
    }

    /// The names of the checks that failed.
    pub fn failures(&self) -> Vec<&str> {
        self.checks.iter().filter(|entry| entry.is_failure()).map(|entry| entry.name.as_str()).collect()
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
