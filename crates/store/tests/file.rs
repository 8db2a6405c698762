//! What only a database that is a file can show: who may open it, and what is refused.
#![allow(clippy::panic, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::StoreError;
use engine::store::{Change, Filter, Search, Store};
use module::RequestId;
use rusqlite::Connection;
use store::{Options, SqliteStore};
use tempfile::TempDir;

fn database() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory for the test");
    let path = directory.path().join("ca.db");
    (directory, path)
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Options::default()).expect("the database opens")
}

fn refusal(outcome: Result<SqliteStore, StoreError>) -> StoreError {
    match outcome {
        Err(error) => error,
        Ok(_) => panic!("the database must not open"),
    }
}

#[test]
fn one_server_at_a_time() {
    let (_directory, path) = database();
    let first = open(&path);
    let error = refusal(SqliteStore::open(&path, Options::default()));
    let process = format!("process {} has the database open", std::process::id());
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains(&process)), "{error}");
    drop(first);
    drop(open(&path));
}

#[test]
fn nobody_else_may_read_it() {
    let (directory, path) = database();
    let store = open(&path);
    store.commit(testkit::store::issue(testkit::request(1))).expect("issued");
    for entry in directory.path().read_dir().expect("the directory").map(|entry| entry.expect("an entry")) {
        let mode = entry.metadata().expect("its state").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn it_is_one_file_when_closed() {
    let (directory, path) = database();
    let store = open(&path);
    store.commit(testkit::store::issue(testkit::request(1))).expect("issued");
    store.request(RequestId(1)).expect("an answer");
    drop(store);
    let files = directory.path().read_dir().expect("the directory").map(|entry| entry.expect("an entry").file_name());
    let mut files: Vec<_> = files.collect();
    files.sort_unstable();
    assert_eq!(files, ["ca.db", "ca.db.lock"], "the log was moved into the file");
}

#[test]
fn tools_read_beside_a_server() {
    let (_directory, path) = database();
    assert!(matches!(refusal(SqliteStore::open_read_only(&path, Options::default())), StoreError::Unavailable(_)));
    let server = open(&path);
    server.commit(testkit::store::issue(testkit::request(1))).expect("issued");
    let tool = SqliteStore::open_read_only(&path, Options::default()).expect("a tool may read");
    assert_eq!(tool.request(RequestId(1)).expect("an answer"), Some(testkit::request(1)));
    server.commit(testkit::store::issue(testkit::request(2))).expect("issued");
    assert_eq!(tool.request(RequestId(2)).expect("an answer"), Some(testkit::request(2)), "it sees what is new");
    for outcome in [
        tool.commit(Change::default()).map(drop),
        tool.reserve_request_ids(1).map(drop),
        tool.new_crl_body().map(drop),
        tool.prune_events(module::EventId(1), 1).map(drop),
    ] {
        assert!(matches!(&outcome, Err(StoreError::Unavailable(why)) if why.contains("reading only")), "{outcome:?}");
    }
    drop(server);
    testkit::store::sound(&tool);
    drop(tool);
    let tool = SqliteStore::open_read_only(&path, Options::default()).expect("also without a server");
    assert_eq!(tool.request(RequestId(2)).expect("an answer"), Some(testkit::request(2)));
}

#[test]
fn a_copy_is_a_database() {
    let (directory, path) = database();
    let store = open(&path);
    for id in 1..=50 {
        store.commit(testkit::store::issue(testkit::request(id))).expect("issued");
    }
    let copy = directory.path().join("copy.db");
    store.copy_to(&copy).expect("copied");
    store.commit(testkit::store::issue(testkit::request(51))).expect("the server goes on");
    assert_eq!(copy.metadata().expect("its state").permissions().mode() & 0o777, 0o600);
    let outcome = store.copy_to(&copy);
    assert!(matches!(&outcome, Err(StoreError::Unavailable(why)) if why.contains("exists")), "{outcome:?}");
    assert!(store.copy_to(Path::new("/nonexistent/copy.db")).is_err());
    let left: Vec<_> =
        directory.path().read_dir().expect("the directory").flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".part")), "{left:?}");

    let restored = open(&copy);
    assert_eq!(restored.request(RequestId(50)).expect("an answer"), Some(testkit::request(50)));
    assert_eq!(restored.request(RequestId(51)).expect("an answer"), None);
    testkit::store::sound(&restored);
    assert_eq!(restored.event_head().expect("the head").0.0, 50);
    restored.commit(testkit::store::issue(testkit::request(60))).expect("it can be written");
}

