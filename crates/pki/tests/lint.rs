//! The lint: what is sound has no finding, and each fault has its own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use der::asn1::OctetStringRef;
use pki::extension as ext;
use pki::{
    Extension, Finding, KeyAlgorithm, KeyUsage, LintRules, Name, NameComponent, NameLengths, ObjectIdentifier,
    PublicKey, Severity, SignatureAlgorithm, TbsCertificate, lint, oid,
};
use support::*;

fn check(tbs: &TbsCertificate, is_ca: bool) -> Vec<Finding> {
    let issuer = name("CN=Test Root,O=Example,C=DE");
    lint(&tbs.to_der().unwrap(), &rules(&issuer, is_ca))
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|f| f.code).collect()
}

#[test]
fn sound_certificates() {
    for algorithm in KeyAlgorithm::ALL {
        // A large RSA key takes seconds to make and adds nothing here.
        if matches!(algorithm, KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096) {
            continue;
        }
        let key = TestKey::generate(algorithm);
        assert_eq!(check(&root_tbs(&key), true), [], "{algorithm}");
        let leaf = leaf_tbs(&key, &key.public);
        assert_eq!(check(&leaf, false), [], "{algorithm}");
        let issuer = name("CN=Test Root,O=Example,C=DE");
        let identifier = key.public.key_identifier();
        let strict = LintRules {
            signature_algorithm: Some(key.algorithm.signature().der()),
            issuer_key_identifier: Some(&identifier),
            ..rules(&issuer, false)
        };
        assert_eq!(lint(&leaf.to_der().unwrap(), &strict), []);
    }
}

