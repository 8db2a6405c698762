//! The example modules in C++: one source, as a shared object and as a DLL under Wine, gives the same answers and the same
//! files.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use module::{Decision, EventId, ExitEvent, ExitEvents, ExitModule, HResult, Notification, PolicyModule, Value};
use support::{FakeServer, Hosted, System, built, built_with, notification, windows_path};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/modules").join(name)
}

fn publisher(system: System, settings: &[(&str, &str)]) -> (Hosted, PathBuf) {
    let mut hosted = Hosted::new(system, &built(&example("cpp-exit"), "publisher", system), settings);
    let directory = hosted.state.path().join("published");
    fs::create_dir(&directory).unwrap();
    hosted.settings.set("setting.Directory", windows_path(&directory));
    (hosted, directory)
}

fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

fn issued() -> FakeServer {
    FakeServer::authority()
        .request("RequestID", 7)
        .request("Disposition", 20)
        .request("RequesterName", "EXAMPLE\\Ünsal")
        .certificate("RawCertificate", vec![0x30_u8, 3, 2, 1, 7])
        .certificate("SerialNumber", "1a2b3c")
        .certificate("CommonName", "wäre.example.org/x")
        .attribute("CertificateTemplate", "Web Server")
}

/// Two CA keys and a certificate whose CRL another one serves; an odd number of octets, and more than a buffer holds.
fn crls(deltas: bool) -> FakeServer {
    let large: Vec<u8> = (0..300_001_u32).map(|i| (i % 251) as u8).collect();
    let server = FakeServer::authority()
        .certificate("fDeltaCRLsDisabled", i32::from(!deltas))
        .certificate("CertCount", 3)
        .certificate("RawCRL.0", vec![0x30_u8, 1, 0])
        .certificate("CRLState.1", 1)
        .certificate("CRLState.2", 3)
        .certificate("CRLSuffix.2", "(2)")
        .certificate("RawCRL.2", large);
    if deltas {
        return server
            .certificate("RawDeltaCRL.0", vec![0x30_u8, 2, 5, 0])
            .certificate("RawDeltaCRL.2", vec![0x30_u8, 0]);
    }
    server
        .failing("RawDeltaCRL.0", HResult::ERROR_FILE_NOT_FOUND)
        .failing("RawDeltaCRL.2", HResult::ERROR_FILE_NOT_FOUND)
}

fn revoked(reason: i32) -> FakeServer {
    issued()
        .request("Disposition", if reason == -1 { 20 } else { 21 })
        .request("RevokedReason", reason)
        .request("RevokedWhen", date("2025-07-01T12:00:01Z"))
        .request("RevokedEffectiveWhen", date("1899-12-29T06:00:00Z"))
}

/// Every file below the folder, with its contents.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The answer to an event, and the files after it.
type Step = (Result<(), HResult>, BTreeMap<String, Vec<u8>>);

/// What one system did with the events: answers, and the files after each.
#[derive(Debug, PartialEq, Eq)]
struct Played {
    mask: ExitEvents,
    description: String,
    about: Vec<(String, String)>,
    steps: Vec<Step>,
}

fn play(system: System, settings: &[(&str, &str)], events: &[(ExitEvent, FakeServer)]) -> Played {
    let (hosted, directory) = publisher(system, settings);
    let module = hosted.exit();
    let mask = module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let mut steps = Vec::new();
    for (number, (event, server)) in (41..).zip(events) {
        let told = Notification { id: EventId(number), ..notification(*event) };
        let answer = module.notify(&told, server).map_err(|error| error.code);
        steps.push((answer, files(&directory)));
    }
    Played { mask, description: module.description(), about: module.about(), steps }
}

fn played_by_both(settings: &[(&str, &str)], events: &[(ExitEvent, FakeServer)]) -> Played {
    let [linux, windows] = System::ALL.map(|system| play(system, settings, events));
    assert_eq!(linux, windows);
    linux
}

fn names(step: &Step) -> Vec<&str> {
    step.1.keys().map(String::as_str).collect()
}

