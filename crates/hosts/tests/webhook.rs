//! Exit modules that are HTTPS endpoints: what they are sent, and what becomes of every answer.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod endpoint;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use endpoint::authority::{Flaw, Identity};
use endpoint::{Endpoint, Reaction, webhook};
use module::{
    Delivered, EventId, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, ServerExit, Settings,
    Undelivered,
};
use serde_json::json;
use support::{FakeServer, notification};

/// What the machine may add to a time limit when it is busy.
const BUSY: Duration = Duration::from_secs(20);

fn module(settings: &Settings) -> Box<dyn ExitModule> {
    webhook().exit_module("hook", settings).unwrap()
}

fn event(id: u64, event: ExitEvent) -> Notification {
    Notification { id: EventId(id), ..notification(event) }
}

/// A module that is past its ping, at an endpoint that takes pings and reacts so to everything else.
fn greeted(
    more: &[(&str, &str)],
    reaction: impl Fn(usize) -> Reaction + Send + Sync + 'static,
) -> (Endpoint, Box<dyn ExitModule>) {
    let identity = Identity::new();
    let count = AtomicUsize::new(0);
    let endpoint = Endpoint::start(&identity, move |message| match message.kind().as_str() {
        "org.exeunt.ping" => Reaction::status(204),
        _ => reaction(count.fetch_add(1, Ordering::SeqCst)),
    });
    let module = module(&endpoint.settings(&identity, more));
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    (endpoint, module)
}

fn issued(module: &dyn ExitModule) -> Result<(), ModuleError> {
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued())
}

#[test]
fn an_event_is_a_signed_cloud_event() {
    let (endpoint, module) = greeted(&[("authorization", "Bearer xyz")], |_| Reaction::status(202));
    assert_eq!(module.description(), format!("webhook: https://127.0.0.1:{}/hooks/ca", endpoint.port));
    issued(&*module).unwrap();
    let received = endpoint.received();
    let [ping, message] = received.as_slice() else { panic!("{received:?}") };

    assert_eq!(message.line, "POST /hooks/ca?token=t HTTP/1.1");
    assert_eq!(message.headers["content-type"], "application/cloudevents+json");
    assert_eq!(message.headers["authorization"], "Bearer xyz");
    assert_eq!(message.headers["webhook-id"], "evt_41_abababababababab");
    assert!(message.headers["webhook-signature"].starts_with("v1,"));
    assert!(message.headers["user-agent"].starts_with("exeunt/"));
    let mut json = message.json();
    let data = json["data"].take();
    assert_eq!(
        json,
        json!({
            "specversion": "1.0", "id": "41", "source": "urn:exeunt:ca:Example%20CA", "type": "org.exeunt.cert-issued",
            "time": "2025-06-01T12:00:00Z", "subject": "7", "datacontenttype": "application/json", "data": null,
        })
    );
    assert_eq!(data["event"]["attempt"], 1);
    assert_eq!(data["request"]["RequesterName"], "EXAMPLE\\alice");
    assert_eq!(data["certificate"]["RawCertificate"], json!({"base64": "MAMCAQc="}));
    assert_eq!(data["attributes"], json!({"CertFile": "C:\\issued.cer"}));
    assert_eq!(data["extensions"][0]["oid"], "2.5.29.17");
    assert_eq!(data["ca"]["SanitizedCAName"], "Example CA");
    assert_eq!(data.get("context"), None);

    let ping = ping.json();
    assert_eq!(ping["type"], "org.exeunt.ping");
    assert_eq!((ping["data"]["role"].as_str(), ping["data"]["ca"].as_str()), (Some("exit"), Some("Example CA")));
    assert_eq!(ping["data"]["properties"]["CRLState.0"], 3);
}

