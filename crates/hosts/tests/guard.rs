//! The guard, with modules written here.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::{Duration, Instant};

use hosts::{Gauge, Guard, Limits};
use module::{
    Decision, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule, PropertyType,
    ServerExit, ServerPolicy, Value,
};
use support::{FakeServer, notification, wait_until};

type Action = Arc<dyn Fn(usize, &Notification, &dyn ServerExit) -> Result<(), ModuleError> + Send + Sync>;

/// Does what the test says; knows its number among the instances.
struct Scripted {
    number: usize,
    action: Action,
    dropped: Arc<AtomicUsize>,
}

impl ExitModule for Scripted {
    fn initialize(&self, _ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        server.certificate_property("CAType", PropertyType::Long)?;
        Ok(ExitEvents::CERT_ISSUED)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        (self.action)(self.number, notification, server)
    }

    fn description(&self) -> String {
        if self.number == 13 {
            panic!("no words");
        }
        format!("instance {}", self.number)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

struct Bench {
    gauge: Arc<Gauge>,
    made: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    guard: Guard<dyn ExitModule>,
}

fn limits() -> Limits {
    Limits { backoff_min: Duration::from_millis(20), ..Limits::default() }
}

fn short() -> Limits {
    Limits { call: Duration::from_millis(300), ..limits() }
}

fn bench(
    limits: Limits,
    action: impl Fn(usize, &Notification, &dyn ServerExit) -> Result<(), ModuleError> + Send + Sync + 'static,
) -> Bench {
    let (gauge, made, dropped) = (Gauge::new(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let action: Action = Arc::new(action);
    let factory = {
        let (made, dropped) = (Arc::clone(&made), Arc::clone(&dropped));
        move || -> Result<Box<dyn ExitModule>, ModuleError> {
            let number = made.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(Box::new(Scripted { number, action: Arc::clone(&action), dropped: Arc::clone(&dropped) }))
        }
    };
    let guard = Guard::exit("scripted", factory, limits, Arc::clone(&gauge));
    assert_eq!(guard.initialize("Example CA", &FakeServer::authority()), Ok(ExitEvents::CERT_ISSUED));
    Bench { gauge, made, dropped, guard }
}

/// Opens once, for everybody.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.opened.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

fn tell(guard: &Guard<dyn ExitModule>) -> Result<(), ModuleError> {
    guard.notify(&notification(ExitEvent::CertIssued), &FakeServer::issued())
}

#[test]
fn calls_pass_through_and_are_counted() {
    let bench = bench(limits(), |_, notification, server| {
        assert_eq!(notification.id.0, 41);
        let id = server.request_property("RequestID", PropertyType::Long)?.into_long()?;
        if id == 7 { Ok(()) } else { Err(ModuleError::invalid("not 7")) }
    });
    assert_eq!(tell(&bench.guard), Ok(()));
    let error = bench.guard.notify(&notification(ExitEvent::CertIssued), &FakeServer::authority()).unwrap_err();
    assert_eq!(error.code, HResult::CERTSRV_E_PROPERTY_EMPTY);
    let seen = bench.gauge.snapshot();
    assert_eq!((seen.calls, seen.failures, seen.panics, seen.restarts), (3, 1, 0, 0));
    assert_eq!(bench.guard.description(), "instance 1");
    drop(bench.guard);
    assert_eq!((bench.made.load(Ordering::SeqCst), bench.dropped.load(Ordering::SeqCst)), (1, 1));
}

#[test]
fn a_panic_is_a_failed_call_and_the_next_has_a_fresh_instance() {
    let bench = bench(limits(), |number, _, _| if number == 1 { panic!("out of {}", "paper") } else { Ok(()) });
    let error = tell(&bench.guard).unwrap_err();
    assert_eq!(error, ModuleError::new(HResult::RPC_E_SERVERFAULT, "notify panicked: out of paper"));
    assert_eq!(tell(&bench.guard), Ok(()));
    let seen = bench.gauge.snapshot();
    assert_eq!((seen.panics, seen.restarts, seen.failures), (1, 1, 1));
    wait_until("the first instance to be dropped", || bench.dropped.load(Ordering::SeqCst) == 1);
}

#[test]
fn an_instance_lets_go_before_the_next_one_starts() {
    struct Only(Arc<AtomicUsize>);
    impl ExitModule for Only {
        fn initialize(&self, _: &str, _: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(ExitEvents::all()),
                _ => Err(HResult::E_ACCESSDENIED.into()),
            }
        }
        fn notify(&self, _: &Notification, _: &dyn ServerExit) -> Result<(), ModuleError> {
            panic!("again")
        }
        fn description(&self) -> String {
            String::new()
        }
    }
    impl Drop for Only {
        fn drop(&mut self) {
            std::thread::park_timeout(Duration::from_millis(100));
            self.0.store(0, Ordering::SeqCst);
        }
    }
    let held = Arc::new(AtomicUsize::new(0));
    let factory = move || Ok(Box::new(Only(Arc::clone(&held))) as _);
    let guard = Guard::exit("only", factory, limits(), Gauge::new());
    for _ in 0..2 {
        guard.initialize("Example CA", &FakeServer::authority()).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(tell(&guard).unwrap_err().code, HResult::RPC_E_SERVERFAULT);
    }
}

#[test]
fn a_hang_is_given_up_in_time_and_its_thread_ends_when_it_returns() {
    let gate = Arc::new(Gate::default());
    let bench = {
        let gate = Arc::clone(&gate);
        bench(short(), move |number, _, _| {
            if number == 1 {
                gate.pass();
            }
            Ok(())
        })
    };
    let started = Instant::now();
    let error = tell(&bench.guard).unwrap_err();
    assert_eq!(error, ModuleError::new(HResult::ERROR_TIMEOUT, "notify took longer than 300 ms"));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(bench.gauge.snapshot().abandoned, 1);
    assert_eq!(tell(&bench.guard), Ok(()));
    gate.open();
    wait_until("the late thread to end", || bench.gauge.snapshot().abandoned == 0);
    wait_until("the hung instance to be dropped", || bench.dropped.load(Ordering::SeqCst) == 1);
    assert_eq!(bench.gauge.snapshot().timeouts, 1);
}

#[test]
fn too_many_hangs_stop_the_calls_until_one_returns() {
    let gate = Arc::new(Gate::default());
    let healthy = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let limits = Limits {
        call: Duration::from_millis(50),
        abandoned_max: 2,
        backoff_min: Duration::from_millis(1),
        backoff_max: Duration::from_millis(1),
        ..Limits::default()
    };
    let bench = {
        let (gate, healthy) = (Arc::clone(&gate), Arc::clone(&healthy));
        bench(limits, move |_, _, _| {
            if !healthy.load(Ordering::SeqCst) {
                gate.pass();
            }
            Ok(())
        })
    };
    wait_until("two threads to be given up", || {
        tell(&bench.guard).unwrap_err();
        bench.gauge.snapshot().abandoned == 2
    });
    let error = std::cell::RefCell::new(None);
    wait_until("calls to be refused", || {
        let refused = tell(&bench.guard).unwrap_err();
        let found = refused.message.contains("2 calls to the module have not returned");
        *error.borrow_mut() = Some(refused);
        found
    });
    assert_eq!(error.into_inner().unwrap().code, HResult::ERROR_TIMEOUT);
    assert_eq!(bench.gauge.snapshot().abandoned, 2);
    healthy.store(true, Ordering::SeqCst);
    gate.open();
    wait_until("calls to pass again", || tell(&bench.guard).is_ok());
}

#[test]
fn restarts_in_a_row_are_spaced() {
    let limits = Limits { backoff_min: Duration::from_secs(3600), backoff_max: Duration::from_secs(3600), ..limits() };
    let bench = bench(limits, |_, _, _| panic!("always"));
    assert_eq!(tell(&bench.guard).unwrap_err().code, HResult::RPC_E_SERVERFAULT);
    // The first restart is immediate, the second is not.
    assert_eq!(tell(&bench.guard).unwrap_err().code, HResult::RPC_E_SERVERFAULT);
    let refused = tell(&bench.guard).unwrap_err();
    assert_eq!(refused.code, HResult::RPC_E_DISCONNECTED);
    assert!(refused.message.contains("is started again in"), "{refused}");
    assert_eq!(bench.made.load(Ordering::SeqCst), 2);
    assert_eq!(bench.gauge.snapshot().refused, 1);
}

#[test]
fn only_so_many_calls_run_at_once() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let both = Arc::new(Barrier::new(2));
    let limits = Limits { concurrency: 2, call: Duration::from_secs(20), ..Limits::default() };
    let bench = {
        let (running, most, both) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&both));
        bench(limits, move |_, _, _| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Two are inside at the same time, or nobody gets out.
            both.wait();
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        })
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| tell(&bench.guard).unwrap());
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[test]
fn a_call_without_a_place_fails_in_time() {
    let (gate, entered) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let bench = {
        let (gate, entered) = (Arc::clone(&gate), Arc::clone(&entered));
        bench(Limits { call: Duration::from_secs(2), ..Limits::default() }, move |_, _, _| {
            entered.open();
            gate.pass();
            Ok(())
        })
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| tell(&bench.guard));
        entered.pass();
        let second = tell(&bench.guard);
        // The first is overdue before the second: the place may come free in that moment.
        if let Err(error) = second {
            assert_eq!(error.code, HResult::ERROR_TIMEOUT);
        }
        gate.open();
        let _ = first.join().unwrap();
    });
}

