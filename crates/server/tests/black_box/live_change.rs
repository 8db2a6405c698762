//! Modules that are programs, components, shared objects and endpoints are added, upgraded, tried, rolled back, removed and added again while requests come
//! from several clients: no request fails, and what each module wrote down is every event, in order.

use std::path::{Path, PathBuf};

use module::ExitEvent;
use parking_lot::Mutex;

use crate::authority::{Place, until};
use crate::support::built;
use crate::support::endpoint::Endpoint;
use crate::support::evidence::Database;
use crate::support::load::{Known, Load};
use crate::support::program;

/// The program kills itself at each event whose number is a multiple of this: it is started again while it is changed.
const DIES_EVERY: u64 = 200;

/// Writes its version and the number of each event to a file, and takes events in batches.
const TELLER: &str = r#"
import signal
VERSION = @VERSION@
told = None

def initialize(params):
    global told
    told = os.open(params["settings"]["file"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return {"protocol": 1, "events": ["all"], "description": "version %d" % VERSION, "batch": 8}

def notify(params):
    event = params["event"]
    if event["id"] == 0:
        return
    if event["id"] % @DIES_EVERY@ == 0 and event["attempt"] == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    os.write(told, b"%d %d\n" % (VERSION, event["id"]))

def notify_batch(params):
    for one in params["events"]:
        notify(one)
    return {"delivered": len(params["events"])}
"#;

/// Has no objection, and says so in the name of its version.
const JUDGE: &str = r#"
def initialize(params):
    return {"protocol": 1, "description": "version @VERSION@"}

def verify_request(params):
    return {"decision": "issue"}
"#;

/// A module that is changed: its versions are written into the same file, one over the other.
struct Changing<'p> {
    place: &'p Place,
    name: &'static str,
    file: PathBuf,
    /// The content of a version.
    content: Box<dyn Fn(usize) -> Vec<u8>>,
    /// What it is added with, beside its file and its name.
    added_with: Vec<String>,
}

impl Changing<'_> {
    /// Puts a version into the file's place.
    fn put(&self, version: usize) {
        program::install(&self.file, &(self.content)(version));
    }

    fn add(&self, more: &[&str]) {
        let words = ["module", "add", self.file.to_str().unwrap(), "--name", self.name, "--yes"];
        let with: Vec<&str> = self.added_with.iter().map(String::as_str).collect();
        self.place.run(&[&words[..], &with, more].concat()).ok();
    }

    fn upgrade(&self, more: &[&str]) {
        let words = ["module", "upgrade", self.name, self.file.to_str().unwrap(), "--yes"];
        self.place.run(&[&words[..], more].concat()).ok();
    }

    fn act(&self, verb: &str) {
        self.place.run(&["module", verb, self.name]).ok();
    }

    fn shown(&self) -> serde_json::Value {
        self.place.json(&["module", "show", self.name])
    }

    /// The version that runs, and whether it is not the file that lies there.
    fn runs(&self, description: &str, is_copy: bool) {
        until(&format!("{} runs {description}", self.name), || {
            let shown = self.shown();
            let notice =
                shown["notice"].as_str().is_some_and(|notice| notice.contains("the copy that was kept of it runs"));
            let says = shown["description"].as_str().unwrap_or_default();
            let rest = says.strip_prefix(description);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) && notice == is_copy
        });
    }

    /// Every change there is. In the beginning version 0 is in force.
    fn change_everything(&self, description: impl Fn(usize) -> String) {
        self.put(1);
        self.upgrade(&[]);
        self.runs(&description(1), false);
        // The way back leads past the file, which is the new version's.
        self.act("rollback");
        self.runs(&description(0), true);
        self.act("disable");
        self.act("enable");
        self.runs(&description(0), true);
        // A trial that is ended, and one that is not.
        self.upgrade(&["--canary", "30", "--canary-failures", "1000"]);
        self.act("rollback");
        self.put(2);
        self.upgrade(&["--canary", "50", "--canary-failures", "1000"]);
        self.act("promote");
        self.runs(&description(2), false);
        // Gone, and back where it was: its place is read first, since all it is told after may be told again.
        let next = self.shown()["cursor"].as_u64().map(|cursor| (cursor + 1).to_string());
        self.act("remove");
        self.put(3);
        match next {
            Some(next) => self.add(&["--from", &next]),
            None => self.add(&[]),
        }
        self.runs(&description(3), false);
    }
}