#[test]
fn the_connection_is_kept() {
    let (endpoint, module) = greeted(&[], |_| Reaction::status(204));
    for _ in 0..5 {
        issued(&*module).unwrap();
    }
    assert_eq!(endpoint.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn an_endpoint_may_name_its_events_and_itself() {
    let identity = Identity::new();
    let answer = json!({"events": ["cert-issued", "crl-issued"], "description": "inventory", "later": 1});
    let endpoint = Endpoint::start(&identity, move |_| Reaction::json(&answer));
    let both = ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED;
    let named = module(&endpoint.settings(&identity, &[]));
    assert_eq!(named.initialize("Example CA", &FakeServer::authority()).unwrap(), both);
    assert_eq!(named.description(), "inventory");
    // The operator's word counts more.
    let set = module(&endpoint.settings(&identity, &[("events", "cert-revoked")]));
    assert_eq!(set.initialize("Example CA", &FakeServer::authority()).unwrap(), ExitEvents::CERT_REVOKED);
    // Without a ping nothing is sent.
    let before = endpoint.received().len();
    let silent = module(&endpoint.settings(&identity, &[("ping", "false")]));
    assert_eq!(silent.initialize("Example CA", &FakeServer::authority()).unwrap(), ExitEvents::all());
    assert_eq!(endpoint.received().len(), before);
}

#[test]
fn a_ping_that_is_not_taken_keeps_the_module_from_starting() {
    let identity = Identity::new();
    for (reaction, code) in [
        (fn_reaction(|| Reaction::status(503)), HResult::E_ABORT),
        (fn_reaction(|| Reaction::status(401)), HResult::E_ACCESSDENIED),
        (fn_reaction(|| Reaction::json(&json!({"events": ["cert-eaten"]}))), HResult::ERROR_INVALID_DATA),
    ] {
        let endpoint = Endpoint::start(&identity, move |_| reaction());
        let module = module(&endpoint.settings(&identity, &[]));
        let error = module.initialize("Example CA", &FakeServer::authority()).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains("ping"), "{error}");
        assert_eq!(issued(&*module).unwrap_err().code, HResult::E_UNEXPECTED);
    }
}

fn fn_reaction(make: impl Fn() -> Reaction + Send + Sync + 'static) -> Arc<dyn Fn() -> Reaction + Send + Sync> {
    Arc::new(make)
}

#[test]
fn crls_travel_when_they_are_wanted() {
    for (setting, there) in [("true", true), ("false", false)] {
        let (endpoint, module) = greeted(&[("crls", setting)], |_| Reaction::status(204));
        let server = FakeServer::authority().certificate("RawCRL.0", vec![0x30, 0x00]);
        module.notify(&event(44, ExitEvent::CrlIssued), &server).unwrap();
        let json = endpoint.messages()[0].json();
        assert_eq!(json["data"]["ca"]["RawCRL"] == json!({"base64": "MAA="}), there, "{json}");
        assert_eq!(json["data"]["ca"].get("RawDeltaCRL"), None);
        assert_eq!(json.get("subject"), None);
    }
}

#[test]
fn a_shutdown_has_an_id_of_its_own() {
    let (endpoint, module) = greeted(&[], |_| Reaction::status(204));
    module.notify(&event(0, ExitEvent::Shutdown), &FakeServer::authority()).unwrap();
    assert_eq!(endpoint.messages()[0].json()["id"], "shutdown-1748779200000000");
}

/// Fails one notification so, and delivers the next.
fn fails_once(
    more: &[(&str, &str)],
    reaction: impl Fn() -> Reaction + Send + Sync + 'static,
    code: HResult,
    text: &str,
) {
    let (endpoint, module) = greeted(more, move |count| if count == 0 { reaction() } else { Reaction::status(204) });
    let started = Instant::now();
    let error = issued(&*module).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10) + BUSY);
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(text), "{error}");
    assert!(error.message.len() < 1000, "{error}");
    issued(&*module).unwrap();
    assert_eq!(endpoint.messages().len(), 2);
}

#[test]
fn every_refusal_fails_the_event_with_what_to_do() {
    let moved = || Reaction::Answer(307, vec![("location", "https://elsewhere.example/".to_owned())], Vec::new());
    fails_once(&[], moved, HResult::ERROR_BAD_PATHNAME, "https://elsewhere.example/");
    fails_once(&[], || Reaction::status(302), HResult::ERROR_BAD_PATHNAME, "redirects are not followed");
    let full = || Reaction::Answer(500, Vec::new(), b"disk full".to_vec());
    fails_once(&[], full, HResult::RPC_E_SERVERFAULT, "disk full");
    let late = || Reaction::Answer(429, vec![("retry-after", "0".to_owned())], Vec::new());
    fails_once(&[], late, HResult::E_ABORT, "patience");
    fails_once(&[], || Reaction::status(410), HResult::ERROR_REQUEST_REFUSED, "gone for good");
    fails_once(&[], || Reaction::status(400), HResult::ERROR_INVALID_DATA, "does not accept");
}