#[test]
fn both_publish_the_same() {
    let other = issued().certificate("RawCertificate", vec![0x30_u8, 0]);
    let played = played_by_both(
        &[("setting.FileName", "%RequestID%-%commonname%-%CertificateTemplate%-%UPN%.cer")],
        &[
            (ExitEvent::CertIssued, issued()),
            (ExitEvent::CertIssued, issued()),
            (ExitEvent::CertIssued, other),
            (ExitEvent::CertRevoked, revoked(6)),
            (ExitEvent::CertRevoked, revoked(-1)),
            (ExitEvent::CertRevoked, revoked(-1)),
            (ExitEvent::CertDenied, issued().request("StatusCode", HResult::CERTSRV_E_ADMIN_DENIED_REQUEST.0)),
            (ExitEvent::CrlIssued, crls(true)),
            (ExitEvent::CrlIssued, crls(false)),
            (ExitEvent::CrlIssued, crls(true).failing("RawDeltaCRL.0", HResult::E_FAIL)),
            (ExitEvent::CertIssued, FakeServer::authority().request("RequestID", 8)),
        ],
    );
    assert_eq!(played.mask.bits(), 0x26f);
    assert_eq!(played.description, "Publishes certificates and CRLs as files");
    assert!(played.about.contains(&("File Version".to_owned(), "1.0.0".to_owned())), "{:?}", played.about);

    let answers: Vec<_> = played.steps.iter().map(|(answer, _)| *answer).collect();
    let exists = Err(HResult::ERROR_FILE_EXISTS);
    let empty = Err(HResult::CERTSRV_E_PROPERTY_EMPTY);
    assert_eq!(
        answers,
        [Ok(()), Ok(()), exists, Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Err(HResult::E_FAIL), empty]
    );
    let certificate = "7-wäre.example.org_x-Web Server-none.cer";
    assert_eq!(names(&played.steps[2]), [certificate]);
    assert_eq!(played.steps[2].1[certificate], [0x30, 3, 2, 1, 7]);
    let note = String::from_utf8(played.steps[3].1["revoked/1a2b3c.txt"].clone()).unwrap();
    assert_eq!(
        note,
        "request 7\nrequester EXAMPLE\\Ünsal\nreason 6\nrevoked 2025-07-01T12:00:01Z\neffective 1899-12-29T06:00:00Z\n"
    );
    assert_eq!(names(&played.steps[5]), [certificate]);
    let published = [certificate, "Example CA(2)+.crl", "Example CA(2).crl", "Example CA+.crl", "Example CA.crl"];
    assert_eq!(names(&played.steps[7]), published);
    assert_eq!(played.steps[7].1["Example CA(2).crl"].len(), 300_001);
    assert_eq!(played.steps[10].1, played.steps[7].1, "nothing half-written is left");
}

#[test]
fn both_read_the_same_settings() {
    let pem = played_by_both(
        &[("setting.Format", "PEM"), ("setting.PublishCRLs", "dword:0"), ("setting.Events", "0x21")],
        &[(ExitEvent::CertIssued, issued()), (ExitEvent::CrlIssued, crls(true))],
    );
    assert_eq!(pem.mask, ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED | ExitEvents::SHUTDOWN);
    assert_eq!(names(&pem.steps[1]), ["7.cer"]);
    let text = String::from_utf8(pem.steps[1].1["7.cer"].clone()).unwrap();
    assert_eq!(text, "-----BEGIN CERTIFICATE-----\nMAMCAQc=\n-----END CERTIFICATE-----\n");

    for settings in [("setting.Format", "text"), ("setting.FileName", "a\\b.cer"), ("setting.Events", "many")] {
        let refused = System::ALL.map(|system| {
            let (hosted, _) = publisher(system, &[settings]);
            hosted.exit().initialize("Example CA", &FakeServer::authority()).map_err(|error| error.code)
        });
        assert_eq!(refused, [Err(HResult::E_INVALIDARG); 2], "{settings:?}");
    }
}

fn request(bits: i32) -> FakeServer {
    FakeServer::authority()
        .request("RequestID", 7)
        .certificate("RequesterCAAccess", 1)
        .certificate("PublicKeyAlgorithm", "1.2.840.113549.1.1.1")
        .certificate("PublicKeyLength", bits)
}

