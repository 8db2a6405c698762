//! The promises of the event path (ARCHITECTURE.md, section 5). Each test would fail if its promise were not kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::store::{DeliveryState, ModuleOptions};
use engine::{ModuleState, StartFrom, right};
use jiff::SignedDuration;
use module::{EventId, ExitEvent, ExitEvents, HResult, ModuleError, PropertyType, RequestId, RevocationReason};
use pki::Serial;
use testkit::authority::{Authority, eventually, quick};
use testkit::recorder::Recorder;

fn with_recorder(start: StartFrom) -> (Authority, Arc<Recorder>) {
    let authority = Authority::open();
    let recorder = Recorder::all();
    authority.loader.exit("recorder", recorder.clone());
    authority.add_exit("recorder", start, quick());
    (authority, recorder)
}

fn serial(authority: &Authority, id: RequestId) -> Serial {
    let request = authority.engine.request(&authority.by::<right::Read>(), id).unwrap();
    request.issued.unwrap().serial
}

#[test]
fn every_event_comes_with_the_state_the_contract_says() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    let officer = authority.by::<right::ManageCertificates>();
    let first = authority.head();
    let issued = authority.submit("issued.example", "");
    let pending = authority.submit("pending.example", "Disposition:Pending");
    authority.submit("denied.example", "Disposition:Deny");
    authority.submit("failed.example", "Disposition:Fail");
    authority.clock.advance(SignedDuration::from_secs(60));
    authority.engine.approve(&officer, pending.request).unwrap();
    authority.engine.retrieve(&authority.by::<right::Enrol>(), pending.request).unwrap();
    let number = serial(&authority, issued.request);
    authority.engine.revoke(&officer, &number, RevocationReason::CertificateHold, None).unwrap();
    authority.engine.release(&officer, &number).unwrap();
    authority.engine.revoke(&officer, &number, RevocationReason::KeyCompromise, None).unwrap();
    let refused = authority.submit("officer.example", "Disposition:Pending");
    authority.engine.deny(&officer, refused.request).unwrap();
    eventually("all events are delivered", || authority.has_caught_up("recorder"));

    let told: Vec<_> = recorder.told().into_iter().filter(|told| told.notification.id > first).collect();
    let seen: Vec<_> = told
        .iter()
        .filter(|told| told.notification.event != ExitEvent::CrlIssued)
        .map(|told| (told.notification.event, told.disposition, told.reason, told.certificate))
        .collect();
    assert_eq!(
        seen,
        [
            (ExitEvent::CertIssued, Some(20), None, true),
            (ExitEvent::CertPending, Some(9), None, false),
            (ExitEvent::CertDenied, Some(31), None, false),
            (ExitEvent::CertDenied, Some(30), None, false),
            (ExitEvent::CertIssued, Some(20), None, true),
            (ExitEvent::CertRetrievePending, Some(20), None, true),
            (ExitEvent::CertRevoked, Some(21), Some(6), true),
            (ExitEvent::CertRevoked, Some(20), Some(-1), true),
            (ExitEvent::CertRevoked, Some(21), Some(1), true),
            (ExitEvent::CertPending, Some(9), None, false),
            (ExitEvent::CertDenied, Some(31), None, false),
        ]
    );
    assert!(told.iter().all(|told| told.notification.attempt == 1));
}

#[test]
fn late_deliveries_show_the_request_as_the_event_left_it() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    let officer = authority.by::<right::ManageCertificates>();
    recorder.close_gate();
    let pending = authority.submit("late.example", "Disposition:Pending");
    authority.clock.advance(SignedDuration::from_secs(60));
    authority.engine.set_attributes(&officer, pending.request, "Ticket:4711").unwrap();
    authority.engine.approve(&officer, pending.request).unwrap();
    let number = serial(&authority, pending.request);
    authority.engine.revoke(&officer, &number, RevocationReason::Superseded, None).unwrap();
    recorder.open_gate();
    eventually("all events are delivered", || authority.has_caught_up("recorder"));

    let of_request: Vec<_> =
        recorder.told().into_iter().filter(|told| told.notification.request == Some(pending.request)).collect();
    let seen: Vec<_> = of_request.iter().map(|told| (told.disposition, told.reason, told.serial.is_some())).collect();
    assert_eq!(seen, [(Some(9), None, false), (Some(20), None, true), (Some(21), Some(4), true)]);
    assert_eq!(of_request[0].message.as_deref(), Some("Taken Under Submission: told to wait"));
}

