//! The SQLite store runs the suite that every store runs.

use engine::store::Store;
use store::{Options, SqliteStore};

#[test]
fn sqlite_keeps_the_promises_of_every_store() {
    testkit::store::conformance(|| {
        let directory = tempfile::tempdir().expect("a directory for the test");
        move || {
            let store = SqliteStore::open(&directory.path().join("ca.db"), Options::default());
            Box::new(store.expect("the database opens")) as Box<dyn Store>
        }
    });
}
