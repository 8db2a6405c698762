//! Modules that misbehave, of every kind of host: the authority and the other modules go on, the event is told again or
//! parked, the request fails, and the operator sees why.
//!
//! A host's tests say how a module of its kind misbehaves ([`Specimens`]), and [`torture!`](crate::torture!) makes the
//! tests of it:
//!
//! ```ignore
//! testkit::torture!(MySpecimens);
//! ```

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::store::{DeliveryState, ModuleOptions};
use engine::{ModuleState, ModuleStatus, NewModule, StartFrom, Submission, right};
use jiff::SignedDuration;
use module::{EventId, ExitModule, ModuleError, PolicyModule, RequestId, Role, Settings};

use crate::authority::{Authority, csr, eventually};
use crate::recorder::Recorder;

/// How a module misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Does not answer the call.
    NeverAnswers,
    /// Answers the call, and answers it again.
    AnswersTwice,
    /// Answers with what is no answer.
    AnswersGarbage,
    /// Writes to its output without end instead of an answer.
    FloodsOutput,
    /// Writes to its standard error, or the server's log, as much as it can; then answers, or not.
    FloodsErrors,
    /// Allocates memory without end.
    AllocatesWithoutEnd,
    /// Closes its connection with the server and goes on.
    ClosesItsPipe,
    /// Ends, crashes or panics in the call.
    DiesInTheCall,
    /// Ends, crashes or panics in `initialize`, always.
    DiesInInitialize,
    /// Ends in the call; started again, asks for other events than before.
    ChangesItsMask,
    /// Fails the call with a text of 1 MiB, or more than a message may have.
    ReturnsHugeStrings,
    /// Keeps the context of a good call, and calls back through it in the next. Answers well all the same, whatever
    /// the server says, unless it reads something: then it fails every call from there on.
    CallsBackLate,
    /// Calls back for ever, and from within its call-backs where it can.
    CallsBackForEver,
    /// Is told to end, and does not.
    IgnoresShutdown,
}

