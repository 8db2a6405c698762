//! The request fixtures, read by `pki` and by software we did not write.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use pki::{CertificationRequest, Extension, KeyAlgorithm, KeyUsage, extension, oid};
use testkit::ca::{RequestBuilder, Role, broken_requests, key};
use testkit::standards::verify_request;

fn full(algorithm: KeyAlgorithm) -> RequestBuilder {
    RequestBuilder::new(algorithm, "CN=host.example,OU=Servers,O=Example \\+ S\u{f6}hne,C=DE")
        .san("dns:host.example")
        .san("ip:192.0.2.1")
        .san("upn:user@host.example")
        .extension(extension::key_usage(KeyUsage::DIGITAL_SIGNATURE))
        .extension(Extension::new(oid::TLS_FEATURE, vec![0x30, 3, 2, 1, 5]))
        .name_value("CertificateTemplate", "WebServer")
        .name_value("rmd", "host.example")
        .os_version("10.0.26100.2")
        .csp_provider("Microsoft Software Key Storage Provider")
        .challenge_password("hush")
}

#[test]
fn every_algorithm() {
    for algorithm in KeyAlgorithm::ALL {
        let der = full(algorithm).build();
        verify_request(&der).unwrap_or_else(|e| panic!("{algorithm}: {e}"));
        let request = CertificationRequest::from_der(&der).unwrap();
        request.verify().unwrap();
        assert_eq!(request.public_key(), engine::Signer::public_key(&*key(algorithm, Role::Subject)));
        assert_eq!(request.subject().to_string(), "CN=host.example,OU=Servers,O=Example \\+ S\u{f6}hne,C=DE");
        assert_eq!(request.extensions().len(), 3);
        let names = extension::decode_subject_alt_name(&request.extension(&oid::SUBJECT_ALT_NAME).unwrap().value);
        let names: Vec<String> = names.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["dns:host.example", "ip:192.0.2.1", "upn:user@host.example"]);
        let mut pairs = request.attribute_pairs();
        pairs.sort();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("CertificateTemplate", "WebServer"), pair("rmd", "host.example")]);
        assert_eq!(request.os_version(), Some("10.0.26100.2"));
        assert_eq!(request.csp_provider(), Some("Microsoft Software Key Storage Provider"));
        assert_eq!(request.challenge_password(), Some("hush"));
    }
}

#[test]
fn pem_and_the_least_there_can_be() {
    let least = RequestBuilder::new(KeyAlgorithm::P256, "");
    let der = least.build();
    verify_request(&der).unwrap();
    assert!(CertificationRequest::from_der(&der).unwrap().subject().is_empty());
    let pem = least.build_pem();
    assert!(CertificationRequest::from_der(&pki::decode_request(pem.as_bytes()).unwrap()).is_ok());
}

#[test]
fn our_own_request_is_read_by_others() {
    for algorithm in KeyAlgorithm::ALL {
        use engine::Signer;
        let key = key(algorithm, Role::Subordinate);
        let subject = pki::Name::parse("CN=Issuing CA,O=Example").unwrap();
        let extensions = [extension::basic_constraints(true, Some(0)), extension::key_usage(KeyUsage::KEY_CERT_SIGN)];
        let info = pki::certification_request_info(&subject, key.public_key(), &extensions).unwrap();
        let der = pki::assemble(&info, key.algorithm(), &key.sign(&info).unwrap());
        verify_request(&der).unwrap_or_else(|e| panic!("{algorithm}: {e}"));
    }
}

/// Where only the signature is wrong, the other implementations agree that it is.
#[test]
fn what_is_unproven_is_so_to_others() {
    for broken in broken_requests() {
        if broken.name.starts_with("a signature ") && broken.fault == testkit::ca::Fault::Unproven {
            let e = verify_request(&broken.der).unwrap_err();
            assert!(!e.is_empty(), "{}", broken.name);
        }
    }
}
