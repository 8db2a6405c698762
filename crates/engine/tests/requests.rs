//! The path of a request: outcomes, records, and the acts of certificate managers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::Barrier;

use engine::store::{Column, Filter, Operand, Search};
use engine::{Caller, Error, ImportOptions, Role, Submission, right};
use jiff::SignedDuration;
use module::{Disposition, EventId, ExitEvents, HResult, RevocationReason};
use pki::{Certificate, KeyAlgorithm, KeyUsage};
use testkit::authority::{Authority, Builder, csr};

#[test]
fn every_key_algorithm_issues_certificates_that_verify() {
    for algorithm in KeyAlgorithm::ALL {
        let authority = Builder::new(algorithm).open().unwrap();
        let outcome = authority.submit("www.example.org", "");
        assert_eq!(outcome.disposition, Disposition::Issued, "{algorithm}: {}", outcome.message);
        let certificate = Certificate::from_der(&outcome.certificate.unwrap()).unwrap();
        let ca = authority.engine.ca();
        certificate.verify(ca.certificates()[0].certificate.public_key()).unwrap();
        assert_eq!(certificate.subject().to_string(), "CN=www.example.org");
        assert!(certificate.serial().as_bytes().len() == 20, "158 random bits");
        assert_eq!(certificate.authority_key_identifier().unwrap(), ca.certificates()[0].key_identifier);
    }
}

#[test]
fn what_cannot_be_read_is_recorded_as_failed() {
    let authority = Authority::open();
    let by = authority.by::<right::Enrol>();
    let mut forged = csr("www.example.org");
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for (request, status) in [
        (b"not a request at all!".to_vec(), HResult::CRYPT_E_INVALID_MSG_TYPE),
        (vec![0x30, 0x03, 0x04, 0x01, 0x00], HResult::ERROR_INVALID_DATA),
        (forged, HResult::NTE_BAD_SIGNATURE),
    ] {
        let outcome = authority.engine.submit(&by, Submission { request, ..Submission::default() }).unwrap();
        assert_eq!((outcome.disposition, outcome.status), (Disposition::Failed, status), "{}", outcome.message);
        let stored = authority.engine.request(&authority.by::<right::Read>(), outcome.request).unwrap();
        assert!(!stored.body.raw.is_empty());
        assert_eq!(stored.message, outcome.message);
    }
    let key = b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n".to_vec();
    let outcome = authority.engine.submit(&by, Submission { request: key, ..Submission::default() }).unwrap();
    assert!(outcome.message.contains("private key"), "{}", outcome.message);
    let stored = authority.engine.request(&authority.by::<right::Read>(), outcome.request).unwrap();
    assert!(stored.body.raw.is_empty(), "somebody's private key is not kept");

    let empty = authority.engine.submit(&by, Submission::default());
    assert!(matches!(empty, Err(Error::Refused { .. })));
    let huge = authority.engine.submit(&by, Submission { request: vec![0; 1 << 20], ..Submission::default() });
    assert!(matches!(huge, Err(Error::Refused { .. })));
}

#[test]
fn requesting_for_somebody_else_takes_a_certificate_manager() {
    let authority = Authority::open();
    let submission =
        || Submission { request: csr("a.example"), requester: Some("unix:bob".into()), ..Submission::default() };
    let enrollee = authority.only::<right::Enrol>(Role::Enrollee).unwrap();
    assert!(matches!(authority.engine.submit(&enrollee, submission()), Err(Error::AccessDenied(_))));
    let outcome = authority.engine.submit(&authority.by::<right::Enrol>(), submission()).unwrap();
    let stored = authority.engine.request(&authority.by::<right::Read>(), outcome.request).unwrap();
    assert_eq!((stored.requester.as_str(), stored.caller.as_str()), ("unix:bob", "test:everyone"));
}

#[test]
fn what_was_not_pending_cannot_be_changed() {
    let authority = Authority::open();
    let officer = authority.by::<right::ManageCertificates>();
    let issued = authority.submit("www.example.org", "").request;
    let status = |error: Error| error.code();
    let bad = HResult::CERTSRV_E_BAD_REQUESTSTATUS;
    assert_eq!(status(authority.engine.approve(&officer, issued).unwrap_err()), bad);
    assert_eq!(status(authority.engine.deny(&officer, issued).unwrap_err()), bad);
    assert_eq!(status(authority.engine.set_attributes(&officer, issued, "a:b").unwrap_err()), bad);
    let missing = module::RequestId(1 << 40);
    assert!(matches!(authority.engine.approve(&officer, missing), Err(Error::NotFound(_))));

    let denied = authority.submit("denied.example.org", "Disposition:Deny").request;
    let manager_only = authority.only::<right::ManageCertificates>(Role::CertificateManager).unwrap();
    assert_eq!(status(authority.engine.approve(&manager_only, denied).unwrap_err()), bad);
    assert_eq!(authority.engine.approve(&officer, denied).unwrap().disposition, Disposition::Denied);
    let failed = authority.submit("failed.example.org", "Disposition:Fail").request;
    assert_eq!(status(authority.engine.approve(&officer, failed).unwrap_err()), bad);
}

