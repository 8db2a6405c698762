//! The conversations of `docs/modules/protocol.md`, held with the real host.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::path::Path;

use jiff::Timestamp;
use module::{
    Decision, Delivered, EventId, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, ModuleError,
    Notification, PolicyModule, RequestId, Undelivered, Value,
};
use support::{FakeServer, Script, notification, wait_until};

/// The lines of the fenced block with this name.
fn documented(name: &str) -> String {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/modules/protocol.md"));
    let page = page.unwrap();
    let start = format!("```transcript {name}\n");
    let block = page.split_once(&start).expect("the page has the transcript").1.split_once("```").unwrap().0;
    block.lines().filter(|line| line.starts_with(['→', '←'])).map(|line| format!("{line}\n")).collect()
}

fn player(name: &str) -> Script {
    let text = documented(name);
    let mut script = Script::new("python3", &[]);
    let transcript = script.state.path().join("transcript");
    std::fs::write(&transcript, text).unwrap();
    let player = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcript/player.py");
    let words = ["python3", player.to_str().unwrap(), transcript.to_str().unwrap()];
    script.settings.set("command", serde_json::to_string(&words).unwrap());
    script.settings.set("setting.directory", "/srv/certificates");
    script.name = "archive".to_owned();
    script
}

fn assert_complete(script: &Script) {
    let mismatch = script.state.path().join("mismatch");
    wait_until("the conversation to end", || script.processes().is_empty());
    assert!(!mismatch.exists(), "{}", std::fs::read_to_string(&mismatch).unwrap());
    assert!(script.state.path().join("complete").exists());
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What the documented conversations are about.
fn server() -> FakeServer {
    FakeServer::new()
        .certificate("CAType", 3)
        .certificate("SanitizedCAName", "Example CA")
        .certificate("MachineDNSName", "ca.example.org")
        .certificate("CertCount", 1)
        .certificate("CRLState.0", 3)
        .certificate("CRLSuffix.0", "")
}

#[test]
fn an_exit_module() {
    let script = player("exit");
    let module = script.exit();
    assert_eq!(module.initialize("Example CA", &server()).unwrap(), ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED);
    assert_eq!(module.description(), "archive in /srv/certificates");
    let issued = server()
        .request("RequestID", 7)
        .request("Disposition", 20)
        .request("SubmittedWhen", moment("2025-06-01T11:59:59Z"))
        .request("RequesterName", "EXAMPLE\\alice")
        .certificate("RequestID", 7)
        .certificate("RawCertificate", vec![0x30, 0x03, 0x02, 0x01, 0x07])
        .certificate("SerialNumber", "1a2b3c")
        .certificate("NotAfter", moment("2026-06-01T12:00:00Z"))
        .attribute("CertificateTemplate", "WebServer")
        .extension("2.5.29.17", ExtensionFlags::ORIGIN_REQUEST, &[0x30, 0x00]);
    module.notify(&notification(ExitEvent::CertIssued), &issued).unwrap();
    let again = Notification { attempt: 2, ..notification(ExitEvent::CertIssued) };
    let error = module.notify(&again, &issued).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (HResult::ERROR_FILE_EXISTS, "7.cer exists"));
    let published = server().certificate("RawCRL.0", vec![0x30, 0x00]);
    module.notify(&notification(ExitEvent::CrlIssued), &published).unwrap();
    drop(module);
    assert_complete(&script);
}

#[test]
fn an_exit_module_that_takes_batches() {
    let script = player("batch");
    let module = script.exit();
    let server = FakeServer::new().certificate("CAType", 3);
    module.initialize("Example CA", &server).unwrap();
    assert_eq!((module.batch_max(), module.about()), (100, vec![("Product Version".to_owned(), "2.1".to_owned())]));
    let of = |id, event, request: Option<i64>| Notification {
        id: EventId(id),
        request: request.map(RequestId),
        ..notification(event)
    };
    let (first, second) = (of(41, ExitEvent::CertPending, Some(7)), of(42, ExitEvent::CertPending, Some(8)));
    let (third, fourth) = (of(44, ExitEvent::CrlIssued, None), of(45, ExitEvent::CrlIssued, None));
    let about = |request: i32| FakeServer::new().certificate("CAType", 3).request("RequestID", request);
    let (seven, eight) = (about(7), about(8));
    let told = module.notify_batch(&[(&first, &seven), (&second, &eight), (&third, &server)]);
    let locked = ModuleError::new(HResult::from_win32(170), "the table is locked");
    let mismatch = std::fs::read_to_string(script.state.path().join("mismatch")).unwrap_or_default();
    assert_eq!(told, Delivered { count: 1, failure: Some(Undelivered::Failed(locked)) }, "{mismatch}");
    let again = Notification { attempt: 2, ..second };
    assert_eq!(module.notify_batch(&[(&again, &eight)]), Delivered::all(1));
    assert_eq!(module.notify_batch(&[(&third, &server), (&fourth, &server)]), Delivered::all(2));
    drop(module);
    assert_complete(&script);
}

#[test]
fn a_policy_module() {
    let script = player("policy");
    let module = script.policy();
    module.initialize("Example CA", &server()).unwrap();
    let mut request = server()
        .request("RequestID", 8)
        .request("RequesterName", "EXAMPLE\\bob")
        .request("CommonName", "intranet")
        .certificate("CommonName", "intranet")
        .certificate("NotAfter", moment("2026-06-01T12:00:00Z"))
        .certificate("UPN", "bob@example.org");
    assert_eq!(module.verify_request(&mut request, true), Ok(Decision::Issue));
    let written = request.written();
    assert_eq!(written["NotAfter"], Some(Value::Date(moment("2025-09-01T00:00:00Z"))));
    assert_eq!(written["CommonName"], Some(Value::from("intranet.example.org")));
    assert_eq!(written["UPN"], None);
    assert_eq!(request.extension_rows()[0].flags.bits(), 0x0002_0001);
    let denied = module.verify_request(&mut server().request("RequestID", 9), true);
    assert_eq!(denied, Ok(Decision::deny(HResult::CERTSRV_E_TEMPLATE_DENIED, "no profile for this requester")));
    module.shut_down();
    assert_complete(&script);
}
