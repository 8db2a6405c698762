//! Profiles that are refused, and in which words.

use module::{ModuleKind, Settings};

use super::policy;
use crate::policy::presets::{PRESETS, preset};
use crate::policy::{DefaultPolicy, DefaultPolicyKind};

/// The body of a profile, and what the refusal of it says.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("requesters = [' ']", "`requesters` has an empty name"),
    ("key_usage = ['signature']", "`key_usage` has `signature`, which is none of digitalSignature, "),
    ("key_usage = ['keyCertSign']", "`key_usage` has keyCertSign"),
    ("key_usage = ['cRLSign']", "`key_usage` has keyCertSign or cRLSign"),
    ("key_usage = ['encipherOnly']", "mean nothing without keyAgreement"),
    ("key_usage = ['keyEncipherment']\nkeys = { algorithms = ['p256', 'ed25519'] }", "`key_usage` has nothing that a key of `keys.algorithms`"),
    ("extended_key_usage = ['server']", "`extended_key_usage` has `server`"),
    ("extended_key_usage = ['anyExtendedKeyUsage']", "`extended_key_usage` has anyExtendedKeyUsage"),
    ("extended_key_usage = ['2.5.29.37.0']", "`extended_key_usage` has anyExtendedKeyUsage"),
    ("extended_key_usage = ['serverAuth', '1.3.6.1.5.5.7.3.1']", "twice"),
    ("extended_key_usage = ['timeStamping', 'serverAuth']", "must stand alone"),
    ("validity = '398d'", "`validity` (398d) is longer than `validity_max` (397d)"),
    ("validity = '2y'\nvalidity_max = '729d'", "is longer than"),
    ("validity = '0d'", "`validity` is zero"),
    ("validity_max = '0d'", "`validity_max` is zero"),
    ("validity_max = '9000y'", "`validity_max` cannot be counted"),
    ("keys = { algorithms = [] }", "`keys.algorithms` is empty"),
    ("keys = { algorithms = ['p224'] }", "`keys.algorithms` has `p224`"),
    ("keys = { rsa_bits_min = 1024 }", "`keys.rsa_bits_min` is 1024"),
    ("keys = { rsa_bits_min = 65536 }", "`keys.rsa_bits_min` is 65536"),
    ("subject = { from_request = ['Colour'] }", "`subject.from_request` has `Colour`, which is none of CommonName, "),
    ("subject = { required = ['CN'] }", "`subject.required` has CommonName, which is neither taken"),
    ("subject = { allowed = { CN = ['*'] } }", "`subject.allowed` has CommonName, which is not taken"),
    ("subject = { from_request = ['CN'], allowed = { CN = [] } }", "`subject.allowed` has no pattern"),
    ("subject = { fixed = { C = 'DE', Country = 'FR' } }", "`subject.fixed` has Country twice"),
    ("subject = { fixed = { CN = ' ' } }", "`subject.fixed` has an empty CommonName"),
    ("subject = { fixed = { C = 'Ü' } }", "`subject.fixed` has a bad Country"),
    ("subject = { from_request = ['CN'], unmodified = true }", "`subject.unmodified`"),
    ("subject = { from_request = ['*'], unmodified = true, fixed = { O = 'x' } }", "`subject.unmodified`"),
    ("names = { dns = ['a..b'] }", "`names.dns` has `a..b`, which is not a DNS name"),
    ("names = { dns = ['a.**.b'] }", "elsewhere than as its first label"),
    ("names = { ip = ['192.0.2.1/24'] }", "`names.ip` has `192.0.2.1/24`, which has bits set beyond its prefix of 24"),
    ("names = { ip = ['example.org'] }", "which is not an IP network"),
    ("names = { email = ['example.org'] }", "`names.email` has `example.org`, which is not a pattern of addresses"),
    ("names = { uri = ['example.org'] }", "`names.uri` has `example.org`, which is not a pattern of URIs"),
    ("names = { upn = ['*@'] }", "`names.upn` has `*@`"),
    ("names = { required = true }", "`names.required` is set, but no name is taken"),
    ("names = { count_max = 0 }", "`names.count_max` is 0"),
    ("names = { count_max = 1001 }", "`names.count_max` is 1001"),
    ("request_extensions = ['1']", "`request_extensions` has `1`, which is not an object identifier"),
    ("request_extensions = ['2.5.29.17']", "alternative names follow `names`"),
    ("request_extensions = ['2.5.29.19']", "basic constraints follow `ca`"),
    ("request_extensions = ['2.5.29.30']", "only certificates of authorities have it"),
    ("request_extensions = ['1.3.6.1.4.1.311.21.10']", "application policies are read as extended key usages"),
    ("request_extensions = ['1.3.6.1.4.1.311.25.2']", "it names an account"),
    ("request_extensions = ['2.5.29.32']\ncertificate_policies = ['1.2.3']", "2.5.29.32 more than once"),
    ("request_extensions = ['1.3.6.1.4.1.311.21.8.12345678.1234567']", "longer than the contract's 31 characters"),
    ("certificate_policies = ['one']", "`certificate_policies` has `one`"),
    ("certificate_policies = ['1.2.3', '1.2.3']", "twice"),
    ("extensions = [{ oid = '1.2.3', value = 'xy' }]", "not hex"),
    ("extensions = [{ oid = '1.2.3', value = '3001' }]", "not DER"),
    ("extensions = [{ oid = '1.2.3', value = '' }]", "not DER"),
    ("extensions = [{ oid = '2.5.29.37', value = '3000' }]", "follow `extended_key_usage`"),
    ("extensions = [{ oid = '2.5.29.35', value = '3000' }]", "key identifiers are the server's"),
    ("extensions = [{ oid = '1.2.3', value = '0500' }, { oid = '1.2.3', value = '0500' }]", "more than once"),
    ("extensions = [{ oid = '2.5.29.30', critical = true, value = '3000' }]\nca = {}", "has 2.5.29.30 with a bad value"),
    ("extensions = [{ oid = '2.5.29.30', value = '3009a0073005820378797a' }]\nca = {}", "must be critical"),
    ("crl_distribution_points = ['pki.example.org']", "`crl_distribution_points` has `pki.example.org`"),
    ("ca_issuers = ['file:///x']", "`ca_issuers` has `file:///x`"),
    ("ocsp = ['http://a b/']", "`ocsp` has"),
    // Refused by the format itself.
    ("colour = 'red'", "unknown field `colour`"),
    ("decision = 'maybe'", "maybe"),
    ("validity = 'long'", "is not a period"),
];

