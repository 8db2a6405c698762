//! The exit module `file`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;

use module::{ExitEvent, ExitEvents, ExitModule, HResult, ModuleError};
use support::{FakeServer, crl, module, notification};
use tempfile::TempDir;

fn in_directory(more: &[(&str, &str)]) -> (TempDir, Box<dyn ExitModule>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap().to_owned();
    let settings: Vec<(&str, &str)> = [("directory", path.as_str())].into_iter().chain(more.iter().copied()).collect();
    let module = module("file", &settings).unwrap();
    (directory, module)
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn issued(module: &dyn ExitModule, server: &FakeServer) -> Result<(), ModuleError> {
    module.notify(&notification(ExitEvent::CertIssued), server)
}

#[test]
fn a_certificate_is_written_where_the_attribute_asks_for_it() {
    let (directory, module) = in_directory(&[]);
    let server = FakeServer::issued();
    let events = module.initialize("Example CA", &server).unwrap();
    assert_eq!(events, ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED);
    issued(&*module, &server).unwrap();
    assert_eq!(fs::read(directory.path().join("7.cer")).unwrap(), [0x30, 0x03, 0x02, 0x01, 0x07]);
    // Delivered again, it is done already; another certificate of that number is not written.
    issued(&*module, &server).unwrap();
    let error = issued(&*module, &server.certificate("RawCertificate", vec![0x30, 0x00])).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_FILE_EXISTS);
    assert_eq!(names(directory.path()), ["7.cer"]);

    let (directory, module) = in_directory(&[]);
    let without = FakeServer::authority().request("RequestID", 7).certificate("RawCertificate", vec![0x30, 0x00]);
    module.initialize("Example CA", &without).unwrap();
    issued(&*module, &without).unwrap();
    assert!(names(directory.path()).is_empty());
}

