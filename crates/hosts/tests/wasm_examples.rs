//! The WebAssembly examples for module authors, as the server would run them.

#![cfg(feature = "wasm")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/components.rs"]
mod components;
mod support;

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use components::{Component, example};
use module::{
    Decision, EventId, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, Notification, PolicyModule, Value,
};
use support::{FakeServer, notification};

fn ledger(settings: &[(&str, &str)]) -> Component {
    static BUILT: LazyLock<PathBuf> =
        LazyLock::new(|| components::rust(&example("wasm-rust-ledger"), "wasm_rust_ledger"));
    let mut component = Component::new(&BUILT, settings);
    component.settings.set("dir./ledger", component.state.path().to_str().unwrap());
    component
}

fn names(settings: &[(&str, &str)]) -> Component {
    static BUILT: LazyLock<PathBuf> =
        LazyLock::new(|| components::python(&example("wasm-python-names"), "policy", "names"));
    Component::new(&BUILT, settings)
}

fn event(id: u64, event: ExitEvent) -> Notification {
    Notification { id: EventId(id), ..notification(event) }
}

fn issued() -> FakeServer {
    FakeServer::issued()
        .certificate("DistinguishedName", "CN=\"quoted\", O=Ünï")
        .certificate("NotAfter", "2026-08-30T12:00:00Z".parse::<jiff::Timestamp>().unwrap())
}

#[test]
fn the_ledger_has_one_line_for_every_event() {
    let component = ledger(&[]);
    let month = component.state.path().join("2025-06.jsonl");
    let lines = || -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(&month).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let module = component.exit();
    let events = module.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(events, ExitEvents::all() - ExitEvents::SHUTDOWN - ExitEvents::CERT_RETRIEVE_PENDING);
    assert_eq!(module.description(), "ledger of events in /ledger, up to event 0");
    assert_eq!(module.about()[0], ("Name".to_owned(), "ledger".to_owned()));
    // Twice, as a repeated delivery would be.
    for _ in 0..2 {
        module.notify(&event(41, ExitEvent::CertIssued), &issued()).unwrap();
    }
    module.notify(&event(43, ExitEvent::CrlIssued), &FakeServer::authority()).unwrap();
    let chain = "ab".repeat(32);
    let expected = [
        serde_json::json!({
            "event": 41, "what": "cert-issued", "occurred": "2025-06-01T12:00:00Z", "request": 7, "disposition": 20,
            "serial": "1a2b3c", "not_after": "2026-08-30T12:00:00Z", "subject": "CN=\"quoted\", O=Ünï", "chain": chain,
        }),
        serde_json::json!({"event": 43, "what": "crl-issued", "occurred": "2025-06-01T12:00:00Z", "chain": chain}),
    ];
    assert_eq!(lines(), expected);

    // A crash left half a line: the next start removes it, and goes on behind the last whole one.
    let text = std::fs::read_to_string(&month).unwrap();
    std::fs::write(&month, format!("{text}{{\"event\":44,\"wh")).unwrap();
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    module.notify(&event(43, ExitEvent::CrlIssued), &FakeServer::authority()).unwrap();
    module.notify(&event(44, ExitEvent::CertRevoked), &issued()).unwrap();
    let events: Vec<u64> = lines().iter().map(|line| line["event"].as_u64().unwrap()).collect();
    assert_eq!(events, [41, 43, 44]);
    assert_eq!(component.gauge.snapshot().failures, 0);
}

