//! The path of a request: outcomes, records, limits that no policy module can move, and the acts of certificate managers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use engine::store::{Column, Filter, Operand, Search};
use engine::{Caller, Error, ImportOptions, Role, Submission, right};
use jiff::{SignedDuration, ToSpan};
use module::{
    CertificateExtension, Decision, Disposition, EventId, ExitEvents, ExtensionFlags, HResult, ModuleError,
    PolicyModule, PropertyType, RevocationReason, ServerExit, ServerPolicy, Value,
};
use pki::{Certificate, KeyAlgorithm, KeyUsage};
use testkit::authority::{Authority, Builder, PolicyFn, csr, plain_policy};

/// An authority whose policy does what the plain one does, then what the test says.
fn with_policy<F>(then: F) -> Authority
where
    F: Fn(&mut dyn ServerPolicy) -> Result<Decision, ModuleError> + Send + Sync + 'static,
{
    let builder = Builder::new(KeyAlgorithm::P256);
    let plain = plain_policy();
    let policy = PolicyFn(move |server: &mut dyn ServerPolicy, new| {
        plain.verify_request(server, new)?;
        then(server)
    });
    builder.loader().policy("plain", Arc::new(policy));
    builder.open().unwrap()
}

fn extension(oid: &pki::ObjectIdentifier, value: &pki::Extension) -> CertificateExtension {
    let flags = if value.critical { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
    CertificateExtension { oid: oid.to_string(), flags, value: value.value.clone() }
}

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
fn no_policy_module_can_move_the_limits() {
    let bc = pki::oid::BASIC_CONSTRAINTS;
    let ku = pki::oid::KEY_USAGE;
    let eku = pki::oid::EXTENDED_KEY_USAGE;
    let any = pki::extension::extended_key_usage(&["2.5.29.37.0".parse().unwrap()]);
    let signing = pki::extension::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_CERT_SIGN);
    for (what, amendment) in [
        ("cA", extension(&bc, &pki::extension::basic_constraints(true, None))),
        ("keyCertSign", extension(&ku, &signing)),
        ("anyExtendedKeyUsage", extension(&eku, &any)),
        ("no usage", CertificateExtension { oid: eku.to_string(), flags: ExtensionFlags::DISABLE, value: vec![] }),
        (
            "nonsense",
            CertificateExtension { oid: ku.to_string(), flags: ExtensionFlags::empty(), value: vec![1, 2, 3] },
        ),
        (
            "a critical unknown SAN",
            CertificateExtension {
                oid: pki::oid::SUBJECT_ALT_NAME.to_string(),
                flags: ExtensionFlags::CRITICAL,
                value: vec![0x30, 0x00],
            },
        ),
    ] {
        let authority = with_policy(move |server| {
            server.set_certificate_extension(amendment.clone())?;
            Ok(Decision::Issue)
        });
        let outcome = authority.submit("www.example.org", "");
        assert_eq!(outcome.disposition, Disposition::Failed, "{what}");
        assert_eq!(outcome.certificate, None, "{what}");
    }
}

#[test]
fn no_policy_module_makes_a_certificate_without_end() {
    let comment = |bytes: usize, number: usize| CertificateExtension {
        oid: format!("1.3.6.1.4.1.99999.{number}"),
        flags: ExtensionFlags::empty(),
        value: [&[0x04, 0x82, (bytes >> 8) as u8, bytes as u8][..], &vec![0x55; bytes]].concat(),
    };
    // One that is too long is refused to the module; many that are too long together are refused to the request.
    let authority = with_policy(move |server| {
        let long = CertificateExtension { value: vec![4; 65_537], ..comment(1, 1) };
        assert_eq!(server.set_certificate_extension(long).unwrap_err().code, HResult::CERTSRV_E_ENCODING_LENGTH);
        let count = if server.request_attribute("Length").is_ok() { 3 } else { 2 };
        (1..=count).try_for_each(|number| server.set_certificate_extension(comment(30_000, number)))?;
        Ok(Decision::Issue)
    });
    let long = authority.submit("www.example.org", "Length:long");
    assert_eq!((long.disposition, long.status), (Disposition::Failed, HResult::CERTSRV_E_ENCODING_LENGTH));
    assert_eq!(authority.submit("www.example.org", "").disposition, Disposition::Issued);
}

