//! CRLs of a whole authority on a real database, judged by OpenSSL.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use engine::store::CrlKind;
use engine::{CrlPublication, Store as _, right};
use jiff::SignedDuration;
use module::{ExitEvent, ExitEvents, RevocationReason};
use pki::{Certificate, CertificateList, KeyAlgorithm};
use testkit::authority::{Authority, Builder, eventually};
use testkit::fault::{Fault, Kind, Side, open_quiet};
use testkit::tools;

/// Writes certificates and CRLs as PEM, the form that OpenSSL reads several of from one file.
struct Folder(PathBuf);

impl Folder {
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn issue(authority: &Authority, name: &str) -> Certificate {
    let outcome = authority.submit(name, "");
    Certificate::from_der(&outcome.certificate.expect(&outcome.message)).unwrap()
}

fn publish(authority: &Authority, base: bool) {
    let order = CrlPublication { base, delta: !base, ..CrlPublication::default() };
    let rows = authority.engine.publish_crls(&authority.by::<right::Administer>(), &order, &mut |_, _| {}).unwrap();
    assert!(rows.iter().all(|row| !row.status.is_failure()), "{rows:?}");
}

fn published(authority: &Authority, name: &str) -> CertificateList {
    CertificateList::from_der(&fs::read(authority.folder.path().join("crl").join(name)).unwrap()).unwrap()
}

/// What OpenSSL says of a certificate, at the authority's time: OK, or why not.
fn verify(authority: &Authority, ca: &Path, crls: &Path, certificate: &Path) -> String {
    let time = authority.clock.now().as_second().to_string();
    let arguments = ["verify", "-crl_check", "-extended_crl", "-use_deltas", "-attime", &time, "-CAfile"];
    let arguments = arguments.map(PathBuf::from).into_iter().chain([ca.into(), "-CRLfile".into(), crls.into()]);
    let output = tools::openssl().run(arguments.chain([certificate.to_path_buf()]));
    let wrong = output.text.lines().find(|line| line.starts_with("error")).map(str::to_owned);
    wrong.unwrap_or_else(|| if output.success { "OK".into() } else { output.text })
}

#[test]
fn openssl_takes_bases_and_deltas_of_every_kind_of_key() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519] {
        let authority = Builder::new(algorithm).open().unwrap();
        let folder = Folder(authority.folder.path().to_path_buf());
        let officer = authority.by::<right::ManageCertificates>();
        let ca = folder.write("ca.pem", &authority.engine.ca().certificates()[0].certificate.to_pem());
        let names = ["good.example", "bad.example", "held.example", "later.example"];
        let certificates = names.map(|name| issue(&authority, name));
        let paths = [0, 1, 2, 3].map(|n| folder.write(names[n], &certificates[n].to_pem()));
        let all = |crls: &Path| paths.each_ref().map(|path| verify(&authority, &ca, crls, path));
        let (ok, revoked) = ("OK", "error 23 at 0 depth lookup: certificate revoked");
        let revoke =
            |n: usize, reason| authority.engine.revoke(&officer, &certificates[n].serial(), reason, None).unwrap();

        revoke(1, RevocationReason::KeyCompromise);
        revoke(2, RevocationReason::CertificateHold);
        publish(&authority, true);
        let base = published(&authority, "Test CA.crl");
        let openssl = tools::openssl();
        let path = authority.folder.path().join("crl/Test CA.crl");
        let read = ["crl", "-inform", "DER", "-noout", "-text", "-in", path.to_str().unwrap()];
        let output = openssl.run(read.iter().copied().chain(["-CAfile", ca.to_str().unwrap()]));
        assert!(output.text.contains("verify OK"), "{algorithm}: {}", output.text);
        for expected in ["CRL Number", "X509v3 Freshest CRL", "Key Compromise", "Certificate Hold"] {
            assert!(output.text.contains(expected), "{algorithm}: {expected} in {}", output.text);
        }
        let only_base = folder.write("base.pem", &base.to_pem());
        assert_eq!(all(&only_base), [ok, revoked, revoked, ok], "{algorithm}");

        authority.clock.advance(SignedDuration::from_hours(1));
        authority.engine.release(&officer, &certificates[2].serial()).unwrap();
        revoke(3, RevocationReason::Superseded);
        publish(&authority, false);
        let delta = published(&authority, "Test CA+.crl");
        let both = folder.write("both.pem", &format!("{}{}", base.to_pem(), delta.to_pem()));
        assert_eq!(all(&both), [ok, revoked, ok, revoked], "{algorithm}");
    }
}

