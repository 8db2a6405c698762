//! Wire protocols to engine calls: the admin API and its client, publication, health and metrics.
//!
//! The crate turns bytes from the network into engine calls and the engine's answers into bytes. It knows no SQL, no
//! keys and no module hosts; it decides nothing that the engine decides, and says who calls only as far as the operating
//! system or TLS vouches for it.
//!
//! Start with [`Frontends::open`]: it binds the listeners ([`listen`]), gives them their routes ([`admin`],
//! `publication`, `health`), and serves them until it is told to stop. [`model`] is the JSON of the admin API, [`client`]
//! its other end. Engine calls block; they run behind a turnstile ([`Calls`]), so that a crowd is answered 503 and not
//! kept waiting. The caller's right is checked before a byte of the body is read.

pub mod admin;
mod calls;
pub mod client;
mod crl_bytes;
mod frontends;
mod heads;
mod health;
mod limits;
pub mod listen;
mod metrics;
pub mod model;
mod peer;
pub mod problem;
mod publication;
mod stream_body;

pub use calls::Calls;
pub use frontends::{BoundAddresses, Frontends, OpenError, Setup};
pub use limits::Limits;
pub use peer::{Peer, this_user};