#[test]
fn events_come_in_order_without_gaps_and_the_chain_holds() {
    let (authority, recorder) = with_recorder(StartFrom::Beginning);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let authority = &authority;
            scope.spawn(move || {
                for n in 0..25 {
                    authority.submit(&format!("t{thread}-{n}.example"), "");
                }
            });
        }
    });
    eventually("all events are delivered", || authority.has_caught_up("recorder"));
    let ids: Vec<u64> = recorder.events().iter().map(|(id, _)| id.0).collect();
    let expected: Vec<u64> = (1..=authority.head().0).collect();
    assert_eq!(ids, expected);
    let problems = authority.engine.check(&authority.by::<right::Operate>(), &mut |_, _| {}).unwrap();
    assert_eq!(problems, Vec::<String>::new());
    let report = authority.engine.verify_audit(&authority.by::<right::Audit>(), &mut |_, _| {}).unwrap();
    assert_eq!(report.problem, None);
    assert!(report.entries >= 100);
}

#[test]
fn what_fails_is_retried_in_order_and_then_parked() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    eventually("the module runs", || recorder.initialised() == 1 && authority.has_caught_up("recorder"));
    let poison = EventId(authority.head().0 + 2);
    recorder.behave(move |notification| match notification.id == poison {
        true => Err(ModuleError::new(HResult::ERROR_FILE_EXISTS, "there is a file already")),
        false => Ok(()),
    });
    let first = authority.head().0 + 1;
    for n in 0..4 {
        authority.submit(&format!("n{n}.example"), "");
    }
    // The clock stands still until the waits are over.
    authority.catches_up("recorder");
    let told: Vec<_> = recorder.told().iter().map(|told| (told.notification.id.0, told.notification.attempt)).collect();
    let told: Vec<_> = told.into_iter().filter(|(id, _)| *id >= first).collect();
    let p = poison.0;
    assert_eq!(told, [(p - 1, 1), (p, 1), (p, 2), (p, 3), (p + 1, 1), (p + 2, 1)]);

    let parked = authority.deliveries("recorder");
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].event, parked[0].attempts, parked[0].state), (poison, 3, DeliveryState::Parked));
    assert_eq!((parked[0].code, parked[0].error.as_str()), (HResult::ERROR_FILE_EXISTS, "there is a file already"));
    assert_eq!(authority.module("recorder").parked, 1);

    // An operator has it delivered again, by hand.
    recorder.succeed();
    authority.engine.retry_delivery(&authority.by::<right::Administer>(), "recorder", poison).unwrap();
    eventually("the poison is delivered", || authority.deliveries("recorder").is_empty());
    assert_eq!(recorder.told().last().unwrap().notification.id, poison);
    assert_eq!(recorder.told().last().unwrap().notification.attempt, 4);
}

#[test]
fn an_event_that_blocks_can_be_dropped_by_hand() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    eventually("the module runs", || recorder.initialised() == 1);
    let poison = EventId(authority.head().0 + 1);
    recorder.behave(move |notification| match notification.id == poison {
        true => Err(ModuleError::from(HResult::E_FAIL)),
        false => Ok(()),
    });
    authority.submit("one.example", "");
    authority.submit("two.example", "");
    eventually("it waits", || !authority.deliveries("recorder").is_empty());
    authority.engine.drop_delivery(&authority.by::<right::Administer>(), "recorder", poison).unwrap();
    eventually("the rest is delivered", || authority.has_caught_up("recorder"));
    assert_eq!(recorder.told().last().unwrap().notification.id, EventId(poison.0 + 1));
    assert!(authority.engine.drop_delivery(&authority.by::<right::Administer>(), "recorder", poison).is_err());
}

#[test]
fn modules_do_not_wait_for_each_other_and_issuance_waits_for_none() {
    let authority = Authority::open();
    let (stuck, failing, well) = (Recorder::all(), Recorder::all(), Recorder::all());
    stuck.close_gate();
    failing.fail();
    for (kind, module) in [("stuck", &stuck), ("failing", &failing), ("well", &well)] {
        authority.loader.exit(kind, Arc::clone(module) as Arc<dyn module::ExitModule>);
        authority.add_exit(kind, StartFrom::Now, quick());
    }
    for n in 0..20 {
        assert!(authority.submit(&format!("n{n}.example"), "").certificate.is_some());
    }
    eventually("the well one has everything", || authority.has_caught_up("well"));
    assert_eq!(stuck.told().len(), 0);
    let lag = authority.module("stuck").lag;
    assert!(lag >= 20, "{lag}");
    stuck.open_gate();
    eventually("the stuck one catches up", || authority.has_caught_up("stuck"));
    assert_eq!(stuck.counts(), well.counts());
}

