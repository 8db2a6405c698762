//! CRLs, their bodies, CA certificates.

use engine::StoreError;
use engine::store::{CaCertificate, Change, CrlBody, CrlKind, CrlRow, Store};
use jiff::ToSpan;
use module::HResult;

use super::Open;
use crate::fixture::request;

/// A CRL without a body, every field filled.
pub(super) fn crl(number: u64, key: u16, kind: CrlKind) -> CrlRow {
    let this_update = request(number.cast_signed()).submitted;
    let after = |hours: i64| this_update.checked_add(hours.hours()).expect("a moment");
    CrlRow {
        number,
        min_base: (kind == CrlKind::Delta).then_some(number / 2),
        key,
        entries: number * 10,
        this_update,
        next_update: after(168),
        this_publish: after(1),
        next_publish: after(150),
        propagation_complete: after(2),
        last_published: number.is_multiple_of(2).then(|| after(3)),
        attempts: number as u32,
        flags: 0x8000_0001,
        status: HResult::ERROR_BAD_PATHNAME,
        error: "the disk says \"ü\"".into(),
        size: 0,
        sha256: [number as u8; 32],
        body: None,
    }
}

fn publish(crls: &[CrlRow]) -> Change {
    Change { crls: crls.to_vec(), ..Change::default() }
}

pub(super) fn listed(open: Open<'_>) {
    let store = open();
    let mut all = Vec::new();
    for number in 1..=6 {
        let mut publication = Vec::new();
        for key in [0, 1] {
            if number % 3 == 1 {
                publication.push(crl(number, key, CrlKind::Base));
            }
            publication.push(crl(number, key, CrlKind::Delta));
        }
        store.commit(publish(&publication)).expect("published");
        all.extend(publication);
    }
    drop(store);
    let store = open();
    for key in [None, Some(0), Some(1), Some(2)] {
        for kind in [None, Some(CrlKind::Base), Some(CrlKind::Delta)] {
            let found = store.crls(key, kind, 100).expect("an answer");
            assert!(found.is_sorted_by(|newer, older| newer.number >= older.number), "newest first");
            let wanted =
                |crl: &&CrlRow| key.is_none_or(|key| crl.key == key) && kind.is_none_or(|kind| crl.kind() == kind);
            assert_eq!(found.len(), all.iter().filter(wanted).count());
            assert!(all.iter().filter(wanted).all(|crl| found.contains(crl)), "every field as written");
            for limit in [0, 1, 3] {
                let fewer = store.crls(key, kind, limit).expect("an answer");
                assert_eq!(fewer, found.iter().take(limit).cloned().collect::<Vec<_>>());
            }
        }
    }
}

pub(super) fn outcomes(open: Open<'_>) {
    let store = open();
    let base = crl(1, 0, CrlKind::Base);
    let others = [crl(1, 0, CrlKind::Delta), crl(1, 1, CrlKind::Base)];
    store.commit(publish(std::slice::from_ref(&base))).expect("published");
    store.commit(publish(&others)).expect("published");
    // What else the row says is as it was written first.
    let outcome = CrlRow {
        last_published: Some(base.next_update),
        attempts: 7,
        flags: 5,
        status: HResult::S_OK,
        error: "Published by -".into(),
        ..base
    };
    let told = CrlRow { entries: 0, sha256: [0xff; 32], ..outcome.clone() };
    store.commit(Change { published_crls: vec![told.clone()], ..Change::default() }).expect("noted");
    let missing = CrlRow { number: 2, ..told.clone() };
    let later = CrlRow { attempts: 8, ..told };
    let refused = store.commit(Change { published_crls: vec![later, missing], ..Change::default() });
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "there is no such CRL");
    drop(store);
    let found = open().crls(None, None, 10).expect("an answer");
    assert_eq!(found.len(), 3);
    for row in others.iter().chain([&outcome]) {
        assert!(found.contains(row), "{row:?} in {found:?}");
    }
}

