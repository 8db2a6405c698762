//! Shared objects that were compiled with the kit's runtime.

mod registered;
mod table;

use std::ffi::{CStr, CString, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use module::{HResult, ModuleError, Role};

use super::{Loaded, Registered, Wanted, choose, failed, no_such_name, uncreated};
use crate::classes::{self, Factory};
use crate::crash::{self, during};
use crate::dispatch::wide_text;
use crate::guid::{Guid, IID_CLASS_FACTORY, IID_UNKNOWN};
use crate::hresult::{self, Status};
use crate::interfaces::{ClassFactory, Unknown};
use crate::object::{self, Pointer};
use crate::registry::files::{self, Root};

type Attach = unsafe extern "C" fn(*const table::Host) -> Status;
type ClassObject = unsafe extern "system-unwind" fn(*const Guid, *const Guid, *mut *mut c_void) -> Status;
type Register = unsafe extern "system-unwind" fn() -> Status;

/// The module's `DllGetClassObject`.
static CLASS_OBJECT: OnceLock<ClassObject> = OnceLock::new();

pub(super) fn prepare(folder: Option<&Path>) -> Result<(), ModuleError> {
    folder.map_or(Ok(()), table::open_drive)
}

pub(super) use registered::{delete, is_same_file, set_text, text as class_text};

/// What to do about a class that is not registered.
pub(super) fn register_hint() -> String {
    let folder = files::opened().folder();
    let folder = folder.parent().unwrap_or(folder).display();
    format!(
        "register its file with `exeunt-comhost register FILE --registry {folder}`, or name the file with the setting `path`"
    )
}

pub(super) fn load(wanted: &Wanted, role: Role) -> Result<Loaded, ModuleError> {
    let (class, file) = match &wanted.path {
        Some(path) => (None, path.clone()),
        None => registered::find(wanted).map(|(class, file)| (Some(class), file))?,
    };
    let library = attach(&file)?;
    let class = match class {
        Some(class) => class,
        None => class_of(wanted, role, &library, &file.display().to_string())?,
    };
    let object = during("IClassFactory::CreateInstance", || instance(&class.clsid))
        .map_err(|status| uncreated(status, &class, &file.display().to_string()))?;
    Ok(Loaded { object, prog_id: class.prog_id })
}

/// The file that is registered for a class.
pub(super) fn find(wanted: &Wanted) -> Result<String, ModuleError> {
    let (_, file) = registered::find(wanted)?;
    let file = absolute(&file)?;
    let text = file.to_str().map(str::to_owned);
    text.ok_or_else(|| ModuleError::invalid(format!("the path {} is not UTF-8", file.display())))
}

/// `DllRegisterServer`: the classes of the file, and its absolute path.
pub(super) fn register(path: &Path) -> Result<(Vec<Registered>, String), ModuleError> {
    let file = absolute(path)?;
    let library = attach(&file)?;
    run(&library, "DllRegisterServer", &file.display().to_string())?;
    Ok((registered_classes(), file.display().to_string()))
}

/// A file that is to take its registration back.
pub(super) struct Registrar {
    library: Library,
    file: String,
}

impl Registrar {
    pub(super) fn open(path: &Path) -> Result<Self, ModuleError> {
        let file = absolute(path)?;
        Ok(Self { library: attach(&file)?, file: file.display().to_string() })
    }

    /// Its absolute path.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The classes that it registers, and those of its classes that are registered.
    pub(super) fn classes(&self) -> Result<Vec<Registered>, ModuleError> {
        let mut classes = registered_classes();
        if self.library.function("DllRegisterServer").is_some() {
            // Into classes of its own, for us to look at.
            let caught = files::opened().divert_classes()?;
            run(&self.library, "DllRegisterServer", &self.file)?;
            let more = registered_classes();
            drop(caught);
            classes.extend(more.into_iter().filter(|class| !classes.contains(class)).collect::<Vec<_>>());
        }
        Ok(classes)
    }

    /// `DllUnregisterServer`
    pub(super) fn unregister(&self) -> Result<(), ModuleError> {
        run(&self.library, "DllUnregisterServer", &self.file)
    }
}

fn absolute(path: &Path) -> Result<PathBuf, ModuleError> {
    path.canonicalize().map_err(|error| {
        let code = ModuleError::from(std::io::Error::from(error.kind())).code;
        ModuleError::new(code, format!("{} cannot be read: {error}", path.display()))
    })
}

/// Calls a function of the file by its name.
fn run(library: &Library, name: &'static str, file: &str) -> Result<(), ModuleError> {
    let Some(function) = library.function(name) else {
        let text = format!("{file} does not register itself: it has no `{name}`");
        return Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text));
    };
    // SAFETY: a function of this type by its name.
    let function: Register = unsafe { std::mem::transmute(function) };
    // SAFETY: as above.
    check(name, during(name, || unsafe { function() }))
}

