//! Policy modules that are HTTPS endpoints: nothing but a clear and timely decision means *issue*.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod endpoint;
mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64ct::{Base64, Encoding};
use endpoint::authority::Identity;
use endpoint::{Endpoint, Reaction, Received, SECRET, interpreter, webhook};
use hosts::webhook::WebhookKind;
use hosts::{Gauge, Guard, Limits};
use module::{Decision, ExitModule, HResult, ModuleError, ModuleKind, PolicyModule, Value};
use serde_json::json;
use support::FakeServer;
use testkit::conformance::{self, Interpreters};

fn greeted(
    more: &[(&str, &str)],
    behaviour: impl Fn(&Received) -> Reaction + Send + Sync + 'static,
) -> (Endpoint, Box<dyn PolicyModule>) {
    let identity = Identity::new();
    let endpoint = Endpoint::start(&identity, move |message| match message.kind().as_str() {
        "org.exeunt.ping" => Reaction::status(204),
        _ => behaviour(message),
    });
    let module = webhook().policy_module("hook", &endpoint.settings(&identity, more)).unwrap();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    (endpoint, module)
}

fn ask(module: &dyn PolicyModule, server: &mut FakeServer) -> Result<Decision, ModuleError> {
    module.verify_request(server, true)
}

fn request() -> FakeServer {
    FakeServer::authority().request("RequestID", 8).request("RequesterName", "EXAMPLE\\bob")
}

#[test]
fn a_decision_may_amend_the_request() {
    let answer = json!({
        "decision": "issue",
        "set_properties": {"CommonName": "intranet.example.org", "UPN": null},
        "set_extensions": [{"oid": "2.5.29.15", "critical": true, "value": {"base64": "AwIHgA=="}}],
    });
    let (endpoint, module) = greeted(&[], move |_| Reaction::json(&answer));
    let mut server = request();
    assert_eq!(ask(&*module, &mut server), Ok(Decision::Issue));
    let written = server.written();
    assert_eq!(written["CommonName"], Some(Value::from("intranet.example.org")));
    assert_eq!(written["UPN"], None);
    assert_eq!(server.extension_rows()[0].value, [3, 2, 7, 0x80]);

    let message = endpoint.messages().remove(0);
    let json = message.json();
    assert_eq!((json["type"].as_str(), json["subject"].as_str()), (Some("org.exeunt.verify-request"), Some("8")));
    assert_eq!(json["id"].as_str(), Some(message.headers["webhook-id"].as_str()));
    assert_eq!((&json["data"]["new"], &json["data"]["timeout_ms"]), (&json!(true), &json!(30_000)));
    assert_eq!(json["data"]["request"]["RequesterName"], "EXAMPLE\\bob");
    assert_eq!(json["data"].get("context"), None);
}

#[test]
fn pend_and_deny_carry_their_reasons() {
    for (answer, decision) in [
        (json!({"decision": "pend", "message": "a person looks"}), Decision::Pend { message: "a person looks".into() }),
        (
            json!({"decision": "deny", "code": "0x80094012", "message": "no profile"}),
            Decision::deny(HResult::CERTSRV_E_TEMPLATE_DENIED, "no profile"),
        ),
    ] {
        let (_endpoint, module) = greeted(&[], move |_| Reaction::json(&answer));
        assert_eq!(ask(&*module, &mut request()), Ok(decision));
    }
    let (_endpoint, module) = greeted(&[], |_| Reaction::status(403));
    assert!(matches!(ask(&*module, &mut request()), Ok(Decision::Deny { code: HResult::E_ACCESSDENIED, .. })));
}

#[test]
fn what_is_no_decision_is_an_error_and_changes_nothing() {
    let issue = br#"{"decision":"issue"}"#;
    let torn = [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".as_slice(), issue].concat();
    type React = Box<dyn Fn() -> Reaction + Send + Sync>;
    let cases: Vec<(React, HResult, &str)> = vec![
        (Box::new(|| Reaction::status(204)), HResult::ERROR_INVALID_DATA, "not JSON"),
        (Box::new(|| Reaction::Answer(200, Vec::new(), b"issue".to_vec())), HResult::ERROR_INVALID_DATA, "not JSON"),
        (Box::new(|| Reaction::json(&json!({"decision": "yes"}))), HResult::ERROR_INVALID_DATA, "the decision is"),
        (Box::new(|| Reaction::json(&json!([{"decision": "issue"}]))), HResult::ERROR_INVALID_DATA, "the decision is"),
        (Box::new(|| Reaction::Answer(500, Vec::new(), issue.to_vec())), HResult::RPC_E_SERVERFAULT, "500"),
        (Box::new(|| Reaction::Answer(302, Vec::new(), issue.to_vec())), HResult::ERROR_BAD_PATHNAME, "redirects"),
        (Box::new(|| Reaction::Flood), HResult::ERROR_INVALID_DATA, "`answer_bytes_max`"),
        (Box::new(move || Reaction::WriteAndBreak(torn.clone())), HResult::RPC_E_DISCONNECTED, "no answer"),
        (
            Box::new(|| Reaction::json(&json!({"decision": "issue", "set_properties": {"SerialNumber": "1"}}))),
            HResult::E_INVALIDARG,
            "SerialNumber",
        ),
    ];
    for (reaction, code, text) in cases {
        let (_endpoint, module) = greeted(&[], move |_| reaction());
        let mut server = request();
        let error = ask(&*module, &mut server).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(text), "{error}");
        assert!(server.written().is_empty());
    }
}

