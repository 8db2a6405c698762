//! What was acknowledged survives the death of the process, whenever it comes.
//!
//! The test runs itself again as a child that commits from several threads and says each acknowledged commit on its
//! standard output; kills it (SIGKILL) after some of them; opens the database; and compares. Again and again on the same
//! database.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use engine::Request;
use engine::store::{Change, CrlBody, CrlRow, InstalledModule, ModuleOptions, ModuleRole, NewEvent, Store};
use jiff::Timestamp;
use module::{EventId, ExitEvent, ExitEvents, HResult, RequestId, Settings};
use store::{Options, SqliteStore};

/// Tells the child where the database is; a test run without it is not a child.
const DATABASE: &str = "EXEUNT_STORE_CRASH_DATABASE";

const ROUNDS_MAX: u32 = 40;
const TIME_MAX: Duration = Duration::from_secs(10);
const THREADS: u64 = 6;

#[test]
fn acknowledged_commits_survive_kills() {
    let directory = tempfile::tempdir().expect("a directory for the test");
    let path = directory.path().join("ca.db");
    install(&path);
    let start = Instant::now();
    let mut known = Known::default();
    let mut rounds = 0;
    while rounds < ROUNDS_MAX && start.elapsed() < TIME_MAX {
        rounds += 1;
        // From the first commit after the start to some hundreds later: every state of the log and of a checkpoint.
        let enough = 1 + (rounds * 7919) % 700;
        let said = run_and_kill(&path, enough);
        let fresh = known.learn(&said);
        let store = SqliteStore::open(&path, Options::default()).expect("the database opens after a kill");
        known.compare(&store, &fresh);
        testkit::store::sound(&store);
    }
    let store = SqliteStore::open(&path, Options::default()).expect("the database opens");
    let all: BTreeSet<i64> = known.versions.keys().copied().collect();
    known.compare(&store, &all);
    eprintln!("{rounds} kills, {} requests, {} events", all.len(), known.event);
    assert!(rounds >= 3 && all.len() > 100, "the child got to work: {rounds} rounds, {} requests", all.len());
}

fn install(path: &Path) {
    let store = SqliteStore::open(path, Options::default()).expect("a new database");
    let module = InstalledModule {
        name: "journal".into(),
        kind: "journal".into(),
        role: ModuleRole::Exit,
        settings: Settings::default(),
        options: ModuleOptions::default(),
        enabled: true,
        position: 0,
        installed: Timestamp::UNIX_EPOCH,
        versions: engine::store::Versions::default(),
        cursor: EventId(0),
    };
    store.commit(Change { modules: vec![module], ..Change::default() }).expect("installed");
}

/// Starts the child, reads until it has said `enough`, kills it, and returns all it said.
fn run_and_kill(path: &Path, enough: u32) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("the test's own file"))
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test starts itself again");
    let mut output = BufReader::new(child.stdout.take().expect("the output was piped"));
    let mut said = Vec::new();
    let mut line = String::new();
    while said.len() < enough as usize {
        line.clear();
        let length = output.read_line(&mut line).expect("the child's output");
        assert_ne!(length, 0, "the child ended by itself: {:?}", ended(&mut child));
        said.extend(whole(&line));
    }
    child.kill().expect("the child is killed");
    child.wait().expect("the child is gone");
    // What it said before it died, said later than we stopped reading.
    loop {
        line.clear();
        if output.read_line(&mut line).expect("the child's output") == 0 {
            return said;
        }
        said.extend(whole(&line));
    }
}

fn ended(child: &mut Child) -> std::process::ExitStatus {
    child.wait().expect("the child is gone")
}

/// A line of ours that was not cut off by the kill.
fn whole(line: &str) -> Option<String> {
    line.strip_prefix("ack ")?.strip_suffix('\n').map(str::to_owned)
}

/// What the children said.
#[derive(Default)]
struct Known {
    /// The highest version acknowledged of each request.
    versions: BTreeMap<i64, u32>,
    /// The event of each request and version.
    events: BTreeMap<u64, (i64, u32)>,
    numbers: BTreeSet<i64>,
    crls: BTreeMap<u64, i64>,
    event: u64,
    cursor: u64,
}

impl Known {
    /// Returns the requests that lines were about.
    fn learn(&mut self, said: &[String]) -> BTreeSet<i64> {
        let mut fresh = BTreeSet::new();
        for line in said {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |at: usize| -> i64 { words.get(at).and_then(|word| word.parse().ok()).expect("a number") };
            match words.first().copied() {
                Some("reserved") => {
                    for id in number(1)..number(1) + number(2) {
                        assert!(self.numbers.insert(id), "request number {id} was handed out twice");
                    }
                }
                Some("request") => {
                    let version = u32::try_from(number(2)).expect("a version");
                    let highest = self.versions.entry(number(1)).or_default();
                    *highest = version.max(*highest);
                    let event = number(3).cast_unsigned();
                    assert!(self.events.insert(event, (number(1), version)).is_none(), "event {event} twice");
                    self.event = self.event.max(event);
                    fresh.insert(number(1));
                }
                Some("crl") => assert!(self.crls.insert(number(1).cast_unsigned(), number(2)).is_none()),
                Some("cursor") => self.cursor = self.cursor.max(number(1).cast_unsigned()),
                _ => unreachable!("{line}"),
            }
        }
        fresh
    }

