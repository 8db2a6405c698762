//! Certification requests: openssl's read here, ours read by openssl.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use der::asn1::{BmpString, SetOfVec};
use der::{Any, Encode, Sequence};
use pki::extension as ext;
use pki::{
    CertificationRequest, Error, KeyAlgorithm, KeyRules, KeyUsage, Name, ObjectIdentifier, certification_request_info,
    decode_request, oid,
};
use support::*;

/// `openssl genpkey` arguments, further `req` arguments, key as described, bits.
const OPENSSL_KEYS: &[(&[&str], &[&str], &str, u32)] = &[
    (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &[], "P-256", 256),
    (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &["-sha512"], "P-256", 256),
    (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], &["-sha384"], "P-384", 384),
    (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], &["-sha512"], "P-521", 521),
    (&["-algorithm", "ED25519"], &[], "Ed25519", 256),
    (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &["-sha256"], "RSA 2048", 2048),
    (
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        &["-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"],
        "RSA 2048",
        2048,
    ),
    (
        &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
        &["-sha256", "-sigopt", "rsa_pss_saltlen:digest"],
        "RSA 2048",
        2048,
    ),
];

fn openssl_request(key: &[&str], request: &[&str]) -> Vec<u8> {
    let key = file(&openssl(&[&["genpkey"], key].concat(), b"").unwrap());
    let fixed = [
        "req",
        "-new",
        "-key",
        path(&key),
        "-subj",
        "/C=DE/CN=host",
        "-addext",
        "subjectAltName=DNS:a.example,IP:192.0.2.1",
        "-addext",
        "keyUsage=critical,digitalSignature",
    ];
    openssl(&[&fixed[..], request].concat(), b"").unwrap()
}

#[test]
fn requests_of_openssl() {
    for (key, args, description, bits) in OPENSSL_KEYS {
        let pem = openssl_request(key, args);
        let der = decode_request(&pem).unwrap();
        let request = CertificationRequest::from_der(&der).unwrap();
        request.verify().unwrap_or_else(|e| panic!("{key:?} {args:?}: {e}"));
        request.public_key().quality(&KeyRules::default()).unwrap();
        assert_eq!(request.public_key().describe(), *description);
        assert_eq!(request.public_key().bits(), *bits);
        assert_eq!(request.subject().to_string(), "CN=host,C=DE");
        let san = request.extension(&oid::SUBJECT_ALT_NAME).unwrap();
        let names = ext::decode_subject_alt_name(&san.value).unwrap();
        assert_eq!(names, general_names(&["dns:a.example", "ip:192.0.2.1"]));
        let usage = request.extension(&oid::KEY_USAGE).unwrap();
        assert!(usage.critical);
        assert_eq!(ext::decode_key_usage(&usage.value).unwrap(), KeyUsage::DIGITAL_SIGNATURE);

        // Any bit flipped in the signed part or the signature is noticed.
        for at in [der.len() - 3, 30] {
            let mut forged = der.clone();
            forged[at] ^= 1;
            let verified = CertificationRequest::from_der(&forged).and_then(|r| r.verify());
            assert!(verified.is_err(), "{key:?} octet {at}");
        }
    }
}

#[test]
fn weak_signatures_are_named() {
    let der = decode_request(&openssl_request(&["-algorithm", "RSA"], &["-sha1"])).unwrap();
    let request = CertificationRequest::from_der(&der).unwrap();
    assert!(matches!(request.verify(), Err(Error::Weak(_))));
    let small = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
    let der = decode_request(&openssl_request(&small, &[])).unwrap();
    let request = CertificationRequest::from_der(&der).unwrap();
    assert!(matches!(request.verify(), Err(Error::Weak(_))));
    assert!(matches!(request.public_key().quality(&KeyRules::default()), Err(Error::Weak(_))));
    // A salt of another length than the digest.
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"];
    let der = decode_request(&openssl_request(&["-algorithm", "RSA"], &pss)).unwrap();
    let request = CertificationRequest::from_der(&der).unwrap();
    assert!(matches!(request.verify(), Err(Error::Unsupported(_))));
}

#[test]
fn every_transport_form() {
    let pem = openssl_request(OPENSSL_KEYS[0].0, &[]);
    let der = decode_request(&pem).unwrap();
    let text = String::from_utf8(pem.clone()).unwrap();
    let old_header = text.replace("BEGIN CERT", "BEGIN NEW CERT").replace("END CERT", "END NEW CERT");
    let with_text = [b"Certificate Request:\n    Data: x\n", &pem[..]].concat();
    let bare: String = text.lines().filter(|l| !l.starts_with('-')).collect();
    for form in [pem.as_slice(), old_header.as_bytes(), &with_text, bare.as_bytes(), &der] {
        assert_eq!(decode_request(form).unwrap(), der);
    }
    let certificate = root(TestKey::shared()).to_pem();
    assert!(decode_request(certificate.as_bytes()).is_err());
}

