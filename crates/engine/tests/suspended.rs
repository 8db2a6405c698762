//! A module that takes nothing any more is left alone: its events wait unmoved, the operator is told why, and nothing is lost.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use engine::store::{ModuleOptions, Package};
use engine::{ModuleState, NewVersion, StartFrom, TrialOrder, right};
use jiff::SignedDuration;
use module::{Delivered, EventId, ExitEvents, HResult, ModuleError, Undelivered};
use testkit::authority::{Authority, eventually, quick};
use testkit::batches::Batches;
use testkit::recorder::Recorder;

/// A module that is gone as long as the flag says so, and takes three events at once.
fn leaving() -> (Arc<Batches>, Arc<AtomicBool>) {
    let gone = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&gone);
    let module = Batches::new(3, move |events| match flag.load(Ordering::SeqCst) {
        true => Delivered::none(Undelivered::Refused(ModuleError::refused_for_good("it is gone for good"))),
        false => Delivered::all(events.len()),
    });
    (module, gone)
}

fn is_suspended(authority: &Authority) -> bool {
    authority.module("tested").state == ModuleState::Suspended
}

fn enable(authority: &Authority) {
    authority.engine.enable_module(&authority.by::<right::Administer>(), "tested").unwrap();
}

#[test]
fn a_module_that_is_gone_is_told_nothing_and_everything_once_it_is_enabled() {
    let (module, gone) = leaving();
    let authority = Authority::with_exit("tested", module.clone());
    let before = authority.head();
    authority.submit("taken.example", "");
    authority.catches_up("tested");

    gone.store(true, Ordering::SeqCst);
    authority.submit("gone.example", "");
    eventually("it is left alone", || is_suspended(&authority));
    let told = module.told().len();
    // Neither events nor time bring it back.
    for n in 0..5 {
        authority.submit(&format!("n{n}.example"), "");
        authority.clock.advance(SignedDuration::from_hours(24));
    }
    let status = authority.module("tested");
    assert_eq!((status.state, status.lag, module.told().len()), (ModuleState::Suspended, 6, told));
    assert_eq!((status.delivered, status.failed, status.parked), (1, 0, 0));
    let (_, why) = status.last_error.unwrap();
    assert_eq!((why.code, why.message.as_str()), (HResult::ERROR_REQUEST_REFUSED, "it is gone for good"));
    assert_eq!(authority.deliveries("tested"), []);

    // Enabled too early it is tried once, and left alone again.
    enable(&authority);
    eventually("it was tried", || module.told().len() == told + 1 && is_suspended(&authority));

    gone.store(false, Ordering::SeqCst);
    enable(&authority);
    authority.catches_up("tested");
    let told = module.told().concat();
    let first = told.iter().position(|(id, _)| id.0 == before.0 + 2).unwrap();
    assert!(told[first..].iter().all(|(_, attempt)| *attempt == 1), "what it never saw was no attempt: {told:?}");
    let mut ids: Vec<EventId> = told.into_iter().map(|(id, _)| id).collect();
    ids.dedup();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids, (before.0 + 1..=before.0 + 7).map(EventId).collect::<Vec<_>>());
}

#[test]
fn a_start_of_the_server_tries_it_once() {
    let (module, gone) = leaving();
    let authority = Authority::with_exit("tested", module.clone());
    gone.store(true, Ordering::SeqCst);
    authority.submit("gone.example", "");
    eventually("it is left alone", || is_suspended(&authority));
    let authority = authority.restart();
    eventually("it was tried, and is left alone", || module.told().len() == 2 && is_suspended(&authority));
    gone.store(false, Ordering::SeqCst);
    let authority = authority.restart();
    authority.catches_up("tested");
    assert_eq!(authority.module("tested").delivered, 1);
}

