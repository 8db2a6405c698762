//! Who is at the other end of a connection.

mod certificate;
mod unix;

use std::sync::Arc;

use engine::Caller;

pub(crate) use certificate::caller as caller_of_certificate;
pub(crate) use unix::Accounts;

/// The authenticated peer of a connection: every request on it carries this among its extensions.
#[derive(Clone, Debug)]
pub struct Peer(pub Arc<Caller>);
