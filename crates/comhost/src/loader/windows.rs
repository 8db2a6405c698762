//! DLLs, and classes that are registered with Windows.

mod events;
mod keys;

use std::ffi::c_void;
use std::path::Path;
use std::sync::OnceLock;

use module::{HResult, ModuleError, Role};
use windows_sys::Win32::Foundation::{GetLastError, HMODULE};
use windows_sys::Win32::Storage::FileSystem::SearchPathW;
use windows_sys::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, CLSIDFromProgID, COINIT_APARTMENTTHREADED, COINIT_MULTITHREADED, CoCreateInstance,
    CoInitializeEx, CoRegisterClassObject, REGCLS_MULTIPLEUSE,
};
use windows_sys::Win32::System::LibraryLoader::{
    GetModuleHandleW, GetProcAddress, LOAD_WITH_ALTERED_SEARCH_PATH, LoadLibraryExW,
};
use windows_sys::Win32::System::Registry::{
    HKEY_CLASSES_ROOT, HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, REG_SZ, RegDeleteTreeW, RegOverridePredefKey,
    RegSetValueExW,
};

use super::registration::{SERVER, prog_id_of, unregistered};
use super::{Loaded, Registered, Wanted, choose, failed, no_such_name, uncreated};
use crate::classes::{CLASSES, Factory};
use crate::crash::{self, during};
use crate::guid::{Guid, IID_CLASS_FACTORY, IID_UNKNOWN};
use crate::hresult::{self, Status};
use crate::interfaces::{ClassFactory, Unknown};
use crate::object::{self, Pointer};
use crate::registry::wide_bytes;
use crate::values::wide;

use self::keys::{Key, text, win32};
pub(super) use self::keys::{class_text, delete, set_text};

type ClassObject = unsafe extern "system-unwind" fn(*const Guid, *const Guid, *mut *mut c_void) -> Status;
type Register = unsafe extern "system-unwind" fn() -> Status;
type Function = unsafe extern "system" fn() -> isize;

/// The file's `DllGetClassObject`.
static CLASS_OBJECT: OnceLock<ClassObject> = OnceLock::new();

/// Where files' registrations are caught, for us to look at: below the current user's key, a key for each process.
const CAUGHT: &str = r"Software\Exeunt\Registration";

/// What to do about a class that is not registered.
pub(super) fn register_hint() -> String {
    let text = "register its file with `exeunt-comhost register FILE`, under Wine in the module's own prefix, or name the \
                file with the setting `path`";
    text.to_owned()
}

pub(super) fn prepare(_folder: Option<&Path>) -> Result<(), ModuleError> {
    if under_wine() {
        events::take_over();
        open_publication_folder()?;
    }
    Ok(())
}

/// Makes the folder that the classic service publishes into, in which modules write without more ado. On Windows the service
/// makes it, and the module's own set-up.
fn open_publication_folder() -> Result<(), ModuleError> {
    let system = std::env::var("SystemRoot").unwrap_or_else(|_| r"C:\windows".to_owned());
    let folder = format!(r"{system}\System32\CertSrv\CertEnroll");
    std::fs::create_dir_all(&folder).map_err(|error| {
        let code = ModuleError::from(std::io::Error::from(error.kind())).code;
        ModuleError::new(code, format!("{folder} cannot be made in the Wine prefix: {error}"))
    })
}

pub(super) fn load(wanted: &Wanted, role: Role) -> Result<Loaded, ModuleError> {
    begin(wanted.apartment)?;
    for class in &CLASSES {
        offer(&class.clsid, object::create(Factory(class)))?;
        name_class(class.prog_id, &class.clsid)?;
    }
    let class = match &wanted.path {
        Some(path) => load_file(path, wanted, role)?,
        None => registered_class(wanted)?,
    };
    let made = during("IClassFactory::CreateInstance", || instance(&class.clsid));
    let object = made.map_err(|status| match &wanted.path {
        Some(path) => uncreated(status, &class, &path.display().to_string()),
        None if status == hresult::REGDB_E_CLASSNOTREG => {
            unregistered(&format!("no file is registered for the class {}", class.clsid), status)
        }
        None => {
            let file = class_text(&format!(r"CLSID\{}\{SERVER}", class.clsid), "").unwrap_or_default();
            uncreated(status, &class, &file)
        }
    })?;
    if wanted.path.is_none()
        && let Some(file) = class_text(&format!(r"CLSID\{}\{SERVER}", class.clsid), "")
    {
        // SAFETY: a text of ours; null where COM made the object elsewhere.
        crash::note(unsafe { GetModuleHandleW(wide(file.trim().trim_matches('"')).as_ptr()) });
    }
    Ok(Loaded { object, prog_id: class.prog_id })
}

