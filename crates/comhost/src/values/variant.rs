//! `VARIANT`: a value and its type, 24 bytes.

use std::ffi::c_void;
use std::mem::ManuallyDrop;

use module::{HResult, ModuleError, PropertyType, Value};

use super::bstr::{self, Bstr};
use super::date;
use crate::object;

/// The types a `VARIANT` may have here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum VariantType {
    /// No value.
    Empty = 0,
    /// A 32-bit number.
    I4 = 3,
    /// A date.
    Date = 7,
    /// Text or bytes.
    Bstr = 8,
    /// An object with `IDispatch`.
    Dispatch = 9,
    /// A truth value; only as an argument of ours.
    Bool = 11,
}

const VT_NULL: u16 = 1;
const VT_I2: u16 = 2;
const VT_ERROR: u16 = 10;
const VT_UNKNOWN: u16 = 13;
const VT_UI2: u16 = 18;
const VT_UI4: u16 = 19;
const VT_INT: u16 = 22;
const VT_UINT: u16 = 23;
const VT_VARIANT: u16 = 12;
const VT_BYREF: u16 = 0x4000;

/// A `VARIANT`, laid out as COM passes it. Dropping it frees what it holds.
#[repr(C)]
pub struct Variant {
    kind: u16,
    reserved: [u16; 3],
    value: Payload,
}

#[repr(C)]
union Payload {
    long: i32,
    short: i16,
    date: f64,
    bstr: *mut u16,
    unknown: *mut c_void,
    reference: *const c_void,
    words: [usize; 2],
}

const _: () = assert!(size_of::<Variant>() == 24 && align_of::<Variant>() == 8);

impl Variant {
    /// `VT_EMPTY`
    pub const fn empty() -> Self {
        Self::new(VariantType::Empty, Payload { words: [0; 2] })
    }

    /// `VT_I4`
    pub const fn long(number: i32) -> Self {
        let mut payload = Payload { words: [0; 2] };
        payload.long = number;
        Self::new(VariantType::I4, payload)
    }

    /// `VT_DATE`, in days since 30 December 1899.
    pub const fn date(date: f64) -> Self {
        let mut payload = Payload { words: [0; 2] };
        payload.date = date;
        Self::new(VariantType::Date, payload)
    }

    /// `VT_BSTR`
    pub const fn bstr(text: Bstr) -> Self {
        let mut payload = Payload { words: [0; 2] };
        payload.bstr = text.into_raw();
        Self::new(VariantType::Bstr, payload)
    }

    /// `VT_DISPATCH`, with a reference that the value takes over.
    ///
    /// # Safety
    /// `raw` is an interface derived from `IDispatch`, and the caller owns a reference to it.
    pub const unsafe fn dispatch(raw: *mut c_void) -> Self {
        let mut payload = Payload { words: [0; 2] };
        payload.unknown = raw;
        Self::new(VariantType::Dispatch, payload)
    }

    const fn new(kind: VariantType, value: Payload) -> Self {
        Self { kind: kind as u16, reserved: [0; 3], value }
    }

