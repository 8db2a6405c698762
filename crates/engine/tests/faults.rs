//! Every call of the database is failed in turn, before and after its effect, while the authority works; afterwards the
//! promises hold: what was answered is there, every event tells of what is there, and every module heard everything.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::store::ModuleOptions;
use engine::{Authorised, CrlPublication, Engine, StartFrom, Submission, right};
use jiff::SignedDuration;
use module::{Disposition, EventId, ExitEvents, RequestId, RevocationReason};
use pki::{Certificate, KeyAlgorithm, Serial};
use testkit::authority::{Authority, Builder, csr, eventually};
use testkit::fault::{Fault, Kind, Side, open};
use testkit::recorder::Recorder;

/// What the caller was told: nothing of it may be missing afterwards.
#[derive(Default)]
struct Answered {
    certificates: Vec<(RequestId, Serial)>,
    revoked: Vec<Serial>,
    /// Events that a module was told in an earlier process.
    told: BTreeSet<EventId>,
}

impl Answered {
    fn issued(&mut self, request: RequestId, serial: Serial) {
        println!("issued {request} {serial}");
        self.certificates.push((request, serial));
    }

    fn revoked(&mut self, serial: Serial) {
        println!("revoked {serial}");
        self.revoked.push(serial);
    }

    /// What a process said before it was killed.
    fn read(output: &str) -> Self {
        let mut answered = Self::default();
        for line in output.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["issued", id, serial] => {
                    answered.certificates.push((RequestId(id.parse().unwrap()), serial.parse().unwrap()));
                }
                ["revoked", serial] => answered.revoked.push(serial.parse().unwrap()),
                ["told", id] => {
                    answered.told.insert(EventId(id.parse().unwrap()));
                }
                _ => {}
            }
        }
        answered
    }
}

/// One of everything. Errors are what the fault is for: only answers count.
fn work(authority: &Authority, answered: &mut Answered) {
    let engine: &Engine = &authority.engine;
    let enrol: Authorised<right::Enrol> = authority.by();
    let officer: Authorised<right::ManageCertificates> = authority.by();
    let administrator: Authorised<right::Administer> = authority.by();
    let submit = |name: &str, attributes: &str| {
        let submission = Submission { request: csr(name), attributes: attributes.into(), ..Submission::default() };
        engine.submit(&enrol, submission).ok()
    };
    let serial = |der: &[u8]| Certificate::from_der(der).unwrap().serial();

    let issued = submit("issued.example", "");
    if let Some(der) = issued.as_ref().and_then(|outcome| outcome.certificate.as_ref()) {
        answered.issued(issued.as_ref().unwrap().request, serial(der));
        if engine.revoke(&officer, &serial(der), RevocationReason::CertificateHold, None).is_ok() {
            answered.revoked(serial(der));
        }
    }
    if let Some(pending) = submit("pending.example", "Disposition:Pending") {
        authority.clock.advance(SignedDuration::from_secs(1));
        if let Ok(approved) = engine.approve(&officer, pending.request)
            && let Some(der) = &approved.certificate
        {
            answered.issued(approved.request, serial(der));
        }
    }
    submit("denied.example", "Disposition:Deny");
    let order = CrlPublication { base: true, ..CrlPublication::default() };
    // A failure here is a failure of the fault's; the schedule makes up for it.
    let _ = engine.publish_crls(&administrator, &order, &mut |_, _| {});
    let _ = engine.disable_module(&administrator, "recorder");
    let _ = engine.enable_module(&administrator, "recorder");
}

fn prepared() -> (Builder, Arc<Recorder>) {
    let builder = Builder::new(KeyAlgorithm::P256);
    let recorder = Recorder::all();
    builder.loader().exit("recorder", recorder.clone());
    (builder, recorder)
}

fn options() -> ModuleOptions {
    ModuleOptions { retry_ms_min: 1, retry_ms_max: 5, ..ModuleOptions::default() }
}