/// The file that is registered for a class; under Wine as Linux writes its path.
pub(super) fn find(wanted: &Wanted) -> Result<String, ModuleError> {
    begin(true)?;
    let class = registered_class(wanted)?;
    let server = class_text(&format!(r"CLSID\{}\{SERVER}", class.clsid), "").unwrap_or_default();
    let server = server.trim().trim_matches('"');
    if server.is_empty() {
        let what = format!("no file is registered for the class {}", class.clsid);
        return Err(unregistered(&what, hresult::REGDB_E_CLASSNOTREG));
    }
    let file = searched(server);
    if !Path::new(&file).is_file() {
        let what = format!("{server}, which is registered for the class {}, is not there", class.clsid);
        return Err(unregistered(&what, hresult::REGDB_E_CLASSNOTREG));
    }
    if under_wine() { unix_path(&file) } else { Ok(file) }
}

/// The file that a name stands for where COM loads it: one without a folder is looked for.
fn searched(name: &str) -> String {
    const UNITS_MAX: usize = 4096;
    let mut path = vec![0_u16; UNITS_MAX];
    // SAFETY: texts of ours, and a place with the room that is said.
    let length = unsafe {
        let name = wide(name);
        let path = path.as_mut_ptr();
        SearchPathW(
            std::ptr::null(),
            name.as_ptr(),
            wide(".dll").as_ptr(),
            UNITS_MAX as u32,
            path,
            std::ptr::null_mut(),
        )
    };
    match path.get(..length as usize) {
        Some(found) if !found.is_empty() => String::from_utf16_lossy(found),
        _ => name.to_owned(),
    }
}

/// A path as Linux writes it, under Wine.
fn unix_path(path: &str) -> Result<String, ModuleError> {
    type Convert = unsafe extern "C" fn(*const u16) -> *mut std::ffi::c_char;
    // SAFETY: kernel32 is in every process.
    let convert = unsafe {
        let library = GetModuleHandleW(wide("kernel32.dll").as_ptr());
        GetProcAddress(library, c"wine_get_unix_file_name".as_ptr().cast())
    };
    let failed = || ModuleError::new(HResult::E_FAIL, format!("Wine does not say where {path} is"));
    let convert = convert.ok_or_else(failed)?;
    // SAFETY: Wine's function of this name has this type; it hands over a null-terminated text or null. It is not given back: the
    // process ends.
    let found = unsafe {
        let convert: Convert = std::mem::transmute(convert);
        let found = convert(wide(path).as_ptr());
        if found.is_null() {
            return Err(failed());
        }
        std::ffi::CStr::from_ptr(found)
    };
    found.to_str().map(str::to_owned).map_err(|_| failed())
}

/// Begins with COM.
fn begin(apartment: bool) -> Result<(), ModuleError> {
    let apartment = if apartment { COINIT_APARTMENTTHREADED } else { COINIT_MULTITHREADED };
    // SAFETY: the first use of COM on this thread, and so in the process. Threads that come later are in the
    // multi-threaded apartment without more ado.
    check("CoInitializeEx", unsafe { CoInitializeEx(std::ptr::null(), apartment.cast_unsigned()) })
}

/// `DllRegisterServer`: the classes of the file, and its absolute path.
pub(super) fn register(path: &Path) -> Result<(Vec<Registered>, String), ModuleError> {
    begin(true)?;
    let library = open(path)?;
    let file = absolute(path)?;
    let register = registration(library, c"DllRegisterServer", &file)?;
    let classes = caught_registration(register)?;
    // SAFETY: the function that the file exports by this name, which takes nothing.
    let status = during("DllRegisterServer", || unsafe { register() });
    check("DllRegisterServer", status)?;
    Ok((classes, file))
}

/// A file that is to take its registration back.
pub(super) struct Registrar {
    library: HMODULE,
    file: String,
}

impl Registrar {
    pub(super) fn open(path: &Path) -> Result<Self, ModuleError> {
        begin(true)?;
        Ok(Self { library: open(path)?, file: absolute(path)? })
    }

    /// Its absolute path.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The classes that it registers.
    pub(super) fn classes(&self) -> Result<Vec<Registered>, ModuleError> {
        caught_registration(registration(self.library, c"DllRegisterServer", &self.file)?)
    }

    /// `DllUnregisterServer`
    pub(super) fn unregister(&self) -> Result<(), ModuleError> {
        let unregister = registration(self.library, c"DllUnregisterServer", &self.file)?;
        // SAFETY: the function that the file exports by this name, which takes nothing.
        let status = during("DllUnregisterServer", || unsafe { unregister() });
        check("DllUnregisterServer", status)
    }
}

