//! Changes that come too late.

use std::sync::Barrier;

use engine::store::{CaCertificate, Change, CrlBody, CrlKind, Store};
use engine::{Request, StoreError};
use module::{EventId, ExitEvent, RequestId};

use super::crls::crl;
use super::{Open, audit, event, issue, row};
use crate::fixture::{foreign, pending, request, revoked, serial};

pub(super) fn leaves_nothing(open: Open<'_>) {
    let store = open();
    let certificate = CaCertificate { index: 0, key_index: 0, certificate: vec![1], chain: Vec::new() };
    store.commit(issue(request(1))).expect("the first");
    store.commit(issue(revoked(1, 1))).expect("its second version");
    store.commit(issue(pending(2))).expect("another");
    store.commit(Change { ca_certificates: vec![certificate.clone()], ..Change::default() }).expect("a certificate");
    store.commit(Change { crls: vec![crl(1, 0, CrlKind::Base)], ..Change::default() }).expect("a CRL");

    let version = |request: Request, version| Request { version, ..request };
    let same_serial = Request { id: RequestId(9), ..request(1) };
    let cases = [
        ("a number that is taken", row(request(1))),
        ("the version that is there", row(revoked(1, 1))),
        ("a version before it", row(version(request(1), 1))),
        ("a version beyond the next", row(version(request(1), 4))),
        ("a second version of nothing", row(version(request(7), 2))),
        ("version 0", row(version(request(7), 0))),
        ("a serial number that is taken", row(same_serial.clone())),
        ("a serial number taken by a change", row(Request { issued: request(1).issued, ..version(pending(2), 2) })),
        ("a request twice", Change { requests: vec![request(7), request(7)], ..Change::default() }),
        ("a request and its next version", Change { requests: vec![request(7), revoked(7, 1)], ..Change::default() }),
        (
            "a serial number twice",
            Change { requests: vec![request(7), Request { id: RequestId(8), ..request(7) }], ..Change::default() },
        ),
        ("the second of two", Change { requests: vec![request(7), same_serial], ..Change::default() }),
        ("a CA certificate", Change { ca_certificates: vec![certificate], ..Change::default() }),
        ("a CRL", Change { crls: vec![crl(1, 0, CrlKind::Base)], ..Change::default() }),
        ("a CRL twice", Change { crls: vec![crl(2, 0, CrlKind::Base), crl(2, 0, CrlKind::Base)], ..Change::default() }),
        (
            "a CRL without its body",
            Change {
                crls: vec![engine::store::CrlRow { body: Some(CrlBody(77)), ..crl(2, 0, CrlKind::Base) }],
                ..Change::default()
            },
        ),
        ("a module that is gone", Change { removed_modules: vec!["gone".into()], ..Change::default() }),
        (
            "an event about a version that is not there",
            Change { event: Some(event(ExitEvent::CertIssued, &version(request(1), 3))), ..Change::default() },
        ),
    ];
    store.commit(row(foreign(11))).expect("a foreign certificate");
    let again = Request { id: RequestId(12), ..foreign(11) };
    let twice = [7, 8].map(|id| Request { id: RequestId(id), ..foreign(13) }).to_vec();
    let cases = cases.into_iter().chain([
        ("a foreign certificate that is there", row(again.clone())),
        ("a foreign certificate that is there, as another's second version", row(becoming(2, again))),
        ("a foreign certificate twice", Change { requests: twice, ..Change::default() }),
    ]);
    let before = state(&*store);
    for (what, mut change) in cases {
        change.values.push(("left".into(), Some("behind".into())));
        change.audit = Some(audit(4887, &request(1)));
        change.event.get_or_insert_with(|| event(ExitEvent::CertIssued, &revoked(1, 1)));
        let outcome = store.commit(change);
        assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{what}: {outcome:?}");
        assert_eq!(state(&*store), before, "{what}");
    }
    store.commit(row(Request { id: RequestId(9), ..foreign(1) })).expect("a foreign certificate may have any number");
    let mut elsewhere = Request { id: RequestId(10), ..foreign(1) };
    elsewhere.issued.as_mut().expect("a certificate").sha1 = [0x5a; 20];
    store.commit(row(elsewhere)).expect("of several issuers");
    let changed = Request { version: 2, message: "looked at".into(), ..foreign(11) };
    store.commit(row(changed)).expect("it stands in its own way no more than others do");
}

/// The second version of a request, which says what another says.
fn becoming(id: i64, other: Request) -> Request {
    Request { id: RequestId(id), version: 2, ..other }
}

/// What the changes above could have touched.
fn state(store: &dyn Store) -> impl PartialEq + std::fmt::Debug {
    let requests: Vec<_> = (1..=13).map(|id| store.request(RequestId(id)).expect("an answer")).collect();
    let history = (
        store.request_version(RequestId(1), 1).expect("an answer"),
        store.request_version(RequestId(2), 1).expect("an answer"),
        store.request_by_serial(&serial(7), true).expect("an answer"),
    );
    let heads = (store.event_head().expect("an answer"), store.audit_head().expect("an answer"));
    let rest = (
        store.value("left").expect("an answer"),
        store.crls(None, None, 10).expect("an answer"),
        store.ca_certificates().expect("an answer"),
        store.event(EventId(4)).expect("an answer"),
    );
    (requests, history, heads, rest)
}

/// Good changes and conflicting ones at once: they meet in the same transactions.
pub(super) fn fails_nobody_else(open: Open<'_>) {
    let store = open();
    store.commit(issue(request(1))).expect("the first");
    let store = &*store;
    std::thread::scope(|scope| {
        for thread in 0..8_i64 {
            scope.spawn(move || {
                for turn in 0..25 {
                    let id = 100 + thread * 100 + turn;
                    if thread % 2 == 0 {
                        store.commit(issue(request(id))).expect("a good change");
                    } else {
                        let outcome = store.commit(issue(Request { id: RequestId(id), ..request(1) }));
                        assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{outcome:?}");
                    }
                }
            });
        }
    });
    assert_eq!(store.event_head().expect("an answer").0, EventId(101));
    for thread in 0..8 {
        for turn in 0..25 {
            let id = 100 + thread * 100 + turn;
            let expected = (thread % 2 == 0).then(|| request(id));
            assert_eq!(store.request(RequestId(id)).expect("an answer"), expected);
        }
    }
}

pub(super) fn one_wins(open: Open<'_>) {
    const RACERS: usize = 4;
    let store = open();
    store.commit(issue(pending(1))).expect("the first");
    let store = &*store;
    let barrier = &Barrier::new(RACERS);
    for version in 2..30 {
        let winners: Vec<String> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..RACERS)
                .map(|racer| {
                    scope.spawn(move || {
                        let message = format!("racer {racer}");
                        let change = issue(Request { version, message: message.clone(), ..pending(1) });
                        barrier.wait();
                        match store.commit(change) {
                            Ok(_) => Some(message),
                            Err(StoreError::Conflict(_)) => None,
                            Err(error) => unreachable!("{error}"),
                        }
                    })
                })
                .collect();
            racers.into_iter().filter_map(|racer| racer.join().expect("no panic")).collect()
        });
        let found = store.request(RequestId(1)).expect("an answer").expect("it is there");
        assert_eq!(winners, [found.message], "version {version}");
        assert_eq!(found.version, version);
    }
    assert_eq!(store.event_head().expect("an answer").0, EventId(29), "losers leave no event");
}
