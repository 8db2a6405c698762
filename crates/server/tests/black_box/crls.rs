//! CRLs: made, published, fetched, read.

use crate::authority::{Place, free_port, http_get, openssl, until};

#[test]
fn crls_are_published_to_files_and_over_http() {
    let place = Place::new();
    let port = free_port();
    place.init(&["--publish", &format!("127.0.0.1:{port}")]).ok();
    let server = place.serve(&[]);
    until("the first CRLs are there", || place.json(&["crl", "list"])["items"].as_array().unwrap().len() == 2);
    let table = place.run(&["crl", "publish", "--next-update", "+3d"]).ok().stdout;
    assert!(table.contains("base") && table.contains("yes"), "{table}");
    let numbers = |list: &serde_json::Value| -> Vec<u64> {
        list["items"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()).collect()
    };
    let list = place.json(&["crl", "list"]);
    assert!(numbers(&list)[0] > 1, "{list}");
    let newest = numbers(&list)[0];

    for name in ["Test%20CA.crl", "Test%20CA+.crl", "ca.example_Test%20CA.crt"] {
        for folder in ["CertEnroll/", ""] {
            let (status, head, body) = http_get(&format!("http://127.0.0.1:{port}/{folder}{name}"));
            assert_eq!(status, 200, "{folder}{name}");
            let kind = if name.ends_with("crl") { "application/pkix-crl" } else { "application/pkix-cert" };
            assert!(head.contains(kind) && head.contains("etag:") && head.contains("last-modified:"), "{head}");
            assert_eq!(body[0], 0x30);
        }
    }
    let (_, _, served) = http_get(&format!("http://127.0.0.1:{port}/CertEnroll/Test%20CA.crl"));
    let written = std::fs::read(place.data("crl/Test CA.crl")).unwrap();
    assert_eq!(served, written);
    assert_eq!(http_get(&format!("http://127.0.0.1:{port}/CertEnroll/Other.crl")).0, 404);
    assert_eq!(http_get(&format!("http://127.0.0.1:{port}/v1/ca")).0, 404);

    // OpenSSL verifies it; our own reader says the same of it, from the file and from the server.
    let file = place.data("crl/Test CA.crl");
    let text = openssl(&[
        "crl",
        "-inform",
        "DER",
        "-in",
        file.to_str().unwrap(),
        "-CAfile",
        place.data("ca.crt").to_str().unwrap(),
        "-noout",
        "-text",
    ]);
    assert!(text.contains("verify OK"), "{text}");
    let from_file = place.json(&["crl", "show", file.to_str().unwrap()]);
    let from_server = place.json(&["crl", "show"]);
    assert_eq!(from_file, from_server);
    assert_eq!(from_file["number"], newest);
    assert_eq!(place.json(&["crl", "show", &newest.to_string()]), from_server);
    assert_eq!(place.json(&["crl", "show", "--delta"])["delta_base"].as_u64().unwrap(), place.json(&["crl", "list"])["items"].as_array().unwrap().iter().find(|row| row["kind"] == "delta").unwrap()["min_base"].as_u64().unwrap());
    server.stop();
}

#[test]
fn a_delta_says_what_changed_and_republishing_makes_nothing() {
    let place = Place::new();
    let server = place.serve(&[]);
    let serial = place.issue("a.example");
    let before = place.json(&["crl", "show"])["number"].as_u64().unwrap();
    place.run(&["certificate", "revoke", &serial, "--reason", "superseded"]).ok();
    place.run(&["crl", "publish", "--delta"]).ok();
    assert_eq!(place.json(&["crl", "show"])["number"], before);
    let delta = place.json(&["crl", "show", "--delta", "--entries"]);
    assert_eq!(
        (delta["delta_base"].as_u64(), delta["entries"][0]["reason"].as_str()),
        (Some(before), Some("superseded"))
    );

    let made = place.json(&["crl", "list"])["items"].as_array().unwrap().len();
    let file = place.data("crl/Exeunt Development CA.crl");
    std::fs::remove_file(&file).unwrap();
    place.run(&["crl", "publish", "--republish"]).ok();
    assert!(file.exists());
    assert_eq!(place.json(&["crl", "list"])["items"].as_array().unwrap().len(), made);
    server.stop();
}

#[test]
fn a_location_that_cannot_be_written_is_told_and_the_crl_is_kept() {
    let place = Place::new();
    place.init(&[]).ok();
    place.write("in-the-way", "");
    let bad = place.path("in-the-way/x.crl").display().to_string();
    place.configure(|text| text.replace("crl = [", &format!("crl = [\"1:{bad}\", ")));
    let server = place.serve(&[]);
    let done = place.run(&["crl", "publish"]).fails(1);
    assert!(done.stderr.contains("could not be written everywhere") && done.stderr.contains("in-the-way"), "{done:?}");
    assert!(place.json(&["crl", "show"])["number"].as_u64().unwrap() >= 1);
    server.stop();
}
