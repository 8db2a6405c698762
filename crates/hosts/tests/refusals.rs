//! What a module never saw is told from what it failed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use hosts::{Gauge, Guard, Limits};
use module::{
    Delivered, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, ServerExit, Undelivered,
};
use support::{FakeServer, Script, notification, wait_until};

type Action = Arc<dyn Fn() -> Result<(), ModuleError> + Send + Sync>;

struct Scripted(Action);

impl ExitModule for Scripted {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Ok(ExitEvents::CERT_ISSUED)
    }

    fn notify(&self, _: &Notification, _: &dyn ServerExit) -> Result<(), ModuleError> {
        (self.0)()
    }

    fn description(&self) -> String {
        "scripted".to_owned()
    }
}

/// A guarded module, initialised, of which at most `instances` can be made.
fn guard(
    limits: Limits,
    instances: usize,
    action: impl Fn() -> Result<(), ModuleError> + Send + Sync + 'static,
) -> Guard<dyn ExitModule> {
    let (action, made): (Action, _) = (Arc::new(action), AtomicUsize::new(0));
    let factory = move || -> Result<Box<dyn ExitModule>, ModuleError> {
        match made.fetch_add(1, Ordering::SeqCst) < instances {
            true => Ok(Box::new(Scripted(Arc::clone(&action)))),
            false => Err(ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, "there is no such program")),
        }
    };
    let guard = Guard::exit("scripted", factory, limits, Gauge::new());
    guard.initialize("Example CA", &FakeServer::authority()).unwrap();
    guard
}

fn tell(module: &dyn ExitModule) -> Delivered {
    module.notify_batch(&[(&notification(ExitEvent::CertIssued), &FakeServer::issued())])
}

fn refused(delivered: Delivered) -> ModuleError {
    match delivered {
        Delivered { count: 0, failure: Some(Undelivered::Refused(error)) } => error,
        other => panic!("{other:?}"),
    }
}

fn failed(delivered: Delivered) -> ModuleError {
    match delivered {
        Delivered { count: 0, failure: Some(Undelivered::Failed(error)) } => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_without_a_place_is_refused() {
    // The second instance is slow to be made, and holds its call's place for longer than a call may wait.
    let (begun, leave, made) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)), AtomicUsize::new(0));
    let gates = (Arc::clone(&begun), Arc::clone(&leave));
    let factory = move || -> Result<Box<dyn ExitModule>, ModuleError> {
        let number = made.fetch_add(1, Ordering::SeqCst);
        if number == 1 {
            gates.0.wait();
            gates.1.wait();
        }
        Ok(Box::new(Scripted(Arc::new(move || if number == 0 { panic!("told to panic") } else { Ok(()) }))))
    };
    let limits = Limits { call: Duration::from_millis(300), ..Limits::default() };
    let guard = Guard::exit("scripted", factory, limits, Gauge::new());
    guard.initialize("Example CA", &FakeServer::authority()).unwrap();
    failed(tell(&guard));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| tell(&guard));
        begun.wait();
        assert!(refused(tell(&guard)).message.contains("no place was free"));
        leave.wait();
        assert_eq!(first.join().unwrap(), Delivered::all(1));
    });
}

#[test]
fn beyond_the_threads_given_up_calls_are_refused() {
    let (leave, calls) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let (gate, counted) = (Arc::clone(&leave), Arc::clone(&calls));
    let limits = Limits { call: Duration::from_millis(100), abandoned_max: 1, ..Limits::default() };
    let guard = guard(limits, 9, move || {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            gate.wait();
        }
        Ok(())
    });
    assert_eq!(failed(tell(&guard)).code, HResult::ERROR_TIMEOUT);
    assert!(refused(tell(&guard)).message.contains("have not returned"));
    leave.wait();
    wait_until("the module to answer again", || tell(&guard) == Delivered::all(1));
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn a_module_that_may_not_be_or_cannot_be_started_again_refuses() {
    let limits = Limits { backoff_min: Duration::from_secs(60), ..Limits::default() };
    let guarded = guard(limits.clone(), 9, || panic!("told to panic"));
    assert_eq!(failed(tell(&guarded)).code, HResult::RPC_E_SERVERFAULT);
    // The first restart is immediate.
    assert_eq!(failed(tell(&guarded)).code, HResult::RPC_E_SERVERFAULT);
    assert!(refused(tell(&guarded)).message.contains("started again in"));

    let guarded = guard(limits, 1, || panic!("told to panic"));
    assert_eq!(failed(tell(&guarded)).code, HResult::RPC_E_SERVERFAULT);
    let error = refused(tell(&guarded));
    assert_eq!(error.code, HResult::ERROR_FILE_NOT_FOUND);
    assert!(error.message.contains("could not be started again: there is no such program"), "{error}");
}

#[test]
fn a_process_that_may_not_be_started_again_yet_refuses() {
    let script = Script::torture("specimen.py", &[("restart_backoff_ms_min", "60000")]);
    let command = script.settings.value("command").unwrap().replace("\"]", "\",\"DiesInTheCall\"]");
    let settings = script.settings.iter().chain([("command", command.as_str())]).collect();
    let script = Script { settings, ..script };
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    let bad = || {
        let server = FakeServer::issued().request("CommonName", "bad.example");
        module.notify_batch(&[(&notification(ExitEvent::CertIssued), &server)])
    };
    failed(bad());
    failed(bad());
    assert!(refused(bad()).message.contains("started again in"));
    assert_eq!(script.lives().len(), 2);
}

#[test]
fn a_message_that_cannot_be_made_is_the_events_failure() {
    let script = Script::torture("good.py", &[("message_bytes_max", "1024")]);
    let module = script.exit();
    module.initialize("Example CA", &FakeServer::new()).unwrap();
    let server = FakeServer::issued().request("RequesterName", "x".repeat(2_000));
    let told = module.notify_batch(&[(&notification(ExitEvent::CertIssued), &server)]);
    assert_eq!(failed(told).code, HResult::CERTSRV_E_ENCODING_LENGTH);
    assert_eq!(script.lives().len(), 1);
}
