//! COM modules that misbehave, in a real authority: shared objects, and DLLs under Wine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hosts::com::ComKind;
use hosts::{Gauge, Guard, Limits};
use module::{ExitModule, ModuleKind, PolicyModule, Settings};
use support::{Hosted, System, built, com};
use testkit::torture::{Misbehaviour, Specimen, Specimens};

const EXIT: &str = "{2B6A7F40-1D53-4C7A-A13E-6D550E9B4801}";
const POLICY: &str = "{2B6A7F40-1D53-4C7A-A13E-6D550E9B4802}";

/// Modules compiled from `tests/modules/misbehaver`.
struct Misbehavers(System);

impl Misbehavers {
    fn settings(&self, how: Misbehaviour, state: &Path, clsid: &str) -> Settings {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules/misbehaver");
        let mut settings = Hosted::new(self.0, &built(&folder, "misbehaver", self.0), &[]).settings;
        // Both kinds of memory limit are of address space, of which Wine takes more to begin with.
        let memory = match self.0 {
            System::Linux => "1073741824",
            System::Windows => "17179869184",
        };
        for (name, value) in [
            ("clsid", clsid),
            ("state_directory", self.folder(state).to_str().unwrap()),
            ("environment", &serde_json::json!({"STATE": state}).to_string()),
            ("timeout_ms", "1000"),
            ("stop_timeout_ms", "1000"),
            ("memory_bytes_max", memory),
            ("restart_backoff_ms_min", "20"),
            ("restart_backoff_ms_max", "50"),
            ("setting.Behaviour", &format!("{how:?}")),
        ] {
            settings.set(name, value);
        }
        settings
    }

    /// On the disk of the template of Wine prefixes, whose files are shared.
    fn folder(&self, state: &Path) -> PathBuf {
        com().join("tests").join(state.file_name().unwrap())
    }

    const fn impossible(how: Misbehaviour) -> Option<&'static str> {
        match how {
            Misbehaviour::AnswersTwice => Some("a method returns once; the host answers for it"),
            Misbehaviour::AnswersGarbage => Some("what a method returns is a number; the host answers for it"),
            _ => None,
        }
    }
}

fn limits(settings: &Settings) -> Limits {
    Limits::default().around(&ComKind::new(Some(com())), settings).unwrap()
}

impl Specimens for Misbehavers {
    fn exit(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn ExitModule> {
        if let Some(why) = Self::impossible(how) {
            return Specimen::Impossible(why);
        }
        let settings = self.settings(how, state, EXIT);
        Specimen::Of(Box::new(move || {
            let (limits, settings) = (limits(&settings), settings.clone());
            let make = move || ComKind::new(Some(com())).exit_module("specimen", &settings);
            Ok(Arc::new(Guard::exit("specimen", make, limits, Gauge::new())))
        }))
    }

    fn policy(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn PolicyModule> {
        if let Some(why) = Self::impossible(how) {
            return Specimen::Impossible(why);
        }
        let settings = self.settings(how, state, POLICY);
        Specimen::Of(Box::new(move || {
            let (limits, settings) = (limits(&settings), settings.clone());
            let make = move || ComKind::new(Some(com())).policy_module("specimen", &settings);
            Ok(Arc::new(Guard::policy("specimen", make, limits, Gauge::new())))
        }))
    }

    fn left(&self, state: &Path) -> Vec<String> {
        let mark = format!("STATE={}", state.display());
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let ours = |process: &PathBuf| {
            let environment = std::fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let left: Vec<String> = processes.filter(ours).map(|process| process.display().to_string()).collect();
        let folder = self.folder(state);
        if left.is_empty() && folder.exists() {
            std::fs::remove_dir_all(folder).unwrap();
        }
        left
    }
}

mod linux {
    use super::*;
    testkit::torture!(Misbehavers(System::Linux));
}

mod windows {
    use super::*;
    testkit::torture!(Misbehavers(System::Windows));
}
