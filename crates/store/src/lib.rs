//! SQL to the engine's [`Store`](engine::Store).
//!
//! [`SqliteStore`] keeps everything in one SQLite file. Start reading at `sqlite/committer.rs`: one thread owns the
//! writing connection and writes what has gathered as one database transaction; `apply.rs` says what one change becomes;
//! the remaining files answer one kind of question each, on a pool of reading connections.
//!
//! The crate knows rows and transactions. It does not know what a request means: which change follows which is the
//! engine's affair, and no secret ever comes here.

mod body;
mod error;
mod sqlite;

pub use sqlite::{Options, SqliteStore, Statistics};
