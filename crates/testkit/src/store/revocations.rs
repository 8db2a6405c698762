//! Which revocations a CRL lists.

use std::collections::BTreeSet;

use engine::store::{Change, RevokedFilter, RevokedRow, Store};
use engine::{Error, Request, Revocation};
use jiff::{Timestamp, ToSpan};
use module::{Disposition, RequestId, RevocationReason};
use pki::Serial;

use super::Open;
use crate::fixture::{pending, request};

fn day(day: i64) -> Timestamp {
    let start: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a moment");
    start.checked_add((day * 24).hours()).expect("a moment")
}

/// Every combination of what the selection looks at; days count from an arbitrary one, "now" is day 10.
fn rows() -> Vec<Request> {
    let mut rows = vec![pending(900), request(901)];
    let mut id = 0;
    for (disposition, reason) in [
        (Disposition::Revoked, 0),
        (Disposition::Revoked, 1),
        (Disposition::Revoked, 6),
        (Disposition::Issued, RevocationReason::RELEASED),
    ] {
        for when in [1, 5, 6, 10] {
            for effective in [0, 5, 10, 11, 20] {
                for (expires, publish_expired) in [(4, false), (4, true), (8, false), (30, false)] {
                    for key in [0, 1] {
                        id += 1;
                        let mut row = request(id);
                        row.disposition = disposition;
                        row.not_after = Some(day(expires));
                        row.publish_expired = publish_expired;
                        row.revocation = Some(Revocation { when: day(when), effective: day(effective), reason });
                        if let Some(issued) = &mut row.issued {
                            issued.ca_key = key;
                        }
                        rows.push(row);
                    }
                }
            }
        }
    }
    rows
}

/// The rules, one after the other.
fn is_listed(row: &Request, filter: &RevokedFilter) -> bool {
    let (Some(issued), Some(revocation)) = (&row.issued, row.revocation) else { return false };
    let is_expired = row.not_after.is_some_and(|end| end < filter.expired_before);
    let is_released = revocation.reason == RevocationReason::RELEASED;
    let of_kind = match filter.changed_since {
        None => row.disposition == Disposition::Revoked,
        // What took effect since is a change too, however early it was decided.
        Some(since) => {
            (row.disposition == Disposition::Revoked || is_released)
                && (revocation.when >= since || revocation.effective >= since)
        }
    };
    issued.ca_key == filter.key
        && revocation.effective <= filter.effective_by
        && (!is_expired || row.publish_expired)
        && of_kind
}

type Entry = (Serial, Timestamp, i32);

fn sweep(store: &dyn Store, filter: &RevokedFilter) -> BTreeSet<Entry> {
    let mut found = BTreeSet::new();
    let mut each = |row: RevokedRow| {
        assert!(found.insert((row.serial, row.effective, row.reason)), "listed twice");
        Ok(())
    };
    store.revoked(filter, &mut each).expect("a sweep");
    found
}

pub(super) fn selection(open: Open<'_>) {
    let store = open();
    let rows = rows();
    store.commit(Change { requests: rows.clone(), ..Change::default() }).expect("all rows");
    let mut lengths = BTreeSet::new();
    for key in [0, 1, 2] {
        for expired_before in [0, 4, 5, 40] {
            for effective_by in [4, 10, 11] {
                for changed_since in [None, Some(0), Some(5), Some(6), Some(11)] {
                    let filter = RevokedFilter {
                        key,
                        effective_by: day(effective_by),
                        expired_before: day(expired_before),
                        changed_since: changed_since.map(day),
                    };
                    let listed = rows.iter().filter(|row| is_listed(row, &filter));
                    let expected: BTreeSet<Entry> = listed
                        .filter_map(|row| {
                            let revocation = row.revocation?;
                            Some((row.issued.as_ref()?.serial, revocation.effective, revocation.reason))
                        })
                        .collect();
                    assert_eq!(sweep(&*store, &filter), expected, "{filter:?}");
                    lengths.insert(expected.len());
                }
            }
        }
    }
    assert!(lengths.len() > 10, "the filters differ: {lengths:?}");

    // A revocation that is taken back leaves base CRLs.
    let everything = RevokedFilter { key: 0, effective_by: day(20), expired_before: day(0), changed_since: None };
    let before = sweep(&*store, &everything).len();
    let mut released = store.request(RequestId(1)).expect("an answer").expect("it is there");
    released.version = 2;
    released.disposition = Disposition::Issued;
    released.revocation = released.revocation.map(|old| Revocation { reason: RevocationReason::RELEASED, ..old });
    store.commit(Change { requests: vec![released], ..Change::default() }).expect("released");
    assert_eq!(sweep(&*store, &everything).len(), before - 1);
}

pub(super) fn ends_with_error(open: Open<'_>) {
    let store = open();
    store.commit(Change { requests: rows(), ..Change::default() }).expect("all rows");
    let filter = RevokedFilter { key: 0, effective_by: day(20), expired_before: day(0), changed_since: None };
    let mut seen = 0;
    let outcome = store.revoked(&filter, &mut |_| {
        seen += 1;
        if seen == 3 { Err(Error::Unavailable("the scratch file is full".into())) } else { Ok(()) }
    });
    assert!(matches!(outcome, Err(Error::Unavailable(why)) if why == "the scratch file is full"));
    assert_eq!(seen, 3);
    assert!(sweep(&*store, &filter).len() > 3, "the next sweep is not disturbed");
}
