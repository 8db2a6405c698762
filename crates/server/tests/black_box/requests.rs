//! From submission to certificate, and to refusal.

use std::process::Stdio;

use crate::authority::{Place, openssl};

#[test]
fn a_request_waits_until_it_is_approved() {
    let place = Place::new();
    place.init(&[]).ok();
    let server = place.serve(&[]);
    let csr = place.csr("a", "a.example");
    let submitted = place.run(&["request", "submit", csr.to_str().unwrap(), "--profile", "tls-server"]).ok();
    assert_eq!(submitted.stdout, "request 1 is pending\n");
    assert!(submitted.stderr.contains("exeunt request approve 1"), "{submitted:?}");
    let early = place.json(&["request", "retrieve", "1"]);
    assert_eq!(early["disposition"], "pending");

    // Amended by an officer, then approved.
    place.run(&["request", "set-attributes", "1", "Department:Finance", "Ticket:4711"]).ok();
    place.run(&["request", "set-extension", "1", "1.3.6.1.4.1.99999.1", "0500"]).ok();
    let amended = place.json(&["request", "show", "1"]);
    let attributes = amended["body"]["attributes"].to_string();
    assert!(attributes.contains("Finance") && attributes.contains("4711"), "{attributes}");
    let approved = place.run(&["request", "approve", "1", "--out", "a.crt"]).ok();
    assert!(approved.stdout.starts_with("request 1 is issued\n"), "{approved:?}");
    let text = openssl(&["x509", "-in", place.path("a.crt").to_str().unwrap(), "-noout", "-text"]);
    assert!(text.contains("1.3.6.1.4.1.99999.1") && text.contains("DNS:a.example"), "{text}");
    let pem = place.run(&["request", "retrieve", "1", "--out", "-"]).ok().stdout;
    assert_eq!(pem, place.read("a.crt"));
    // It is decided.
    place.run(&["request", "deny", "1"]).fails(6);
    server.stop();
}

#[test]
fn a_denied_request_is_an_outcome_with_its_own_exit_code() {
    let place = Place::new();
    place.init(&[]).ok();
    let server = place.serve(&[]);
    let csr = place.csr("a", "a.example");
    let csr = csr.to_str().unwrap();
    place.run(&["request", "submit", csr, "--profile", "tls-server"]).ok();
    assert_eq!(place.run(&["request", "deny", "1"]).ok().stdout, "request 1 denied\n");
    // Denied by policy: no such profile.
    let denied = place.run(&["request", "submit", csr, "--profile", "no-such"]).fails(4);
    assert!(denied.stderr.contains("request 2 was denied") && denied.stderr.contains("no-such"), "{denied:?}");
    let json = place.run(&["request", "submit", csr, "--json"]).fails(4).json();
    assert_eq!(json["disposition"], "denied");
    assert_eq!(json["status"], "0x80094801");
    let list = place.json(&["request", "list", "disposition=denied", "--order", "oldest"]);
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3]);
    server.stop();
}

#[test]
fn requests_come_in_every_encoding_and_from_standard_input() {
    let place = Place::new();
    let server = place.serve(&[]);
    let csr = place.csr("a", "a.example");
    let der = place.path("a.der");
    openssl(&["req", "-in", csr.to_str().unwrap(), "-outform", "DER", "-out", der.to_str().unwrap()]);
    let pem = std::fs::read_to_string(&csr).unwrap();
    let bare: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    place.write("a.b64", &bare);
    for file in ["a.csr", "a.der", "a.b64"] {
        assert_eq!(place.json(&["request", "submit", file])["disposition"], "issued", "{file}");
    }
    let mut command = place.command(&["request", "submit", "-", "--out", "-"]);
    command.stdin(Stdio::from(std::fs::File::open(&csr).unwrap()));
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"-----BEGIN CERTIFICATE-----"));
    server.stop();
}

#[test]
fn what_is_not_a_request_is_refused_and_nothing_is_issued() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.write("junk", "this is no request");
    place.write("empty", "");
    for file in ["junk", "empty"] {
        let refused = place.run(&["request", "submit", file]).fails(4);
        assert!(refused.stderr.starts_with("error: "), "{refused:?}");
    }
    place.run(&["request", "submit", "missing"]).fails(3);
    // What was received is kept, as failed.
    let kept = place.json(&["request", "list"]);
    assert!(kept["items"].as_array().unwrap().iter().all(|row| row["disposition"] == "failed"), "{kept}");
    assert_eq!(place.json(&["certificate", "list"])["items"].as_array().unwrap().len(), 0);
    place.run(&["request", "show", "17"]).fails(3);
    let wrong = place.run(&["request", "list", "Nonsense=1"]);
    assert!(wrong.code == 4 && wrong.stderr.contains("Nonsense"), "{wrong:?}");
    let attribute = place.run(&["request", "submit", "junk", "--attribute", "without colon"]).fails(2);
    assert!(attribute.stderr.contains("NAME:VALUE"), "{attribute:?}");
    server.stop();
}

#[test]
fn lists_come_in_pages() {
    let place = Place::new();
    let server = place.serve(&[]);
    for host in ["a.example", "b.example", "c.example"] {
        place.issue(host);
    }
    let first = place.json(&["request", "list", "--limit", "2"]);
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap();
    let rest = place.json(&["request", "list", "--after", next]);
    assert_eq!(rest["items"][0]["id"], 1);
    assert!(rest.get("next").is_none());
    let found = place.json(&["certificate", "list", "CommonName^=b."]);
    assert_eq!(found["items"][0]["certificate"]["distinguished_name"], "CN=b.example");
    let hint = place.run(&["request", "list", "--limit", "2"]).ok().stderr;
    assert!(hint.contains("--after"), "{hint}");
    server.stop();
}

/// A name that would steer the operator's terminal is shown without its power.
#[test]
fn names_from_requesters_cannot_steer_the_terminal() {
    let place = Place::new();
    let server = place.serve(&[]);
    let csr = place.csr("evil", "evil.example");
    let attribute = "Note:\u{1b}[2J\u{202e}gone";
    place.run(&["request", "submit", csr.to_str().unwrap(), "--attribute", attribute]).ok();
    let shown = place.run(&["request", "show", "1", "--color", "never"]).ok().stdout;
    assert!(shown.contains("·[2J·gone"), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'));
    server.stop();
}
