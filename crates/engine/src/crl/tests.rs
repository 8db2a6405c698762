//! Publications in a world in memory, read back with the parser.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use jiff::SignedDuration;
use module::moment::Period;
use module::{ExitEvent, HResult, RevocationReason};
use pki::{KeyUsage, extension, oid};

use super::fixture::{Authority, START, TestKey, at, certificate};
use super::memory::Revoked;
use super::schedule::What;
use super::*;
use crate::store::CaCertificate;

const BASE: &str = "/pki/Example CA.crl";
const DELTA: &str = "/pki/Example CA+.crl";

fn flags(row: &CrlRow) -> PublishFlags {
    PublishFlags::from_bits(row.flags).unwrap()
}

fn after(authority: &Authority, hours: i64) {
    authority.memory.set_now(authority.memory_now() + SignedDuration::from_hours(hours));
}

#[test]
fn a_publication_from_request_to_event() {
    let authority = Authority::new().locations(&[
        "65:/pki/%3%8%9.crl",
        "134:http://%1/%3%8%9.crl",
        "8:ldap:///CN=%7%8,%6%10",
        "8:http://not.ldap/",
        "0:/nowhere/%3.crl",
    ]);
    authority.revoke(0x8001, 1);
    let mut steps = Vec::new();
    let order = CrlPublication { base: true, ..CrlPublication::default() };
    let rows = publish(&authority.publisher(), &order, Occasion::Request("unix:root"), &mut |done, all| {
        steps.push((done, all));
    })
    .unwrap();

    // The CRLs say what the document wants.
    let base = authority.list(BASE, 0);
    assert_eq!((base.number(), base.delta_base()), (Some(1), None));
    assert_eq!(base.this_update(), at("2026-11-22T11:50:00Z"));
    assert_eq!(base.next_update(), Some(at("2026-11-30T00:20:00Z")));
    assert_eq!(authority.entries(BASE), [(0x8001, Some(1))]);
    let value = |list: &pki::CertificateList, oid| {
        let found = list.extension(&oid).unwrap_or_else(|| panic!("{oid}"));
        (found.critical, found.value.clone())
    };
    assert_eq!(extension::decode_ca_version(&value(&base, oid::CA_VERSION).1).unwrap(), (0, 0));
    let next_publish = extension::crl_next_publish(at("2026-11-29T12:00:00Z")).unwrap();
    assert_eq!(value(&base, oid::CRL_NEXT_PUBLISH), (false, next_publish.value));
    let freshest = extension::freshest_crl(&["http://ca.example.org/Example%20CA+.crl".into()]).unwrap();
    assert_eq!(value(&base, oid::FRESHEST_CRL), (false, freshest.value));
    let (critical, point) = value(&base, oid::ISSUING_DISTRIBUTION_POINT);
    let urls = extension::decode_issuing_distribution_point(&point).unwrap().urls;
    assert_eq!((critical, urls), (true, vec!["http://ca.example.org/Example%20CA.crl".to_owned()]));
    let published = extension::decode_crl_distribution_points(&value(&base, oid::PUBLISHED_CRL_LOCATIONS).1).unwrap();
    assert_eq!(published.len(), 1);
    assert!(
        published[0].ends_with("?certificateRevocationList?base?objectclass=cRLDistributionPoint"),
        "{published:?}"
    );
    let identifier =
        extension::decode_authority_key_identifier(&value(&base, oid::AUTHORITY_KEY_IDENTIFIER).1).unwrap();
    assert_eq!(identifier.key_identifier.unwrap(), authority.publisher().ca.certificates()[0].key_identifier);

    let delta = authority.list(DELTA, 0);
    assert_eq!((delta.number(), delta.delta_base()), (Some(1), Some(1)));
    assert!(value(&delta, oid::DELTA_CRL_INDICATOR).0);
    assert!(delta.extension(&oid::FRESHEST_CRL).is_none());
    assert_eq!(value(&delta, oid::ISSUING_DISTRIBUTION_POINT).1, point);
    assert_eq!(delta.next_update(), Some(at("2026-11-24T00:20:00Z")));
    assert_eq!(authority.memory.file_names(), [DELTA, BASE]);

    // So do the rows, which are what is stored.
    assert_eq!(rows, authority.memory.rows());
    let kinds: Vec<_> = rows.iter().map(|row| (row.number, row.key, row.kind(), row.entries, row.attempts)).collect();
    assert_eq!(kinds, [(1, 0, CrlKind::Base, 1, 1), (1, 0, CrlKind::Delta, 1, 1)]);
    assert_eq!(flags(&rows[0]), PublishFlags::BASE | PublishFlags::COMPLETE | PublishFlags::MANUAL);
    assert_eq!(rows[0].error, "Published by unix:root");
    assert_eq!((rows[0].this_update, Some(rows[0].next_update)), (base.this_update(), base.next_update()));
    assert_eq!(rows[0].size, base.der().len() as u64);
    assert_eq!(rows[0].last_published, Some(at(START)));

    // One event, two records, and nothing left open.
    let events = authority.memory.all_events();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind, events[0].crl_number, events[0].request), (ExitEvent::CrlIssued, Some(1), None));
    let audit = authority.memory.all_audit();
    assert_eq!(audit.iter().map(|entry| entry.code).collect::<Vec<_>>(), [4871, 4872]);
    assert!(audit.iter().all(|entry| entry.caller == "unix:root"));
    assert!(audit[1].detail.contains("\"locations\":[\"/pki/Example CA.crl\"]"), "{}", audit[1].detail);
    assert_eq!(authority.memory.named("crl-number").as_deref(), Some("1"));
    assert_eq!(authority.memory.named("crl-next-publish").as_deref(), Some("2026-11-29T12:00:00Z"));
    assert_eq!(authority.memory.named("crl-delta-next-publish").as_deref(), Some("2026-11-23T12:00:00Z"));
    assert_eq!(authority.memory.named("crl-unfinished"), None);
    assert_eq!(authority.memory.named("crl-attempts"), None);
    assert_eq!(steps, [(0, 3), (1, 3), (2, 3), (3, 3), (3, 3)]);
}

