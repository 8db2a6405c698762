//! The WebAssembly host with components that behave: what they see, what they may do, and where it is kept compiled.

#![cfg(feature = "wasm")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "support/components.rs"]
mod components;
mod support;

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Barrier;

use components::{Component, exit_guest, policy_guest};
use hosts::wasm::WasmKind;
use module::{
    Decision, EventId, ExitEvent, ExitEvents, ExitModule, ExtensionFlags, HResult, ModuleError, ModuleKind,
    Notification, PolicyModule, Role, Value,
};
use support::{FakeServer, notification};

/// What the guest says in its failure.
fn said(component: &Component, server: &FakeServer) -> String {
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let error = module.notify(&notification(ExitEvent::CertDenied), server).unwrap_err();
    assert_eq!(error.code, HResult::E_FAIL, "{error}");
    assert_eq!(component.gauge.snapshot().restarts, 0);
    error.message
}

#[test]
fn the_kind_is_installed_by_its_name_and_serves_both_roles() {
    let kind = hosts::kinds().into_iter().find(|kind| kind.name() == "wasm").unwrap();
    assert_eq!(kind.roles(), [Role::Exit, Role::Policy]);
    assert!(kind.exit_module("m", &module::Settings::default()).is_err());
}

#[test]
fn a_component_is_told_of_events_and_of_the_end() {
    let component = Component::exit_guest(&[("setting.told", "/data/told")]).with_directory("");
    let module = component.exit();
    assert!(module.description().starts_with("component: /"), "{}", module.description());
    assert_eq!(module.initialize("Example CA", &FakeServer::authority()).unwrap(), ExitEvents::all());
    assert_eq!(module.description(), "a guest");
    assert_eq!(module.about()[1], ("File Version".to_owned(), "1.2".to_owned()));
    let server = FakeServer::issued();
    for event in [ExitEvent::CertIssued, ExitEvent::CrlIssued, ExitEvent::CertImported, ExitEvent::Shutdown] {
        module.notify(&notification(event), &server).unwrap();
    }
    assert_eq!(std::fs::read_to_string(component.state.path().join("told")).unwrap(), "shutdown");
    assert_eq!(component.gauge.snapshot().failures, 0);
}

#[test]
fn everything_of_the_contract_can_be_read() {
    let component = Component::exit_guest(&[]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let moment: jiff::Timestamp = "2031-05-06T07:08:09.0000001Z".parse().unwrap();
    let server =
        FakeServer::issued().certificate("NotAfter", moment).extension("1.2.3", ExtensionFlags::CRITICAL, &[2, 1, 42]);
    let error = module.notify(&notification(ExitEvent::CertPending), &server).unwrap_err();
    assert_eq!(error.code, HResult::E_FAIL);
    let parts: Vec<&str> = error.message.split("; ").collect();
    let occurred = notification(ExitEvent::CertPending).occurred.as_second();
    assert_eq!(
        parts,
        [
            &*format!(
                "call 1, event 41 ExitEvent::CertPending of {occurred}.000000000 for Some(7), attempt 1, hash [ab, ab].."
            ),
            "request long 7",
            "request string EXAMPLE\\alice",
            &*format!("date {}.000000100", moment.as_second()),
            "binary [30, 03, 02, 01, 07]",
            "authority 3",
            "empty 0x80094004",
            "unknown 0x80070057",
            "another type 0x80070057",
            "typed extension 42",
            "not of the type 0x8007000d",
            "attribute C:\\issued.cer",
            "extension Ok((\"2.5.29.17\", 10000, [30, 00]))",
            "missing 0x80094004",
            "extensions Some([\"2.5.29.17\", \"1.2.3\"])",
            "attributes Some([\"CertFile\"])",
        ]
    );
    // The same instance is called again: it has its memory still.
    let again = Notification { id: EventId(42), attempt: 2, ..notification(ExitEvent::CertPending) };
    let error = module.notify(&again, &server).unwrap_err();
    assert!(error.message.starts_with("call 2, event 42") && error.message.contains("attempt 2"), "{error}");
    let snapshot = component.gauge.snapshot();
    assert_eq!((snapshot.failures, snapshot.restarts), (2, 0));
}

#[test]
fn a_context_ends_with_its_call() {
    let component = Component::exit_guest(&[]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued();
    server.end();
    let error = module.notify(&notification(ExitEvent::CertPending), &server).unwrap_err();
    assert!(error.message.contains("request long 0x80070006; request string 0x80070006"), "{error}");
    // A call without a context reads nothing.
    let component = Component::exit_guest(&[("setting.description", "read-authority")]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::issued()).unwrap();
    assert!(
        module.description().contains("2147942406") || module.description().contains("80070006"),
        "{}",
        module.description()
    );
}

#[test]
fn initialize_reads_the_authority_and_no_request() {
    let component = Component::exit_guest(&[("setting.initialize", "read-authority")]);
    let module = component.exit();
    let error = module.initialize("Example CA", &FakeServer::issued()).unwrap_err();
    assert_eq!(error.message, "Ok(Value::Long(3)) Err(80094004) Err(80094004)");
}

#[test]
fn the_mask_is_what_the_component_asks_for() {
    let component = Component::exit_guest(&[("setting.events", "issued")]);
    let events = component.exit().initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(events, ExitEvents::CERT_ISSUED);
}

#[test]
fn an_error_of_the_module_is_an_answer() {
    let component = Component::exit_guest(&[("setting.notify", "refuse")]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let error = module.notify(&notification(ExitEvent::CertDenied), &FakeServer::issued()).unwrap_err();
    assert_eq!(error, ModuleError::new(HResult::E_ACCESSDENIED, "not today"));
    let component = Component::exit_guest(&[("setting.initialize", "claim-success")]);
    let error = component.exit().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error, ModuleError::new(HResult::E_FAIL, "an error that is none"));
}

#[test]
fn instances_take_calls_together() {
    let component = Component::exit_guest(&[("instances", "3")]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let (together, server) = (Barrier::new(3), FakeServer::issued());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                together.wait();
                for _ in 0..20 {
                    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
                }
            });
        }
    });
    let snapshot = component.gauge.snapshot();
    assert_eq!((snapshot.failures, snapshot.restarts), (0, 0));
}

