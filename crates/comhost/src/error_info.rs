//! Error information: the text that a module's failed method left for its caller.

use crate::interfaces::ErrorInfo;
use crate::object::Pointer;
use crate::values::Bstr;

/// Takes the text that was left on this thread; none where there is none.
pub fn take() -> Option<String> {
    let info = platform::take()?;
    let mut text = std::ptr::null_mut();
    // SAFETY: IErrorInfo's function, with a place for the text that it hands over.
    let (status, text) = unsafe { ((info.table().description)(info.as_raw(), &mut text), Bstr::from_raw(text)) };
    (status >= 0).then(|| text.to_text()).filter(|text| !text.is_empty())
}

/// Forgets what was left before: each call starts without.
pub fn clear() {
    drop(platform::take());
}

#[cfg(windows)]
mod platform {
    use std::ffi::c_void;

    use super::*;

    #[link(name = "oleaut32")]
    unsafe extern "system" {
        fn GetErrorInfo(reserved: u32, info: *mut *mut c_void) -> i32;
    }

    pub(super) fn take() -> Option<Pointer<ErrorInfo>> {
        let mut info = std::ptr::null_mut();
        // SAFETY: a place for an interface; a reference is handed over.
        unsafe {
            if GetErrorInfo(0, &mut info) != 0 {
                return None;
            }
            Pointer::from_raw(info)
        }
    }
}

#[cfg(unix)]
mod platform {
    use super::*;

    pub(super) fn take() -> Option<Pointer<ErrorInfo>> {
        super::unix::LEFT.take()
    }
}

/// Where the system has no error information, the host keeps it.
#[cfg(unix)]
pub mod unix {
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::dispatch::{store, wide_text};
    use crate::guid::{Guid, IID_CREATE_ERROR_INFO, IID_ERROR_INFO};
    use crate::hresult::{self, Status};
    use crate::interfaces::Unknown;
    use crate::object::{self, Class};

    thread_local! {
        pub(super) static LEFT: Cell<Option<Pointer<ErrorInfo>>> = const { Cell::new(None) };
    }

    #[derive(Default)]
    struct Record {
        source: String,
        description: String,
    }

    /// `IErrorInfo`
    struct Reader(Arc<Mutex<Record>>);

    /// `ICreateErrorInfo`; asked for `IErrorInfo` it gives a reader of the same record.
    struct Writer(Arc<Mutex<Record>>);

    /// `ICreateErrorInfo`'s table.
    #[repr(C)]
    struct CreateErrorInfo {
        unknown: Unknown,
        set_interface: unsafe extern "system-unwind" fn(*mut c_void, *const Guid) -> Status,
        set_source: unsafe extern "system-unwind" fn(*mut c_void, *mut u16) -> Status,
        set_description: unsafe extern "system-unwind" fn(*mut c_void, *mut u16) -> Status,
        set_help_file: unsafe extern "system-unwind" fn(*mut c_void, *mut u16) -> Status,
        set_help_context: unsafe extern "system-unwind" fn(*mut c_void, u32) -> Status,
    }

    /// `CreateErrorInfo`
    pub unsafe extern "C" fn create(out: *mut *mut c_void) -> Status {
        // SAFETY: null or valid.
        unsafe {
            if out.is_null() {
                return hresult::status(module::HResult::E_INVALIDARG);
            }
            store(out, object::create(Writer(Arc::default())))
        }
    }

    /// `SetErrorInfo`
    pub unsafe extern "C" fn set(_reserved: u32, info: *mut c_void) -> Status {
        // SAFETY: null or an interface; ours is a reference of its own.
        let info = unsafe { Pointer::<Unknown>::from_raw(info) };
        let kept = info.as_ref().and_then(|info| info.query::<ErrorInfo>().ok());
        LEFT.set(kept);
        // The caller keeps its reference.
        std::mem::forget(info);
        hresult::OK
    }

