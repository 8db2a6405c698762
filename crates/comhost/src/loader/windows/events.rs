//! The event log under Wine, which keeps none and loses what it is told but for texts: the functions that modules report events with
//! are ours there, and the server's log has it all. On Windows they stay as they are.

use std::ffi::{CStr, c_char, c_void};

use parking_lot::Mutex;
use windows_sys::Win32::Foundation::{FALSE, HANDLE, TRUE};
use windows_sys::Win32::Globalization::{CP_ACP, MultiByteToWideChar};
use windows_sys::Win32::System::Diagnostics::Debug::FlushInstructionCache;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{PAGE_EXECUTE_READWRITE, VirtualProtect};
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::core::BOOL;

use crate::dispatch::wide_text;
use crate::events::Event;
use crate::values::wide;

/// The most sources that are told apart.
const SOURCES_MAX: usize = 1_024;
/// What handles begin with: no other handle of a process is so large.
const HANDLES: usize = 0x4578_0000;

/// The names that sources were registered by. A handle is a place in it.
static SOURCES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Puts our functions in the place of Wine's. Where one is not found, or cannot be changed, Wine's stays, and with it the texts.
#[cfg(target_arch = "x86_64")]
pub(super) fn take_over() {
    let functions: [(&CStr, *const c_void); 5] = [
        (c"RegisterEventSourceW", register_wide as *const c_void),
        (c"RegisterEventSourceA", register as *const c_void),
        (c"DeregisterEventSource", deregister as *const c_void),
        (c"ReportEventW", report_wide as *const c_void),
        (c"ReportEventA", report as *const c_void),
    ];
    // SAFETY: a text of ours.
    let library = unsafe { GetModuleHandleW(wide("advapi32.dll").as_ptr()) };
    if library.is_null() {
        return;
    }
    for (name, ours) in functions {
        // SAFETY: a loaded library, and a null-terminated name.
        if let Some(theirs) = unsafe { GetProcAddress(library, name.as_ptr().cast()) } {
            // SAFETY: both are functions of the same type by their name, and no thread but this one runs yet.
            unsafe { redirect(theirs as *mut u8, ours) };
        }
    }
}

/// Elsewhere Wine's functions stay.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn take_over() {}

/// Makes a function jump to another one.
///
/// # Safety
/// Both are functions of one type; the first is not being run, and is longer than a jump.
#[cfg(target_arch = "x86_64")]
unsafe fn redirect(function: *mut u8, to: *const c_void) {
    // mov rax, to; jmp rax
    let [a, b, c, d, e, f, g, h] = to.expose_provenance().to_le_bytes();
    let jump = [0x48, 0xb8, a, b, c, d, e, f, g, h, 0xff, 0xe0];
    let mut before = 0;
    // SAFETY: code of a library of this process, which can be written to from here to there.
    unsafe {
        if VirtualProtect(function.cast(), jump.len(), PAGE_EXECUTE_READWRITE, &mut before) == FALSE {
            return;
        }
        function.copy_from_nonoverlapping(jump.as_ptr(), jump.len());
        VirtualProtect(function.cast(), jump.len(), before, &mut before);
        FlushInstructionCache(GetCurrentProcess(), function.cast(), jump.len());
    }
}

/// A handle for a source. The same name has the same; what comes when there are too many has one without a name.
fn handle(name: String) -> HANDLE {
    let mut sources = SOURCES.lock();
    let place = sources.iter().position(|known| *known == name).unwrap_or(sources.len());
    if place == sources.len() && place < SOURCES_MAX {
        sources.push(name);
    }
    std::ptr::without_provenance_mut(HANDLES + place)
}

/// The name of a source; empty where the handle is none of ours, as that of a log is.
fn source(handle: HANDLE) -> String {
    let place = handle.addr().checked_sub(HANDLES);
    place.and_then(|place| SOURCES.lock().get(place).cloned()).unwrap_or_default()
}

/// `RegisterEventSourceW`
unsafe extern "system" fn register_wide(_server: *const u16, name: *const u16) -> HANDLE {
    // SAFETY: a text or null, says the caller.
    handle(unsafe { wide_text(name) })
}

/// `RegisterEventSourceA`
unsafe extern "system" fn register(_server: *const c_char, name: *const c_char) -> HANDLE {
    // SAFETY: a text or null, says the caller.
    handle(unsafe { ansi_text(name) })
}

/// `DeregisterEventSource`
extern "system" fn deregister(_source: HANDLE) -> BOOL {
    TRUE
}

/// `ReportEventW`
unsafe extern "system" fn report_wide(
    log: HANDLE,
    kind: u16,
    category: u16,
    id: u32,
    _user: *const c_void,
    count: u16,
    _bytes: u32,
    texts: *const *const u16,
    _data: *const c_void,
) -> BOOL {
    // SAFETY: null, or so many texts, each of which may be null.
    let texts = unsafe { listed(texts, count, |text| wide_text(text)) };
    Event { source: &source(log), kind, category, id, texts: &texts }.log();
    TRUE
}

/// `ReportEventA`
unsafe extern "system" fn report(
    log: HANDLE,
    kind: u16,
    category: u16,
    id: u32,
    _user: *const c_void,
    count: u16,
    _bytes: u32,
    texts: *const *const c_char,
    _data: *const c_void,
) -> BOOL {
    // SAFETY: null, or so many texts, each of which may be null.
    let texts = unsafe { listed(texts, count, |text| ansi_text(text)) };
    Event { source: &source(log), kind, category, id, texts: &texts }.log();
    TRUE
}

/// The texts of a list.
///
/// # Safety
/// Null, or so many elements.
unsafe fn listed<T: Copy>(list: *const T, count: u16, text: impl Fn(T) -> String) -> Vec<String> {
    // SAFETY: as the caller says.
    let texts = if list.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(list, usize::from(count)) } };
    texts.iter().map(|raw| text(*raw)).collect()
}

/// A text in the code page of the process.
///
/// # Safety
/// Null or null-terminated.
unsafe fn ansi_text(raw: *const c_char) -> String {
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: null-terminated, says the caller; no character has fewer octets than UTF-16 units.
    unsafe {
        let bytes = CStr::from_ptr(raw).to_bytes();
        let mut units = vec![0_u16; bytes.len()];
        let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        let written = MultiByteToWideChar(CP_ACP, 0, bytes.as_ptr(), length, units.as_mut_ptr(), length);
        String::from_utf16_lossy(units.get(..usize::try_from(written).unwrap_or(0)).unwrap_or_default())
    }
}
