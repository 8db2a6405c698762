//! CA certificates are written to their locations.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use pki::KeyAlgorithm;
use testkit::authority::Builder;

#[test]
fn the_ca_certificate_is_written_at_start_and_a_bad_location_keeps_nobody_from_starting() {
    let builder = Builder::new(KeyAlgorithm::P256);
    let folder = builder.folder().display().to_string();
    let locations = [
        "1:http://%1/cannot/be/written/to.crt".to_owned(),
        format!("1:{folder}/crl/%1_%3%4.crt"),
        format!("2:{folder}/only-named.crt"),
    ];
    let locations = locations.map(|location| location.parse().unwrap()).to_vec();
    let authority = builder.config(|config| config.ca_locations = locations).open().unwrap();
    let file = authority.folder.path().join("crl/ca.example.org_Test CA.crt");
    let certificate = authority.engine.ca().certificates()[0].certificate.der().to_vec();
    assert_eq!(std::fs::read(&file).unwrap(), certificate);
    assert!(!authority.folder.path().join("only-named.crt").exists());

    std::fs::remove_file(&file).unwrap();
    let authority = authority.restart();
    assert_eq!(std::fs::read(&file).unwrap(), certificate);
    authority.close();
}
