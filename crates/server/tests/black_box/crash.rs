//! The server is killed in the middle of its work, again and again, and nothing that anybody was told is lost, nothing
//! is told that is not so, and every module hears of everything.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use parking_lot::Mutex;

use crate::authority::{Place, openssl, until};
use crate::support::evidence::{Database, Journal};
use crate::support::load::{Known, Load};

/// How often the server is killed.
const ROUNDS: usize = 6;
/// The module kills itself at each event whose number is a multiple of this.
const DIES_EVERY: u64 = 50;

/// Tells a file of each event. Kills itself before it has written, after it, or after it was made durable.
const DIES: &str = r#"
import random, signal, time
process = "%d.%d" % (os.getpid(), time.monotonic_ns())
told = os.open("told.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

def initialize(params):
    return {"protocol": 1, "events": ["all"], "description": "dies"}

def notify(params):
    event = params["event"]
    if event["id"] == 0:
        return
    moment = random.randrange(3) if event["id"] % DIES_EVERY == 0 and event["attempt"] == 1 else None
    line = "%d %s %s\n" % (event["id"], event["hash"], process)
    for step, act in enumerate([lambda: None, lambda: os.write(told, line.encode()), lambda: os.fsync(told)]):
        act()
        if step == moment:
            os.kill(os.getpid(), signal.SIGKILL)
"#;

#[test]
fn a_server_killed_under_load_loses_nothing_and_invents_nothing() {
    let place = Place::new();
    let socket = place.data("admin.sock");
    let known = Mutex::new(Known::default());
    let mut journal = Journal::default();
    for round in 0..ROUNDS {
        let server = place.serve(&[]);
        if round == 0 {
            add_module(&place);
        }
        // Once at once, while the modules catch up with what the life before has left them.
        let answers = if round == 3 { 0 } else { 30 + usize::from(random() / 2) };
        Load::new(socket.clone(), &known).run(round, answers, || {
            server.signal("KILL");
            server.wait();
        });
        journal.restarts.insert(Journal::whole_lines(&place).len());
        known.lock().look_at_crls(&place.data("crl"));
    }

    let server = place.serve(&[]);
    place.run(&["crl", "publish"]).ok();
    for module in ["journal", "dies"] {
        until(&format!("{module} has caught up"), || place.json(&["module", "show", module])["lag"] == 0);
        assert_eq!(place.json(&["module", "show", module])["parked"], 0, "{module}");
    }
    let mut known = known.into_inner();
    known.look_at_crls(&place.data("crl"));
    let database = Database::read(&place);
    database.holds(&known);
    database.events_tell_of_what_is_there();
    database.crl_numbers_rise(&known);
    database.is_told_by(&journal.read(&place));
    let processes = database.is_told_to(&place.read("told.txt"));
    assert!(processes > database.head() / DIES_EVERY, "{processes} processes: it did not die as often as it should");
    newest_crl_is_whole(&place, &known);
    for check in [["db", "check"], ["audit", "verify"]] {
        place.run(&check).ok();
    }
    server.stop();
    for check in [["db", "check"], ["audit", "verify"]] {
        place.run(&check).ok();
    }
}

fn add_module(place: &Place) {
    let program = place.module("dies.py", &DIES.replace("DIES_EVERY", &DIES_EVERY.to_string()));
    let program = program.to_str().unwrap();
    let backoff = ["--set", "restart_backoff_ms_min=1", "--set", "restart_backoff_ms_max=20"];
    let retries = ["--attempts-max", "1000", "--retry-ms-min", "1", "--retry-ms-max", "20"];
    let add = ["module", "add", program, "--from", "beginning"];
    place.run(&[&add[..], &backoff, &retries].concat()).ok();
}

/// The CRL at its location is the newest, verifies, and lists what was answered to be revoked.
fn newest_crl_is_whole(place: &Place, known: &Known) {
    let path = place.data("crl/Exeunt Development CA.crl");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (file, ca) = (text(&path), text(&place.data("ca.crt")));
    let verified = openssl(&["crl", "-inform", "DER", "-in", &file, "-CAfile", &ca, "-noout", "-text"]);
    assert!(verified.contains("verify OK"), "{verified}");
    let listed = place.json(&["crl", "list"]);
    let base = listed["items"].as_array().unwrap().iter().find(|crl| crl["kind"] == "base").unwrap();
    let sha256 = hex::encode(digest(&SHA256, &std::fs::read(&path).unwrap()));
    assert_eq!(base["sha256"].as_str(), Some(sha256.as_str()));
    let shown = place.json(&["crl", "show", &file, "--entries"]);
    let entries = shown["entries"].as_array().unwrap();
    let revoked = |serial: &str| entries.iter().any(|entry| entry["serial"] == serial);
    for (serial, answered) in &known.certificates {
        if answered.ordered.is_none() {
            let expected = answered.revocation.is_some_and(|code| code >= 0);
            assert_eq!(revoked(serial), expected, "certificate {serial} in the CRL");
        }
    }
}

fn random() -> u8 {
    let mut byte = [0];
    aws_lc_rs::rand::fill(&mut byte).unwrap();
    byte[0]
}
