//! A registry in files: a folder for each key, with its values in a JSON file that people can read and change.
//!
//! Nothing is kept in memory but the open keys, so that a change by hand counts at once.

mod store;
mod stored;
pub mod table;

use std::path::Path;
use std::sync::OnceLock;

use module::{HResult, ModuleError};

use super::RegistryValue;
pub use store::{Store, error};

static STORE: OnceLock<Store> = OnceLock::new();

/// The registry of the process.
pub fn opened() -> &'static Store {
    STORE.get().expect("the registry is opened before any module is loaded")
}

pub(super) fn open(folder: Option<&Path>) -> Result<(), ModuleError> {
    let Some(folder) = folder else {
        return Err(ModuleError::invalid("a folder for the module's registry is needed: --registry DIRECTORY"));
    };
    let store = Store::open(folder)?;
    STORE.set(store).map_err(|_| ModuleError::new(HResult::E_UNEXPECTED, "the registry is open already"))
}

pub(super) fn create(path: &str) -> Result<(), ModuleError> {
    let store = opened();
    store.create(store::Root::LocalMachine, path).map(|_| ()).map_err(|code| failed("create", path, code))
}

pub(super) fn read(path: &str, name: &str) -> Result<Option<RegistryValue>, ModuleError> {
    let store = opened();
    let found = store.find(store::Root::LocalMachine, path).and_then(|key| store.value(&key, name));
    match found {
        Ok(value) => Ok(Some(value)),
        Err(error::NOT_FOUND) => Ok(None),
        Err(code) => Err(failed("read", path, code)),
    }
}

pub(super) fn write(path: &str, name: &str, value: &RegistryValue) -> Result<(), ModuleError> {
    let store = opened();
    let key = store.create(store::Root::LocalMachine, path);
    key.and_then(|(key, _)| store.set_value(&key, name, value.clone())).map_err(|code| failed("write", path, code))
}

pub(super) fn delete(path: &str, name: &str) -> Result<(), ModuleError> {
    let store = opened();
    match store.find(store::Root::LocalMachine, path).and_then(|key| store.delete_value(&key, name)) {
        Ok(()) | Err(error::NOT_FOUND) => Ok(()),
        Err(code) => Err(failed("change", path, code)),
    }
}

/// The error of a call of the store.
pub fn failed(what: &str, path: &str, code: u32) -> ModuleError {
    let code = HResult::from_win32(u16::try_from(code).unwrap_or(u16::MAX));
    ModuleError::new(code, format!(r"cannot {what} the registry key HKLM\{path}: {code}"))
}

pub use store::Root;
