//! Events and audit entries: choosing, reading, chaining.

use std::sync::Arc;

use engine::chain::GENESIS;
use engine::store::{Change, Event, NewAudit, NewEvent, Store};
use jiff::{Timestamp, ToSpan};
use module::{EventId, ExitEvent, ExitEvents};

use super::{Open, chains, event, issue};
use crate::fixture::{pending, request, revoked};

pub(super) fn chosen(open: Open<'_>) {
    let store = open();
    let head = store.event_head().expect("an answer");
    assert_eq!(head, (EventId(0), GENESIS));
    assert_eq!(store.event_tail().expect("an answer"), (EventId(1), GENESIS), "the next to come");
    let kinds = [ExitEvent::CertIssued, ExitEvent::CertPending, ExitEvent::CrlIssued, ExitEvent::CertIssued];
    for (number, kind) in (1..=40).zip(kinds.into_iter().cycle()) {
        let request = request(number);
        let change = match kind {
            ExitEvent::CrlIssued => Change { event: Some(crl_event(number.cast_unsigned())), ..Change::default() },
            kind => Change { event: Some(event(kind, &request)), requests: vec![request], ..Change::default() },
        };
        let stored = store.commit(change).expect("a good change").event.expect("it had an event");
        assert_eq!((stored.id, stored.kind), (EventId(number.cast_unsigned()), kind));
    }
    let numbers = |after, wanted, limit| -> Vec<u64> {
        let events = store.events(EventId(after), wanted, limit).expect("an answer");
        events.into_iter().map(|(event, _)| event.id.0).collect()
    };
    assert!(numbers(0, ExitEvents::all(), 1000).into_iter().eq(1..=40));
    assert_eq!(numbers(0, ExitEvents::CRL_ISSUED, 3), [3, 7, 11]);
    assert_eq!(numbers(11, ExitEvents::CRL_ISSUED | ExitEvents::CERT_PENDING, 3), [14, 15, 18]);
    assert_eq!(numbers(39, ExitEvents::all(), 1000), [40]);
    for (after, wanted, limit) in [
        (40, ExitEvents::all(), 9),
        (u64::MAX, ExitEvents::all(), 9),
        (0, ExitEvents::empty(), 9),
        (0, ExitEvents::all(), 0),
    ] {
        assert!(numbers(after, wanted, limit).is_empty());
    }
    assert!(numbers(0, ExitEvents::CERT_REVOKED, 9).is_empty());
    for number in [0, 41, u64::MAX] {
        assert_eq!(store.event(EventId(number)).expect("an answer"), None);
    }
    let (crl, none) = store.event(EventId(3)).expect("an answer").expect("it is there");
    assert_eq!((crl.kind, crl.crl_number, crl.digest), (ExitEvent::CrlIssued, Some(3), [3; 32]));
    assert!(crl.request.is_none() && none.is_none());
}

fn crl_event(number: u64) -> NewEvent {
    let occurred = request(number.cast_signed()).submitted;
    NewEvent {
        kind: ExitEvent::CrlIssued,
        occurred,
        request: None,
        crl_number: Some(number),
        digest: [number as u8; 32],
    }
}

pub(super) fn as_it_was(open: Open<'_>) {
    let store = open();
    let taken = pending(1);
    let mut issued = request(1);
    issued.version = 2;
    Arc::make_mut(&mut issued.body).attributes.clear();
    let mut gone = revoked(1, 1);
    gone.version = 3;
    let versions =
        [(ExitEvent::CertPending, taken), (ExitEvent::CertIssued, issued.clone()), (ExitEvent::CertRevoked, gone)];
    for (kind, request) in &versions {
        let change =
            Change { event: Some(event(*kind, request)), requests: vec![request.clone()], ..Change::default() };
        store.commit(change).expect("a good change");
    }
    // A later event about an earlier version, and one more about the current one.
    let late = Change { event: Some(event(ExitEvent::CertRetrievePending, &issued)), ..Change::default() };
    store.commit(late).expect("a good change");
    let again = Change { event: Some(event(ExitEvent::CertRevoked, &versions[2].1)), ..Change::default() };
    store.commit(again).expect("a good change");

    let found = store.events(EventId(0), ExitEvents::all(), 10).expect("an answer");
    let shown: Vec<_> =
        found.iter().map(|(event, request)| (event.kind, request.clone().expect("a request"))).collect();
    let mut expected = versions.to_vec();
    expected.push((ExitEvent::CertRetrievePending, issued));
    expected.push(versions[2].clone());
    assert_eq!(shown, expected);
    for (event, request) in found {
        assert_eq!(store.event(event.id).expect("an answer"), Some((event, request)), "alone as in a batch");
    }
}

