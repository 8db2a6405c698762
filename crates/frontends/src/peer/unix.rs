//! Callers behind a Unix socket: the operating system names the user, the account database the groups.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Caller;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use parking_lot::Mutex;

/// How long what the account database said is believed.
const KEPT: Duration = Duration::from_secs(60);
/// Callers remembered at once.
const KEPT_MAX: usize = 1_024;

/// The account database, with a short memory: asking it can take a directory server's time.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// By user and group.
    known: Mutex<HashMap<(u32, u32), Known>>,
}

/// What the account database said, and when.
type Known = (Instant, Arc<Caller>);

impl Accounts {
    /// The caller with these effective ids, where they were looked up lately.
    pub(crate) fn known(&self, uid: u32, gid: u32) -> Option<Arc<Caller>> {
        let known = self.known.lock();
        let (since, caller) = known.get(&(uid, gid))?;
        (since.elapsed() < KEPT).then(|| Arc::clone(caller))
    }

    /// The caller with these effective ids. May block.
    pub(crate) fn caller(&self, uid: u32, gid: u32) -> Arc<Caller> {
        if let Some(caller) = self.known(uid, gid) {
            return caller;
        }
        let caller = Arc::new(look_up(uid, gid));
        let mut known = self.known.lock();
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert((uid, gid), (Instant::now(), Arc::clone(&caller)));
        caller
    }
}

/// `unix:alice` with `unix-group:staff` for each group of the user and for the process's own group. Ids that the account
/// database does not know, or that it cannot be asked about, stay numbers: `unix:#1000`.
fn look_up(uid: u32, gid: u32) -> Caller {
    let user = User::from_uid(Uid::from_raw(uid)).unwrap_or_else(|error| {
        tracing::warn!("user {uid} cannot be looked up: {error}");
        None
    });
    let mut groups = vec![Gid::from_raw(gid)];
    if let Some(user) = &user
        && let Ok(name) = CString::new(user.name.as_bytes())
    {
        match getgrouplist(&name, user.gid) {
            Ok(found) => groups.extend(found),
            Err(error) => tracing::warn!("the groups of {} cannot be looked up: {error}", user.name),
        }
    }
    groups.sort_unstable_by_key(|gid| gid.as_raw());
    groups.dedup();
    let group = |gid: Gid| match Group::from_gid(gid) {
        Ok(Some(group)) => format!("unix-group:{}", group.name),
        Ok(None) => format!("unix-group:#{gid}"),
        Err(error) => {
            tracing::warn!("group {gid} cannot be looked up: {error}");
            format!("unix-group:#{gid}")
        }
    };
    let name = user.map_or_else(|| format!("unix:#{uid}"), |user| format!("unix:{}", user.name));
    Caller { name, groups: groups.into_iter().map(group).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn users_have_names_and_strangers_numbers() {
        let accounts = Accounts::default();
        let root = accounts.caller(0, 0);
        assert_eq!(root.name, "unix:root");
        assert!(root.groups.contains(&"unix-group:root".to_owned()), "{:?}", root.groups);
        assert!(Arc::ptr_eq(&root, &accounts.caller(0, 0)));
        let stranger = accounts.caller(3_999_999_001, 3_999_999_002);
        assert_eq!(stranger.name, "unix:#3999999001");
        assert_eq!(stranger.groups, ["unix-group:#3999999002"]);
    }
}
