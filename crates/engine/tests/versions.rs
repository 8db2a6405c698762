//! Another version of a module takes over: nothing is lost, nobody waits, and what cannot take over changes nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use engine::store::{InstalledModule, ModuleOptions, Package, VersionEnd};
use engine::{Error, ModuleStatus, NewModule, NewVersion, StartFrom, TrialOrder, right};
use module::{
    Decision, EventId, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule,
    RevocationReason, Role, ServerExit, ServerPolicy, Settings,
};
use pki::KeyAlgorithm;
use testkit::authority::{Authority, Builder, eventually};
use testkit::fault::{Fault, Kind, Side, open_quiet};
use testkit::recorder::Recorder;

fn quick() -> ModuleOptions {
    ModuleOptions { timeout_ms: 5_000, attempts_max: 1, retry_ms_min: 1, retry_ms_max: 5, ..ModuleOptions::default() }
}

/// An authority whose module `told` is in its first version, and the recorders of two.
fn with_two() -> (Authority, Arc<Recorder>, Arc<Recorder>) {
    with_two_of(Authority::open())
}

fn with_two_of(authority: Authority) -> (Authority, Arc<Recorder>, Arc<Recorder>) {
    let (first, second) = (Recorder::all(), Recorder::all());
    authority.loader.exit("first", first.clone());
    authority.loader.exit("second", second.clone());
    let new = NewModule {
        name: "told".into(),
        kind: "first".into(),
        role: Role::Exit,
        settings: Settings::default(),
        options: quick(),
        start: StartFrom::Now,
        position: None,
    };
    authority.engine.add_module(&authority.by::<right::Administer>(), new).unwrap();
    (authority, first, second)
}

fn version(kind: &str) -> NewVersion {
    NewVersion { kind: kind.into(), settings: Vec::new(), package: Package::default(), trial: None }
}

fn trial(kind: &str, percent: u8, failures_max: u32) -> NewVersion {
    NewVersion { trial: Some(TrialOrder { percent, failures_max }), ..version(kind) }
}

fn upgrade(authority: &Authority, new: NewVersion) -> Result<ModuleStatus, Error> {
    authority.engine.upgrade_module(&authority.by::<right::Administer>(), "told", new)
}

fn installed(authority: &Authority, name: &str) -> InstalledModule {
    authority.engine.module(&authority.by::<right::Read>(), name).unwrap().installed
}

/// Every event after `from` was told once, to one of the two.
fn each_once(authority: &Authority, from: EventId, first: &Recorder, second: &Recorder) {
    let head = authority.engine.event_head().unwrap().0;
    let mut counts = first.counts();
    second.counts().into_iter().for_each(|(id, count)| *counts.entry(id).or_insert(0) += count);
    let expected: BTreeMap<EventId, usize> = (from.0 + 1..=head.0).map(|id| (EventId(id), 1)).collect();
    assert_eq!(counts, expected);
}

/// The acts in the audit trail, and who did them.
fn acts(authority: &Authority) -> Vec<(u16, String)> {
    let entries = authority.engine.audit(&authority.by::<right::Audit>(), 0, 1_000).unwrap();
    entries.into_iter().map(|entry| (entry.code, entry.caller)).collect()
}

#[test]
fn a_new_version_takes_over_at_the_next_event_and_the_old_one_comes_back() {
    let (authority, first, second) = with_two();
    let from = authority.engine.event_head().unwrap().0;
    (0..5).for_each(|n| drop(authority.submit(&format!("a{n}.example"), "")));
    let status = upgrade(&authority, version("second")).unwrap();
    assert_eq!((status.installed.kind.as_str(), status.installed.versions.number), ("second", 2));
    (0..5).for_each(|n| drop(authority.submit(&format!("b{n}.example"), "")));
    authority.catches_up("told");
    let told = first.told().len();
    assert!(told <= 5 && second.told().len() >= 5);

    let administrator = authority.by::<right::Administer>();
    let status = authority.engine.roll_back_module(&administrator, "told", None).unwrap();
    assert_eq!((status.installed.kind.as_str(), status.installed.versions.number), ("first", 1));
    let former = &status.installed.versions.former;
    assert_eq!(
        former.iter().map(|former| (former.version.number, &former.end)).collect::<Vec<_>>(),
        [(2, &VersionEnd::RolledBack)]
    );
    (0..5).for_each(|n| drop(authority.submit(&format!("c{n}.example"), "")));
    authority.catches_up("told");
    assert_eq!(first.told().len() + second.told().len(), 15);
    each_once(&authority, from, &first, &second);
    assert_eq!((first.initialised(), second.initialised()), (2, 1));

    let nothing = authority.engine.roll_back_module(&administrator, "told", None).unwrap_err();
    assert!(matches!(nothing, Error::NotFound(_)), "{nothing}");
    let status = authority.engine.roll_back_module(&administrator, "told", Some(2)).unwrap();
    assert_eq!(status.installed.kind, "second");
    let codes: Vec<u16> = acts(&authority).into_iter().map(|(code, _)| code).filter(|code| *code >= 5_018).collect();
    assert_eq!(codes, [5_018, 5_021, 5_021]);
}

