//! Rates of the SQLite store on this machine: the figures of docs/manual/database.md.
//!
//! ```text
//! cargo run --release -p store --example store_rates -- DIRECTORY commit THREADS SECONDS
//! cargo run --release -p store --example store_rates -- DIRECTORY lone COMMITS
//! cargo run --release -p store --example store_rates -- DIRECTORY events EVENTS
//! cargo run --release -p store --example store_rates -- DIRECTORY fill ROWS
//! cargo run --release -p store --example store_rates -- DIRECTORY drop INDEX ...
//! cargo run --release -p store --example store_rates -- DIRECTORY search
//! cargo run --release -p store --example store_rates -- DIRECTORY sweep
//! ```
//!
//! `commit` issues requests of about 2.5 KB, each with an event and an audit entry, from THREADS callers at once. `fill`
//! writes rows without large parts straight into the file, for `search` and `sweep`; `drop` shows what an index costs and is worth; the other
//! modes add to what is there. Nothing is removed: delete DIRECTORY afterwards.
#![allow(clippy::print_stdout, reason = "a tool that prints figures")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use engine::store::{Filter, Order, RevokedFilter, Search, Store};
use jiff::Timestamp;
use module::{EventId, ExitEvents};
use rusqlite::Connection;
use store::{Options, SqliteStore};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (directory, mode) = words.split_first().ok_or("say where; see the head of this file")?;
    std::fs::create_dir_all(directory)?;
    let path = PathBuf::from(directory).join("rates.db");
    match mode {
        ["drop", indexes @ ..] => {
            drop(SqliteStore::open(&path, Options::default())?);
            let connection = Connection::open(&path)?;
            for index in indexes {
                connection.execute_batch(&format!("DROP INDEX {index}"))?;
            }
            Ok(())
        }
        ["commit", threads, seconds] => commit(&path, threads.parse()?, Duration::from_secs(seconds.parse()?)),
        ["lone", commits] => lone(&path, commits.parse()?),
        ["events", events] => events_read(&path, events.parse()?),
        ["fill", rows] => fill(&path, rows.parse()?),
        ["search"] => searches(&path),
        ["sweep"] => sweep(&path),
        _ => Err("see the head of this file".into()),
    }
}

/// Changes per second, and how long a caller waits, second by second.
fn commit(path: &Path, threads: i64, time: Duration) -> Outcome {
    let store = SqliteStore::open(path, Options::default())?;
    let (next, stop) = (AtomicI64::new(store.reserve_request_ids(1)?.0), AtomicBool::new(false));
    let (store, next, stop) = (&store, &next, &stop);
    let mut waits: Vec<Duration> = std::thread::scope(|scope| -> Outcome<Vec<Duration>> {
        let callers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(move || -> Result<Vec<Duration>, engine::StoreError> {
                    let mut waits = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let id = next.fetch_add(1, Ordering::Relaxed);
                        // Many requesters in no order, as in life: what an index of them costs.
                        let requester = format!("EXAMPLE\\user-{}", id.wrapping_mul(7919) % 100_000);
                        let change = testkit::store::issue(engine::Request { requester, ..testkit::request(id) });
                        let start = Instant::now();
                        store.commit(change)?;
                        waits.push(start.elapsed());
                    }
                    Ok(waits)
                })
            })
            .collect();
        let mut last = store.statistics();
        let start = Instant::now();
        let mut seen = start;
        while start.elapsed() < time {
            std::thread::sleep(Duration::from_secs(1));
            let (now, at) = (store.statistics(), Instant::now());
            let (jobs, groups) = ((now.jobs - last.jobs) as f64, (now.groups - last.groups) as f64);
            let rate = jobs / at.duration_since(seen).as_secs_f64();
            println!(
                "{rate:>8.0} changes/s, {:>6.1} in a group, {} MiB log",
                jobs / groups.max(1.0),
                log_size(path) >> 20
            );
            (last, seen) = (now, at);
        }
        stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for caller in callers {
            all.extend(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok(all)
    })?;
    println!("all: {:.0} changes/s; {}", waits.len() as f64 / time.as_secs_f64(), percentiles(&mut waits));
    let changes = waits.len().max(1) as f64;
    for thread in ["store-committer", "store-checkpoin"] {
        println!("{thread}: {:.0} us of processor a change", thread_time(thread).as_micros() as f64 / changes);
    }
    println!(
        "written: {:.1} KiB a change; resident: {} MiB",
        process_number("io", "write_bytes:") as f64 / 1024.0 / changes,
        process_number("status", "VmRSS:") / 1024
    );
    Ok(())
}