/// A change to a sound certificate, and the finding it must bring.
type Case = (&'static str, Severity, fn(&mut TbsCertificate));

fn replace(tbs: &mut TbsCertificate, extension: Extension) {
    remove(tbs, extension.oid);
    tbs.extensions.push(extension);
}

fn remove(tbs: &mut TbsCertificate, oid: ObjectIdentifier) {
    tbs.extensions.retain(|e| e.oid != oid);
}

fn find(tbs: &mut TbsCertificate, oid: ObjectIdentifier) -> &mut Extension {
    tbs.extensions.iter_mut().find(|e| e.oid == oid).unwrap()
}

/// A name with one attribute whose value is `contents` under a DER tag.
fn raw_name(oid: ObjectIdentifier, tag: u8, contents: &[u8]) -> Name {
    let hex: String = contents.iter().map(|b| format!("{b:02x}")).collect();
    name(&format!("{oid}=#{tag:02x}{:02x}{hex}", contents.len()))
}

fn san(tbs: &mut TbsCertificate, names: &[&str]) {
    replace(tbs, ext::subject_alt_name(&general_names(names)).unwrap());
}

const E: Severity = Severity::Error;
const W: Severity = Severity::Warning;

const LEAF_CASES: &[Case] = &[
    ("serial_zero", E, |t| t.serial = "0".parse().unwrap()),
    ("serial_too_long", E, |t| t.serial = "ff".repeat(20).parse().unwrap()),
    ("issuer_mismatch", E, |t| t.issuer = name("CN=test root,O=Example,C=DE")),
    ("issuer_empty", E, |t| t.issuer = Name::empty()),
    ("validity_order", E, |t| t.not_after = "2026-01-31T23:59:59Z".parse().unwrap()),
    ("subject_missing", E, |t| {
        t.subject = Name::empty();
        remove(t, oid::SUBJECT_ALT_NAME);
    }),
    ("san_not_critical", E, |t| t.subject = Name::empty()),
    ("extension_critical", W, |t| find(t, oid::SUBJECT_ALT_NAME).critical = true),
    ("extension_critical", E, |t| find(t, oid::SUBJECT_KEY_IDENTIFIER).critical = true),
    ("extension_critical", E, |t| find(t, oid::AUTHORITY_KEY_IDENTIFIER).critical = true),
    ("extension_critical", E, |t| find(t, oid::AUTHORITY_INFO_ACCESS).critical = true),
    ("extension_critical", W, |t| find(t, oid::CRL_DISTRIBUTION_POINTS).critical = true),
    ("extension_not_critical", W, |t| find(t, oid::KEY_USAGE).critical = false),
    ("ski_missing", W, |t| remove(t, oid::SUBJECT_KEY_IDENTIFIER)),
    ("ski_empty", E, |t| replace(t, ext::subject_key_identifier(&[]))),
    ("aki_missing", E, |t| remove(t, oid::AUTHORITY_KEY_IDENTIFIER)),
    ("aki_without_key_identifier", E, |t| {
        let serial = t.serial;
        let issuer = t.issuer.clone();
        replace(t, ext::authority_key_identifier(None, Some(&issuer), Some(&serial)));
    }),
    ("aki_issuer_without_serial", E, |t| {
        let issuer = t.issuer.clone();
        replace(t, ext::authority_key_identifier(Some(&[1]), Some(&issuer), None));
    }),
    ("unexpected_ca", E, |t| replace(t, ext::basic_constraints(true, None))),
    ("path_length_without_ca", E, |t| {
        replace(t, Extension::new(oid::BASIC_CONSTRAINTS, b"\x30\x03\x02\x01\x00".to_vec()));
    }),
    ("der_default_encoded", E, |t| {
        replace(t, Extension::new(oid::BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x00".to_vec()));
    }),
    ("key_usage_empty", E, |t| replace(t, ext::key_usage(KeyUsage::empty()))),
    ("key_usage_unknown", E, |t| {
        replace(t, Extension::critical(oid::KEY_USAGE, b"\x03\x03\x06\x80\x40".to_vec()));
    }),
    ("key_usage_trailing_zeros", E, |t| {
        replace(t, Extension::critical(oid::KEY_USAGE, b"\x03\x02\x00\x80".to_vec()));
    }),
    ("cert_sign_without_ca", E, |t| {
        replace(t, ext::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_CERT_SIGN));
    }),
    ("key_usage_not_for_key", E, |t| {
        replace(t, ext::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT));
    }),
    ("encipher_only_without_agreement", W, |t| {
        replace(t, ext::key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::ENCIPHER_ONLY));
    }),
    ("encipher_and_decipher_only", W, |t| {
        let both = KeyUsage::ENCIPHER_ONLY | KeyUsage::DECIPHER_ONLY | KeyUsage::KEY_AGREEMENT;
        replace(t, ext::key_usage(both | KeyUsage::DIGITAL_SIGNATURE));
    }),
    ("extended_key_usage_empty", E, |t| replace(t, ext::extended_key_usage(&[]))),
    ("extended_key_usage_any", W, |t| replace(t, ext::extended_key_usage(&[oid::ANY_EXTENDED_KEY_USAGE]))),
    ("extended_key_usage_any_critical", W, |t| {
        let any = ext::extended_key_usage(&[oid::ANY_EXTENDED_KEY_USAGE]);
        replace(t, Extension { critical: true, ..any });
    }),
    ("time_stamping_not_alone", E, |t| {
        replace(t, ext::extended_key_usage(&[oid::TIME_STAMPING]));
    }),
    ("time_stamping_not_alone", E, |t| {
        let both = ext::extended_key_usage(&[oid::TIME_STAMPING, oid::SERVER_AUTH]);
        replace(t, Extension { critical: true, ..both });
    }),
    ("extended_key_usage_inconsistent", W, |t| {
        replace(t, ext::key_usage(KeyUsage::NON_REPUDIATION));
    }),
    ("dns_name_syntax", E, |t| san(t, &["dns:a_b.example.org"])),
    ("dns_name_syntax", E, |t| san(t, &["dns: "])),
    ("dns_name_syntax", E, |t| san(t, &["dns:example.org."])),
    ("email_syntax", E, |t| san(t, &["email:example.org"])),
    ("uri_syntax", E, |t| san(t, &["uri:example.org"])),
    ("ip_address_length", E, |t| {
        replace(t, Extension::new(oid::SUBJECT_ALT_NAME, b"\x30\x07\x87\x05\x01\x02\x03\x04\x05".to_vec()));
    }),
    ("general_name_malformed", E, |t| {
        replace(t, Extension::new(oid::SUBJECT_ALT_NAME, b"\x30\x03\x82\x01\xff".to_vec()));
    }),
    ("general_name_malformed", E, |t| {
        replace(t, Extension::new(oid::SUBJECT_ALT_NAME, b"\x30\x03\x89\x01\xff".to_vec()));
    }),
    ("other_name_form", E, |t| {
        replace(t, Extension::new(oid::SUBJECT_ALT_NAME, b"\x30\x08\xa0\x06\x06\x02\x2a\x03\x05\x00".to_vec()));
    }),
    ("general_names_empty", E, |t| replace(t, Extension::new(oid::SUBJECT_ALT_NAME, b"\x30\x00".to_vec()))),
    ("distribution_points_empty", E, |t| {
        replace(t, Extension::new(oid::CRL_DISTRIBUTION_POINTS, b"\x30\x00".to_vec()));
    }),
    ("distribution_point_without_name", E, |t| {
        let reasons_only = b"\x30\x06\x30\x04\x81\x02\x01\x06";
        replace(t, Extension::new(oid::CRL_DISTRIBUTION_POINTS, reasons_only.to_vec()));
    }),
    ("uri_syntax", E, |t| replace(t, ext::crl_distribution_points(&urls(&["http://a b/"])).unwrap())),
    ("uri_syntax", E, |t| replace(t, ext::authority_info_access(&urls(&["x"]), &[]).unwrap())),
    ("access_empty", E, |t| replace(t, Extension::new(oid::AUTHORITY_INFO_ACCESS, b"\x30\x00".to_vec()))),
    ("access_not_uri", W, |t| {
        let dns = b"\x30\x0f\x30\x0d\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01\x82\x01a";
        replace(t, Extension::new(oid::AUTHORITY_INFO_ACCESS, dns.to_vec()));
    }),
    ("policy_twice", E, |t| {
        replace(t, ext::certificate_policies(&[oid::ANY_POLICY, oid::ANY_POLICY]));
    }),
    ("extension_only_for_ca", E, |t| {
        let constraints = ext::NameConstraints { permitted: general_names(&["dns:example.org"]), excluded: vec![] };
        replace(t, ext::name_constraints(&constraints).unwrap());
    }),
    ("freshest_crl_form", E, |t| replace(t, Extension::new(oid::FRESHEST_CRL, b"\x30\x00".to_vec()))),
    ("extension_not_null", E, |t| replace(t, Extension::new(oid::OCSP_NOCHECK, b"\x30\x00".to_vec()))),
    ("extension_of_crl", E, |t| replace(t, ext::crl_number(1))),
    ("unknown_critical_extension", W, |t| {
        replace(t, Extension::critical(ObjectIdentifier::new_unwrap("1.2.3.4"), vec![5, 0]));
    }),
    ("extension_not_der", E, |t| {
        replace(t, Extension::new(ObjectIdentifier::new_unwrap("1.2.3.4"), vec![5, 0, 5, 0]));
    }),
    ("extension_not_der", E, |t| {
        replace(t, Extension::new(ObjectIdentifier::new_unwrap("1.2.3.4"), vec![]));
    }),
    ("der_malformed", E, |t| {
        replace(t, Extension::new(ObjectIdentifier::new_unwrap("1.2.3.4"), b"plain text".to_vec()));
    }),
    ("extension_malformed", E, |t| {
        replace(t, Extension::new(oid::EXTENDED_KEY_USAGE, vec![5, 0]));
    }),
    ("name_string_type", W, |t| t.subject = raw_name(oid::COMMON_NAME, 0x14, b"a")),
    ("name_string_type", W, |t| t.subject = raw_name(oid::COMMON_NAME, 0x1e, b"\0a")),
    ("name_string_type", E, |t| t.subject = raw_name(oid::COMMON_NAME, 0x02, b"\x01")),
    ("name_string_type", E, |t| t.subject = raw_name(oid::COMMON_NAME, 0x16, b"a")),
    ("name_string_type", E, |t| t.subject = raw_name(oid::COUNTRY, 0x0c, b"DE")),
    ("name_string_type", E, |t| t.subject = raw_name(oid::EMAIL_ADDRESS, 0x0c, b"a@b")),
    ("name_country", E, |t| t.subject = name("CN=a,C=de")),
    ("name_too_long", E, |t| t.subject = name(&format!("CN={}", "x".repeat(65)))),
    ("name_empty_value", E, |t| t.subject = raw_name(oid::COMMON_NAME, 0x0c, b"")),
    ("name_control_character", E, |t| t.subject = name(r"CN=a\0Ab")),
    ("name_outer_space", W, |t| t.subject = name(r"CN=a\ ")),
    ("string_alphabet", E, |t| t.subject = raw_name(oid::COMMON_NAME, 0x13, b"a*b")),
    ("email_only_in_subject", W, |t| {
        t.subject = name("E=a@example.org,CN=a");
        san(t, &["dns:example.org"]);
    }),
    ("name_too_long", E, |t| {
        san(t, &[&format!("dn:CN={}", "x".repeat(65))]);
    }),
];

