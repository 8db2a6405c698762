//! Keys of Windows' registry, and the texts in them.

use module::{HResult, ModuleError};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_CLASSES_ROOT, KEY_READ, KEY_WRITE, REG_SZ, RRF_RT_REG_SZ, RegCloseKey, RegCreateKeyExW, RegDeleteTreeW,
    RegEnumKeyExW, RegGetValueW, RegSetValueExW,
};

use super::check;
use crate::registry::wide_bytes;
use crate::values::wide;

/// A text below `HKEY_CLASSES_ROOT`. The empty name is the key's default value.
pub(in super::super) fn class_text(path: &str, name: &str) -> Option<String> {
    text(HKEY_CLASSES_ROOT, path, name)
}

/// Writes a text below `HKEY_CLASSES_ROOT`.
pub(in super::super) fn set_text(path: &str, name: &str, text: &str) -> Result<(), ModuleError> {
    let key = Key::create(HKEY_CLASSES_ROOT, path)?;
    let data = wide_bytes(text);
    // SAFETY: an open key; texts and bytes of ours.
    let status = unsafe { RegSetValueExW(key.0, wide(name).as_ptr(), 0, REG_SZ, data.as_ptr(), data.len() as u32) };
    win32(&format!("writing the registry key {path}"), status)
}

/// Deletes a key below `HKEY_CLASSES_ROOT` with those below it. One that is not there is no failure.
pub(in super::super) fn delete(path: &str) -> Result<(), ModuleError> {
    const NOT_FOUND: u32 = 2;
    // SAFETY: a predefined key, and a text of ours.
    match unsafe { RegDeleteTreeW(HKEY_CLASSES_ROOT, wide(path).as_ptr()) } {
        NOT_FOUND => Ok(()),
        status => win32(&format!("deleting the registry key {path}"), status),
    }
}

/// A text of a key below another; none where there is no such key or value, or it is no text.
pub(super) fn text(root: HKEY, path: &str, name: &str) -> Option<String> {
    const UNITS_MAX: usize = 32_768;
    let mut text = vec![0_u16; UNITS_MAX];
    let mut bytes = (UNITS_MAX * 2) as u32;
    // SAFETY: an open or predefined key; texts of ours, and places with the room that is said.
    let status = unsafe {
        RegGetValueW(
            root,
            wide(path).as_ptr(),
            wide(name).as_ptr(),
            RRF_RT_REG_SZ,
            std::ptr::null_mut(),
            text.as_mut_ptr().cast(),
            &mut bytes,
        )
    };
    let units = text.get(..bytes as usize / 2).unwrap_or_default();
    (status == 0).then(|| String::from_utf16_lossy(units).trim_end_matches('\0').to_owned())
}

/// Success, or the error of a function that returns such a code.
pub(super) fn win32(what: &str, code: u32) -> Result<(), ModuleError> {
    check(what, HResult::from_win32(u16::try_from(code).unwrap_or(u16::MAX)).0)
}

/// An open key.
pub(super) struct Key(pub(super) HKEY);

impl Key {
    pub(super) fn create(root: HKEY, path: &str) -> Result<Self, ModuleError> {
        let mut key = std::ptr::null_mut();
        // SAFETY: texts and places of ours.
        let status = unsafe {
            RegCreateKeyExW(
                root,
                wide(path).as_ptr(),
                0,
                std::ptr::null(),
                0,
                KEY_READ | KEY_WRITE,
                std::ptr::null(),
                &mut key,
                std::ptr::null_mut(),
            )
        };
        win32(&format!("creating the registry key {path}"), status)?;
        Ok(Self(key))
    }

    /// Deletes what is below it. What is not there need not be deleted.
    pub(super) fn clear(&self) {
        // SAFETY: an open key.
        unsafe { RegDeleteTreeW(self.0, std::ptr::null()) };
    }

    pub(super) fn keys(&self) -> Vec<String> {
        const NAME_MAX: usize = 256;
        let mut names = Vec::new();
        for index in 0.. {
            let mut name = [0_u16; NAME_MAX];
            let mut length = NAME_MAX as u32;
            // SAFETY: an open key; places of ours with the room that is said.
            let status = unsafe {
                RegEnumKeyExW(
                    self.0,
                    index,
                    name.as_mut_ptr(),
                    &mut length,
                    std::ptr::null(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                )
            };
            if status != 0 {
                break;
            }
            names.push(String::from_utf16_lossy(name.get(..length as usize).unwrap_or_default()));
        }
        names
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: open, and ours.
        unsafe { RegCloseKey(self.0) };
    }
}
