//! Deliveries to one exit module: batches, what the module could not be told, and what breaks on the way.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use engine::store::{Canary, DeliveryState, Event, ModuleOptions, Package, Version};
use engine::{ModuleState, NewVersion, StartFrom, TrialOrder, right};
use jiff::{SignedDuration, Timestamp};
use module::{
    Delivered, EventId, ExitEvent, ExitEvents, HResult, ModuleError, RequestId, RevocationReason, Settings, Undelivered,
};
use parking_lot::Mutex;
use testkit::authority::{Authority, eventually, quick};
use testkit::batches::Batches;
use testkit::recorder::Recorder;

fn failure() -> Undelivered {
    Undelivered::Failed(ModuleError::new(HResult::ERROR_FILE_EXISTS, "there is a file already"))
}

/// A module that takes batches of four, and the number of an event that is poison to it: `fail` says what becomes of a batch that
/// has it at this place.
fn poisoned(fail: fn(usize) -> Delivered) -> (Arc<Batches>, Arc<Mutex<EventId>>) {
    let poison = Arc::new(Mutex::new(EventId(0)));
    let bad = Arc::clone(&poison);
    let module = Batches::new(4, move |events| {
        let bad = *bad.lock();
        events.iter().position(|event| event.id == bad).map_or_else(|| Delivered::all(events.len()), fail)
    });
    (module, poison)
}

/// Has ten certificates issued while the module is disabled, so that the events wait together.
fn ten_at_once(authority: &Authority) -> u64 {
    let administrator = authority.by::<right::Administer>();
    authority.engine.disable_module(&administrator, "tested").unwrap();
    let first = authority.head().0 + 1;
    for n in 0..10 {
        authority.submit(&format!("n{n}.example"), "");
    }
    authority.engine.enable_module(&administrator, "tested").unwrap();
    first
}

#[test]
fn events_come_in_batches_as_large_as_the_module_wants() {
    let module = Batches::new(4, |events| Delivered::all(events.len()));
    let authority = Authority::with_exit("tested", module.clone());
    let first = ten_at_once(&authority);
    authority.catches_up("tested");
    let sizes: Vec<usize> = module.told().iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 4, 2]);
    let told: Vec<(EventId, u32)> = module.told().concat();
    assert_eq!(told, (first..first + 10).map(|id| (EventId(id), 1)).collect::<Vec<_>>());
    assert_eq!((authority.module("tested").delivered, authority.module("tested").failed), (10, 0));
}

#[test]
fn of_a_batch_the_front_is_delivered_the_next_is_tried_alone_and_the_rest_were_not_attempted() {
    let (module, poison) = poisoned(|count| Delivered { count, failure: Some(failure()) });
    let authority = Authority::with_exit("tested", module.clone());
    let first = authority.head().0 + 1;
    *poison.lock() = EventId(first + 2);
    assert_eq!(ten_at_once(&authority), first);
    authority.catches_up("tested");
    let at = |id: u64, attempt: u32| (EventId(first + id), attempt);
    assert_eq!(
        module.told(),
        [
            vec![at(0, 1), at(1, 1), at(2, 1), at(3, 1)],
            vec![at(2, 2)],
            vec![at(2, 3)],
            vec![at(3, 1), at(4, 1), at(5, 1), at(6, 1)],
            vec![at(7, 1), at(8, 1), at(9, 1)],
        ]
    );
    let parked = authority.deliveries("tested");
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].event, parked[0].attempts, parked[0].state), (EventId(first + 2), 3, DeliveryState::Parked));
    assert_eq!((authority.module("tested").delivered, authority.module("tested").failed), (9, 3));
}

#[test]
fn an_event_that_breaks_every_batch_it_is_in_is_found_and_no_other_is_parked_for_it() {
    let (module, poison) = poisoned(|_| Delivered::none(failure()));
    let authority = Authority::with_exit("tested", module.clone());
    let first = authority.head().0 + 1;
    *poison.lock() = EventId(first + 5);
    ten_at_once(&authority);
    authority.catches_up("tested");
    let parked = authority.deliveries("tested");
    assert_eq!(parked.iter().map(|delivery| delivery.event).collect::<Vec<_>>(), [EventId(first + 5)]);
    assert_eq!(authority.module("tested").delivered, 9);
    assert!(module.told().concat().iter().all(|(id, attempt)| *id == EventId(first + 5) || *attempt <= 2));
}

