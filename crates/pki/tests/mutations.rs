//! Whatever the bytes: an answer, never a panic.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::LazyLock;

use pki::extension as ext;
use pki::{
    Certificate, CertificateList, CertificationRequest, CrlEntry, CrlHeader, GeneralName, KeyRules, KeyUsage, Name,
    NameComponent, NameLengths, PublicKey, Serial, certification_request_info, decode_request, encode_entry, lint,
    outer_prefix, outer_suffix,
};
use proptest::collection::vec;
use proptest::prelude::*;
use support::*;

static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = TestKey::shared();
    let mut tbs = leaf_tbs(key, &key.public);
    tbs.extensions.push(ext::template_information(&"1.2.3".parse().unwrap(), 1, 2));
    tbs.extensions.push(ext::freshest_crl(&urls(&["http://example.org/"])).unwrap());
    key.seal(&tbs.to_der().unwrap())
});

static REQUEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = TestKey::shared();
    let extensions = [
        ext::key_usage(KeyUsage::DIGITAL_SIGNATURE),
        ext::subject_alt_name(&general_names(&["dns:a.example", "upn:a@b", "dn:CN=x"])).unwrap(),
    ];
    key.seal(&certification_request_info(&name("CN=a+OU=b,C=DE"), &key.public, &extensions).unwrap())
});

static CRL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = TestKey::shared();
    let header = CrlHeader {
        signature: key.algorithm.signature(),
        issuer: name("CN=x"),
        this_update: "2026-01-01T00:00:00Z".parse().unwrap(),
        next_update: "2026-02-01T00:00:00Z".parse().unwrap(),
        extensions: vec![ext::crl_number(1), ext::delta_crl_indicator(1)],
    };
    let mut body = Vec::new();
    for n in 1..4u8 {
        let entry = CrlEntry {
            serial: Serial::from_bytes(&[n]).unwrap(),
            revoked_at: header.this_update,
            reason: Some(n),
            invalidity: Some(header.this_update),
        };
        encode_entry(&entry, &mut body).unwrap();
    }
    let tbs = [header.prefix(body.len() as u64).unwrap(), body, header.suffix().unwrap()].concat();
    let signature = key.sign(&tbs);
    let outer = outer_prefix(tbs.len() as u64, header.signature, &signature).unwrap();
    [outer, tbs, outer_suffix(header.signature, &signature)].concat()
});

/// Everything that takes foreign bytes.
fn read_everything(bytes: &[u8]) {
    let _ = decode_request(bytes);
    let _ = Certificate::decode(bytes);
    let _ = CertificateList::decode(bytes);
    if let Ok(request) = CertificationRequest::from_der(bytes) {
        let _ = request.verify();
        let _ = request.public_key().quality(&KeyRules::default());
        let _ = (request.subject().to_string(), request.subject().components());
        request.extensions().iter().for_each(|e| read_values(&e.value));
    }
    if let Ok(certificate) = Certificate::from_der(bytes) {
        let _ = certificate.verify(certificate.public_key());
        let _ = (certificate.subject_alt_names(), certificate.extended_key_usage(), certificate.is_self_issued());
        certificate.extensions().iter().for_each(|e| read_values(&e.value));
    }
    if let Ok(list) = CertificateList::from_der(bytes) {
        let _ = list.entries().count();
    }
    if let Ok(key) = PublicKey::from_spki(bytes) {
        let _ = (key.quality(&KeyRules::default()), key.bits(), key.describe());
    }
    let issuer = name("CN=Test Root,O=Example,C=DE");
    let _ = lint(bytes, &rules(&issuer, false));
    let _ = lint(bytes, &rules(&issuer, true));
    read_values(bytes);
}

fn read_values(bytes: &[u8]) {
    let _ = Name::from_der(bytes).map(|n| (n.to_string(), n.components(), n.matches(&Name::empty())));
    let _ = GeneralName::from_der(bytes).map(|n| n.to_string());
    let _ = ext::decode_basic_constraints(bytes);
    let _ = ext::decode_key_usage(bytes);
    let _ = ext::decode_extended_key_usage(bytes);
    let _ = ext::decode_subject_alt_name(bytes);
    let _ = ext::decode_subject_key_identifier(bytes);
    let _ = ext::decode_authority_key_identifier(bytes);
    let _ = ext::decode_crl_distribution_points(bytes);
    let _ = ext::decode_authority_info_access(bytes);
    let _ = ext::decode_certificate_policies(bytes);
    let _ = ext::decode_name_constraints(bytes);
    let _ = ext::decode_crl_number(bytes);
    let _ = ext::decode_issuing_distribution_point(bytes);
    let _ = ext::decode_ca_version(bytes);
    let _ = ext::decode_template_name(bytes);
    let _ = ext::decode_template_information(bytes);
    let _ = ext::decode_integer(bytes);
    let _ = ext::decode_time(bytes);
    let _ = ext::decode_ia5(bytes);
}

