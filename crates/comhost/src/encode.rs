//! The encoding objects of certificate services (`certenc.h`): extension values made and read by a module that has no ASN.1
//! of its own.
//!
//! | Class | ASN.1 |
//! |---|---|
//! | `CCertEncodeStringArray` | SEQUENCE OF a string type |
//! | `CCertEncodeLongArray` | SEQUENCE OF INTEGER, of 32 bits |
//! | `CCertEncodeDateArray` | SEQUENCE OF Time (RFC 5280 4.1) |
//! | `CCertEncodeCRLDistInfo` | CRLDistributionPoints (RFC 5280 4.2.1.13) |
//! | `CCertEncodeAltName` | GeneralNames (RFC 5280 4.2.1.6) |
//! | `CCertEncodeBitString` | BIT STRING |
//!
//! An array is filled by `Decode`, or made by `Reset` and filled element by element. What a module asks of an object that
//! holds nothing yet is `E_UNEXPECTED`, an index outside of the array `E_INVALIDARG`, bytes that are not what they should be
//! `ERROR_INVALID_DATA`. A failed `Decode` leaves the object as it was.
//!
//! Each class has a second interface (`ICertEncodeStringArray2` and its like), derived from the first, in which DER is passed
//! as a text, in base64 or digits: [`encoding`]. One table serves both.

mod alt_name;
mod array;
mod asn1;
mod bit_string;
mod blob;
mod crl_dist_info;
mod encoding;
mod hex;
mod names;
mod string_array;

pub use alt_name::AltName;
pub use array::ValueArray;
pub use bit_string::BitString;
pub use crl_dist_info::CrlDistInfo;
pub use string_array::StringArray;

use module::{HResult, ModuleError};

/// More elements than any extension holds.
const COUNT_MAX: i32 = 1 << 16;

/// The number of elements that `Reset` is told.
fn size(count: i32) -> Result<usize, ModuleError> {
    let size = usize::try_from(count).ok().filter(|_| count <= COUNT_MAX);
    size.ok_or_else(|| ModuleError::invalid(format!("an array of {count} elements: there may be 0 to {COUNT_MAX}")))
}

/// The element at an index that a module gave.
fn at<T>(elements: &[T], index: i32) -> Result<&T, ModuleError> {
    let found = usize::try_from(index).ok().and_then(|index| elements.get(index));
    found.ok_or_else(|| outside(index, elements.len()))
}

/// As [`at`], to be changed.
fn at_mut<T>(elements: &mut [T], index: i32) -> Result<&mut T, ModuleError> {
    let count = elements.len();
    let found = usize::try_from(index).ok().and_then(|index| elements.get_mut(index));
    found.ok_or_else(|| outside(index, count))
}

fn outside(index: i32, count: usize) -> ModuleError {
    ModuleError::invalid(format!("there is no element {index}: the array has {count}, counted from 0"))
}

/// The number of elements, for a module.
fn count<T>(elements: &[T]) -> i32 {
    i32::try_from(elements.len()).expect("arrays are not larger than COUNT_MAX")
}

/// The error of an object that holds nothing yet.
fn nothing() -> ModuleError {
    ModuleError::new(HResult::E_UNEXPECTED, "the object is empty: Decode or Reset comes first")
}
