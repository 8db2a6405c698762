//! What is loaded where: looked up when the module has been loaded, because in a signal little can be looked up any more. What is
//! loaded later is known where the C library says so in a signal too, which glibc does from 2.35 on.

mod names;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicPtr, Ordering};

use self::names::Function;
use super::frames::Tables;

/// More libraries than any process has.
const OBJECTS_MAX: usize = 1024;

/// Null, or what was found last. It is never freed: a signal may be reading it.
static LOADED: AtomicPtr<Loaded> = AtomicPtr::new(std::ptr::null_mut());

/// Null, or `_dl_find_object` of the C library.
static FIND: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

struct Loaded {
    objects: Vec<Object>,
    /// Which of them is the module.
    module: Option<usize>,
    /// The module's functions that have names, by their place in it.
    functions: Vec<Function>,
}

/// A library, or the program.
struct Object {
    /// The name of its file, without its folder.
    name: String,
    /// What is added to an address in the file.
    base: usize,
    /// Its code, in memory.
    code: Vec<Range<usize>>,
    /// What says who called its functions.
    tables: Option<Tables>,
}

impl Object {
    fn holds(&self, address: usize) -> bool {
        self.code.iter().any(|range| range.contains(&address))
    }
}

/// Looks at what is loaded. `inside` is an address in the module, which was loaded from this file.
pub fn note(file: &Path, inside: usize) {
    let mut objects: Vec<Object> = Vec::new();
    // SAFETY: the function is called with the list, and with what is said of each library.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut objects).cast()) };
    let module = objects.iter().position(|object| object.holds(inside));
    let loaded = Loaded { objects, module, functions: names::functions(file) };
    LOADED.store(Box::into_raw(Box::new(loaded)), Ordering::Release);
    // SAFETY: a null-terminated name.
    FIND.store(unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()) }, Ordering::Release);
}

unsafe extern "C" fn each(info: *mut libc::dl_phdr_info, _size: usize, list: *mut c_void) -> c_int {
    // SAFETY: the list of `note`, and what the loader says, for the time of the call.
    let (objects, info) = unsafe { (&mut *list.cast::<Vec<Object>>(), &*info) };
    let base = info.dlpi_addr as usize;
    let path = match info.dlpi_name.is_null() {
        true => c"",
        // SAFETY: a null-terminated text.
        false => unsafe { CStr::from_ptr(info.dlpi_name) },
    };
    let path = path.to_string_lossy();
    let name = match path.rsplit('/').next() {
        None | Some("") => "exeunt-comhost".to_owned(),
        Some(name) => name.to_owned(),
    };
    let headers = if info.dlpi_phdr.is_null() {
        &[]
    } else {
        // SAFETY: so many headers are there, says the loader.
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) }
    };
    let placed = |header: &libc::Elf64_Phdr| {
        let start = base.wrapping_add(header.p_vaddr as usize);
        start..start.saturating_add(header.p_memsz as usize)
    };
    let segments = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let code = segments.clone().filter(|header| header.p_flags & libc::PF_X != 0).map(placed).collect();
    let readable: Vec<Range<usize>> = segments.filter(|header| header.p_flags & libc::PF_R != 0).map(placed).collect();
    let tables = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME).and_then(|header| {
        // SAFETY: what the loader has put there, which stays as long as the library.
        unsafe { Tables::read(&placed(header), &readable) }
    });
    objects.push(Object { name, base, code, tables });
    c_int::from(objects.len() >= OBJECTS_MAX)
}

fn loaded() -> Option<&'static Loaded> {
    // SAFETY: null, or what `note` left there for good.
    unsafe { LOADED.load(Ordering::Acquire).as_ref() }
}

fn module() -> Option<&'static Object> {
    let loaded = loaded()?;
    loaded.objects.get(loaded.module?)
}

fn holding(address: usize) -> Option<&'static Object> {
    loaded()?.objects.iter().find(|object| object.holds(address))
}

/// The name of the file that an address is in, and the address there.
pub(super) fn file_of(address: usize) -> Option<(&'static str, usize)> {
    match holding(address) {
        Some(object) => Some((&object.name, address - object.base)),
        None => Later::at(address)?.file_of(address),
    }
}

/// Whether an address is in the module.
pub(super) fn is_of_module(address: usize) -> bool {
    module().is_some_and(|module| module.holds(address))
}

/// What says who called the function that an address is in.
pub(super) fn tables_of(address: usize) -> Option<Tables> {
    match holding(address) {
        Some(object) => object.tables.clone(),
        None => Later::at(address)?.tables(),
    }
}

