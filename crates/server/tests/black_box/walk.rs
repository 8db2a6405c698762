//! The first five minutes: nothing configured, one command, one certificate, one line in the journal.

use serde_json::Value;

use crate::authority::{Place, http_get, openssl, until};

#[test]
fn a_development_authority_issues_and_tells_its_journal() {
    let place = Place::new();
    let server = place.serve(&[]);
    let said = server.out();
    for expected in ["admin.sock", "exeunt request submit", "journal.jsonl"] {
        assert!(said.contains(expected), "{said}");
    }

    let csr = place.csr("web", "web.example.org");
    let done = place.run(&["request", "submit", csr.to_str().unwrap(), "--out", "web.crt"]).ok();
    assert!(done.stdout.contains("is issued"), "{done:?}");

    until("the journal has the event", || {
        std::fs::read_to_string(place.data("journal.jsonl")).is_ok_and(|text| text.contains("cert-issued"))
    });
    let text = std::fs::read_to_string(place.data("journal.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line.to_string().contains("web.example.org")), "{text}");

    // What was issued verifies with its CRL, which the server publishes where the certificate says.
    std::fs::write(place.path("ca.pem"), place.run(&["ca", "show", "--pem"]).ok().stdout).unwrap();
    let certificate = openssl(&["x509", "-in", place.path("web.crt").to_str().unwrap(), "-noout", "-text"]);
    let url = certificate.split("URI:").find(|rest| rest.contains(".crl")).unwrap().split_whitespace().next().unwrap();
    let mut crl = Vec::new();
    until("the first CRL is published", || {
        let (status, _, body) = http_get(url);
        crl = body;
        status == 200
    });
    std::fs::write(place.path("ca.crl"), crl).unwrap();
    openssl(&[
        "crl",
        "-inform",
        "DER",
        "-in",
        place.path("ca.crl").to_str().unwrap(),
        "-out",
        place.path("ca.crl.pem").to_str().unwrap(),
    ]);
    openssl(&[
        "verify",
        "-x509_strict",
        "-crl_check",
        "-CAfile",
        place.path("ca.pem").to_str().unwrap(),
        "-CRLfile",
        place.path("ca.crl.pem").to_str().unwrap(),
        "-purpose",
        "sslserver",
        place.path("web.crt").to_str().unwrap(),
    ]);
    server.stop();

    // It is the same authority the next time.
    let before = place.read("exeunt-data/ca.crt");
    let server = place.serve(&[]);
    assert_eq!(place.read("exeunt-data/ca.crt"), before);
    assert_eq!(place.json(&["request", "list"])["items"].as_array().unwrap().len(), 1);
    server.stop();
}
