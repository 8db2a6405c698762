//! `IDispatch` of our objects: members by name, arguments checked and converted.

use std::ffi::c_void;

use module::{HResult, ModuleError};

use crate::guid::{Guid, IID_NULL};
use crate::hresult::{self, Status};
use crate::interfaces::{Arguments, Dispatch, Exception};
use crate::object::{self, Class};
use crate::values::{Bstr, Variant, text_of};

/// The number of the first member that an interface adds to `IDispatch`, as MIDL gives them out.
const FIRST_MEMBER: i32 = 0x6002_0000;
/// The number of the first member that an interface adds which is derived from such a one.
const FIRST_DERIVED: i32 = 0x6003_0000;
const METHOD: u16 = 1;
const PROPERTY_GET: u16 = 2;
/// More arguments than any member has.
const ARGUMENTS_MAX: u32 = 16;

/// A class whose members can be called by name.
pub trait Automation: Class {
    /// The members in the order of the table.
    const MEMBERS: &'static [&'static str];
    /// Those that a second interface adds, which is derived from the first.
    const DERIVED: &'static [&'static str] = &[];

    /// Calls a member of [`Self::MEMBERS`] or [`Self::DERIVED`].
    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault>;
}

/// What a member gives.
pub enum Returned {
    /// A value, or `VT_EMPTY`.
    Value(Variant),
    /// The end of an enumeration: `S_FALSE`, with an empty text for callers that see no status codes.
    End,
}

/// Why a call fails.
pub enum Fault {
    /// The arguments do not fit.
    Arguments(Status),
    /// The member failed.
    Failed(ModuleError),
}

impl From<ModuleError> for Fault {
    fn from(error: ModuleError) -> Self {
        Self::Failed(error)
    }
}

/// The arguments of a call.
pub struct Call<'a>(&'a [Variant]);

impl Call<'_> {
    /// Fails unless there are so many.
    pub const fn expect(&self, count: usize) -> Result<(), Fault> {
        if self.0.len() == count { Ok(()) } else { Err(Fault::Arguments(hresult::DISP_E_BADPARAMCOUNT)) }
    }

    /// The argument at this place, counted from the first.
    pub fn value(&self, index: usize) -> Result<&Variant, Fault> {
        // They come last first.
        let place = self.0.len().checked_sub(index + 1);
        let value = place.and_then(|place| self.0.get(place));
        value.ok_or(Fault::Arguments(hresult::DISP_E_BADPARAMCOUNT))
    }

    /// A text.
    pub fn text(&self, index: usize) -> Result<String, Fault> {
        self.value(index)?.as_text().ok_or(Fault::Arguments(hresult::DISP_E_TYPEMISMATCH))
    }

    /// Bytes: a binary `BSTR`.
    pub fn bytes(&self, index: usize) -> Result<Vec<u8>, Fault> {
        self.value(index)?.as_bytes().ok_or(Fault::Arguments(hresult::DISP_E_TYPEMISMATCH))
    }

    /// A number.
    pub fn long(&self, index: usize) -> Result<i32, Fault> {
        self.value(index)?.as_long().ok_or(Fault::Arguments(hresult::DISP_E_TYPEMISMATCH))
    }

    /// A date, in days since 30 December 1899.
    pub fn date(&self, index: usize) -> Result<f64, Fault> {
        self.value(index)?.as_date().ok_or(Fault::Arguments(hresult::DISP_E_TYPEMISMATCH))
    }
}

/// The functions a dual interface of class `C` starts with.
pub const fn dispatch_of<C: Automation>() -> Dispatch {
    Dispatch {
        unknown: object::unknown_of::<C>(),
        type_info_count,
        type_info,
        ids_of_names: ids_of_names::<C>,
        invoke: invoke::<C>,
    }
}

/// The members of each interface, with the number of its first.
const fn numbered<C: Automation>() -> [(i32, &'static [&'static str]); 2] {
    [(FIRST_MEMBER, C::MEMBERS), (FIRST_DERIVED, C::DERIVED)]
}

fn number_of<C: Automation>(name: &str) -> Option<i32> {
    numbered::<C>().into_iter().find_map(|(first, members)| {
        let place = members.iter().position(|member| member.eq_ignore_ascii_case(name))?;
        Some(first + place as i32)
    })
}

fn member_of<C: Automation>(number: i32) -> Option<&'static str> {
    numbered::<C>().into_iter().find_map(|(first, members)| {
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        members.get(place).copied()
    })
}

unsafe extern "system-unwind" fn type_info_count(_this: *mut c_void, count: *mut u32) -> Status {
    // SAFETY: null or valid.
    unsafe { store(count, 0) }
}

unsafe extern "system-unwind" fn type_info(
    _this: *mut c_void,
    _index: u32,
    _locale: u32,
    info: *mut *mut c_void,
) -> Status {
    // SAFETY: null or valid.
    match unsafe { store(info, std::ptr::null_mut()) } {
        hresult::OK => hresult::DISP_E_BADINDEX,
        failure => failure,
    }
}