/// A library that was loaded later, as `_dl_find_object` has it: `struct dl_find_object` of glibc's `dlfcn.h`.
#[repr(C)]
struct Later {
    flags: u64,
    start: usize,
    end: usize,
    link: *const Link,
    /// Its `PT_GNU_EH_FRAME`.
    tables: usize,
    reserved: [u64; 7],
}

/// The beginning of `struct link_map` of `link.h`.
#[repr(C)]
struct Link {
    base: usize,
    name: *const c_char,
}

impl Later {
    /// None where the address is in no library, or in one that was there before and is no code of it.
    fn at(address: usize) -> Option<Self> {
        type Find = unsafe extern "C" fn(usize, *mut Later) -> c_int;
        let find = FIND.load(Ordering::Acquire);
        if find.is_null() {
            return None;
        }
        let mut found = Self { flags: 0, start: 0, end: 0, link: std::ptr::null(), tables: 0, reserved: [0; 7] };
        // SAFETY: the function of this name, which takes an address and a place for what it finds, and may be called in a signal.
        let status = unsafe { std::mem::transmute::<*mut c_void, Find>(find)(address, &raw mut found) };
        if status != 0 || found.link.is_null() {
            return None;
        }
        // SAFETY: the loader's record of a library that is there.
        let base = unsafe { (*found.link).base };
        let known = loaded()?.objects.iter().any(|object| object.base == base);
        (!known).then_some(found)
    }

    fn file_of(&self, address: usize) -> Option<(&'static str, usize)> {
        // SAFETY: the loader's record; its text is null-terminated, and stays as long as the library.
        let (path, base) = unsafe { (CStr::from_ptr((*self.link).name), (*self.link).base) };
        Some((path.to_str().ok()?.rsplit('/').next()?, address.wrapping_sub(base)))
    }

    fn tables(&self) -> Option<Tables> {
        if self.tables == 0 {
            return None;
        }
        let all = self.start..self.end;
        // SAFETY: what the loader has put there. What the tables say of themselves is followed, and no more is read.
        unsafe { Tables::read(&(self.tables..self.end), &[all]) }
    }
}

/// The function of the module that an address is in, and how far into it that is.
pub(super) fn function_of(address: usize) -> Option<(&'static str, usize)> {
    let module = module().filter(|module| module.holds(address))?;
    let place = address - module.base;
    let functions = &loaded()?.functions;
    let function = functions.get(functions.partition_point(|function| function.start <= place).checked_sub(1)?)?;
    (place - function.start < function.size).then(|| (function.name.as_str(), place - function.start))
}

/// The place in the module that this thread was led from to here: the nearest that is not of the C++ runtime, which may be part of
/// the module. Not to be called in a signal.
pub(super) fn here() -> Option<usize> {
    unsafe extern "C" {
        fn _Unwind_Backtrace(each: extern "C" fn(*mut c_void, *mut c_void) -> c_int, data: *mut c_void) -> c_int;
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }
    extern "C" fn frame(context: *mut c_void, data: *mut c_void) -> c_int {
        const NO_REASON: c_int = 0;
        const END_OF_STACK: c_int = 5;
        // SAFETY: the frame that we are called for.
        let address = unsafe { _Unwind_GetIP(context) }.wrapping_sub(1);
        let runtime = |name: &str| {
            ["__cxa_", "_Unwind_", "__gxx_", "std::rethrow_exception"].iter().any(|of| name.starts_with(of))
        };
        if !is_of_module(address) || function_of(address).is_some_and(|(name, _)| runtime(name)) {
            return NO_REASON;
        }
        // SAFETY: the place of `here`.
        unsafe { data.cast::<usize>().write(address) };
        END_OF_STACK
    }
    let mut found = 0_usize;
    // SAFETY: calls the function for each frame, with our place.
    unsafe { _Unwind_Backtrace(frame, (&raw mut found).cast()) };
    (found != 0).then_some(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_function_is_found_in_its_file_by_its_name() {
        let address = note as *const () as usize;
        note(&std::env::current_exe().unwrap(), address);
        assert!(is_of_module(address));
        let (name, offset) = function_of(address + 1).unwrap();
        assert!(name.contains("note"), "{name}");
        assert_eq!(offset, 1);
        assert_eq!((file_of(1), function_of(1)), (None, None));
        assert!(tables_of(address).is_some());
    }
}
