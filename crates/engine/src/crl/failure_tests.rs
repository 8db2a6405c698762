//! Publications that fail in part: locations that cannot be written, keys that do not sign, bytes that are damaged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use jiff::SignedDuration;
use module::{ExitEvent, HResult};

use super::fixture::{Authority, Conduct, TestKey, at};
use super::schedule::{self, What};
use super::*;
use crate::store::CrlBody;

const BASE: &str = "/pki/Example CA.crl";

fn flags(row: &CrlRow) -> PublishFlags {
    PublishFlags::from_bits(row.flags).unwrap()
}

#[test]
fn a_failed_location_is_noted_held_against_the_delta_and_tried_again() {
    let authority = Authority::new().locations(&[
        "65:/a/%3%9.crl",
        "65:/b/%3%9.crl",
        "65:ldap:///CN=%3%10",
        "1:http://%1/upload/%3.crl",
        "1:ftp://%1/%3.crl",
        "1:s3://bucket/%3.crl",
    ]);
    authority.memory.break_locations(&["/b/", "ldap:", "s3:"]);
    let rows = authority.publish(true, false).unwrap();
    let [base, delta] = &rows[..] else { unreachable!("two rows") };
    assert_eq!(
        flags(base),
        PublishFlags::BASE
            | PublishFlags::MANUAL
            | PublishFlags::FILE_ERROR
            | PublishFlags::LDAP_ERROR
            | PublishFlags::HTTP_ERROR
            | PublishFlags::FTP_ERROR
            | PublishFlags::BAD_URL_ERROR
    );
    assert_eq!(base.status, HResult::E_ACCESSDENIED, "the first failure");
    let lines: Vec<&str> = base.error.lines().collect();
    assert_eq!(lines[0], "Published by unix:root");
    assert_eq!(lines[1], "1: /b/Example CA.crl: broken (0x80070005)");
    assert!(
        lines[3].starts_with("3: http://ca.example.org/upload/Example%20CA.crl: ")
            && lines[3].ends_with("(0x800700a1)")
    );
    // The delta goes to no file: one file location of its base failed.
    assert_eq!(
        flags(delta),
        PublishFlags::DELTA
            | PublishFlags::MANUAL
            | PublishFlags::POSTPONED_BASE_FILE_ERROR
            | PublishFlags::POSTPONED_BASE_LDAP_ERROR
    );
    assert_eq!(delta.status, HResult::E_ABORT);
    assert_eq!(authority.memory.file_names(), ["/a/Example CA.crl"]);
    assert_eq!(authority.memory.all_events().len(), 1, "the event tells of failures too");
    assert_eq!(authority.memory.named("crl-attempts").as_deref(), Some("1"));

    // Every ten minutes, ten times; then the schedule waits for the next delta.
    for attempt in 2..=11 {
        let (what, when) = authority.due().unwrap();
        assert_eq!((what, when), (What::Retry, authority.memory_now() + SignedDuration::from_mins(10)));
        authority.memory.set_now(when);
        assert_eq!(authority.run_due(), [What::Retry]);
        assert_eq!(authority.memory.named("crl-attempts"), Some(attempt.to_string()));
    }
    assert_eq!(authority.due().unwrap(), (What::Publish { base: false, keys: None }, at("2026-11-23T12:00:00Z")));
    assert_eq!(authority.memory.rows()[0].attempts, 11);
    assert_eq!(authority.memory.all_events().len(), 11);

    // Once the locations are mended, an order to publish again puts everything in its place.
    let mended = authority.locations(&["65:/a/%3%9.crl", "65:/b/%3%9.crl"]);
    mended.memory.break_locations(&[]);
    let republish = CrlPublication { base: true, delta: true, republish: true, next_update: None };
    let rows = mended.order(republish).unwrap();
    assert!(rows.iter().all(|row| row.number == 1 && flags(row).contains(PublishFlags::COMPLETE)), "{rows:?}");
    assert_eq!(mended.memory.file_names().len(), 4);
    assert_eq!(mended.memory.named("crl-attempts"), None);
    let last = mended.memory.all_events().pop().unwrap();
    assert_eq!((last.kind, last.crl_number), (ExitEvent::CrlIssued, Some(1)));
}

