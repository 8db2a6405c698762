//! The registry of Windows.

use std::path::Path;
use std::ptr;

use module::{HResult, ModuleError};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WRITE, RegCloseKey, RegCreateKeyExW, RegDeleteValueW, RegOpenKeyExW,
    RegQueryValueExW, RegSetValueExW,
};

use super::RegistryValue;
use crate::values::wide;

const NOT_FOUND: u32 = 2;
const ACCESS_DENIED: u32 = 5;
/// The most bytes of a value that are read.
const DATA_MAX: u32 = 1 << 20;

/// An open key.
struct Key(HKEY);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: open, and ours.
        unsafe { RegCloseKey(self.0) };
    }
}

pub(super) fn open(_folder: Option<&Path>) -> Result<(), ModuleError> {
    Ok(())
}

pub(super) fn create(path: &str) -> Result<(), ModuleError> {
    create_key(path).map(drop)
}

pub(super) fn read(path: &str, name: &str) -> Result<Option<RegistryValue>, ModuleError> {
    let mut key = ptr::null_mut();
    // SAFETY: texts and places of ours.
    let status = unsafe { RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide(path).as_ptr(), 0, KEY_READ, &mut key) };
    if status == NOT_FOUND {
        return Ok(None);
    }
    checked("read", path, status)?;
    let key = Key(key);
    let name = wide(name);
    let (mut kind, mut bytes) = (0, DATA_MAX);
    let mut data = vec![0; DATA_MAX as usize];
    // SAFETY: an open key; texts and places of ours, with the room that is said.
    let status =
        unsafe { RegQueryValueExW(key.0, name.as_ptr(), ptr::null(), &mut kind, data.as_mut_ptr(), &mut bytes) };
    if status == NOT_FOUND {
        return Ok(None);
    }
    checked("read", path, status)?;
    data.truncate(bytes as usize);
    Ok(Some(RegistryValue { kind, data }))
}

pub(super) fn write(path: &str, name: &str, value: &RegistryValue) -> Result<(), ModuleError> {
    let key = create_key(path)?;
    let bytes = u32::try_from(value.data.len()).map_err(|_| ModuleError::invalid("a setting is too long"))?;
    // SAFETY: an open key; texts and bytes of ours.
    let status = unsafe { RegSetValueExW(key.0, wide(name).as_ptr(), 0, value.kind, value.data.as_ptr(), bytes) };
    checked("write", path, status)
}

pub(super) fn delete(path: &str, name: &str) -> Result<(), ModuleError> {
    let key = create_key(path)?;
    // SAFETY: an open key, and a text of ours.
    match unsafe { RegDeleteValueW(key.0, wide(name).as_ptr()) } {
        NOT_FOUND => Ok(()),
        status => checked("change", path, status),
    }
}

fn create_key(path: &str) -> Result<Key, ModuleError> {
    let mut key = ptr::null_mut();
    // SAFETY: texts and places of ours.
    let status = unsafe {
        RegCreateKeyExW(
            HKEY_LOCAL_MACHINE,
            wide(path).as_ptr(),
            0,
            ptr::null(),
            0,
            KEY_READ | KEY_WRITE,
            ptr::null(),
            &mut key,
            ptr::null_mut(),
        )
    };
    checked("create", path, status)?;
    Ok(Key(key))
}

fn checked(what: &str, path: &str, status: u32) -> Result<(), ModuleError> {
    if status == 0 {
        return Ok(());
    }
    let code = HResult::from_win32(u16::try_from(status).unwrap_or(u16::MAX));
    let next = match status {
        ACCESS_DENIED => ": create the key as an administrator, and let the server's account write to it",
        _ => "",
    };
    Err(ModuleError::new(code, format!(r"cannot {what} the registry key HKLM\{path} ({code}){next}")))
}
