//! Certificates: built here, read here, by x509-cert, by x509-parser and by openssl.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use der::{Decode, Encode};
use pki::extension as ext;
use pki::{Certificate, Error, KeyAlgorithm, NO_EXPIRATION, PublicKey, Serial, oid};
use support::*;

#[test]
fn every_algorithm_issues_and_verifies() {
    let leaf_key = TestKey::shared();
    for algorithm in KeyAlgorithm::ALL {
        let issuer = TestKey::generate(algorithm);
        let root = root(&issuer);
        root.verify(root.public_key()).unwrap();
        let tbs = leaf_tbs(&issuer, &leaf_key.public).to_der().unwrap();
        let leaf = Certificate::from_der(&issuer.seal(&tbs)).unwrap();
        leaf.verify(root.public_key()).unwrap();
        // A second time with the key that was kept, and with a fresh one.
        leaf.verify(root.public_key()).unwrap();
        leaf.verify(&PublicKey::from_spki(issuer.public.spki()).unwrap()).unwrap();
        assert_eq!(leaf.verify(&leaf_key.public), Err(Error::BadSignature), "{algorithm}");

        let mut forged = leaf.der().to_vec();
        let at = forged.windows(4).position(|w| w == b"host").unwrap();
        forged[at] = b'H';
        let forged = Certificate::from_der(&forged).unwrap();
        assert_eq!(forged.verify(root.public_key()), Err(Error::BadSignature), "{algorithm}");
        issuer.public.quality(&pki::KeyRules::default()).unwrap();
    }
}

#[test]
fn openssl_accepts_the_chain() {
    let leaf_key = TestKey::shared();
    for algorithm in KeyAlgorithm::ALL {
        // openssl 3.0 does not know ML-DSA.
        if algorithm >= KeyAlgorithm::MlDsa44 {
            continue;
        }
        let issuer = TestKey::generate(algorithm);
        let root = file(root(&issuer).to_pem().as_bytes());
        let tbs = leaf_tbs(&issuer, &leaf_key.public).to_der().unwrap();
        let leaf = Certificate::from_der(&issuer.seal(&tbs)).unwrap();
        let args = ["verify", "-x509_strict", "-attime", "1775000000", "-purpose", "sslserver", "-CAfile", path(&root)];
        let answer = openssl_text(&args, leaf.to_pem().as_bytes());
        assert_eq!(answer, "stdin: OK\n", "{algorithm}");
    }
}

#[test]
fn fields_read_back() {
    let issuer = TestKey::shared();
    let tbs = leaf_tbs(issuer, &issuer.public);
    let der = tbs.to_der().unwrap();
    let sealed = issuer.seal(&der);
    let leaf = Certificate::from_der(&sealed).unwrap();
    assert_eq!(leaf.der(), sealed);
    assert_eq!(leaf.tbs(), der);
    assert_eq!(leaf.serial(), tbs.serial);
    assert_eq!(leaf.issuer(), &tbs.issuer);
    assert_eq!(leaf.subject(), &tbs.subject);
    assert_eq!(leaf.not_before(), tbs.not_before);
    assert_eq!(leaf.not_after(), tbs.not_after);
    assert_eq!(leaf.public_key(), &tbs.public_key);
    assert_eq!(leaf.extensions(), tbs.extensions);
    assert_eq!(leaf.signature_algorithm(), tbs.signature.der());
    assert!(!leaf.is_ca() && !leaf.is_self_issued());
    assert_eq!(leaf.extended_key_usage().unwrap(), [oid::SERVER_AUTH, oid::CLIENT_AUTH]);
    assert_eq!(leaf.subject_alt_names().unwrap().len(), 9);
    assert_eq!(leaf.authority_key_identifier().unwrap(), issuer.public.key_identifier());
    assert_eq!(leaf.subject_key_identifier().unwrap(), issuer.public.key_identifier());

    let root = root(issuer);
    assert!(root.is_ca() && root.is_self_issued());
    assert_eq!(root.path_len(), Some(1));
    assert!(root.key_usage().unwrap().contains(pki::KeyUsage::KEY_CERT_SIGN));
    assert_eq!(root.subject_alt_names().unwrap(), []);
    for encoded in [root.to_pem().into_bytes(), root.der().to_vec()] {
        assert_eq!(Certificate::decode(&encoded).unwrap(), root);
    }
    assert_eq!(pki::sha1(root.der()), root.sha1());
    assert_eq!(pki::sha256(root.der()), root.sha256());
}