#[test]
fn a_retry_that_succeeds_copies_only_what_was_missing() {
    let authority = Authority::new().locations(&["1:/a/%3.crl", "64:/b/%3+.crl"]);
    authority.memory.break_locations(&["/b/"]);
    assert_eq!(authority.run_due(), [What::Publish { base: true, keys: None }]);
    assert_eq!(authority.memory.rows()[1].error.lines().next(), Some("Published by -"));
    authority.memory.break_locations(&[]);
    authority.memory.set_now(at("2026-11-22T12:10:00Z"));
    assert_eq!(authority.run_due(), [What::Retry]);
    assert_eq!(authority.memory.named("crl-attempts"), None);
    let rows = authority.memory.rows();
    assert_eq!((rows[0].attempts, rows[1].attempts, rows[1].status), (1, 2, HResult::S_OK));
    assert_eq!(authority.memory.file_names(), ["/a/Example CA.crl", "/b/Example CA+.crl"]);
    assert_eq!(
        authority.memory.all_audit().iter().map(|entry| entry.caller.as_str()).collect::<Vec<_>>(),
        ["server"; 2]
    );
}

#[test]
fn nothing_with_a_bad_signature_leaves_the_server() {
    for key in [TestKey::p256(), TestKey::ed25519()] {
        let authority = Authority::with_keys(vec![key], &[(0, "2036-01-01T00:00:00Z")]);
        *authority.keys[0].conduct.lock() = Conduct::Lies;
        assert_eq!(authority.publish(true, false).unwrap_err().code(), HResult::NTE_BAD_SIGNATURE);
        assert_eq!((authority.memory.file_names().len(), authority.memory.bodies()), (0, 0));
        assert_eq!(authority.memory.all_events().len(), 0);
        let rows = authority.memory.rows();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].was_made(), rows[0].status, rows[0].body), (false, HResult::NTE_BAD_SIGNATURE, None));
        assert_eq!(flags(&rows[0]), PublishFlags::BASE | PublishFlags::MANUAL | PublishFlags::SIGNATURE_ERROR);
        assert_eq!(newest(&authority.memory, 0, CrlKind::Base).unwrap(), None);
        let (what, when) = authority.due().unwrap();
        assert_eq!((what, when), (What::Publish { base: true, keys: Some(vec![0]) }, at("2026-11-22T12:10:00Z")));

        // The number is gone; the next one is good.
        *authority.keys[0].conduct.lock() = Conduct::Signs;
        authority.memory.set_now(when);
        authority.run_due();
        assert_eq!(authority.list(BASE, 0).number(), Some(2));
    }
}

#[test]
fn one_key_that_fails_does_not_stop_the_others() {
    let ends = "2036-01-01T00:00:00Z";
    let authority = Authority::with_keys(vec![TestKey::p256(), TestKey::p256()], &[(0, ends), (1, ends)]);
    *authority.keys[0].conduct.lock() = Conduct::Refuses;
    let rows = authority.publish(true, false).unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.key, row.was_made())).collect::<Vec<_>>(),
        [(0, false), (1, true), (1, true)]
    );
    assert_eq!(rows[0].status, HResult::E_ABORT);
    assert_eq!(rows[0].error.lines().count(), 2);
    assert_eq!(authority.memory.all_events().len(), 1);

    // It alone is tried again, for as long as it takes.
    for _ in 0..30 {
        let (what, when) = authority.due().unwrap();
        assert_eq!(what, What::Publish { base: true, keys: Some(vec![0]) });
        assert!(when > authority.memory_now());
        authority.memory.set_now(when);
        assert!(schedule::run(&authority.publisher(), &what).is_err());
    }
    *authority.keys[0].conduct.lock() = Conduct::Signs;
    authority.memory.set_now(authority.due().unwrap().1);
    authority.run_due();
    assert_eq!(authority.list(BASE, 0).number(), Some(32));
    assert_eq!(authority.list("/pki/Example CA(1).crl", 1).number(), Some(1));
    assert_eq!(authority.memory.all_events().len(), 2);
}

#[test]
fn a_damaged_list_does_not_take_the_place_of_a_good_one() {
    let authority = Authority::new();
    authority.publish(true, false).unwrap();
    let before = authority.memory.file(BASE);
    authority.memory.damage(CrlBody(1));
    let republish = CrlPublication { base: true, delta: false, republish: true, next_update: None };
    let rows = authority.order(republish).unwrap();
    assert!(flags(&rows[0]).contains(PublishFlags::FILE_ERROR), "{rows:?}");
    assert_eq!(authority.memory.file(BASE), before);
    assert!(matches!(Authority::new().order(republish), Err(Error::NotFound(_))));
}
