//! Modules are added, upgraded, tried, rolled back, switched off and on, removed and added again while requests come from
//! several threads: no request fails, and every event is told, in order for each request.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use engine::store::{ModuleOptions, Package};
use engine::{Engine, NewModule, NewVersion, StartFrom, TrialOrder, right};
use module::{
    Decision, Disposition, EventId, ExitEvents, ExitModule, ModuleError, Notification, PolicyModule, RequestId,
    RevocationReason, Role, ServerExit, ServerPolicy, Settings,
};
use parking_lot::Mutex;
use testkit::authority::{Authority, eventually};

/// Threads that make requests.
const SUBMITTERS: usize = 3;
/// Times that every change is made.
const ROUNDS: usize = 6;

/// What every version of the exit module was told: version, event, and its request.
type Log = Arc<Mutex<Vec<(&'static str, EventId, Option<RequestId>)>>>;

/// A version of the exit module. One that is troubled fails every seventh event it is told.
struct Teller {
    version: &'static str,
    log: Log,
    calls: AtomicUsize,
    troubled: bool,
}

impl ExitModule for Teller {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Ok(ExitEvents::all())
    }

    fn notify(&self, notification: &Notification, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        if self.troubled && self.calls.fetch_add(1, Ordering::SeqCst) % 7 == 6 {
            return Err(ModuleError::invalid("troubled"));
        }
        self.log.lock().push((self.version, notification.id, notification.request));
        Ok(())
    }

    fn description(&self) -> String {
        self.version.into()
    }
}

/// A version of the policy module.
struct Judge {
    judged: Arc<AtomicUsize>,
    shut_down: AtomicBool,
}

impl PolicyModule for Judge {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(&self, _server: &mut dyn ServerPolicy, _new: bool) -> Result<Decision, ModuleError> {
        if self.shut_down.load(Ordering::SeqCst) {
            return Err(ModuleError::invalid("asked after it was shut down"));
        }
        self.judged.fetch_add(1, Ordering::SeqCst);
        Ok(Decision::Issue)
    }

    fn description(&self) -> String {
        "judge".into()
    }

    fn shut_down(&self) {
        self.shut_down.store(true, Ordering::SeqCst);
    }
}

fn new(name: &str, kind: &str, role: Role, start: StartFrom) -> NewModule {
    let options = ModuleOptions {
        workers: 3,
        timeout_ms: 5_000,
        retry_ms_min: 1,
        retry_ms_max: 5,
        attempts_max: 1_000,
        ..ModuleOptions::default()
    };
    let (name, kind) = (name.into(), kind.into());
    NewModule { name, kind, role, settings: Settings::default(), options, start, position: None }
}

fn version(kind: &str, trial: Option<TrialOrder>) -> NewVersion {
    NewVersion { kind: kind.into(), settings: Vec::new(), package: Package::default(), trial }
}

/// Makes requests, and revokes every second certificate, until it is told to stop. Returns how many.
fn keep_asking(authority: &Authority, thread: usize, stop: &AtomicBool) -> usize {
    let officer = authority.by::<right::ManageCertificates>();
    let reader = authority.by::<right::Read>();
    let mut made = 0;
    while !stop.load(Ordering::SeqCst) {
        let outcome = authority.submit(&format!("t{thread}-{made}.example"), "");
        assert_eq!(outcome.disposition, Disposition::Issued, "{}", outcome.message);
        made += 1;
        if made % 2 == 0 {
            let request = authority.engine.request(&reader, outcome.request).unwrap();
            let serial = request.issued.unwrap().serial;
            authority.engine.revoke(&officer, &serial, RevocationReason::Superseded, None).unwrap();
        }
    }
    made
}