#[test]
fn foreign_modules_change_under_load_and_nothing_fails_and_nothing_is_missed() {
    let place = Place::new();
    let server = place.serve(&[]);
    let retries = ["--attempts-max", "1000", "--retry-ms-min", "1", "--retry-ms-max", "20"].map(str::to_owned);
    let backoff = ["--set", "restart_backoff_ms_min=1", "--set", "restart_backoff_ms_max=20"].map(str::to_owned);
    let set = |setting: String| vec!["--set".to_owned(), setting];
    let told = place.path("told.txt");
    let ledger = place.path("ledger");
    std::fs::create_dir(&ledger).unwrap();
    let component = std::fs::read(built::component(&example("wasm-rust-ledger"), "wasm_rust_ledger")).unwrap();
    let teller = Changing {
        place: &place,
        name: "teller",
        file: place.path("teller.py"),
        content: Box::new(|version| {
            let methods = TELLER.replace("@DIES_EVERY@", &DIES_EVERY.to_string());
            program::source(&methods.replace("@VERSION@", &version.to_string())).into_bytes()
        }),
        added_with: [set(format!("setting.file={}", told.display())), backoff.to_vec(), retries.to_vec()].concat(),
    };
    let judge = Changing {
        place: &place,
        name: "judge",
        file: place.path("judge.py"),
        content: Box::new(|version| program::source(&JUDGE.replace("@VERSION@", &version.to_string())).into_bytes()),
        added_with: ["--role", "policy", "--position", "1"].map(str::to_owned).to_vec(),
    };
    let keeper = Changing {
        place: &place,
        name: "keeper",
        file: place.path("keeper.wasm"),
        content: Box::new(move |version| twin(&component, version)),
        added_with: [set(format!("dir./ledger={}", ledger.display())), retries.to_vec()].concat(),
    };
    for module in [&teller, &judge, &keeper] {
        module.put(0);
    }
    teller.add(&["--from", "beginning"]);
    judge.add(&[]);
    keeper.add(&["--from", "beginning"]);

    let known = Mutex::new(Known::default());
    Load::new(place.data("admin.sock"), &known).during(|| {
        for module in [&teller, &judge] {
            module.change_everything(|version| format!("version {version}"));
        }
        keeper.change_everything(|_| "ledger of events".to_owned());
    });

    for module in [&teller, &keeper] {
        until(&format!("{} has caught up", module.name), || module.shown()["lag"] == 0);
        assert_eq!(module.shown()["parked"], 0, "{}", module.name);
    }
    let database = Database::read(&place);
    database.holds(&known.into_inner());
    database.events_tell_of_what_is_there();

    // Told at least once, and for the first time in order.
    let told = std::fs::read_to_string(&told).unwrap();
    let (mut heard, mut versions): (Vec<u64>, Vec<usize>) = (Vec::new(), Vec::new());
    for line in told.lines() {
        let (version, id) = line.split_once(' ').unwrap();
        let id = id.parse().unwrap();
        if heard.last().is_none_or(|last| *last < id) {
            heard.push(id);
        } else {
            assert!(heard.binary_search(&id).is_ok(), "event {id} is told after a later one");
        }
        versions.push(version.parse().unwrap());
    }
    assert!(heard.iter().copied().eq(1..=database.head()), "the program missed something");
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions, [0, 1, 2, 3]);
    assert!(server.log().contains("starting the module's process again"), "it did not die");

    // The ledger tells repeats by itself: each event once.
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(&ledger).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        lines.extend(text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()));
    }
    let mut kept: Vec<u64> = lines.iter().map(|line| line["event"].as_u64().unwrap()).collect();
    kept.sort_unstable();
    let wanted = database.events().iter().filter(|event| event.kind != ExitEvent::CertRetrievePending);
    assert!(kept.into_iter().eq(wanted.map(|event| event.id)), "the component missed something");

    // Of the copies, those remain that some version can go back to.
    for module in [&teller, &judge, &keeper] {
        module.act("remove");
    }
    assert_eq!(std::fs::read_dir(place.data("modules")).unwrap().count(), 0);
    server.stop();
}

/// The component with a section without meaning: another file that does the same.
fn twin(component: &[u8], version: usize) -> Vec<u8> {
    let name = format!("version {version}");
    let length = u8::try_from(name.len()).unwrap();
    [component, &[0, length + 1, length], name.as_bytes()].concat()
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/modules").join(name)
}