/// A few octets overwritten, one cut out, some put in.
#[derive(Debug, Clone)]
struct Mutation {
    overwrite: Vec<(prop::sample::Index, u8)>,
    insert: Option<(prop::sample::Index, Vec<u8>)>,
    cut: Option<(prop::sample::Index, usize)>,
}

impl Mutation {
    fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (at, octet) in &self.overwrite {
            let at = at.index(bytes.len());
            bytes[at] = *octet;
        }
        if let Some((at, len)) = &self.cut {
            let at = at.index(bytes.len());
            let end = (at + len).min(bytes.len());
            bytes.drain(at..end);
        }
        if let Some((at, octets)) = &self.insert {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, octets.iter().copied());
        }
        bytes
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    (
        vec((index(), any::<u8>()), 0..4),
        proptest::option::weighted(0.2, (index(), vec(any::<u8>(), 1..6))),
        proptest::option::weighted(0.2, (index(), 1..6usize)),
    )
        .prop_map(|(overwrite, insert, cut)| Mutation { overwrite, insert, cut })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn certificates(mutation in mutation()) {
        let bytes = mutation.apply(&CERTIFICATE);
        read_everything(&bytes);
        let parsed = Certificate::from_der(&CERTIFICATE).unwrap();
        let issuer = name("CN=Test Root,O=Example,C=DE");
        let _ = lint(&mutation.apply(parsed.tbs()), &rules(&issuer, false));
        // What is still accepted keeps its bytes.
        if let Ok(certificate) = Certificate::from_der(&bytes) {
            prop_assert_eq!(certificate.der(), bytes);
        }
    }

    #[test]
    fn requests(mutation in mutation()) {
        let bytes = mutation.apply(&REQUEST);
        read_everything(&bytes);
        // No change to the signed bytes survives verification.
        if let Ok(request) = CertificationRequest::from_der(&bytes)
            && request.verify().is_ok()
        {
            let info = CertificationRequest::from_der(&REQUEST).unwrap().info().to_vec();
            prop_assert_eq!(request.info(), info);
        }
    }

    #[test]
    fn lists(mutation in mutation()) {
        read_everything(&mutation.apply(&CRL));
    }

    #[test]
    fn extension_values(n in any::<prop::sample::Index>(), mutation in mutation()) {
        let certificate = Certificate::from_der(&CERTIFICATE).unwrap();
        let value = &n.get(certificate.extensions()).value;
        read_values(&mutation.apply(value));
    }

    #[test]
    fn noise(bytes in vec(any::<u8>(), 0..200)) {
        read_everything(&bytes);
        let _ = std::str::from_utf8(&bytes).map(|text| (Name::parse(text), text.parse::<GeneralName>()));
    }

    #[test]
    fn text(text in "\\PC{0,60}") {
        let _ = text.parse::<Serial>();
        let _ = text.parse::<GeneralName>();
        let _ = text.parse::<pki::KeyAlgorithm>();
        let _ = NameComponent::from_alias(&text);
        if let Ok(name) = Name::parse(&text) {
            let again = Name::parse(&name.to_string()).unwrap();
            prop_assert_eq!(again.der(), name.der());
        }
    }

    #[test]
    fn names_of_any_value(values in vec((0..16usize, "\\PC{1,40}"), 0..6)) {
        let values: Vec<_> = values.into_iter().map(|(n, v)| (NameComponent::ALL[n], v)).collect();
        if let Ok(name) = Name::from_components(&NameComponent::ALL, &values, NameLengths::Unlimited) {
            let again = Name::parse(&name.to_string()).unwrap();
            prop_assert_eq!(again.der(), name.der());
            let rebuilt = Name::from_components(&NameComponent::ALL, &name.components(), NameLengths::Unlimited);
            prop_assert_eq!(rebuilt.unwrap(), name);
        }
    }

    #[test]
    fn general_names_of_any_text(kind in 0..6usize, value in "[ -~]{1,40}") {
        let kind = ["dns", "email", "uri", "upn", "dn", "ip"][kind];
        if let Ok(name) = format!("{kind}:{value}").parse::<GeneralName>()
            && !matches!(name, GeneralName::IpRange { .. })
        {
            let der = name.to_der().unwrap();
            prop_assert_eq!(&GeneralName::from_der(&der).unwrap(), &name);
            prop_assert_eq!(&name.to_string().parse::<GeneralName>().unwrap(), &name);
        }
    }

    #[test]
    fn serials(bytes in vec(any::<u8>(), 1..=20)) {
        let serial = Serial::from_bytes(&bytes).unwrap();
        prop_assert_eq!(serial.to_string().parse::<Serial>().unwrap(), serial);
        prop_assert_eq!(Serial::from_bytes(serial.as_bytes()).unwrap(), serial);
        prop_assert_eq!(serial.to_string().len() % 2, 0);
    }

    #[test]
    fn times(second in 0..253_402_207_200i64) {
        let at = jiff::Timestamp::from_second(second).unwrap();
        prop_assert_eq!(ext::decode_time(&ext::encode_time(at).unwrap()).unwrap(), at);
    }
}
