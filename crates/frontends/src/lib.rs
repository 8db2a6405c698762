//! Wire protocols to engine calls: the admin API and its client, publication, health and metrics.

pub mod admin;
mod calls;
pub mod client;
mod limits;
pub mod listen;
pub mod model;
mod peer;
pub mod problem;

pub use calls::Calls;
pub use limits::Limits;
pub use peer::{Peer, this_user};