/// Every change that can be made of a module, one after the other. `role` says which of the two.
fn change_everything(authority: &Authority, name: &str, role: Role, kinds: [&str; 2], troubled: Option<&str>) {
    let engine: &Engine = &authority.engine;
    let (by, reader) = (authority.by::<right::Administer>(), authority.by::<right::Read>());
    let whole = |percent: u8, failures_max: u32| Some(TrialOrder { percent, failures_max });
    engine.upgrade_module(&by, name, version(kinds[1], None)).unwrap();
    engine.roll_back_module(&by, name, None).unwrap();
    engine.disable_module(&by, name).unwrap();
    engine.enable_module(&by, name).unwrap();
    engine.upgrade_module(&by, name, version(kinds[1], whole(50, 1_000_000))).unwrap();
    engine.set_module(&by, name, Vec::new(), Some(&|options| options.clone())).unwrap();
    engine.promote_module(&by, name).unwrap();
    if let Some(kind) = troubled {
        engine.upgrade_module(&by, name, version(kind, whole(90, 3))).unwrap();
        eventually("the trial is over", || engine.module(&reader, name).unwrap().installed.versions.canary.is_none());
    }
    engine.upgrade_module(&by, name, version(kinds[0], whole(10, 1_000_000))).unwrap();
    engine.roll_back_module(&by, name, None).unwrap();
    // Gone, and back where it was: its place is read first, since all it is told after may be told again.
    let place = engine.module(&reader, name).unwrap().installed.cursor;
    engine.remove_module(&by, name).unwrap();
    let start = StartFrom::Event(EventId(place.0 + 1));
    engine.add_module(&by, new(name, kinds[0], role, start)).unwrap();
}

#[test]
fn modules_change_under_load_and_no_request_fails_and_no_event_is_lost() {
    let authority = Authority::open();
    let by = authority.by::<right::Administer>();
    let log = Log::default();
    for (kind, troubled) in [("first", false), ("second", false), ("troubled", true)] {
        let log = Arc::clone(&log);
        authority.loader.exit_with(kind, move |_| {
            let (log, calls) = (Arc::clone(&log), AtomicUsize::new(0));
            Ok(Arc::new(Teller { version: kind, log, calls, troubled }))
        });
    }
    let judged: Vec<Arc<AtomicUsize>> = (0..2).map(|_| Arc::default()).collect();
    for (kind, judged) in ["lenient", "strict"].into_iter().zip(&judged) {
        let judged = Arc::clone(judged);
        authority.loader.policy_with(kind, move |_| {
            Ok(Arc::new(Judge { judged: Arc::clone(&judged), shut_down: AtomicBool::new(false) }))
        });
    }
    let from = authority.engine.event_head().unwrap().0;
    authority.engine.add_module(&by, new("teller", "first", Role::Exit, StartFrom::Now)).unwrap();
    authority.engine.add_module(&by, new("judge", "lenient", Role::Policy, StartFrom::Now)).unwrap();

    let stop = AtomicBool::new(false);
    let made: usize = std::thread::scope(|scope| {
        let (authority, stop) = (&authority, &stop);
        let asking: Vec<_> =
            (0..SUBMITTERS).map(|thread| scope.spawn(move || keep_asking(authority, thread, stop))).collect();
        // Whatever fails here, the others are told to stop.
        let changed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..ROUNDS {
                change_everything(authority, "teller", Role::Exit, ["first", "second"], Some("troubled"));
                change_everything(authority, "judge", Role::Policy, ["lenient", "strict"], None);
            }
        }));
        stop.store(true, Ordering::SeqCst);
        let made = asking.into_iter().map(|asking| asking.join().expect("no request fails")).sum();
        changed.expect("every change is made");
        made
    });

    let reader = authority.by::<right::Read>();
    eventually("the module is up to date", || authority.engine.module(&reader, "teller").unwrap().lag == 0);
    assert_eq!(authority.engine.module(&reader, "teller").unwrap().parked, 0);
    let head = authority.engine.event_head().unwrap().0;
    let log = log.lock();
    let told: BTreeSet<EventId> = log.iter().map(|(_, event, _)| *event).collect();
    let all: BTreeSet<EventId> = (from.0 + 1..=head.0).map(EventId).collect();
    assert_eq!(all.difference(&told).collect::<Vec<_>>(), Vec::<&EventId>::new(), "lost, of {}", all.len());

    // In order for each request: what was told for the first time never comes after what happened later.
    let mut newest: BTreeMap<RequestId, EventId> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (version, event, request) in log.iter().filter(|(_, event, _)| seen.insert(*event)) {
        let Some(request) = request else { continue };
        let before = newest.insert(*request, *event);
        assert!(before.is_none_or(|before| before < *event), "{version}: {before:?} before {event}, request {request}");
    }
    let versions: BTreeSet<&str> = log.iter().map(|(version, _, _)| *version).collect();
    assert_eq!(versions, BTreeSet::from(["first", "second", "troubled"]));
    assert!(judged.iter().all(|judged| judged.load(Ordering::SeqCst) > 0));
    assert!(made > SUBMITTERS * ROUNDS, "{made} requests");
}
