//! Exeunt as one process: configuration, assembly, start and stop, and the command line.
//!
//! | Here | What it is |
//! |---|---|
//! | [`config`] | the file `exeunt.toml`: parse, resolve |
//! | [`folder`] | the data folder, and the lock that keeps a second server out of it |
//! | [`init`] | a new certification authority: folder, key, certificate, database, configuration |
//! | [`server`] | open: keys, database, modules, engine, listeners; run; stop |
//! | [`loader`] | module kinds behind their guard, for the engine |
//! | [`offline`] | what can be done while no server runs |
//! | [`world`] | the clock, randomness and files the engine touches |
//! | [`mod@bench`] | what this machine does, each figure beside its baseline |
//! | [`cli`] | the commands, one file for each noun |
//!
//! The crate holds no rule of the certification authority: it puts together what the others are.

pub mod bench;
pub mod cli;
pub mod config;
pub mod error;
pub mod folder;
pub mod init;
pub mod loader;
pub mod log;
pub mod offline;
pub mod server;
pub mod service;
pub mod world;

pub use error::Error;
