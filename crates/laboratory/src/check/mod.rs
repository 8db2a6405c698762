//! What is checked: one list of data for each role, and how a check ends.

mod events;
mod exit;
mod fault;
mod load;
mod policy;
mod process;

use module::{HResult, ModuleError};
use serde::Serialize;

use crate::Error;
use crate::bench::{ExitBench, PolicyBench};

pub use exit::exit_checks;
pub(crate) use exit::stopped;
pub(crate) use load::percentile;
pub use policy::policy_checks;

/// A rule, and how it is tried.
#[derive(Clone, Copy)]
pub struct Check {
    /// What it is called: for `--only` and the test report.
    pub name: &'static str,
    /// Where it stands in the report.
    pub group: Group,
    /// The rule it keeps, in a sentence.
    pub rule: &'static str,
    /// Where the rule is written: a page of `docs/modules` and its heading.
    pub section: &'static str,
    pub(crate) try_it: Try,
}

/// The parts of a report, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Before anything happens.
    Start,
    /// Each event of the contract.
    Events,
    /// Requests to decide on.
    Decisions,
    /// What else the contract asks for.
    Contract,
    /// What goes wrong around a module.
    Faults,
    /// Time and memory.
    Load,
}

impl Group {
    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Events => "Events",
            Self::Decisions => "Decisions",
            Self::Contract => "Contract",
            Self::Faults => "Faults",
            Self::Load => "Load",
        }
    }
}

/// How a check is carried out.
#[derive(Clone, Copy)]
pub(crate) enum Try {
    Exit(fn(&mut ExitBench<'_>) -> Outcome),
    Policy(fn(&mut PolicyBench<'_>) -> Outcome),
}

/// What was seen where the rule was kept, in a few words; or why it was not.
pub(crate) type Outcome = Result<String, Miss>;

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Miss {
    /// The rule was broken.
    Failed { happened: String, remedy: String },
    /// It could not be tried, or has no meaning for this module.
    LeftOut(String),
    /// The laboratory itself cannot go on.
    Broken(Error),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

/// A rule that was broken, and what to do.
pub(crate) fn failed<T>(happened: impl Into<String>, remedy: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Failed { happened: happened.into(), remedy: remedy.into() })
}

/// A call that failed, and what to do about that kind of failure.
pub(crate) fn call_failed(what: &str, error: &ModuleError) -> Miss {
    let remedy = match error.code {
        HResult::ERROR_TIMEOUT => "answer sooner, or give it more time (--timeout-ms here, `module set` there)",
        HResult::RPC_E_DISCONNECTED => {
            "its process ended: catch what goes wrong, and answer with an error instead. An endpoint does not run, or is elsewhere: \
             start it, or set its `url`"
        }
        HResult::RPC_E_SERVERFAULT => "it broke down: catch what goes wrong, and answer with an error that says what",
        HResult::ERROR_INVALID_DATA => {
            "hand over what the contract asks for, in its form. A program writes nothing but messages to standard output, \
             one a line, each flushed; docs/modules/protocol.md"
        }
        _ => {
            "mend what fails. An error is right where the world fails (a disk, an endpoint): then let the world be well \
             here"
        }
    };
    Miss::Failed { happened: format!("{what}: {error}"), remedy: remedy.to_owned() }
}

/// A first start that failed: what is to be mended is usually around the module.
pub(crate) fn start_failed(error: &ModuleError) -> Miss {
    let Miss::Failed { happened, remedy } = call_failed("initialize", error) else {
        return Miss::LeftOut(error.to_string());
    };
    if broke_down(error) {
        return Miss::Failed { happened, remedy };
    }
    let remedy = "give what it asks for: a setting (--set), a file, a program; docs/modules/troubleshooting.md";
    Miss::Failed { happened, remedy: remedy.to_owned() }
}

/// Whether a module broke down, rather than answered with an error of its own.
pub(crate) fn broke_down(error: &ModuleError) -> bool {
    [HResult::ERROR_TIMEOUT, HResult::RPC_E_DISCONNECTED, HResult::RPC_E_SERVERFAULT, HResult::ERROR_INVALID_DATA]
        .contains(&error.code)
}

/// A length of time, for people.
pub(crate) fn took(time: std::time::Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{:.1} ms", micros as f64 / 1_000.0),
        micros => format!("{} ms", micros / 1_000),
    }
}

/// What a description must be: a reason where it is not.
pub(crate) fn check_description(text: &str) -> Outcome {
    const BYTES_MAX: usize = 1_024;
    let remedy = "answer with one line that tells an operator what this is and where it writes to";
    if text.trim().is_empty() {
        return failed("the description is empty", remedy);
    }
    if text.len() > BYTES_MAX {
        return failed(format!("the description has {} bytes; {BYTES_MAX} are kept", text.len()), remedy);
    }
    if text.chars().any(char::is_control) {
        return failed("the description has control characters or several lines", remedy);
    }
    Ok(format!("“{text}”"))
}