#[test]
fn entries_are_selected_by_the_contracts_table() {
    let authority = Authority::new();
    let put = |serial, when: &str, effective: &str, reason, not_after: &str, publish_expired| {
        let (when, effective, not_after) = (at(when), at(effective), at(not_after));
        authority.memory.revoke(Revoked { key: 0, serial, when, effective, reason, not_after, publish_expired });
    };
    let (old, later) = ("2026-11-01T00:00:00Z", "2030-01-01T00:00:00Z");
    put(1, old, old, 0, later, false);
    put(2, old, old, 6, later, false);
    put(3, old, old, 4, "2026-11-22T18:00:00Z", false);
    put(4, old, old, 4, "2026-11-22T18:00:00Z", true);
    put(5, old, "2026-11-24T00:00:00Z", 5, later, false);
    put(6, old, old, RevocationReason::RELEASED, later, false);
    authority.publish(true, false).unwrap();
    assert_eq!(authority.entries(BASE), [(1, None), (2, Some(6)), (3, Some(4)), (4, Some(4))]);
    assert_eq!(authority.entries(DELTA), []);

    // Two days later: one is released, one new, one has become effective, one has expired.
    after(&authority, 48);
    let now = "2026-11-24T12:00:00Z";
    put(2, now, old, RevocationReason::RELEASED, later, false);
    put(7, now, now, 1, later, false);
    authority.publish(false, true).unwrap();
    assert_eq!(authority.entries(DELTA), [(2, Some(8)), (5, Some(5)), (7, Some(1))]);
    let delta = authority.list(DELTA, 0);
    assert_eq!((delta.number(), delta.delta_base()), (Some(2), Some(1)));
    assert_eq!(authority.list(BASE, 0).number(), Some(1), "a delta leaves the base alone");

    // The expired one is listed once more, and then no longer.
    authority.publish(true, false).unwrap();
    assert_eq!(authority.entries(BASE), [(1, None), (3, Some(4)), (4, Some(4)), (5, Some(5)), (7, Some(1))]);
    after(&authority, 1);
    authority.publish(true, false).unwrap();
    assert_eq!(authority.entries(BASE), [(1, None), (4, Some(4)), (5, Some(5)), (7, Some(1))]);
}