/// Loads a file, and makes the runtime in it and this host known to each other.
fn attach(path: &Path) -> Result<Library, ModuleError> {
    let file = path.display().to_string();
    let library = Library::open(path)?;
    let Some(attach) = library.function("exeunt_attach") else {
        let text = format!("{file} was not built with the runtime of sdk/c: it has no `exeunt_attach`");
        return Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text));
    };
    let Some(class_object) = library.function("DllGetClassObject") else {
        let text = format!("{file} is no COM server: it has no `DllGetClassObject`");
        return Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text));
    };
    crash::note(path, class_object.expose_provenance());
    // SAFETY: functions of these types by their names, which is what the agreement says.
    unsafe {
        let attach: Attach = std::mem::transmute(attach);
        check("exeunt_attach", during("exeunt_attach", || attach(&table::HOST)))?;
        let class_object: ClassObject = std::mem::transmute(class_object);
        CLASS_OBJECT.set(class_object).map_err(|_| ModuleError::new(HResult::E_UNEXPECTED, "loaded twice"))?;
    }
    Ok(library)
}

/// The class to create: as the operator said, or as the file registers it.
fn class_of(wanted: &Wanted, role: Role, library: &Library, file: &str) -> Result<Registered, ModuleError> {
    if let Some(clsid) = wanted.clsid {
        return Ok(Registered { prog_id: wanted.stand_in(&clsid), clsid });
    }
    if library.function("DllRegisterServer").is_none() {
        let text = format!("{file} does not register itself: name its class with the setting `clsid`");
        return Err(ModuleError::new(HResult::CRYPT_E_NOT_FOUND, text));
    }
    run(library, "DllRegisterServer", file)?;
    match &wanted.prog_id {
        Some(prog_id) => match registered::clsid_of(prog_id) {
            Some(clsid) => Ok(Registered { prog_id: prog_id.clone(), clsid }),
            None => Err(no_such_name(prog_id, file, &registered_classes())),
        },
        None => choose(&registered_classes(), role, file),
    }
}

/// An object of a class, by its ProgID.
pub(super) fn create(prog_id: &str) -> Result<Pointer<Unknown>, Status> {
    let clsid = clsid_of(prog_id).ok_or(hresult::CO_E_CLASSSTRING)?;
    instance(&clsid)
}

fn instance(clsid: &Guid) -> Result<Pointer<Unknown>, Status> {
    let mut object = std::ptr::null_mut();
    // SAFETY: identifiers and a place of ours; a reference is handed over.
    unsafe {
        let status = create_instance(clsid, &IID_UNKNOWN, &mut object);
        if status < 0 {
            return Err(status);
        }
        Pointer::from_raw(object).ok_or(hresult::E_NOINTERFACE)
    }
}