#[test]
fn what_was_missed_while_the_server_stood_still_is_published_at_its_start() {
    let authority = Authority::open();
    let newest = |authority: &Authority, kind| authority.engine.newest_crl(0, kind).unwrap().unwrap();
    let first = newest(&authority, CrlKind::Base);
    assert_eq!((first.number, first.min_base), (1, None));

    authority.clock.advance(SignedDuration::from_hours(30));
    let authority = authority.restart();
    eventually("the delta is published", || newest(&authority, CrlKind::Delta).number == 2);
    assert_eq!(newest(&authority, CrlKind::Base).number, 1);

    authority.clock.advance(SignedDuration::from_hours(24 * 9));
    let authority = authority.restart();
    eventually("the base is published", || newest(&authority, CrlKind::Base).number == 3);
    eventually("the publication is at its end", || newest(&authority, CrlKind::Delta).last_published.is_some());
    let base = newest(&authority, CrlKind::Base);
    let mut bytes = Vec::new();
    authority.engine.read_crl(&base).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, base.size);
    assert_eq!(bytes, published(&authority, "Test CA.crl").der());
    let expired = authority.engine.crls(&authority.by::<right::Read>(), 10).unwrap();
    let dropped: Vec<_> = expired.iter().map(|row| (row.number, row.kind(), row.body.is_some())).collect();
    assert_eq!(
        dropped,
        [
            (3, CrlKind::Base, true),
            (3, CrlKind::Delta, true),
            (2, CrlKind::Delta, false),
            (1, CrlKind::Base, false),
            (1, CrlKind::Delta, false)
        ]
    );
    assert!(authority.engine.read_crl(&expired[4]).is_err());
    let events = authority
        .engine
        .events(&authority.by::<right::Read>(), module::EventId(0), ExitEvents::CRL_ISSUED, 100)
        .unwrap();
    let numbers: Vec<_> = events.iter().map(|(event, _)| (event.kind, event.crl_number)).collect();
    assert_eq!(numbers, [1, 2, 3].map(|number| (ExitEvent::CrlIssued, Some(number))));
}

#[test]
fn what_was_published_is_answered_whatever_the_database_says_afterwards() {
    let (authority, store) = open_quiet(Builder::new(KeyAlgorithm::P256));
    // Who publishes wakes the schedule, which looks into the database too.
    store.count_this_thread();
    let next_update = Some(authority.clock.now() + SignedDuration::from_hours(24));
    let order = CrlPublication { base: true, next_update, ..CrlPublication::default() };
    let by = authority.by::<right::Administer>();
    let mut announced = 0;
    for (call, side) in (1..60).flat_map(|call| [Side::Before, Side::After].map(|side| (call, side))) {
        store.fail(Fault { call, side, kind: Kind::Error });
        let answered = authority.engine.publish_crls(&by, &order, &mut |_, _| {});
        let struck = store.struck();
        store.fail(Fault { call: u64::MAX, side, kind: Kind::Error });
        let concluded = store.value("crl-unfinished").unwrap().is_none();
        if matches!(struck, Some("event_head" | "event")) {
            announced += 1;
            assert!(concluded);
        }
        if let Ok(rows) = answered {
            let newest = authority.engine.newest_crl(0, CrlKind::Base).unwrap().unwrap();
            assert!(concluded && rows.iter().any(|row| row.number == newest.number), "call {call}");
        } else {
            assert!(!matches!(struck, Some("event_head" | "event")), "call {call}: {answered:?}");
        }
    }
    assert!(announced > 0);
}