#[test]
fn an_endpoint_that_is_gone_fails_no_event_and_no_second_message_is_sent() {
    let (endpoint, module) = greeted(&[("batch", "10")], |_| Reaction::status(410));
    let server = FakeServer::issued();
    let told: Vec<Notification> = (41..44).map(|id| event(id, ExitEvent::CertIssued)).collect();
    let events: Vec<(&Notification, &dyn ServerExit)> = told.iter().map(|told| (told, &server as _)).collect();
    let Delivered { count: 0, failure: Some(Undelivered::Refused(why)) } = module.notify_batch(&events) else {
        panic!("none was seen")
    };
    assert!(why.is_for_good() && why.message.contains("enable the module"), "{why}");
    assert_eq!(endpoint.messages().len(), 1);

    // One that is gone when the module starts keeps it from starting for good.
    let identity = Identity::new();
    let endpoint = Endpoint::start(&identity, |_| Reaction::status(410));
    let module = self::module(&endpoint.settings(&identity, &[]));
    let error = module.initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert!(error.is_for_good() && error.message.contains("ping"), "{error}");
}

#[test]
fn silence_and_slowness_end_at_the_time_limit() {
    let limit = [("timeout_ms", "1500")];
    let silent = || Reaction::WriteAndHang(Vec::new());
    fails_once(&limit, silent, HResult::ERROR_TIMEOUT, "within 1500 ms (`timeout_ms`)");
    let half_a_head = || Reaction::WriteAndHang(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec());
    fails_once(&limit, half_a_head, HResult::ERROR_TIMEOUT, "within 1500 ms (`timeout_ms`)");
}

#[test]
fn broken_connections_and_garbage_fail_the_event() {
    let gone = || Reaction::WriteAndBreak(Vec::new());
    fails_once(&[], gone, HResult::RPC_E_DISCONNECTED, "the endpoint's own log");
    let half_a_head = || Reaction::WriteAndBreak(b"HTTP/1.1 200 OK\r\nconte".to_vec());
    fails_once(&[], half_a_head, HResult::RPC_E_DISCONNECTED, "no answer");
    let garbage = || Reaction::WriteAndBreak(b"SSH-2.0-OpenSSH_9.7\r\n\r\n".to_vec());
    fails_once(&[], garbage, HResult::ERROR_INVALID_DATA, "something else than HTTP");
    let huge_head = || {
        let mut bytes = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
        bytes.resize(1 << 20, b'x');
        Reaction::WriteAndBreak(bytes)
    };
    fails_once(&[], huge_head, HResult::ERROR_INVALID_DATA, "something else than HTTP");
}