const CA_CASES: &[Case] = &[
    ("subject_empty_ca", E, |t| t.subject = Name::empty()),
    ("ski_missing", E, |t| remove(t, oid::SUBJECT_KEY_IDENTIFIER)),
    ("ca_without_basic_constraints", E, |t| remove(t, oid::BASIC_CONSTRAINTS)),
    ("ca_without_basic_constraints", E, |t| replace(t, ext::basic_constraints(false, None))),
    ("extension_not_critical", E, |t| find(t, oid::BASIC_CONSTRAINTS).critical = false),
    ("key_usage_missing", E, |t| remove(t, oid::KEY_USAGE)),
    ("ca_without_cert_sign", E, |t| replace(t, ext::key_usage(KeyUsage::CRL_SIGN))),
    ("extension_not_critical", E, |t| {
        let constraints = ext::NameConstraints { permitted: general_names(&["dns:example.org"]), excluded: vec![] };
        let extension = ext::name_constraints(&constraints).unwrap();
        replace(t, Extension { critical: false, ..extension });
    }),
    ("name_constraints_form", E, |t| {
        let maximum = b"\x30\x0a\xa0\x08\x30\x06\x82\x01a\x81\x01\x01";
        replace(t, Extension::critical(oid::NAME_CONSTRAINTS, maximum.to_vec()));
    }),
    ("extension_not_critical", E, |t| {
        replace(t, Extension::new(oid::POLICY_CONSTRAINTS, b"\x30\x03\x80\x01\x00".to_vec()));
    }),
    ("policy_constraints_empty", E, |t| {
        replace(t, Extension::critical(oid::POLICY_CONSTRAINTS, b"\x30\x00".to_vec()));
    }),
    ("extension_not_critical", E, |t| {
        replace(t, Extension::new(oid::INHIBIT_ANY_POLICY, b"\x02\x01\x00".to_vec()));
    }),
    ("policy_mapping_of_any", E, |t| {
        let mapping = b"\x30\x0c\x30\x0a\x06\x04\x55\x1d\x20\x00\x06\x02\x2a\x03";
        replace(t, Extension::critical(oid::POLICY_MAPPINGS, mapping.to_vec()));
    }),
];

