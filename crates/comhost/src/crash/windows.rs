//! Crashes of DLLs: exceptions, structured and of C++, and `abort`.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicPtr, Ordering};

use windows_sys::Win32::Foundation::HMODULE;
use windows_sys::Win32::System::Diagnostics::Debug::{
    CONTEXT, EXCEPTION_POINTERS, EXCEPTION_RECORD, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
    SetUnhandledExceptionFilter,
};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleFileNameW,
    GetModuleHandleExW, GetModuleHandleW, GetProcAddress,
};
use windows_sys::Win32::System::Memory::{PAGE_GUARD, PAGE_READWRITE, VirtualProtect};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThreadStackLimits, SetThreadStackGuarantee, TerminateProcess,
};

use super::{BASE, METHOD};
use crate::loader::under_wine;
use crate::values::wide;

/// What the report of an overflow needs of the stack that has overflowed, in bytes.
const ROOM: usize = 64 * 1024;
const PAGE: usize = 4096;
/// The most frames that are looked at.
const FRAMES_MAX: usize = 64;
/// The most places in the module that are told of one crash: where it was, and who called.
const PLACES_MAX: usize = 4;

const ACCESS_VIOLATION: u32 = 0xc000_0005;

/// The module.
static MODULE: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    static KEPT: Cell<bool> = const { Cell::new(false) };
    /// Whether the crash of this thread has been told.
    static TOLD: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn watch() {
    // SAFETY: settings of the process; the filter may run at any time from here on.
    unsafe {
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
        SetUnhandledExceptionFilter(Some(unhandled));
    }
}

/// Knows the module from here on, and hears of its `abort`.
pub fn note(module: HMODULE) {
    const SIGABRT: c_int = 22;
    type Signal = unsafe extern "C" fn(c_int, extern "C" fn(c_int)) -> usize;
    MODULE.store(module, Ordering::Release);
    // The C libraries that modules share with Windows, of which each has its own signals.
    for library in ["msvcrt.dll", "ucrtbase.dll"] {
        // SAFETY: a text of ours; null where the library is not loaded, and then nothing is found in it.
        unsafe {
            let library = GetModuleHandleW(wide(library).as_ptr());
            if let Some(signal) = GetProcAddress(library, c"signal".as_ptr().cast()).filter(|_| !library.is_null()) {
                let signal: Signal = std::mem::transmute(signal);
                signal(SIGABRT, aborted);
            }
        }
    }
}

/// Keeps room on this thread's stack for the report of its overflow.
pub(super) fn keep_room() {
    if KEPT.replace(true) {
        return;
    }
    let mut room = ROOM as u32;
    // SAFETY: a number that the system reads, and writes. Where it fails, the report is what may be lost.
    unsafe { SetThreadStackGuarantee(&mut room) };
    if under_wine() {
        // Wine has the guard page at the stack's end, with one page behind it, whatever is to be guaranteed. Another one above
        // the room makes the overflow come there.
        let (mut lowest, mut highest, mut before) = (0, 0, 0);
        // SAFETY: places of ours; a page that is this thread's, and stays readable and writable.
        unsafe {
            GetCurrentThreadStackLimits(&mut lowest, &mut highest);
            let guard = lowest + PAGE + ROOM;
            VirtualProtect(guard as *const c_void, PAGE, PAGE_READWRITE | PAGE_GUARD, &mut before);
        }
    }
}

/// Ends the process as an unhandled exception does, without another report.
pub(super) fn end() -> ! {
    const UNHANDLED: u32 = 0xe06d_7363;
    // SAFETY: ends this process.
    unsafe { TerminateProcess(GetCurrentProcess(), UNHANDLED) };
    std::process::abort();
}

/// The thread was unwound through this host.
pub(super) fn unwound(method: &str) {
    if !TOLD.get() {
        say(&format!("{}: an exception that nobody caught", begun(method)));
    }
}

/// The handler of the frame between this host and the module: is asked about an exception that nobody below it handles, while all
/// frames still stand. The process ends by itself afterwards, with whatever the module has set up for its end.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe extern "system" fn raised(
    record: *mut EXCEPTION_RECORD,
    _frame: *mut c_void,
    context: *mut CONTEXT,
    _dispatcher: *mut c_void,
) -> i32 {
    const UNWINDING: u32 = 0x66;
    const CONTINUE_SEARCH: i32 = 1;
    // SAFETY: the system hands over records of the exception and of the thread.
    unsafe {
        if (*record).ExceptionFlags & UNWINDING == 0 && !TOLD.replace(true) {
            tell(&*record, &*context);
        }
    }
    CONTINUE_SEARCH
}

/// What nobody handled, on whatever thread.
unsafe extern "system" fn unhandled(pointers: *const EXCEPTION_POINTERS) -> i32 {
    // SAFETY: as above.
    let code = unsafe {
        let (record, context) = (&*(*pointers).ExceptionRecord, &*(*pointers).ContextRecord);
        if !TOLD.replace(true) {
            tell(record, context);
        }
        record.ExceptionCode.cast_unsigned()
    };
    // SAFETY: ends this process, in which nothing can be relied on any more.
    unsafe { TerminateProcess(GetCurrentProcess(), code) };
    0
}

/// `abort` of a C library, in the module or on one of its threads.
#[cfg(target_arch = "x86_64")]
extern "C" fn aborted(_signal: c_int) {
    use windows_sys::Win32::System::Diagnostics::Debug::RtlCaptureContext;

    let mut context = Aligned(CONTEXT::default());
    // SAFETY: fills the record of this thread.
    unsafe { RtlCaptureContext(&mut context.0) };
    if !TOLD.replace(true) {
        let places = Places::of(&context.0);
        say(&format!("{}: abort{}", begun(METHOD.get()), places.callers()));
    }
}