/// Something that misbehaves.
pub enum Specimen<M: ?Sized> {
    /// How it is made: behind its guard, as the server makes it, not yet initialised. Called for each start.
    Of(Box<dyn Fn() -> Result<Arc<M>, ModuleError> + Send + Sync>),
    /// A module of this kind cannot misbehave so, and why.
    Impossible(&'static str),
}

/// Makes modules of one kind that misbehave.
///
/// A specimen misbehaves in `notify` and `verify_request` where the request's `CommonName` begins with `bad`. It handles
/// everything else well: an exit module wants every event, a policy module answers *issue*. Its host is set up so that a
/// call takes 1 s at most, a stop 1 s, and a process or instance that broke is started again within 50 ms.
///
/// `state` is a folder of the test's own, where a module may remember across its restarts.
pub trait Specimens {
    /// An exit module.
    fn exit(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn ExitModule>;

    /// A policy module.
    fn policy(&self, how: Misbehaviour, state: &Path) -> Specimen<dyn PolicyModule>;

    /// What is left of the modules made with this folder, once they were stopped: processes, threads.
    fn left(&self, state: &Path) -> Vec<String> {
        let _ = state;
        Vec::new()
    }
}

/// The tests of every misbehaviour, as exit and as policy module. The argument is an expression of a type that is
/// [`Specimens`](crate::torture::Specimens).
#[macro_export]
macro_rules! torture {
    ($specimens:expr) => {
        $crate::torture!(@each $specimens,
            never_answers NeverAnswers, answers_twice AnswersTwice, answers_garbage AnswersGarbage,
            floods_output FloodsOutput, floods_errors FloodsErrors, allocates_without_end AllocatesWithoutEnd,
            closes_its_pipe ClosesItsPipe, dies_in_the_call DiesInTheCall, dies_in_initialize DiesInInitialize,
            changes_its_mask ChangesItsMask, returns_huge_strings ReturnsHugeStrings,
            calls_back_late CallsBackLate, calls_back_for_ever CallsBackForEver, ignores_shutdown IgnoresShutdown);
    };
    (@each $specimens:expr, $($name:ident $how:ident),*) => {
        mod exit_module {
            use super::*;
            $(#[test]
            fn $name() {
                $crate::torture::exit_module(&$specimens, $crate::torture::Misbehaviour::$how);
            })*
        }
        mod policy_module {
            use super::*;
            $(#[test]
            fn $name() {
                $crate::torture::policy_module(&$specimens, $crate::torture::Misbehaviour::$how);
            })*
        }
    };
}

/// The longest text of a failure that is kept.
const ERROR_BYTES_MAX: usize = 8192;

/// The longest any request may take while a module misbehaves that it does not depend on.
const ISSUE: Duration = Duration::from_secs(10);

/// The longest an orderly stop may take, its modules included.
const STOP: Duration = Duration::from_secs(20);

/// What must become of the event or request that a module misbehaves at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It fails.
    Fails,
    /// It is well.
    Succeeds,
    /// One of both: the module answered well before it misbehaved, or may have.
    Either,
}

impl Misbehaviour {
    fn outcome(self) -> Outcome {
        match self {
            Self::NeverAnswers
            | Self::AnswersGarbage
            | Self::FloodsOutput
            | Self::AllocatesWithoutEnd
            | Self::ClosesItsPipe
            | Self::DiesInTheCall
            | Self::DiesInInitialize
            | Self::ReturnsHugeStrings
            | Self::CallsBackForEver => Outcome::Fails,
            Self::AnswersTwice | Self::FloodsErrors | Self::ChangesItsMask => Outcome::Either,
            Self::CallsBackLate | Self::IgnoresShutdown => Outcome::Succeeds,
        }
    }
}

/// Has an exit module misbehave beside a good one.
pub fn exit_module(specimens: &impl Specimens, how: Misbehaviour) {
    let state = tempfile::tempdir().expect("a temporary folder");
    let make = match specimens.exit(how, state.path()) {
        Specimen::Of(make) => make,
        Specimen::Impossible(why) => return assert!(!why.is_empty(), "{how:?} is impossible, but why?"),
    };
    let authority = Authority::open();
    let witness = Recorder::all();
    authority.loader.exit("witness", witness.clone());
    authority.loader.exit_with("specimen", move |_| make());
    let options = ModuleOptions { attempts_max: 2, retry_ms_min: 1, retry_ms_max: 5, ..ModuleOptions::default() };
    authority.add_exit("witness", StartFrom::Now, options.clone());
    authority.add_exit("specimen", StartFrom::Now, options);
    let first = head(&authority).0 + 1;

    if how == Misbehaviour::DiesInInitialize {
        eventually("the operator sees that it does not start", || {
            let status = status(&authority, "specimen");
            matches!(status.state, ModuleState::Failed { .. }) && says_why(&status)
        });
        submit_in_time(&authority, "good.example");
        eventually("the other module is told", || status(&authority, "witness").lag == 0);
        assert_eq!(status(&authority, "specimen").delivered, 0);
        stop(authority, specimens, state.path());
        return;
    }

    eventually("the specimen runs", || status(&authority, "specimen").state == ModuleState::Running);
    submit_in_time(&authority, "good1.example");
    let bad = submit_in_time(&authority, "bad.example");
    submit_in_time(&authority, "good2.example");
    submit_in_time(&authority, "good3.example");
    // None of this waits for the specimen.
    eventually("the other module is told", || status(&authority, "witness").lag == 0);
    let told: Vec<u64> = witness.events().iter().map(|(id, _)| id.0).filter(|id| *id >= first).collect();
    assert_eq!(told, (first..=head(&authority).0).collect::<Vec<_>>());

    eventually("the specimen has gone through its events", || {
        authority.clock.advance(SignedDuration::from_millis(10));
        status(&authority, "specimen").lag == 0
    });
    let seen = status(&authority, "specimen");
    let left = authority.engine.deliveries(&authority.by::<right::Read>(), "specimen", EventId(0), 10).expect("a list");
    for delivery in &left {
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Parked, 2), "{how:?}: {delivery:?}");
        assert_eq!(request_of(&authority, delivery.event), Some(bad), "{how:?}: no other event is parked");
        assert!((1..=ERROR_BYTES_MAX).contains(&delivery.error.len()), "{how:?}: {} bytes", delivery.error.len());
    }
    match how.outcome() {
        Outcome::Fails => assert_eq!(left.len(), 1, "{how:?}: it was parked"),
        Outcome::Succeeds => assert_eq!((left.len(), seen.failed), (0, 0), "{how:?}: {:?}", seen.last_error),
        Outcome::Either => {}
    }
    assert!(left.is_empty() || says_why(&seen), "{how:?}: {:?}", seen.last_error);
    assert_eq!(seen.delivered + left.len() as u64, head(&authority).0 + 1 - first, "{how:?}: nothing is lost");
    stop(authority, specimens, state.path());
}