/// `CoCreateInstance` without aggregation: a class of ours, or one of the module.
///
/// # Safety
/// `iid` and `out` are valid.
unsafe fn create_instance(clsid: &Guid, iid: *const Guid, out: *mut *mut c_void) -> Status {
    let mut factory = std::ptr::null_mut();
    // SAFETY: places of ours, or the caller's.
    unsafe {
        let status = class_object(clsid, &IID_CLASS_FACTORY, &mut factory);
        if status < 0 {
            return status;
        }
        match Pointer::<ClassFactory>::from_raw(factory) {
            None => hresult::E_NOINTERFACE,
            Some(factory) => (factory.table().create_instance)(factory.as_raw(), std::ptr::null_mut(), iid, out),
        }
    }
}

/// `CoGetClassObject`.
///
/// # Safety
/// `iid` and `out` are valid.
unsafe fn class_object(clsid: &Guid, iid: *const Guid, out: *mut *mut c_void) -> Status {
    // SAFETY: as the caller says.
    unsafe {
        out.write(std::ptr::null_mut());
        if let Some(offered) = classes::by_clsid(clsid) {
            return object::create_as(Factory(offered), iid, out);
        }
        match CLASS_OBJECT.get() {
            None => hresult::REGDB_E_CLASSNOTREG,
            Some(class_object) => match class_object(clsid, iid, out) {
                hresult::CLASS_E_CLASSNOTAVAILABLE => hresult::REGDB_E_CLASSNOTREG,
                status => status,
            },
        }
    }
}

/// The class with this ProgID: one of ours, or one that the module registered.
fn clsid_of(prog_id: &str) -> Option<Guid> {
    classes::by_prog_id(prog_id).map(|class| class.clsid).or_else(|| registered::clsid_of(prog_id))
}

/// The ProgIDs in the registry whose classes the module has.
fn registered_classes() -> Vec<Registered> {
    let store = files::opened();
    let names = store.keys(&store.root(Root::Classes)).unwrap_or_default();
    let found = names.into_iter().filter_map(|prog_id| {
        let clsid = registered::clsid_of(&prog_id)?;
        let mut factory = std::ptr::null_mut();
        // SAFETY: identifiers and a place of ours; a reference is handed over.
        let status = during("DllGetClassObject", || unsafe { class_object(&clsid, &IID_CLASS_FACTORY, &mut factory) });
        // SAFETY: as above.
        drop(unsafe { Pointer::<ClassFactory>::from_raw(factory) });
        (status >= 0).then_some(Registered { prog_id, clsid })
    });
    found.collect()
}

fn check(what: &str, status: Status) -> Result<(), ModuleError> {
    if status < 0 { Err(failed(what, status)) } else { Ok(()) }
}

/// A shared object. It is never unloaded: a module may have threads that outlive its last object.
struct Library(*mut c_void);

impl Library {
    fn open(path: &Path) -> Result<Self, ModuleError> {
        let name = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| ModuleError::invalid("the path of the module holds a NUL"))?;
        // SAFETY: a null-terminated path. The file's constructors run here; who installs a module trusts its code.
        let handle = during("its constructors", || unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) });
        if handle.is_null() {
            // SAFETY: null or a null-terminated text, until the next call.
            let text = unsafe {
                let text = libc::dlerror();
                if text.is_null() { "no reason is given".into() } else { CStr::from_ptr(text).to_string_lossy() }
            };
            let text = format!("the module cannot be loaded: {text}");
            return Err(ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, text));
        }
        Ok(Self(handle))
    }

    /// The address of a function.
    fn function(&self, name: &str) -> Option<*mut c_void> {
        let name = CString::new(name).ok()?;
        // SAFETY: an open library, and a null-terminated name.
        let address = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        (!address.is_null()).then_some(address)
    }
}

/// The text of a null-terminated text of the module.
///
/// # Safety
/// Null or null-terminated.
unsafe fn text(raw: *const u16) -> String {
    // SAFETY: passed on.
    unsafe { wide_text(raw) }
}