#[test]
fn a_module_that_claims_too_much_delivers_no_more_than_there_was() {
    let module = Batches::new(4, |events| Delivered::all(events.len() + 3));
    let authority = Authority::with_exit("tested", module.clone());
    ten_at_once(&authority);
    authority.catches_up("tested");
    assert_eq!((module.told().concat().len(), authority.module("tested").delivered), (10, 10));
}

#[test]
fn what_the_module_never_saw_is_no_attempt_and_is_never_parked() {
    let refusals = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refusals);
    let module = Batches::new(4, move |events| {
        // More often than an event may fail.
        if counted.fetch_add(1, Ordering::SeqCst) < 8 {
            let busy = ModuleError::new(HResult::RPC_E_DISCONNECTED, "the module is not started again yet");
            return Delivered::none(Undelivered::Refused(busy));
        }
        Delivered::all(events.len())
    });
    let authority = Authority::with_exit("tested", module.clone());
    authority.submit("one.example", "");
    authority.submit("two.example", "");
    eventually("the operator sees why", || {
        let status = authority.module("tested");
        let why = status.last_error.is_some_and(|(_, error)| error.message.contains("not started again"));
        why && matches!(status.state, ModuleState::Retrying { .. })
    });
    authority.catches_up("tested");
    assert!(module.told().concat().iter().all(|(_, attempt)| *attempt == 1));
    let status = authority.module("tested");
    assert_eq!((status.delivered, status.failed, status.parked), (2, 0, 0));
    assert!(refusals.load(Ordering::SeqCst) > 8);
}

#[test]
fn what_the_module_refuses_for_good_is_parked_at_once_and_the_next_is_told() {
    let (module, poison) = poisoned(|count| {
        let error = ModuleError::refused_for_good("nobody has such a certificate");
        Delivered { count, failure: Some(Undelivered::Failed(error)) }
    });
    let authority = Authority::with_exit("tested", module.clone());
    *poison.lock() = EventId(authority.head().0 + 3);
    ten_at_once(&authority);
    authority.catches_up("tested");
    assert!(module.told().concat().iter().all(|(_, attempt)| *attempt == 1), "{:?}", module.told());
    let parked = authority.deliveries("tested");
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].event, parked[0].attempts, parked[0].state), (*poison.lock(), 1, DeliveryState::Parked));
    assert_eq!(parked[0].code, HResult::ERROR_REQUEST_REFUSED);
    assert_eq!((authority.module("tested").delivered, authority.module("tested").failed), (9, 1));

    // An operator who knows better has it told again.
    let event = std::mem::take(&mut *poison.lock());
    authority.engine.retry_delivery(&authority.by::<right::Administer>(), "tested", event).unwrap();
    eventually("it is told again", || {
        authority.module("tested").parked == 0 && authority.module("tested").delivered == 10
    });
}

#[test]
fn a_version_on_trial_and_the_one_in_force_each_get_batches_as_large_as_they_want() {
    const FORMER_MAX: usize = 1;
    const CANARY_MAX: usize = 4;
    // One of them claims more than it was handed.
    let former = Batches::new(FORMER_MAX, |events| Delivered::all(events.len() + 3));
    let canary = Batches::new(CANARY_MAX, |events| Delivered::all(events.len()));
    let authority = Authority::with_exit("tested", former.clone());
    authority.loader.exit("canary", canary.clone());
    let version = NewVersion {
        kind: "canary".into(),
        settings: Vec::new(),
        package: Package::default(),
        trial: Some(TrialOrder { percent: 50, failures_max: 5 }),
    };
    authority.engine.upgrade_module(&authority.by::<right::Administer>(), "tested", version).unwrap();
    let takes = |id: i64| {
        let version =
            Version { number: 2, kind: String::new(), settings: Settings::default(), package: Package::default() };
        let canary = Canary { version, percent: 50, failures_max: 5, since: Timestamp::UNIX_EPOCH };
        canary.takes(Some(RequestId(id)))
    };
    let first = ten_at_once(&authority);
    authority.catches_up("tested");

    // Runs of events for the same version, none longer than what that one wants at once.
    let reader = authority.by::<right::Read>();
    let events = authority.engine.events(&reader, EventId(first - 1), ExitEvents::CERT_ISSUED, 100).unwrap();
    let mut expected = [Vec::new(), Vec::new()];
    let whose = |event: &(Event, _)| usize::from(takes(event.0.request.unwrap().0.0));
    let runs: Vec<_> = events.chunk_by(|one, other| whose(one) == whose(other)).collect();
    for run in &runs {
        for batch in run.chunks([FORMER_MAX, CANARY_MAX][whose(&run[0])]) {
            expected[whose(&run[0])].push(batch.iter().map(|(event, _)| (event.id, 1)).collect::<Vec<_>>());
        }
    }
    assert_eq!([former.told(), canary.told()], expected);
    let longest = |version: usize| runs.iter().filter(|run| whose(&run[0]) == version).map(|run| run.len()).max();
    assert!(longest(0) > Some(FORMER_MAX) && longest(1) > Some(1), "{expected:?}");
}