#[test]
fn error_texts_are_cut_and_codes_are_failures() {
    let bench = bench(limits(), |_, _, _| Err(ModuleError { code: HResult::S_OK, message: "é".repeat(100_000) }));
    let error = tell(&bench.guard).unwrap_err();
    assert_eq!(error.code, HResult::E_FAIL);
    assert!(error.message.len() <= 8192 && error.message.ends_with("[cut]"));
}

#[test]
fn a_module_is_not_called_before_it_is_initialised() {
    let factory = || -> Result<Box<dyn ExitModule>, ModuleError> { Err(ModuleError::invalid("no such thing")) };
    let guard = Guard::exit("absent", factory, limits(), Gauge::new());
    assert_eq!(tell(&guard).unwrap_err().code, HResult::E_UNEXPECTED);
    assert_eq!(guard.initialize("Example CA", &FakeServer::authority()).unwrap_err().message, "no such thing");
    assert_eq!(guard.description(), "absent");
}

#[test]
fn an_initialize_that_hangs_or_panics_is_a_failure() {
    struct Bad(bool);
    impl ExitModule for Bad {
        fn initialize(&self, _: &str, _: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
            if self.0 {
                panic!("at once");
            }
            loop {
                std::thread::park();
            }
        }
        fn notify(&self, _: &Notification, _: &dyn ServerExit) -> Result<(), ModuleError> {
            Ok(())
        }
        fn description(&self) -> String {
            String::new()
        }
    }
    for (panics, code) in [(true, HResult::RPC_E_SERVERFAULT), (false, HResult::ERROR_TIMEOUT)] {
        let limits = Limits { initialize: Duration::from_secs(2), ..Limits::default() };
        let guard = Guard::exit("bad", move || Ok(Box::new(Bad(panics)) as _), limits, Gauge::new());
        assert_eq!(guard.initialize("Example CA", &FakeServer::authority()).unwrap_err().code, code);
    }
}

