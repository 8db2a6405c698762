//! Names as text, compared with x509-cert and openssl.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::str::FromStr;

use der::{Decode, Encode};
use pki::Name;
use support::*;

/// RFC 4514 texts without anything the other readers do not know.
const TEXTS: &[&str] = &[
    "CN=Steve Kille,O=Isode Limited,C=GB",
    "CN=J.  Smith+OU=Sales,DC=example,DC=net",
    r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
    r"CN=Before\0DAfter,DC=example,DC=net",
    r"CN=Lu\C4\8Di\C4\87",
    r"CN=a\+b\;c\<d\>e\\f",
    r"CN=\#hash",
    "CN=日本語,O=Пример,C=JP",
    "STREET=1 Main St,L=Town,ST=State,C=US",
    "UID=jsmith,DC=example,DC=net",
    "CN=#130161",
];

#[test]
fn x509_cert_reads_them_alike() {
    for text in TEXTS {
        let ours = Name::parse(text).unwrap();
        let theirs = x509_cert::name::Name::from_str(text).unwrap();
        let theirs = Name::from_der(&theirs.to_der().unwrap()).unwrap();
        // String types may differ; the names must not.
        assert!(ours.matches(&theirs), "{text}: {ours} / {theirs}");
        let through = x509_cert::name::Name::from_der(ours.der()).unwrap();
        assert_eq!(through.to_der().unwrap(), ours.der());
        let again = Name::parse(&through.to_string()).unwrap();
        assert!(again.matches(&ours), "{text}: {through}");
    }
}

#[test]
fn openssl_prints_them_alike() {
    let key = TestKey::shared();
    for text in TEXTS {
        let mut tbs = root_tbs(key);
        tbs.subject = name(text);
        let der = key.seal(&tbs.to_der().unwrap());
        let options = "RFC2253,utf8,-esc_msb";
        let printed = openssl_text(&["x509", "-inform", "DER", "-noout", "-subject", "-nameopt", options], &der);
        let printed = printed.strip_prefix("subject=").unwrap().trim_end_matches('\n').to_owned();
        let back = Name::parse(&printed).unwrap();
        assert!(back.matches(&tbs.subject), "{text}: {printed}");
    }
}

#[test]
fn openssl_writes_what_we_read() {
    let key = file(&openssl(&["genpkey", "-algorithm", "ED25519"], b"").unwrap());
    for (subject, want) in [
        ("/C=DE/O=Example/OU=a/OU=b/CN=host", "CN=host,OU=b,OU=a,O=Example,C=DE"),
        ("/DC=org/DC=example/CN=x+UID=y", "CN=x+UID=y,DC=example,DC=org"),
        ("/CN=comma, inside/emailAddress=a@b", r"emailAddress=a@b,CN=comma\, inside"),
        ("/serialNumber=12-3/GN=g/SN=s/title=t/initials=i", "initials=i,title=t,SN=s,givenName=g,serialNumber=12-3"),
    ] {
        let args = ["req", "-new", "-key", path(&key), "-subj", subject, "-outform", "DER"];
        let request = pki::CertificationRequest::from_der(&openssl(&args, b"").unwrap()).unwrap();
        assert_eq!(request.subject().to_string(), want);
        assert!(Name::parse(want).unwrap().matches(request.subject()));
    }
}
