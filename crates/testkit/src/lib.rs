//! Dev only: what tests of several crates share.
//!
//! [`store::conformance`] is the suite that every implementation of [`engine::Store`] runs; [`request()`] makes the rows it
//! writes. [`fault::FaultyStore`] fails the calls of a store in turn, before or after their effect.
//!
//! [`ca`] makes requests, good and bad, and is a small CA; [`standards`] has software of others judge what a CA hands out;
//! [`tools`] runs that software. [`mod@torture`] has modules misbehave, of whatever kind.
//!
//! [`authority`] is a whole authority; [`recorder`] and [`batches`] are exit modules that remember what they were told.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "what tests are made of may panic")]

pub mod authority;
pub mod batches;
pub mod ca;
pub mod conformance;
pub mod fault;
mod fixture;
pub mod recorder;
pub mod standards;
pub mod store;
pub mod tools;
pub mod torture;

pub use fixture::{foreign, minimal, pending, request, revoked, serial};