#[test]
fn a_policy_module_issues_pends_and_denies() {
    let component = Component::policy_guest(&[]);
    let module = component.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(module.description(), "does as asked");
    let decide = |what: &str, new| module.verify_request(&mut FakeServer::issued().attribute("do", what), new);
    assert_eq!(decide("issue", true).unwrap(), Decision::Issue);
    assert_eq!(decide("pend", true).unwrap(), Decision::Pend { message: "a second look".into() });
    assert_eq!(decide("deny", true).unwrap(), Decision::deny(HResult::CERTSRV_E_ENROLL_DENIED, "not you"));
    assert_eq!(decide("deny-only", true).unwrap(), Decision::deny(HResult::S_OK, ""));
    assert_eq!(decide("pend-new", true).unwrap(), Decision::Pend { message: String::new() });
    assert_eq!(decide("pend-new", false).unwrap(), Decision::Issue);
    assert_eq!(decide("fail", true).unwrap_err(), ModuleError::new(HResult::E_OUTOFMEMORY, "I cannot tell"));
    assert_eq!(component.gauge.snapshot().restarts, 0);
}

#[test]
fn a_policy_module_amends_the_request_and_sees_it() {
    let component = Component::policy_guest(&[]);
    let module = component.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let mut server = FakeServer::issued().attribute("do", "amend").certificate("OrgUnit", "Sales");
    assert_eq!(module.verify_request(&mut server, true).unwrap(), Decision::Issue);
    let date: jiff::Timestamp = jiff::Timestamp::from_second(1_900_000_000).unwrap();
    let written = server.written();
    assert_eq!(written["CommonName"], Some(Value::from("amended")));
    assert_eq!(written["NotAfter"], Some(Value::Date(date)));
    assert_eq!(written["OrgUnit"], None);
    let rows: Vec<_> = server.extension_rows().into_iter().map(|row| (row.oid, row.flags.bits(), row.value)).collect();
    assert_eq!(
        rows,
        [
            ("1.2.3.1".to_owned(), 0x2_0001, vec![4, 1, 7]),
            ("1.2.3.2".to_owned(), 0x2_0000, vec![2, 1, 5]),
            ("1.2.3.3".to_owned(), 0x2_0002, b"\x16\x04text".to_vec()),
        ]
    );
    let error = module.verify_request(&mut FakeServer::issued().attribute("do", "amend-wrongly"), true).unwrap_err();
    assert_eq!(error.message, "[80070057, 80070057, 80070057, 80070057]");
}

