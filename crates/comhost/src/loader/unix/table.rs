//! What the host offers to a shared object: `struct exeunt_host` of `sdk/c/include/exeunt_host.h`.

use std::ffi::{CString, OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use module::{HResult, ModuleError};

use super::text;
use crate::classes;
use crate::error_info::unix as errors;
use crate::events::Event;
use crate::guid::Guid;
use crate::hresult::{self, Status};
use crate::registry::files::table as keys;
use crate::registry::files::table::Key;
use crate::values::Bstr;

/// The version of the agreement.
const VERSION: u32 = 1;

/// The table, in the order of the header.
#[repr(C)]
pub(super) struct Host {
    size: u32,
    version: u32,
    create_instance: unsafe extern "C" fn(*const Guid, *mut c_void, u32, *const Guid, *mut *mut c_void) -> Status,
    class_object: unsafe extern "C" fn(*const Guid, u32, *const Guid, *mut *mut c_void) -> Status,
    clsid_from_prog_id: unsafe extern "C" fn(*const u16, *mut Guid) -> Status,
    prog_id_from_clsid: unsafe extern "C" fn(*const Guid, *mut *mut u16) -> Status,
    create_error_info: unsafe extern "C" fn(*mut *mut c_void) -> Status,
    set_error_info: unsafe extern "C" fn(u32, *mut c_void) -> Status,
    error_info: unsafe extern "C" fn(u32, *mut *mut c_void) -> Status,
    registry_open: unsafe extern "C" fn(Key, *const u16, u32, u32, *mut Key) -> i32,
    registry_create: unsafe extern "C" fn(Key, *const u16, u32, u32, *mut Key, *mut u32) -> i32,
    registry_close: unsafe extern "C" fn(Key) -> i32,
    registry_query_value: unsafe extern "C" fn(Key, *const u16, *mut u32, *mut u8, *mut u32) -> i32,
    registry_set_value: unsafe extern "C" fn(Key, *const u16, u32, *const u8, u32) -> i32,
    registry_delete_value: unsafe extern "C" fn(Key, *const u16) -> i32,
    registry_delete_key: unsafe extern "C" fn(Key, *const u16) -> i32,
    registry_delete_tree: unsafe extern "C" fn(Key, *const u16) -> i32,
    registry_enumerate_key: unsafe extern "C" fn(Key, u32, *mut u16, *mut u32) -> i32,
    registry_enumerate_value: unsafe extern "C" fn(Key, u32, *mut u16, *mut u32, *mut u32, *mut u8, *mut u32) -> i32,
    registry_query_info: unsafe extern "C" fn(Key, *mut u32, *mut u32, *mut u32, *mut u32, *mut u32) -> i32,
    report_event: unsafe extern "C" fn(*const u16, u16, u16, u32, u16, *const *const u16),
    log: unsafe extern "C" fn(u32, *const u16),
    drive: unsafe extern "C" fn(c_char) -> *const c_char,
}

pub(super) static HOST: Host = Host {
    size: size_of::<Host>() as u32,
    version: VERSION,
    create_instance,
    class_object,
    clsid_from_prog_id,
    prog_id_from_clsid,
    create_error_info: errors::create,
    set_error_info: errors::set,
    error_info: errors::get,
    registry_open: keys::open,
    registry_create: keys::create,
    registry_close: keys::close,
    registry_query_value: keys::query_value,
    registry_set_value: keys::set_value,
    registry_delete_value: keys::delete_value,
    registry_delete_key: keys::delete_key,
    registry_delete_tree: keys::delete_tree,
    registry_enumerate_key: keys::enumerate_key,
    registry_enumerate_value: keys::enumerate_value,
    registry_query_info: keys::query_info,
    report_event,
    log,
    drive,
};

const E_POINTER: Status = hresult::status(HResult::E_POINTER);

unsafe extern "C" fn create_instance(
    clsid: *const Guid,
    outer: *mut c_void,
    _context: u32,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> Status {
    if clsid.is_null() || iid.is_null() || out.is_null() {
        return E_POINTER;
    }
    // SAFETY: not null, and so valid.
    unsafe {
        out.write(std::ptr::null_mut());
        if !outer.is_null() {
            return hresult::CLASS_E_NOAGGREGATION;
        }
        super::create_instance(&*clsid, iid, out)
    }
}

unsafe extern "C" fn class_object(
    clsid: *const Guid,
    _context: u32,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> Status {
    if clsid.is_null() || iid.is_null() || out.is_null() {
        return E_POINTER;
    }
    // SAFETY: not null, and so valid.
    unsafe { super::class_object(&*clsid, iid, out) }
}

unsafe extern "C" fn clsid_from_prog_id(prog_id: *const u16, clsid: *mut Guid) -> Status {
    if prog_id.is_null() || clsid.is_null() {
        return hresult::status(HResult::E_INVALIDARG);
    }
    // SAFETY: not null, and so valid.
    unsafe {
        match super::clsid_of(&text(prog_id)) {
            Some(found) => {
                clsid.write(found);
                hresult::OK
            }
            None => hresult::CO_E_CLASSSTRING,
        }
    }
}

unsafe extern "C" fn prog_id_from_clsid(clsid: *const Guid, out: *mut *mut u16) -> Status {
    if clsid.is_null() || out.is_null() {
        return E_POINTER;
    }
    // SAFETY: not null, and so valid.
    unsafe {
        let wanted = *clsid;
        let ours = classes::by_clsid(&wanted).map(|class| class.prog_id.to_owned());
        let theirs = || super::registered_classes().into_iter().find(|class| class.clsid == wanted);
        let found = ours.or_else(|| theirs().map(|class| class.prog_id));
        out.write(found.as_deref().map_or(std::ptr::null_mut(), |name| Bstr::text(name).into_raw()));
        if found.is_some() { hresult::OK } else { hresult::REGDB_E_CLASSNOTREG }
    }
}

unsafe extern "C" fn report_event(
    source: *const u16,
    kind: u16,
    category: u16,
    id: u32,
    count: u16,
    strings: *const *const u16,
) {
    // SAFETY: texts or null; `strings` has `count` of them.
    let (source, strings) = unsafe {
        let texts = if strings.is_null() { &[] } else { std::slice::from_raw_parts(strings, usize::from(count)) };
        (text(source), texts.iter().map(|raw| text(*raw)).collect::<Vec<_>>())
    };
    Event { source: &source, kind, category, id, texts: &strings }.log();
}

unsafe extern "C" fn log(level: u32, message: *const u16) {
    let level = match level {
        1 => stdio::Level::Error,
        2 => stdio::Level::Warn,
        3 => stdio::Level::Info,
        _ => stdio::Level::Debug,
    };
    // SAFETY: a text or null.
    stdio::log(level, unsafe { text(message) }.trim_end());
}

static DRIVE_C: OnceLock<CString> = OnceLock::new();

/// Makes the folder that stands for drive C, with those that modules expect there.
pub fn open_drive(folder: &Path) -> Result<(), ModuleError> {
    let drive = std::path::absolute(folder.join("drive_c")).map_err(ModuleError::from)?;
    for below in ["Windows/System32/CertSrv/CertEnroll", "Windows/Temp", "ProgramData"] {
        std::fs::create_dir_all(drive.join(below)).map_err(|error| {
            let code = ModuleError::from(std::io::Error::from(error.kind())).code;
            ModuleError::new(code, format!("{} cannot be made: {error}", drive.join(below).display()))
        })?;
    }
    let text = CString::new(drive.as_os_str().as_bytes()).map_err(|_| ModuleError::invalid("a path holds a NUL"))?;
    DRIVE_C.set(text).map_err(|_| ModuleError::new(HResult::E_UNEXPECTED, "drive C is there already"))
}

/// The path of a file that a module or the registry names as on Windows.
pub(super) fn host_path(windows: &str) -> PathBuf {
    let path = windows.replace('\\', "/");
    match path.get(..2) {
        Some("Z:" | "z:") => PathBuf::from(path.get(2..).unwrap_or_default()),
        Some("C:" | "c:") => {
            let drive =
                DRIVE_C.get().map_or_else(|| Path::new("/"), |drive| Path::new(OsStr::from_bytes(drive.to_bytes())));
            drive.join(path.get(2..).unwrap_or_default().trim_start_matches('/'))
        }
        _ => PathBuf::from(path),
    }
}

unsafe extern "C" fn drive(letter: c_char) -> *const c_char {
    match (letter as u8).to_ascii_uppercase() {
        b'C' => DRIVE_C.get().map_or(std::ptr::null(), |path| path.as_ptr()),
        b'Z' => c"/".as_ptr(),
        _ => std::ptr::null(),
    }
}
