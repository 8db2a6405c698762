//! The certification authority.
mod authority;
mod ca;
mod config;
mod crl;
pub mod location;
pub mod sanitize;
pub mod chain;
mod error;
mod request;
mod signer;
pub mod store;
mod world;

pub use authority::{Authorised, Caller, Right, Role, RoleTable, right};
pub use ca::{Ca, Installed, Issuer};
pub use config::{Config, CrlConfig};
pub use error::Error;
pub use request::{Issued, KeySummary, Request, RequestBody, Revocation};
pub use signer::{Signer, SignerError};
pub use store::{Store, StoreError};
pub use world::{Clock, Files, Random, Scratch, World};