#[test]
fn what_is_not_ours_is_refused() {
    let (_directory, path) = database();
    drop(open(&path));
    let connection = Connection::open(&path).expect("SQLite opens it");
    connection.pragma_update(None, "user_version", 1000).expect("set");
    drop(connection);
    for outcome in
        [SqliteStore::open(&path, Options::default()), SqliteStore::open_read_only(&path, Options::default())]
    {
        let error = refusal(outcome);
        assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("a newer server wrote it")), "{error}");
    }

    let (_directory, path) = database();
    Connection::open(&path).expect("SQLite opens it").execute_batch("CREATE TABLE t (a)").expect("a table");
    let error = refusal(SqliteStore::open(&path, Options::default()));
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("another program")), "{error}");

    let (_directory, path) = database();
    std::fs::write(&path, vec![0x5a; 100_000]).expect("written");
    let error = refusal(SqliteStore::open(&path, Options::default()));
    assert!(matches!(&error, StoreError::Corrupt(why) if why.contains("restore the last backup")), "{error}");

    let error = refusal(SqliteStore::open(Path::new("/nonexistent/ca.db"), Options::default()));
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("/nonexistent/ca.db")), "{error}");
}

#[test]
fn a_search_that_takes_too_long_is_ended() {
    let (_directory, path) = database();
    let hasty = Options { search_time_max: Duration::ZERO, ..Options::default() };
    let store = SqliteStore::open(&path, hasty).expect("the database opens");
    let requests = (1..=5000).map(testkit::request).collect();
    store.commit(Change { requests, ..Change::default() }).expect("stored");
    let filters = vec![Filter::parse("SubjectAltName~=nowhere").expect("a filter")];
    let scan = Search { filters, limit: 10, ..Search::default() };
    for _ in 0..20 {
        let outcome = store.search(&scan);
        assert!(matches!(&outcome, Err(StoreError::Unavailable(why)) if why.contains("too long")), "{outcome:?}");
    }
    let page = store.search(&Search { limit: 10, ..Search::default() }).expect("what an index answers is quick");
    assert_eq!(page.rows.len(), 10);
    testkit::store::sound(&store);
}

#[test]
fn a_database_of_the_first_schema_is_brought_up_to_date() {
    let (_directory, path) = database();
    let connection = Connection::open(&path).expect("SQLite opens it");
    connection.execute_batch(include_str!("../src/sqlite/schema/1.sql")).expect("the first schema");
    connection
        .execute_batch(
            "INSERT INTO module VALUES ('m', 'k', 'exit', '{}', '{}', 1, 0, 0, 0);
             PRAGMA application_id = 0x45786e74; PRAGMA user_version = 1;",
        )
        .expect("a module of then");
    drop(connection);
    let modules = open(&path).modules().expect("an answer");
    let versions: Vec<_> = modules.iter().map(|module| (module.name.as_str(), module.versions.number)).collect();
    assert_eq!(versions, [("m", 1)]);
}

#[test]
fn damage_is_found() {
    let (_directory, path) = database();
    let store = open(&path);
    for id in 1..=20 {
        store.commit(testkit::store::issue(testkit::request(id))).expect("issued");
        store.commit(testkit::store::issue(testkit::revoked(id, 1))).expect("revoked");
    }
    drop(store);
    let harm = [
        ("DELETE FROM event WHERE id = 7", "events are missing"),
        ("DELETE FROM audit WHERE id = 40; DELETE FROM audit WHERE id = 3", "audit entries are missing"),
        ("DELETE FROM request_history WHERE id = 3", "reports request 3 at version 1, which is gone"),
        ("DELETE FROM request_body WHERE id = 5", "request 5 has no large parts"),
        ("UPDATE request SET version = 1 WHERE id = 6", "the history of request 6"),
        ("UPDATE sequence SET reserved = 3", "request 20 lies above"),
        (
            "INSERT INTO module VALUES ('m', 'k', 'exit', '{}', '{}', 1, 0, 0, 99, '{}')",
            "module m has dealt with event 99, and there are only 40",
        ),
        ("PRAGMA foreign_keys = OFF; INSERT INTO crl_chunk VALUES (77, 0, x'00')", "crl_body that is not there"),
    ];
    for (sql, _) in harm {
        Connection::open(&path).expect("SQLite opens it").execute_batch(sql).expect("harmed");
    }
    let store = SqliteStore::open_read_only(&path, Options::default()).expect("it can still be read");
    let wrong = store.check(&mut |_, _| {}).expect("checked");
    for (sql, finding) in harm {
        assert!(wrong.iter().any(|text| text.contains(finding)), "{sql}: {wrong:#?}");
    }
}
