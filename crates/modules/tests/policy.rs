//! The default policy module in a real authority: what it decides is issued, passes the lint and the engine's limits,
//! and what an officer changes in between survives.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Caller, Outcome, Submission, right};
use jiff::{SignedDuration, ToSpan};
use module::profile::ProfileDecision;
use module::{CertificateExtension, Disposition, ExtensionFlags, HResult, Profile};
use modules::policy::DefaultPolicy;
use modules::policy::presets::PRESETS;
use pki::{Certificate, Extension, KeyAlgorithm, KeyUsage, extension, oid};
use testkit::authority::{Authority, Builder};
use testkit::ca::RequestBuilder;

/// An authority with these profiles, judged by the default policy module.
fn authority(profiles: BTreeMap<String, Profile>) -> Authority {
    let policy = DefaultPolicy::new(Arc::new(profiles.clone()), None).unwrap();
    let builder = Builder::new(KeyAlgorithm::P256).config(|config| {
        config.profiles = profiles;
        config.default_profile = None;
        config.validity_max = "20y".parse().unwrap();
    });
    builder.loader().policy("plain", Arc::new(policy));
    builder.open().unwrap()
}

fn profiles(toml: &str) -> BTreeMap<String, Profile> {
    let mut document: BTreeMap<String, BTreeMap<String, Profile>> = toml::from_str(toml).unwrap();
    document.remove("profiles").unwrap()
}

/// The presets, which issue at once.
fn presets() -> BTreeMap<String, Profile> {
    let all: String = PRESETS.iter().map(|preset| preset.toml).collect();
    let mut profiles = profiles(&all);
    profiles.values_mut().for_each(|profile| profile.decision = ProfileDecision::Issue);
    profiles
}

fn submit(authority: &Authority, profile: &str, request: &RequestBuilder, attributes: &str) -> Outcome {
    let submission = Submission {
        request: request.build(),
        attributes: attributes.into(),
        profile: (!profile.is_empty()).then(|| profile.to_owned()),
        requester: None,
    };
    authority.engine.submit(&authority.by::<right::Enrol>(), submission).unwrap()
}

#[track_caller]
fn issued(outcome: Outcome) -> Certificate {
    assert_eq!(outcome.disposition, Disposition::Issued, "{}", outcome.message);
    Certificate::from_der(&outcome.certificate.unwrap()).unwrap()
}

#[track_caller]
fn denied(outcome: Outcome, code: HResult, text: &str) {
    assert_eq!((outcome.disposition, outcome.status), (Disposition::Denied, code), "{}", outcome.message);
    assert!(outcome.message.contains(text), "{}", outcome.message);
}

#[test]
fn every_preset_issues_for_every_key_it_takes() {
    let profiles = presets();
    let authority = authority(profiles.clone());
    let mut count = 0;
    for algorithm in KeyAlgorithm::ALL {
        for (name, profile) in &profiles {
            let request = RequestBuilder::new(algorithm, "CN=www.example.org,O=Example,C=DE");
            let request = match name.as_str() {
                "tls-server" => request.san("dns:www.example.org").san("dns:example.net"),
                "email" => request.san("email:alice@example.org"),
                _ => request,
            };
            let outcome = submit(&authority, name, &request, "");
            let refused = outcome.status == HResult::CERTSRV_E_KEY_LENGTH;
            let word =
                algorithm.as_str().replace("rsa-2048", "rsa").replace("rsa-3072", "rsa").replace("rsa-4096", "rsa");
            let short = algorithm == KeyAlgorithm::Rsa2048 && profile.keys.rsa_bits_min > 2048;
            assert_eq!(
                refused,
                short || !profile.keys.algorithms.contains(&word),
                "{name} {algorithm}: {}",
                outcome.message
            );
            if refused {
                continue;
            }
            let certificate = issued(outcome);
            count += 1;
            assert_eq!(certificate.is_ca(), name == "sub-ca", "{name} {algorithm}");
            let usage = certificate.key_usage().unwrap();
            assert_eq!(usage.contains(KeyUsage::KEY_CERT_SIGN), name == "sub-ca", "{name} {algorithm}");
            let usages = certificate.extended_key_usage().unwrap();
            assert_eq!(usages.len(), usize::from(name != "sub-ca"), "{name} {algorithm}");
        }
    }
    assert!(count > 35, "{count}");
}