#[test]
fn an_event_that_is_dropped_during_its_very_attempt_stays_dropped() {
    let recorder = Recorder::new(ExitEvents::CERT_ISSUED);
    let authority = Authority::with_exit("tested", recorder.clone());
    recorder.fail();
    let dropped = EventId(authority.head().0 + 1);
    authority.submit("dropped.example", "");
    let waits = || authority.deliveries("tested");
    eventually("it has failed once", || waits().len() == 1);
    recorder.close_gate();
    eventually("it is attempted again", || {
        authority.clock.advance(SignedDuration::from_millis(10));
        recorder.waiting() == 1
    });
    authority.engine.drop_delivery(&authority.by::<right::Administer>(), "tested", dropped).unwrap();
    recorder.open_gate();
    authority.catches_up("tested");
    assert_eq!(waits(), []);
    let attempts = recorder.told().len();
    recorder.succeed();
    authority.submit("next.example", "");
    authority.catches_up("tested");
    assert_eq!(recorder.told().len(), attempts + 1);
    assert_eq!(recorder.told().last().unwrap().notification.id, EventId(dropped.0 + 1));
}

#[test]
fn a_dispatcher_that_panics_says_so_and_starts_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let module = Batches::new(1, move |events| {
        assert!(counted.fetch_add(1, Ordering::SeqCst) > 0, "told to panic");
        Delivered::all(events.len())
    });
    let authority = Authority::with_exit("tested", module.clone());
    authority.submit("one.example", "");
    authority.catches_up("tested");
    let status = authority.module("tested");
    let (_, error) = status.last_error.unwrap();
    assert!(error.code == HResult::RPC_E_SERVERFAULT && error.message.contains("told to panic"), "{error}");
    assert_eq!((status.state, status.delivered), (ModuleState::Running, 1));
    assert_eq!((module.initialised(), module.told().len()), (2, 2));
}

#[test]
fn a_dispatcher_with_several_workers_survives_the_panic_of_one() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let module = Batches::new(1, move |events| {
        assert!(counted.fetch_add(1, Ordering::SeqCst) > 0, "told to panic");
        Delivered::all(events.len())
    });
    let authority = Authority::open();
    authority.loader.exit("tested", module.clone());
    authority.add_exit("tested", StartFrom::Now, ModuleOptions { workers: 4, ..quick() });
    ten_at_once(&authority);
    authority.catches_up("tested");
    let mut told: Vec<EventId> = module.told().concat().iter().map(|(id, _)| *id).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 10);
}

#[test]
fn a_module_left_behind_is_not_told_that_the_server_stops() {
    let recorder = Recorder::all();
    let authority = Authority::open();
    authority.loader.exit("leftbehind", recorder.clone());
    authority.add_exit("leftbehind", StartFrom::Now, quick());
    eventually("the module runs", || recorder.initialised() == 1);
    recorder.close_gate();
    authority.submit("one.example", "");
    eventually("it hangs", || recorder.waiting() == 1);
    authority.engine.shut_down(Duration::from_millis(50));
    recorder.open_gate();
    eventually("its thread has ended", || {
        let tasks =
            std::fs::read_dir("/proc/self/task").unwrap().filter_map(|task| Some(task.ok()?.path().join("comm")));
        !tasks.filter_map(|comm| std::fs::read_to_string(comm).ok()).any(|name| name.trim() == "exit leftbehind")
    });
    assert!(recorder.events().iter().all(|(_, event)| *event != ExitEvent::Shutdown));
}

#[test]
fn a_clock_that_is_set_back_blocks_no_module() {
    let recorder = Recorder::new(ExitEvents::CERT_ISSUED);
    let authority = Authority::with_exit("tested", recorder.clone());
    recorder.fail();
    authority.submit("one.example", "");
    eventually("it waits", || !authority.deliveries("tested").is_empty());
    recorder.succeed();
    authority.clock.advance(SignedDuration::from_hours(-24));
    authority.catches_up("tested");
}