#[test]
fn a_second_answer_is_not_the_next_decision() {
    let count = AtomicUsize::new(0);
    let (_endpoint, module) = greeted(&[], move |_| {
        let body = br#"{"decision":"issue"}"#;
        let head = |status: &str, length: usize| format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n");
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => Reaction::WriteAndHang(
                [head("500 No", 0).as_bytes(), head("200 OK", body.len()).as_bytes(), body].concat(),
            ),
            _ => Reaction::json(&json!({"decision": "pend"})),
        }
    });
    assert_eq!(ask(&*module, &mut request()).unwrap_err().code, HResult::RPC_E_SERVERFAULT);
    assert_eq!(ask(&*module, &mut request()), Ok(Decision::Pend { message: String::new() }));
}

#[test]
fn a_late_decision_is_no_decision() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{\"decision\":\"issue\"".to_vec();
    let (_endpoint, module) = greeted(&[("timeout_ms", "1000")], move |_| Reaction::WriteAndHang(half.clone()));
    let started = Instant::now();
    let error = ask(&*module, &mut request()).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_TIMEOUT, "{error}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

/// The answer's headers, signed by whoever knows the secret.
fn signed(id: &str, timestamp: i64, body: &[u8]) -> Vec<(&'static str, String)> {
    let key = Base64::decode_vec(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    let signature = format!("v1,{}", Base64::encode_string(context.sign().as_ref()));
    vec![("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)]
}

#[test]
fn an_answer_can_be_demanded_with_a_signature() {
    const ISSUE: &[u8] = br#"{"decision":"issue"}"#;
    let demand = [("answer_signature", "true")];
    let now = || jiff::Timestamp::now().as_second();

    let (_endpoint, module) = greeted(&demand, move |message| {
        let id = format!("answer.{}", message.headers["webhook-id"]);
        Reaction::Answer(200, signed(&id, now(), ISSUE), ISSUE.to_vec())
    });
    assert_eq!(ask(&*module, &mut request()), Ok(Decision::Issue));

    type Forge = Box<dyn Fn(&Received) -> Reaction + Send + Sync>;
    let forgeries: Vec<(&str, Forge)> = vec![
        ("no signature", Box::new(|_| Reaction::Answer(200, Vec::new(), ISSUE.to_vec()))),
        (
            "the message's own id",
            Box::new(move |message| {
                Reaction::Answer(200, signed(&message.headers["webhook-id"], now(), ISSUE), ISSUE.to_vec())
            }),
        ),
        (
            "another message's answer",
            Box::new(move |_| Reaction::Answer(200, signed("answer.vr_0", now(), ISSUE), ISSUE.to_vec())),
        ),
        (
            "another body",
            Box::new(move |message| {
                let id = format!("answer.{}", message.headers["webhook-id"]);
                Reaction::Answer(200, signed(&id, now(), b"{}"), ISSUE.to_vec())
            }),
        ),
        (
            "an old answer",
            Box::new(move |message| {
                let id = format!("answer.{}", message.headers["webhook-id"]);
                Reaction::Answer(200, signed(&id, now() - 1000, ISSUE), ISSUE.to_vec())
            }),
        ),
        ("a refusal that anyone could send", Box::new(|_| Reaction::status(403))),
    ];
    for (what, forge) in forgeries {
        let (_endpoint, module) = greeted(&demand, forge);
        let error = ask(&*module, &mut request()).unwrap_err();
        let expected = if what.starts_with("a refusal") { HResult::E_ACCESSDENIED } else { HResult::NTE_BAD_SIGNATURE };
        assert_eq!(error.code, expected, "{what}: {error}");
    }
}

/// An endpoint that decides as requests' attributes say, and signs its answers.
struct Decider {
    identity: Identity,
    endpoint: Endpoint,
}

impl Decider {
    fn start() -> Self {
        let identity = Identity::new();
        let endpoint = Endpoint::start(&identity, |message| match interpreter::answer(message) {
            Reaction::Answer(status, _, body) => {
                let id = format!("answer.{}", message.headers["webhook-id"]);
                Reaction::Answer(status, signed(&id, jiff::Timestamp::now().as_second(), &body), body)
            }
            other => other,
        });
        Self { identity, endpoint }
    }
}

impl Interpreters for Decider {
    fn exit(&self, _state: &Path) -> Result<Arc<dyn ExitModule>, ModuleError> {
        Err(ModuleError::invalid("this endpoint decides; one that is told of events is on the Python package"))
    }

    fn policy(&self, _state: &Path) -> Result<Arc<dyn PolicyModule>, ModuleError> {
        let settings = self.endpoint.settings(&self.identity, &[("answer_signature", "true")]);
        let limits = Limits::default().around(&WebhookKind, &settings)?;
        let make = move || WebhookKind.policy_module("interpreter", &settings);
        Ok(Arc::new(Guard::policy("interpreter", make, limits, Gauge::new())))
    }

    fn calls_back(&self) -> bool {
        false
    }
}

#[test]
fn an_endpoint_decides_as_a_module_in_the_server() {
    conformance::policy_module(&Decider::start());
}