#[test]
fn validity_can_be_shortened_and_never_stretched() {
    let authority = with_policy(|server| {
        let date =
            |server: &mut dyn ServerPolicy, name| server.certificate_property(name, PropertyType::Date)?.into_date();
        let (start, end) = (date(server, "NotBefore")?, date(server, "NotAfter")?);
        let hour = 1.hours();
        let later = end.checked_add(hour).unwrap();
        let earlier = start.checked_sub(hour).unwrap();
        assert_eq!(
            server.set_certificate_property("NotAfter", Some(later.into())).unwrap_err().code,
            HResult::E_INVALIDARG
        );
        assert_eq!(
            server.set_certificate_property("NotBefore", Some(earlier.into())).unwrap_err().code,
            HResult::E_INVALIDARG
        );
        assert!(server.set_certificate_property("NotAfter", None).is_err());
        server.set_certificate_property("NotAfter", Some(end.checked_sub(hour).unwrap().into()))?;
        assert!(server.set_certificate_property("NotAfter", Some(end.into())).is_err(), "it may only move one way");
        Ok(Decision::Issue)
    });
    let outcome = authority.submit("www.example.org", "");
    let certificate = Certificate::from_der(&outcome.certificate.unwrap()).unwrap();
    let now = authority.clock.now();
    let ninety_days_less_an_hour = now.checked_add(SignedDuration::from_hours(90 * 24 - 1)).unwrap();
    assert_eq!(certificate.not_after(), ninety_days_less_an_hour);
    assert_eq!(certificate.not_before(), now.checked_sub(SignedDuration::from_mins(10)).unwrap());
}