#[test]
fn the_ledger_leaves_names_out_where_it_is_told_to() {
    let component = ledger(&[("setting.subjects", "false")]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    module.notify(&event(41, ExitEvent::CertIssued), &issued()).unwrap();
    let text = std::fs::read_to_string(component.state.path().join("2025-06.jsonl")).unwrap();
    assert!(text.contains("1a2b3c") && !text.contains("quoted"), "{text}");
}

#[test]
fn the_ledger_says_what_it_needs() {
    let mut component = ledger(&[]);
    component.settings.unset("dir./ledger");
    let error = component.exit().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert!(error.message.contains("dir./ledger=PATH"), "{error}");
    let error = ledger(&[("setting.subjects", "maybe")]).exit().initialize("CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::E_INVALIDARG);
    // A failure of the disk fails the event, which comes again.
    let component = ledger(&[]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let month = component.state.path().join("2025-06.jsonl");
    std::fs::create_dir(&month).unwrap();
    module.notify(&event(41, ExitEvent::CertIssued), &issued()).unwrap_err();
    std::fs::remove_dir(&month).unwrap();
    module.notify(&event(41, ExitEvent::CertIssued), &issued()).unwrap();
}

#[test]
fn names_of_other_domains_are_denied_and_wildcards_pended() {
    let component = names(&[("setting.domains", "example.org"), ("setting.days", "90")]);
    let module = component.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(module.description(), "names of our own domains only");
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let request = |name: &str, days: i64| {
        let names = [&[0x82, u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
        let extension = [&[0x30, u8::try_from(names.len()).unwrap()], names.as_slice()].concat();
        FakeServer::issued()
            .certificate("NotBefore", start)
            .certificate("NotAfter", start + jiff::SignedDuration::from_hours(24 * days))
            .extension("2.5.29.17", ExtensionFlags::ORIGIN_REQUEST, &extension)
    };
    // The fixture has an empty extension of this kind already: a request without a name but its common name.
    let mut plain = FakeServer::issued().certificate("NotBefore", start).certificate("NotAfter", start);
    assert_eq!(module.verify_request(&mut plain, true).unwrap(), Decision::Issue);
    assert!(plain.written().is_empty());

    let replaced = |name: &str, days: i64| {
        let mut server = request(name, days);
        let rows = server.extension_rows();
        module::ServerPolicy::set_certificate_extension(&mut server, rows.last().unwrap().clone()).unwrap();
        server
    };
    let mut long = replaced("www.example.org", 365);
    assert_eq!(module.verify_request(&mut long, true).unwrap(), Decision::Issue);
    let latest: jiff::Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
    assert_eq!(long.written()["NotAfter"], Some(Value::Date(latest)));
    let wildcard = Decision::Pend { message: "*.example.org is a wildcard".into() };
    assert_eq!(module.verify_request(&mut replaced("*.example.org", 30), true).unwrap(), wildcard);
    assert_eq!(module.verify_request(&mut replaced("*.example.org", 30), false).unwrap(), Decision::Issue);
    let denied = Decision::deny(HResult::CERT_E_INVALID_NAME, "www.example.com is not under example.org");
    assert_eq!(module.verify_request(&mut replaced("www.example.com", 30), true).unwrap(), denied);

    // What it cannot read it does not decide.
    let mut garbage = FakeServer::issued();
    let row = module::CertificateExtension { value: vec![1, 2, 3], ..garbage.extension_rows()[0].clone() };
    module::ServerPolicy::set_certificate_extension(&mut garbage, row).unwrap();
    assert_eq!(module.verify_request(&mut garbage, true).unwrap_err().code, HResult::ERROR_INVALID_DATA);
    assert_eq!(component.gauge.snapshot().restarts, 0);
    module.shut_down();
}

#[test]
fn names_that_the_python_module_does_not_expect_are_a_failure_with_a_traceback() {
    let component = names(&[("setting.domains", "example.org"), ("setting.days", "90")]);
    let module = component.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    // Without a validity, which a server always has.
    let error = module.verify_request(&mut FakeServer::issued(), true).unwrap_err();
    assert_eq!(error.code, HResult::CERTSRV_E_PROPERTY_EMPTY, "{error}");
    let error = names(&[]).policy().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::E_INVALIDARG);
    assert!(error.message.contains("`domains`"), "{error}");
}

#[test]
fn the_tests_of_the_examples_pass() {
    let python = Command::new("python3")
        .args(["-m", "unittest"])
        .current_dir(example("wasm-python-names"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let rust = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--locked", "--manifest-path"])
        .arg(example("wasm-rust-ledger").join("Cargo.toml"))
        .arg("--target-dir")
        .arg(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples"))
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    assert!(rust.status.success(), "{}", String::from_utf8_lossy(&rust.stderr));
}
