//! Many at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::Request;
use engine::store::{Change, Order, Search};
use module::{EventId, ExitEvents, RequestId};

use super::{Open, chains, issue};
use crate::fixture::{request, revoked};

const THREADS: i64 = 8;
const TURNS: i64 = 40;

pub(super) fn no_gaps(open: Open<'_>) {
    let store = open();
    let store = &*store;
    let total = (THREADS * TURNS).cast_unsigned();
    let numbers: Vec<(u64, u64)> = std::thread::scope(|scope| {
        // Follows the events while they are written: it must see each one, in order, with its request.
        let follower = scope.spawn(move || {
            let mut last = 0;
            while last < total {
                for (event, request) in store.events(EventId(last), ExitEvents::all(), 7).expect("events") {
                    assert_eq!(event.id.0, last + 1, "nobody sees an event before one with a lower number");
                    let request = request.expect("the event comes with its request");
                    assert_eq!(event.digest, request.digest());
                    last = event.id.0;
                }
            }
        });
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut numbers = Vec::new();
                    for turn in 0..TURNS {
                        let request = request(1 + thread * TURNS + turn);
                        let committed = store.commit(issue(request.clone())).expect("a good change");
                        let event = committed.event.expect("the change had an event");
                        let stored = store.event(event.id).expect("an answer").expect("it is there");
                        assert_eq!(stored, (event.clone(), Some(request)), "what is answered is what is stored");
                        numbers.push((event.id.0, committed.audit.expect("the change had an audit entry")));
                    }
                    assert!(numbers.is_sorted(), "one caller's commits are numbered in their order");
                    numbers
                })
            })
            .collect();
        let numbers = writers.into_iter().flat_map(|writer| writer.join().expect("no panic")).collect();
        follower.join().expect("no panic");
        numbers
    });
    let (events, audits): (BTreeSet<u64>, BTreeSet<u64>) = numbers.into_iter().unzip();
    assert!(events.into_iter().eq(1..=total), "events are numbered without gaps");
    assert!(audits.into_iter().eq(1..=total), "audit entries are numbered without gaps");
    chains(store);
}

/// Two rows always change together; no read may see one without the other.
pub(super) fn whole(open: Open<'_>) {
    let store = open();
    let pair = |version| {
        let at = |id| Request { version, message: version.to_string(), ..request(id) };
        Change { requests: vec![at(1), at(2)], ..Change::default() }
    };
    store.commit(pair(1)).expect("the first");
    let (store, done) = (&*store, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        for order in [Order::Newest, Order::Oldest] {
            scope.spawn(move || {
                let search = Search { order, limit: 10, bodies: true, ..Search::default() };
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let rows = store.search(&search).expect("an answer").rows;
                    let versions: BTreeSet<u32> = rows.iter().map(|row| row.version).collect();
                    assert_eq!((rows.len(), versions.len()), (2, 1), "half a change was seen: {versions:?}");
                    let version = versions.first().copied().expect("there is one");
                    assert!(version >= last, "time goes on");
                    last = version;
                }
            });
        }
        for version in 2..=100 {
            store.commit(pair(version)).expect("the next");
        }
        done.store(true, Ordering::Relaxed);
    });
}

pub(super) fn seen_at_once(open: Open<'_>) {
    let store = open();
    let store = &*store;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for turn in 0..TURNS / 2 {
                    let id = 1 + thread * TURNS + turn;
                    store.commit(issue(request(id))).expect("a good change");
                    assert_eq!(store.request(RequestId(id)).expect("an answer"), Some(request(id)));
                    store.commit(issue(revoked(id, 1))).expect("a good change");
                    assert_eq!(store.request(RequestId(id)).expect("an answer"), Some(revoked(id, 1)));
                    assert_eq!(store.request_version(RequestId(id), 1).expect("an answer"), Some(request(id)));
                }
            });
        }
    });
}