#[test]
fn nothing_is_lost_over_a_restart_and_repeats_are_told_as_such() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    for n in 0..10 {
        authority.submit(&format!("before{n}.example"), "");
    }
    recorder.fail();
    authority.submit("during.example", "");
    eventually("it has failed at least once", || !authority.deliveries("recorder").is_empty());
    let authority = authority.restart();
    recorder.succeed();
    authority.submit("after.example", "");
    authority.catches_up("recorder");
    let mut last_attempt: BTreeMap<EventId, u32> = BTreeMap::new();
    for told in recorder.told().iter().filter(|told| told.notification.event == ExitEvent::CertIssued) {
        let before = last_attempt.insert(told.notification.id, told.notification.attempt);
        assert!(before.is_none_or(|before| before < told.notification.attempt), "{told:?}");
    }
    assert_eq!(last_attempt.len(), 12);
    assert_eq!(recorder.initialised(), 2);
}

#[test]
fn a_disabled_module_keeps_its_place_and_a_rewound_one_hears_again() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    let administrator = authority.by::<right::Administer>();
    let from = authority.head().0 + 1;
    authority.submit("one.example", "");
    eventually("it is delivered", || recorder.counts().contains_key(&EventId(from)));
    let status = authority.engine.disable_module(&administrator, "recorder").unwrap();
    assert_eq!(status.state, ModuleState::Disabled);
    authority.submit("two.example", "");
    let status = authority.module("recorder");
    assert_eq!((status.lag, recorder.counts().len()), (1, recorder.counts().len()));
    authority.engine.enable_module(&administrator, "recorder").unwrap();
    eventually("the second is delivered", || recorder.counts().contains_key(&EventId(from + 1)));

    authority.engine.rewind_module(&administrator, "recorder", StartFrom::Event(EventId(from))).unwrap();
    eventually("both are delivered again", || recorder.counts()[&EventId(from + 1)] == 2);
    assert_eq!(recorder.counts()[&EventId(from)], 2);
    assert!(authority.engine.rewind_module(&administrator, "recorder", StartFrom::Event(EventId(10_000))).is_err());
}

#[test]
fn a_module_can_be_installed_from_the_beginning_a_number_or_a_time() {
    let authority = Authority::open();
    authority.submit("one.example", "");
    authority.clock.advance(SignedDuration::from_hours(1));
    let noon = authority.clock.now();
    authority.submit("two.example", "");
    authority.submit("three.example", "");
    let all = authority.head().0;
    for (kind, start, first) in [
        ("from-beginning", StartFrom::Beginning, 1),
        ("from-number", StartFrom::Event(EventId(all)), all),
        ("from-time", StartFrom::Time(noon), all - 1),
    ] {
        let recorder = Recorder::all();
        authority.loader.exit(kind, recorder.clone());
        authority.add_exit(kind, start, quick());
        eventually("it catches up", || recorder.initialised() == 1 && authority.has_caught_up(kind));
        let ids: Vec<u64> = recorder.events().iter().map(|(id, _)| id.0).collect();
        assert_eq!(ids, (first..=all).collect::<Vec<_>>(), "{kind}");
    }
}

#[test]
fn inline_delivery_holds_the_answer_until_the_module_was_told() {
    let authority = Authority::open();
    let recorder = Recorder::new(ExitEvents::CERT_ISSUED);
    authority.loader.exit("recorder", recorder.clone());
    authority.add_exit("recorder", StartFrom::Now, ModuleOptions { inline: true, ..quick() });
    eventually("the module runs", || recorder.initialised() == 1);
    for n in 0..5 {
        let outcome = authority.submit(&format!("n{n}.example"), "");
        assert_eq!(recorder.told().last().unwrap().notification.request, Some(outcome.request));
    }
    // At most for its time limit, and what failed inline is retried from the queue.
    recorder.fail();
    let started = Instant::now();
    let outcome = authority.submit("failing.example", "");
    assert!(outcome.certificate.is_some());
    assert!(started.elapsed() < Duration::from_secs(5));
    recorder.succeed();
    authority.catches_up("recorder");
    assert!(recorder.told().last().unwrap().notification.attempt >= 2);
}