#[test]
fn our_requests_are_read_by_openssl() {
    for algorithm in KeyAlgorithm::ALL {
        let key = TestKey::generate(algorithm);
        let subject = name("CN=Sub CA,O=Example,C=DE");
        let extensions =
            [ext::basic_constraints(true, Some(0)), ext::key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN)];
        for extensions in [&extensions[..], &[]] {
            let info = certification_request_info(&subject, &key.public, extensions).unwrap();
            let der = key.seal(&info);
            let request = CertificationRequest::from_der(&der).unwrap();
            request.verify().unwrap();
            assert_eq!(request.der(), der);
            assert_eq!(request.info(), info);
            assert_eq!(request.subject(), &subject);
            assert_eq!(request.extensions(), extensions);
            if algorithm < KeyAlgorithm::MlDsa44 {
                let args = ["req", "-inform", "DER", "-verify", "-noout", "-text", "-nameopt", "RFC2253"];
                let text = openssl_text(&args, &der);
                assert!(text.contains("Subject: CN=Sub CA,O=Example,C=DE"), "{text}");
                assert_eq!(text.contains("CA:TRUE, pathlen:0"), !extensions.is_empty());
            }
        }
        let twice = [extensions[0].clone(), extensions[0].clone()];
        assert!(certification_request_info(&subject, &key.public, &twice).is_err());
    }
}

/// An attribute as any client may write it.
#[derive(Sequence)]
struct RawAttribute {
    oid: ObjectIdentifier,
    values: SetOfVec<Any>,
}

#[derive(Sequence)]
struct Pair {
    name: BmpString,
    value: BmpString,
}

#[derive(Sequence)]
struct Provider {
    key_spec: i32,
    name: BmpString,
    signature: der::asn1::BitString,
}

fn attribute(oid: ObjectIdentifier, values: Vec<Any>) -> Vec<u8> {
    let values = SetOfVec::try_from(values).unwrap();
    RawAttribute { oid, values }.to_der().unwrap()
}

/// A signed request with these attributes in `[0]`.
fn request_with(attributes: &[Vec<u8>]) -> Vec<u8> {
    let key = TestKey::shared();
    let parts =
        [vec![2, 1, 0], name("CN=a").der().to_vec(), key.public.spki().to_vec(), tlv(0xa0, &attributes.concat())];
    key.seal(&tlv(0x30, &parts.concat()))
}

fn bmp(text: &str) -> BmpString {
    BmpString::from_utf8(text).unwrap()
}

fn any(value: &impl Encode) -> Any {
    use der::Decode;
    Any::from_der(&value.to_der().unwrap()).unwrap()
}

fn ia5(text: &str) -> Any {
    Any::new(der::Tag::Ia5String, text.as_bytes()).unwrap()
}

fn extension_list(extensions: &[pki::Extension]) -> Any {
    let list: Vec<u8> = extensions
        .iter()
        .flat_map(|e| {
            let oid = e.oid.to_der().unwrap();
            tlv(0x30, &[oid, tlv(4, &e.value)].concat())
        })
        .collect();
    Any::new(der::Tag::Sequence, list).unwrap()
}

#[test]
fn attributes_of_the_classic_client() {
    let pair = |name: &str, value: &str| any(&Pair { name: bmp(name), value: bmp(value) });
    let provider = Provider {
        key_spec: 1,
        name: bmp("Example Provider"),
        signature: der::asn1::BitString::from_bytes(&[]).unwrap(),
    };
    let usage = ext::key_usage(KeyUsage::DIGITAL_SIGNATURE);
    let template = ext::template_name("WebServer").unwrap();
    let der = request_with(&[
        attribute(oid::OS_VERSION, vec![ia5("10.0.26100.2")]),
        attribute(oid::ENROLLMENT_CSP_PROVIDER, vec![any(&provider)]),
        attribute(
            oid::ENROLLMENT_NAME_VALUE_PAIR,
            vec![pair("CertificateTemplate", "WebServer"), pair("SAN", "dns=a&dns=ä")],
        ),
        attribute(oid::ENROLLMENT_NAME_VALUE_PAIR, vec![pair("cdc", "dc.example.org")]),
        attribute(oid::CHALLENGE_PASSWORD, vec![ia5("secret")]),
        attribute(oid::EXTENSION_REQUEST, vec![extension_list(std::slice::from_ref(&usage))]),
        attribute(oid::MS_CERT_EXTENSIONS, vec![extension_list(std::slice::from_ref(&template))]),
        attribute("1.2.3.4".parse().unwrap(), vec![ia5("x"), ia5("y")]),
    ]);
    let request = CertificationRequest::from_der(&der).unwrap();
    request.verify().unwrap();
    assert_eq!(request.os_version(), Some("10.0.26100.2"));
    assert_eq!(request.csp_provider(), Some("Example Provider"));
    assert_eq!(request.challenge_password(), Some("secret"));
    let mut pairs = request.attribute_pairs();
    pairs.sort();
    let want = [("CertificateTemplate", "WebServer"), ("SAN", "dns=a&dns=ä"), ("cdc", "dc.example.org")];
    assert_eq!(pairs, want.map(|(n, v)| (n.to_owned(), v.to_owned())));
    let oids: Vec<_> = request.extensions().iter().map(|e| e.oid).collect();
    assert_eq!(oids, [oid::KEY_USAGE, oid::TEMPLATE_NAME]);
    assert_eq!(request.attributes().len(), 8);
}

