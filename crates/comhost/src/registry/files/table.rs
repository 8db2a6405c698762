//! The registry as a module calls it: handles, pointers and Win32 error codes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use parking_lot::Mutex;

use super::store::{DATA_MAX, Root, error};
use super::{RegistryValue, opened};
use crate::dispatch::wide_text;

/// An open key, or a predefined one.
pub type Key = usize;

/// More open keys than any module needs.
const OPEN_MAX: usize = 16_384;

static HANDLES: LazyLock<Mutex<Handles>> = LazyLock::new(|| Mutex::new(Handles { next: 0x1000, open: HashMap::new() }));

struct Handles {
    next: Key,
    open: HashMap<Key, PathBuf>,
}

fn folder(key: Key) -> Result<PathBuf, u32> {
    // The predefined keys are 32-bit numbers with the top bit set, sign-extended by some compilers and not by others.
    let root = match key as u32 {
        0x8000_0000 => Root::Classes,
        0x8000_0001 => Root::CurrentUser,
        0x8000_0002 => Root::LocalMachine,
        0x8000_0003 => Root::Users,
        _ => return HANDLES.lock().open.get(&key).cloned().ok_or(error::INVALID_HANDLE),
    };
    Ok(opened().root(root))
}

fn handle(folder: PathBuf) -> Result<Key, u32> {
    let mut handles = HANDLES.lock();
    if handles.open.len() >= OPEN_MAX {
        return Err(error::ACCESS_DENIED);
    }
    let key = handles.next;
    handles.next += 4;
    handles.open.insert(key, folder);
    Ok(key)
}

fn code(result: Result<(), u32>) -> i32 {
    result.err().unwrap_or(0).cast_signed()
}

const INVALID_PARAMETER: i32 = error::INVALID_PARAMETER.cast_signed();

/// Writes where the caller wants it written.
///
/// # Safety
/// `out` is null or valid.
unsafe fn give<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: valid.
        unsafe { out.write(value) };
    }
}

/// `RegOpenKeyExW`
pub unsafe extern "C" fn open(key: Key, path: *const u16, _options: u32, _access: u32, out: *mut Key) -> i32 {
    if out.is_null() {
        return INVALID_PARAMETER;
    }
    // SAFETY: a text or null; a place for a key.
    unsafe {
        give(out, 0);
        let path = wide_text(path);
        let found = folder(key).and_then(|key| opened().find_below(&key, &path)).and_then(handle);
        code(found.map(|key| give(out, key)))
    }
}

/// `RegCreateKeyExW`
pub unsafe extern "C" fn create(
    key: Key,
    path: *const u16,
    _options: u32,
    _access: u32,
    out: *mut Key,
    disposition: *mut u32,
) -> i32 {
    if out.is_null() {
        return INVALID_PARAMETER;
    }
    // SAFETY: a text or null; places for a key and a number.
    unsafe {
        give(out, 0);
        let path = wide_text(path);
        let made = folder(key).and_then(|key| opened().create_below(&key, &path));
        code(made.and_then(|(folder, new)| {
            give(out, handle(folder)?);
            give(disposition, if new { 1 } else { 2 });
            Ok(())
        }))
    }
}

/// `RegCloseKey`
pub unsafe extern "C" fn close(key: Key) -> i32 {
    if key as u32 & 0x8000_0000 != 0 {
        return 0;
    }
    code(HANDLES.lock().open.remove(&key).map(|_| ()).ok_or(error::INVALID_HANDLE))
}

/// `RegQueryValueExW`
pub unsafe extern "C" fn query_value(
    key: Key,
    name: *const u16,
    kind: *mut u32,
    data: *mut u8,
    bytes: *mut u32,
) -> i32 {
    // SAFETY: a text or null; null or valid, says the caller.
    unsafe {
        let name = wide_text(name);
        let found = folder(key).and_then(|key| opened().value(&key, &name));
        code(found.and_then(|value| give_data(&value, kind, data, bytes)))
    }
}

/// Hands a value out: the type, and the bytes where there is room for them.
///
/// # Safety
/// Each pointer is null or valid; `data` has room for `*bytes`.
unsafe fn give_data(value: &RegistryValue, kind: *mut u32, data: *mut u8, bytes: *mut u32) -> Result<(), u32> {
    if bytes.is_null() && !data.is_null() {
        return Err(error::INVALID_PARAMETER);
    }
    // SAFETY: as above.
    unsafe {
        give(kind, value.kind);
        let room = if bytes.is_null() { 0 } else { bytes.read() };
        let length = u32::try_from(value.data.len()).map_err(|_| error::INVALID_DATA)?;
        give(bytes, length);
        if data.is_null() {
            return Ok(());
        }
        if room < length {
            return Err(error::MORE_DATA);
        }
        data.copy_from_nonoverlapping(value.data.as_ptr(), value.data.len());
    }
    Ok(())
}