#[test]
fn x509_cert_reads_the_same_and_writes_the_same() {
    let issuer = TestKey::shared();
    let sealed = issuer.seal(&leaf_tbs(issuer, &issuer.public).to_der().unwrap());
    let ours = Certificate::from_der(&sealed).unwrap();
    let theirs = x509_cert::Certificate::from_der(&sealed).unwrap();
    assert_eq!(theirs.to_der().unwrap(), sealed);
    let tbs = theirs.tbs_certificate();
    assert_eq!(tbs.serial_number().as_bytes(), ours.serial().as_bytes());
    assert_eq!(tbs.issuer().to_der().unwrap(), ours.issuer().der());
    assert_eq!(tbs.subject().to_der().unwrap(), ours.subject().der());
    assert_eq!(tbs.subject_public_key_info().to_der().unwrap(), ours.public_key().spki());
    let at = |t: x509_cert::time::Time| i64::try_from(t.to_unix_duration().as_secs()).unwrap();
    assert_eq!(at(tbs.validity().not_before), ours.not_before().as_second());
    assert_eq!(at(tbs.validity().not_after), ours.not_after().as_second());
    let extensions = tbs.extensions().unwrap();
    assert_eq!(extensions.len(), ours.extensions().len());
    for (theirs, ours) in extensions.iter().zip(ours.extensions()) {
        assert_eq!(
            (theirs.extn_id, theirs.critical, theirs.extn_value.as_bytes()),
            (ours.oid, ours.critical, &*ours.value)
        );
    }
    use x509_cert::ext::pkix as px;
    let value = |oid| ours.extension(&oid).unwrap().value.as_slice();
    let usage = px::KeyUsage::from_der(value(oid::KEY_USAGE)).unwrap();
    assert!(usage.digital_signature() && !usage.key_cert_sign());
    let san = px::SubjectAltName::from_der(value(oid::SUBJECT_ALT_NAME)).unwrap();
    assert_eq!(san.to_der().unwrap(), value(oid::SUBJECT_ALT_NAME));
    let cdp = px::CrlDistributionPoints::from_der(value(oid::CRL_DISTRIBUTION_POINTS)).unwrap();
    assert_eq!(cdp.to_der().unwrap(), value(oid::CRL_DISTRIBUTION_POINTS));
    let aia = px::AuthorityInfoAccessSyntax::from_der(value(oid::AUTHORITY_INFO_ACCESS)).unwrap();
    assert_eq!(aia.to_der().unwrap(), value(oid::AUTHORITY_INFO_ACCESS));
    let aki = px::AuthorityKeyIdentifier::from_der(value(oid::AUTHORITY_KEY_IDENTIFIER)).unwrap();
    assert_eq!(aki.to_der().unwrap(), value(oid::AUTHORITY_KEY_IDENTIFIER));
}