#[test]
fn both_guard_the_default_policy() {
    let settings =
        [("setting.Unit", "Größe"), ("setting.Policy", "1.3.6.1.4.1.99999.1"), ("setting.KeyBitsMin", "dword:3072")];
    for system in System::ALL {
        let hosted = Hosted::new(system, &built(&example("cpp-policy"), "guard", system), &settings);
        let module = hosted.policy();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        assert_eq!(module.description(), "Guards the default policy");

        let mut strong = request(3072);
        assert_eq!(module.verify_request(&mut strong, true).unwrap(), Decision::Issue, "{system:?}");
        let written = strong.written();
        let unit = written.iter().find(|(name, _)| name.to_lowercase().ends_with("orgunit"));
        assert_eq!(unit.unwrap().1, &Some(Value::from("Größe")), "{system:?}");

        let mut weak = request(2048);
        match module.verify_request(&mut weak, true).unwrap() {
            Decision::Deny { code, .. } => assert_eq!(code, HResult::CERTSRV_E_KEY_LENGTH, "{system:?}"),
            other => panic!("{system:?}: {other:?}"),
        }
        assert!(weak.written().is_empty(), "{system:?}");

        // What the default policy refuses stays refused.
        let mut stranger = request(3072).certificate("RequesterCAAccess", 0);
        match module.verify_request(&mut stranger, true).unwrap() {
            Decision::Deny { code, .. } => assert_eq!(code, HResult::CERTSRV_E_ENROLL_DENIED, "{system:?}"),
            other => panic!("{system:?}: {other:?}"),
        }
        module.shut_down();
    }
    for system in System::ALL {
        let wrong = [("setting.Policy", "1.40.x")];
        let hosted = Hosted::new(system, &built(&example("cpp-policy"), "guard", system), &wrong);
        let refused = hosted.policy().initialize("Example CA", &FakeServer::authority()).unwrap_err();
        assert_eq!(refused.code, HResult::E_INVALIDARG, "{system:?}");
    }
}

/// Where the compiler keeps a library of its own.
fn compiler_library(name: &str) -> String {
    let output = Command::new("gcc").arg(format!("-print-file-name={name}")).output().unwrap();
    let path = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert!(Path::new(&path).is_absolute(), "{name} is missing: apt install build-essential");
    path
}

#[test]
fn the_sanitizers_find_nothing() {
    let variables = ["OPTIMIZE=-O1 -g", "SANITIZE=address,undefined"];
    let file = built_with(&example("cpp-exit"), "cpp-exit-sanitized", "publisher", System::Linux, &variables);
    let mut hosted = Hosted::new(System::Linux, &file, &[]);
    let (directory, found) = (hosted.state.path().join("published"), hosted.state.path().join("found"));
    fs::create_dir(&directory).unwrap();
    fs::create_dir(&found).unwrap();
    hosted.settings.set("setting.Directory", windows_path(&directory));
    let environment = serde_json::json!({
        "LD_PRELOAD": format!("{}:{}", compiler_library("libasan.so"), compiler_library("libubsan.so")),
        "ASAN_OPTIONS": format!("detect_leaks=1:log_path={}", found.join("asan").display()),
        "UBSAN_OPTIONS": format!("print_stacktrace=1:log_path={}", found.join("ubsan").display()),
    });
    hosted.settings.set("environment", environment.to_string());
    {
        let module = hosted.exit();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        for (event, server) in [
            (ExitEvent::CertIssued, issued()),
            (ExitEvent::CertRevoked, revoked(1)),
            (ExitEvent::CertRevoked, revoked(-1)),
            (ExitEvent::CrlIssued, crls(true)),
        ] {
            module.notify(&notification(event), &server).unwrap();
        }
        let refused = module.notify(&notification(ExitEvent::CertIssued), &FakeServer::authority());
        assert_eq!(refused.unwrap_err().code, HResult::CERTSRV_E_PROPERTY_EMPTY);
    }
    let text: Vec<_> = files(&found).into_values().map(|text| String::from_utf8_lossy(&text).into_owned()).collect();
    assert!(text.is_empty(), "{}", text.join("\n"));
}

#[test]
fn a_module_made_of_templates_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules/templates");
    let hosted = Hosted::new(System::Linux, &built(&folder, "templates", System::Linux), &[]);
    let module = hosted.exit();
    assert_eq!(module.initialize("Example CA", &FakeServer::authority()).unwrap(), ExitEvents::CERT_ISSUED);
    assert_eq!(module.description(), "made of templates");
    let error = module.notify(&notification(ExitEvent::CertIssued), &issued()).unwrap_err();
    assert_eq!(error.code.0 as u32, 0x8007_00aa);
    assert!(error.message.contains("request 7 of Example CA"), "{}", error.message);
}
