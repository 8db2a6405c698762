//! Modules that misbehave: each fails its call with a clear text and in time, leaves nothing, and the next call works.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use module::{ExitEvent, ExitEvents, ExitModule, HResult, ModuleError};
use support::{FakeServer, Script, notification};

/// What the machine may add to a time limit when it is busy.
const BUSY: Duration = Duration::from_secs(20);

/// Fails the first notification as expected, delivers the second, and leaves nothing.
fn fails_once(file: &str, settings: &[(&str, &str)], code: HResult, text: &str) {
    let script = Script::torture(file, settings);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    let limit = Duration::from_millis(script.settings.parsed("timeout_ms", 30_000).unwrap());

    let started = Instant::now();
    let error = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    let took = started.elapsed();
    assert!(error.message.contains(text), "{error}");
    assert_eq!(error.code, code, "{error}");
    assert!(took < limit + BUSY, "{took:?}");

    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    assert_eq!(script.lives().len(), 2);
    assert_eq!(script.gauge.snapshot().restarts, 1);
    drop(module);
    script.assert_nothing_left();
}

/// Fails to start as expected, starts the next time, and leaves nothing.
fn starts_late(file: &str, settings: &[(&str, &str)], code: HResult, text: &str) {
    let script = Script::torture(file, settings);
    let module = script.exit();
    let server = FakeServer::issued();
    let started = Instant::now();
    let error = module.initialize("Example CA", &server).unwrap_err();
    assert!(error.message.contains(text), "{error}");
    assert_eq!(error.code, code, "{error}");
    assert!(started.elapsed() < Duration::from_secs(5) + BUSY);
    let unready = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert_eq!(unready.code, HResult::E_UNEXPECTED);

    module.initialize("Example CA", &server).unwrap();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    drop(module);
    script.assert_nothing_left();
}

macro_rules! torture {
    ($($kind:ident $name:ident [$($setting:literal = $value:literal),*] $code:ident $text:literal;)*) => {
        $(#[test]
        fn $name() {
            $kind(concat!(stringify!($name), ".py"), &[$(($setting, $value)),*], HResult::$code, $text);
        })*
    };
}

torture! {
    starts_late hang_in_initialize ["start_timeout_ms" = "5000", "stop_timeout_ms" = "300"] ERROR_TIMEOUT "`initialize` was not answered within 5000 ms";
    starts_late exit_at_once [] RPC_E_DISCONNECTED "ended with status 3; the last line of its standard error is \"no licence\"";
    starts_late refuse [] ERROR_FILE_NOT_FOUND "no table";
    starts_late from_the_future [] ERROR_INVALID_DATA "the module speaks protocol 99, the server 1 to 1";

    fails_once hang_in_notify ["timeout_ms" = "3000"] ERROR_TIMEOUT "`notify` was not answered within 3000 ms";
    fails_once die_in_notify [] RPC_E_DISCONNECTED "was ended by signal 9 (SIGKILL)";
    fails_once half_an_answer [] RPC_E_DISCONNECTED "ended with status 0";
    fails_once garbage [] ERROR_INVALID_DATA "Hello, I am no JSON";
    fails_once binary_garbage [] ERROR_INVALID_DATA "sent a line that is not UTF-8";
    fails_once batch [] ERROR_INVALID_DATA "sent a batch";
    fails_once deep [] ERROR_INVALID_DATA "recursion limit";
    fails_once flood_stdout [] ERROR_INVALID_DATA "not a message";
    fails_once flood_log ["timeout_ms" = "3000"] ERROR_TIMEOUT "not answered";
    fails_once huge_line ["message_bytes_max" = "1000000"] ERROR_INVALID_DATA "a line of more than 1000000 bytes";
    fails_once wrong_id [] ERROR_INVALID_DATA "an answer to call 1002, which was never made";
    fails_once text_id [] ERROR_INVALID_DATA "an answer without the number of a call";
    fails_once eat_memory ["memory_bytes_max" = "500000000"] RPC_E_DISCONNECTED "MemoryError";
    fails_once eat_processor ["cpu_seconds_max" = "1", "timeout_ms" = "120000"] RPC_E_DISCONNECTED "was ended by signal 9";
    fails_once call_back_for_ever ["timeout_ms" = "3000"] ERROR_TIMEOUT "`notify` was not answered";
    fails_once close_stdout [] RPC_E_DISCONNECTED "the module has closed its standard output";
    fails_once leave_a_grandchild [] RPC_E_DISCONNECTED "ended with status 1";
    fails_once change_mask [] RPC_E_DISCONNECTED "ended with status 1";
}

#[test]
fn a_module_that_is_not_there_is_named() {
    let script = Script::new("/nowhere/module --now", &[]);
    let error = script.exit().initialize("Example CA", &FakeServer::issued()).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_FILE_NOT_FOUND);
    assert!(error.message.contains("`/nowhere/module` cannot be started"), "{error}");
    script.assert_nothing_left();
}