#[test]
fn what_a_request_brings_along_is_weighed() {
    let authority = authority(profiles(
        r#"
        [profiles.web]
        decision = "issue"
        extended_key_usage = ["serverAuth"]
        validity = "30d"
        subject = { fixed = { Organization = "Example" } }
        names = { dns = ["**.example.org"] }
        request_extensions = ["1.3.6.1.5.5.7.1.24"]
        "#,
    ));
    let request = RequestBuilder::new(KeyAlgorithm::P256, "CN=Eve,O=Evil,OU=Hill")
        .san("dns:a.example.org")
        .extension(extension::basic_constraints(true, None))
        .extension(extension::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN))
        .extension(extension::extended_key_usage(&[oid::ANY_EXTENDED_KEY_USAGE]))
        .extension(Extension::new(oid::TLS_FEATURE, vec![0x30, 3, 2, 1, 5]))
        .extension(Extension::critical("1.3.6.1.4.1.99999.1".parse().unwrap(), vec![5, 0]));

    // The name of the profile in any case, by an attribute; a shorter validity.
    let outcome =
        submit(&authority, "", &request, "CertificateTemplate:WEB\nValidityPeriod:Days\nValidityPeriodUnits:5");
    let stored = authority.engine.request(&authority.by::<right::Read>(), outcome.request).unwrap();
    assert_eq!(stored.profile.as_deref(), Some("web"));
    let certificate = issued(outcome);
    assert_eq!(certificate.subject().to_string(), "O=Example");
    assert_eq!(certificate.subject_alt_names().unwrap(), ["dns:a.example.org".parse().unwrap()]);
    assert!(!certificate.extension(&oid::SUBJECT_ALT_NAME).unwrap().critical);
    assert!(certificate.extension(&oid::BASIC_CONSTRAINTS).is_none());
    assert_eq!(certificate.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(certificate.extended_key_usage().unwrap(), [oid::SERVER_AUTH]);
    assert!(certificate.extension(&oid::TLS_FEATURE).is_some());
    assert!(certificate.extension(&"1.3.6.1.4.1.99999.1".parse().unwrap()).is_none());
    assert_eq!(certificate.not_after(), certificate.not_before().checked_add((5 * 24).hours()).unwrap());

    // As long as the profile says, counted from now and not from the skewed start.
    let certificate = issued(submit(&authority, "Web", &request, ""));
    let month = authority.clock.now().checked_add(SignedDuration::from_hours(30 * 24)).unwrap();
    assert_eq!(certificate.not_after(), month);

    denied(
        submit(&authority, "web", &request.clone().san("dns:evil.example"), ""),
        HResult::CERT_E_INVALID_NAME,
        "evil",
    );
    denied(submit(&authority, "other", &request, ""), HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE, "`web`");
    denied(submit(&authority, "", &request, ""), HResult::CERTSRV_E_NO_CERT_TYPE, "`web`");
    let conflict = submit(&authority, "web", &request, "CertificateTemplate:other");
    assert_eq!(conflict.disposition, Disposition::Failed);
    assert_eq!(conflict.status, HResult::CERTSRV_E_TEMPLATE_CONFLICT);
}

#[test]
fn an_officer_amends_and_approves() {
    let authority = authority(profiles(
        r#"
        [profiles.web]
        extended_key_usage = ["serverAuth", "clientAuth"]
        subject = { from_request = ["CommonName"] }
        names = { dns = ["**.example.org"] }
        "#,
    ));
    let request = RequestBuilder::new(KeyAlgorithm::P256, "CN=a,OU=dropped").san("dns:a.example.org");
    let officer = authority.by::<right::ManageCertificates>();
    let pending = submit(&authority, "web", &request, "");
    assert_eq!(pending.disposition, Disposition::Pending, "{}", pending.message);
    let set = |extension: Extension| {
        let flags = if extension.critical { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
        let extension = CertificateExtension { oid: extension.oid.to_string(), flags, value: extension.value };
        authority.engine.set_extension(&officer, pending.request, extension).unwrap();
    };
    set(extension::subject_alt_name(&["dns:elsewhere.example".parse().unwrap()]).unwrap());
    set(extension::extended_key_usage(&[oid::CLIENT_AUTH]));
    authority.engine.set_attributes(&officer, pending.request, "ExpirationDate:Tue, 01 Dec 2026 12:00:00 GMT").unwrap();

    let certificate = issued(authority.engine.approve(&officer, pending.request).unwrap());
    assert_eq!(certificate.subject().to_string(), "CN=a");
    assert_eq!(certificate.subject_alt_names().unwrap(), ["dns:elsewhere.example".parse().unwrap()]);
    assert_eq!(certificate.extended_key_usage().unwrap(), [oid::CLIENT_AUTH]);
    assert_eq!(certificate.not_after().to_string(), "2026-12-01T12:00:00Z");

    // Untouched, it is issued as it was judged.
    let pending = submit(&authority, "web", &request, "");
    let certificate = issued(authority.engine.approve(&officer, pending.request).unwrap());
    assert_eq!(certificate.subject_alt_names().unwrap(), ["dns:a.example.org".parse().unwrap()]);
}

#[test]
fn groups_open_a_profile() {
    let authority = authority(profiles(
        r#"
        [profiles.ours]
        decision = "issue"
        requesters = ["test-group:web"]
        subject = { from_request = ["CommonName"] }
        "#,
    ));
    let submit = |groups: &[&str]| {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let caller = Caller { name: "test:everyone".into(), groups };
        let by = authority.engine.authority().authorise::<right::Enrol>(&caller).unwrap();
        let request = RequestBuilder::new(KeyAlgorithm::P256, "CN=a").build();
        let submission = Submission { request, profile: Some("ours".into()), ..Submission::default() };
        authority.engine.submit(&by, submission).unwrap()
    };
    issued(submit(&["test-group:other", "test-group:web"]));
    denied(submit(&["test-group:other"]), HResult::CERTSRV_E_TEMPLATE_DENIED, "`test:everyone` may not use");
    denied(submit(&[]), HResult::CERTSRV_E_TEMPLATE_DENIED, "another");
}