#[test]
fn what_waits_is_tried_at_once_when_an_operator_changes_the_module() {
    let mended = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&mended);
    let module = Batches::new(1, move |events| match well.load(Ordering::SeqCst) {
        true => Delivered::all(events.len()),
        false => Delivered::none(failure()),
    });
    let authority = Authority::with_exit("tested", module.clone());
    let administrator = authority.by::<right::Administer>();
    // No clock is moved here: by itself nothing that waits would ever be due.
    let slow =
        |options: &ModuleOptions| ModuleOptions { retry_ms_min: 60_000, retry_ms_max: 60_000, ..options.clone() };
    authority.engine.set_module(&administrator, "tested", Vec::new(), Some(&slow)).unwrap();
    let waits = |attempts: u32| {
        let waiting = authority.deliveries("tested");
        matches!(waiting.as_slice(), [one] if one.attempts == attempts && matches!(one.state, DeliveryState::Waiting(_)))
            && matches!(authority.module("tested").state, ModuleState::Retrying { .. })
    };
    authority.submit("one.example", "");
    eventually("the event waits", || waits(1));
    authority.engine.enable_module(&administrator, "tested").unwrap();
    eventually("it was tried again, and waits again", || waits(2));
    mended.store(true, Ordering::SeqCst);
    authority.engine.set_module(&administrator, "tested", Vec::new(), Some(&slow)).unwrap();
    eventually("the event is delivered", || authority.module("tested").lag == 0);
    let event = authority.head();
    assert_eq!(module.told().concat(), [(event, 1), (event, 2), (event, 3)]);
}

#[test]
fn a_module_that_cannot_be_initialised_has_failed_no_event() {
    let recorder = Recorder::new(ExitEvents::CERT_ISSUED);
    let authority = Authority::open();
    let (made, given) = (Arc::new(AtomicUsize::new(0)), recorder.clone());
    let counted = Arc::clone(&made);
    authority.loader.exit_with("tested", move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Err(ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, "there is no such program")),
        _ => Ok(given.clone()),
    });
    authority.add_exit("tested", StartFrom::Now, quick());
    authority.submit("one.example", "");
    authority.catches_up("tested");
    let status = authority.module("tested");
    assert_eq!((status.failed, status.delivered, recorder.told().len()), (0, 1, 1));
    assert!(status.last_error.is_some_and(|(_, error)| error.message.contains("no such program")));
}

#[test]
fn however_much_is_dealt_with_behind_it_an_event_that_failed_is_told_again() {
    const BEHIND: usize = 4_800;
    const BUSY: usize = 16;
    let authority = Authority::open();
    let recorder = Recorder::new(ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED);
    authority.loader.exit("tested", recorder.clone());
    authority.add_exit("tested", StartFrom::Now, ModuleOptions { workers: 2, ..quick() });
    eventually("the module runs", || recorder.initialised() == 1);
    let issued: Vec<RequestId> =
        (0..2 * BUSY).map(|n| authority.submit(&format!("n{n}.example"), "").request).collect();
    let worker = |request: RequestId| request.0 % 2;
    let busy = worker(issued[2 * BUSY - 1]);
    eventually("the module has caught up", || authority.module("tested").lag == 0);

    recorder.behave(move |notification| match notification.request.map(worker) == Some(busy) {
        true => Ok(()),
        false => Err(ModuleError::from(HResult::E_FAIL)),
    });
    // The next request, and so the other worker's.
    let failing = authority.submit("failing.example", "").request;
    assert_ne!(worker(failing), busy);
    let officer = authority.by::<right::ManageCertificates>();
    std::thread::scope(|scope| {
        for request in issued.iter().filter(|request| worker(**request) == busy) {
            let request = authority.engine.request(&authority.by::<right::Read>(), *request).unwrap();
            let (authority, officer, serial) = (&authority, &officer, request.issued.unwrap().serial);
            let reasons = [RevocationReason::Superseded, RevocationReason::CessationOfOperation].into_iter().cycle();
            scope.spawn(move || {
                for reason in reasons.take(BEHIND / BUSY) {
                    authority.engine.revoke(officer, &serial, reason, None).unwrap();
                }
            });
        }
    });
    eventually("as much is dealt with as may be", || authority.module("tested").delivered >= 4_300);
    recorder.succeed();
    authority.catches_up("tested");
    let told = recorder.told();
    let attempts: Vec<u32> = told
        .iter()
        .filter(|told| told.notification.request == Some(failing))
        .map(|told| told.notification.attempt)
        .collect();
    assert_eq!(attempts, [1, 2]);
    assert_eq!(recorder.counts().len(), 2 * BUSY + 1 + BEHIND);
}
