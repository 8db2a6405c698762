//! Every call into the world failed in turn, before and after its effect, once or for good: what a publication promises
//! holds all the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::SignedDuration;
use pki::CertificateList;

use super::fixture::Authority;
use super::memory::{Fault, Side};
use super::{CrlPublication, newest};
use crate::store::CrlKind;

/// What is done under faults: three publications and a copy, with revocations between them.
fn work(authority: &Authority) {
    let republish = CrlPublication { base: true, delta: true, republish: true, next_update: None };
    let hour = SignedDuration::from_hours(14);
    authority.revoke(1, 1);
    let _ = authority.publish(true, false);
    authority.memory.set_now(authority.memory_now() + hour);
    authority.revoke(2, 6);
    let _ = authority.publish(false, true);
    let _ = authority.order(republish);
    authority.memory.set_now(authority.memory_now() + hour);
    authority.revoke(2, -1);
    let _ = authority.publish(true, false);
}

fn check(authority: &Authority, fault: Option<Fault>) {
    let memory = &authority.memory;
    let rows = memory.rows();

    // A CRL that anybody could fetch is the one in the database with its number; so no number ever meant two CRLs.
    let mut last = BTreeMap::new();
    for published in memory.history() {
        let list = CertificateList::from_der(&published).unwrap();
        let kind = if list.delta_base().is_some() { CrlKind::Delta } else { CrlKind::Base };
        let row = rows.iter().find(|row| Some(row.number) == list.number() && row.kind() == kind);
        let row = row.unwrap_or_else(|| panic!("{fault:?}: {kind} CRL {:?} is not in the database", list.number()));
        assert_eq!(digest(&SHA256, &published).as_ref(), row.sha256, "{fault:?}");
        // And numbers rise.
        let before = last.insert(kind.to_string(), row.number);
        assert!(before.is_none_or(|before| before <= row.number), "{fault:?}");
    }

    // Every CRL in the database has its event, and every event its CRL.
    let events = memory.all_events();
    for row in rows.iter().filter(|row| row.was_made()) {
        assert!(
            events.iter().any(|event| event.crl_number == Some(row.number)),
            "{fault:?}: CRL {} has no event",
            row.number
        );
        assert!(row.last_published.is_some(), "{fault:?}");
    }
    for event in &events {
        assert!(rows.iter().any(|row| Some(row.number) == event.crl_number && row.was_made()), "{fault:?}");
    }
    // Each event is one publication's: recorded once, and in the order of the numbers.
    let recorded = memory.all_audit().iter().filter(|entry| entry.code == 4872).count();
    assert_eq!(recorded, events.len(), "{fault:?}");
    assert!(events.windows(2).all(|pair| pair[0].crl_number <= pair[1].crl_number), "{fault:?}");
    assert_eq!(memory.named("crl-unfinished"), None, "{fault:?}");

    // In the end the newest CRLs are where they should be, and nothing is left over.
    for (kind, location) in [(CrlKind::Base, "/pki/Example CA.crl"), (CrlKind::Delta, "/pki/Example CA+.crl")] {
        let row = newest(memory, 0, kind).unwrap().unwrap();
        let file = memory.file(location).unwrap();
        assert_eq!(digest(&SHA256, &file).as_ref(), row.sha256, "{fault:?}");
    }
    let referred = rows.iter().filter(|row| row.body.is_some()).count();
    assert!(memory.bodies() >= referred, "{fault:?}");
}

/// Runs the work under a fault, then lets the server start again and do what is due.
fn run(fault: Option<Fault>) -> (u64, Authority) {
    let authority = Authority::new();
    if let Some(fault) = fault {
        authority.memory.inject(fault);
    } else {
        authority.memory.inject(Fault::Once(u64::MAX, Side::Before));
    }
    work(&authority);
    let calls = authority.memory.calls();
    authority.memory.restart();
    authority.run_due();
    // What could not be copied is tried again ten minutes later.
    authority.memory.set_now(authority.memory_now() + SignedDuration::from_mins(10));
    authority.run_due();
    (calls, authority)
}

#[test]
fn without_a_fault_the_work_is_done() {
    let (calls, authority) = run(None);
    check(&authority, None);
    assert!(calls > 50, "{calls} calls are too few to be all");
    let numbers: Vec<_> = authority.memory.all_events().iter().map(|event| event.crl_number.unwrap()).collect();
    assert_eq!(numbers, [1, 2, 2, 3]);
    assert_eq!(authority.entries("/pki/Example CA.crl"), [(1, Some(1))]);
}

#[test]
fn every_call_failed_in_turn() {
    let (calls, _) = run(None);
    for call in 0..calls {
        for side in [Side::Before, Side::After] {
            for fault in [Fault::Once(call, side), Fault::Death(call, side)] {
                let (_, authority) = run(Some(fault));
                check(&authority, Some(fault));
                assert_eq!(authority.entries("/pki/Example CA.crl")[0], (1, Some(1)), "{fault:?}");
            }
        }
    }
}