    /// A property's value as the contract passes it: binary values are a `BSTR` by their bytes.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Long(number) => Self::long(*number),
            Value::Date(moment) => Self::date(date::from_moment(*moment)),
            Value::Binary(bytes) => Self::bstr(Bstr::bytes(bytes)),
            Value::String(text) => Self::bstr(Bstr::text(text)),
        }
    }

    /// Whether there is no value: `VT_EMPTY`, `VT_NULL`.
    pub const fn is_empty(&self) -> bool {
        self.kind == VariantType::Empty as u16 || self.kind == VT_NULL
    }

    /// Whether it stands for an optional argument that the caller left out: `VT_ERROR`, `DISP_E_PARAMNOTFOUND`.
    pub fn is_left_out(&self) -> bool {
        const PARAMETER_NOT_FOUND: i32 = 0x8002_0004_u32.cast_signed();
        // SAFETY: a value of this type holds 32 bits at this place.
        self.kind == VT_ERROR && unsafe { self.value.long } == PARAMETER_NOT_FOUND
    }

    /// The value read as a property of this type. Numbers come in each of the forms that compilers and scripts write.
    pub fn to_value(&self, kind: PropertyType) -> Result<Value, ModuleError> {
        let mismatch = || {
            let text = format!("a VARIANT of type {} is not a {kind}", self.kind);
            ModuleError::new(HResult::E_INVALIDARG, text)
        };
        match kind {
            PropertyType::Long => self.as_long().map(Value::Long).ok_or_else(mismatch),
            PropertyType::Date => {
                let date = self.as_date().ok_or_else(mismatch)?;
                let moment = date::to_moment(date);
                moment.map(Value::Date).ok_or_else(|| ModuleError::invalid(format!("{date} is not a date")))
            }
            PropertyType::Binary => self.as_bytes().map(Value::Binary).ok_or_else(mismatch),
            PropertyType::String => self.as_text().map(Value::String).ok_or_else(mismatch),
        }
    }

    /// The number of a `VT_I4` and of its smaller and unsigned kin.
    pub fn as_long(&self) -> Option<i32> {
        for kind in [VariantType::I4 as u16, VT_UI4, VT_INT, VT_UINT] {
            // SAFETY: all four hold 32 bits at this place.
            if let Some(number) = self.resolved(kind, |payload| unsafe { payload.cast::<i32>().read_unaligned() }) {
                return Some(number);
            }
        }
        for kind in [VT_I2, VT_UI2, VariantType::Bool as u16] {
            // SAFETY: all three hold 16 bits at this place.
            if let Some(number) = self.resolved(kind, |payload| unsafe { payload.cast::<i16>().read_unaligned() }) {
                let unsigned = i32::from(number.cast_unsigned());
                return Some(if kind == VT_UI2 { unsigned } else { i32::from(number) });
            }
        }
        None
    }

    /// The date of a `VT_DATE`, in days since 30 December 1899.
    pub fn as_date(&self) -> Option<f64> {
        // SAFETY: the type says that a date lies there.
        self.resolved(VariantType::Date as u16, |payload| unsafe { payload.cast::<f64>().read_unaligned() })
    }

    /// The text of a `VT_BSTR`.
    pub fn as_text(&self) -> Option<String> {
        // SAFETY: the type says that there is a BSTR, or null.
        let read = |payload: *const Payload| unsafe { bstr::text_of(payload.cast::<*const u16>().read()) };
        self.resolved(VariantType::Bstr as u16, read)
    }

    /// The bytes of a `VT_BSTR`.
    pub fn as_bytes(&self) -> Option<Vec<u8>> {
        // SAFETY: the type says that there is a BSTR, or null.
        let read = |payload: *const Payload| unsafe { bstr::bytes_of(payload.cast::<*const u16>().read()).to_vec() };
        self.resolved(VariantType::Bstr as u16, read)
    }

    /// The object of a `VT_DISPATCH` or `VT_UNKNOWN`, which the value gives up.
    pub fn take_object(mut self) -> Option<*mut c_void> {
        if self.kind != VariantType::Dispatch as u16 && self.kind != VT_UNKNOWN {
            return None;
        }
        self.kind = VariantType::Empty as u16;
        // SAFETY: the type said that there is an interface, or null.
        let raw = unsafe { self.value.unknown };
        (!raw.is_null()).then_some(raw)
    }

    /// Reads the payload if it is of this type, directly, by reference, or inside a referenced `VARIANT`.
    fn resolved<T>(&self, kind: u16, read: impl Fn(*const Payload) -> T) -> Option<T> {
        if self.kind == kind {
            return Some(read(&raw const self.value));
        }
        // SAFETY: every type with VT_BYREF holds a pointer here.
        let reference = unsafe { self.value.reference };
        if self.kind & VT_BYREF == 0 || reference.is_null() {
            return None;
        }
        if self.kind == kind | VT_BYREF {
            // A reference of this type points to what the payload would start with, and no more is read of it.
            return Some(read(reference.cast()));
        }
        if self.kind == VT_VARIANT | VT_BYREF {
            // SAFETY: points to a VARIANT. One step only: a reference to a reference is nothing that Automation makes.
            let inner = unsafe { &*reference.cast::<ManuallyDrop<Self>>() };
            return (inner.kind == kind).then(|| read(&raw const inner.value));
        }
        None
    }

    /// The `VARIANT` that a `VT_VARIANT | VT_BYREF` refers to; else this one.
    pub fn target(&self) -> &Self {
        // SAFETY: the type says that there is a pointer to a VARIANT, or null.
        unsafe {
            if self.kind == VT_VARIANT | VT_BYREF && !self.value.reference.is_null() {
                &*self.value.reference.cast::<Self>()
            } else {
                self
            }
        }
    }
}

impl Drop for Variant {
    fn drop(&mut self) {
        if self.kind == VariantType::Bstr as u16 {
            // SAFETY: the type says that there is a BSTR, or null, and it is ours.
            drop(unsafe { Bstr::from_raw(self.value.bstr) });
        } else if self.kind == VariantType::Dispatch as u16 || self.kind == VT_UNKNOWN {
            // SAFETY: the type says that there is an interface, or null, and we own a reference.
            unsafe { object::release(self.value.unknown) };
        }
        // Arrays and the like are not among what the contract passes; a module that hands one over leaks it.
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn values_survive() {
        for value in [
            Value::Long(-5),
            Value::from("text"),
            Value::from(String::new()),
            Value::Binary(vec![1, 2, 3]),
            Value::Date("2025-06-01T12:00:01Z".parse().unwrap()),
        ] {
            assert_eq!(Variant::of(&value).to_value(value.kind()).unwrap(), value);
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let text = Variant::bstr(Bstr::text("5"));
        assert_eq!(text.to_value(PropertyType::Long).unwrap_err().code, HResult::E_INVALIDARG);
        assert!(Variant::long(5).to_value(PropertyType::String).is_err());
        assert!(Variant::empty().to_value(PropertyType::Long).is_err());
        assert!(Variant::empty().is_empty());
    }

    #[test]
    fn references_are_followed() {
        let number = Variant::long(7);
        let mut reference = Variant::empty();
        reference.kind = VT_VARIANT | VT_BYREF;
        reference.value.reference = (&raw const number).cast();
        assert_eq!(reference.as_long(), Some(7));
        assert_eq!(reference.target().kind, VariantType::I4 as u16);
        let short = -3_i16;
        let mut reference = Variant::empty();
        reference.kind = VT_I2 | VT_BYREF;
        reference.value.reference = (&raw const short).cast();
        assert_eq!(reference.as_long(), Some(-3));
    }
}