#[test]
fn each_fault_is_found() {
    let key = TestKey::shared();
    for (cases, base, is_ca) in [(LEAF_CASES, leaf_tbs(key, &key.public), false), (CA_CASES, root_tbs(key), true)] {
        for (n, (code, severity, change)) in cases.iter().enumerate() {
            let mut tbs = base.clone();
            change(&mut tbs);
            let findings = check(&tbs, is_ca);
            let found = findings.iter().find(|f| f.code == *code && f.severity == *severity);
            let found = found.unwrap_or_else(|| panic!("case {n}: no {severity:?} {code} in {findings:#?}"));
            assert!(found.rfc.starts_with("RFC "), "{found:?}");
            assert!(!found.message.is_empty());
        }
    }
}

#[test]
fn rules_of_the_issuer() {
    let key = TestKey::shared();
    let tbs = leaf_tbs(key, &key.public).to_der().unwrap();
    let issuer = name("CN=Test Root,O=Example,C=DE");
    let with = |signature_algorithm, issuer_key_identifier| {
        let rules = LintRules { signature_algorithm, issuer_key_identifier, ..rules(&issuer, false) };
        codes(&lint(&tbs, &rules))
    };
    assert_eq!(with(Some(SignatureAlgorithm::Ed25519.der()), None), ["signature_algorithm_mismatch"]);
    assert_eq!(with(Some(b"\x30\x00"), None), ["signature_algorithm_mismatch"]);
    assert_eq!(with(None, Some(&[1, 2, 3])), ["aki_mismatch"]);
    assert_eq!(with(None, None), [""; 0]);

    let mut long = leaf_tbs(key, &key.public);
    long.subject = name(&format!("CN={}", "x".repeat(65)));
    let lax = LintRules { name_lengths: NameLengths::Unlimited, ..rules(&issuer, false) };
    let findings = lint(&long.to_der().unwrap(), &lax);
    assert_eq!(codes(&findings), ["name_too_long"]);
    assert_eq!(findings[0].severity, Severity::Warning);
}

