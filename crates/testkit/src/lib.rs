//! Dev only: what tests of several crates share.
//!
//! [`store::conformance`] is the suite that every implementation of [`engine::Store`] runs; [`request()`] makes the rows it
//! writes. [`fault::FaultyStore`] fails the calls of a store in turn, before or after their effect.

pub mod authority;
pub mod fault;
mod fixture;
pub mod recorder;
pub mod store;

pub use fixture::{foreign, minimal, pending, request, revoked, serial};
