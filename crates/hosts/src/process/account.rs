//! The account that a module's process runs under.

use std::path::PathBuf;

use module::{HResult, ModuleError};
use nix::unistd::{Gid, Group, Uid, User};

/// Who the process is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// None: as the server.
    pub(super) uid: Option<u32>,
    /// None: as the server.
    pub(super) gid: Option<u32>,
    /// The home folder of the user, where it has one.
    pub(super) home: Option<PathBuf>,
}

impl Account {
    /// Looks the operator's `user` and `group` up, names or numbers. Without a group the user's own counts.
    pub(super) fn find(user: Option<&str>, group: Option<&str>) -> Result<Self, ModuleError> {
        let known = user.map(find_user).transpose()?;
        let gid = match (group, &known) {
            (Some(group), _) => Some(find_group(group)?),
            (None, Some((_, Some(user)))) => Some(user.gid.as_raw()),
            (None, Some((uid, None))) => {
                let text = format!("`user` is {uid}, which is no account of this machine: set `group` too");
                return Err(ModuleError::invalid(text));
            }
            (None, None) => None,
        };
        let (uid, home) = known.map_or((None, None), |(uid, user)| (Some(uid), user.map(|user| user.dir)));
        let account = Self { uid, gid, home };
        account.allowed()?;
        Ok(account)
    }

    /// Only root changes who it is.
    fn allowed(&self) -> Result<(), ModuleError> {
        let (uid, gid) = (Uid::effective(), Gid::effective());
        let same = self.uid.is_none_or(|id| id == uid.as_raw()) && self.gid.is_none_or(|id| id == gid.as_raw());
        if same || uid.is_root() {
            return Ok(());
        }
        let text = format!(
            "the server runs as user {uid} and group {gid}, and only root may start a process as another: leave `user` \
             and `group` out, or start the module through a service of its own"
        );
        Err(ModuleError::new(HResult::E_ACCESSDENIED, text))
    }
}

fn find_user(name: &str) -> Result<(u32, Option<User>), ModuleError> {
    let failed = |error| ModuleError::new(HResult::E_FAIL, format!("the user `{name}` cannot be looked up: {error}"));
    let found = match name.parse() {
        Ok(uid) => return Ok((uid, User::from_uid(Uid::from_raw(uid)).map_err(failed)?)),
        Err(_) => User::from_name(name).map_err(failed)?,
    };
    let missing = || ModuleError::invalid(format!("`user`: there is no user `{name}` on this machine"));
    let user = found.ok_or_else(missing)?;
    Ok((user.uid.as_raw(), Some(user)))
}

fn find_group(name: &str) -> Result<u32, ModuleError> {
    let failed = |error| ModuleError::new(HResult::E_FAIL, format!("the group `{name}` cannot be looked up: {error}"));
    if let Ok(gid) = name.parse() {
        return Ok(gid);
    }
    let missing = || ModuleError::invalid(format!("`group`: there is no group `{name}` on this machine"));
    Ok(Group::from_name(name).map_err(failed)?.ok_or_else(missing)?.gid.as_raw())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn accounts_are_found_by_name_and_number() {
        let nobody = Account::find(None, None).unwrap();
        assert_eq!((nobody.uid, nobody.gid, nobody.home), (None, None, None));
        for (user, group, text) in [
            (Some("no-such-user"), None, "there is no user `no-such-user`"),
            (None, Some("no-such-group"), "there is no group `no-such-group`"),
            (Some("3999999999"), None, "set `group` too"),
        ] {
            let error = Account::find(user, group).unwrap_err();
            assert!(error.message.contains(text), "{error}");
        }
        if Uid::effective().is_root() {
            let root = Account::find(Some("root"), None).unwrap();
            assert_eq!((root.uid, root.gid, Account::find(Some("0"), None)), (Some(0), Some(0), Ok(root.clone())));
        } else {
            let error = Account::find(Some("root"), None).unwrap_err();
            assert_eq!(error.code, HResult::E_ACCESSDENIED);
        }
    }
}
