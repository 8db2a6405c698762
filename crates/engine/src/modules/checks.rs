//! What is looked at before a module is installed or changed.

use module::{Manifest, Role, Settings};
use serde_json::json;

use crate::Error;
use crate::store::{ModuleOptions, Package, Version};

pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !name.starts_with(['.', '-']);
    if fits {
        return Ok(());
    }
    Err(Error::refused(format!("`{name}` is no name for a module; take letters, digits, `.`, `_` and `-`, at most 64")))
}

pub(super) fn check_options(options: &ModuleOptions) -> Result<(), Error> {
    let ModuleOptions { workers, timeout_ms, attempts_max, retry_ms_min, retry_ms_max, inline: _, digest: _ } =
        *options;
    for (name, value, least, most) in [
        ("workers", u64::from(workers), 1, 64),
        ("timeout_ms", timeout_ms, 1, 3_600_000),
        ("attempts_max", u64::from(attempts_max), 1, 1_000_000),
        ("retry_ms_min", retry_ms_min, 1, 86_400_000),
        ("retry_ms_max", retry_ms_max, retry_ms_min, 86_400_000),
    ] {
        if !(least..=most).contains(&value) {
            return Err(Error::refused(format!("{name} is {value}; it must be between {least} and {most}")));
        }
    }
    Ok(())
}

/// The manifest of a package, which must be one for this kind and role.
pub(super) fn manifest(package: &Package, kind: &str, role: Role) -> Result<Option<Manifest>, Error> {
    let Some(manifest) = package.manifest()? else { return Ok(None) };
    if manifest.kind != kind || manifest.role != role {
        let (is, its) = (&manifest.kind, word(manifest.role));
        let role = word(role);
        return Err(Error::refused(format!(
            "the manifest is that of a module of the role {its} and the kind `{is}`, and this is one of the role {role} and the \
             kind `{kind}`: add it under another name"
        )));
    }
    Ok(Some(manifest))
}

/// Settings by the names they have among those of their kind.
pub(super) fn qualified<'a>(
    manifest: Option<&Manifest>,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = (String, String)> {
    settings.map(move |(name, value)| (qualified_name(manifest, name), value.to_owned()))
}

/// Sets these, and takes away those without a value. Returns their names.
pub(super) fn set_all(
    settings: &mut Settings,
    manifest: Option<&Manifest>,
    changes: Vec<(String, Option<String>)>,
) -> Vec<String> {
    let set = |(name, value): (String, Option<String>)| {
        let name = qualified_name(manifest, &name);
        match value {
            Some(value) => settings.set(name.clone(), value),
            None => settings.unset(&name),
        }
        name
    };
    changes.into_iter().map(set).collect()
}

/// What the audit trail says of a version of a module, and what else it says.
pub(super) fn version_detail<const N: usize>(
    module: &str,
    version: &Version,
    more: [(&str, serde_json::Value); N],
) -> serde_json::Value {
    let manifest = version.package.manifest().ok().flatten();
    let code = version.package.code.as_ref();
    let facts = [
        ("module", json!(module)),
        ("kind", json!(version.kind)),
        ("number", json!(version.number)),
        ("name", json!(manifest.as_ref().map(|manifest| manifest.name.as_str()))),
        ("version", json!(manifest.as_ref().map(|manifest| manifest.version.as_str()))),
        ("file", json!(code.map(|code| code.path.to_string_lossy()))),
        ("sha256", json!(code.map(|code| code.sha256.as_str()))),
    ];
    facts.into_iter().chain(more).map(|(name, fact)| (name.to_owned(), fact)).collect()
}

fn qualified_name(manifest: Option<&Manifest>, name: &str) -> String {
    manifest.map_or_else(|| name.to_owned(), |manifest| manifest.qualified(name))
}

const fn word(role: Role) -> &'static str {
    match role {
        Role::Exit => "exit",
        Role::Policy => "policy",
    }
}
