//! Whatever the profile and whatever the request: nothing but a CA profile makes an authority, and no leaf is good for
//! everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use module::moment::{Period, Unit};
use module::profile::{CaRules, NameRules, ProfileDecision, SubjectRules};
use module::{Decision, PolicyModule, Profile};
use pki::extension::{decode_basic_constraints, decode_extended_key_usage, decode_key_usage};
use pki::{KeyUsage, oid};
use proptest::prelude::*;

use super::request::Request;
use crate::policy::DefaultPolicy;

const USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];
const EXTENDED: [&str; 6] =
    ["anyExtendedKeyUsage", "serverAuth", "clientAuth", "timeStamping", "OCSPSigning", "1.3.6.1.4.1.99999.1"];
const OIDS: [&str; 12] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.37",
    "2.5.29.30",
    "2.5.29.32",
    "2.5.29.14",
    "1.3.6.1.4.1.311.21.10",
    "2.16.840.1.113730.1.1",
    "1.3.6.1.5.5.7.1.24",
    "1.3.6.1.4.1.311.20.2",
    "1.3.6.1.4.1.99999.7",
];
const KEYS: [&str; 7] =
    ["key p256", "key p384 384", "key rsa 2048", "key rsa 4096", "key ed25519", "key ml-dsa-65 15616", "key ed448 456"];

fn words(from: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(proptest::sample::select(from).prop_map(str::to_owned), 0..4)
}

/// Profiles of which most are good: the others must be refused when the module is made.
fn profiles() -> impl Strategy<Value = Profile> {
    let usual = (words(&USAGES[..5]), words(&EXTENDED[1..3]), words(&OIDS[9..]));
    let odd = (words(&USAGES), words(&EXTENDED), words(&OIDS));
    let rest = (any::<bool>(), any::<bool>(), proptest::option::of(proptest::option::of(0..4_u32)), 1..400_u32);
    (prop_oneof![3 => usual, 1 => odd], rest).prop_map(|((key_usage, extended_key_usage, request_extensions), rest)| {
        let (resubject, add, ca, days) = rest;
        Profile {
            decision: ProfileDecision::Issue,
            key_usage,
            extended_key_usage,
            request_extensions,
            subject: SubjectRules {
                from_request: if resubject { vec!["*".into()] } else { vec!["CN".into()] },
                ..SubjectRules::default()
            },
            names: NameRules {
                dns: vec!["*".into()],
                ip: vec!["*".into()],
                add_common_name: add,
                ..NameRules::default()
            },
            ca: ca.map(|path_length| CaRules { path_length }),
            validity: Period::new(days, Unit::Days),
            ..Profile::default()
        }
    })
}

/// The lines of a request's extensions, set by the requester, by an administrator, by a module.
fn extension_lines() -> impl Strategy<Value = Vec<String>> {
    let origin = proptest::sample::select(
        &["", "critical ", "enabled ", "cmc ", "administrator ", "administrator critical ", "administrator disabled "]
            [..],
    );
    let bytes = proptest::collection::vec(any::<u8>(), 0..12).prop_map(hex::encode);
    let value = prop_oneof![
        proptest::collection::vec(proptest::sample::select(&USAGES[..]), 1..4)
            .prop_map(|words| format!("ku {}", words.join(" "))),
        proptest::collection::vec(proptest::sample::select(&EXTENDED[..]), 1..4)
            .prop_map(|words| format!("eku {}", words.join(" "))),
        proptest::sample::select(&["bc ca", "bc ca 0", "bc ca 7", "bc leaf"][..]).prop_map(str::to_owned),
        proptest::sample::select(&["san dns:a.example.org", "san ip:192.0.2.1,email:a@b.c"][..])
            .prop_map(str::to_owned),
        (proptest::sample::select(&OIDS[..10]), bytes).prop_map(|(oid, hex)| format!("ext {oid} {hex}")),
        Just("ext 2.5.29.37 3000".to_owned()),
        Just("ext 2.5.29.37 30060604551d2500".to_owned()),
        Just("ext 2.5.29.19 30030101ff".to_owned()),
    ];
    proptest::collection::vec((origin, value).prop_map(|(origin, value)| format!("{origin}{value}")), 0..6)
}