unsafe extern "system-unwind" fn ids_of_names<C: Automation>(
    _this: *mut c_void,
    iid: *const Guid,
    names: *mut *mut u16,
    count: u32,
    _locale: u32,
    ids: *mut i32,
) -> Status {
    if names.is_null() || ids.is_null() || count == 0 {
        return hresult::status(HResult::E_INVALIDARG);
    }
    // SAFETY: `names` and `ids` have `count` places; names are null-terminated; `iid` is null or valid.
    unsafe {
        if !iid.is_null() && *iid != IID_NULL {
            return hresult::DISP_E_UNKNOWNINTERFACE;
        }
        // Names behind the first are those of parameters, by which nothing can be called here.
        for place in 1..count as usize {
            ids.add(place).write(-1);
        }
        let wanted = wide_text(*names);
        match number_of::<C>(&wanted) {
            Some(number) => {
                ids.write(number);
                if count == 1 { hresult::OK } else { hresult::DISP_E_UNKNOWNNAME }
            }
            None => {
                ids.write(-1);
                hresult::DISP_E_UNKNOWNNAME
            }
        }
    }
}

unsafe extern "system-unwind" fn invoke<C: Automation>(
    this: *mut c_void,
    id: i32,
    _iid: *const Guid,
    _locale: u32,
    flags: u16,
    arguments: *mut Arguments,
    result: *mut Variant,
    exception: *mut Exception,
    _wrong: *mut u32,
) -> Status {
    let Some(member) = member_of::<C>(id) else {
        return hresult::DISP_E_MEMBERNOTFOUND;
    };
    if flags & (METHOD | PROPERTY_GET) == 0 || arguments.is_null() {
        return hresult::DISP_E_MEMBERNOTFOUND;
    }
    // SAFETY: not null, and so valid; the values are `count` in number; `this` is an object of ours.
    let outcome = unsafe {
        let arguments = &*arguments;
        if arguments.named_count != 0 {
            return hresult::DISP_E_NONAMEDARGS;
        }
        let values = if arguments.count == 0 || arguments.values.is_null() {
            &[]
        } else {
            std::slice::from_raw_parts(arguments.values, arguments.count.min(ARGUMENTS_MAX) as usize)
        };
        object::body::<C>(this).invoke(member, &Call(values))
    };
    let (status, value) = match outcome {
        Ok(Returned::Value(value)) => (hresult::OK, value),
        Ok(Returned::End) => (hresult::FALSE, Variant::bstr(Bstr::text(""))),
        Err(Fault::Arguments(status)) => return status,
        Err(Fault::Failed(error)) => {
            if !exception.is_null() {
                // SAFETY: a record to be filled in.
                unsafe { exception.write(told(&error)) };
            }
            return hresult::DISP_E_EXCEPTION;
        }
    };
    if !result.is_null() {
        // SAFETY: a VARIANT to be filled in; what it held is the caller's to have cleared.
        unsafe { result.write(value) };
    }
    status
}

fn told(error: &ModuleError) -> Exception {
    Exception {
        code: 0,
        reserved: 0,
        source: Bstr::text("Exeunt").into_raw(),
        description: Bstr::text(&error.message).into_raw(),
        help_file: std::ptr::null_mut(),
        help_context: 0,
        reserved_pointer: std::ptr::null_mut(),
        deferred: None,
        status: error.code.0,
    }
}

/// Writes an `[out]` argument: `E_POINTER` where it is null.
///
/// # Safety
/// `out` is null or has room for a `T`.
pub unsafe fn store<T>(out: *mut T, value: T) -> Status {
    if out.is_null() {
        return hresult::status(HResult::E_POINTER);
    }
    // SAFETY: has room.
    unsafe { out.write(value) };
    hresult::OK
}

/// Ends a method that gives a value: writes its `[out]` argument, or returns its failure.
///
/// # Safety
/// `out` is null or has room for a `T`.
pub unsafe fn answer<T>(out: *mut T, result: Result<T, ModuleError>) -> Status {
    match result {
        // SAFETY: as above.
        Ok(value) => unsafe { store(out, value) },
        Err(error) => error.code.0,
    }
}

/// As [`answer`], of a text or of bytes: null where the method failed.
///
/// # Safety
/// `out` is null or has room for a pointer.
pub unsafe fn answer_text(out: *mut *mut u16, result: Result<Bstr, ModuleError>) -> Status {
    // SAFETY: as above.
    match (unsafe { store(out, std::ptr::null_mut()) }, result) {
        // SAFETY: as above.
        (hresult::OK, Ok(text)) => unsafe { store(out, text.into_raw()) },
        (hresult::OK, Err(error)) => error.code.0,
        (failure, _) => failure,
    }
}

/// The text of a null-terminated UTF-16 string, up to 8,192 units.
///
/// # Safety
/// `raw` is null or null-terminated.
pub unsafe fn wide_text(raw: *const u16) -> String {
    const UNITS_MAX: usize = 8192;
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: every unit up to the terminator is there.
    let units = unsafe {
        let length = (0..UNITS_MAX).find(|&place| *raw.add(place) == 0).unwrap_or(UNITS_MAX);
        std::slice::from_raw_parts(raw, length)
    };
    String::from_utf16_lossy(units)
}

/// The text of an `[in] BSTR`.
///
/// # Safety
/// `raw` is null or a `BSTR`.
pub unsafe fn in_text(raw: *const u16) -> String {
    // SAFETY: passed on.
    unsafe { text_of(raw) }
}