#[test]
fn the_status_counts_whatever_becomes_of_the_body() {
    let (_endpoint, module) = greeted(&[("timeout_ms", "3000")], |count| match count {
        0 => Reaction::Flood,
        1 => Reaction::WriteAndBreak(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        2 => Reaction::WriteAndHang(b"HTTP/1.1 202 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        3 => Reaction::Answer(200, Vec::new(), b"<html>thanks</html>".to_vec()),
        _ => Reaction::status(204),
    });
    for _ in 0..5 {
        issued(&*module).unwrap();
    }
}

#[test]
fn certificates_are_always_verified() {
    let server = FakeServer::authority();
    for (flaw, text, advice) in [
        (Flaw::Expired, "xpired", "`ca_file`"),
        (Flaw::AnotherName, "not valid for", "`ca_file`"),
        (Flaw::AuthorityItself, "invalid peer certificate", "CA:FALSE"),
    ] {
        let identity = Identity::flawed(flaw);
        let endpoint = Endpoint::start(&identity, |_| Reaction::status(204));
        let error = module(&endpoint.settings(&identity, &[])).initialize("Example CA", &server).unwrap_err();
        assert_eq!(error.code, HResult::E_ACCESSDENIED, "{error}");
        assert!(error.message.contains(text) && error.message.contains(advice), "{error}");
        assert!(endpoint.received().is_empty());
    }
    // Another authority's word, and the system's, do not count for this endpoint.
    let (identity, other) = (Identity::new(), Identity::new());
    let endpoint = Endpoint::start(&identity, |_| Reaction::status(204));
    let error = module(&endpoint.settings(&other, &[])).initialize("Example CA", &server).unwrap_err();
    assert_eq!(error.code, HResult::E_ACCESSDENIED, "{error}");
    assert!(error.message.contains("invalid peer certificate"), "{error}");
    assert!(endpoint.received().is_empty());
}

#[test]
fn an_endpoint_may_ask_for_a_certificate() {
    let identity = Identity::new();
    let endpoint = Endpoint::with(identity.mutual_server_config(), |_| Reaction::status(204));
    let server = FakeServer::authority();
    let error = module(&endpoint.settings(&identity, &[])).initialize("Example CA", &server).unwrap_err();
    assert!(error.message.contains("client_certificate"), "{error}");
    let path = |name| identity.path(name).to_str().unwrap().to_owned();
    let files = [("client_certificate", path("client.pem")), ("client_key", path("client.key"))];
    let files = files.each_ref().map(|(name, path)| (*name, path.as_str()));
    module(&endpoint.settings(&identity, &files)).initialize("Example CA", &server).unwrap();
    // A key that is not the certificate's is found before anything is sent.
    let files = [("client_certificate", path("client.pem")), ("client_key", path("server.key"))];
    let files = files.each_ref().map(|(name, path)| (*name, path.as_str()));
    let error = module(&endpoint.settings(&identity, &files)).initialize("Example CA", &server).unwrap_err();
    assert!(error.message.contains("`client_key`"), "{error}");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let identity = Identity::new();
    let endpoint = Endpoint::start(&identity, |_| Reaction::status(204));
    let key = identity.path("server.key");
    for (path, code) in
        [("/nowhere/ca.pem", HResult::ERROR_FILE_NOT_FOUND), (key.to_str().unwrap(), HResult::ERROR_INVALID_DATA)]
    {
        let module = module(&endpoint.settings(&identity, &[("ca_file", path)]));
        let error = module.initialize("Example CA", &FakeServer::authority()).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains("`ca_file`") && error.message.contains(path), "{error}");
    }
}

#[test]
fn private_addresses_are_refused_by_whatever_name() {
    let identity = Identity::new();
    let endpoint = Endpoint::start(&identity, |_| Reaction::status(204));
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001"]
    {
        let url = format!("https://{host}:{}/", endpoint.port);
        let module = module(&endpoint.settings(&identity, &[("url", &url), ("allow_private", "false")]));
        let error = module.initialize("Example CA", &FakeServer::authority()).unwrap_err();
        assert_eq!(error.code, HResult::E_ACCESSDENIED, "{host}: {error}");
        assert!(error.message.contains("`allow_private=true`"), "{host}: {error}");
    }
    assert_eq!(endpoint.connections.load(Ordering::SeqCst), 0);
}

#[test]
fn nobody_there_is_said_so() {
    let identity = Identity::new();
    let endpoint = Endpoint::start(&identity, |_| Reaction::status(204));
    let settings = endpoint.settings(&identity, &[]);
    drop(endpoint);
    let error = module(&settings).initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::RPC_E_DISCONNECTED, "{error}");
    assert!(error.message.contains("refused"), "{error}");
}

#[test]
fn two_secrets_make_two_signatures() {
    const PREVIOUS: &str = "whsec_dnV0c3JxcG9ubWxramloZ2ZlZGNiYTk4NzY1NDMyMTA=";
    let (endpoint, module) = greeted(&[("secret_previous", PREVIOUS)], |_| Reaction::status(204));
    issued(&*module).unwrap();
    assert_eq!(endpoint.messages()[0].headers["webhook-signature"].split(' ').count(), 2);
}

#[test]
fn a_message_above_the_limit_is_not_sent() {
    let (endpoint, module) = greeted(&[("message_bytes_max", "4096")], |_| Reaction::status(204));
    let server = FakeServer::issued().certificate("RawCertificate", vec![0; 4096]);
    let error = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert_eq!(error.code, HResult::CERTSRV_E_ENCODING_LENGTH, "{error}");
    assert!(endpoint.messages().is_empty());
}

