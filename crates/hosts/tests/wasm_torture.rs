//! The WebAssembly host with components that misbehave: each is stopped, said why, and replaced for the next call.

#![cfg(feature = "wasm")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "support/components.rs"]
mod components;
mod support;

use std::time::{Duration, Instant};

use components::Component;
use module::{ExitEvent, ExitEvents, ExitModule, HResult, ModuleError};
use support::{FakeServer, notification};

/// Lets the guest misbehave in `notify`, and shows that the next call is well served by a fresh instance.
fn torture(behaviour: &str, settings: &[(&str, &str)]) -> ModuleError {
    let mut component = Component::exit_guest(&[("setting.notify", behaviour)]).with_directory("");
    for (name, value) in settings {
        component.settings.set(*name, *value);
    }
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    let error = module.notify(&notification(ExitEvent::CertDenied), &server).unwrap_err();
    let fresh = module.notify(&notification(ExitEvent::CertPending), &server).unwrap_err();
    assert!(fresh.message.starts_with("call 1,"), "{behaviour}: {fresh}");
    let snapshot = component.gauge.snapshot();
    assert_eq!((snapshot.restarts, snapshot.abandoned), (1, 0), "{behaviour}");
    error
}

/// As above, where the instance stays in use.
fn endured(behaviour: &str, settings: &[(&str, &str)]) -> ModuleError {
    let mut component = Component::exit_guest(&[("setting.notify", behaviour)]).with_directory("");
    for (name, value) in settings {
        component.settings.set(*name, *value);
    }
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued();
    let error = module.notify(&notification(ExitEvent::CertDenied), &server).unwrap_err();
    let again = module.notify(&notification(ExitEvent::CertPending), &server).unwrap_err();
    assert!(again.message.starts_with("call 2,"), "{behaviour}: {again}");
    assert_eq!(component.gauge.snapshot().restarts, 0, "{behaviour}");
    error
}

