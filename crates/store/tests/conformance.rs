//! The SQLite store runs the suite that every store runs, and what only a file can show.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use engine::Store;
use engine::store::*;
use module::*;
use store::{Options, SqliteStore};

#[test]
fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    let r = testkit::request(1);
    let event = NewEvent { kind: ExitEvent::CertIssued, occurred: r.submitted, request: Some((r.id, 1)), crl_number: None, digest: r.digest() };
    let audit = NewAudit { code: 4887, at: r.submitted, caller: "x".into(), request: Some(r.id), detail: "{}".into() };
    let c = store.commit(Change { requests: vec![r.clone()], event: Some(event), audit: Some(audit), ..Change::default() }).unwrap();
    assert_eq!(c.audit, Some(1));
    assert_eq!(store.request(r.id).unwrap().unwrap(), r);
    assert_eq!(store.request(r.id).unwrap().unwrap().digest(), r.digest());
    let mut r2 = r.clone();
    r2.version = 2;
    r2.revocation = Some(engine::Revocation { when: r.submitted, effective: r.submitted, reason: 1 });
    r2.disposition = Disposition::Revoked;
    store.commit(Change { requests: vec![r2.clone()], ..Change::default() }).unwrap();
    assert!(matches!(store.commit(Change { requests: vec![r2.clone()], ..Change::default() }), Err(engine::StoreError::Conflict(_))));
    assert_eq!(store.events(EventId(0), ExitEvents::all(), 10).unwrap()[0].1.clone().unwrap(), r);
    assert_eq!(store.search(&Search { filters: vec![Filter::parse("CN^=host-").unwrap(), Filter::parse("OU=Servers").unwrap(), Filter::parse("Disposition=revoked").unwrap()], limit: 5, bodies: true, ..Search::default() }).unwrap().rows, [r2]);
    assert_eq!(store.check(&mut |_, _| {}).unwrap(), Vec::<String>::new());
}