/// What a certificate of this request would be allowed to do, against what its profile may give.
fn check(profile: &Profile, request: &Request) -> Result<(), TestCaseError> {
    let row = |oid: pki::ObjectIdentifier| request.enabled(&oid.to_string()).map(|row| row.value.as_slice());
    let constraints = row(oid::BASIC_CONSTRAINTS).map(decode_basic_constraints).transpose();
    let usage = row(oid::KEY_USAGE).map(decode_key_usage).transpose();
    let extended = row(oid::EXTENDED_KEY_USAGE).map(decode_extended_key_usage).transpose();
    // What is enabled can be read: no decoder downstream sees something else.
    prop_assert!(constraints.is_ok() && usage.is_ok() && extended.is_ok(), "{request:#?}");
    let (constraints, usage, extended) = (constraints.unwrap(), usage.unwrap(), extended.unwrap());
    if profile.ca.is_some() {
        prop_assert!(constraints.unwrap().ca);
        prop_assert!(usage.unwrap().contains(KeyUsage::KEY_CERT_SIGN));
        return Ok(());
    }
    prop_assert!(!constraints.unwrap_or_default().ca, "{request:#?}");
    let signs = KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN;
    prop_assert!(!usage.unwrap_or_default().intersects(signs), "{request:#?}");
    if let Some(extended) = &extended {
        prop_assert!(!extended.is_empty() && !extended.contains(&oid::ANY_EXTENDED_KEY_USAGE), "{request:#?}");
    }
    let listed = |usage: &pki::ObjectIdentifier| {
        profile.extended_key_usage.iter().any(|word| pki::extension::extended_key_usage_oid(word) == Some(*usage))
    };
    prop_assert!(extended.as_ref().is_none_or(|usages| usages.iter().all(listed)), "{request:#?}");
    prop_assert!(extended.is_some() || profile.extended_key_usage.is_empty(), "{request:#?}");
    // Nothing else says so either.
    for oid in ["1.3.6.1.4.1.311.21.10", "2.16.840.1.113730.1.1"] {
        let theirs = request.enabled(oid).is_none_or(|row| row.flags.origin_name() == "administrator");
        prop_assert!(theirs, "{oid} {request:#?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn only_ca_profiles_make_authorities(
        profile in profiles(),
        key in proptest::sample::select(&KEYS[..]),
        lines in extension_lines(),
        subject in proptest::sample::select(&["subject CN=a.example.org", "subject O=Example", "subject CN=10.0.0.1"][..]),
        later in extension_lines(),
    ) {
        let profiles = BTreeMap::from([("p".to_owned(), profile.clone())]);
        // Profiles that would do wrong are refused before any request comes.
        let Ok(policy) = DefaultPolicy::new(Arc::new(profiles), Some("p".into())) else {
            return Ok(());
        };
        let mut all = vec![key, subject];
        all.extend(lines.iter().map(String::as_str));
        let mut request = Request::new(&all);
        if policy.verify_request(&mut request, true) == Ok(Decision::Issue) {
            check(&profile, &request)?;
        }
        // An administrator amends it and resubmits.
        let amendments: Vec<&str> =
            later.iter().map(String::as_str).filter(|line| line.starts_with("administrator")).collect();
        for extension in Request::new(&amendments).extensions {
            request.extensions.retain(|other| other.oid != extension.oid);
            request.extensions.push(extension);
        }
        if policy.verify_request(&mut request, false) == Ok(Decision::Issue) {
            check(&profile, &request)?;
        }
    }
}

#[test]
fn enough_of_the_generated_profiles_are_good() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let good = (0..500).filter(|_| {
        let profile = profiles().new_tree(&mut runner).unwrap().current();
        DefaultPolicy::new(Arc::new(BTreeMap::from([("p".to_owned(), profile)])), None).is_ok()
    });
    assert!(good.count() >= 200);
}