fn assert_error(error: &ModuleError, code: HResult, words: &[&str]) {
    assert_eq!(error.code, code, "{error}");
    for word in words {
        assert!(error.message.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn whatever_never_answers_is_interrupted_in_its_time() {
    for behaviour in ["loop", "ask-for-ever", "log-for-ever", "print-for-ever", "sleep"] {
        let started = Instant::now();
        let error = torture(behaviour, &[("timeout_ms", "200")]);
        assert_error(&error, HResult::ERROR_TIMEOUT, &["`notify` took longer than 200 ms"]);
        assert!(started.elapsed() < Duration::from_secs(15), "{behaviour}");
    }
}

#[test]
fn a_loop_is_told_where_it_was() {
    let error = torture("loop", &[("timeout_ms", "100")]);
    assert_error(&error, HResult::ERROR_TIMEOUT, &["was interrupted", "behave"]);
}

#[test]
fn fuel_runs_out() {
    let error = torture("loop", &[("fuel", "20000000")]);
    assert_error(&error, HResult::ERROR_TIMEOUT, &["used up its fuel of 20000000"]);
}

#[test]
fn memory_has_a_limit() {
    let error = torture("eat-memory", &[("memory_bytes_max", "8388608")]);
    assert_error(&error, HResult::E_OUTOFMEMORY, &["needs more memory than the 8388608 bytes"]);
    assert_eq!(endured("try-memory", &[]).message, "refused: true");
}

#[test]
fn a_panic_says_what_it_was_about() {
    let error = torture("panic", &[]);
    assert_error(
        &error,
        HResult::RPC_E_SERVERFAULT,
        &["`notify`: the component broke down", "src/lib.rs", "on purpose"],
    );
    // Neither mangled names nor the machinery of panics.
    let place = error.message.split("it was in").nth(1).unwrap_or_default();
    assert!(!place.contains("_R") && !place.contains("panick"), "{}", error.message);
}

#[test]
fn a_stack_has_an_end() {
    let error = torture("recurse", &[("memory_bytes_max", "268435456")]);
    // In a component's memory, or in ours: whichever is the shorter.
    assert_error(&error, HResult::RPC_E_SERVERFAULT, &["`notify`", "recurse"]);
}

#[test]
fn a_component_does_not_end_the_server() {
    let error = torture("exit", &[]);
    assert_error(&error, HResult::RPC_E_DISCONNECTED, &["ended itself with status"]);
}

#[test]
fn texts_have_a_limit() {
    let error = endured("huge-error", &[]);
    assert!(error.message.len() <= 8192 && error.message.ends_with("[cut]"), "{}", error.message.len());
    assert_eq!(endured("huge-name", &[]).message, "0x80070057");
    for behaviour in ["huger-error", "huger-name"] {
        let error = torture(behaviour, &[("message_bytes_max", "2000000")]);
        assert_error(&error, HResult::RPC_E_SERVERFAULT, &["message_bytes_max"]);
    }
}

#[test]
fn open_files_have_a_limit() {
    let component = Component::exit_guest(&[("setting.notify", "open-many")]).with_directory(":ro");
    std::fs::write(component.state.path().join("x"), "").unwrap();
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let error = module.notify(&notification(ExitEvent::CertDenied), &FakeServer::issued()).unwrap_err();
    assert!(!error.message.is_empty(), "{error}");
    module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap();
}

#[test]
fn a_component_that_breaks_in_initialize_is_not_installed() {
    for (behaviour, code, words) in [
        ("refuse", HResult::E_ACCESSDENIED, "not today"),
        ("panic", HResult::RPC_E_SERVERFAULT, "on purpose"),
        ("loop", HResult::ERROR_TIMEOUT, "`initialize` took longer than 300 ms"),
        ("sleep", HResult::ERROR_TIMEOUT, "`initialize` took longer than 300 ms"),
        ("eat-memory", HResult::E_OUTOFMEMORY, "memory_bytes_max"),
        ("exit", HResult::RPC_E_DISCONNECTED, "ended itself"),
    ] {
        let component = Component::exit_guest(&[("setting.initialize", behaviour), ("start_timeout_ms", "300")]);
        let module = component.exit();
        let error = module.initialize("Example CA", &FakeServer::authority()).unwrap_err();
        assert_error(&error, code, &[words]);
        let error = module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap_err();
        assert_eq!(error.code, HResult::E_UNEXPECTED, "{behaviour}");
    }
}

#[test]
fn a_component_that_breaks_in_description_is_not_installed() {
    for behaviour in ["panic", "loop"] {
        let component = Component::exit_guest(&[("setting.description", behaviour), ("start_timeout_ms", "300")]);
        component.exit().initialize("Example CA", &FakeServer::authority()).unwrap_err();
    }
    let component = Component::exit_guest(&[("setting.description", "huge-error")]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(module.description().len(), 1024);
}

#[test]
fn a_changed_mask_is_not_taken_up() {
    let component =
        Component::exit_guest(&[("setting.events", "more"), ("setting.notify", "panic")]).with_directory("");
    let module = component.exit();
    assert_eq!(module.initialize("Example CA", &FakeServer::authority()).unwrap(), ExitEvents::CERT_ISSUED);
    let server = FakeServer::issued();
    module.notify(&notification(ExitEvent::CertDenied), &server).unwrap_err();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    assert_eq!(component.gauge.snapshot().restarts, 1);
    // Enabled anew, it gets what it asks for now.
    assert_eq!(module.initialize("Example CA", &FakeServer::authority()).unwrap(), ExitEvents::all());
}

#[test]
fn restarts_in_a_row_are_spaced() {
    let component = Component::exit_guest(&[("setting.notify", "panic"), ("restart_backoff_ms_min", "60000")]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued();
    for _ in 0..2 {
        let error = module.notify(&notification(ExitEvent::CertDenied), &server).unwrap_err();
        assert_eq!(error.code, HResult::RPC_E_SERVERFAULT);
    }
    let error = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert_error(&error, HResult::RPC_E_DISCONNECTED, &["started again in"]);
}

#[test]
fn nobody_is_started_only_to_hear_of_the_end() {
    let component =
        Component::exit_guest(&[("setting.notify", "panic"), ("setting.told", "/data/told")]).with_directory("");
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued();
    module.notify(&notification(ExitEvent::CertDenied), &server).unwrap_err();
    module.notify(&notification(ExitEvent::Shutdown), &server).unwrap();
    assert!(!component.state.path().join("told").exists());
}

#[test]
fn a_hung_instance_holds_up_only_its_own_call() {
    let component = Component::exit_guest(&[("setting.notify", "loop"), ("timeout_ms", "400"), ("instances", "2")]);
    let module = component.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let server = FakeServer::issued();
    std::thread::scope(|scope| {
        let hung = scope.spawn(|| module.notify(&notification(ExitEvent::CertDenied), &server));
        let mut well = 0;
        while !hung.is_finished() {
            module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
            well += 1;
        }
        assert_eq!(hung.join().unwrap().unwrap_err().code, HResult::ERROR_TIMEOUT);
        assert!(well > 1, "{well}");
    });
}
