//! Which threads call a module: as many at once as the window lets calls through, or in an apartment the one that made it. Each
//! call has a context of its own, whose number no other gets, and server objects that modules keep are set from one to the next.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, Once};
use std::thread;
use std::time::{Duration, Instant};

use module::{
    CertificateExtension, Decision, ExitEvent, ExitModule, ModuleError, PolicyModule, PropertyType, ServerExit,
    ServerPolicy, Value,
};
use support::{FakeServer, Hosted, System, notification};

/// The window, and as many calls at once.
const CALLS: usize = 4;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls that are under way together. Each waits in the module, where it reads the CRL, until `leave` lets it go on.
struct Meeting {
    state: Mutex<State>,
    changed: Condvar,
    leave: Leave,
}

/// When those that are in the module go on.
type Leave = fn(&State) -> bool;

#[derive(Default)]
struct State {
    /// Calls that are on their way to the module.
    begun: usize,
    /// Calls that wait in the module.
    inside: usize,
    /// The most of them at once.
    most: usize,
}

impl Meeting {
    /// Makes the calls, each with a row of its own and the number of its request: the most that were in the module at once.
    fn hold(leave: Leave, call: impl Fn(&mut Row, i32) + Sync) -> usize {
        let meeting = Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), leave });
        thread::scope(|scope| {
            for number in (7..).take(CALLS) {
                let (meeting, call) = (&meeting, &call);
                scope.spawn(move || call(&mut Row::of(meeting, number), number));
            }
        });
        let state = meeting.state.lock().unwrap();
        assert_eq!((state.begun, state.inside), (CALLS, 0));
        state.most
    }

    fn begin(&self) {
        self.state.lock().unwrap().begun += 1;
        self.changed.notify_all();
    }

    fn stay(&self) {
        let mut state = self.state.lock().unwrap();
        state.inside += 1;
        state.most = state.most.max(state.inside);
        self.changed.notify_all();
        // Where they never meet, the numbers tell.
        let (mut state, _) = self.changed.wait_timeout_while(state, PATIENCE, |state| !(self.leave)(state)).unwrap();
        state.inside -= 1;
    }
}

/// A row of the meeting.
#[derive(Clone)]
struct Row {
    row: FakeServer,
    meeting: Arc<Meeting>,
    begun: Arc<Once>,
}

impl Row {
    fn of(meeting: &Arc<Meeting>, number: i32) -> Self {
        let row = FakeServer::issued().request("RequestID", number).certificate("RawCRL.0", vec![0x30_u8, 0]);
        Self { row, meeting: Arc::clone(meeting), begun: Arc::new(Once::new()) }
    }
}

impl ServerPolicy for Row {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        self.row.set_certificate_property(name, value)
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        self.row.set_certificate_extension(extension)
    }
}

