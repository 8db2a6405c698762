//! `CCertConfig`: the certification authorities a program can name, which here is the one we serve.

use std::ffi::c_void;

use module::{HResult, ModuleError};
use parking_lot::Mutex;

use crate::dispatch::{Automation, Call, Fault, Returned, answer_text, dispatch_of, in_text, store};
use crate::facts;
use crate::guid::{Guid, IID_CERT_CONFIG, IID_DISPATCH};
use crate::hresult::{self, Status};
use crate::interfaces::CertConfig;
use crate::object::{self, Class};
use crate::values::{Bstr, Variant};

/// Where the enumeration stands: before the one authority, at it, behind it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    At,
    Behind,
}

/// The one authority as a list.
#[derive(Default)]
pub struct CertConfigObject(Mutex<Place>);

impl CertConfigObject {
    /// `Reset`: how many there are.
    fn reset(&self, index: i32) -> i32 {
        *self.0.lock() = if index == 0 { Place::Before } else { Place::Behind };
        1
    }

    /// `Next`: its index, -1 at the end.
    fn next(&self) -> i32 {
        let mut place = self.0.lock();
        *place = if *place == Place::Before { Place::At } else { Place::Behind };
        if *place == Place::At { 0 } else { -1 }
    }

    fn field(&self, name: &str) -> Result<String, ModuleError> {
        if *self.0.lock() != Place::At {
            return Err(ModuleError::new(HResult::E_UNEXPECTED, "Next comes before GetField"));
        }
        let facts = facts::known()?;
        match name.to_ascii_lowercase().as_str() {
            "commonname" | "authority" => Ok(facts.ca),
            "config" => Ok(facts.config()),
            "server" => Ok(facts.machine),
            "sanitizedname" => Ok(facts.sanitized),
            "shortname" | "sanitizedshortname" => Ok(facts.sanitized_short),
            // CAIF_REGISTRY and CAIF_LOCAL.
            "flags" => Ok("12".to_owned()),
            "orgunit"
            | "organization"
            | "locality"
            | "state"
            | "country"
            | "description"
            | "comment"
            | "exchangecertificate"
            | "signaturecertificate"
            | "webenrollmentservers" => Err(ModuleError::empty(name)),
            _ => Err(ModuleError::invalid(format!("an authority's entry has no field `{name}`"))),
        }
    }
}

impl Class for CertConfigObject {
    type Table = CertConfig;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_CERT_CONFIG];
    const TABLE: &'static CertConfig =
        &CertConfig { dispatch: dispatch_of::<Self>(), reset: com_reset, next: com_next, field: com_field, config };
}

impl Automation for CertConfigObject {
    const MEMBERS: &'static [&'static str] = &["Reset", "Next", "GetField", "GetConfig"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        call.expect(usize::from(member != "Next"))?;
        let value = match member {
            "Reset" => Variant::long(self.reset(call.long(0)?)),
            "Next" => Variant::long(self.next()),
            "GetField" => Variant::bstr(Bstr::text(&self.field(&call.text(0)?)?)),
            "GetConfig" => Variant::bstr(Bstr::text(&facts::known()?.config())),
            _ => return Err(Fault::Arguments(hresult::DISP_E_MEMBERNOTFOUND)),
        };
        Ok(Returned::Value(value))
    }
}

unsafe extern "system-unwind" fn com_reset(this: *mut c_void, index: i32, count: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { store(count, object::body::<CertConfigObject>(this).reset(index)) }
}

unsafe extern "system-unwind" fn com_next(this: *mut c_void, index: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe {
        let next = object::body::<CertConfigObject>(this).next();
        match store(index, next) {
            hresult::OK if next < 0 => hresult::FALSE,
            status => status,
        }
    }
}

unsafe extern "system-unwind" fn com_field(this: *mut c_void, name: *mut u16, value: *mut *mut u16) -> Status {
    // SAFETY: an object of this class; a BSTR or null; null or valid.
    unsafe {
        answer_text(value, object::body::<CertConfigObject>(this).field(&in_text(name)).map(|text| Bstr::text(&text)))
    }
}

/// Whatever the flags ask for, there is one authority, and nobody to show a choice to.
unsafe extern "system-unwind" fn config(_this: *mut c_void, _flags: i32, value: *mut *mut u16) -> Status {
    // SAFETY: null or valid.
    unsafe { answer_text(value, facts::known().map(|facts| Bstr::text(&facts.config()))) }
}
