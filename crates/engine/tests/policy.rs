//! What policy modules decide, and the limits that none of them can move.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use engine::{Role, Submission, right};
use jiff::{SignedDuration, ToSpan};
use module::{
    CertificateExtension, Decision, Disposition, ExtensionFlags, HResult, ModuleError, PolicyModule, PropertyType,
    ServerExit, ServerPolicy, Value,
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
