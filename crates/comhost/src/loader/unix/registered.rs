//! Registered classes: the registry names the file.

use std::path::{Path, PathBuf};

use module::ModuleError;

use super::super::registration::{SERVER, prog_id_of, unregistered};
use super::super::{Registered, Wanted};
use super::table;
use crate::guid::Guid;
use crate::hresult;
use crate::registry::RegistryValue;
use crate::registry::files::{self, Root, error};

/// The class that the operator named, and its file.
pub(super) fn find(wanted: &Wanted) -> Result<(Registered, PathBuf), ModuleError> {
    let class = match (&wanted.clsid, &wanted.prog_id) {
        (Some(clsid), _) => {
            Registered { prog_id: prog_id_of(clsid).unwrap_or_else(|| clsid.to_string()), clsid: *clsid }
        }
        (None, name) => {
            let prog_id = name.clone().unwrap_or_default();
            let Some(clsid) = clsid_of(&prog_id) else {
                let what = format!("no class with the ProgID `{prog_id}` is registered in {}", place());
                return Err(unregistered(&what, hresult::CO_E_CLASSSTRING));
            };
            Registered { prog_id, clsid }
        }
    };
    let server = text(&format!(r"CLSID\{}\{SERVER}", class.clsid), "").filter(|file| !file.trim().is_empty());
    let Some(server) = server else {
        let what = format!("no file is registered for the class {} in {}", class.clsid, place());
        return Err(unregistered(&what, hresult::REGDB_E_CLASSNOTREG));
    };
    let file = named_file(&server);
    if !file.is_file() {
        let what = format!("{}, which is registered for the class {}, is not there", file.display(), class.clsid);
        return Err(unregistered(&what, hresult::REGDB_E_CLASSNOTREG));
    }
    Ok((class, file))
}

/// Where classes are registered.
fn place() -> String {
    files::opened().folder().display().to_string()
}

/// The class with this ProgID, or the one that a ProgID without a version stands for.
pub(super) fn clsid_of(prog_id: &str) -> Option<Guid> {
    let named = |prog_id: &str| text(&format!(r"{prog_id}\CLSID"), "")?.trim().parse().ok();
    named(prog_id).or_else(|| named(text(&format!(r"{prog_id}\CurVer"), "")?.trim()))
}

/// A text below `HKEY_CLASSES_ROOT`. The empty name is the key's default value.
pub(in super::super) fn text(path: &str, name: &str) -> Option<String> {
    let store = files::opened();
    let key = store.find(Root::Classes, path).ok()?;
    store.value(&key, name).ok()?.as_texts().into_iter().next()
}

/// Writes a text below `HKEY_CLASSES_ROOT`.
pub(in super::super) fn set_text(path: &str, name: &str, text: &str) -> Result<(), ModuleError> {
    let store = files::opened();
    let key = store.create(Root::Classes, path);
    let written = key.and_then(|(key, _)| store.set_value(&key, name, RegistryValue::text(text)));
    written.map_err(|code| files::failed("write", &format!(r"SOFTWARE\Classes\{path}"), code))
}

/// Deletes a key below `HKEY_CLASSES_ROOT` with those below it. One that is not there is no failure.
pub(in super::super) fn delete(path: &str) -> Result<(), ModuleError> {
    let store = files::opened();
    match store.find(Root::Classes, path).and_then(|key| store.delete_key(&key, true)) {
        Ok(()) | Err(error::NOT_FOUND) => Ok(()),
        Err(code) => Err(files::failed("change", &format!(r"SOFTWARE\Classes\{path}"), code)),
    }
}

/// The file that the registry names: perhaps in quotation marks, which COM passes over.
fn named_file(server: &str) -> PathBuf {
    table::host_path(server.trim().trim_matches('"'))
}

/// Whether what the registry names is this file.
pub(in super::super) fn is_same_file(known: &str, file: &str) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    match (real(&named_file(known)), real(Path::new(file))) {
        (Some(known), Some(file)) => known == file,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_is_the_same_however_the_registry_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let [file, other] = ["a b.so", "b.so"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        for path in [&file, &other] {
            std::fs::write(path, "").unwrap();
        }
        for known in
            [file.clone(), format!("\"{file}\""), format!(" {file} "), format!("Z:{}", file.replace('/', r"\"))]
        {
            assert!(is_same_file(&known, &file), "{known}");
            assert!(!is_same_file(&known, &other), "{known}");
        }
        assert!(!is_same_file("", &file));
    }
}
