//! Requests, one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::store::Change;
use engine::{Request, Revocation};
use jiff::Timestamp;
use module::{CertificateExtension, Disposition, ExtensionFlags, HResult, RequestId, RevocationReason};
use pki::{NameComponent, Serial};

use super::{Open, row};
use crate::fixture::{foreign, minimal, pending, request, revoked, serial};

pub(super) fn round_trip(open: Open<'_>) {
    let requests = variations();
    let store = open();
    for request in &requests {
        store.commit(row(request.clone())).expect("a new request is stored");
        assert_eq!(store.request(request.id).expect("it is read").as_ref(), Some(request));
    }
    drop(store);
    let store = open();
    for request in &requests {
        let found = store.request(request.id).expect("it is read").expect("it is there");
        assert_eq!(&found, request);
        assert_eq!(found.digest(), request.digest());
        assert_eq!(store.request_version(request.id, 1).expect("it is read").as_ref(), Some(request));
    }
    for id in [0, -1, 99, i64::MIN, i64::MAX] {
        assert_eq!(store.request(RequestId(id)).expect("an answer"), None);
    }
}

/// Each differs from the usual in what could go wrong.
fn variations() -> Vec<Request> {
    let mut extremes = request(3);
    extremes.status = HResult(i32::MIN);
    extremes.request_type = i32::MAX;
    extremes.flags = i32::MIN;
    extremes.submitted = Timestamp::from_microsecond(-1).expect("a moment");
    extremes.resolved = "9999-12-30T23:59:59.999999Z".parse().ok();
    extremes.not_before = "1950-01-01T00:00:00Z".parse().ok();
    extremes.not_after = "9999-12-30T22:00:00Z".parse().ok();
    if let Some(issued) = &mut extremes.issued {
        issued.serial = Serial::from_bytes(&[0xff; 20]).expect("20 octets");
        issued.ca_certificate = u16::MAX;
        issued.ca_key = u16::MAX;
        issued.distinguished_name = String::new();
    }
    if let Some(key) = &mut extremes.key {
        key.bits = u32::MAX;
        key.identifier = Vec::new();
    }

    let mut odd = request(4);
    odd.subject = [NameComponent::OrgUnit, NameComponent::UnstructuredName, NameComponent::OrgUnit]
        .into_iter()
        .zip(["line\nbreak", "{\"a\": '%_\\' }", "数字證書 🔐"])
        .map(|(part, value)| (part, value.to_owned()))
        .collect();
    odd.profile = Some(String::new());
    odd.properties = [("a\"b".to_owned(), "\u{1}\u{7f}".to_owned()), (String::new(), String::new())].into();
    let body = Arc::make_mut(&mut odd.body);
    body.attributes = vec![(String::new(), String::new()), ("same".into(), "1".into()), ("same".into(), "2".into())];
    body.extensions = vec![
        CertificateExtension {
            oid: "1.2.3".into(),
            flags: ExtensionFlags::from_bits_retain(u32::MAX),
            value: vec![0; 70_000],
        },
        CertificateExtension { oid: "1.2.3".into(), flags: ExtensionFlags::empty(), value: Vec::new() },
    ];
    body.certificate = Some(Vec::new());

    let mut large = request(5);
    Arc::make_mut(&mut large.body).raw = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();

    let mut released = request(6);
    released.publish_expired = true;
    let when = released.submitted;
    released.revocation =
        Some(Revocation { when, effective: Timestamp::UNIX_EPOCH, reason: RevocationReason::RELEASED });

    let mut all = vec![request(1), pending(2), extremes, odd, large, released, foreign(7), minimal(8)];
    for (id, disposition) in (10..).zip(Disposition::ALL) {
        all.push(Request { disposition, ..request(id) });
    }
    all
}

pub(super) fn several_at_once(open: Open<'_>) {
    let store = open();
    store
        .commit(Change { requests: vec![request(1), request(2), pending(3)], ..Change::default() })
        .expect("all of it");
    let mut changed = request(2);
    changed.version = 2;
    changed.message = "changed".into();
    let change = Change { requests: vec![changed.clone(), request(4)], ..Change::default() };
    store.commit(change).expect("old and new together");
    for request in [request(1), changed, pending(3), request(4)] {
        assert_eq!(store.request(request.id).expect("it is read"), Some(request));
    }
    let committed = store.commit(Change::default()).expect("nothing can be committed too");
    assert!(committed.event.is_none() && committed.audit.is_none());
}

pub(super) fn by_serial(open: Open<'_>) {
    let store = open();
    let imported = Request { id: RequestId(50), ..foreign(1) };
    store.commit(row(request(1))).expect("issued here");
    store.commit(row(imported.clone())).expect("the same number of another issuer");
    store.commit(row(revoked(2, 1)).first_version()).expect("revoked");
    let find = |id, own| store.request_by_serial(&serial(id), own).expect("an answer").map(|request| request.id.0);
    assert_eq!(find(1, true), Some(1));
    assert_eq!(find(1, false), Some(50));
    assert_eq!(find(2, true), Some(2));
    assert_eq!(find(2, false), None);
    assert_eq!(find(3, true), None);
    assert_eq!(store.request_by_serial(&serial(1), false).expect("an answer"), Some(imported), "with its large parts");
}