    /// `GetErrorInfo`
    pub unsafe extern "C" fn get(_reserved: u32, out: *mut *mut c_void) -> Status {
        if out.is_null() {
            return hresult::status(module::HResult::E_INVALIDARG);
        }
        let info = LEFT.take();
        let raw = info.as_ref().map_or(std::ptr::null_mut(), Pointer::as_raw);
        // The reference is handed over.
        std::mem::forget(info);
        // SAFETY: not null, and so valid.
        unsafe { out.write(raw) };
        if raw.is_null() { hresult::FALSE } else { hresult::OK }
    }

    impl Class for Reader {
        type Table = ErrorInfo;
        const INTERFACES: &'static [Guid] = &[IID_ERROR_INFO];
        const TABLE: &'static ErrorInfo = &ErrorInfo {
            unknown: object::unknown_of::<Self>(),
            interface: none_guid,
            source: read_source,
            description: read_description,
            help_file: none_text,
            help_context: none_number,
        };
    }

    unsafe extern "system-unwind" fn none_guid(_this: *mut c_void, iid: *mut Guid) -> Status {
        // SAFETY: null or valid.
        unsafe { store(iid, crate::guid::IID_NULL) }
    }

    unsafe extern "system-unwind" fn none_text(_this: *mut c_void, text: *mut *mut u16) -> Status {
        // SAFETY: null or valid.
        unsafe { store(text, std::ptr::null_mut()) }
    }

    unsafe extern "system-unwind" fn none_number(_this: *mut c_void, number: *mut u32) -> Status {
        // SAFETY: null or valid.
        unsafe { store(number, 0) }
    }

    unsafe extern "system-unwind" fn read_source(this: *mut c_void, text: *mut *mut u16) -> Status {
        // SAFETY: an object of this class; null or valid.
        unsafe { store(text, Bstr::text(&object::body::<Reader>(this).0.lock().source).into_raw()) }
    }

    unsafe extern "system-unwind" fn read_description(this: *mut c_void, text: *mut *mut u16) -> Status {
        // SAFETY: an object of this class; null or valid.
        unsafe { store(text, Bstr::text(&object::body::<Reader>(this).0.lock().description).into_raw()) }
    }

    impl Class for Writer {
        type Table = CreateErrorInfo;
        const INTERFACES: &'static [Guid] = &[IID_CREATE_ERROR_INFO];
        const TABLE: &'static CreateErrorInfo = &CreateErrorInfo {
            unknown: Unknown { query_interface: writer_query, ..object::unknown_of::<Self>() },
            set_interface: ignore_guid,
            set_source,
            set_description,
            set_help_file: ignore_text,
            set_help_context: ignore_number,
        };
    }

    unsafe extern "system-unwind" fn writer_query(
        this: *mut c_void,
        iid: *const Guid,
        out: *mut *mut c_void,
    ) -> Status {
        // SAFETY: an object of this class; null or valid.
        unsafe {
            if !iid.is_null() && *iid == IID_ERROR_INFO {
                let record = Arc::clone(&object::body::<Writer>(this).0);
                return object::create_as(Reader(record), iid, out);
            }
            (object::unknown_of::<Writer>().query_interface)(this, iid, out)
        }
    }

    unsafe extern "system-unwind" fn ignore_guid(_this: *mut c_void, _iid: *const Guid) -> Status {
        hresult::OK
    }

    unsafe extern "system-unwind" fn ignore_text(_this: *mut c_void, _text: *mut u16) -> Status {
        hresult::OK
    }

    unsafe extern "system-unwind" fn ignore_number(_this: *mut c_void, _number: u32) -> Status {
        hresult::OK
    }

    unsafe extern "system-unwind" fn set_source(this: *mut c_void, text: *mut u16) -> Status {
        // SAFETY: an object of this class; a null-terminated text.
        unsafe { object::body::<Writer>(this).0.lock().source = wide_text(text) };
        hresult::OK
    }

    unsafe extern "system-unwind" fn set_description(this: *mut c_void, text: *mut u16) -> Status {
        // SAFETY: an object of this class; a null-terminated text.
        unsafe { object::body::<Writer>(this).0.lock().description = wide_text(text) };
        hresult::OK
    }
}