#[test]
fn answer_twice_counts_once() {
    let script = Script::torture("answer_twice.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    // The first answer is good; the second ends the process, which the next call may or may not notice in time.
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    if let Err(error) = module.notify(&notification(ExitEvent::CertIssued), &server) {
        assert!(error.message.contains("a second answer to call 2"), "{error}");
        module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    }
    assert_eq!(script.lives().len(), 2);
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn flood_stderr_does_no_harm() {
    let script = Script::torture("flood_stderr.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    assert_eq!(script.lives().len(), 1);
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn call_back_flood_is_stopped() {
    let script = Script::torture("call_back_flood.py", &[("timeout_ms", "3000")]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    let started = Instant::now();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3) + BUSY);
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn never_read_is_overdue_though_the_pipe_is_full() {
    let script = Script::torture("never_read.py", &[("timeout_ms", "3000")]);
    let module = script.exit();
    // More than a pipe holds.
    let server = FakeServer::issued().request("RequestAttributes", "x".repeat(3 << 20));
    module.initialize("Example CA", &server).unwrap();
    let started = Instant::now();
    let error = module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    assert_eq!(error.code, HResult::ERROR_TIMEOUT, "{error}");
    assert!(started.elapsed() < Duration::from_secs(3) + BUSY);
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn close_stdin_is_noticed_by_the_next_call() {
    let script = Script::torture("close_stdin.py", &[("stop_timeout_ms", "300")]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    let mut failures = Vec::new();
    support::wait_until("a call to find the input closed", || {
        let result = module.notify(&notification(ExitEvent::CertIssued), &server);
        script.lives().len() == 2 || result.is_err()
    });
    if let Err(error) = module.notify(&notification(ExitEvent::CertIssued), &server) {
        failures.push(error);
    }
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    assert!(failures.iter().all(|error| error.code == HResult::RPC_E_DISCONNECTED), "{failures:?}");
    assert_eq!(script.lives().len(), 2);
    drop(module);
    script.assert_nothing_left();
}

#[test]
fn change_mask_changes_nothing_until_the_module_is_enabled_anew() {
    let script = Script::torture("change_mask.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    assert_eq!(module.initialize("Example CA", &server).unwrap(), ExitEvents::all());
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    assert_eq!(module.initialize("Example CA", &server).unwrap(), ExitEvents::CRL_ISSUED);
}

#[test]
fn a_context_ends_with_its_call() {
    let script = Script::torture("call_back_late.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    for _ in 0..2 {
        module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    }
    let seen = script.seen();
    assert_eq!(seen, ["cert-issued 1", "now 7", "cert-issued 1", "late 0x80070006", "now 7"]);
}

#[test]
fn wrong_calls_of_the_server_are_answered_and_do_no_harm() {
    let script = Script::torture("call_the_server_wrongly.py", &[]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap();
    module.notify(&notification(ExitEvent::CertIssued), &server).unwrap();
    let (unknown, unfit) = ("-32601 0x80004001", "-32602 0x80070057");
    let contract = |code: HResult| format!("-32000 {code}");
    let expected = [
        "cert-issued 1".to_owned(),
        unknown.to_owned(),
        unknown.to_owned(),
        unfit.to_owned(),
        unfit.to_owned(),
        unfit.to_owned(),
        unfit.to_owned(),
        contract(HResult::E_INVALIDARG),
        contract(HResult::E_INVALIDARG),
        contract(HResult::CERTSRV_E_PROPERTY_EMPTY),
        contract(HResult::ERROR_INVALID_HANDLE),
        contract(HResult::CERTSRV_E_PROPERTY_EMPTY),
        contract(HResult::E_ACCESSDENIED),
        contract(HResult::E_ACCESSDENIED),
    ];
    assert_eq!(script.seen(), expected);
    assert!(server.written().is_empty());
}

#[test]
fn a_module_that_does_not_end_is_ended() {
    for (file, note) in [("ignore_shutdown.py", None), ("end_on_sigterm.py", Some("terminated"))] {
        let script = Script::torture(file, &[("stop_timeout_ms", "300")]);
        let module = script.exit();
        module.initialize("Example CA", &FakeServer::issued()).unwrap();
        let started = Instant::now();
        drop(module);
        assert!(started.elapsed() < Duration::from_millis(2300) + BUSY, "{file}");
        assert!(script.processes().is_empty(), "{file}");
        let mut expected = vec!["shutdown"];
        expected.extend(note);
        assert_eq!(script.seen(), expected, "{file}");
        script.assert_nothing_left();
    }
}

#[test]
fn a_module_that_always_fails_is_started_ever_more_rarely() {
    let script = Script::torture("exit_at_once.py", &[("restart_backoff_ms_min", "60000")]);
    let module = script.exit();
    let server = FakeServer::issued();
    module.initialize("Example CA", &server).unwrap_err();
    module.initialize("Example CA", &server).unwrap();
    // From now on each process ends at once.
    std::fs::write(script.state.path().join("lives"), "").unwrap();
    let first = script.processes();
    assert_eq!(first.len(), 1);
    let pid = first[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    support::wait_until("the process to be gone", || script.processes().is_empty());
    let mut errors: Vec<ModuleError> = (0..4)
        .filter_map(|_| {
            std::fs::write(script.state.path().join("lives"), "").unwrap();
            module.notify(&notification(ExitEvent::CertIssued), &server).err()
        })
        .collect();
    // Whether the host has noticed the kill by itself, or learns of it with the first call, is a matter of time.
    errors.retain(|error| !error.message.contains("signal 9"));
    assert!(errors[0].message.contains("ended with status 3"), "{errors:?}");
    let refused = &errors[1].message;
    assert!(refused.contains("ended with status 3") && refused.contains("is started again in"), "{errors:?}");
    assert_eq!(errors[2].code, HResult::RPC_E_DISCONNECTED);
    drop(module);
    script.assert_nothing_left();
}