#[test]
fn revocation_follows_the_contract() {
    let authority = Authority::open();
    let officer = authority.by::<right::ManageCertificates>();
    let reader = authority.by::<right::Read>();
    let outcome = authority.submit("www.example.org", "");
    let serial = Certificate::from_der(&outcome.certificate.unwrap()).unwrap().serial();
    let invalid = HResult::ERROR_INVALID_DATA;

    assert_eq!(authority.engine.release(&officer, &serial).unwrap_err().code(), invalid);
    let ahead = authority.clock.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    authority.engine.revoke(&officer, &serial, RevocationReason::CertificateHold, Some(ahead)).unwrap();
    assert!(authority.engine.is_valid(&reader, &serial).unwrap(), "the date lies ahead");
    authority.clock.advance(SignedDuration::from_hours(2));
    assert!(!authority.engine.is_valid(&reader, &serial).unwrap());
    let released = authority.engine.release(&officer, &serial).unwrap();
    assert_eq!((released.disposition, released.revocation.unwrap().reason), (Disposition::Issued, -1));
    authority.engine.revoke(&officer, &serial, RevocationReason::KeyCompromise, None).unwrap();
    let again = authority.engine.revoke(&officer, &serial, RevocationReason::CertificateHold, None);
    assert_eq!(again.unwrap_err().code(), invalid);
    let changed = authority.engine.revoke(&officer, &serial, RevocationReason::Superseded, None).unwrap();
    assert_eq!(changed.revocation.unwrap().reason, 4);
    assert_eq!(authority.engine.release(&officer, &serial).unwrap_err().code(), invalid);
    let unknown = pki::Serial::from_bytes(&[1, 2, 3]).unwrap();
    assert!(matches!(
        authority.engine.revoke(&officer, &unknown, RevocationReason::Unspecified, None),
        Err(Error::NotFound(_))
    ));
}

#[test]
fn certificates_are_imported_by_the_contracts_table() {
    let here = Authority::open();
    let elsewhere = Authority::open();
    let officer = here.by::<right::ManageCertificates>();
    let foreign = elsewhere.submit("foreign.example.org", "").certificate.unwrap();
    let own = here.submit("own.example.org", "").certificate.unwrap();

    let refused = here.engine.import(&officer, &foreign, ImportOptions::default()).unwrap_err();
    assert_eq!(refused.code(), HResult::CERT_E_ISSUERCHAINING);
    let allow = ImportOptions { foreign: true, existing_row: false };
    let first = here.engine.import(&officer, &foreign, allow).unwrap();
    assert_eq!(first.disposition, Disposition::Foreign);
    let second = here.engine.import(&officer, &foreign, allow).unwrap();
    assert_eq!(second.request, first.request);
    let known = here.engine.import(&officer, &own, ImportOptions::default()).unwrap_err();
    assert_eq!(known.code(), HResult::ERROR_OBJECT_EXISTS);
    assert_eq!(here.engine.import(&officer, b"rubbish", allow).unwrap_err().code(), HResult::ERROR_INVALID_DATA);
}

#[test]
fn requests_are_found_by_any_property() {
    let authority = Authority::open();
    let reader = authority.by::<right::Read>();
    for n in 0..5 {
        authority.submit(&format!("host{n}.example.org"), "");
    }
    authority.submit("waiting.example.org", "Disposition:Pending");
    let find = |filters: &[&str]| {
        let filters = filters.iter().map(|text| Filter::parse(text).unwrap()).collect();
        authority.engine.search(&reader, &Search { filters, limit: 100, ..Search::default() }).unwrap().rows
    };
    assert_eq!(find(&[]).len(), 6);
    assert_eq!(find(&["disposition=pending"]).len(), 1);
    assert_eq!(find(&["CommonName=host3.example.org"]).len(), 1);
    assert_eq!(find(&["SubjectAltName~=HOST"]).len(), 5);
    assert_eq!(find(&["disposition=issued", "NotAfter>2026-12-01"]).len(), 5);
    assert_eq!(find(&["DistinguishedName^=cn=host1"]).len(), 1);
    assert_eq!(find(&["RequesterName=nobody"]).len(), 0);
    let none =
        Search { filters: vec![Filter::equal(Column::RequestId, Operand::Number(1))], limit: 0, ..Search::default() };
    assert!(authority.engine.search(&reader, &none).is_err());
}

