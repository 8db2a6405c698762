//! `[roles]` to the engine's table.

use std::collections::BTreeMap;

use engine::{Role, RoleTable};

use super::check::Checker;
use crate::config::RolesSection;

/// The kinds of name that front ends vouch for.
const KINDS: [&str; 4] = ["unix", "unix-group", "cert", "cert-sha256"];

/// The table, checked: names of known kinds, an administrator, and nobody whom role separation would lock out.
pub(super) fn table(check: &mut Checker, section: &RolesSection) -> RoleTable {
    let mut members = BTreeMap::new();
    let mut administrative: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (role, key, names) in [
        (Role::Administrator, "roles.administrator", &section.administrator),
        (Role::CertificateManager, "roles.certificate_manager", &section.certificate_manager),
        (Role::Auditor, "roles.auditor", &section.auditor),
        (Role::Operator, "roles.operator", &section.operator),
        (Role::Enrollee, "roles.enrollee", &section.enrollee),
    ] {
        for (index, name) in names.iter().enumerate() {
            self::name(check, &format!("{key}[{index}]"), name);
            if role != Role::Enrollee {
                administrative.entry(name).or_default().push(key);
            }
        }
        members.insert(role, names.iter().cloned().collect());
    }
    if section.administrator.is_empty() {
        check.problem("roles.administrator", "nobody could administer the server");
    }
    if section.separation {
        for (name, keys) in administrative.iter().filter(|(_, keys)| keys.len() > 1) {
            let message = format!("`{name}` is in {}: with separation on it could do nothing", keys.join(" and "));
            check.problem("roles.separation", &message);
        }
    }
    RoleTable { members, separation: section.separation }
}

fn name(check: &mut Checker, key: &str, name: &str) {
    let (kind, rest) = name.split_once(':').unwrap_or(("", name));
    if !KINDS.contains(&kind) || rest.is_empty() {
        let message = format!("`{name}` is not a name; names start with unix:, unix-group:, cert: or cert-sha256:");
        check.problem(key, &message);
    } else if kind == "cert-sha256" && !is_sha256(rest) {
        check.problem(key, &format!("`{rest}` is not a SHA-256 in lower-case hex"));
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