#[test]
fn the_delta_builds_on_the_newest_base_that_has_spread() {
    let mut authority = Authority::new();
    authority.publish(true, false).unwrap();
    after(&authority, 24);
    authority.publish(true, false).unwrap();
    assert_eq!(authority.list(DELTA, 0).delta_base(), Some(1), "the second base has not spread yet");
    after(&authority, 13);
    authority.publish(false, true).unwrap();
    assert_eq!(authority.list(DELTA, 0).delta_base(), Some(2));
    authority.config.crl.delta_uses_oldest_base = true;
    authority.publish(false, true).unwrap();
    assert_eq!(authority.list(DELTA, 0).delta_base(), Some(1));

    // Without an unexpired base there can be no delta.
    after(&authority, 24 * 30);
    let refused = authority.publish(false, true).unwrap_err();
    assert_eq!(refused.code(), HResult::ERROR_FILE_NOT_FOUND);
    assert_eq!(Authority::new().publish(false, true).unwrap_err().code(), HResult::ERROR_FILE_NOT_FOUND);
}

#[test]
fn every_key_has_its_own_list() {
    let keys = vec![TestKey::p256(), TestKey::ed25519(), TestKey::p256()];
    let ends = "2036-01-01T00:00:00Z";
    // Key 0 once; the second twice (indexes 1 and 2); the third has expired.
    let certificates = [(0, ends), (1, ends), (1, ends), (2, "2026-06-01T00:00:00Z")];
    let authority = Authority::with_keys(keys, &certificates).locations(&["1:/pki/%3%8%9.crl", "64:/pki/%4%9.crl"]);
    let revoked = Revoked {
        key: 1,
        serial: 9,
        when: at(START),
        effective: at(START),
        reason: 1,
        not_after: at(ends),
        publish_expired: false,
    };
    authority.memory.revoke(revoked);
    let rows = authority.publish(true, false).unwrap();
    let made: Vec<_> = rows.iter().map(|row| (row.number, row.key, row.kind(), row.entries)).collect();
    let expected =
        [(1, 0, CrlKind::Base, 0), (1, 0, CrlKind::Delta, 0), (1, 1, CrlKind::Base, 1), (1, 1, CrlKind::Delta, 1)];
    assert_eq!(made, expected);
    // The certificate's suffix is that of the newest certificate of the key.
    assert_eq!(authority.memory.file_names(), ["/pki/(2)+.crl", "/pki/+.crl", "/pki/Example CA(1).crl", BASE]);
    let list = authority.list("/pki/Example CA(1).crl", 1);
    let version = list.extension(&oid::CA_VERSION).unwrap();
    assert_eq!(extension::decode_ca_version(&version.value).unwrap(), (1, 2));

    let publisher = authority.publisher();
    let states = publisher.ca.certificates().iter().map(|installed| state(publisher.ca, installed, at(START)));
    assert_eq!(states.collect::<Vec<_>>(), [3, 1, 3, 4]);
}