#[test]
fn a_policy_module_writes_only_while_it_verifies_a_request() {
    let component = Component::policy_guest(&[("setting.initialize", "write")]);
    let error = component.policy().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::E_ACCESSDENIED);
}

#[test]
fn a_policy_module_that_breaks_or_hangs_decides_nothing() {
    let component = Component::policy_guest(&[("timeout_ms", "300")]);
    let module = component.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let decide = |what: &str| module.verify_request(&mut FakeServer::issued().attribute("do", what), true);
    let error = decide("trap").unwrap_err();
    assert_eq!(error.code, HResult::RPC_E_SERVERFAULT);
    assert!(error.message.contains("no decision"), "{error}");
    assert_eq!(decide("issue").unwrap(), Decision::Issue);
    let error = decide("loop").unwrap_err();
    assert_eq!(error.code, HResult::ERROR_TIMEOUT);
    assert!(error.message.contains("was interrupted"), "{error}");
    assert_eq!(decide("issue").unwrap(), Decision::Issue);
    assert_eq!(component.gauge.snapshot().restarts, 2);
}

#[test]
fn a_policy_module_is_shut_down() {
    let component = Component::policy_guest(&[("env.TOLD", "/data/told")]).with_directory("");
    let module = component.policy();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    module.shut_down();
    assert_eq!(std::fs::read_to_string(component.state.path().join("told")).unwrap(), "shut down");
}

#[test]
fn a_component_that_was_granted_nothing_sees_nothing() {
    let component = Component::exit_guest(&[("setting.notify", "look-around")]);
    let seen = said(&component, &FakeServer::issued());
    assert_eq!(seen, "variables [], arguments [], root Err(NotFound), input Ok(0), passwd Err(NotFound)");
}

#[test]
fn variables_are_granted_by_name() {
    let component = Component::exit_guest(&[("setting.notify", "look-around"), ("env.COLOUR", "blue")]);
    assert!(said(&component, &FakeServer::issued()).starts_with("variables [(\"COLOUR\", \"blue\")]"));
}

#[test]
fn a_directory_is_granted_to_be_written_or_to_be_read() {
    let granted = |suffix: &str, settings: &[(&str, &str)]| {
        let component = Component::exit_guest(settings).with_directory(suffix);
        std::fs::write(component.state.path().join("x"), "old\n").unwrap();
        // What leads out of the directory is not part of it.
        std::os::unix::fs::symlink("/etc/passwd", component.state.path().join("out")).unwrap();
        let text = said(&component, &FakeServer::issued());
        (text, std::fs::read_to_string(component.state.path().join("x")).unwrap())
    };
    let write = [("setting.notify", "write"), ("setting.file", "/data/x")];
    assert_eq!(granted("", &write), ("Ok(())".to_owned(), "old\nhere\n".to_owned()));
    let (refused, left) = granted(":ro", &write);
    assert!(refused.starts_with("Err("), "{refused}");
    assert_eq!(left, "old\n");
    let read = |file| granted(":ro", &[("setting.notify", "read"), ("setting.file", file)]).0;
    assert_eq!(read("/data/x"), "Ok(\"old\\n\")");
    for outside in ["/data/out", "/data/../etc/passwd", "/etc/passwd", "/data/../../../../../../etc/passwd"] {
        assert!(read(outside).starts_with("Err("), "{outside}");
    }
    let missing = Component::exit_guest(&[("dir./data", "/nonexistent/of/course")]);
    let error = missing.exit().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_FILE_NOT_FOUND, "{error}");
    assert!(error.message.contains("dir./data"), "{error}");
}