/// One caller, who waits for each change before the next.
fn lone(path: &Path, commits: i64) -> Outcome {
    let store = SqliteStore::open(path, Options::default())?;
    let first = store.reserve_request_ids(u32::try_from(commits)?)?.0;
    let mut waits = Vec::new();
    for id in first..first + commits {
        let change = testkit::store::issue(testkit::request(id));
        let start = Instant::now();
        store.commit(change)?;
        waits.push(start.elapsed());
    }
    println!("commit alone: {}", percentiles(&mut waits));
    println!("fdatasync of 4 KiB appended: {}", percentiles(&mut syncs(path, commits)?));
    Ok(())
}

fn syncs(path: &Path, count: i64) -> Outcome<Vec<Duration>> {
    use std::io::Write;
    let path = path.with_extension("sync");
    let mut file = std::fs::File::create(&path)?;
    let mut waits = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        waits.push(start.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok(waits)
}

/// Events per second, each with the request as it left it, in batches of 256.
fn events_read(path: &Path, wanted: usize) -> Outcome {
    let store = SqliteStore::open(path, Options::default())?;
    while store.event_head()?.0.0 < wanted as u64 {
        let first = store.reserve_request_ids(64)?.0;
        std::thread::scope(|scope| {
            for id in first..first + 64 {
                let store = &store;
                scope.spawn(move || store.commit(testkit::store::issue(testkit::request(id))));
            }
        });
    }
    for round in ["cold", "warm", "warm"] {
        let (start, mut after, mut read) = (Instant::now(), store.event_tail()?.0.0 - 1, 0);
        while read < wanted {
            let batch = store.events(EventId(after), ExitEvents::all(), 256)?;
            let Some((last, _)) = batch.last() else { break };
            after = last.id.0;
            read += batch.len();
        }
        println!("{round}: {:.0} events/s", read as f64 / start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Rows without large parts: 90 % issued, 9 % revoked, the rest denied or pending; a hundred thousand requesters.
fn fill(path: &Path, rows: i64) -> Outcome {
    drop(SqliteStore::open(path, Options::default())?);
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; PRAGMA temp_store = FILE")?;
    let definitions = connection
        .prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'request' AND sql IS NOT NULL",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    for (name, _) in &definitions {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    let start = Instant::now();
    let mut done: i64 = connection.query_row("SELECT coalesce(max(id), 0) FROM request", [], |row| row.get(0))?;
    while done < rows {
        let end = rows.min(done + 500_000);
        connection.execute(FILL, [done + 1, end])?;
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        done = end;
    }
    println!("{rows} rows in {:.0?}", start.elapsed());
    for (name, sql) in &definitions {
        let start = Instant::now();
        connection.execute_batch(sql)?;
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        println!("{name} in {:.0?}", start.elapsed());
    }
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    let mut sizes =
        connection.prepare("SELECT name, sum(pgsize) / 1048576 FROM dbstat GROUP BY name ORDER BY 2 DESC")?;
    let mut found = sizes.query([])?;
    while let Some(row) = found.next()? {
        let (name, size): (String, i64) = (row.get(0)?, row.get(1)?);
        if size > 0 {
            println!("{size:>8} MiB {name}");
        }
    }
    Ok(())
}

/// What [`fill`] writes: numbers ?1 to ?2.
const FILL: &str = "
    INSERT INTO request
    WITH RECURSIVE n (id) AS (SELECT ?1 UNION ALL SELECT id + 1 FROM n WHERE id < ?2),
    kinds AS (SELECT id, CASE WHEN id % 1000 < 900 THEN 20 WHEN id % 1000 < 990 THEN 21 WHEN id % 1000 < 998 THEN 31
                              ELSE 9 END AS disposition, 1767225600000000 + id * 1000000 AS submitted FROM n)
    SELECT id, iif(disposition = 21, 2, 1), disposition, 0, 'Issued', submitted, submitted,
        'EXAMPLE\\user-' || (abs(random()) % 100000), 'EXAMPLE\\enrolment', 256, 4, 'WebServer', '1.2.840.10045.2.1', 256,
        randomblob(20), 'host-' || id || '.example',
        '{\"CommonName\":\"host-' || id || '.example\",\"OrgUnit\":\"Unit ' || (id % 50) || '\",\"Organization\":\"Example\"}',
        'dns:host-' || id || '.example, dns:www.host-' || id || '.example', submitted, submitted + 7776000000000,
        '{}', iif(disposition IN (20, 21), CAST(x'61' || randomblob(15) AS BLOB), NULL), iif(disposition IN (20, 21), randomblob(20), NULL),
        iif(disposition IN (20, 21), 0, NULL), iif(disposition IN (20, 21), 0, NULL),
        iif(disposition IN (20, 21), 'CN=host-' || id || '.example,OU=Unit ' || (id % 50) || ',O=Example', NULL),
        iif(disposition = 21, submitted + 86400000000, NULL), iif(disposition = 21, submitted + 86400000000, NULL),
        iif(disposition = 21, id % 6, NULL), 0, NULL
    FROM kinds";

/// How long each kind of search takes, first page and a page far behind it.
fn searches(path: &Path) -> Outcome {
    let store = SqliteStore::open(path, Options { search_time_max: Duration::from_secs(600), ..Options::default() })?;
    let rows = Connection::open(path)?.query_row("SELECT max(id) FROM request", [], |row| row.get::<_, i64>(0))?;
    let middle = rows / 2;
    let row = store.search(&Search {
        filters: vec![Filter::parse(&format!("RequestID={}", middle / 1000 * 1000 + 5))?],
        limit: 1,
        ..Search::default()
    })?;
    let row = row.rows.first().ok_or("fill the database first")?;
    let serial = row.issued.as_ref().ok_or("the row has no certificate")?.serial;
    let requester = &row.requester;
    let common_name = row.subject_part(pki::NameComponent::CommonName).ok_or("the row has no name")?;
    let not_after = row.not_after.ok_or("the row has no end")?;
    let submitted = row.submitted;
    let cases: &[(&str, Vec<String>, Order)] = &[
        ("newest page", vec![], Order::Newest),
        ("oldest page", vec![], Order::Oldest),
        ("next to expire", vec![format!("NotAfter>={not_after}")], Order::Expiry),
        ("serial number", vec![format!("SerialNumber={serial}")], Order::Newest),
        ("requester", vec![format!("RequesterName={requester}")], Order::Newest),
        ("requester, prefix", vec![format!("RequesterName^={requester}")], Order::Newest),
        ("common name", vec![format!("CommonName={common_name}")], Order::Newest),
        (
            "common name, prefix",
            vec![format!("CommonName^={}", common_name.split('.').next().unwrap_or_default())],
            Order::Newest,
        ),
        ("common name, contains (none)", vec!["CommonName~=nowhere".into()], Order::Newest),
        ("pending", vec!["Disposition=pending".into()], Order::Newest),
        ("denied", vec!["Disposition=denied".into()], Order::Newest),
        ("revoked", vec!["Disposition=revoked".into()], Order::Newest),
        ("issued", vec!["Disposition=issued".into()], Order::Newest),
        ("submitted since", vec![format!("SubmittedWhen>={submitted}")], Order::Newest),
        (
            "submitted in an hour",
            vec![format!("SubmittedWhen>={submitted}"), format!("SubmittedWhen<{}", hour_after(submitted)?)],
            Order::Newest,
        ),
        ("expires before", vec![format!("NotAfter<{not_after}")], Order::Newest),
        (
            "expires in an hour",
            vec![format!("NotAfter>={not_after}"), format!("NotAfter<{}", hour_after(not_after)?)],
            Order::Newest,
        ),
        (
            "expires in an hour, issued",
            vec![
                format!("NotAfter>={not_after}"),
                format!("NotAfter<{}", hour_after(not_after)?),
                "Disposition=issued".into(),
            ],
            Order::Expiry,
        ),
        ("alternative name (none)", vec!["SubjectAltName~=nowhere.example".into()], Order::Newest),
        ("organizational unit", vec!["OU=Unit 7".into()], Order::Newest),
        ("organizational unit (none)", vec!["OU=Unit 77".into()], Order::Newest),
        ("key identifier (none)", vec!["SubjectKeyIdentifier=0102".into()], Order::Newest),
        ("revoked for key compromise", vec!["RevokedReason=1".into()], Order::Newest),
        ("revoked since", vec![format!("RevokedWhen>={submitted}")], Order::Newest),
    ];
    for (what, texts, order) in cases {
        let filters = texts.iter().map(|text| Filter::parse(text)).collect::<Result<Vec<_>, _>>()?;
        let mut search = Search { filters, order: *order, limit: 100, ..Search::default() };
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..3 {
            let start = Instant::now();
            let page = store.search(&search)?;
            times.push(start.elapsed());
            found = page.rows.len();
        }
        let first = times.first().copied().unwrap_or_default();
        let best = times.iter().min().copied().unwrap_or_default();
        let mut deep = Duration::ZERO;
        for _ in 0..20 {
            let start = Instant::now();
            let page = store.search(&search)?;
            deep = start.elapsed();
            let Some(next) = page.next else { break };
            search.after = Some(next);
        }
        println!("{what:<32} {found:>4} rows {first:>10.1?} first {best:>10.1?} again {deep:>10.1?} page 20");
    }
    Ok(())
}

fn hour_after(moment: Timestamp) -> Outcome<Timestamp> {
    Ok(moment.checked_add(jiff::Span::new().hours(1))?)
}

/// How long it takes to list every revocation.
fn sweep(path: &Path) -> Outcome {
    let store = SqliteStore::open(path, Options::default())?;
    let far = "9000-01-01T00:00:00Z".parse::<Timestamp>()?;
    let day = "2026-03-01T00:00:00Z".parse::<Timestamp>()?;
    for (what, changed_since) in [("base", None), ("base", None), ("delta", Some(day)), ("delta, nothing", Some(far))] {
        let filter = RevokedFilter { key: 0, effective_by: far, expired_before: Timestamp::UNIX_EPOCH, changed_since };
        let (start, mut count) = (Instant::now(), 0_u64);
        store.revoked(&filter, &mut |_| {
            count += 1;
            Ok(())
        })?;
        println!("{what}: {count} revocations in {:.2?}", start.elapsed());
    }
    Ok(())
}

fn percentiles(waits: &mut [Duration]) -> String {
    waits.sort_unstable();
    let at = |share: f64| waits.get((waits.len() as f64 * share) as usize).copied().unwrap_or_default();
    format!(
        "p50 {:.2?}, p90 {:.2?}, p99 {:.2?}, p99.9 {:.2?}, max {:.2?}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(0.99999)
    )
}

fn log_size(path: &Path) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(PathBuf::from(name)).map_or(0, |data| data.len())
}

/// A number from one of the files about this process.
fn process_number(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Processor time of the living thread with this name (the first 15 octets of it).
fn thread_time(name: &str) -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    for task in tasks.flatten() {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if read("comm").trim() == name {
            // proc(5): user and system time are the 12th and 13th field after the name, in hundredths of a second.
            let stat = read("stat");
            let after = stat.rsplit(')').next().unwrap_or_default();
            let ticks =
                after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
            return Duration::from_millis(ticks * 10);
        }
    }
    Duration::ZERO
}
