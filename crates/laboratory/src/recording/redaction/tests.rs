//! A redaction over the laboratory's whole cast.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use module::ExitEvent;
use pki::{CertificateList, CrlEntry};

use super::super::{Recorder, Told};
use super::*;
use crate::key::serial;
use crate::story::Story;

/// Every name that the laboratory's cast has.
const NAMES: [&str; 18] = [
    "alice",
    "Archer",
    "bob",
    "Baker",
    "carol",
    "Cooper",
    "dave",
    "Draper",
    "mallory",
    "unix:eve",
    "example.org",
    "example.net",
    "example.com",
    "corp.example",
    "Elsewhere",
    "passwd",
    "web-server",
    "1.3.6.1.4.1.55555",
];

#[test]
fn no_name_is_left_and_the_same_one_gets_the_same() {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut story = Story::new(5, now).unwrap();
    let mut redaction = Redaction::new(now).unwrap();
    let mut requesters: BTreeMap<String, String> = BTreeMap::new();
    for event in ExitEvent::ALL {
        let mut happenings = story.of(event).unwrap();
        if event == ExitEvent::CertIssued {
            happenings.push(story.strange(event).unwrap());
            happenings.push(story.huge(event).unwrap());
        }
        for happening in happenings {
            let redacted = redaction.redact(&happening).unwrap();
            let mut line = Vec::new();
            let told = Told { happening: redacted.clone(), asked: None, crls: Vec::new() };
            let authority = &happening.scene.authority;
            let mut recorder = Recorder::begin(&mut line, "Some CA", authority, None, None).unwrap();
            recorder.event::<Error>(&told, &mut |_| Ok(None)).unwrap();
            let text = String::from_utf8(line).unwrap();
            let (_, text) = text.split_once('\n').unwrap();
            // What is binary is looked at as such: among so many letters a short name comes up by itself.
            let parts = text.split("{\"base64\":\"").enumerate();
            let text: String =
                parts.map(|(at, part)| if at == 0 { part } else { part.split_once('"').unwrap().1 }).collect();
            // Also inside certificates, requests and extensions.
            let scene = format!("{:?}", redacted.scene);
            let contents = redacted.scene.contents.as_ref();
            let binaries = contents.iter().flat_map(|c| c.request.iter().chain(c.certificate.iter()));
            let mut bytes = String::new();
            for (_, value) in binaries {
                if let Value::Binary(value) = value {
                    bytes.push_str(&String::from_utf8_lossy(value));
                }
            }
            for extension in contents.iter().flat_map(|contents| &contents.extensions) {
                bytes.push_str(&String::from_utf8_lossy(&extension.value));
            }
            for name in NAMES {
                for text in [&text, &scene, &bytes] {
                    assert!(!text.contains(name), "{}: `{name}` is left in {text}", happening.title);
                }
            }
            assert_ne!(redacted.notification.hash, happening.notification.hash);
            if let (Some(was), Some(is)) = (&happening.scene.contents, contents) {
                let who = |contents: &Contents| text_of(&contents.request, "RequesterName").unwrap().to_owned();
                let known = requesters.entry(who(was)).or_insert_with(|| who(is));
                assert_eq!(*known, who(is));
                assert_eq!(was.request.value("Disposition"), is.request.value("Disposition"));
                let (asked_for, profile) =
                    (is.attribute("certificatetemplate"), text_of(&is.certificate, "CertificateTemplate"));
                assert!(asked_for.is_none() || asked_for == profile, "{}: {asked_for:?}, {profile:?}", happening.title);
                let has = |contents: &Contents| contents.certificate.value("RawCertificate").is_some();
                assert_eq!(has(was), has(is), "{}", happening.title);
            }
        }
    }
    assert!(requesters.len() > 3, "{requesters:?}");
}

#[test]
fn a_certificate_is_the_same_in_all_its_events() {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut story = Story::new(5, now).unwrap();
    let mut redaction = Redaction::new(now).unwrap();
    let happenings = story.of(ExitEvent::CertRetrievePending).unwrap();
    let serials: Vec<_> = happenings
        .iter()
        .map(|happening| {
            let redacted = redaction.redact(happening).unwrap();
            let contents = redacted.scene.contents.clone().unwrap();
            contents.certificate.value("SerialNumber").unwrap().clone()
        })
        .collect();
    assert_eq!(serials[0], serials[1]);
}

#[test]
fn a_crl_has_the_serial_numbers_of_the_certificates() {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut story = Story::new(5, now).unwrap();
    let revoked = story.one(ExitEvent::CertRevoked).unwrap();
    let number = |happening: &Happening| -> Serial {
        let contents = happening.scene.contents.as_ref().unwrap();
        text_of(&contents.certificate, "SerialNumber").unwrap().parse().unwrap()
    };
    let of = |serial| CrlEntry { serial, revoked_at: now, reason: Some(4), invalidity: None };
    let (known, stranger) = (number(&revoked), serial().unwrap());
    let entries = [of(known), of(stranger)];
    let base = story.authority().crl(7, None, &entries).unwrap();
    let delta = story.authority().crl(9, Some(7), &entries[1..]).unwrap();
    // Before the certificate and after it: whichever comes first decides.
    for crl_first in [true, false] {
        let mut redaction = Redaction::new(now).unwrap();
        let mut crls = Vec::new();
        if crl_first {
            crls.push(redaction.crl(base.der()).unwrap());
        }
        let made = number(&redaction.redact(&revoked).unwrap());
        crls.push(redaction.crl(base.der()).unwrap());
        let changed = CertificateList::from_der(&redaction.crl(delta.der()).unwrap()).unwrap();
        for crl in crls {
            let crl = CertificateList::from_der(&crl).unwrap();
            crl.verify(redaction.authority.certificate().public_key()).unwrap();
            assert_eq!((crl.number(), crl.this_update()), (base.number(), base.this_update()));
            assert_eq!(crl.next_update(), base.next_update());
            let serials: Vec<Serial> = crl.entries().map(|entry| entry.unwrap().serial).collect();
            assert_eq!((serials[0], serials.len()), (made, 2));
            assert!(!serials.contains(&known) && !serials.contains(&stranger));
            let first = changed.entries().next().unwrap().unwrap();
            assert_eq!((first.serial, first.reason, first.revoked_at), (serials[1], Some(4), now));
        }
        assert_eq!((changed.number(), changed.delta_base()), (Some(9), Some(7)));
    }
}