#[test]
fn openssl_prints_what_we_wrote() {
    let issuer = TestKey::shared();
    let sealed = issuer.seal(&leaf_tbs(issuer, &issuer.public).to_der().unwrap());
    let text = openssl_text(&["x509", "-inform", "DER", "-noout", "-text", "-nameopt", "RFC2253"], &sealed);
    for line in [
        "Version: 3 (0x2)",
        "Issuer: CN=Test Root,O=Example,C=DE",
        "Not Before: Feb  1 00:00:00 2026 GMT",
        "Subject: CN=host.example.org,O=Example,C=DE",
        "CA:FALSE",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "DNS:host.example.org, DNS:*.example.org, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1",
        "URI:https://example.org/x, email:a@example.org, othername: UPN::a@example.org",
        "Registered ID:1.2.3",
        "URI:http://crl.example.org/root.crl",
        "OCSP - URI:http://ocsp.example.org/",
        "CA Issuers - URI:http://aia.example.org/root.crt",
        "Policy: 1.3.6.1.4.1.99999.1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn extensions_openssl_understands() {
    let key = TestKey::shared();
    let mut tbs = root_tbs(key);
    let constraints = ext::NameConstraints {
        permitted: general_names(&["dns:example.org", "ip:10.0.0.0/8", "ip:2001:db8::/32"]),
        excluded: general_names(&["email:example.net", "dn:O=Other"]),
    };
    tbs.extensions.push(ext::name_constraints(&constraints).unwrap());
    tbs.extensions.push(ext::freshest_crl(&urls(&["http://crl.example.org/delta.crl"])).unwrap());
    tbs.extensions.push(ext::authority_key_identifier(
        Some(&key.public.key_identifier()),
        Some(&tbs.subject),
        Some(&tbs.serial),
    ));
    let sealed = key.seal(&tbs.to_der().unwrap());
    let text = openssl_text(&["x509", "-inform", "DER", "-noout", "-text"], &sealed);
    for line in [
        "X509v3 Name Constraints: critical",
        "DNS:example.org",
        "IP:10.0.0.0/255.0.0.0",
        "IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:0:0:0:0:0:0",
        "email:example.net",
        "X509v3 Freshest CRL:",
        "DirName:/C=DE/O=Example/CN=Test Root",
        "serial:5A:5A:5A:5A",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn the_end_of_time() {
    let key = TestKey::shared();
    let mut tbs = root_tbs(key);
    tbs.not_after = NO_EXPIRATION;
    let sealed = key.seal(&tbs.to_der().unwrap());
    let text = openssl_text(&["x509", "-inform", "DER", "-noout", "-enddate"], &sealed);
    assert_eq!(text, "notAfter=Dec 31 23:59:59 9999 GMT\n");
    let read = Certificate::from_der(&sealed).unwrap();
    assert_eq!(read.not_after().as_second(), NO_EXPIRATION.as_second());
}

#[test]
fn serials_with_a_high_bit() {
    let key = TestKey::shared();
    let mut tbs = root_tbs(key);
    for text in ["80", "ff00", "7f", "6100000e4b", "00"] {
        tbs.serial = text.parse::<Serial>().unwrap();
        let sealed = key.seal(&tbs.to_der().unwrap());
        let serial = openssl_text(&["x509", "-inform", "DER", "-noout", "-serial"], &sealed);
        assert_eq!(serial.trim().to_lowercase(), format!("serial={text}"));
        assert_eq!(Certificate::from_der(&sealed).unwrap().serial().to_string(), text);
    }
}

#[test]
fn foreign_certificates_are_read() {
    // Made by openssl and by rcgen, with what we do not write.
    let key = file(&openssl(&["genpkey", "-algorithm", "ED25519"], b"").unwrap());
    let args = [
        "req",
        "-x509",
        "-new",
        "-key",
        path(&key),
        "-subj",
        "/C=US/O=\u{e4}/CN=x+UID=y",
        "-utf8",
        "-days",
        "30",
        "-addext",
        "subjectAltName=DNS:a,otherName:1.2.3.4;UTF8:b,dirName:d",
        "-addext",
        "nsComment=hello",
        "-config",
        "/dev/stdin",
    ];
    let config = b"[req]\ndistinguished_name=n\n[n]\n[d]\nCN=z\n";
    let pem = openssl(&args, config).unwrap();
    let certificate = Certificate::decode(&pem).unwrap();
    certificate.verify(certificate.public_key()).unwrap();
    assert_eq!(certificate.subject().to_string(), "CN=x+UID=y,O=ä,C=US");
    let names: Vec<_> = certificate.subject_alt_names().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["dns:a", "other:1.2.3.4;0c0162", "dn:CN=z"]);

    let pair = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["a.example".to_owned(), "192.0.2.7".to_owned()]).unwrap();
    let der = parameters.self_signed(&pair).unwrap();
    let certificate = Certificate::from_der(der.der()).unwrap();
    certificate.verify(certificate.public_key()).unwrap();
    let names: Vec<_> = certificate.subject_alt_names().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["dns:a.example", "ip:192.0.2.7"]);
}

#[test]
fn bad_certificates_are_refused() {
    let key = TestKey::shared();
    let good = leaf_tbs(key, &key.public);
    let tbs = good.to_der().unwrap();
    let sealed = key.seal(&tbs);

    let mut trailing = sealed.clone();
    trailing.push(0);
    assert!(Certificate::from_der(&trailing).is_err());
    assert!(Certificate::from_der(&sealed[..sealed.len() - 1]).is_err());
    assert!(Certificate::from_der(&[]).is_err());
    assert!(Certificate::from_der(&tbs).is_err());

    // The algorithm outside is not the one inside.
    let other = pki::assemble(&tbs, pki::SignatureAlgorithm::Ed25519, &[0; 64]);
    assert!(matches!(Certificate::from_der(&other), Err(Error::Malformed { .. })));

    let mut twice = good.clone();
    twice.extensions.push(twice.extensions[0].clone());
    assert!(twice.to_der().is_err());

    let mut early = good.clone();
    early.not_before = "1960-01-01T00:00:00Z".parse().unwrap();
    assert!(matches!(early.to_der(), Err(Error::Unencodable { .. })));

    let mut broken = good;
    broken.extensions[0].value = vec![0x30, 0x01, 0x01];
    assert!(Certificate::from_der(&key.seal(&broken.to_der().unwrap())).is_err());
}