fn absolute(path: &Path) -> Result<String, ModuleError> {
    Ok(std::path::absolute(path).map_err(ModuleError::from)?.display().to_string())
}

/// A function of the file that writes to the registry.
fn registration(library: HMODULE, name: &std::ffi::CStr, file: &str) -> Result<Register, ModuleError> {
    let Some(found) = function(library, name) else {
        let text = format!("{file} does not register itself: it has no `{}`", name.to_string_lossy());
        return Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text));
    };
    // SAFETY: a function of this type by its name.
    Ok(unsafe { std::mem::transmute::<Function, Register>(found) })
}

/// Loads a DLL that need not be registered: its classes are offered to whoever asks COM for them in this process.
fn load_file(path: &Path, wanted: &Wanted, role: Role) -> Result<Registered, ModuleError> {
    let file = path.display().to_string();
    let library = open(path)?;
    let Some(class_object) = function(library, c"DllGetClassObject") else {
        let text = format!("{file} is no COM server: it has no `DllGetClassObject`");
        return Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text));
    };
    // SAFETY: a function of this type by its name.
    let class_object: ClassObject = unsafe { std::mem::transmute(class_object) };
    CLASS_OBJECT.set(class_object).map_err(|_| ModuleError::new(HResult::E_UNEXPECTED, "loaded twice"))?;
    let registered = match registration(library, c"DllRegisterServer", &file) {
        Ok(register) => caught_registration(register)?,
        // Its class is then to be named.
        Err(_) => Vec::new(),
    };
    let class = match (wanted.clsid, &wanted.prog_id) {
        (Some(clsid), _) => Registered { prog_id: wanted.stand_in(&clsid), clsid },
        (None, Some(prog_id)) => {
            let found = registered.iter().find(|class| class.prog_id.eq_ignore_ascii_case(prog_id));
            found.cloned().ok_or_else(|| no_such_name(prog_id, &file, &registered))?
        }
        (None, None) => choose(&registered, role, &file)?,
    };
    for known in registered.iter().chain((!registered.contains(&class)).then_some(&class)) {
        if let Ok(factory) = factory_of(&known.clsid) {
            offer(&known.clsid, factory)?;
            name_class(&known.prog_id, &known.clsid)?;
        }
    }
    Ok(class)
}

/// A class that is registered with Windows.
fn registered_class(wanted: &Wanted) -> Result<Registered, ModuleError> {
    if let Some(clsid) = wanted.clsid {
        return Ok(Registered { prog_id: prog_id_of(&clsid).unwrap_or_else(|| clsid.to_string()), clsid });
    }
    let prog_id = wanted.prog_id.clone().unwrap_or_default();
    match clsid_of(&prog_id) {
        Ok(clsid) => Ok(Registered { prog_id, clsid }),
        Err(status) => Err(unregistered(&format!("no class with the ProgID `{prog_id}` is registered"), status)),
    }
}

/// An object of a class, by its ProgID.
pub(super) fn create(prog_id: &str) -> Result<Pointer<Unknown>, Status> {
    instance(&clsid_of(prog_id)?)
}

fn clsid_of(prog_id: &str) -> Result<Guid, Status> {
    let mut clsid = Guid::new(0);
    // SAFETY: a text, and a place for an identifier, which both sides lay out alike.
    let status = unsafe { CLSIDFromProgID(wide(prog_id).as_ptr(), (&raw mut clsid).cast()) };
    if status < 0 { Err(status) } else { Ok(clsid) }
}

fn instance(clsid: &Guid) -> Result<Pointer<Unknown>, Status> {
    let mut object = std::ptr::null_mut();
    // SAFETY: identifiers, laid out alike, and a place of ours; a reference is handed over.
    unsafe {
        let status = CoCreateInstance(
            std::ptr::from_ref(clsid).cast(),
            std::ptr::null_mut(),
            CLSCTX_INPROC_SERVER,
            std::ptr::from_ref(&IID_UNKNOWN).cast(),
            &mut object,
        );
        if status < 0 {
            return Err(status);
        }
        Pointer::from_raw(object).ok_or(hresult::E_NOINTERFACE)
    }
}

/// The class object of one of the file's classes; the reference is the caller's.
fn factory_of(clsid: &Guid) -> Result<*mut c_void, Status> {
    let class_object = CLASS_OBJECT.get().ok_or(hresult::REGDB_E_CLASSNOTREG)?;
    let mut factory = std::ptr::null_mut();
    // SAFETY: identifiers and a place of ours.
    let status = during("DllGetClassObject", || unsafe { class_object(clsid, &IID_CLASS_FACTORY, &mut factory) });
    if status < 0 || factory.is_null() { Err(status.min(-1)) } else { Ok(factory) }
}