#[test]
fn a_late_thread_finds_its_context_closed() {
    let gate = Arc::new(Gate::default());
    let found = Arc::new(Mutex::new(None));
    let bench = {
        let (gate, found) = (Arc::clone(&gate), Arc::clone(&found));
        bench(short(), move |_, _, server| {
            gate.pass();
            *found.lock().unwrap() = Some(server.request_property("RequestID", PropertyType::Long));
            Ok(())
        })
    };
    let server = FakeServer::issued();
    bench.guard.notify(&notification(ExitEvent::CertIssued), &server).unwrap_err();
    server.end();
    gate.open();
    wait_until("the late read", || found.lock().unwrap().is_some());
    let result = found.lock().unwrap().take().unwrap();
    assert_eq!(result.unwrap_err().code, HResult::ERROR_INVALID_HANDLE);
}

#[test]
fn a_drop_that_panics_harms_nobody() {
    struct Bomb;
    impl ExitModule for Bomb {
        fn initialize(&self, _: &str, _: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
            Ok(ExitEvents::all())
        }
        fn notify(&self, _: &Notification, _: &dyn ServerExit) -> Result<(), ModuleError> {
            Ok(())
        }
        fn description(&self) -> String {
            panic!("no words")
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("bang");
        }
    }
    let guard = Guard::exit("bomb", || Ok(Box::new(Bomb) as _), limits(), Gauge::new());
    guard.initialize("Example CA", &FakeServer::authority()).unwrap();
    assert_eq!(guard.description(), "bomb");
    tell(&guard).unwrap();
    drop(guard);
}

struct Policy(usize);

impl PolicyModule for Policy {
    fn initialize(&self, _: &str, _: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        if self.0 == 1 {
            panic!("undecided");
        }
        server.set_certificate_property("UPN", Some(Value::from("alice@example.org")))?;
        Ok(if new { Decision::Issue } else { Decision::Pend { message: "again".into() } })
    }

    fn description(&self) -> String {
        "decides".into()
    }

    fn shut_down(&self) {
        panic!("never");
    }
}

#[test]
fn a_policy_module_is_guarded_too() {
    let (made, gauge) = (AtomicUsize::new(0), Gauge::new());
    let factory =
        move || -> Result<Box<dyn PolicyModule>, _> { Ok(Box::new(Policy(made.fetch_add(1, Ordering::SeqCst) + 1))) };
    let guard = Guard::policy("policy", factory, limits(), Arc::clone(&gauge));
    let mut server = FakeServer::issued();
    assert_eq!(guard.verify_request(&mut server, true).unwrap_err().code, HResult::E_UNEXPECTED);
    guard.initialize("Example CA", &server).unwrap();
    let error = guard.verify_request(&mut server, true).unwrap_err();
    assert_eq!(error, ModuleError::new(HResult::RPC_E_SERVERFAULT, "verify_request panicked: undecided"));
    assert_eq!(guard.verify_request(&mut server, true), Ok(Decision::Issue));
    assert_eq!(guard.verify_request(&mut server, false), Ok(Decision::Pend { message: "again".into() }));
    assert_eq!(server.written()["UPN"], Some(Value::from("alice@example.org")));
    assert_eq!(guard.description(), "decides");
    guard.shut_down();
    let seen = gauge.snapshot();
    assert_eq!((seen.panics, seen.restarts, seen.failures), (1, 1, 2));
}
