//! `[roles]` to the engine's table.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Role, RoleTable};

use super::check::Checker;
use crate::config::RolesSection;

/// The kinds of name that front ends vouch for.
const KINDS: [&str; 4] = ["unix", "unix-group", "cert", "cert-sha256"];

/// The table, checked: names of known kinds, an administrator, and nobody whom role separation would lock out.
pub(super) fn table(check: &mut Checker, section: &RolesSection) -> RoleTable {
    let mut members = BTreeMap::new();
    let mut administrative: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (role, key, names) in [
        (Role::Administrator, "roles.administrator", &section.administrator),
        (Role::CertificateManager, "roles.certificate_manager", &section.certificate_manager),
        (Role::Auditor, "roles.auditor", &section.auditor),
        (Role::Operator, "roles.operator", &section.operator),
        (Role::Enrollee, "roles.enrollee", &section.enrollee),
    ] {
        let mut held = BTreeSet::new();
        for (index, name) in names.iter().enumerate() {
            let name = self::name(check, &format!("{key}[{index}]"), name);
            if role != Role::Enrollee {
                administrative.entry(name.clone()).or_default().push(key);
            }
            held.insert(name);
        }
        members.insert(role, held);
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

/// The name as front ends write it: the subject of a certificate may be spelt in every way of RFC 4514.
fn name(check: &mut Checker, key: &str, name: &str) -> String {
    let (kind, rest) = name.split_once(':').unwrap_or(("", name));
    if !KINDS.contains(&kind) || rest.is_empty() {
        let message = format!("`{name}` is not a name; names start with unix:, unix-group:, cert: or cert-sha256:");
        check.problem(key, &message);
    } else if kind == "cert-sha256" && !is_sha256(rest) {
        check.problem(key, &format!("`{rest}` is not a SHA-256 in lower-case hex"));
    } else if kind == "cert" {
        match pki::Name::parse(rest) {
            Ok(subject) => return format!("cert:{subject}"),
            Err(error) => check.problem(key, &error.to_string()),
        }
    }
    name.to_owned()
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_spelt_as_front_ends_spell_them() {
        let section = RolesSection {
            administrator: vec!["cert:cn = Alice , O=Example".into(), "unix:#1000".into()],
            ..RolesSection::default()
        };
        let mut check = Checker::new("");
        let table = table(&mut check, &section);
        assert_eq!(check.problems(), []);
        let held: Vec<&str> = table.members.values().flatten().map(String::as_str).collect();
        assert_eq!(held, ["cert:CN=Alice,O=Example", "unix:#1000"]);
    }

    #[test]
    fn names_of_no_kind_are_refused() {
        for name in ["root", "unix:", "user:x", "cert:nonsense", "cert-sha256:AB", ""] {
            let section = RolesSection { administrator: vec![name.into()], ..RolesSection::default() };
            let mut check = Checker::new("");
            table(&mut check, &section);
            assert_eq!(check.problems().len(), 1, "{name}");
        }
    }
}
