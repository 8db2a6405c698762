//! The suite that every implementation of [`Store`] runs: its comments are the contract, and each case holds one promise.

mod concurrent;
mod conflicts;
mod crls;
mod events;
mod modules;
mod pruning;
mod requests;
mod revocations;
mod search;

use engine::store::{Change, NewAudit, NewEvent, Store};
use engine::{Request, chain};
use module::{EventId, ExitEvent, ExitEvents};

/// Opens one database, which is empty when it is first opened. The store opened before must have been dropped.
pub type Open<'o> = &'o dyn Fn() -> Box<dyn Store>;

/// One case.
type Case = fn(Open<'_>);

/// Every case: its name, and the function that panics when the promise is not kept.
pub const CASES: &[(&str, Case)] = &[
    ("every field is read as it was written", requests::round_trip),
    ("several requests are one change", requests::several_at_once),
    ("serial numbers find their request", requests::by_serial),
    ("every version is read as it stood", requests::versions),
    ("large parts are those of their version", requests::bodies_of_versions),
    ("request numbers are never handed out again", requests::reserved_numbers),
    ("values are set, replaced and removed", requests::values),
    ("a conflict leaves nothing behind", conflicts::leaves_nothing),
    ("a conflict fails nobody else", conflicts::fails_nobody_else),
    ("of two who change a request one wins", conflicts::one_wins),
    ("events and audit entries are numbered without gaps", concurrent::no_gaps),
    ("a reader sees a change whole", concurrent::whole),
    ("a commit that returned is seen by every later read", concurrent::seen_at_once),
    ("events are chosen by kind and number", events::chosen),
    ("an event shows the request as it left it", events::as_it_was),
    ("chains go on after a restart", events::after_restart),
    ("audit entries are kept and chained", events::audit),
    ("a moment finds its event", events::before_moment),
    ("searches find what they describe", search::every_column),
    ("searches go on page by page", search::pages),
    ("searches combine filters", search::combined),
    ("a search takes its text literally", search::literal),
    ("CRLs list the revocations of the contract", revocations::selection),
    ("a sweep ends with the caller's error", revocations::ends_with_error),
    ("CRLs are listed newest first", crls::listed),
    ("a CRL's row takes the outcome of its publication", crls::outcomes),
    ("CRL bodies are kept in chunks", crls::bodies),
    ("CRL bodies without a CRL go at the next start", crls::orphans),
    ("CA certificates are kept by index", crls::ca_certificates),
    ("modules are installed, changed and removed", modules::installed),
    ("cursors move", modules::cursors),
    ("deliveries wait, are parked and settled", modules::deliveries),
    ("pruned events go with what only they needed", pruning::oldest_first),
    ("what a kept event needs is kept", pruning::keeps_what_is_needed),
    ("everything may be pruned", pruning::everything),
];

/// Runs every case, each on a database of its own: `fresh` answers with how to open it.
///
/// # Panics
/// When a promise is not kept. The case is named on standard error.
pub fn conformance<D: Fn() -> Box<dyn Store>>(fresh: impl Fn() -> D) {
    for (name, case) in CASES {
        eprintln!("store conformance: {name}");
        let database = fresh();
        case(&database);
        sound(&*database());
    }
}

/// The database finds nothing wrong in itself, and says how far it is.
///
/// # Panics
/// When it does, or does not.
pub fn sound(store: &dyn Store) {
    let mut steps = Vec::new();
    let wrong = store.check(&mut |done, all| steps.push((done, all))).expect("a sound database can be checked");
    assert_eq!(wrong, Vec::<String>::new());
    assert!(steps.is_sorted(), "progress goes on: {steps:?}");
    assert!(steps.last().is_some_and(|(done, all)| done == all), "progress ends: {steps:?}");
    chains(store);
}

/// The events and audit entries kept are numbered without gaps, and each is bound to the one before.
///
/// # Panics
/// When a link is missing or wrong.
pub fn chains(store: &dyn Store) {
    let (tail, mut hash) = store.event_tail().expect("the tail can be read");
    let mut next = tail.0;
    loop {
        let events = store.events(EventId(next - 1), ExitEvents::all(), 100).expect("events can be read");
        if events.is_empty() {
            break;
        }
        for (event, request) in events {
            assert_eq!(event.id.0, next, "events have no gaps");
            assert_eq!(event.hash, chain::event_hash(&hash, &event), "event {next} is bound to the one before");
            assert_eq!(event.request, request.as_ref().map(|request| (request.id, request.version)));
            if let Some(request) = request {
                assert_eq!(event.digest, request.digest(), "event {next} shows the request as it left it");
            }
            hash = event.hash;
            next += 1;
        }
    }
    assert_eq!(store.event_head().expect("the head can be read"), (EventId(next - 1), hash));

    let (mut next, mut hash) = (1, chain::GENESIS);
    loop {
        let entries = store.audit(next - 1, 100).expect("audit entries can be read");
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            assert_eq!(entry.id, next, "audit entries have no gaps");
            assert_eq!(entry.hash, chain::audit_hash(&hash, &entry), "entry {next} is bound to the one before");
            hash = entry.hash;
            next += 1;
        }
    }
    assert_eq!(store.audit_head().expect("the head can be read"), (next - 1, hash));
}

/// An event about a request as it is being written.
pub fn event(kind: ExitEvent, request: &Request) -> NewEvent {
    NewEvent {
        kind,
        occurred: request.revocation.map_or(request.submitted, |revocation| revocation.when),
        request: Some((request.id, request.version)),
        crl_number: None,
        digest: request.digest(),
    }
}

/// An audit entry about a request.
pub fn audit(code: u16, request: &Request) -> NewAudit {
    NewAudit {
        code,
        at: request.submitted,
        caller: request.caller.clone(),
        request: Some(request.id),
        detail: format!(r#"{{"version":{}}}"#, request.version),
    }
}

/// What issuing a request commits: the row, its event and an audit entry.
pub fn issue(request: Request) -> Change {
    let (event, audit) = (event(ExitEvent::CertIssued, &request), audit(4887, &request));
    Change { requests: vec![request], event: Some(event), audit: Some(audit), ..Change::default() }
}

/// A row and nothing else.
fn row(request: Request) -> Change {
    Change { requests: vec![request], ..Change::default() }
}