#[test]
fn a_version_that_cannot_be_initialised_changes_nothing() {
    let (authority, first, _) = with_two();
    let from = authority.engine.event_head().unwrap().0;
    authority.loader.exit("broken", Arc::new(Broken));
    eventually("the module runs", || first.initialised() == 1);
    for new in [version("broken"), trial("broken", 50, 5)] {
        let error = upgrade(&authority, new).unwrap_err();
        assert!(error.to_string().contains("does not like this authority"), "{error}");
        assert_eq!(error.code(), HResult::E_ACCESSDENIED);
    }
    let unknown = upgrade(&authority, version("unknown")).unwrap_err();
    assert!(unknown.to_string().contains("no kind `unknown`"), "{unknown}");
    authority.submit("a.example", "");
    authority.catches_up("told");
    let module = installed(&authority, "told");
    assert_eq!((module.kind.as_str(), module.versions.number, module.versions.former.len()), ("first", 1, 0));
    assert_eq!(module.versions.canary, None);
    // It was not even started again.
    assert_eq!(first.initialised(), 1);
    each_once(&authority, from, &first, &Recorder::all());
    assert!(acts(&authority).iter().all(|(code, _)| *code < 5_018));
}

/// Cannot be initialised.
struct Broken;

impl ExitModule for Broken {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Err(ModuleError::new(HResult::E_ACCESSDENIED, "does not like this authority"))
    }

    fn notify(&self, _notification: &Notification, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        panic!("it was never initialised")
    }

    fn description(&self) -> String {
        "broken".into()
    }
}

#[test]
fn a_version_on_trial_is_told_of_its_share_and_of_all_that_happens_to_a_request() {
    let (authority, first, second) = with_two();
    let from = authority.engine.event_head().unwrap().0;
    let officer = authority.by::<right::ManageCertificates>();
    let status = upgrade(&authority, trial("second", 50, 5)).unwrap();
    assert_eq!((status.installed.kind.as_str(), status.installed.versions.number), ("first", 1));
    for n in 0..40 {
        let request = authority.submit(&format!("n{n}.example"), "").request;
        let issued = authority.engine.request(&authority.by::<right::Read>(), request).unwrap().issued.unwrap();
        authority.engine.revoke(&officer, &issued.serial, RevocationReason::Superseded, None).unwrap();
    }
    authority.catches_up("told");
    each_once(&authority, from, &first, &second);
    let requests = |recorder: &Recorder| -> BTreeSet<_> {
        recorder.told().into_iter().filter_map(|told| told.notification.request).collect()
    };
    let (old, new) = (requests(&first), requests(&second));
    assert!(old.is_disjoint(&new) && old.len() >= 8 && new.len() >= 8, "{} and {}", old.len(), new.len());
    let dealt = authority.engine.module(&authority.by::<right::Read>(), "told").unwrap().trial.unwrap();
    assert_eq!((dealt.delivered, dealt.failed), (second.told().len() as u64, 0));

    let again = upgrade(&authority, version("second")).unwrap_err();
    assert!(again.to_string().contains("version 2 of `told` is on trial"), "{again}");
    let administrator = authority.by::<right::Administer>();
    let status = authority.engine.promote_module(&administrator, "told").unwrap();
    assert_eq!((status.installed.kind.as_str(), status.installed.versions.number), ("second", 2));
    let (before, all) = (first.told().len(), 10);
    (0..all).for_each(|n| drop(authority.submit(&format!("p{n}.example"), "")));
    authority.catches_up("told");
    each_once(&authority, from, &first, &second);
    assert_eq!(first.told().len(), before);
    assert!(authority.engine.promote_module(&administrator, "told").is_err());
}

