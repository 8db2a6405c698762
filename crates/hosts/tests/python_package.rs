//! Modules that are built on the Python package, as the server would run them, and what stands at the other end of a
//! webhook.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod endpoint;
mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use endpoint::authority::Identity;
use endpoint::{SECRET, webhook};
use jiff::Timestamp;
use module::{
    Decision, Delivered, EventId, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, Notification,
    PolicyModule, ServerExit, Settings, Undelivered, Value,
};
use serde_json::json;
use support::{FakeServer, Script, notification};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}

/// A script that finds the package.
fn script(path: &Path, settings: &[(&str, &str)]) -> Script {
    let mut script = Script::new(&json!(["python3", path]).to_string(), settings);
    let environment = json!({
        "STATE": script.state.path(), "PYTHONPATH": repository("sdk/python/src"), "PYTHONDONTWRITEBYTECODE": "1",
    });
    script.settings.set("environment", environment.to_string());
    script
}

fn event(id: u64, event: ExitEvent) -> Notification {
    Notification { id: EventId(id), ..notification(event) }
}

fn deliver(module: &dyn ExitModule, events: &[Notification], server: &dyn ServerExit) -> Delivered {
    let events: Vec<(&Notification, &dyn ServerExit)> = events.iter().map(|event| (event, server)).collect();
    module.notify_batch(&events)
}

#[test]
fn an_exit_module() {
    let script = script(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/recorder.py"),
        &[("setting.reader", "people"), ("window", "4")],
    );
    let server = FakeServer::issued().certificate("RawCRL.0", vec![0x30, 0x00]);
    let module = script.exit();
    let wanted = ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED | ExitEvents::SHUTDOWN;
    assert_eq!(module.initialize("Example CA", &server).unwrap(), wanted);
    assert_eq!(module.description(), "records Example CA for people");
    assert_eq!(module.batch_max(), 10);
    assert_eq!(module.about(), [("Product Version".to_owned(), "2.1".to_owned())]);

    let mut events: Vec<Notification> = (41..=44).map(|id| event(id, ExitEvent::CertIssued)).collect();
    let delivered = deliver(&module, &events, &server);
    assert_eq!(delivered.count, 2);
    assert!(
        matches!(&delivered.failure, Some(Undelivered::Failed(error)) if error.code == HResult::ERROR_FILE_EXISTS),
        "{delivered:?}"
    );
    events[2].attempt = 2;
    assert_eq!(deliver(&module, &events[2..3], &server), Delivered::all(1));
    assert_eq!(deliver(&module, &[event(44, ExitEvent::CrlIssued)], &server), Delivered::all(1));
    assert_eq!(script.gauge.snapshot().restarts, 0);
    drop(module);
    script.assert_nothing_left();
    assert_eq!(
        script.seen(),
        [
            "initialize 3 3",
            "41 cert-issued EXAMPLE\\alice",
            "42 cert-issued EXAMPLE\\alice",
            "43 cert-issued EXAMPLE\\alice",
            "44 crl 3000",
            "shut down",
        ]
    );
}

/// A subject alternative name of these DNS names (RFC 5280 4.2.1.6), short enough for one length octet.
fn dns_names(names: &[&str]) -> Vec<u8> {
    let mut inner = Vec::new();
    for name in names {
        inner.extend([0x82, u8::try_from(name.len()).unwrap()]);
        inner.extend(name.as_bytes());
    }
    let mut der = vec![0x30, u8::try_from(inner.len()).unwrap()];
    der.extend(inner);
    der
}