/// The promises, after the authority was opened again on the same database.
fn check(builder: Builder, recorder: &Recorder, answered: &Answered, what: &str) {
    let authority = builder.wrap(|store| store).open().unwrap();
    let reader: Authorised<right::Read> = authority.by();
    if authority.engine.module(&reader, "recorder").is_err() {
        authority.add_exit("recorder", StartFrom::Beginning, options());
    }
    let _ = authority.engine.enable_module(&authority.by(), "recorder");
    for (id, serial) in &answered.certificates {
        let stored = authority.engine.request(&reader, *id).unwrap();
        assert_eq!(stored.issued.map(|issued| issued.serial), Some(*serial), "{what}");
    }
    for serial in &answered.revoked {
        let stored = authority.engine.certificate(&reader, serial).unwrap();
        assert_eq!(stored.disposition, Disposition::Revoked, "{what}");
    }
    let problems = authority.engine.check(&authority.by(), &mut |_, _| {}).unwrap();
    assert_eq!(problems, Vec::<String>::new(), "{what}");
    let report = authority.engine.verify_audit(&authority.by(), &mut |_, _| {}).unwrap();
    assert_eq!(report.problem, None, "{what}");

    let mut numbers = BTreeSet::new();
    for row in authority.engine.crls(&reader, 100).unwrap() {
        assert!(
            numbers.insert((row.number, row.key, row.kind() == engine::store::CrlKind::Base)),
            "{what}: CRL {}",
            row.number
        );
    }
    // Events may still be added: a publication of CRLs that was cut off is finished by the schedule.
    let events = || authority.engine.events(&reader, EventId(0), ExitEvents::all(), 1_000).unwrap();
    let told = || -> BTreeSet<EventId> { recorder.counts().into_keys().chain(answered.told.iter().copied()).collect() };
    eventually(&format!("every event is delivered: {what}"), || {
        authority.clock.advance(SignedDuration::from_millis(10));
        let (events, told) = (events(), told());
        let all_told = events.iter().all(|(event, _)| told.contains(&event.id));
        all_told && authority.engine.module(&reader, "recorder").unwrap().lag == 0
    });
    let told = told();
    let events = events();
    for (event, request) in &events {
        assert_eq!(event.request.is_some(), request.is_some(), "{what}");
    }
    let known: BTreeSet<EventId> = events.iter().map(|(event, _)| event.id).collect();
    let invented: Vec<_> = told.iter().filter(|id| id.0 > 0 && !known.contains(id)).collect();
    assert!(invented.is_empty(), "{what}: told of {invented:?}");
}

#[test]
fn every_call_of_the_database_fails_in_turn_and_nothing_is_lost() {
    // Without a fault first: how many calls there are to fail.
    let (builder, recorder) = prepared();
    let (authority, store) = open(builder.clone());
    authority.add_exit("recorder", StartFrom::Beginning, options());
    let before = store.calls();
    let mut answered = Answered::default();
    work(&authority, &mut answered);
    assert_eq!((answered.certificates.len(), answered.revoked.len()), (2, 1));
    let calls = store.calls() - before;
    authority.close();
    drop(store);
    check(builder, &recorder, &answered, "no fault");

    for call in 1..=calls {
        for side in [Side::Before, Side::After] {
            let (builder, recorder) = prepared();
            let (authority, store) = open(builder.clone());
            authority.add_exit("recorder", StartFrom::Beginning, options());
            let mut answered = Answered::default();
            store.fail(Fault { call, side, kind: Kind::Error });
            work(&authority, &mut answered);
            let what = format!("call {call}, {side:?}: {}", store.struck().unwrap_or("none"));
            authority.close();
            drop(store);
            check(builder, &recorder, &answered, &what);
        }
    }
}

/// Where the child works, and which call kills it: `FOLDER CALL SIDE`.
const ORDER: &str = "EXEUNT_TEST_FAULT";

/// Not a test of its own: the process that [`every_call_of_the_database_kills_the_process_in_turn`] starts and loses.
#[test]
fn child() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let [folder, call, side] = order.split(' ').collect::<Vec<_>>()[..] else { panic!("{order}") };
    let builder = Builder::in_folder(std::path::Path::new(folder));
    let recorder = Recorder::all();
    recorder.behave(|notification| {
        println!("told {}", notification.id);
        Ok(())
    });
    builder.loader().exit("recorder", recorder);
    let (authority, store) = open(builder);
    authority.add_exit("recorder", StartFrom::Beginning, options());
    let side = if side == "before" { Side::Before } else { Side::After };
    store.fail(Fault { call: call.parse().unwrap(), side, kind: Kind::Abort });
    work(&authority, &mut Answered::default());
    println!("done {}", store.calls());
    // The rest of the calls are the dispatcher's and the schedule's: they go on until the process is killed, or ends.
    authority.close();
}

#[test]
fn every_call_of_the_database_kills_the_process_in_turn_and_nothing_is_lost() {
    let mut last = None;
    for call in 1.. {
        for side in ["before", "after"] {
            let folder = tempfile::tempdir().unwrap();
            let child = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child", "--nocapture"])
                .env(ORDER, format!("{} {call} {side}", folder.path().display()))
                .output()
                .unwrap();
            let output = String::from_utf8_lossy(&child.stdout);
            let builder = Builder::in_folder(folder.path());
            let recorder = Recorder::all();
            builder.loader().exit("recorder", recorder.clone());
            check(builder, &recorder, &Answered::read(&output), &format!("killed at call {call}, {side}"));
            if child.status.success() {
                last = Some(call);
            }
        }
        if last == Some(call) {
            break;
        }
        assert!(call < 1_000, "the work comes to no end");
    }
    assert!(last.unwrap() > 20, "hardly anything was killed");
}