#[test]
fn what_policy_writes_is_what_is_issued_and_stays_with_a_pending_request() {
    let authority = with_policy(|server| {
        server.set_certificate_property("Subject.Organization", Some(Value::from("Example Ltd")))?;
        server.set_certificate_property("OU", Some(Value::from("One\nTwo")))?;
        server.set_certificate_property("GeneralFlags", Some(Value::Long(0x40)))?;
        for (name, value) in [
            ("SerialNumber", Value::from("00")),
            ("Request.RequesterName", Value::from("x")),
            ("RawCRL.0", Value::Binary(vec![])),
            ("CommonName", Value::Long(1)),
            ("CommonName", Value::from("x".repeat(65))),
            ("Nonsense", Value::from("x")),
        ] {
            let error = server.set_certificate_property(name, Some(value)).unwrap_err();
            assert_eq!(error.code, HResult::E_INVALIDARG, "{name}");
        }
        match server.request_attribute("second-look") {
            Ok(_) => Ok(Decision::Issue),
            Err(_) => Ok(Decision::Pend { message: "second look".into() }),
        }
    });
    let officer = authority.by::<right::ManageCertificates>();
    let pending = authority.submit("www.example.org", "");
    assert_eq!(pending.disposition, Disposition::Pending);
    authority.engine.set_attributes(&officer, pending.request, "Second-Look: yes").unwrap();
    let custom =
        CertificateExtension { oid: "1.3.6.1.4.1.99999.1".into(), flags: ExtensionFlags::empty(), value: vec![5, 0] };
    authority.engine.set_extension(&officer, pending.request, custom).unwrap();
    let issued = authority.engine.approve(&officer, pending.request).unwrap();
    assert_eq!(issued.disposition, Disposition::Issued, "{}", issued.message);
    let certificate = Certificate::from_der(&issued.certificate.unwrap()).unwrap();
    assert_eq!(certificate.subject().to_string(), "CN=www.example.org,OU=One,OU=Two,O=Example Ltd");
    assert!(certificate.extensions().iter().any(|extension| extension.oid.to_string() == "1.3.6.1.4.1.99999.1"));
    let stored = authority.engine.request(&authority.by::<right::Read>(), pending.request).unwrap();
    assert_eq!(stored.message, "Resubmitted by test:everyone");
    assert_eq!(stored.properties["GeneralFlags"], "64");
    let row = stored.body.extensions.iter().find(|extension| extension.oid == "1.3.6.1.4.1.99999.1").unwrap();
    assert_eq!(row.flags.origin(), ExtensionFlags::ORIGIN_ADMIN);
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
fn the_most_restrictive_policy_wins_and_a_failing_one_never_issues() {
    let authority = Authority::open();
    let administrator = authority.by::<right::Administer>();
    let install = |name: &str, kind: &str| engine::NewModule {
        name: name.into(),
        kind: kind.into(),
        role: module::Role::Policy,
        settings: module::Settings::default(),
        options: engine::store::ModuleOptions::default(),
        start: engine::StartFrom::Now,
        position: None,
    };
    let deny = PolicyFn(|_: &mut dyn ServerPolicy, _| Ok(Decision::deny(HResult::E_ACCESSDENIED, "not on a Sunday")));
    authority.loader.policy("deny", Arc::new(deny));
    authority.engine.add_module(&administrator, install("sunday", "deny")).unwrap();
    let outcome = authority.submit("www.example.org", "");
    assert_eq!((outcome.disposition, outcome.status), (Disposition::Denied, HResult::E_ACCESSDENIED));
    assert_eq!(outcome.message, "Denied by Policy Module: not on a Sunday");
    authority.engine.disable_module(&administrator, "sunday").unwrap();
    assert_eq!(authority.submit("www.example.org", "").disposition, Disposition::Issued);

    let broken =
        PolicyFn(|_: &mut dyn ServerPolicy, _| Err(ModuleError::new(HResult::E_FAIL, "the directory is down")));
    authority.loader.policy("broken", Arc::new(broken));
    authority.engine.add_module(&administrator, install("broken", "broken")).unwrap();
    assert_eq!(authority.submit("www.example.org", "").disposition, Disposition::Failed);
    authority.engine.remove_module(&administrator, "broken").unwrap();
    authority.engine.remove_module(&administrator, "plain").unwrap();
    authority.engine.remove_module(&administrator, "sunday").unwrap();
    let outcome = authority.submit("www.example.org", "");
    assert_eq!(
        (outcome.disposition, outcome.certificate),
        (Disposition::Failed, None),
        "nobody decides: nothing is issued"
    );
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
fn every_supported_property_can_be_read() {
    let authority = with_policy(|server| {
        // Everything in the table is either read, or known to be empty at this point: never unknown, never unread.
        for property in module::property::PROPERTIES {
            let value = match property.scope {
                module::property::Scope::Request => server.request_property(property.name, property.kind),
                _ => server.certificate_property(property.name, property.kind),
            };
            if let Err(error) = value {
                let expected = [HResult::CERTSRV_E_PROPERTY_EMPTY, HResult::ERROR_FILE_NOT_FOUND];
                assert!(expected.contains(&error.code), "{}: {error}", property.name);
            }
        }
        assert_eq!(server.certificate_property("CAType", PropertyType::Long), Ok(Value::Long(3)));
        assert_eq!(server.certificate_property("ValidityPeriod", PropertyType::String), Ok(Value::from("Days")));
        assert_eq!(server.request_property("CN", PropertyType::String), Ok(Value::from("www.example.org")));
        assert!(server.certificate_property("RawCRL.0", PropertyType::Binary).is_ok());
        assert_eq!(
            server.certificate_property("RawCRL.7", PropertyType::Binary).unwrap_err().code,
            HResult::E_INVALIDARG
        );
        assert!(server.certificate_property("SerialNumber", PropertyType::String).is_err());
        Ok(Decision::Issue)
    });
    assert_eq!(authority.submit("www.example.org", "").disposition, Disposition::Issued);
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

#[test]
fn nothing_is_issued_in_the_authoritys_own_name() {
    let authority = with_policy(|server| {
        // The same name to whoever compares names as RFC 5280 7.1 says.
        server.set_certificate_property("CommonName", Some(Value::from("TEST  ca")))?;
        server.set_certificate_property("Organization", Some(Value::from("example")))?;
        Ok(Decision::Issue)
    });
    let outcome = authority.submit("www.example.org", "");
    assert_eq!((outcome.disposition, outcome.status), (Disposition::Failed, HResult::CERTSRV_E_BAD_REQUESTSUBJECT));
}

#[test]
fn an_authority_below_keeps_the_usages_of_its_profile() {
    let builder = Builder::new(KeyAlgorithm::P256).config(|config| {
        let profile = config.profiles.get_mut("sub-ca").unwrap();
        profile.extended_key_usage = vec!["serverAuth".into()];
        config.default_profile = Some("sub-ca".into());
    });
    let policy = PolicyFn(|server: &mut dyn ServerPolicy, _| {
        let usage = pki::extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN);
        let constraints = pki::extension::basic_constraints(true, Some(0));
        server.set_certificate_extension(extension(&pki::oid::KEY_USAGE, &usage))?;
        server.set_certificate_extension(extension(&pki::oid::BASIC_CONSTRAINTS, &constraints))?;
        if server.request_attribute("Limited").is_ok() {
            let server_auth = pki::extension::extended_key_usage_oid("serverAuth").unwrap();
            let usages = pki::extension::extended_key_usage(&[server_auth]);
            server.set_certificate_extension(extension(&pki::oid::EXTENDED_KEY_USAGE, &usages))?;
        }
        Ok(Decision::Issue)
    });
    builder.loader().policy("plain", Arc::new(policy));
    let authority = builder.open().unwrap();
    let limited = authority.submit("below.example.org", "Limited:yes");
    assert_eq!(limited.disposition, Disposition::Issued, "{}", limited.message);
    assert_eq!(authority.submit("below.example.org", "").disposition, Disposition::Failed);
}

#[test]
fn a_certificate_manager_by_group_is_an_officer_to_policy() {
    let officer = |groups: &[&str]| {
        let builder = Builder::new(KeyAlgorithm::P256).config(|config| {
            let names = ["group:officers".to_owned()];
            config.roles.members.get_mut(&Role::CertificateManager).unwrap().extend(names);
        });
        let policy = PolicyFn(|server: &mut dyn ServerPolicy, _| {
            let officer = server.request_property("Officer", PropertyType::Long)?.into_long()?;
            Ok(Decision::Pend { message: format!("officer {officer}") })
        });
        builder.loader().policy("plain", Arc::new(policy));
        let authority = builder.open().unwrap();
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let caller = engine::Caller { name: "test:enrollee".into(), groups };
        let by = authority.engine.authority().authorise::<right::Enrol>(&caller).unwrap();
        let submission = Submission { request: csr("www.example.org"), ..Submission::default() };
        authority.engine.submit(&by, submission).unwrap().message
    };
    assert_eq!(officer(&[]), "Taken Under Submission: officer 0");
    assert_eq!(officer(&["group:officers"]), "Taken Under Submission: officer 1");
}

#[test]
fn a_policy_module_is_shut_down_when_its_last_request_is_decided() {
    let builder = Builder::new(KeyAlgorithm::P256);
    let module = Arc::new(Watched { plain: plain_policy(), asked: Barrier::new(2), stopped: AtomicUsize::new(0) });
    builder.loader().policy("plain", Arc::clone(&module) as Arc<dyn PolicyModule>);
    let authority = builder.open().unwrap();
    std::thread::scope(|scope| {
        let outcome = scope.spawn(|| authority.submit("www.example.org", ""));
        module.asked.wait();
        let administrator = authority.by::<right::Administer>();
        authority.engine.set_module(&administrator, "plain", Vec::new(), None).unwrap();
        assert_eq!(module.stopped.load(Ordering::SeqCst), 0);
        module.asked.wait();
        assert_eq!(outcome.join().unwrap().disposition, Disposition::Issued);
    });
    assert_eq!(module.stopped.load(Ordering::SeqCst), 1);
    authority.close();
    assert_eq!(module.stopped.load(Ordering::SeqCst), 2);
}

/// A policy module that is held up in its call, and counts how often it is shut down.
struct Watched {
    plain: Arc<dyn PolicyModule>,
    asked: Barrier,
    stopped: AtomicUsize,
}

impl PolicyModule for Watched {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.plain.initialize(ca, server)
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        self.asked.wait();
        self.asked.wait();
        self.plain.verify_request(server, new)
    }

    fn description(&self) -> String {
        "watched".into()
    }

    fn shut_down(&self) {
        self.stopped.fetch_add(1, Ordering::SeqCst);
    }
}