#[test]
fn bad_profiles_are_refused_with_their_name_and_key() {
    for (body, expected) in REFUSED {
        let error = policy(&format!("[profiles.web]\n{body}")).expect_err(body).message;
        assert!(error.contains(expected), "{body}: {error}");
        if expected.starts_with('`') {
            assert!(error.starts_with("the profile `web`: "), "{body}: {error}");
        }
    }
}

#[test]
fn profiles_are_found_by_one_name_each() {
    for (toml, expected) in [
        ("default_profile = 'web'", "the default profile `web` does not exist"),
        ("[profiles.web]\n[profiles.WEB]", "differ in case only"),
        ("[profiles.' web']", "cannot be the name"),
        ("[profiles.'']", "cannot be the name"),
    ] {
        let error = policy(toml).expect_err(toml).message;
        assert!(error.contains(expected), "{toml}: {error}");
    }
    let long = format!("[profiles.{}]", "a".repeat(128));
    assert!(policy(&long).is_err());
    assert!(policy("default_profile = 'WEB'\n[profiles.web]").is_ok());
}

#[test]
fn the_default_profile_of_the_type_is_good() {
    assert!(policy("[profiles.web]").is_ok());
}

#[test]
fn presets_are_good_alone_and_together() {
    let all: String = PRESETS.iter().map(|preset| preset.toml).collect();
    assert!(policy(&all).is_ok());
    for preset in PRESETS {
        let toml = format!("default_profile = '{}'\n{}", preset.name, preset.toml);
        policy(&toml).unwrap_or_else(|error| panic!("{}: {error}", preset.name));
        assert!(preset.toml.ends_with('\n'), "{}", preset.name);
    }
    assert_eq!(preset("tls-server").unwrap().name, "tls-server");
    assert!(preset("nonsense").is_none());
}

#[test]
fn the_kind_makes_the_module_and_has_no_settings() {
    let kind = DefaultPolicyKind::new(std::sync::Arc::default(), None);
    let module = kind.policy_module("default", &Settings::default()).unwrap();
    assert_eq!(module.description(), "Exeunt default policy, 0 profiles");
    let settings: Settings = [("colour", "red")].into_iter().collect();
    assert!(kind.policy_module("default", &settings).is_err());
    assert!(kind.exit_module("default", &Settings::default()).is_err());
}

#[test]
fn one_instance_serves_several_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<DefaultPolicy>();
}