#[cfg(not(target_arch = "x86_64"))]
extern "C" fn aborted(_signal: c_int) {
    if !TOLD.replace(true) {
        say(&format!("{}: abort", begun(METHOD.get())));
    }
}

fn tell(record: &EXCEPTION_RECORD, context: &CONTEXT) {
    let code = record.ExceptionCode.cast_unsigned();
    let what = match code {
        ACCESS_VIOLATION => "access violation",
        0xc000_00fd => "stack overflow",
        0xc000_0094 => "division by zero",
        0xc000_001d => "invalid instruction",
        0xe06d_7363 | 0x2047_4343 => "a C++ exception that nobody caught",
        0xe043_4352 => "a .NET exception that nobody caught",
        _ => "structured exception",
    };
    let address = record.ExceptionAddress.addr();
    let mut line = format!("{}: {what} ({code:#010x}) at {}", begun(METHOD.get()), place(address));
    #[cfg(target_arch = "x86_64")]
    line.push_str(&Places::of(context).callers());
    #[cfg(not(target_arch = "x86_64"))]
    let _ = context;
    if code == ACCESS_VIOLATION
        && let [kind, memory, ..] = record.ExceptionInformation
    {
        let access = match kind {
            0 => "reading",
            1 => "writing to",
            _ => "running",
        };
        // A text takes what is written to it.
        let _ = write!(line, ", {access} {memory:#x}");
    }
    say(&line);
}

/// The beginning of a report.
fn begun(method: &str) -> String {
    match method {
        "" => "the module crashed".to_owned(),
        method => format!("the module crashed in {method}"),
    }
}

fn say(line: &str) {
    // What cannot be written cannot be reported either.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The library that an address is in; null where it is in none.
fn library_of(address: usize) -> HMODULE {
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    let mut library = std::ptr::null_mut();
    // SAFETY: an address, and a place of ours.
    unsafe { GetModuleHandleExW(flags, std::ptr::without_provenance(address), &mut library) };
    library
}

/// An address in the process, as its file and the place in that (its RVA).
fn place(address: usize) -> String {
    const UNITS_MAX: usize = 512;
    let library = library_of(address);
    if library.is_null() {
        return format!("{address:#x}");
    }
    let mut path = [0_u16; UNITS_MAX];
    // SAFETY: a library that is loaded, and a place with the room that is said.
    let length = unsafe { GetModuleFileNameW(library, path.as_mut_ptr(), UNITS_MAX as u32) };
    let path = String::from_utf16_lossy(path.get(..length as usize).unwrap_or_default());
    let name = path.rsplit(['\\', '/']).next().unwrap_or_default();
    format!("{name}+{:#x}", address.wrapping_sub(library.addr()))
}

/// A record of registers where the processor wants it.
#[cfg(target_arch = "x86_64")]
#[repr(C, align(16))]
struct Aligned(CONTEXT);

/// The calls in the module that led to where a thread is, the nearest first. The place itself is none of them.
#[cfg(target_arch = "x86_64")]
struct Places(Vec<usize>);

#[cfg(target_arch = "x86_64")]
impl Places {
    /// Unwinds a copy of the thread's registers up to our own frame.
    fn of(context: &CONTEXT) -> Self {
        use windows_sys::Win32::System::Diagnostics::Debug::{
            RtlLookupFunctionEntry, RtlVirtualUnwind, UNW_FLAG_NHANDLER,
        };

        let module = MODULE.load(Ordering::Acquire);
        let base = BASE.get() as u64;
        let mut context = Aligned(*context);
        let context = &mut context.0;
        let mut found = Vec::new();
        for frame in 0..FRAMES_MAX {
            let at = context.Rip;
            if frame > 0 && !module.is_null() && library_of(at as usize - 1) == module {
                // The call, and not what follows it.
                found.push(at as usize - 1 - module.addr());
            }
            let before = context.Rsp;
            let mut image = 0;
            // SAFETY: an address, and places of ours. The stack between its end and our frame can be read.
            unsafe {
                let entry = RtlLookupFunctionEntry(at, &mut image, std::ptr::null_mut());
                if entry.is_null() {
                    // A function without a frame, or an address that was called and is none.
                    context.Rip = std::ptr::with_exposed_provenance::<u64>(before as usize).read_volatile();
                    context.Rsp += size_of::<u64>() as u64;
                } else {
                    let (mut data, mut establisher) = (std::ptr::null_mut(), 0);
                    RtlVirtualUnwind(
                        UNW_FLAG_NHANDLER,
                        image,
                        at,
                        entry,
                        context,
                        &mut data,
                        &mut establisher,
                        std::ptr::null_mut(),
                    );
                }
            }
            if context.Rip == 0 || context.Rsp <= before || context.Rsp >= base || found.len() == PLACES_MAX {
                break;
            }
        }
        Self(found)
    }

    /// As part of a sentence; empty where there is none.
    fn callers(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let module = MODULE.load(Ordering::Acquire).addr();
        let mut text = String::new();
        for (index, place_in_module) in self.0.iter().enumerate() {
            match index {
                0 => text = format!(", called from {}", place(module + place_in_module)),
                // A text takes what is written to it.
                _ => drop(write!(text, ", +{place_in_module:#x}")),
            }
        }
        text
    }
}