#[test]
fn key_usage_by_key() {
    use KeyUsage as K;
    let issuer = TestKey::shared();
    let rsa = TestKey::generate(KeyAlgorithm::Rsa2048);
    let ed25519 = TestKey::generate(KeyAlgorithm::Ed25519);
    let ml_dsa = TestKey::generate(KeyAlgorithm::MlDsa65);
    let mut x25519 = ed25519.public.spki().to_vec();
    // 1.3.101.110 instead of 1.3.101.112
    x25519[8] = 0x6e;
    let x25519 = PublicKey::from_spki(&x25519).unwrap();
    let every_key = [&rsa.public, &issuer.public, &ed25519.public, &ml_dsa.public, &x25519];
    for (usage, sound) in [
        (K::DIGITAL_SIGNATURE, [true, true, true, true, false]),
        (K::KEY_ENCIPHERMENT, [true, false, false, false, false]),
        (K::DATA_ENCIPHERMENT, [true, false, false, false, false]),
        (K::KEY_AGREEMENT, [false, true, false, false, true]),
        (K::DIGITAL_SIGNATURE | K::KEY_AGREEMENT, [false, true, false, false, false]),
        (K::DIGITAL_SIGNATURE | K::KEY_ENCIPHERMENT, [true, false, false, false, false]),
        (K::NON_REPUDIATION, [true, true, true, true, false]),
    ] {
        for (key, sound) in every_key.iter().zip(sound) {
            let mut tbs = leaf_tbs(issuer, key);
            replace(&mut tbs, ext::key_usage(usage));
            let found = codes(&check(&tbs, false)).contains(&"key_usage_not_for_key");
            assert_eq!(!found, sound, "{usage:?} with {key:?}");
        }
    }
}

