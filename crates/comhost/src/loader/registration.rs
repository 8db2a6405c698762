//! Classes that are registered: from a file to the registry, and back.
//!
//! `DllRegisterServer` writes what the module's author thought of, and often no more than ProgIDs: what a class needs to be
//! found by its identifier, and a module by `--progid` alone, is added.

use std::path::Path;

use module::{HResult, ModuleError};

use super::{Registered, bare, platform};
use crate::failure;
use crate::guid::Guid;
use crate::hresult::Status;

/// The key below a class that names its file.
pub(super) const SERVER: &str = "InprocServer32";

/// Lets a file register itself, and says which classes it did.
pub fn register(path: &Path) -> Result<Vec<String>, ModuleError> {
    let (classes, file) = platform::register(path)?;
    if classes.is_empty() {
        let text = format!("{} registers no class: its `DllRegisterServer` wrote no ProgID", path.display());
        return Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text));
    }
    for class in &classes {
        let key = format!(r"CLSID\{}", class.clsid);
        let server = format!(r"{key}\{SERVER}");
        if !platform::class_text(&server, "").is_some_and(|known| platform::is_same_file(&known, &file)) {
            platform::set_text(&server, "", &file)?;
        }
        if platform::class_text(&server, "ThreadingModel").is_none() {
            platform::set_text(&server, "ThreadingModel", "Both")?;
        }
        if platform::class_text(&format!(r"{key}\ProgID"), "").is_none() {
            platform::set_text(&format!(r"{key}\ProgID"), "", &class.prog_id)?;
        }
    }
    Ok(classes.iter().map(shown).collect())
}

/// What became of a file's registration.
pub struct Unregistered {
    /// The classes that are no longer registered.
    pub gone: Vec<String>,
    /// What is another's by now, and was left alone.
    pub left: Vec<String>,
}

/// Lets a file take its registration back, and what was added to it with it. What has become another's since stays: then the file's
/// own `DllUnregisterServer`, which cannot know of that, is not called.
pub fn unregister(path: &Path) -> Result<Unregistered, ModuleError> {
    let registrar = platform::Registrar::open(path)?;
    let classes = registrar.classes()?;
    let text = |key: &str| platform::class_text(key, "");
    let is_file = |known: &str| platform::is_same_file(known, registrar.file());
    let claims: Vec<Claim> = classes.iter().map(|class| Claim::of(class, text, is_file)).collect();
    let left: Vec<String> = claims.iter().filter_map(|claim| claim.left.clone()).collect();
    if left.is_empty() {
        registrar.unregister()?;
    }
    let mut gone = Vec::new();
    for (class, claim) in classes.iter().zip(&claims) {
        if claim.class {
            platform::delete(&format!(r"CLSID\{}", class.clsid))?;
        }
        if claim.name {
            platform::delete(&class.prog_id)?;
            gone.push(shown(class));
        }
    }
    Ok(Unregistered { gone, left })
}

/// What of a class is still the file's that registers it.
struct Claim {
    /// The class.
    class: bool,
    /// Its ProgID.
    name: bool,
    /// What is another's by now.
    left: Option<String>,
}

impl Claim {
    /// By the default values of keys, and by whether a file that one names is the one.
    fn of(class: &Registered, text: impl Fn(&str) -> Option<String>, is_file: impl Fn(&str) -> bool) -> Self {
        let Registered { prog_id, clsid } = class;
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let other_class = filled(text(&format!(r"{prog_id}\CLSID"))).filter(|named| named.parse() != Ok(*clsid));
        let other_file = filled(text(&format!(r"CLSID\{clsid}\{SERVER}"))).filter(|server| !is_file(server));
        let left = match (&other_class, &other_file) {
            (None, None) => None,
            (Some(named), _) => Some(format!("{prog_id} is left alone: by now it names the class {}", named.trim())),
            (None, Some(server)) => {
                Some(format!("{prog_id} and its class {clsid} are left alone: by now they are of {}", server.trim()))
            }
        };
        Self { class: other_file.is_none(), name: other_class.is_none() && other_file.is_none(), left }
    }
}

fn shown(class: &Registered) -> String {
    format!("{} {}", class.prog_id, class.clsid)
}

/// The name that a class found by its identifier has in the registry, without a version; none where it has none.
pub(super) fn prog_id_of(clsid: &Guid) -> Option<String> {
    let name = platform::class_text(&format!(r"CLSID\{clsid}\ProgID"), "")?;
    (!name.trim().is_empty()).then(|| bare(name.trim()).to_owned())
}

/// The error of a class that nobody registered, with what to do about it.
pub(super) fn unregistered(what: &str, code: Status) -> ModuleError {
    let text = format!("{what}: {}", platform::register_hint());
    failure::with_text("looking for the module's class", code, Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_anothers_by_now_is_left_alone() {
        let class = Registered { prog_id: "A.Exit".into(), clsid: Guid::new(1) };
        let (own, other) = (Guid::new(1).to_string(), Guid::new(2).to_string());
        let (named, server) = (r"A.Exit\CLSID", format!(r"CLSID\{own}\InprocServer32"));
        for (name, file, wanted) in [
            (Some(own.as_str()), Some("a.dll"), (true, true, "")),
            (Some(&own.to_lowercase()), Some("a.dll"), (true, true, "")),
            // Half taken back by hand, or by the file itself.
            (None, Some("a.dll"), (true, true, "")),
            (Some(&own), None, (true, true, "")),
            (Some(""), Some(" "), (true, true, "")),
            (Some(&other), Some("a.dll"), (true, false, "A.Exit is left alone: by now it names the class {00000000")),
            (Some("rubbish"), Some("a.dll"), (true, false, "names the class rubbish")),
            (Some(&own), Some("b.dll"), (false, false, "are left alone: by now they are of b.dll")),
            (None, Some("b.dll"), (false, false, "are of b.dll")),
            (Some(&other), Some("b.dll"), (false, false, "names the class")),
        ] {
            let text = |key: &str| match key {
                key if key == named => name.map(str::to_owned),
                key if key == server => file.map(str::to_owned),
                key => unreachable!("{key}"),
            };
            let claim = Claim::of(&class, text, |known| known == "a.dll");
            let left = claim.left.unwrap_or_default();
            assert_eq!((claim.class, claim.name), (wanted.0, wanted.1), "{name:?} {file:?}");
            assert!(left.contains(wanted.2) && left.is_empty() == wanted.2.is_empty(), "{left}");
        }
    }
}