/// Has a policy module misbehave: what it does not decide well is never issued, and the next request is.
pub fn policy_module(specimens: &impl Specimens, how: Misbehaviour) {
    let state = tempfile::tempdir().expect("a temporary folder");
    let make = match specimens.policy(how, state.path()) {
        Specimen::Of(make) => make,
        Specimen::Impossible(why) => return assert!(!why.is_empty(), "{how:?} is impossible, but why?"),
    };
    let authority = Authority::open();
    let witness = Recorder::all();
    authority.loader.exit("witness", witness.clone());
    authority.add_exit("witness", StartFrom::Now, ModuleOptions::default());
    authority.loader.policy_with("specimen", move |_| make());
    let new = NewModule {
        name: "specimen".into(),
        kind: "specimen".into(),
        role: Role::Policy,
        settings: Settings::default(),
        options: ModuleOptions::default(),
        start: StartFrom::Now,
        position: None,
    };
    let added = authority.engine.add_module(&authority.by::<right::Administer>(), new);
    if how == Misbehaviour::DiesInInitialize {
        let error = added.expect_err("a policy module that does not start is not installed");
        assert!(!error.to_string().is_empty());
        submit_in_time(&authority, "good.example");
        stop(authority, specimens, state.path());
        return;
    }
    added.expect("the specimen is installed");

    submit_in_time(&authority, "good1.example");
    let bad = submit(&authority, "bad.example");
    match how.outcome() {
        Outcome::Fails => assert!(!matches!(bad, Ok((_, true))), "{how:?}: it was issued"),
        Outcome::Succeeds => assert!(matches!(bad, Ok((_, true))), "{how:?}: {bad:?}"),
        Outcome::Either => {}
    }
    if let Err(error) = &bad {
        assert!(!error.is_empty() && error.len() <= ERROR_BYTES_MAX + 200, "{how:?}: {} bytes", error.len());
    }
    // The module may need a moment to be started again; until then requests are refused, and never issued without it.
    eventually("the next request is issued", || matches!(submit(&authority, "good2.example"), Ok((_, true))));
    eventually("the exit module is told", || status(&authority, "witness").lag == 0);
    let issued_badly = |told: &crate::recorder::Told| {
        bad.as_ref().is_ok_and(|(id, issued)| told.notification.request == Some(*id) && !*issued && told.certificate)
    };
    assert!(!witness.told().iter().any(issued_badly), "{how:?}");
    stop(authority, specimens, state.path());
}

fn status(authority: &Authority, name: &str) -> ModuleStatus {
    authority.engine.module(&authority.by::<right::Read>(), name).expect("the module is installed")
}

fn says_why(status: &ModuleStatus) -> bool {
    status.last_error.as_ref().is_some_and(|(_, error)| (1..=ERROR_BYTES_MAX).contains(&error.message.len()))
}

fn head(authority: &Authority) -> EventId {
    authority.engine.event_head().expect("a database").0
}

fn request_of(authority: &Authority, event: EventId) -> Option<RequestId> {
    let reader = authority.by::<right::Read>();
    let before = EventId(event.0 - 1);
    let events = authority.engine.events(&reader, before, module::ExitEvents::all(), 1).expect("events");
    events.first().and_then(|(event, _)| event.request.map(|(id, _)| id))
}

/// The request, and whether its certificate was issued; or why it could not even be recorded.
fn submit(authority: &Authority, name: &str) -> Result<(RequestId, bool), String> {
    let submission = Submission { request: csr(name), ..Submission::default() };
    let outcome = authority.engine.submit(&authority.by::<right::Enrol>(), submission);
    outcome.map(|outcome| (outcome.request, outcome.certificate.is_some())).map_err(|error| error.to_string())
}

fn submit_in_time(authority: &Authority, name: &str) -> RequestId {
    let started = Instant::now();
    let (id, issued) = submit(authority, name).expect("the request is recorded");
    assert!(issued, "{name} is issued");
    assert!(started.elapsed() < ISSUE, "{name} took {:?}", started.elapsed());
    id
}

fn stop(authority: Authority, specimens: &impl Specimens, state: &Path) {
    let started = Instant::now();
    authority.engine.shut_down(STOP);
    assert!(started.elapsed() < STOP + ISSUE, "the stop took {:?}", started.elapsed());
    drop(authority);
    eventually("nothing is left of the module", || specimens.left(state).is_empty());
}