/// So many events, from number 41, in one call.
fn batch(module: &dyn ExitModule, count: u64) -> Delivered {
    let server = FakeServer::issued();
    let notifications: Vec<Notification> = (0..count).map(|one| event(41 + one, ExitEvent::CertIssued)).collect();
    let events: Vec<(&Notification, &dyn ServerExit)> =
        notifications.iter().map(|one| (one, &server as &dyn ServerExit)).collect();
    module.notify_batch(&events)
}

/// The ids of the events of each message.
fn ids(endpoint: &Endpoint) -> Vec<Vec<u64>> {
    let id = |event: &serde_json::Value| event["id"].as_str().unwrap().parse().unwrap();
    let messages = endpoint.messages();
    messages
        .iter()
        .map(|message| match message.json() {
            serde_json::Value::Array(events) => events.iter().map(id).collect(),
            one => vec![id(&one)],
        })
        .collect()
}

#[test]
fn events_travel_in_batches_where_the_operator_wants_it() {
    let (endpoint, module) = greeted(&[("batch", "3")], |_| Reaction::status(204));
    assert_eq!(module.batch_max(), 3);
    assert_eq!(batch(&*module, 7), Delivered::all(7));
    assert_eq!(ids(&endpoint), [vec![41, 42, 43], vec![44, 45, 46], vec![47]]);
    let messages = endpoint.messages();
    assert_eq!(messages[0].headers["content-type"], "application/cloudevents-batch+json");
    assert_eq!(messages[0].headers["webhook-id"], "evt_41_abababababababab_evt_43_abababababababab");
    assert_eq!(messages[2].headers["content-type"], "application/cloudevents+json");
}

#[test]
fn a_batch_that_is_too_long_is_made_smaller() {
    let (endpoint, module) = greeted(&[("batch", "100"), ("message_bytes_max", "2500")], |_| Reaction::status(204));
    assert_eq!(batch(&*module, 5), Delivered::all(5));
    assert!(endpoint.messages().iter().all(|message| message.body.len() <= 2500));
    assert_eq!(ids(&endpoint).concat(), [41, 42, 43, 44, 45]);
}

#[test]
fn the_event_to_blame_for_a_refused_batch_is_found() {
    let identity = Identity::new();
    let endpoint = Endpoint::start(&identity, |message| {
        let json = message.json();
        let events = json.as_array().cloned().unwrap_or_else(|| vec![json]);
        let poison = events.iter().any(|event| event["id"] == "43");
        Reaction::status(if poison { 422 } else { 204 })
    });
    let module = module(&endpoint.settings(&identity, &[("batch", "10")]));
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let delivered = batch(&*module, 4);
    assert_eq!(delivered.count, 2);
    assert!(
        matches!(&delivered.failure, Some(Undelivered::Failed(error)) if error.code == HResult::ERROR_INVALID_DATA)
    );
    assert_eq!(ids(&endpoint), [vec![41, 42, 43, 44], vec![41], vec![42], vec![43]]);
}

#[test]
fn an_endpoint_that_is_down_or_busy_is_no_attempt() {
    // Busy: it says for how long, and is left alone meanwhile.
    let wait = || Reaction::Answer(503, vec![("retry-after", "3600".to_owned())], Vec::new());
    let (endpoint, module) = greeted(&[("batch", "10")], move |_| wait());
    for _ in 0..3 {
        let delivered = batch(&*module, 2);
        assert!(matches!(&delivered, Delivered { count: 0, failure: Some(Undelivered::Refused(_)) }), "{delivered:?}");
    }
    assert_eq!(endpoint.messages().len(), 1);
    // Down.
    drop(endpoint);
    let (endpoint, module) = greeted(&[], |_| Reaction::status(204));
    drop(endpoint);
    // The kept connection may be found broken first.
    let failures: Vec<Delivered> = (0..2).map(|_| batch(&*module, 1)).collect();
    assert!(matches!(&failures[1], Delivered { count: 0, failure: Some(Undelivered::Refused(_)) }), "{failures:?}");
    // Any other refusal is one.
    let (_endpoint, module) = greeted(&[], |_| Reaction::status(500));
    assert!(matches!(batch(&*module, 1).failure, Some(Undelivered::Failed(_))));
}

#[test]
fn every_setting_is_documented() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/modules/webhook.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = page.split("## Settings").nth(1).unwrap().split("## What is sent").next().unwrap();
    let documented: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let known: Vec<&str> = webhook().settings().iter().map(|setting| setting.name).collect();
    assert_eq!(documented, known);
}