#[test]
fn a_version_on_trial_that_fails_is_withdrawn_and_nothing_suffers() {
    let (authority, first, second) = with_two();
    let from = authority.engine.event_head().unwrap().0;
    second.fail();
    upgrade(&authority, trial("second", 50, 3)).unwrap();
    (0..40).for_each(|n| drop(authority.submit(&format!("n{n}.example"), "")));
    authority.catches_up("told");
    eventually("the trial is over", || installed(&authority, "told").versions.canary.is_none());
    // What it failed went to the version in force at once: nothing is parked, though one attempt is all there is.
    let reader = authority.by::<right::Read>();
    let status = authority.engine.module(&reader, "told").unwrap();
    assert_eq!((status.parked, status.failed, second.told().len()), (0, 0, 3));
    each_once(&authority, from, &first, &Recorder::all());
    let versions = &status.installed.versions;
    assert_eq!(versions.number, 1);
    let end = &versions.former[0].end;
    assert!(matches!(end, VersionEnd::Withdrawn(Some(why)) if why.contains("told to fail")), "{end:?}");
    assert!(acts(&authority).contains(&(5_022, "server".into())));
    assert_eq!(first.initialised(), 1);

    // Nor does it come back with the next start.
    let authority = authority.restart();
    authority.submit("later.example", "");
    authority.catches_up("told");
    assert_eq!(second.told().len(), 3);
}

#[test]
fn a_trial_that_an_operator_ends_leaves_the_version_in_force_running() {
    let (authority, first, second) = with_two();
    let from = authority.engine.event_head().unwrap().0;
    upgrade(&authority, trial("second", 99, 3)).unwrap();
    (0..10).for_each(|n| drop(authority.submit(&format!("n{n}.example"), "")));
    authority.catches_up("told");
    let initialised = first.initialised();
    let status = authority.engine.roll_back_module(&authority.by::<right::Administer>(), "told", None).unwrap();
    assert_eq!(status.installed.versions.former[0].end, VersionEnd::Withdrawn(None));
    let told = second.told().len();
    (0..10).for_each(|n| drop(authority.submit(&format!("m{n}.example"), "")));
    authority.catches_up("told");
    assert_eq!((second.told().len(), first.initialised()), (told, initialised));
    each_once(&authority, from, &first, &second);
}

#[test]
fn a_trial_goes_on_after_a_restart_and_ends_there_if_it_must() {
    let (authority, first, second) = with_two();
    upgrade(&authority, trial("second", 99, 3)).unwrap();
    let authority = authority.restart();
    (0..10).for_each(|n| drop(authority.submit(&format!("n{n}.example"), "")));
    authority.catches_up("told");
    assert!(second.told().iter().any(|told| told.notification.event == ExitEvent::CertIssued));

    let authority = {
        authority.loader.exit("second", Arc::new(Broken));
        authority.restart()
    };
    let before = first.told().len();
    (0..10).for_each(|n| drop(authority.submit(&format!("m{n}.example"), "")));
    authority.catches_up("told");
    eventually("the trial is over", || installed(&authority, "told").versions.canary.is_none());
    assert_eq!(first.told().iter().skip(before).filter(|told| told.notification.request.is_some()).count(), 10);
}

#[test]
fn a_version_that_hangs_is_replaced_at_once() {
    let (authority, first, second) = with_two();
    first.close_gate();
    authority.submit("a.example", "");
    eventually("it hangs", || first.waiting() == 1);
    upgrade(&authority, version("second")).unwrap();
    eventually("the new version is told", || !second.told().is_empty());
    first.open_gate();
}

#[test]
fn whatever_call_the_database_fails_one_version_runs_and_is_told() {
    let (authority, store) = open_quiet(Builder::new(KeyAlgorithm::P256));
    let (authority, first, second) = with_two_of(authority);
    let from = authority.engine.event_head().unwrap().0;
    let mut kinds = ["second", "first"].into_iter().cycle();
    for (call, side) in (1..=10).flat_map(|call| [Side::Before, Side::After].map(|side| (call, side))) {
        let kind = kinds.next().unwrap();
        store.fail(Fault { call, side, kind: Kind::Error });
        let made = upgrade(&authority, version(kind)).is_ok();
        store.fail(Fault { call: u64::MAX, side, kind: Kind::Error });
        let module = installed(&authority, "told");
        assert!(!made || module.kind == kind, "call {call}");
        let (old, new) = (first.told().len(), second.told().len());
        authority.submit(&format!("n{call}.example"), "");
        authority.catches_up("told");
        let told = if module.kind == "first" { first.told().len() > old } else { second.told().len() > new };
        assert!(told, "call {call}: {} is in force and was not told", module.kind);
    }
    let head = authority.engine.event_head().unwrap().0;
    let all: BTreeSet<EventId> = first.counts().into_keys().chain(second.counts().into_keys()).collect();
    assert_eq!(all, (from.0 + 1..=head.0).map(EventId).collect());
}