/// Offers a class object to the process, for as long as it lives.
fn offer(clsid: &Guid, factory: *mut c_void) -> Result<(), ModuleError> {
    let mut cookie = 0;
    // SAFETY: an identifier and an interface, of which COM takes a reference of its own; ours is given back.
    let status = unsafe {
        let status = CoRegisterClassObject(
            std::ptr::from_ref(clsid).cast(),
            factory,
            CLSCTX_INPROC_SERVER,
            REGCLS_MULTIPLEUSE.cast_unsigned(),
            &mut cookie,
        );
        drop(Pointer::<ClassFactory>::from_raw(factory));
        status
    };
    check("CoRegisterClassObject", status)
}

/// Lets a file register itself, and looks at what it wrote: nothing of it reaches the registry that others read.
fn caught_registration(register: Register) -> Result<Vec<Registered>, ModuleError> {
    let path = format!(r"{CAUGHT}\{}", std::process::id());
    let caught = Key::create(HKEY_CURRENT_USER, &path)?;
    caught.clear();
    // SAFETY: redirects what this process writes to HKEY_CLASSES_ROOT, and takes that back.
    let status = unsafe {
        win32("RegOverridePredefKey", RegOverridePredefKey(HKEY_CLASSES_ROOT, caught.0))?;
        let status = during("DllRegisterServer", || register());
        win32("RegOverridePredefKey", RegOverridePredefKey(HKEY_CLASSES_ROOT, std::ptr::null_mut()))?;
        status
    };
    check("DllRegisterServer", status)?;
    let mut found = Vec::new();
    for prog_id in caught.keys() {
        if let Some(clsid) = text(caught.0, &format!(r"{prog_id}\CLSID"), "").and_then(|text| text.parse().ok()) {
            found.push(Registered { prog_id, clsid });
        }
    }
    drop(caught);
    // SAFETY: a text of ours. What could not be deleted is cleared by the next process of this number.
    unsafe { RegDeleteTreeW(HKEY_CURRENT_USER, wide(&path).as_ptr()) };
    Ok(found)
}

/// Makes a class known by its ProgID: to the current user, or to a Wine prefix, where users have no classes of their own.
fn name_class(prog_id: &str, clsid: &Guid) -> Result<(), ModuleError> {
    let root = if under_wine() { HKEY_LOCAL_MACHINE } else { HKEY_CURRENT_USER };
    let key = Key::create(root, &format!(r"Software\Classes\{prog_id}\CLSID"))?;
    let data = wide_bytes(&clsid.to_string());
    // SAFETY: an open key; bytes of ours.
    let status = unsafe { RegSetValueExW(key.0, std::ptr::null(), 0, REG_SZ, data.as_ptr(), data.len() as u32) };
    win32("RegSetValueEx", status)
}

/// Whether what the registry names is this file, however its path is written.
pub(super) fn is_same_file(known: &str, file: &str) -> bool {
    let known = searched(known.trim().trim_matches('"'));
    let real = |path: &str| Path::new(path).canonicalize().ok();
    known.eq_ignore_ascii_case(file) || real(&known).is_some_and(|known| real(file) == Some(known))
}

/// Whether the Windows we run on is Wine.
pub fn under_wine() -> bool {
    // SAFETY: ntdll is in every process.
    unsafe {
        let library = GetModuleHandleW(wide("ntdll.dll").as_ptr());
        GetProcAddress(library, c"wine_get_version".as_ptr().cast()).is_some()
    }
}

fn open(path: &Path) -> Result<HMODULE, ModuleError> {
    let path = std::path::absolute(path).map_err(ModuleError::from)?;
    let name = wide(&path.to_string_lossy());
    let library = during("DllMain", || {
        // SAFETY: a text of ours. The file's DllMain runs here; who installs a module trusts its code.
        unsafe { LoadLibraryExW(name.as_ptr(), std::ptr::null_mut(), LOAD_WITH_ALTERED_SEARCH_PATH) }
    });
    if library.is_null() {
        // SAFETY: the thread's last error.
        let code = HResult::from_win32(u16::try_from(unsafe { GetLastError() }).unwrap_or(u16::MAX));
        return Err(failed(&format!("loading {}", path.display()), code.0));
    }
    crash::note(library);
    Ok(library)
}

fn function(library: HMODULE, name: &std::ffi::CStr) -> Option<Function> {
    // SAFETY: a loaded library, and a null-terminated name.
    unsafe { GetProcAddress(library, name.as_ptr().cast()) }
}

fn check(what: &str, status: Status) -> Result<(), ModuleError> {
    if status < 0 { Err(failed(what, status)) } else { Ok(()) }
}
