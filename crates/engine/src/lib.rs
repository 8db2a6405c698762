//! The certification authority.
mod authority;
pub mod chain;
mod error;
pub mod moment;
mod request;
mod signer;
pub mod store;
mod world;

pub use authority::{Authorised, Caller, Right, Role, RoleTable, right};
pub use error::Error;
pub use request::{Issued, KeySummary, Request, RequestBody, Revocation};
pub use signer::{Signer, SignerError};
pub use store::{Store, StoreError};
pub use world::{Clock, Files, Random, Scratch, World};
