//! Endpoints that misbehave, in a real authority.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod endpoint;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use endpoint::authority::Identity;
use endpoint::{Endpoint, Reaction, Received};
use hosts::webhook::WebhookKind;
use hosts::{Gauge, Guard, Limits};
use module::{ExitModule, ModuleKind, PolicyModule, Role, Settings};
use serde_json::json;
use testkit::torture::{Misbehaviour, Specimen, Specimens};

/// Modules of kind `webhook`, whose endpoint is on loopback.
struct Endpoints;

/// Why an endpoint cannot misbehave so.
fn impossible(how: Misbehaviour) -> Option<&'static str> {
    match how {
        Misbehaviour::FloodsErrors => Some("an endpoint has no standard error and no way to the server's log"),
        Misbehaviour::AllocatesWithoutEnd => Some("an endpoint's memory is its own machine's"),
        Misbehaviour::CallsBackLate | Misbehaviour::CallsBackForEver => Some("an endpoint has no call-backs"),
        _ => None,
    }
}

/// What an endpoint answers where it is well.
fn well(role: Role) -> Reaction {
    match role {
        Role::Exit => Reaction::status(204),
        Role::Policy => Reaction::json(&json!({"decision": "issue"})),
    }
}

fn badly(how: Misbehaviour, role: Role) -> Reaction {
    let answer = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    match how {
        Misbehaviour::NeverAnswers => Reaction::WriteAndHang(Vec::new()),
        Misbehaviour::AnswersTwice => {
            let once = answer(r#"{"decision":"issue"}"#);
            Reaction::WriteAndHang(format!("{once}{once}").into_bytes())
        }
        Misbehaviour::AnswersGarbage => Reaction::WriteAndBreak(b"220 mail.example.org ESMTP\r\n\r\n".to_vec()),
        // A body without end is read no further than the limit: for an event the status has said all.
        Misbehaviour::FloodsOutput if role == Role::Policy => Reaction::Flood,
        Misbehaviour::FloodsOutput => {
            let mut head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
            head.resize(8 << 20, b'x');
            Reaction::WriteAndBreak(head)
        }
        Misbehaviour::ClosesItsPipe => Reaction::WriteAndBreak(Vec::new()),
        Misbehaviour::DiesInTheCall | Misbehaviour::ChangesItsMask => {
            Reaction::WriteAndBreak(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec())
        }
        Misbehaviour::ReturnsHugeStrings => Reaction::Answer(500, Vec::new(), vec![b'x'; 1 << 20]),
        _ => well(role),
    }
}

impl Endpoints {
    /// The endpoint with its certificates, both there as long as they are held, and the settings of a module for it.
    fn specimen(how: Misbehaviour, role: Role) -> ((Endpoint, Identity), Settings) {
        let identity = Identity::new();
        let pings = AtomicUsize::new(0);
        let behaviour = move |message: &Received| match message.kind().as_str() {
            "org.exeunt.ping" if how == Misbehaviour::DiesInInitialize => Reaction::WriteAndBreak(Vec::new()),
            "org.exeunt.ping" if how == Misbehaviour::ChangesItsMask && pings.fetch_add(1, Ordering::SeqCst) > 0 => {
                Reaction::json(&json!({"events": ["crl-issued"]}))
            }
            "org.exeunt.ping" => Reaction::status(204),
            "org.exeunt.shutdown" if how == Misbehaviour::IgnoresShutdown => Reaction::WriteAndHang(Vec::new()),
            _ => match message.json()["data"]["request"]["CommonName"].as_str() {
                Some(name) if name.starts_with("bad") => badly(how, role),
                _ => well(role),
            },
        };
        let endpoint = Endpoint::start(&identity, behaviour);
        let settings = endpoint.settings(&identity, &[("timeout_ms", "1000")]);
        ((endpoint, identity), settings)
    }

    fn limits(settings: &Settings) -> Limits {
        Limits::default().around(&WebhookKind, settings).unwrap()
    }
}

impl Specimens for Endpoints {
    fn exit(&self, how: Misbehaviour, _state: &Path) -> Specimen<dyn ExitModule> {
        if let Some(why) = impossible(how) {
            return Specimen::Impossible(why);
        }
        let (held, settings) = Self::specimen(how, Role::Exit);
        Specimen::Of(Box::new(move || {
            let _endpoint = &held;
            let (limits, settings) = (Self::limits(&settings), settings.clone());
            let make = move || WebhookKind.exit_module("specimen", &settings);
            Ok(Arc::new(Guard::exit("specimen", make, limits, Gauge::new())))
        }))
    }

    fn policy(&self, how: Misbehaviour, _state: &Path) -> Specimen<dyn PolicyModule> {
        if let Some(why) = impossible(how) {
            return Specimen::Impossible(why);
        }
        let (held, settings) = Self::specimen(how, Role::Policy);
        Specimen::Of(Box::new(move || {
            let _endpoint = &held;
            let (limits, settings) = (Self::limits(&settings), settings.clone());
            let make = move || WebhookKind.policy_module("specimen", &settings);
            Ok(Arc::new(Guard::policy("specimen", make, limits, Gauge::new())))
        }))
    }
}

testkit::torture!(Endpoints);