#[test]
fn attributes_that_are_refused() {
    let usage = ext::key_usage(KeyUsage::DIGITAL_SIGNATURE);
    let one = extension_list(std::slice::from_ref(&usage));
    let many: Vec<_> =
        (0..101u32).map(|n| attribute(ObjectIdentifier::from_arcs([1, 2, n]).unwrap(), vec![])).collect();
    for (what, attributes) in [
        ("two OS versions", vec![attribute(oid::OS_VERSION, vec![ia5("1"), ia5("2")])]),
        ("no OS version", vec![attribute(oid::OS_VERSION, vec![])]),
        ("two attributes", vec![attribute(oid::EXTENSION_REQUEST, vec![one.clone()]); 2]),
        ("one extension twice", vec![attribute(oid::EXTENSION_REQUEST, vec![extension_list(&[usage.clone(), usage])])]),
        (
            "one extension in both attributes",
            vec![attribute(oid::EXTENSION_REQUEST, vec![one.clone()]), attribute(oid::MS_CERT_EXTENSIONS, vec![one])],
        ),
        ("not extensions", vec![attribute(oid::EXTENSION_REQUEST, vec![ia5("x")])]),
        ("not a pair", vec![attribute(oid::ENROLLMENT_NAME_VALUE_PAIR, vec![ia5("x")])]),
        ("too many", many),
        ("not an attribute", vec![vec![2, 1, 0]]),
    ] {
        assert!(CertificationRequest::from_der(&request_with(&attributes)).is_err(), "{what}");
    }
}

#[test]
fn harmless_slips_are_accepted() {
    let key = TestKey::shared();
    // Attributes left out altogether.
    let parts = [vec![2, 1, 0], Name::empty().der().to_vec(), key.public.spki().to_vec()];
    let der = key.seal(&tlv(0x30, &parts.concat()));
    let request = CertificationRequest::from_der(&der).unwrap();
    request.verify().unwrap();
    assert!(request.subject().is_empty() && request.extensions().is_empty());
    // An extension request that asks for nothing.
    let der = request_with(&[attribute(oid::EXTENSION_REQUEST, vec![extension_list(&[])])]);
    assert!(CertificationRequest::from_der(&der).unwrap().extensions().is_empty());
}

#[test]
fn bad_requests_are_refused() {
    let key = TestKey::shared();
    let spki = key.public.spki().to_vec();
    let subject = name("CN=a").der().to_vec();
    let attributes = tlv(0xa0, &[]);
    let good = key.seal(&tlv(0x30, &[vec![2, 1, 0], subject.clone(), spki.clone(), attributes.clone()].concat()));
    assert!(CertificationRequest::from_der(&good).is_ok());
    for parts in [
        vec![vec![2, 1, 1], subject.clone(), spki.clone(), attributes.clone()],
        vec![subject.clone(), spki.clone(), attributes.clone()],
        vec![vec![2, 1, 0], subject.clone(), attributes.clone()],
        vec![vec![2, 1, 0], subject.clone(), spki.clone(), attributes.clone(), vec![5, 0]],
        vec![vec![2, 1, 0], spki.clone(), subject.clone(), attributes],
    ] {
        let der = key.seal(&tlv(0x30, &parts.concat()));
        assert!(CertificationRequest::from_der(&der).is_err(), "{parts:x?}");
    }
    let trailing = [&good[..], &[0]].concat();
    assert!(CertificationRequest::from_der(&trailing).is_err());
    assert!(CertificationRequest::from_der(b"").is_err());
}
