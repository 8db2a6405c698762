//! A module that crashes, hangs or ends the process: a failure with a reason, and the next call is well served.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use module::{ExitEvent, ExitModule, HResult, ModuleError, PolicyModule};
use support::{FakeServer, Hosted, System, notification};

/// The failure of an exit module with this behaviour, which is told of another event afterwards by a process of its own.
fn exit_failure(system: System, behaviour: &str, settings: &[(&str, &str)]) -> ModuleError {
    let mut hosted = Hosted::observer(system, settings);
    hosted.settings.set("setting.Behaviour", behaviour);
    let module = hosted.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let error = module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap_err();
    // It says the same again: it was started again, and saw the event.
    let again = module.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued()).unwrap_err();
    assert_eq!(again.code, error.code, "{again}");
    let events = hosted.journal().iter().filter(|line| line.starts_with("event ")).count();
    assert_eq!(events, 2, "{system:?} {behaviour}");
    error
}

#[test]
fn a_crash_is_told_with_its_method_its_kind_and_its_place() {
    for (system, behaviour, words) in [
        (System::Linux, "crash", &["SIGSEGV", "at observer.so+0x", "writing to 0x0"][..]),
        (System::Linux, "overflow", &["an overflowed stack (SIGSEGV) at observer.so+0x"]),
        (System::Linux, "abort", &["SIGABRT", "at libc.so.6+0x", "called from observer.so+0x"]),
        (System::Linux, "throw", &["an exception that nobody caught, thrown at observer.so+0x"]),
        (System::Linux, "exit", &["ended with status 7", "called exit in", "at observer.so+0x"]),
        (System::Windows, "crash", &["access violation (0xc0000005) at observer.dll+0x", "writing to 0x0"]),
        (System::Windows, "overflow", &["stack overflow (0xc00000fd) at observer.dll+0x"]),
        (System::Windows, "throw", &["a C++ exception that nobody caught", "called from observer.dll+0x"]),
        (System::Windows, "abort", &["ended with status 3", "abort, called from observer.dll+0x"]),
        (System::Windows, "exit", &["ended with status 7"]),
    ] {
        let error = exit_failure(system, behaviour, &[]);
        assert_eq!(error.code, HResult::RPC_E_DISCONNECTED, "{system:?} {behaviour}: {error}");
        let method = if (system, behaviour) == (System::Windows, "exit") { "" } else { "ICertExit::Notify" };
        for word in words.iter().chain([&method]) {
            assert!(error.message.contains(word), "{system:?} {behaviour}: {word} is not in: {error}");
        }
        // Of a shared object also the function, whichever of them the compiler has made one.
        let functions = ["behave+0x", "deeper+0x", "::Notify+0x"];
        let named = functions.iter().any(|function| error.message.contains(function));
        assert!(named || system == System::Windows, "{behaviour}: {error}");
    }
}

#[test]
fn a_module_that_hangs_is_ended() {
    for system in System::ALL {
        let started = Instant::now();
        let error = exit_failure(system, "hang", &[("timeout_ms", "1500"), ("stop_timeout_ms", "300")]);
        assert_eq!(error.code, HResult::ERROR_TIMEOUT, "{error}");
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn a_policy_module_that_crashes_never_means_issue() {
    for system in System::ALL {
        for behaviour in ["crash", "throw", "exit", "fail"] {
            let hosted = Hosted::observer(system, &[("setting.Behaviour", behaviour)]);
            let module = hosted.policy();
            module.initialize("Example CA", &FakeServer::authority()).unwrap();
            let mut server = FakeServer::issued().certificate("RequesterCAAccess", 1);
            let error = module.verify_request(&mut server, true).unwrap_err();
            assert!(error.code.is_failure(), "{behaviour}: {error}");
        }
    }
}