#[test]
fn a_key_that_is_not_here_is_passed_over() {
    let keys = vec![TestKey::p256(), TestKey::p256()];
    let usage = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
    let rows = |usages: [KeyUsage; 2]| {
        let rows = keys.iter().zip(usages).zip(0..).map(|((key, usage), index)| {
            let certificate = certificate(key, at("2036-01-01T00:00:00Z"), usage);
            CaCertificate { index, key_index: index, certificate, chain: Vec::new() }
        });
        rows.collect::<Vec<_>>()
    };
    let authority = Authority::with_certificates(vec![keys[1].clone()], rows([usage; 2]));
    let made = authority.publish(true, false).unwrap();
    assert!(made.iter().all(|row| row.key == 1) && made.len() == 2);
    assert_eq!(authority.due().unwrap().1, at("2026-11-23T12:00:00Z"), "it is not waited for either");
    assert!(matches!(
        Authority::with_certificates(vec![], rows([usage; 2])).publish(true, false),
        Err(Error::Unavailable(_))
    ));
    assert!(matches!(Authority::with_certificates(vec![], vec![]).publish(true, false), Err(Error::Unavailable(_))));
    assert_eq!(Authority::with_certificates(vec![], vec![]).due(), None);

    // A certificate that is not for signing CRLs.
    let authority = Authority::with_certificates(keys.clone(), rows([usage, KeyUsage::KEY_CERT_SIGN]));
    let made = authority.publish(true, false).unwrap();
    let status: Vec<_> = made.iter().map(|row| (row.key, row.was_made(), row.status)).collect();
    assert_eq!(status[2..], [(1, false, HResult::CERTSRV_E_INVALID_CA_CERTIFICATE)]);

    let expired = Authority::with_keys(vec![TestKey::p256()], &[(0, "2026-06-01T00:00:00Z")]);
    assert_eq!(expired.publish(true, false).unwrap_err().code(), HResult::CERTSRV_E_INVALID_CA_CERTIFICATE);
}

#[test]
fn orders_are_refused_before_anything_is_done() {
    let mut authority = Authority::new();
    let date = Some(at("2026-12-24T00:00:00Z"));
    let order = |base, delta, republish, next_update| CrlPublication { base, delta, republish, next_update };
    let past = order(true, false, false, Some(at("2026-11-22T12:00:00Z")));
    for refused in [order(false, false, false, None), order(false, false, true, None), past] {
        assert_eq!(authority.order(refused).unwrap_err().code(), HResult::E_INVALIDARG, "{refused:?}");
    }
    authority.config.crl.period = Period::ZERO;
    authority.config.crl.delta_period = Period::ZERO;
    for refused in [order(true, false, false, None), order(false, true, false, None)] {
        assert_eq!(authority.order(refused).unwrap_err().code(), HResult::E_INVALIDARG, "{refused:?}");
    }
    assert_eq!(authority.memory.all_audit().len(), 0);
    assert_eq!(authority.due(), None, "nothing is scheduled");

    // With a date it can be done; delta CRLs are not made unless they are asked for.
    assert_eq!(authority.order(order(true, false, false, date)).unwrap().len(), 1);
    let list = authority.list(BASE, 0);
    assert_eq!(list.next_update(), Some(at("2026-12-24T12:20:00Z")));
    assert!(list.extension(&oid::FRESHEST_CRL).is_none());
    assert_eq!(authority.order(order(false, true, false, date)).unwrap().len(), 1);
}

#[test]
fn a_date_does_not_hold_deltas_back() {
    let authority = Authority::new();
    let order = |next: &str| CrlPublication { base: true, next_update: Some(at(next)), ..CrlPublication::default() };
    let rows = authority.order(order("2027-06-01T00:00:00Z")).unwrap();
    assert_eq!(rows[0].next_publish, at("2027-06-01T00:00:00Z"));
    assert_eq!(rows[1].next_publish, at("2026-11-23T12:00:00Z"));
    let rows = authority.order(order("2026-11-22T18:00:00Z")).unwrap();
    assert!(rows.iter().all(|row| row.next_publish == at("2026-11-22T18:00:00Z")));
}