fn fill(store: &dyn Store, chunks: &[&[u8]]) -> CrlBody {
    let body = store.new_crl_body().expect("room for a body");
    for chunk in chunks {
        store.append_crl_body(body, chunk).expect("appended");
    }
    body
}

fn content(store: &dyn Store, body: CrlBody) -> Vec<Vec<u8>> {
    (0..).map_while(|index| store.crl_chunk(body, index).expect("an answer")).collect()
}

pub(super) fn bodies(open: Open<'_>) {
    let store = open();
    let large = vec![0x5a; 4 << 20];
    let body = fill(&*store, &[&large, b"b", b"c"]);
    let other = fill(&*store, &[b"other"]);
    assert_ne!(body, other);
    assert_eq!(content(&*store, other), [b"other"]);
    assert_eq!(store.crl_chunk(body, 3).expect("an answer"), None);
    assert!(matches!(store.append_crl_body(CrlBody(999), b"x"), Err(StoreError::Conflict(_))));
    assert!(store.append_crl_body(body, &vec![0; (4 << 20) + 1]).is_err(), "a chunk has a limit");

    let size = large.len() as u64 + 2;
    let row = CrlRow { body: Some(body), size, ..crl(1, 0, CrlKind::Base) };
    let next = CrlRow { body: Some(other), size: 5, ..crl(2, 0, CrlKind::Base) };
    store.commit(publish(std::slice::from_ref(&row))).expect("published");
    drop(store);
    let store = open();
    assert_eq!(content(&*store, body), [&large[..], b"b", b"c"]);
    let other = fill(&*store, &[b"other"]);
    let next = CrlRow { body: Some(other), ..next };
    let change = Change { drop_crl_bodies: vec![body, CrlBody(999)], ..publish(std::slice::from_ref(&next)) };
    store.commit(change).expect("the next replaces it");
    assert!(content(&*store, body).is_empty(), "the body is gone");
    let found = store.crls(None, None, 10).expect("an answer");
    assert_eq!(found, [next, CrlRow { body: None, ..row }], "its row stays");
    let newest = store.new_crl_body().expect("room for a body");
    assert!(newest != body && newest != other, "a body's number is not used again");
}

pub(super) fn orphans(open: Open<'_>) {
    let store = open();
    let kept = fill(&*store, &[b"kept"]);
    let orphan = fill(&*store, &[b"half a CRL", b"and"]);
    let empty = store.new_crl_body().expect("room for a body");
    store.commit(publish(&[CrlRow { body: Some(kept), size: 4, ..crl(1, 0, CrlKind::Base) }])).expect("published");
    assert_eq!(content(&*store, orphan).len(), 2);
    drop(store);
    let store = open();
    assert_eq!(content(&*store, kept), [b"kept"]);
    assert!(content(&*store, orphan).is_empty() && content(&*store, empty).is_empty());
    for gone in [orphan, empty] {
        assert!(matches!(store.append_crl_body(gone, b"more"), Err(StoreError::Conflict(_))));
    }
}

pub(super) fn ca_certificates(open: Open<'_>) {
    let store = open();
    assert!(store.ca_certificates().expect("an answer").is_empty());
    let certificates = [
        CaCertificate { index: 0, key_index: 0, certificate: vec![1; 900], chain: Vec::new() },
        CaCertificate {
            index: 1,
            key_index: 0,
            certificate: vec![2; 900],
            chain: vec![vec![3; 800], Vec::new(), vec![4]],
        },
        CaCertificate { index: u16::MAX, key_index: 1, certificate: Vec::new(), chain: vec![vec![5; 70_000]] },
    ];
    let [first, second, last] = certificates.clone();
    store.commit(Change { ca_certificates: vec![last, first], ..Change::default() }).expect("installed");
    store.commit(Change { ca_certificates: vec![second], ..Change::default() }).expect("installed");
    drop(store);
    assert_eq!(open().ca_certificates().expect("an answer"), certificates);
}