#[test]
fn a_module_that_refuses_to_start_for_good_is_not_started_again_by_itself() {
    let refuses = Arc::new(AtomicBool::new(true));
    let (flag, made) = (Arc::clone(&refuses), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&made);
    let recorder = Recorder::new(ExitEvents::CERT_ISSUED);
    let given = recorder.clone();
    let authority = Authority::open();
    authority.loader.exit_with("tested", move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        if flag.load(Ordering::SeqCst) {
            return Err(ModuleError::refused_for_good("its licence has ended"));
        }
        Ok(given.clone())
    });
    authority.add_exit("tested", StartFrom::Now, quick());
    eventually("it is left alone", || is_suspended(&authority));
    (0..3).for_each(|n| drop(authority.submit(&format!("n{n}.example"), "")));
    authority.clock.advance(SignedDuration::from_hours(24));
    let (_, why) = authority.module("tested").last_error.unwrap();
    assert_eq!((made.load(Ordering::SeqCst), why.message.as_str()), (1, "its licence has ended"));
    refuses.store(false, Ordering::SeqCst);
    enable(&authority);
    authority.catches_up("tested");
    assert_eq!((made.load(Ordering::SeqCst), recorder.told().len()), (2, 3));
}

#[test]
fn no_answer_waits_for_a_module_that_is_gone() {
    let (module, gone) = leaving();
    let authority = Authority::open();
    authority.loader.exit("tested", module);
    let patient = ModuleOptions { inline: true, timeout_ms: 3_600_000, workers: 2, ..quick() };
    authority.add_exit("tested", StartFrom::Now, patient);
    eventually("the module runs", || authority.module("tested").state == ModuleState::Running);
    gone.store(true, Ordering::SeqCst);
    let began = Instant::now();
    (0..4).for_each(|n| drop(authority.submit(&format!("n{n}.example"), "")));
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(is_suspended(&authority));
    // Nor does the end of the server.
    authority.engine.shut_down(Duration::from_secs(60));
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_retry_by_hand_has_it_tried() {
    /// What the module does with the next event: fails it for good, is gone, takes it.
    const PARKS: usize = 0;
    const GONE: usize = 1;
    const TAKES: usize = 2;
    let mood = Arc::new(AtomicUsize::new(PARKS));
    let now = Arc::clone(&mood);
    let module = Batches::new(1, move |events| match now.load(Ordering::SeqCst) {
        PARKS => Delivered::none(Undelivered::Failed(ModuleError::refused_for_good("never this one"))),
        GONE => Delivered::none(Undelivered::Refused(ModuleError::refused_for_good("it is gone for good"))),
        _ => Delivered::all(events.len()),
    });
    let authority = Authority::with_exit("tested", module);
    authority.submit("parked.example", "");
    eventually("it is parked", || authority.module("tested").parked == 1);
    mood.store(GONE, Ordering::SeqCst);
    authority.submit("gone.example", "");
    eventually("the module is left alone", || is_suspended(&authority));

    mood.store(TAKES, Ordering::SeqCst);
    let parked = authority.deliveries("tested")[0].event;
    authority.engine.retry_delivery(&authority.by::<right::Administer>(), "tested", parked).unwrap();
    eventually("both are told", || authority.module("tested").delivered == 2);
}

#[test]
fn a_version_on_trial_that_is_gone_is_withdrawn_and_nothing_waits_for_it() {
    let (canary, gone) = leaving();
    gone.store(true, Ordering::SeqCst);
    let former = Recorder::new(ExitEvents::CERT_ISSUED);
    let authority = Authority::with_exit("tested", former.clone());
    authority.loader.exit("canary", canary.clone());
    let trial = Some(TrialOrder { percent: 99, failures_max: 1_000 });
    let version = NewVersion { kind: "canary".into(), settings: Vec::new(), package: Package::default(), trial };
    authority.engine.upgrade_module(&authority.by::<right::Administer>(), "tested", version).unwrap();
    (0..8).for_each(|n| drop(authority.submit(&format!("n{n}.example"), "")));
    authority.catches_up("tested");
    eventually("the trial is over", || authority.module("tested").installed.versions.canary.is_none());
    assert_eq!((former.counts().len(), canary.told().len()), (8, 1));
    assert_eq!(authority.module("tested").state, ModuleState::Running);
}
