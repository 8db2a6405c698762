//! The database fails once, at a moment a test chooses: what was done is told all the same, and what was asked is done.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use engine::{StartFrom, Submission, right};
use jiff::SignedDuration;
use pki::KeyAlgorithm;
use testkit::authority::{Authority, Builder, csr, eventually, quick};
use testkit::fault::{Fault, FaultyStore, Kind, Side, open_quiet};
use testkit::recorder::Recorder;

/// An authority that makes no CRLs, on a database that can be made to fail, with a recorder.
fn with_faults() -> (Authority, Arc<FaultyStore>, Arc<Recorder>) {
    let (authority, store) = open_quiet(Builder::new(KeyAlgorithm::P256));
    let recorder = Recorder::all();
    authority.loader.exit("recorder", recorder.clone());
    authority.add_exit("recorder", StartFrom::Now, quick());
    (authority, store, recorder)
}

/// Waits until nobody asks the database: calls are counted from here.
fn quiet(store: &FaultyStore) {
    eventually("nobody asks the database", || {
        let before = store.calls();
        std::thread::park_timeout(Duration::from_millis(50));
        store.calls() == before
    });
}

#[test]
fn a_commit_whose_end_nobody_learns_is_told_all_the_same() {
    let (authority, store, recorder) = with_faults();
    // Numbers are set aside, and the module has nothing to do.
    authority.submit("first.example", "");
    eventually("the module rests", || authority.has_caught_up("recorder"));
    quiet(&store);
    store.fail(Fault { call: 1, side: Side::After, kind: Kind::Error });
    let submission = Submission { request: csr("unknown.example"), ..Submission::default() };
    assert!(authority.engine.submit(&authority.by::<right::Enrol>(), submission).is_err());
    assert_eq!(store.struck(), Some("commit"));
    eventually("the module is told", || recorder.counts().len() == 2);
}

#[test]
fn a_module_runs_again_whatever_call_of_its_change_the_database_fails() {
    let (authority, store, recorder) = with_faults();
    let administrator = authority.by::<right::Administer>();
    let changes: [&dyn Fn() -> bool; 2] =
        [&|| authority.engine.set_module(&administrator, "recorder", Vec::new(), None).is_ok(), &|| {
            authority.engine.rewind_module(&administrator, "recorder", StartFrom::Now).is_ok()
        }];
    for change in changes {
        let faults = (1..=8).flat_map(|call| [Side::Before, Side::After].map(|side| (call, side)));
        for (call, side) in faults {
            quiet(&store);
            store.fail(Fault { call, side, kind: Kind::Error });
            let made = change();
            let unharmed = made && store.struck().is_none();
            store.fail(Fault { call: u64::MAX, side, kind: Kind::Error });
            let request = authority.submit(&format!("n{call}.example"), "").request;
            eventually("the module runs and is told", || {
                recorder.told().iter().any(|told| told.notification.request == Some(request))
            });
            if unharmed {
                break;
            }
        }
    }
}

#[test]
fn a_retry_by_hand_is_made_whatever_call_of_it_the_database_fails() {
    let (authority, store, recorder) = with_faults();
    let administrator = authority.by::<right::Administer>();
    for call in 1.. {
        recorder.fail();
        let request = authority.submit(&format!("n{call}.example"), "").request;
        eventually("the event is parked", || {
            authority.clock.advance(SignedDuration::from_millis(10));
            authority.module("recorder").parked == 1
        });
        let parked = authority.deliveries("recorder")[0].event;
        recorder.succeed();
        quiet(&store);
        let failed = recorder.told().len();
        let told = || recorder.told()[failed..].iter().any(|told| told.notification.request == Some(request));
        store.fail(Fault { call, side: Side::Before, kind: Kind::Error });
        let retried = authority.engine.retry_delivery(&administrator, "recorder", parked).is_ok();
        // What the module's own thread reads after that may be what fails.
        eventually("the call has failed, or there was none", || store.struck().is_some() || told());
        let unharmed = store.struck().is_none();
        store.fail(Fault { call: u64::MAX, side: Side::Before, kind: Kind::Error });
        if !retried {
            authority.engine.retry_delivery(&administrator, "recorder", parked).unwrap();
        }
        eventually("the event is told", told);
        eventually("nothing is parked", || authority.deliveries("recorder").is_empty());
        if unharmed {
            break;
        }
    }
}
