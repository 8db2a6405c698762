//! Who may do what. A checked right is a value; what needs the right takes the value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A role of the classic service. Reading needs any role but enrollee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Manages the certification authority: modules, configuration, CRLs.
    Administrator,
    /// Manages certificates: approves, denies, revokes, imports.
    CertificateManager,
    /// Reads the audit trail.
    Auditor,
    /// Backs up, restores and stops the server.
    Operator,
    /// Requests certificates.
    Enrollee,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Administrator, Self::CertificateManager, Self::Auditor, Self::Operator, Self::Enrollee];

    /// The name in configuration and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::CertificateManager => "certificate-manager",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Enrollee => "enrollee",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| Error::refused(format!("`{text}` is not a role")))
    }
}

/// Who calls: the name the front end has authenticated, and the groups it vouches for.
///
/// Names carry their kind: `unix:alice`, `unix-group:pki`, `cert:CN=Alice,O=Example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The authenticated name.
    pub name: String,
    /// Groups the caller belongs to, in the same notation.
    pub groups: Vec<String>,
}

impl Caller {
    /// The server itself: scheduled work.
    pub fn server() -> Self {
        Self { name: "server".into(), groups: Vec::new() }
    }
}

/// Which names hold which role, and whether one name may hold several.
#[derive(Clone, Debug, Default)]
pub struct RoleTable {
    /// The names (of users or groups) that hold each role.
    pub members: BTreeMap<Role, BTreeSet<String>>,
    /// Refuse every administrative act of a caller who holds more than one of the roles administrator, certificate
    /// manager, auditor and operator (`CERTSRV_E_ROLECONFLICT`).
    pub separation: bool,
}

impl RoleTable {
    /// The roles a caller holds.
    pub fn roles(&self, caller: &Caller) -> BTreeSet<Role> {
        let names = std::iter::once(&caller.name).chain(&caller.groups);
        let holds = |role: &Role| {
            self.members.get(role).is_some_and(|members| names.clone().any(|name| members.contains(name)))
        };
        Role::ALL.into_iter().filter(holds).collect()
    }

    /// The proof that `caller` holds the right `R`, or why not.
    pub fn authorise<R: Right>(&self, caller: &Caller) -> Result<Authorised<R>, Error> {
        let mut roles = self.roles(caller);
        if self.separation && roles.iter().filter(|role| **role != Role::Enrollee).count() > 1 {
            // Nor may they lend anything to the acts that are left: requesting for others, seeing others' requests.
            roles.retain(|role| *role == Role::Enrollee);
            if R::ADMINISTRATIVE || roles.is_empty() {
                return Err(Error::RoleConflict(caller.name.clone()));
            }
        }
        if !R::ROLES.iter().any(|role| roles.contains(role)) {
            let needed = R::ROLES.iter().map(|role| role.name()).collect::<Vec<_>>().join(" or ");
            return Err(Error::AccessDenied(format!("{} does not hold the role {needed}", caller.name)));
        }
        Ok(Authorised { caller: caller.clone(), roles, right: PhantomData })
    }
}

/// Something a role allows.
pub trait Right {
    /// Any of these roles suffices.
    const ROLES: &'static [Role];
    /// Whether role separation applies.
    const ADMINISTRATIVE: bool = true;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|+ $(, $separate:literal)?;)*) => {
        /// The rights, each a type.
        pub mod right {
            use super::{Right, Role};
            $($(#[$doc])* #[derive(Clone, Copy, Debug)] pub struct $name;
              impl Right for $name {
                  const ROLES: &'static [Role] = &[$(Role::$role),+];
                  $(const ADMINISTRATIVE: bool = $separate;)?
              })*
        }
    };
}

rights! {
    /// Modules, configuration, CRL publication, CA certificates.
    Administer: Administrator;
    /// Approve, deny, amend, revoke, release, import.
    ManageCertificates: CertificateManager;
    /// Read the audit trail.
    Audit: Auditor;
    /// Back up and stop.
    Operate: Operator | Administrator;
    /// Read requests, certificates, CRLs, modules and events.
    Read: Administrator | CertificateManager | Auditor | Operator;
    /// Submit a request, and fetch its certificate.
    Enrol: Enrollee | CertificateManager, false;
}

/// Proof that a caller holds a right. Only [`RoleTable::authorise`] makes one.
#[derive(Debug)]
pub struct Authorised<R> {
    caller: Caller,
    roles: BTreeSet<Role>,
    right: PhantomData<R>,
}

impl<R> Authorised<R> {
    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether the caller also holds this role.
    pub fn holds(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

impl<R> Clone for Authorised<R> {
    fn clone(&self) -> Self {
        Self { caller: self.caller.clone(), roles: self.roles.clone(), right: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn table(separation: bool) -> RoleTable {
        let members = [
            (Role::Administrator, vec!["unix:root", "unix:both"]),
            (Role::CertificateManager, vec!["unix-group:officers", "unix:both"]),
            (Role::Enrollee, vec!["unix:both", "unix:web"]),
        ];
        let members =
            members.into_iter().map(|(role, names)| (role, names.into_iter().map(str::to_owned).collect())).collect();
        RoleTable { members, separation }
    }

    fn caller(name: &str, groups: &[&str]) -> Caller {
        Caller { name: name.into(), groups: groups.iter().map(|group| (*group).to_owned()).collect() }
    }

    #[test]
    fn rights_follow_roles_of_user_and_group() {
        let table = table(false);
        assert!(table.authorise::<right::Administer>(&caller("unix:root", &[])).is_ok());
        assert!(table.authorise::<right::ManageCertificates>(&caller("unix:root", &[])).is_err());
        assert!(table.authorise::<right::ManageCertificates>(&caller("unix:eve", &["unix-group:officers"])).is_ok());
        assert!(table.authorise::<right::Read>(&caller("unix:web", &[])).is_err());
        assert!(table.authorise::<right::Enrol>(&caller("unix:web", &[])).is_ok());
    }

    #[test]
    fn separation_refuses_every_administrative_act_of_two_roles_but_not_enrolment() {
        let both = caller("unix:both", &[]);
        assert!(table(false).authorise::<right::Administer>(&both).is_ok());
        let separated = table(true);
        assert!(matches!(separated.authorise::<right::Administer>(&both), Err(Error::RoleConflict(_))));
        assert!(matches!(separated.authorise::<right::Read>(&both), Err(Error::RoleConflict(_))));
        let enrolling = separated.authorise::<right::Enrol>(&both).unwrap();
        assert!(enrolling.holds(Role::Enrollee) && !enrolling.holds(Role::CertificateManager));
        let officer_too = caller("unix:root", &["unix-group:officers"]);
        assert!(matches!(separated.authorise::<right::Enrol>(&officer_too), Err(Error::RoleConflict(_))));
    }
}
