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

/// Lets a file take its registration back, and what was added to it with it.
pub fn unregister(path: &Path) -> Result<Vec<String>, ModuleError> {
    let (classes, file) = platform::unregister(path)?;
    for class in &classes {
        let key = format!(r"CLSID\{}", class.clsid);
        // Another file may have taken the class over.
        let taken = platform::class_text(&format!(r"{key}\{SERVER}"), "");
        if taken.is_none_or(|known| platform::is_same_file(&known, &file)) {
            platform::delete(&key)?;
            platform::delete(&class.prog_id)?;
        }
    }
    Ok(classes.iter().map(shown).collect())
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
