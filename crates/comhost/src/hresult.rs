//! Status codes of COM and Automation, beside those of the contract.

use module::{HResult, ModuleError};

/// What COM methods return.
pub type Status = i32;

/// Success.
pub const OK: Status = 0;
/// Success without a value: the end of an enumeration, an unknown management property.
pub const FALSE: Status = 1;

const fn code(bits: u32) -> Status {
    bits.cast_signed()
}

/// No such interface.
pub const E_NOINTERFACE: Status = code(0x8000_4002);
/// Automation: no type information at that index.
pub const DISP_E_BADINDEX: Status = code(0x8002_000b);
/// Automation: no member with that number.
pub const DISP_E_MEMBERNOTFOUND: Status = code(0x8002_0003);
/// Automation: an argument has a type that cannot be converted.
pub const DISP_E_TYPEMISMATCH: Status = code(0x8002_0005);
/// Automation: no member or parameter with that name.
pub const DISP_E_UNKNOWNNAME: Status = code(0x8002_0006);
/// Automation: named arguments are not taken.
pub const DISP_E_NONAMEDARGS: Status = code(0x8002_0007);
/// Automation: the member failed; the error record says why.
pub const DISP_E_EXCEPTION: Status = code(0x8002_0009);
/// Automation: the reserved interface identifier is not null.
pub const DISP_E_UNKNOWNINTERFACE: Status = code(0x8002_0001);
/// Automation: too few or too many arguments.
pub const DISP_E_BADPARAMCOUNT: Status = code(0x8002_000e);
/// An object cannot be made part of another.
pub const CLASS_E_NOAGGREGATION: Status = code(0x8004_0110);
/// The library has no such class.
pub const CLASS_E_CLASSNOTAVAILABLE: Status = code(0x8004_0111);
/// No such class is registered.
pub const REGDB_E_CLASSNOTREG: Status = code(0x8004_0154);
/// No class has that ProgID.
pub const CO_E_CLASSSTRING: Status = code(0x8004_01f3);

/// The code of an error.
pub const fn status(code: HResult) -> Status {
    code.0
}

/// A result as a COM method returns it.
pub fn of(result: Result<(), ModuleError>) -> Status {
    match result {
        Ok(()) => OK,
        Err(error) => error.code.0,
    }
}

/// What is known about a code, for people: its name and meaning.
pub fn describe(status: Status) -> String {
    const MORE: [(Status, &str); 19] = [
        (E_NOINTERFACE, "E_NOINTERFACE, no such interface"),
        (DISP_E_MEMBERNOTFOUND, "DISP_E_MEMBERNOTFOUND, no such member"),
        (DISP_E_TYPEMISMATCH, "DISP_E_TYPEMISMATCH, an argument has the wrong type"),
        (DISP_E_UNKNOWNNAME, "DISP_E_UNKNOWNNAME, no member has that name"),
        (DISP_E_BADPARAMCOUNT, "DISP_E_BADPARAMCOUNT, wrong number of arguments"),
        (CLASS_E_CLASSNOTAVAILABLE, "CLASS_E_CLASSNOTAVAILABLE, the file has no such class"),
        (REGDB_E_CLASSNOTREG, "REGDB_E_CLASSNOTREG, the class is not registered"),
        (CO_E_CLASSSTRING, "CO_E_CLASSSTRING, no class has that ProgID"),
        (code(0x8007_007e), "ERROR_MOD_NOT_FOUND, a library it needs is missing"),
        (code(0x8007_0003), "ERROR_PATH_NOT_FOUND, the path was not found"),
        (code(0x8007_0020), "ERROR_SHARING_VIOLATION, the file is in use"),
        (code(0x8007_0032), "ERROR_NOT_SUPPORTED, this cannot be done"),
        (code(0x8007_0035), "ERROR_BAD_NETPATH, the network path was not found"),
        (code(0x8007_0070), "ERROR_DISK_FULL, the disk is full"),
        (code(0x8007_007a), "ERROR_INSUFFICIENT_BUFFER, the buffer is too small"),
        (code(0x8007_007b), "ERROR_INVALID_NAME, the name of a file or folder is not valid"),
        (code(0x8007_00b7), "ERROR_ALREADY_EXISTS, it exists already"),
        (code(0x8007_00ea), "ERROR_MORE_DATA, the buffer is too small for all of it"),
        (code(0x8007_065e), "ERROR_UNSUPPORTED_TYPE, the value is of another type"),
    ];
    let shown = HResult(status);
    if let Some((name, text)) = shown.describe() {
        return format!("{shown} ({name}, {text})");
    }
    match MORE.iter().find(|(code, _)| *code == status) {
        Some((_, text)) => format!("{shown} ({text})"),
        None => shown.to_string(),
    }
}