#[test]
fn all_certificates_or_none_are_written() {
    let server = FakeServer::authority().request("RequestID", 7).certificate("RawCertificate", vec![0x30, 0x00]);
    let (directory, module) = in_directory(&[("certificates", "all"), ("format", "pem")]);
    module.initialize("Example CA", &server).unwrap();
    issued(&*module, &server).unwrap();
    let pem = fs::read_to_string(directory.path().join("7.cer")).unwrap();
    assert_eq!(pem, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");

    let (directory, module) =
        in_directory(&[("certificates", "none"), ("crls", "false"), ("ca_certificates", "false")]);
    assert_eq!(module.initialize("Example CA", &server), Ok(ExitEvents::empty()));
    issued(&*module, &FakeServer::issued()).unwrap();
    assert!(names(directory.path()).is_empty());
}

#[test]
fn an_unfinished_certificate_fails_the_event() {
    let (directory, module) = in_directory(&[("certificates", "all")]);
    let server = FakeServer::authority().request("RequestID", 7);
    module.initialize("Example CA", &server).unwrap();
    assert_eq!(issued(&*module, &server).unwrap_err().code, HResult::CERTSRV_E_PROPERTY_EMPTY);
    assert!(names(directory.path()).is_empty());
}

#[test]
fn crls_of_every_key_are_published_and_never_set_back() {
    let (directory, module) = in_directory(&[]);
    let publish = |server: &FakeServer| module.notify(&notification(ExitEvent::CrlIssued), server).unwrap();
    let read = |name: &str| fs::read(directory.path().join(name)).unwrap();
    let server = FakeServer::authority()
        .certificate("CertCount", 3)
        .certificate("fDeltaCRLsDisabled", 0)
        .certificate("CRLState.1", 1)
        .certificate("CRLState.2", 3)
        .certificate("CRLSuffix.2", "(1)")
        .certificate("RawCRL.0", crl("CN=Example CA", 5, None))
        .certificate("RawCRL.2", crl("CN=Example CA", 8, None))
        .certificate("RawDeltaCRL.2", crl("CN=Example CA", 9, Some(8)));
    module.initialize("Example CA", &server).unwrap();
    publish(&server);
    assert_eq!(names(directory.path()), ["Example CA(1)+.crl", "Example CA(1).crl", "Example CA.crl"]);
    assert_eq!(read("Example CA(1)+.crl"), crl("CN=Example CA", 9, Some(8)));

    // An event that comes late does not bring an old CRL back.
    let server = server.certificate("RawCRL.0", crl("CN=Example CA", 4, None));
    publish(&server);
    assert_eq!(read("Example CA.crl"), crl("CN=Example CA", 5, None));
    let server = server.certificate("RawCRL.0", crl("CN=Example CA", 6, None));
    publish(&server);
    assert_eq!(read("Example CA.crl"), crl("CN=Example CA", 6, None));

    // What is no CRL of this authority is replaced.
    fs::write(directory.path().join("Example CA.crl"), "broken").unwrap();
    publish(&server);
    assert_eq!(read("Example CA.crl"), crl("CN=Example CA", 6, None));
    fs::write(directory.path().join("Example CA.crl"), crl("CN=Other", 99, None)).unwrap();
    publish(&server);
    assert_eq!(read("Example CA.crl"), crl("CN=Example CA", 6, None));
}

#[test]
fn a_crl_that_cannot_be_read_is_not_published() {
    let (directory, module) = in_directory(&[("format", "pem")]);
    let server = FakeServer::authority().certificate("RawCRL.0", vec![0x30, 0x00]);
    module.initialize("Example CA", &server).unwrap();
    let error = module.notify(&notification(ExitEvent::CrlIssued), &server).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_INVALID_DATA);
    // One that should be there and is not fails the event too.
    let missing = FakeServer::authority();
    assert!(module.notify(&notification(ExitEvent::CrlIssued), &missing).is_err());
    assert!(names(directory.path()).is_empty());
    // PEM is compared as well as DER.
    for number in [3, 2] {
        let server = FakeServer::authority().certificate("RawCRL.0", crl("CN=Example CA", number, None));
        module.notify(&notification(ExitEvent::CrlIssued), &server).unwrap();
    }
    let pem = fs::read(directory.path().join("Example CA.crl")).unwrap();
    assert_eq!(pki::CertificateList::decode(&pem).unwrap().number(), Some(3));
}

#[test]
fn ca_certificates_are_written_at_the_start_and_after_a_renewal() {
    let (directory, module) = in_directory(&[("crls", "false")]);
    let server = FakeServer::authority().certificate("RawCACertificate.0", vec![0x30, 0x00]);
    module.initialize("Example CA", &server).unwrap();
    assert_eq!(names(directory.path()), ["ca.example.org_Example CA.crt"]);
    let server = server
        .certificate("CertCount", 2)
        .certificate("CertSuffix.1", "(1)")
        .certificate("RawCACertificate.1", vec![0x30, 0x01, 0x00]);
    module.notify(&notification(ExitEvent::CrlIssued), &server).unwrap();
    assert_eq!(names(directory.path()), ["ca.example.org_Example CA(1).crt", "ca.example.org_Example CA.crt"]);
}

#[test]
fn names_stay_in_the_directory() {
    let (directory, module) = in_directory(&[]);
    let server = FakeServer::authority()
        .certificate("SanitizedCAName", "../../CA")
        .certificate("RawCRL.0", crl("CN=Example CA", 5, None));
    module.initialize("Example CA", &server).unwrap();
    module.notify(&notification(ExitEvent::CrlIssued), &server).unwrap();
    assert_eq!(names(directory.path()), ["..!002f..!002fCA.crl"]);
}

#[test]
fn a_directory_that_cannot_be_used_is_found_at_the_start() {
    let missing = module("file", &[("directory", "/nowhere/at/all")]).unwrap();
    let error = missing.initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_FILE_NOT_FOUND);
    assert!(error.message.starts_with("/nowhere/at/all cannot be used"), "{error}");
    assert!(module("file", &[]).is_err());
}