/// `RegSetValueExW`
pub unsafe extern "C" fn set_value(key: Key, name: *const u16, kind: u32, data: *const u8, bytes: u32) -> i32 {
    if bytes as usize > DATA_MAX || (data.is_null() && bytes != 0) {
        return INVALID_PARAMETER;
    }
    // SAFETY: a text or null; `data` has `bytes` bytes.
    unsafe {
        let data = if bytes == 0 { &[] } else { std::slice::from_raw_parts(data, bytes as usize) };
        let value = RegistryValue { kind, data: data.to_vec() };
        let name = wide_text(name);
        code(folder(key).and_then(|key| opened().set_value(&key, &name, value)))
    }
}

/// `RegDeleteValueW`
pub unsafe extern "C" fn delete_value(key: Key, name: *const u16) -> i32 {
    // SAFETY: a text or null.
    let name = unsafe { wide_text(name) };
    code(folder(key).and_then(|key| opened().delete_value(&key, &name)))
}

/// `RegDeleteKeyW`
pub unsafe extern "C" fn delete_key(key: Key, path: *const u16) -> i32 {
    // SAFETY: a text or null.
    let path = unsafe { wide_text(path) };
    if path.is_empty() {
        return INVALID_PARAMETER;
    }
    let found = folder(key).and_then(|key| opened().find_below(&key, &path));
    code(found.and_then(|key| opened().delete_key(&key, false)))
}

/// `RegDeleteTreeW`
pub unsafe extern "C" fn delete_tree(key: Key, path: *const u16) -> i32 {
    // SAFETY: a text or null.
    let path = unsafe { wide_text(path) };
    let store = opened();
    let emptied = folder(key).and_then(|key| {
        if !path.is_empty() {
            return store.delete_key(&store.find_below(&key, &path)?, true);
        }
        // Without a path the key itself stays.
        for name in store.keys(&key)? {
            store.delete_key(&store.find_below(&key, &name)?, true)?;
        }
        store.values(&key)?.iter().try_for_each(|(name, _)| store.delete_value(&key, name))
    });
    code(emptied)
}

/// `RegEnumKeyExW`
pub unsafe extern "C" fn enumerate_key(key: Key, index: u32, name: *mut u16, characters: *mut u32) -> i32 {
    if name.is_null() || characters.is_null() {
        return INVALID_PARAMETER;
    }
    let keys = folder(key).and_then(|key| opened().keys(&key));
    let found = keys.and_then(|keys| keys.into_iter().nth(index as usize).ok_or(error::NO_MORE_ITEMS));
    // SAFETY: `name` has room for `*characters`.
    code(found.and_then(|found| unsafe { give_name(&found, name, characters) }))
}

/// `RegEnumValueW`
pub unsafe extern "C" fn enumerate_value(
    key: Key,
    index: u32,
    name: *mut u16,
    characters: *mut u32,
    kind: *mut u32,
    data: *mut u8,
    bytes: *mut u32,
) -> i32 {
    if name.is_null() || characters.is_null() {
        return INVALID_PARAMETER;
    }
    let values = folder(key).and_then(|key| opened().values(&key));
    let found = values.and_then(|values| values.into_iter().nth(index as usize).ok_or(error::NO_MORE_ITEMS));
    // SAFETY: `name` and `data` have the room that is said; the rest is null or valid.
    code(found.and_then(|(found, value)| unsafe {
        give_name(&found, name, characters)?;
        give_data(&value, kind, data, bytes)
    }))
}

/// Hands a name out with its terminator.
///
/// # Safety
/// `characters` is valid, and `name` has room for so many.
unsafe fn give_name(found: &str, name: *mut u16, characters: *mut u32) -> Result<(), u32> {
    let units: Vec<u16> = found.encode_utf16().chain([0]).collect();
    // SAFETY: as above.
    unsafe {
        if (characters.read() as usize) < units.len() {
            return Err(error::MORE_DATA);
        }
        name.copy_from_nonoverlapping(units.as_ptr(), units.len());
        characters.write(units.len() as u32 - 1);
    }
    Ok(())
}

/// `RegQueryInfoKeyW`
pub unsafe extern "C" fn query_info(
    key: Key,
    keys: *mut u32,
    key_name_max: *mut u32,
    values: *mut u32,
    value_name_max: *mut u32,
    data_max: *mut u32,
) -> i32 {
    let read = folder(key).and_then(|key| Ok((opened().keys(&key)?, opened().values(&key)?)));
    let units = |name: &str| name.encode_utf16().count() as u32;
    // SAFETY: each is null or valid.
    code(read.map(|(found_keys, found_values)| unsafe {
        give(keys, found_keys.len() as u32);
        give(key_name_max, found_keys.iter().map(|name| units(name)).max().unwrap_or(0));
        give(values, found_values.len() as u32);
        give(value_name_max, found_values.iter().map(|(name, _)| units(name)).max().unwrap_or(0));
        give(data_max, found_values.iter().map(|(_, value)| value.data.len() as u32).max().unwrap_or(0));
    }))
}
