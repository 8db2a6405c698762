//! What a module's failed method is reported as: its status code, and whatever text it left.

use module::{HResult, ModuleError};

use crate::error_info;
use crate::hresult::{self, Status};

/// The most of a module's text that is kept, in bytes: with the method and the code's meaning it stays within the 8,192 of an
/// error that the module protocol keeps.
const TEXT_BYTES_MAX: usize = 7_936;

/// The error of a method that returned this status.
pub fn of(method: &str, status: Status) -> ModuleError {
    with_text(method, status, error_info::take())
}

/// The error of a method that returned this status, with the module's own words.
pub fn with_text(method: &str, status: Status, text: Option<String>) -> ModuleError {
    let code = if status < 0 { HResult(status) } else { HResult::E_FAIL };
    let mut text = text.unwrap_or_default().trim().to_owned();
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    let meaning = hresult::describe(code.0);
    let message = match text.as_str() {
        "" => format!("{method} failed: {meaning}"),
        text => format!("{method} failed: {text}; {meaning}"),
    };
    ModuleError::new(code, message)
}

/// Success, or the error.
pub fn check(method: &str, status: Status) -> Result<(), ModuleError> {
    if status < 0 { Err(of(method, status)) } else { Ok(()) }
}
