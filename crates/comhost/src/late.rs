//! Modules without a table of functions: their members are called by name, through `IDispatch`.

use std::ptr;

use module::ModuleError;

use crate::failure;
use crate::guid::IID_NULL;
use crate::hresult::{self, Status};
use crate::interfaces::{Arguments, Dispatch, Exception};
use crate::object::Pointer;
use crate::values::{Bstr, Variant, wide};

const LOCALE: u32 = 0x0400;
const METHOD: u16 = 1;

/// An object whose members are called by name.
pub struct Late(Pointer<Dispatch>);

impl Late {
    /// Around an object.
    pub const fn new(object: Pointer<Dispatch>) -> Self {
        Self(object)
    }

    /// Whether it has a member with this name.
    pub fn has(&self, name: &str) -> bool {
        self.number(name).is_ok()
    }

    /// Calls a member. `interface` is for the text of its failure.
    pub fn call(&self, interface: &str, name: &str, arguments: Vec<Variant>) -> Result<Variant, ModuleError> {
        let method = format!("{interface}::{name}");
        let id = self.number(name).map_err(|status| failure::of(&method, status))?;
        // Automation takes the last argument first.
        let mut values: Vec<Variant> = arguments.into_iter().rev().collect();
        let mut record = Arguments {
            values: values.as_mut_ptr(),
            named: ptr::null_mut(),
            count: values.len() as u32,
            named_count: 0,
        };
        let mut result = Variant::empty();
        let mut exception = empty_exception();
        // SAFETY: IDispatch's function; every pointer is to a value of ours that outlives the call.
        let status = unsafe {
            (self.0.table().invoke)(
                self.0.as_raw(),
                id,
                &IID_NULL,
                LOCALE,
                METHOD,
                &mut record,
                &mut result,
                &mut exception,
                ptr::null_mut(),
            )
        };
        if status == hresult::DISP_E_EXCEPTION {
            return Err(thrown(&method, exception));
        }
        failure::check(&method, status).map(|()| result)
    }

    fn number(&self, name: &str) -> Result<i32, Status> {
        let mut text = wide(name);
        let mut names = [text.as_mut_ptr()];
        let mut id = -1;
        // SAFETY: IDispatch's function; one name, one place.
        let status = unsafe {
            (self.0.table().ids_of_names)(self.0.as_raw(), &IID_NULL, names.as_mut_ptr(), 1, LOCALE, &mut id)
        };
        if status < 0 { Err(status) } else { Ok(id) }
    }
}

/// The error of a member that filled in a record.
fn thrown(method: &str, mut exception: Exception) -> ModuleError {
    if let Some(fill) = exception.deferred.take() {
        // SAFETY: the record's own function, called once, with the record.
        unsafe { fill(&mut exception) };
    }
    // SAFETY: the record's texts are handed over.
    let (description, _source, _help) = unsafe {
        (Bstr::from_raw(exception.description), Bstr::from_raw(exception.source), Bstr::from_raw(exception.help_file))
    };
    // A record carries a status code, or a number of the language's own, which FACILITY_CONTROL makes one of.
    let status = match (exception.status, exception.code) {
        (0, code) => (0x800a_0000_u32 | u32::from(code)).cast_signed(),
        (status, _) => status,
    };
    failure::with_text(method, status, Some(description.to_text()))
}

const fn empty_exception() -> Exception {
    Exception {
        code: 0,
        reserved: 0,
        source: ptr::null_mut(),
        description: ptr::null_mut(),
        help_file: ptr::null_mut(),
        help_context: 0,
        reserved_pointer: ptr::null_mut(),
        deferred: None,
        status: 0,
    }
}
