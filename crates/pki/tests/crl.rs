//! CRLs written piece by piece, read here, by x509-cert and by openssl.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use der::Decode;
use jiff::Timestamp;
use pki::extension as ext;
use pki::{
    CertificateList, CrlEntry, CrlHeader, Error, Extension, KeyAlgorithm, Serial, encode_entry, outer_prefix,
    outer_suffix,
};
use support::*;

fn header(key: &TestKey, extensions: Vec<Extension>) -> CrlHeader {
    CrlHeader {
        signature: key.algorithm.signature(),
        issuer: name("CN=Test Root,O=Example,C=DE"),
        this_update: "2026-03-01T00:00:00Z".parse().unwrap(),
        next_update: "2050-03-08T00:00:00Z".parse().unwrap(),
        extensions,
    }
}

fn extensions(key: &TestKey) -> Vec<Extension> {
    vec![
        ext::authority_key_identifier(Some(&key.public.key_identifier()), None, None),
        ext::crl_number(4711),
        ext::ca_version(2, 3),
        ext::crl_next_publish("2026-03-07T00:00:00Z".parse().unwrap()).unwrap(),
    ]
}

fn entry(n: u32) -> CrlEntry {
    CrlEntry {
        serial: Serial::from_bytes(&(n + 0x7ff0).to_be_bytes()).unwrap(),
        revoked_at: Timestamp::from_second(1_770_000_000 + i64::from(n)).unwrap(),
        reason: [None, Some(1), Some(4), Some(6), Some(0)][n as usize % 5],
        invalidity: n.is_multiple_of(7).then(|| Timestamp::from_second(1_760_000_000).unwrap()),
    }
}

/// The pieces in the order of the file; the signature is over the middle ones.
fn write(key: &TestKey, header: &CrlHeader, entries: &[CrlEntry]) -> Vec<u8> {
    let mut body = Vec::new();
    for entry in entries {
        encode_entry(entry, &mut body).unwrap();
    }
    let prefix = header.prefix(body.len() as u64).unwrap();
    let tbs = [prefix, body, header.suffix().unwrap()].concat();
    let signature = key.sign(&tbs);
    let outer = outer_prefix(tbs.len() as u64, header.signature, &signature).unwrap();
    [outer, tbs, outer_suffix(header.signature, &signature)].concat()
}

#[test]
fn written_and_read() {
    let key = TestKey::shared();
    let header = header(key, extensions(key));
    for count in [0, 1, 2, 10, 1000] {
        let entries: Vec<_> = (0..count).map(entry).collect();
        let der = write(key, &header, &entries);
        let list = CertificateList::from_der(&der).unwrap();
        list.verify(&key.public).unwrap();
        assert_eq!(list.issuer(), &header.issuer);
        assert_eq!(list.this_update(), header.this_update);
        assert_eq!(list.next_update(), Some(header.next_update));
        assert_eq!(list.number(), Some(4711));
        assert_eq!(list.delta_base(), None);
        assert_eq!(list.extensions(), header.extensions);
        assert_eq!(list.der(), der);
        let read: Vec<_> = list.entries().collect::<Result<_, _>>().unwrap();
        let want: Vec<_> =
            entries.iter().map(|e| CrlEntry { reason: e.reason.filter(|r| *r != 0), ..e.clone() }).collect();
        assert_eq!(read, want);
        assert_eq!(CertificateList::decode(list.to_pem().as_bytes()).unwrap().der(), der);

        let theirs = x509_cert::crl::CertificateList::<x509_cert::certificate::Rfc5280>::from_der(&der).unwrap();
        let revoked = theirs.tbs_cert_list.revoked_certificates;
        // RFC 5280 5.1.2.6: absent when there is nothing in it.
        assert_eq!(revoked.map(|r| r.len()), (count > 0).then_some(count as usize));
    }
}

