//! Values as Automation passes them: `BSTR`, `VARIANT`, `DATE`.

mod bstr;
pub mod date;
mod variant;

pub use bstr::{Bstr, bytes_of, text_in, text_of};
pub use variant::Variant;

/// A null-terminated UTF-16 text of this text.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
