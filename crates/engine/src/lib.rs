//! The certification authority: it takes requests, asks a policy module what to do, signs, stores, revokes, publishes
//! CRLs, and tells exit modules what happened.
//!
//! Start with [`Engine::submit`] in `submit.rs`: the path of a request, top to bottom. What it uses comes in the order of
//! the path: `accept` (format, proof of possession, defaults), `policies` (the chain of policy modules), `compose` (the
//! to-be-signed certificate and its limits), `issue` (lint, sign, verify), and one [`Store::commit`] with the event.
//! `revoke`, `amend`, `import`, `install` and `crl` have the same form as the request's path: check, decide, compose, sign
//! where needed, one commit with its event and its audit entry. `optimistic` is what they do where somebody else was faster.
//!
//! `exits` carries events to exit modules. `modules` installs and changes modules while the server runs, and `trial` tries
//! their next versions on a share of the requests.
//!
//! The crate has no I/O of its own and runs no executor. The database ([`Store`]), keys ([`Signer`]), modules
//! ([`ModuleLoader`]) and the time, randomness and files ([`World`]) are traits, so that every call through them can be
//! failed in a test. Whoever calls the engine first has the caller's right checked: a right is a value
//! ([`Authorised`]) that only [`RoleTable::authorise`] makes.

mod accept;
mod amend;
mod audit;
mod ca;
mod ca_files;
pub mod chain;
mod check;
mod compose;
mod config;
mod crl;
mod engine;
mod error;
mod exits;
mod extensions;
mod failure;
mod import;
mod install;
mod issue;
pub mod location;
mod metrics;
mod modules;
mod optimistic;
mod policies;
mod publication;
mod request;
mod retrieve;
mod revoke;
mod roles;
pub mod sanitize;
mod schedule;
mod signer;
mod site;
pub mod store;
mod submit;
mod told;
mod trial;
mod view;
mod world;

pub use audit::{Act, AuditReport, verify_trail};
pub use ca::{Ca, Installed, Issuer};
pub use check::check_database;
pub use config::{Config, CrlConfig};
pub use crl::{CrlPublication, CrlReader, PublishFlags};
pub use engine::{Counters, Engine, Opening};
pub use error::Error;
pub use exits::{LoadedExit, ModuleLoader, ModuleState, Notice};
pub use import::ImportOptions;
pub use install::install_offline;
pub use metrics::{EngineMetrics, ModuleMetrics};
pub use modules::{ModuleStatus, NewModule, NewVersion, StartFrom, TrialOrder};
pub use policies::LoadedPolicy;
pub use request::{Issued, KeySummary, Request, RequestBody, Revocation};
pub use roles::{Authorised, Caller, Right, Role, RoleTable, right};
pub use signer::{Signer, SignerError};
pub use store::{Store, StoreError};
pub use submit::{Outcome, Submission};
pub use told::ToldEvent;
pub use trial::TrialStatus;
pub use world::{Clock, Files, Random, Scratch, World};