/// A policy module that issues, sets a common name of its own first, and fails when it is told to.
struct Namer {
    name: &'static str,
    asked: AtomicUsize,
    fails: AtomicBool,
    initialises: AtomicBool,
}

impl Namer {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, asked: AtomicUsize::new(0), fails: false.into(), initialises: true.into() })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl PolicyModule for Namer {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        if self.initialises.load(Ordering::SeqCst) { Ok(()) } else { Err(ModuleError::invalid("not today")) }
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, _new: bool) -> Result<Decision, ModuleError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        server.set_certificate_property("OrgUnit", Some(module::Value::String(self.name.into())))?;
        if self.fails.load(Ordering::SeqCst) { Err(ModuleError::invalid("told to fail")) } else { Ok(Decision::Issue) }
    }

    fn description(&self) -> String {
        self.name.into()
    }
}

#[test]
fn a_policy_module_is_upgraded_tried_and_rolled_back_without_a_failed_request() {
    let authority = Authority::open();
    let administrator = authority.by::<right::Administer>();
    let (first, second) = (Namer::new("first"), Namer::new("second"));
    authority.loader.policy("first", first.clone());
    authority.loader.policy("second", second.clone());
    let new = NewModule {
        name: "told".into(),
        kind: "first".into(),
        role: Role::Policy,
        settings: Settings::default(),
        options: ModuleOptions::default(),
        start: StartFrom::Now,
        position: None,
    };
    authority.engine.add_module(&administrator, new).unwrap();
    let issue = |prefix: &str, count: usize| -> Vec<String> {
        let submit = |n: usize| {
            let outcome = authority.submit(&format!("{prefix}{n}.example"), "");
            assert_eq!(outcome.disposition, module::Disposition::Issued, "{}", outcome.message);
            let request = authority.engine.request(&authority.by::<right::Read>(), outcome.request).unwrap();
            let unit = request.subject.iter().find(|(part, _)| *part == pki::NameComponent::OrgUnit);
            unit.unwrap().1.clone()
        };
        (0..count).map(submit).collect()
    };
    assert_eq!(issue("a", 2), ["first", "first"]);

    second.initialises.store(false, Ordering::SeqCst);
    for new in [version("second"), trial("second", 50, 3)] {
        assert!(upgrade(&authority, new).unwrap_err().to_string().contains("not today"));
    }
    second.initialises.store(true, Ordering::SeqCst);
    assert_eq!(issue("b", 2), ["first", "first"]);

    upgrade(&authority, trial("second", 50, 3)).unwrap();
    let tried = issue("c", 30);
    assert!(["first", "second"].iter().all(|name| tried.iter().any(|unit| unit == name)), "{tried:?}");
    assert_eq!(tried.iter().filter(|unit| *unit == "second").count(), second.asked());

    // Failing, it fails no request, leaves nothing of what it set, and is soon out.
    second.fails.store(true, Ordering::SeqCst);
    let asked = second.asked();
    assert!(issue("d", 30).iter().all(|unit| unit == "first"));
    assert_eq!(second.asked() - asked, 3);
    eventually("the trial is over", || installed(&authority, "told").versions.canary.is_none());
    assert!(acts(&authority).contains(&(5_022, "server".into())));

    second.fails.store(false, Ordering::SeqCst);
    upgrade(&authority, version("second")).unwrap();
    assert_eq!(issue("e", 2), ["second", "second"]);
    authority.engine.roll_back_module(&administrator, "told", None).unwrap();
    assert_eq!(issue("f", 2), ["first", "first"]);
}

#[test]
fn options_are_changed_as_they_stand_when_it_is_their_turn() {
    let (authority, _, _) = with_two();
    let administrator = authority.by::<right::Administer>();
    let threads: Vec<_> = (0..8).collect();
    std::thread::scope(|scope| {
        for thread in &threads {
            let (engine, by) = (&authority.engine, &administrator);
            scope.spawn(move || {
                let change = |old: &ModuleOptions| match thread % 2 {
                    0 => ModuleOptions { timeout_ms: old.timeout_ms + 1, ..old.clone() },
                    _ => ModuleOptions { retry_ms_max: old.retry_ms_max + 1, ..old.clone() },
                };
                engine.set_module(by, "told", Vec::new(), Some(&change)).unwrap();
            });
        }
    });
    let options = installed(&authority, "told").options;
    assert_eq!((options.timeout_ms, options.retry_ms_max), (quick().timeout_ms + 4, quick().retry_ms_max + 4));
}