/// An endpoint has no file: its versions are settings.
fn change_endpoint(place: &Place, endpoint: &Endpoint) {
    let act = |words: &[&str]| place.run(&[&["module"], words].concat()).ok();
    let shown = || place.json(&["module", "show", "hook"]);
    let runs = |batch: Option<&str>| {
        until("the endpoint's module runs", || {
            let shown = shown();
            shown["state"] == "running" && shown["settings"]["batch"].as_str() == batch
        });
    };
    act(&["upgrade", "hook", "--set", "batch=8"]);
    runs(Some("8"));
    act(&["rollback", "hook"]);
    runs(None);
    act(&["disable", "hook"]);
    act(&["enable", "hook"]);
    runs(None);
    act(&["upgrade", "hook", "--set", "batch=4", "--canary", "30", "--canary-failures", "1000"]);
    act(&["rollback", "hook"]);
    runs(None);
    act(&["upgrade", "hook", "--set", "batch=2", "--canary", "50", "--canary-failures", "1000"]);
    act(&["promote", "hook"]);
    runs(Some("2"));
    let next = (shown()["cursor"].as_u64().unwrap() + 1).to_string();
    act(&["remove", "hook"]);
    endpoint.add(place, &["--name", "hook", "--from", &next]).ok();
    runs(None);
}

#[test]
fn shared_objects_and_endpoints_change_under_load_and_nothing_fails_and_nothing_is_missed() {
    let place = Place::new();
    let server = place.serve(&[]);
    let published = place.path("published");
    std::fs::create_dir(&published).unwrap();
    let shared_object = std::fs::read(built::cpp("cpp-exit", "publisher.so", "linux")).unwrap();
    let publisher = Changing {
        place: &place,
        name: "publisher",
        file: place.path("publisher.so"),
        // What lies behind the last section is not loaded: another file that does the same.
        content: Box::new(move |version| [&shared_object[..], format!("version {version}").as_bytes()].concat()),
        added_with: ["--set", &format!("setting.Directory={}", published.display())].map(str::to_owned).to_vec(),
    };
    let endpoint = Endpoint::leaving(&place);
    publisher.put(0);
    publisher.add(&["--from", "beginning"]);
    endpoint.add(&place, &["--name", "hook", "--from", "beginning"]).ok();

    let known = Mutex::new(Known::default());
    Load::new(place.data("admin.sock"), &known).during(|| {
        publisher.change_everything(|_| "Publishes certificates and CRLs as files".to_owned());
        change_endpoint(&place, &endpoint);
    });

    for name in ["publisher", "hook"] {
        let shown = || place.json(&["module", "show", name]);
        until(&format!("{name} has caught up"), || shown()["lag"] == 0);
        assert_eq!((&shown()["parked"], &shown()["failed"]), (&0.into(), &0.into()), "{name}");
    }
    let database = Database::read(&place);
    let known = known.into_inner();
    database.holds(&known);
    database.events_tell_of_what_is_there();

    for (serial, answered) in &known.certificates {
        let file = published.join(format!("{}.cer", answered.request));
        assert_eq!(std::fs::read(file).unwrap(), answered.der, "{serial}");
    }

    // Told at least once, and for the first time in order.
    let mut heard: Vec<u64> = Vec::new();
    for line in place.read("asked").lines() {
        let (status, body) = line.split_once(' ').unwrap();
        assert_eq!(status, "204");
        let message: serde_json::Value = serde_json::from_str(body).unwrap();
        let one = std::slice::from_ref(&message);
        for event in message.as_array().map_or(one, Vec::as_slice) {
            // A greeting, and the end of a module, have no number.
            let Ok(id) = event["id"].as_str().unwrap().parse() else { continue };
            if heard.last().is_none_or(|last| *last < id) {
                heard.push(id);
            } else {
                assert!(heard.binary_search(&id).is_ok(), "event {id} is told after a later one");
            }
        }
    }
    assert!(heard.into_iter().eq(1..=database.head()), "the endpoint missed something");

    for name in ["publisher", "hook"] {
        place.run(&["module", "remove", name]).ok();
    }
    assert_eq!(std::fs::read_dir(place.data("modules")).map_or(0, Iterator::count), 0);
    server.stop();
}
