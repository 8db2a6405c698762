//! Revocation, release, export, import.

use crate::authority::{Place, openssl, try_openssl};

#[test]
fn a_revoked_certificate_is_on_the_next_crl_and_openssl_refuses_it() {
    let place = Place::new();
    let server = place.serve(&[]);
    let good = place.issue("good.example");
    let bad = place.issue("bad.example");
    for (serial, file) in [(&good, "good.crt"), (&bad, "bad.crt")] {
        place.run(&["certificate", "export", serial, "--out", file]).ok();
    }
    let revoked = place.run(&["certificate", "revoke", &bad.to_uppercase(), "--reason", "key-compromise"]).ok();
    assert!(revoked.stdout.contains("keyCompromise") && revoked.stderr.contains("exeunt crl publish"), "{revoked:?}");
    place.run(&["crl", "publish"]).ok();
    let path = |name: &str| place.path(name).display().to_string();
    openssl(&[
        "crl",
        "-inform",
        "DER",
        "-in",
        &path("exeunt-data/crl/Exeunt Development CA.crl"),
        "-out",
        &path("ca.crl"),
    ]);
    let check = |certificate: &str| {
        let (root, crl) = (path("exeunt-data/ca.crt"), path("ca.crl"));
        try_openssl(&["verify", "-x509_strict", "-crl_check", "-CAfile", &root, "-CRLfile", &crl, &path(certificate)])
    };
    assert_eq!(check("good.crt").code, 0);
    let refused = check("bad.crt");
    assert!(refused.code != 0 && refused.stderr.contains("certificate revoked"), "{refused:?}");

    // Twice is a conflict or the same state; never a silent change of the reason back to none.
    let row = place.json(&["certificate", "show", &bad]);
    assert_eq!(
        (row["disposition"].as_str(), row["revocation"]["reason"].as_str()),
        (Some("revoked"), Some("keyCompromise"))
    );
    place.run(&["certificate", "release", &bad]).fails(6);
    place.run(&["certificate", "revoke", "00ff", "--reason", "superseded"]).fails(3);
    place.run(&["certificate", "revoke", &good, "--reason", "boredom"]).fails(2);
    server.stop();
}

#[test]
fn a_certificate_on_hold_is_released() {
    let place = Place::new();
    let server = place.serve(&[]);
    let serial = place.issue("a.example");
    place.run(&["certificate", "revoke", &serial, "--reason", "certificateHold"]).ok();
    place.run(&["crl", "publish"]).ok();
    let held = place.json(&["crl", "show", "--entries"]);
    assert_eq!((held["count"].as_u64(), held["entries"][0]["serial"].as_str()), (Some(1), Some(serial.as_str())));
    place.run(&["certificate", "release", &serial]).ok();
    assert_eq!(place.json(&["certificate", "show", &serial])["disposition"], "issued");
    place.run(&["crl", "publish"]).ok();
    assert_eq!(place.json(&["crl", "show"])["count"], 0);
    server.stop();
}

#[test]
fn a_revocation_may_lie_ahead() {
    let place = Place::new();
    let server = place.serve(&[]);
    let serial = place.issue("a.example");
    place.run(&["certificate", "revoke", &serial, "--reason", "superseded", "--effective", "+30d"]).ok();
    let row = place.json(&["certificate", "show", &serial]);
    assert!(row["revocation"]["effective"].as_str() > row["revocation"]["when"].as_str(), "{row}");
    place.run(&["crl", "publish"]).ok();
    assert_eq!(place.json(&["crl", "show"])["count"], 0);
    server.stop();
}

#[test]
fn certificates_are_exported_and_imported() {
    let place = Place::new();
    let server = place.serve(&[]);
    let serial = place.issue("a.example");
    let pem = place.run(&["certificate", "export", &serial]).ok().stdout;
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    place.run(&["certificate", "export", &serial, "--der", "--out", "a.der"]).ok();
    assert_eq!(std::fs::read(place.path("a.der")).unwrap()[0], 0x30);
    // A certificate of our own that there is a row for already.
    place.write("a.crt", &pem);
    place.run(&["certificate", "import", "a.crt"]).fails(6);

    // One of another authority: refused, unless it is meant.
    let key = place.path("f.key");
    let foreign = place.path("f.crt");
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=foreign.example",
        "-keyout",
        key.to_str().unwrap(),
        "-out",
        foreign.to_str().unwrap(),
    ]);
    place.run(&["certificate", "import", "f.crt"]).fails(4);
    let imported = place.run(&["certificate", "import", "f.crt", "--foreign"]).ok();
    assert!(imported.stdout.starts_with("imported as request "), "{imported:?}");
    let rows = place.json(&["request", "list", "disposition=foreign"]);
    assert_eq!(rows["items"].as_array().unwrap().len(), 1);
    server.stop();
}