#[test]
fn bytes_the_builder_would_not_write() {
    let key = TestKey::shared();
    let issuer = name("CN=Test Root,O=Example,C=DE");
    let good = leaf_tbs(key, &key.public).to_der().unwrap();
    let change = |from: &[u8], to: &[u8]| {
        assert_eq!(from.len(), to.len());
        let at = good.windows(from.len()).position(|w| w == from).unwrap();
        let mut tbs = good.clone();
        tbs[at..at + to.len()].copy_from_slice(to);
        codes(&lint(&tbs, &rules(&issuer, false)))
    };
    let has = |codes: Vec<&'static str>, code| assert!(codes.contains(&code), "{code} not in {codes:?}");
    has(change(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01"), "version_not_3");
    has(change(b"\x02\x14\x65", b"\x02\x14\x85"), "serial_negative");
    has(change(b"\x02\x14\x65\xa5", b"\x02\x14\x00\x25"), "der_integer");
    has(change(b"\x17\x0d2602", b"\x18\x0d2602"), "time_format");
    has(change(b"270201000000Z", b"270201000000+"), "time_format");
    has(change(b"\x01\x01\xff\x04", b"\x01\x01\x01\x04"), "der_boolean");
    has(change(b"\x01\x01\xff\x04", b"\x01\x01\x00\x04"), "der_default_encoded");
    has(change(b"\x06\x03\x55\x1d\x0e", b"\x06\x03\x55\x1d\x23"), "extension_twice");

    let trailing = [&good[..], &[0]].concat();
    assert!(codes(&lint(&trailing, &rules(&issuer, false))).contains(&"der_malformed"));
    let trailing = [&good[..], &[5, 0]].concat();
    assert!(codes(&lint(&trailing, &rules(&issuer, false))).contains(&"tbs_trailing_data"));
    for bytes in [&good[..good.len() - 1], &[], &[0x30, 0x00]] {
        assert!(codes(&lint(bytes, &rules(&issuer, false))).contains(&"tbs_malformed"));
    }

    // 2026 as GeneralizedTime is well formed but of the wrong form.
    let at = good.windows(4).position(|w| w == b"\x30\x1e\x17\x0d").unwrap();
    let mut late = good[..at].to_vec();
    late.extend(b"\x30\x20\x18\x0f20260201000000Z\x17\x0d270201000000Z");
    late.extend(&good[at + 32..]);
    let len = u16::from_be_bytes([late[2], late[3]]) + 2;
    late[2..4].copy_from_slice(&len.to_be_bytes());
    assert_eq!(codes(&lint(&late, &rules(&issuer, false))), ["time_form"]);
}

#[test]
fn key_parameters() {
    let key = TestKey::shared();
    // RSA without NULL is not accepted as a key; the lint sees it in bytes from elsewhere.
    let rsa = TestKey::generate(KeyAlgorithm::Rsa2048);
    let tbs = leaf_tbs(key, &rsa.public).to_der().unwrap();
    let issuer = name("CN=Test Root,O=Example,C=DE");
    let rsa_id = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let at = tbs.windows(rsa_id.len()).position(|w| w == rsa_id).unwrap();
    let mut wrong = tbs;
    wrong[at + rsa_id.len() - 2] = 0x04;
    assert_eq!(codes(&lint(&wrong, &rules(&issuer, false))), ["key_parameters"]);
}

#[test]
fn policy_qualifiers() {
    let key = TestKey::shared();
    let with = |policy: &[u8], id: &[u8], qualifier: &[u8]| {
        let seq = |parts: &[&[u8]]| tlv(0x30, &parts.concat());
        let value = seq(&[&seq(&[policy, &seq(&[&seq(&[id, qualifier])])])]);
        let mut tbs = leaf_tbs(key, &key.public);
        replace(&mut tbs, Extension::new(oid::CERTIFICATE_POLICIES, value));
        codes(&check(&tbs, false))
    };
    let policy = b"\x06\x02\x2a\x03";
    let any_policy = b"\x06\x04\x55\x1d\x20\x00";
    let cps = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x02\x01";
    let notice = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x02\x02";
    let long = [&[0x30, 0x81, 0xcc, 0x0c, 0x81, 0xc9][..], &[b'x'; 201]].concat();
    let none: [&str; 0] = [];
    assert_eq!(with(policy, cps, b"\x16\x03u:x"), none);
    assert_eq!(with(policy, cps, b"\x0c\x03u:x"), ["policy_cps_type"]);
    assert_eq!(with(policy, notice, b"\x30\x03\x0c\x01x"), none);
    assert_eq!(with(policy, notice, b"\x30\x03\x16\x01x"), ["policy_notice_type"]);
    assert_eq!(with(policy, notice, b"\x30\x03\x1a\x01x"), ["policy_notice_type"]);
    assert_eq!(with(policy, notice, b"\x30\x02\x30\x00"), ["policy_notice_reference"]);
    assert_eq!(with(policy, notice, b"\x05\x00"), ["policy_notice_form"]);
    assert_eq!(with(policy, notice, &long), ["policy_notice_length"]);
    assert_eq!(with(any_policy, policy, b"\x05\x00"), ["policy_any_qualifier"]);
}

#[test]
fn names_built_from_properties_are_sound() {
    let key = TestKey::shared();
    let values: Vec<_> = NameComponent::ALL
        .into_iter()
        .map(|c| (c, if c == NameComponent::Country { "DE".into() } else { "a@b".to_string() }))
        .filter(|(c, _)| *c != NameComponent::DeviceSerialNumber)
        .collect();
    let mut tbs = leaf_tbs(key, &key.public);
    tbs.subject = Name::from_components(&NameComponent::ALL, &values, NameLengths::Enforced).unwrap();
    assert_eq!(check(&tbs, false), []);
    // The DER of a value is inside the extension as it was given.
    let ski = tbs.extensions.iter().find(|e| e.oid == oid::SUBJECT_KEY_IDENTIFIER).unwrap();
    use der::Decode;
    let id = <&OctetStringRef>::from_der(&ski.value).unwrap();
    assert_eq!(id.as_bytes(), key.public.key_identifier());
}