#[test]
fn python_names_decides_by_requester() {
    const REQUESTED: ExtensionFlags = ExtensionFlags::ORIGIN_REQUEST.union(ExtensionFlags::DISABLE);
    let mut script = script(&repository("examples/modules/python-names/names.py"), &[]);
    let rules = script.state.path().join("rules.json");
    std::fs::write(&rules, r#"{"EXAMPLE\\web": ["www.example.org", "*.shop.example.org"]}"#).unwrap();
    script.settings.set("setting.rules", rules.to_str().unwrap());
    let module = script.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let request = |requester: &str, san: &[u8]| {
        FakeServer::authority()
            .request("RequestID", 8)
            .request("RequesterName", requester)
            .request("CommonName", "intranet")
            .extension("2.5.29.17", REQUESTED, san)
    };

    let mut server = request("EXAMPLE\\web", &dns_names(&["WWW.example.org", "a.shop.example.org"]));
    assert_eq!(module.verify_request(&mut server, true), Ok(Decision::Issue));
    assert_eq!(server.written()["CommonName"], Some(Value::from("www.example.org")));
    assert!(server.extension_rows()[0].flags.is_enabled());

    let mut server = request("EXAMPLE\\web", &dns_names(&["*.shop.example.org"]));
    assert!(matches!(module.verify_request(&mut server, true), Ok(Decision::Pend { .. })));
    assert_eq!(module.verify_request(&mut server, false), Ok(Decision::Issue));

    for (requester, san) in [
        ("EXAMPLE\\web", dns_names(&["www.example.org", "www.example.com"])),
        ("EXAMPLE\\web", dns_names(&["shop.example.org"])),
        ("EXAMPLE\\other", dns_names(&["www.example.org"])),
        ("EXAMPLE\\web", dns_names(&[])),
    ] {
        let decision = module.verify_request(&mut request(requester, &san), true);
        assert!(matches!(decision, Ok(Decision::Deny { .. })), "{requester}: {decision:?}");
    }
    // What cannot be read is never issued: garbage, and a kind of name that nobody decides on.
    for san in [vec![0x30, 0x05, 0x82], vec![0x30, 0x84], vec![], vec![0x30, 0x06, 0x87, 0x04, 10, 0, 0, 1]] {
        let decision = module.verify_request(&mut request("EXAMPLE\\web", &san), true);
        assert!(matches!(decision, Ok(Decision::Deny { .. })), "{san:?}: {decision:?}");
    }
    // The rules change without a restart; rules that cannot be read issue nothing.
    std::fs::write(script.state.path().join("new"), r#"{"*": ["*.example.com"]}"#).unwrap();
    std::fs::rename(script.state.path().join("new"), &rules).unwrap();
    let mut other = request("EXAMPLE\\other", &dns_names(&["www.example.com"]));
    assert_eq!(module.verify_request(&mut other, true), Ok(Decision::Issue));
    std::fs::write(script.state.path().join("new"), "{").unwrap();
    std::fs::rename(script.state.path().join("new"), &rules).unwrap();
    assert!(module.verify_request(&mut other, true).is_err());
    assert_eq!(script.gauge.snapshot().restarts, 0);
    drop(module);
    script.assert_nothing_left();
}

/// The receiver of `examples/modules/webhook-receiver`.
struct Receiver {
    process: Child,
    port: u16,
    identity: Identity,
    database: PathBuf,
}

impl Receiver {
    fn start(more: &[&str]) -> Self {
        let identity = Identity::new();
        let (secret, database) = (identity.path("secret"), identity.path("inventory.sqlite"));
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let mut process = Command::new("python3")
            .arg(repository("examples/modules/webhook-receiver/receiver.py"))
            .args(["--host", "127.0.0.1", "--port", "0", "--secret-file"])
            .arg(secret)
            .arg("--certificate")
            .arg(identity.path("server.pem"))
            .arg("--key")
            .arg(identity.path("server.key"))
            .args(more)
            .arg(&database)
            .env("PYTHONPATH", repository("sdk/python/src"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
        Self { process, port, identity, database }
    }

    fn settings(&self, more: &[(&str, &str)]) -> Settings {
        let url = format!("https://127.0.0.1:{}/exeunt", self.port);
        let ca_file = self.identity.ca_file();
        let given = [("url", url.as_str()), ("secret", SECRET), ("allow_private", "true"), ("system_roots", "false")];
        let mut settings: Settings = given.into_iter().collect();
        settings.set("ca_file", ca_file.to_str().unwrap());
        for (name, value) in more {
            settings.set(*name, *value);
        }
        settings
    }

    /// The rows of the inventory.
    fn rows(&self) -> serde_json::Value {
        let program = "import json, sqlite3, sys\n\
                       query = 'SELECT * FROM certificate ORDER BY request_id'\n\
                       print(json.dumps(sqlite3.connect(sys.argv[1]).execute(query).fetchall()))";
        let output = Command::new("python3").args(["-c", program]).arg(&self.database).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn webhook_receiver_keeps_an_inventory() {
    let receiver = Receiver::start(&[]);
    let module = webhook().exit_module("inventory", &receiver.settings(&[("batch", "10")])).unwrap();
    let wanted = ExitEvents::CERT_ISSUED | ExitEvents::CERT_IMPORTED | ExitEvents::CERT_REVOKED;
    assert_eq!(module.initialize("Example CA", &FakeServer::authority()).unwrap(), wanted);
    assert!(module.description().starts_with("inventory in "), "{}", module.description());

    let until: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    let issued = FakeServer::issued().certificate("NotAfter", until).certificate("DistinguishedName", "CN=Ünï");
    let events: Vec<Notification> = (41..=43).map(|id| event(id, ExitEvent::CertIssued)).collect();
    // Twice, as a repeated delivery would be.
    for _ in 0..2 {
        assert_eq!(deliver(&*module, &events, &issued), Delivered::all(3));
    }
    let revoked = issued.clone().request("Disposition", 21);
    module.notify(&event(44, ExitEvent::CertRevoked), &revoked).unwrap();
    module.notify(&event(43, ExitEvent::CertIssued), &issued).unwrap();
    let source = "urn:exeunt:ca:Example%20CA";
    assert_eq!(
        receiver.rows(),
        json!([[source, 7, "1a2b3c", "CN=Ünï", "EXAMPLE\\alice", "2026-06-01T12:00:00Z", 1, 44]])
    );
}

#[test]
fn webhook_receiver_lets_in_who_knows_a_secret() {
    const OTHER: &str = "whsec_dnV0c3JxcG9ubWxramloZ2ZlZGNiYTk4NzY1NDMyMTA=";
    let receiver = Receiver::start(&[]);
    let start = |settings: &[(&str, &str)]| {
        let module = webhook().exit_module("inventory", &receiver.settings(settings)).unwrap();
        module.initialize("Example CA", &FakeServer::authority())
    };
    let error = start(&[("secret", OTHER)]).unwrap_err();
    assert_eq!(error.code, HResult::E_ACCESSDENIED, "{error}");
    assert!(error.message.contains("`secret`"), "{error}");
    // While the secret changes, the server signs with both.
    start(&[("secret", OTHER), ("secret_previous", SECRET)]).unwrap();
}

#[test]
fn webhook_receiver_decides_with_a_signature() {
    let receiver = Receiver::start(&["--deny", "mallory", "--sign-answers"]);
    let module = webhook().policy_module("inventory", &receiver.settings(&[("answer_signature", "true")])).unwrap();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let mut alice = FakeServer::authority().request("RequestID", 8).request("RequesterName", "EXAMPLE\\alice");
    assert_eq!(module.verify_request(&mut alice, true), Ok(Decision::Issue));
    let mut mallory = FakeServer::authority().request("RequestID", 9).request("RequesterName", "EXAMPLE\\mallory");
    assert_eq!(
        module.verify_request(&mut mallory, true),
        Ok(Decision::deny(HResult::E_ACCESSDENIED, "EXAMPLE\\mallory gets no certificates"))
    );
}