    fn compare(&self, store: &dyn Store, requests: &BTreeSet<i64>) {
        let head = store.event_head().expect("the head").0.0;
        assert!(head >= self.event, "event {} was acknowledged, and the last is {head}", self.event);
        for id in requests {
            let found = store.request(RequestId(*id)).expect("an answer").expect("an acknowledged request is there");
            let acknowledged = self.versions.get(id).copied().expect("it was acknowledged");
            assert!(found.version >= acknowledged, "request {id} is at {}, not {acknowledged}", found.version);
            assert_eq!(found, at_version(*id, found.version), "request {id} is whole");
        }
        let (tail, _) = store.event_tail().expect("the tail");
        for (event, (id, version)) in self.events.range(tail.0..).filter(|(_, (id, _))| requests.contains(id)) {
            let (stored, request) = store.event(EventId(*event)).expect("an answer").expect("the event is there");
            assert_eq!(stored.request, Some((RequestId(*id), *version)));
            assert_eq!(request, Some(at_version(*id, *version)), "event {event} shows the request as it left it");
        }
        let cursor = store.modules().expect("modules").first().map(|module| module.cursor.0);
        assert!(cursor >= Some(self.cursor), "the cursor is at {cursor:?}, not {}", self.cursor);
        let rows = store.crls(None, None, usize::MAX).expect("CRLs");
        for (number, body) in &self.crls {
            let row = rows.iter().find(|row| row.number == *number).expect("an acknowledged CRL is there");
            assert_eq!(row.body, Some(CrlBody(*body)));
            for index in 0..3 {
                let chunk = store.crl_chunk(CrlBody(*body), index).expect("an answer");
                assert_eq!(chunk, Some(chunk_of(*number, index)), "CRL {number} is whole");
            }
        }
    }
}

/// A request is issued, revoked, and then changed in its large parts: what each version looks like is known.
fn at_version(id: i64, version: u32) -> Request {
    match version {
        1 => testkit::request(id),
        2 => testkit::revoked(id, 1),
        _ => {
            let mut request = testkit::revoked(id, 4);
            request.version = version;
            std::sync::Arc::make_mut(&mut request.body).attribute_text = format!("version:{version}");
            request
        }
    }
}

fn chunk_of(number: u64, index: u32) -> Vec<u8> {
    vec![(number as u8).wrapping_add(index as u8); 20_000]
}

/// Not a test by itself: what [`acknowledged_commits_survive_kills`] starts and kills.
#[test]
fn child() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    // A log that is moved into the file all the time, so that kills come in the middle of that too.
    let options = Options { log_bytes_min: 256 << 10, ..Options::default() };
    let store = SqliteStore::open(Path::new(&path), options).expect("the database opens");
    let crl = AtomicU64::new(store.crls(None, None, 1).expect("CRLs").first().map_or(0, |row| row.number));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, crl) = (&store, &crl);
            scope.spawn(move || {
                loop {
                    work(store, thread, crl).expect("the store takes what is right");
                }
            });
        }
    });
}

/// A block of requests from start to end, and what else a server does.
fn work(store: &SqliteStore, thread: u64, crl: &AtomicU64) -> Result<(), engine::StoreError> {
    const BLOCK: u32 = 8;
    let first = store.reserve_request_ids(BLOCK)?.0;
    say(&format!("reserved {first} {BLOCK}"));
    for id in first..first + i64::from(BLOCK) {
        for version in 1..=1 + (id % 4) as u32 {
            let committed = store.commit(testkit::store::issue(at_version(id, version)))?;
            let event = committed.event.expect("the change had an event");
            say(&format!("request {id} {version} {}", event.id));
        }
    }
    match thread {
        0 => {
            let number = crl.fetch_add(1, Ordering::Relaxed) + 1;
            let body = store.new_crl_body()?;
            for index in 0..3 {
                store.append_crl_body(body, &chunk_of(number, index))?;
            }
            store.commit(Change {
                crls: vec![crl_row(number, body)],
                event: Some(NewEvent {
                    kind: ExitEvent::CrlIssued,
                    occurred: Timestamp::UNIX_EPOCH,
                    request: None,
                    crl_number: Some(number),
                    digest: [0; 32],
                }),
                ..Change::default()
            })?;
            say(&format!("crl {number} {}", body.0));
        }
        1 => {
            let (head, _) = store.event_head()?;
            store.commit(Change { cursors: vec![("journal".into(), head)], ..Change::default() })?;
            say(&format!("cursor {head}"));
        }
        2 => {
            // Everything but the last few hundred.
            let (head, _) = store.event_head()?;
            store.prune_events(EventId(head.0.saturating_sub(400)), 100)?;
        }
        _ => drop(store.events(EventId(0), ExitEvents::all(), 10)?),
    }
    Ok(())
}

fn crl_row(number: u64, body: CrlBody) -> CrlRow {
    CrlRow {
        number,
        min_base: None,
        key: 0,
        entries: 0,
        this_update: Timestamp::UNIX_EPOCH,
        next_update: Timestamp::UNIX_EPOCH,
        this_publish: Timestamp::UNIX_EPOCH,
        next_publish: Timestamp::UNIX_EPOCH,
        propagation_complete: Timestamp::UNIX_EPOCH,
        last_published: None,
        attempts: 0,
        flags: 0,
        status: HResult::S_OK,
        error: String::new(),
        size: 60_000,
        sha256: [0; 32],
        body: Some(body),
    }
}

/// One write, so that lines of several threads do not mix and a kill cuts the last one only.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("ack {line}\n").as_bytes()).expect("somebody reads");
    output.flush().expect("somebody reads");
}