impl ServerExit for Row {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        // Read for the message that brings the call.
        self.begun.call_once(|| self.meeting.begin());
        self.row.request_property(name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        if name.starts_with("RawCRL") {
            self.meeting.stay();
        }
        self.row.certificate_property(name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.row.request_attribute(name)
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.row.certificate_extension(oid)
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        self.row.extensions()
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        self.row.attributes()
    }

    fn share(&self) -> Arc<dyn ServerExit> {
        Arc::new(self.clone())
    }
}

/// Lets calls meet, round by round: the most that were in the module at once, and the journal.
fn meet(system: System, settings: &[(&str, &str)], leave: Leave) -> (Vec<usize>, Vec<String>) {
    let mut hosted = Hosted::observer(system, settings);
    hosted.settings.set("progid", "Observer.Threads.1");
    hosted.settings.set("window", CALLS.to_string());
    let module = hosted.exit();
    module.initialize("Example CA", &FakeServer::authority()).unwrap();
    // The class of the first interface gives no management object: the naming convention names one, without the version.
    assert!(module.about().contains(&("Name".to_owned(), "Observer by name".to_owned())), "{:?}", module.about());
    let most = (0..ROUNDS)
        .map(|_| Meeting::hold(leave, |row, _| module.notify(&notification(ExitEvent::CertIssued), row).unwrap()));
    let most = most.collect();
    module.notify(&notification(ExitEvent::CertRevoked), &FakeServer::issued()).unwrap();
    drop(module);
    let begun = Instant::now();
    let journal = loop {
        let journal = hosted.journal();
        if journal.iter().any(|line| line.starts_with("dropped")) || begun.elapsed() > PATIENCE {
            break journal;
        }
        thread::yield_now();
    };
    contexts_are_each_their_own(&journal);
    (most, journal)
}

/// Every call read its own row through a server object that had served others.
fn contexts_are_each_their_own(journal: &[String]) {
    let numbers: BTreeSet<i32> = journal
        .iter()
        .filter_map(|line| line.strip_prefix("context "))
        .filter_map(|line| line.split_once(" long ")?.0.parse().ok())
        .collect();
    assert!(numbers.len() == CALLS * ROUNDS && numbers.first() > Some(&0), "{numbers:?}\n{journal:#?}");
    for request in (7..).take(CALLS) {
        let row = format!(" long {request} 2 bytes 3000 ");
        assert_eq!(journal.iter().filter(|line| line.contains(&row)).count(), ROUNDS, "{row}: {journal:#?}");
    }
    let pool = "pool 63 refused 63 apart 63 read 63 ";
    assert!(journal.iter().any(|line| line.starts_with(pool)), "{journal:#?}");
}

/// How many of the calls were made by a thread.
fn calls_by(journal: &[String], thread: &str) -> usize {
    journal.iter().filter(|line| line.starts_with("context ") && line.ends_with(thread)).count()
}

#[test]
fn calls_come_at_once_as_far_as_the_window_lets_them() {
    for system in System::ALL {
        let (most, journal) = meet(system, &[], |state| state.most >= CALLS);
        assert_eq!(most, [CALLS; ROUNDS], "{system:?}");
        // All four threads were in the module together, and one of them is the one that made it.
        let by = ["by the maker", "by another"].map(|thread| calls_by(&journal, thread));
        assert_eq!(by, [ROUNDS, (CALLS - 1) * ROUNDS], "{system:?}: {journal:#?}");
    }
}

#[test]
fn an_apartment_is_called_by_one_thread_and_one_call_at_a_time() {
    for system in System::ALL {
        // The first call waits until all are on their way.
        let (most, journal) = meet(system, &[("apartment", "true")], |state| state.begun >= CALLS);
        assert_eq!(most, [1; ROUNDS], "{system:?}");
        assert_eq!(calls_by(&journal, "by the maker"), CALLS * ROUNDS, "{system:?}: {journal:#?}");
        for step in ["initialized by the maker", "dropped by the maker"] {
            assert!(journal.iter().any(|line| line == step), "{system:?}: {step} is not in {journal:#?}");
        }
    }
}

#[test]
fn decisions_are_made_at_once_or_in_an_apartment_one_by_one() {
    for (system, apartment) in System::ALL.into_iter().flat_map(|system| [(system, false), (system, true)]) {
        let (leave, most): (Leave, usize) =
            if apartment { (|state| state.begun >= CALLS, 1) } else { (|state| state.most >= CALLS, CALLS) };
        let settings = [
            ("progid", "Observer.LateDecisions"),
            ("setting.Behaviour", "meet"),
            ("window", &CALLS.to_string()),
            ("apartment", &apartment.to_string()),
        ];
        let hosted = Hosted::observer(system, &settings);
        let module = hosted.policy();
        module.initialize("Example CA", &FakeServer::authority()).unwrap();
        let found = Meeting::hold(leave, |row, number| {
            assert_eq!(module.verify_request(row, true).unwrap(), Decision::Issue);
            // Each wrote to its own request, after the others had begun.
            let seen = Value::from(format!("long {number} 2 bytes 3000"));
            assert_eq!(row.row.written().get("CommonName"), Some(&Some(seen)));
        });
        assert_eq!(found, most, "{system:?}, apartment {apartment}");
    }
}