#[test]
fn a_requester_sees_only_what_is_its_own() {
    let authority = Authority::open();
    let outcome = authority.submit("www.example.org", "");
    let other = authority.only::<right::Enrol>(Role::Enrollee).unwrap();
    assert!(matches!(authority.engine.retrieve(&other, outcome.request), Err(Error::NotFound(_))));
    let own = authority.engine.retrieve(&authority.by::<right::Enrol>(), outcome.request).unwrap();
    assert_eq!(own.certificate, outcome.certificate);
}

#[test]
fn whoever_fetches_a_certificate_again_and_again_leaves_one_event_behind() {
    let authority = Authority::open();
    let pending = authority.submit("www.example.org", "Disposition:Pending").request;
    let own = authority.by::<right::Enrol>();
    let manager = authority.only::<right::Enrol>(Role::CertificateManager).unwrap();
    assert_eq!(authority.engine.retrieve(&own, pending).unwrap().certificate, None);
    authority.clock.advance(SignedDuration::from_secs(1));
    authority.engine.approve(&authority.by::<right::ManageCertificates>(), pending).unwrap();
    let before = authority.engine.request(&authority.by::<right::Read>(), pending).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let outcome = authority.engine.retrieve(&own, pending).unwrap();
                    assert_eq!(outcome.certificate, before.body.certificate);
                }
            });
        }
    });
    let raised = || {
        let wanted = ExitEvents::CERT_RETRIEVE_PENDING;
        authority.engine.events(&authority.by::<right::Read>(), EventId(0), wanted, 100).unwrap().len()
    };
    assert_eq!(raised(), 1);
    let audit = authority.engine.audit(&authority.by::<right::Audit>(), 0, 1_000).unwrap();
    assert_eq!(audit.iter().filter(|entry| entry.code == 5_000).count(), 1);
    // Somebody else who may is noted too.
    (0..3).for_each(|_| drop(authority.engine.retrieve(&manager, pending).unwrap()));
    assert_eq!(raised(), 2);
    // Nor does a restart forget it.
    let authority = authority.restart();
    authority.engine.retrieve(&authority.by::<right::Enrol>(), pending).unwrap();
    let request = authority.engine.request(&authority.by::<right::Read>(), pending).unwrap();
    assert_eq!(request.version, before.version + 2);
    assert_eq!(request.properties["RetrievedBy"].lines().last(), Some("test:certificate-manager"));
}

#[test]
fn however_many_fetch_a_certificate_at_once_each_gets_it_and_the_first_are_noted() {
    const CALLERS: usize = 40;
    let authority = Authority::open();
    let pending = authority.submit("www.example.org", "Disposition:Pending").request;
    authority.clock.advance(SignedDuration::from_secs(1));
    authority.engine.approve(&authority.by::<right::ManageCertificates>(), pending).unwrap();
    let at_once = Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        for n in 0..CALLERS {
            let caller = Caller { name: format!("test:manager-{n}"), groups: vec!["test:everyone".into()] };
            let by = authority.engine.authority().authorise::<right::Enrol>(&caller).unwrap();
            let (engine, at_once) = (&authority.engine, &at_once);
            scope.spawn(move || {
                at_once.wait();
                assert!(engine.retrieve(&by, pending).unwrap().certificate.is_some());
            });
        }
    });
    let wanted = ExitEvents::CERT_RETRIEVE_PENDING;
    let raised = authority.engine.events(&authority.by::<right::Read>(), EventId(0), wanted, 100).unwrap().len();
    assert_eq!(raised, 32);
}

#[test]
fn a_request_that_waited_is_issued_under_the_ca_certificate_of_the_day() {
    let authority = Authority::open();
    let pending = authority.submit("www.example.org", "Disposition:Pending");
    // Renewed with a key identifier of another making, as a parent authority may choose.
    let ca = authority.engine.ca();
    let before = &ca.certificates()[0].certificate;
    let tbs = pki::TbsCertificate {
        serial: pki::Serial::from_bytes(&[0x4e; 16]).unwrap(),
        signature: authority.signer.algorithm(),
        issuer: before.subject().clone(),
        not_before: before.not_before(),
        not_after: before.not_after(),
        subject: before.subject().clone(),
        public_key: before.public_key().clone(),
        extensions: vec![
            pki::extension::basic_constraints(true, None),
            pki::extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
            pki::extension::subject_key_identifier(&[7; 20]),
        ],
    };
    let der = tbs.to_der().unwrap();
    let renewed = pki::assemble(&der, authority.signer.algorithm(), &authority.signer.sign(&der).unwrap());
    authority.engine.install_ca_certificate(&authority.by::<right::Administer>(), &renewed, &[]).unwrap();

    let issued = authority.engine.approve(&authority.by::<right::ManageCertificates>(), pending.request).unwrap();
    assert_eq!(issued.disposition, Disposition::Issued, "{}", issued.message);
    let certificate = Certificate::from_der(&issued.certificate.unwrap()).unwrap();
    assert_eq!(certificate.authority_key_identifier().unwrap(), [7; 20]);
}