#[test]
fn switching_deltas_off_leaves_an_empty_one() {
    let mut authority = Authority::new();
    authority.publish(true, false).unwrap();
    after(&authority, 24);
    authority.revoke(5, 1);
    authority.config.crl.delta_period = Period::ZERO;
    let rows = authority.publish(true, false).unwrap();
    assert_eq!(rows.len(), 2);
    assert!(flags(&rows[1]).contains(PublishFlags::SHADOW | PublishFlags::DELTA | PublishFlags::COMPLETE));
    let delta = authority.list(DELTA, 0);
    assert_eq!((delta.number(), delta.delta_base(), delta.entries().count()), (Some(2), Some(2), 0));
    assert_eq!(delta.next_update(), authority.list(BASE, 0).next_update());
    assert_eq!(authority.entries(BASE), [(5, Some(1))]);
    assert_eq!(authority.publish(true, false).unwrap().len(), 1, "once");
    authority.config.crl.delta_period = Period::new(1, module::moment::Unit::Days);
    assert_eq!(authority.due().unwrap().0, What::Publish { base: false, keys: None });
}

#[test]
fn expired_bytes_are_dropped_but_for_the_newest() {
    let authority = Authority::new();
    // A base a week and a delta a day, for four weeks.
    for _ in 0..28 {
        authority.run_due();
        after(&authority, 24);
    }
    let rows = authority.memory.rows();
    let kept = |kind| {
        let kept = rows.iter().filter(|row| row.kind() == kind && row.body.is_some());
        kept.map(|row| row.number).collect::<Vec<_>>()
    };
    let made = |kind| rows.iter().filter(|row| row.kind() == kind).count();
    assert_eq!((made(CrlKind::Base), made(CrlKind::Delta)), (4, 28));
    assert_eq!(kept(CrlKind::Base), [22]);
    // A delta lives a day and a half.
    assert_eq!(kept(CrlKind::Delta), [27, 28]);
    assert_eq!(authority.memory.bodies(), 3);
    assert_eq!(authority.memory.all_events().len(), 28);
}

#[test]
fn what_was_missed_is_made_up_for_at_the_start() {
    let authority = Authority::new();
    assert_eq!(authority.run_due(), [What::Publish { base: true, keys: None }]);
    assert_eq!(authority.run_due(), []);
    authority.memory.set_now(at("2026-11-23T11:59:59Z"));
    assert_eq!(authority.run_due(), []);
    authority.memory.set_now(at("2026-11-23T12:00:00Z"));
    assert_eq!(authority.run_due(), [What::Publish { base: false, keys: None }]);
    // The server stood still for a year.
    authority.memory.set_now(at("2027-11-23T12:00:00Z"));
    assert_eq!(authority.run_due(), [What::Publish { base: true, keys: None }]);
    assert_eq!((authority.list(BASE, 0).number(), authority.list(DELTA, 0).delta_base()), (Some(3), Some(3)));
    // The clock was a year ahead.
    authority.memory.set_now(at("2026-11-24T00:00:00Z"));
    assert_eq!(authority.run_due(), [What::Publish { base: true, keys: None }]);
    assert_eq!(authority.list(BASE, 0).this_update(), at("2026-11-23T23:50:00Z"));
}

#[test]
fn long_lists_go_through_scratch_and_chunks() {
    for key in [TestKey::p256(), TestKey::ed25519()] {
        let authority = Authority::with_keys(vec![key], &[(0, "2036-01-01T00:00:00Z")]);
        let many = 120_000;
        authority.memory.fill((1..=many).map(|serial| Revoked {
            key: 0,
            serial: serial << 32,
            when: at(START),
            effective: at(START),
            reason: i32::try_from(serial % 7).unwrap(),
            not_after: at("2030-01-01T00:00:00Z"),
            publish_expired: false,
        }));
        let rows = authority.publish(true, false).unwrap();
        assert!(rows[0].size > 4 * 1024 * 1024, "more than one chunk: {}", rows[0].size);
        assert_eq!(rows[0].entries, many);
        let list = authority.list(BASE, 0);
        let entries = list.entries().zip(1_u64..).all(|(entry, serial)| {
            let entry = entry.unwrap();
            let expected = Some(u8::try_from(serial % 7).unwrap()).filter(|reason| *reason != 0);
            entry.reason == expected
                && entry.serial.to_string() == format!("{:014x}", serial << 32).trim_start_matches("00")
        });
        assert!(entries);
        assert_eq!(list.entries().count() as u64, many);
    }
}
