//! Events are kept for as long as the operator says, and for modules that are on their way to them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use engine::store::ModuleOptions;
use engine::{Engine, NewModule, StartFrom, right};
use jiff::SignedDuration;
use module::{Decision, EventId, ExitEvents, ModuleError, PolicyModule, ServerExit, ServerPolicy};
use pki::KeyAlgorithm;
use testkit::authority::{Builder, eventually};
use testkit::recorder::Recorder;

#[test]
fn delivered_events_are_pruned_after_retention_and_the_chain_still_holds() {
    let builder = Builder::new(KeyAlgorithm::P256).config(|config| config.event_retention = "1d".parse().unwrap());
    let authority = builder.open().unwrap();
    let recorder = Recorder::all();
    authority.loader.exit("recorder", recorder.clone());
    authority.add_exit("recorder", StartFrom::Beginning, ModuleOptions::default());
    let first = authority.submit("old.example", "");
    eventually("it is delivered", || authority.has_caught_up("recorder"));
    authority.clock.advance(SignedDuration::from_hours(25));
    authority.submit("new.example", "");
    eventually("it is delivered", || authority.has_caught_up("recorder"));
    let pruned = authority.engine.prune_events().unwrap();
    assert!(pruned > 0);
    let kept = authority.engine.events(&authority.by::<right::Read>(), EventId(0), ExitEvents::all(), 100).unwrap();
    assert!(kept.iter().all(|(event, _)| event.request.is_none_or(|(id, _)| id != first.request)));
    assert!(!kept.is_empty());
    let problems = authority.engine.check(&authority.by::<right::Operate>(), &mut |_, _| {}).unwrap();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn events_are_kept_while_modules_change() {
    let builder = Builder::new(KeyAlgorithm::P256).config(|config| config.event_retention = "1d".parse().unwrap());
    let authority = builder.open().unwrap();
    authority.submit("old.example", "");
    authority.clock.advance(SignedDuration::from_hours(25));
    authority.submit("new.example", "");
    // A module that is on its way to the beginning must find it there.
    let engine = Arc::downgrade(&authority.engine);
    let kept = Arc::new(AtomicUsize::new(usize::MAX));
    let seen = Arc::clone(&kept);
    authority.loader.policy("prunes", Arc::new(PrunesAtStart { engine, seen }));
    let new = NewModule {
        name: "prunes".into(),
        kind: "prunes".into(),
        role: module::Role::Policy,
        settings: module::Settings::default(),
        options: ModuleOptions::default(),
        start: StartFrom::Now,
        position: None,
    };
    authority.engine.add_module(&authority.by::<right::Administer>(), new).unwrap();
    assert_eq!(kept.load(Ordering::SeqCst), 0);
    assert!(authority.engine.prune_events().unwrap() > 0);
}

/// Has events pruned in the middle of its own installation.
struct PrunesAtStart {
    engine: Weak<Engine>,
    seen: Arc<AtomicUsize>,
}

impl PolicyModule for PrunesAtStart {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.seen.store(self.engine.upgrade().unwrap().prune_events().unwrap(), Ordering::SeqCst);
        Ok(())
    }

    fn verify_request(&self, _server: &mut dyn ServerPolicy, _new: bool) -> Result<Decision, ModuleError> {
        Ok(Decision::Issue)
    }

    fn description(&self) -> String {
        "prunes at its start".into()
    }
}
