//! Removing old events.

use std::sync::Arc;

use engine::chain::GENESIS;
use engine::store::{Change, Store};
use module::{EventId, ExitEvent, ExitEvents, RequestId};

use super::{Open, chains, event, issue, row};
use crate::fixture::{pending, request, revoked};

fn prune(store: &dyn Store, last: u64, limit: usize) -> usize {
    store.prune_events(EventId(last), limit).expect("pruned")
}

pub(super) fn oldest_first(open: Open<'_>) {
    let store = open();
    assert_eq!(prune(&*store, 100, 100), 0);
    for id in 1..=20 {
        store.commit(issue(request(id))).expect("issued");
        store.commit(issue(revoked(id, 1))).expect("revoked");
    }
    let hash = |id| store.event(EventId(id)).expect("an answer").expect("it is there").0.hash;
    let (fourth, ninth) = (hash(4), hash(9));
    assert_eq!(prune(&*store, 9, 4), 4);
    assert_eq!(store.event_tail().expect("an answer"), (EventId(5), fourth));
    assert_eq!(store.event(EventId(4)).expect("an answer"), None);
    chains(&*store);
    assert_eq!(prune(&*store, 9, 100), 5);
    assert_eq!(prune(&*store, 9, 100), 0);
    drop(store);
    let store = open();
    assert_eq!(store.event_tail().expect("an answer"), (EventId(10), ninth));
    chains(&*store);
    let version = |id, version| store.request_version(RequestId(id), version).expect("an answer");
    // Event 9 issued request 5, event 10 revoked it.
    for id in 1..=4 {
        assert_eq!(version(id, 1), None, "only a pruned event needed it");
        assert_eq!(version(id, 2), Some(revoked(id, 1)), "the request as it stands is not pruned");
    }
    assert_eq!(version(5, 2), Some(revoked(5, 1)));
    assert_eq!(version(6, 1), Some(request(6)));
    let audit = store.audit(0, 100).expect("an answer");
    assert_eq!(audit.len(), 40, "audit entries are not pruned");
}

pub(super) fn keeps_what_is_needed(open: Open<'_>) {
    let store = open();
    let first = pending(1);
    let mut second = first.clone();
    second.version = 2;
    Arc::make_mut(&mut second.body).raw.push(0);
    let mut third = second.clone();
    third.version = 3;
    Arc::make_mut(&mut third.body).attribute_text.push('3');
    let mut fourth = request(1);
    fourth.version = 4;

    store.commit(issue(first.clone())).expect("event 1 shows version 1");
    store.commit(row(second.clone())).expect("version 2 has no event");
    store.commit(issue(third.clone())).expect("event 2 shows version 3");
    let late = Change { event: Some(event(ExitEvent::CertRetrievePending, &first)), ..Change::default() };
    store.commit(late).expect("event 3 shows version 1 again");
    store.commit(issue(fourth.clone())).expect("event 4 shows version 4");
    let mut fifth = fourth.clone();
    fifth.version = 5;
    fifth.message = "changed".into();
    store.commit(row(fifth.clone())).expect("version 5 has no event");

    let version = |version| store.request_version(RequestId(1), version).expect("an answer");
    assert_eq!(prune(&*store, 2, 100), 2);
    assert_eq!(version(1), Some(first.clone()), "event 3 needs it, and the large parts that later versions hold");
    assert_eq!(store.event(EventId(3)).expect("an answer").and_then(|(_, request)| request), Some(first));
    assert_eq!(prune(&*store, 3, 100), 1);
    assert_eq!((version(1), version(2), version(3)), (None, None, None));
    assert_eq!(version(4), Some(fourth), "event 4 needs it");
    assert_eq!(prune(&*store, 4, 100), 1);
    assert_eq!((version(4), version(5)), (None, Some(fifth)));
}

pub(super) fn everything(open: Open<'_>) {
    let store = open();
    for id in 1..=5 {
        store.commit(issue(request(id))).expect("issued");
    }
    let head = store.event_head().expect("an answer");
    assert_ne!(head.1, GENESIS);
    assert_eq!(prune(&*store, u64::MAX, 0), 0);
    assert_eq!(prune(&*store, u64::MAX, usize::MAX), 5);
    let emptied = |store: &dyn Store| {
        assert_eq!(store.event_head().expect("an answer"), head);
        assert_eq!(store.event_tail().expect("an answer"), (EventId(head.0.0 + 1), head.1));
        assert!(store.events(EventId(0), ExitEvents::all(), 9).expect("an answer").is_empty());
        assert_eq!(store.event_before(request(3).submitted).expect("an answer"), head.0);
    };
    emptied(&*store);
    drop(store);
    let store = open();
    emptied(&*store);
    let next = store.commit(issue(request(6))).expect("issued").event.expect("it had an event");
    assert_eq!(next.id.0, head.0.0 + 1);
    chains(&*store);
}