#[test]
fn openssl_verifies_and_prints() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519] {
        let key = TestKey::generate(algorithm);
        let ca = file(root(&key).to_pem().as_bytes());
        let entries: Vec<_> = (0..20).map(entry).collect();
        let mut all = extensions(&key);
        all.push(ext::delta_crl_indicator(4700));
        let point = ext::IssuingDistributionPoint {
            urls: urls(&["http://crl.example.org/root.crl"]),
            only_user_certs: true,
            ..Default::default()
        };
        all.push(ext::issuing_distribution_point(&point).unwrap());
        all.push(ext::freshest_crl(&urls(&["http://crl.example.org/root+.crl"])).unwrap());
        let der = write(&key, &header(&key, all), &entries);
        let text = openssl_text(
            &["crl", "-inform", "DER", "-CAfile", path(&ca), "-noout", "-text", "-nameopt", "RFC2253"],
            &der,
        );
        for line in [
            "Version 2 (0x1)",
            "Issuer: CN=Test Root,O=Example,C=DE",
            "Last Update: Mar  1 00:00:00 2026 GMT",
            "Next Update: Mar  8 00:00:00 2050 GMT",
            "X509v3 CRL Number: \n                4711",
            "X509v3 Delta CRL Indicator: critical\n                4700",
            "X509v3 Issuing Distribution Point: critical",
            "Only User Certificates",
            "Serial Number: 7FF0",
            "Serial Number: 8000",
            "Key Compromise",
            "Certificate Hold",
            "Invalidity Date",
        ] {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
        let checked = openssl(&["crl", "-inform", "DER", "-verify", "-CAfile", path(&ca), "-noout"], &der);
        assert!(checked.is_ok(), "{checked:?}");
    }
}

#[test]
fn every_algorithm_signs() {
    for algorithm in KeyAlgorithm::ALL {
        let key = TestKey::generate(algorithm);
        let der = write(&key, &header(&key, extensions(&key)), &[entry(1)]);
        let list = CertificateList::from_der(&der).unwrap();
        list.verify(&key.public).unwrap();
        let mut forged = der.clone();
        let at = forged.windows(4).position(|w| w == b"Root").unwrap();
        forged[at] = b'r';
        let forged = CertificateList::from_der(&forged).unwrap();
        assert_eq!(forged.verify(&key.public), Err(Error::BadSignature));
    }
}

#[test]
fn delta_lists() {
    let key = TestKey::shared();
    let mut all = extensions(key);
    all.push(ext::delta_crl_indicator(4700));
    let removed = CrlEntry { reason: Some(8), ..entry(3) };
    let der = write(key, &header(key, all), std::slice::from_ref(&removed));
    let list = CertificateList::from_der(&der).unwrap();
    assert_eq!(list.delta_base(), Some(4700));
    assert_eq!(list.entries().next().unwrap().unwrap(), removed);
}

#[test]
fn lists_of_openssl_are_read() {
    // openssl ca wants a directory; a CRL without entries and without extensions is version 1.
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("index.txt"), "R\t270101000000Z\t260201000000Z,keyCompromise\t8001\tunknown\t/CN=a\n").unwrap();
    std::fs::write(at("key"), openssl(&["genpkey", "-algorithm", "ED25519"], b"").unwrap()).unwrap();
    let config = format!(
        "[req]\ndistinguished_name=n\n[n]\n[ca]\ndefault_ca=c\n[c]\ndatabase={}\ndefault_md=null\n",
        at("index.txt")
    );
    std::fs::write(at("config"), config).unwrap();
    let ca = openssl(&["req", "-x509", "-new", "-key", &at("key"), "-subj", "/CN=x", "-config", &at("config")], b"");
    std::fs::write(at("ca"), ca.unwrap()).unwrap();
    let args = ["ca", "-gencrl", "-crldays", "7", "-config", &at("config"), "-keyfile", &at("key"), "-cert", &at("ca")];
    let list = CertificateList::decode(&openssl(&args, b"").unwrap()).unwrap();
    let ca = pki::Certificate::decode(&std::fs::read(at("ca")).unwrap()).unwrap();
    list.verify(ca.public_key()).unwrap();
    let entries: Vec<_> = list.entries().collect::<Result<_, _>>().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].serial.to_string(), "8001");
    assert_eq!(entries[0].reason, Some(1));
    assert_eq!(list.number(), None);
}

#[test]
fn bad_lists_are_refused() {
    let key = TestKey::shared();
    let der = write(key, &header(key, extensions(key)), &[entry(0), entry(1)]);
    assert!(CertificateList::from_der(&der[..der.len() - 1]).is_err());
    assert!(CertificateList::from_der(&[&der[..], &[0]].concat()).is_err());
    assert!(CertificateList::from_der(&[]).is_err());
    let twice = header(key, vec![ext::crl_number(1), ext::crl_number(2)]);
    assert!(twice.prefix(0).is_err() && twice.suffix().is_err());

    // A broken second entry: the first is read, then the iteration ends with an error.
    let mut broken = der;
    let reason = broken.windows(5).position(|w| w == [0x55, 0x1d, 0x15, 4, 3]).unwrap();
    broken[reason + 7] = 99;
    let list = CertificateList::from_der(&broken).unwrap();
    let read: Vec<_> = list.entries().collect();
    assert_eq!(read.len(), 2);
    assert!(read[0].is_ok() && read[1].is_err());
}