#[test]
fn several_workers_keep_the_order_of_each_request() {
    let authority = Authority::open();
    let recorder = Recorder::all();
    authority.loader.exit("recorder", recorder.clone());
    authority.add_exit("recorder", StartFrom::Now, ModuleOptions { workers: 4, ..quick() });
    let officer = authority.by::<right::ManageCertificates>();
    for n in 0..8 {
        let outcome = authority.submit(&format!("n{n}.example"), "");
        let number = serial(&authority, outcome.request);
        authority.engine.revoke(&officer, &number, RevocationReason::CertificateHold, None).unwrap();
        authority.engine.release(&officer, &number).unwrap();
    }
    eventually("all events are delivered", || authority.has_caught_up("recorder"));
    let mut by_request: BTreeMap<RequestId, Vec<EventId>> = BTreeMap::new();
    for told in recorder.told() {
        if let Some(request) = told.notification.request {
            by_request.entry(request).or_default().push(told.notification.id);
        }
    }
    assert_eq!(by_request.len(), 8);
    for (request, ids) in by_request {
        assert!(ids.is_sorted() && ids.len() == 3, "{request}: {ids:?}");
    }
}

#[test]
fn shutdown_is_told_last_and_not_stored() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    authority.submit("one.example", "");
    let before = authority.head();
    authority.engine.shut_down(Duration::from_secs(20));
    let events = recorder.events();
    assert_eq!(events.last().unwrap(), &(EventId(0), ExitEvent::Shutdown));
    assert_eq!(events.iter().filter(|(_, event)| *event == ExitEvent::Shutdown).count(), 1);
    assert_eq!(authority.head(), before);
}

#[test]
fn a_module_that_is_removed_is_forgotten_and_can_be_replaced() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    let administrator = authority.by::<right::Administer>();
    authority.submit("one.example", "");
    eventually("it is delivered", || authority.has_caught_up("recorder"));
    authority.engine.remove_module(&administrator, "recorder").unwrap();
    let told = recorder.told().len();
    authority.submit("two.example", "");
    assert_eq!(recorder.told().len(), told);
    assert!(authority.engine.module(&authority.by::<right::Read>(), "recorder").is_err());
    let other = Recorder::all();
    authority.loader.exit("recorder", other.clone());
    authority.add_exit("recorder", StartFrom::Now, quick());
    let outcome = authority.submit("three.example", "");
    eventually("the new one is told", || {
        other.told().iter().any(|told| told.notification.request == Some(outcome.request))
    });
}

#[test]
fn a_module_that_hangs_can_be_replaced_at_once_and_nothing_is_lost() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    eventually("the module runs", || recorder.initialised() == 1);
    recorder.close_gate();
    let first = authority.submit("one.example", "").request;
    eventually("it hangs", || recorder.waiting() == 1);
    let other = Recorder::all();
    authority.loader.exit("recorder", other.clone());
    let administrator = authority.by::<right::Administer>();
    authority.engine.set_module(&administrator, "recorder", Vec::new(), None).unwrap();
    let second = authority.submit("two.example", "").request;
    eventually("the new instance is told of both", || {
        let told: Vec<_> = other.told().iter().filter_map(|told| told.notification.request).collect();
        told == [first, second]
    });
    // The old call comes back at last, and moves nothing.
    recorder.open_gate();
    eventually("the old call has ended", || recorder.waiting() == 0);
    eventually("the place is behind both", || authority.has_caught_up("recorder"));
}

#[test]
fn a_context_ends_with_its_call() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    authority.submit("one.example", "");
    eventually("it is delivered", || authority.has_caught_up("recorder"));
    let kept = recorder.kept().unwrap();
    let error = kept.request_property("RequestID", PropertyType::Long).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_INVALID_HANDLE);
}

#[test]
fn a_parked_event_that_is_retried_by_hand_survives_a_move() {
    let (authority, recorder) = with_recorder(StartFrom::Now);
    let administrator = authority.by::<right::Administer>();
    eventually("the module runs", || recorder.initialised() == 1);
    recorder.fail();
    let parked = EventId(authority.head().0 + 1);
    authority.submit("parked.example", "");
    eventually("it is parked", || {
        authority.clock.advance(SignedDuration::from_millis(10));
        authority.module("recorder").parked == 1
    });
    authority.engine.disable_module(&administrator, "recorder").unwrap();
    authority.engine.retry_delivery(&administrator, "recorder", parked).unwrap();
    authority.engine.rewind_module(&administrator, "recorder", StartFrom::Now).unwrap();
    let kept = authority.deliveries("recorder");
    assert_eq!(kept.iter().map(|delivery| delivery.event).collect::<Vec<_>>(), [parked]);
    recorder.succeed();
    authority.engine.enable_module(&administrator, "recorder").unwrap();
    eventually("it is told", || recorder.counts()[&parked] == 4);
}
