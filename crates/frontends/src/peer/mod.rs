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

/// The user this process runs as, by the name that a Unix socket gives it: `unix:alice`. May block.
pub fn this_user() -> String {
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    Accounts::default().caller(user.as_raw(), group.as_raw()).name.clone()
}
