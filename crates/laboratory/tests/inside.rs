//! Modules that run inside the server: no process to kill or measure, and threads of their own that read late.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::{Arc, Mutex};

use laboratory::{Specimen, Verdict};
use module::{
    ExitEvent, ExitEvents, ExitModule, ModuleError, ModuleKind, Notification, PropertyType, Role, ServerExit, Setting,
    Settings,
};
use support::{CALL, run};

/// A kind whose modules keep the server they are handed, where `late` says so, and read from it when they are let go.
struct Inside {
    late: bool,
}

struct Module {
    late: bool,
    kept: Mutex<Option<Arc<dyn ServerExit>>>,
}

impl ModuleKind for Inside {
    fn name(&self) -> &'static str {
        "inside"
    }

    fn summary(&self) -> &'static str {
        "a module of a test"
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn exit_module(&self, _name: &str, _settings: &Settings) -> Result<Box<dyn ExitModule>, ModuleError> {
        Ok(Box::new(Module { late: self.late, kept: Mutex::default() }))
    }
}

impl ExitModule for Module {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Ok(ExitEvents::CERT_ISSUED)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        if notification.event == ExitEvent::CertIssued {
            server.certificate_property("SerialNumber", PropertyType::String)?;
        }
        *self.kept.lock().unwrap() = Some(server.share());
        Ok(())
    }

    fn description(&self) -> String {
        "inside".into()
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Some(server) = self.kept.lock().unwrap().take().filter(|_| self.late) {
            // Its context has ended.
            assert!(server.request_property("RequestID", PropertyType::Long).is_err());
        }
    }
}

fn specimen(late: bool) -> Specimen {
    Specimen::new(Arc::new(Inside { late }), "inside", Role::Exit, &Settings::default(), CALL).unwrap()
}

#[test]
fn what_needs_a_process_is_left_out() {
    let report = run(&specimen(false), &[]);
    assert_eq!(report.failures(), [""; 0], "{}", report.to_text());
    for name in ["killed", "killed-in-call", "memory", "unknown-event", "unknown-method"] {
        let entry = report.checks.iter().find(|entry| entry.name == name).unwrap();
        assert!(matches!(entry.verdict, Verdict::LeftOut { .. }), "{name}: {:?}", entry.verdict);
    }
}

#[test]
fn reads_after_the_call_are_caught() {
    let report = run(&specimen(true), &[]);
    assert_eq!(report.failures(), ["context"], "{}", report.to_text());
}

#[test]
fn what_cannot_be_tried_is_said_before() {
    let refused = |kind: Arc<dyn ModuleKind>, role, settings: &[(&str, &str)]| {
        let settings: Settings = settings.iter().copied().collect();
        Specimen::new(kind, "x", role, &settings, CALL).err().unwrap().to_string()
    };
    assert!(refused(Arc::new(Inside { late: false }), Role::Policy, &[]).contains("cannot be a policy module"));
    assert!(refused(support::kind("process"), Role::Exit, &[]).contains("`command` is required"));
    assert!(refused(support::kind("file"), Role::Exit, &[("directroy", "/x")]).contains("directroy"));
}