#[test]
fn connections_go_where_they_were_granted_and_nowhere_else() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"hello");
        }
    });
    let connect = |to: &str, grant: Option<&str>| {
        let mut component = Component::exit_guest(&[("setting.notify", "connect"), ("setting.address", to)]);
        if let Some(grant) = grant {
            component.settings.set("network", grant);
        }
        said(&component, &FakeServer::issued())
    };
    assert_eq!(connect(&address, Some(&address)), "Ok(5) hello");
    assert_eq!(connect(&format!("localhost:{port}"), Some(&format!("localhost:{port}"))), "Ok(5) hello");
    for (to, grant) in [
        (address.clone(), None),
        (address.clone(), Some("127.0.0.1:1".to_owned())),
        (address.clone(), Some(format!("192.0.2.1:{port}"))),
        (format!("localhost:{port}"), Some(address.clone())),
    ] {
        let refused = connect(&to, grant.as_deref());
        assert!(refused.starts_with("Err("), "{to} {grant:?}: {refused}");
    }
    let component = Component::exit_guest(&[("setting.notify", "listen"), ("network", &address)]);
    assert!(said(&component, &FakeServer::issued()).starts_with("Err("));
}

#[test]
fn what_is_no_component_of_the_world_is_refused_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let refused = |path: &Path| {
        let error = Component::new(path, &[]).exit().initialize("Example CA", &FakeServer::authority()).unwrap_err();
        (error.code, error.message)
    };
    let (code, text) = refused(policy_guest());
    assert_eq!(code, HResult::ERROR_INVALID_DATA);
    assert!(text.contains("exeunt:modules/exit@1.0.0") && text.contains("other kind"), "{text}");
    let core = file("core.wasm", b"\0asm\x01\0\0\0");
    let (code, text) = refused(&core);
    assert_eq!(code, HResult::ERROR_INVALID_DATA);
    assert!(text.contains("not a component"), "{text}");
    let (_, text) = refused(&file("text", b"hello"));
    assert!(text.ends_with("is not a WebAssembly component"), "{text}");
    let mut damaged = std::fs::read(exit_guest()).unwrap();
    damaged.truncate(damaged.len() / 2);
    let (_, text) = refused(&file("half.wasm", &damaged));
    assert!(text.contains("cannot be compiled"), "{text}");
    let (code, _) = refused(&directory.path().join("missing"));
    assert_eq!(code, HResult::ERROR_FILE_NOT_FOUND);
    let (code, _) = refused(directory.path());
    assert_eq!(code, HResult::E_INVALIDARG);
    let error = Component::new(exit_guest(), &[]).policy().initialize("CA", &FakeServer::authority()).unwrap_err();
    assert!(error.message.contains("exeunt:modules/policy@1.0.0"), "{error}");
}

#[test]
fn what_was_compiled_is_kept_and_a_damaged_or_foreign_copy_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    let guest = components::copy(exit_guest(), directory.path(), "kept");
    let start = || {
        let component = Component::new(&guest, &[("cache_directory", cache.to_str().unwrap())]);
        let module = component.exit();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
    };
    let artefacts = || -> Vec<_> {
        let all = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.extension().is_some_and(|extension| extension == "artefact")).collect()
    };
    start();
    let kept = artefacts();
    assert_eq!(kept.len(), 1);
    let path = &kept[0];
    let (bytes, written) = (std::fs::read(path).unwrap(), path.metadata().unwrap().modified().unwrap());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(cache.metadata().unwrap().permissions().mode() & 0o777, 0o700);

    // Used as it is.
    start();
    assert_eq!(path.metadata().unwrap().modified().unwrap(), written);

    // Damaged, cut short, empty, or another's: compiled and written anew.
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let foreign: Vec<u8> = [&[0; 32][..], &bytes[32..]].concat();
    for bad in [damaged, bytes[..1000].to_vec(), Vec::new(), foreign] {
        std::fs::write(path, &bad).unwrap();
        start();
        let now = std::fs::read(path).unwrap();
        assert!(now != bad && now.len() > 1000);
    }

    // Readable by others: not used, and replaced.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    start();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // Where nothing can be kept, the module runs all the same.
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o755)).unwrap();
    start();
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::write(&cache, "in the way").unwrap();
    start();
}

#[test]
fn a_module_given_the_kinds_cache_uses_it() {
    let directory = tempfile::tempdir().unwrap();
    let kind = WasmKind::new(Some(directory.path().join("compiled")));
    let guest = components::copy(exit_guest(), directory.path(), "kinds");
    let settings = [("component", guest.to_str().unwrap())].into_iter().collect();
    let module = kind.exit_module("m", &settings).unwrap();
    assert!(!directory.path().join("compiled").exists(), "making a module touches nothing");
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert!(directory.path().join("compiled/key").exists());
}