/// For rows that a test wants as they end, without writing how they got there.
trait FirstVersion {
    fn first_version(self) -> Self;
}

impl FirstVersion for Change {
    fn first_version(mut self) -> Self {
        for request in &mut self.requests {
            request.version = 1;
        }
        self
    }
}

pub(super) fn versions(open: Open<'_>) {
    let store = open();
    let mut taken = pending(1);
    taken.message = "first".into();
    let mut attributes = taken.clone();
    attributes.version = 2;
    Arc::make_mut(&mut attributes.body).attributes.push(("email".into(), "a@example.com".into()));
    let mut issued = request(1);
    issued.version = 3;
    let mut held = revoked(1, 6);
    held.version = 4;
    let mut released = issued.clone();
    released.version = 5;
    released.revocation =
        Some(Revocation { reason: RevocationReason::RELEASED, ..held.revocation.expect("it is held") });
    let all = [taken, attributes, issued, held, released];
    for (index, version) in all.iter().enumerate() {
        store.commit(row(version.clone())).expect("the next version");
        for earlier in all.iter().take(index + 1) {
            let found = store.request_version(earlier.id, earlier.version).expect("it is read");
            assert_eq!(found.as_ref(), Some(earlier), "version {} after {}", earlier.version, version.version);
        }
        assert_eq!(store.request(version.id).expect("it is read").as_ref(), Some(version));
    }
    for version in [0, 6, u32::MAX] {
        assert_eq!(store.request_version(RequestId(1), version).expect("an answer"), None);
    }
    assert_eq!(store.request_version(RequestId(2), 1).expect("an answer"), None);
}

/// Each large part changes alone, with others, back, and to nothing.
pub(super) fn bodies_of_versions(open: Open<'_>) {
    let store = open();
    let mut all = vec![request(1)];
    for version in 2..=40_u32 {
        let mut next = all.last().cloned().expect("there is a first version");
        next.version = version;
        let body = Arc::make_mut(&mut next.body);
        if version % 2 == 0 {
            body.raw.push(version as u8);
        }
        if version % 3 == 0 {
            body.attribute_text = format!("version:{version}");
        }
        if version % 5 == 0 {
            body.attributes = if version % 10 == 0 { Vec::new() } else { vec![("v".into(), version.to_string())] };
        }
        if version % 7 == 0 {
            body.extensions.truncate(version as usize % 3);
        }
        if version % 11 == 0 {
            body.certificate = if version % 22 == 0 { None } else { Some(vec![version as u8]) };
        }
        all.push(next);
    }
    for version in &all {
        store.commit(row(version.clone())).expect("the next version");
    }
    for version in &all {
        let found = store.request_version(version.id, version.version).expect("it is read").expect("it is kept");
        assert_eq!(found.digest(), version.digest(), "version {}", version.version);
        assert_eq!(&found, version);
    }
}

pub(super) fn reserved_numbers(open: Open<'_>) {
    let mut seen = BTreeSet::new();
    let mut take = |first: RequestId, count: u32| {
        assert!(first.0 > 0, "request numbers are positive");
        for id in first.0..first.0 + i64::from(count) {
            assert!(seen.insert(id), "{id} was handed out twice");
        }
    };
    for round in 0..3 {
        let store = open();
        for count in [1, 64, 1, 1000] {
            take(store.reserve_request_ids(count).expect("numbers"), count);
        }
        let store = &*store;
        let firsts: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(move || store.reserve_request_ids(10).expect("numbers"))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        for first in firsts {
            take(first, 10);
        }
        let id = store.reserve_request_ids(1).expect("a number");
        take(id, 1);
        store.commit(row(Request { id, ..request(round) })).expect("a number set aside is used");
    }
}

pub(super) fn values(open: Open<'_>) {
    let set = |name: &str, text: Option<&str>| Change {
        values: vec![(name.to_owned(), text.map(str::to_owned))],
        ..Change::default()
    };
    let store = open();
    assert_eq!(store.value("a").expect("an answer"), None);
    store.commit(set("a", Some("1"))).expect("set");
    store.commit(set("b", Some(""))).expect("set to nothing");
    store.commit(set("a", Some("ü\n2"))).expect("replaced");
    store.commit(set("c", None)).expect("removed though not there");
    drop(store);
    let store = open();
    let read = |name| store.value(name).expect("an answer");
    assert_eq!((read("a").as_deref(), read("b").as_deref(), read("c")), (Some("ü\n2"), Some(""), None));
    store.commit(set("a", None)).expect("removed");
    assert_eq!(store.value("a").expect("an answer"), None);
}