pub(super) fn after_restart(open: Open<'_>) {
    let mut last: Option<Event> = None;
    for round in 0..4 {
        let store = open();
        if let Some(event) = &last {
            assert_eq!(store.event_head().expect("an answer"), (event.id, event.hash));
        }
        for turn in 1..=5 {
            let committed = store.commit(issue(request(round * 5 + turn))).expect("a good change");
            let event = committed.event.expect("it had an event");
            assert_eq!(event.id.0, (round * 5 + turn).cast_unsigned());
            assert_eq!(committed.audit, Some(event.id.0));
            last = Some(event);
        }
        chains(&*store);
    }
}

pub(super) fn audit(open: Open<'_>) {
    let store = open();
    assert_eq!(store.audit_head().expect("an answer"), (0, GENESIS));
    let entry = |number: i64| NewAudit {
        code: 4868 + number as u16,
        at: request(number).submitted,
        caller: format!("EXAMPLE\\kärl {number}"),
        request: (number % 2 == 0).then(|| request(number).id),
        detail: format!(r#"{{"number":{number},"text":"\"ü"}}"#),
    };
    for number in 1..=20 {
        let committed =
            store.commit(Change { audit: Some(entry(number)), ..Change::default() }).expect("a good change");
        assert_eq!(committed.audit, Some(number.cast_unsigned()));
    }
    let found = store.audit(0, 100).expect("an answer");
    assert_eq!(found.len(), 20);
    for (number, found) in (1..).zip(&found) {
        let new = entry(number);
        assert_eq!((found.code, found.at, &found.caller), (new.code, new.at, &new.caller));
        assert_eq!((found.request, &found.detail), (new.request, &new.detail));
    }
    let numbers = |after, limit| -> Vec<u64> {
        store.audit(after, limit).expect("an answer").into_iter().map(|entry| entry.id).collect()
    };
    assert_eq!(numbers(7, 3), [8, 9, 10]);
    assert_eq!(numbers(19, 3), [20]);
    assert!(numbers(20, 3).is_empty() && numbers(0, 0).is_empty() && numbers(u64::MAX, 1).is_empty());
    assert_eq!(store.audit_head().expect("an answer"), (20, found[19].hash));
}

/// The clock is set back in between: what occurred at or after the moment is never left out.
pub(super) fn before_moment(open: Open<'_>) {
    let store = open();
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a moment");
    let at = |second: i64| start.checked_add(second.seconds()).expect("a moment");
    assert_eq!(store.event_before(start).expect("an answer"), EventId(0));
    let seconds = [10, 20, 20, 30, 15, 16, 40, 40, 50];
    for second in seconds {
        let event = NewEvent { occurred: at(second), ..crl_event(1) };
        store.commit(Change { event: Some(event), ..Change::default() }).expect("a good change");
    }
    let ask = |store: &dyn Store, second| store.event_before(at(second)).expect("an answer").0;
    let expected = [(0, 0), (10, 0), (11, 1), (20, 1), (21, 3), (30, 3), (31, 6), (40, 6), (41, 8), (50, 8), (51, 9)];
    for (second, event) in expected {
        assert_eq!(ask(&*store, second), event, "before second {second}");
    }
    store.prune_events(EventId(4), 100).expect("pruned");
    for (second, event) in expected {
        assert_eq!(ask(&*store, second), event.max(4), "before second {second}, four pruned");
    }
}
