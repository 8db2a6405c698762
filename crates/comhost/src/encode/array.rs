//! `CCertEncodeLongArray` and `CCertEncodeDateArray`: a SEQUENCE OF INTEGER, a SEQUENCE OF Time.

use std::ffi::c_void;

use der::Decode;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use module::ModuleError;
use parking_lot::Mutex;

use super::asn1::{self, Element, tag};
use super::blob::{self, Der};
use super::{at, at_mut, count, nothing, size};
use crate::dispatch::{Automation, Call, Fault, Returned, answer, dispatch_of};
use crate::guid::{
    Guid, IID_DISPATCH, IID_ENCODE_DATE_ARRAY, IID_ENCODE_DATE_ARRAY2, IID_ENCODE_LONG_ARRAY, IID_ENCODE_LONG_ARRAY2,
};
use crate::hresult::{self, Status};
use crate::interfaces::Dispatch;
use crate::object::{self, Class};
use crate::values::{Variant, date};

/// The table of `ICertEncodeLongArray2` and `ICertEncodeDateArray2`, which differ in their values.
#[repr(C)]
pub struct ArrayTable<T> {
    dispatch: Dispatch,
    decode: unsafe extern "system-unwind" fn(*mut c_void, *mut u16) -> Status,
    count: unsafe extern "system-unwind" fn(*mut c_void, *mut i32) -> Status,
    value: unsafe extern "system-unwind" fn(*mut c_void, i32, *mut T) -> Status,
    reset: unsafe extern "system-unwind" fn(*mut c_void, i32) -> Status,
    set_value: unsafe extern "system-unwind" fn(*mut c_void, i32, T) -> Status,
    encode: unsafe extern "system-unwind" fn(*mut c_void, *mut *mut u16) -> Status,
    decode_blob: unsafe extern "system-unwind" fn(*mut c_void, *mut u16, i32) -> Status,
    encode_blob: unsafe extern "system-unwind" fn(*mut c_void, i32, *mut *mut u16) -> Status,
}

/// A value of an array.
pub trait Value: Copy + Default + Send + Sync + 'static {
    /// The interfaces of its arrays.
    const INTERFACES: &'static [Guid];
    /// What the array is called in errors.
    const WHAT: &'static str;

    /// Reads an element.
    fn read(element: Element<'_>) -> Result<Self, ModuleError>;
    /// Appends it as an element.
    fn write(self, out: &mut Vec<u8>) -> Result<(), ModuleError>;
    /// An argument of a call by name.
    fn argument(call: &Call<'_>, index: usize) -> Result<Self, Fault>;
    /// The value of a call by name.
    fn variant(self) -> Variant;
}

impl Value for i32 {
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_ENCODE_LONG_ARRAY, IID_ENCODE_LONG_ARRAY2];
    const WHAT: &'static str = "a SEQUENCE OF INTEGER of 32 bits";

    fn read(element: Element<'_>) -> Result<Self, ModuleError> {
        if element.tag != tag::INTEGER {
            return Err(asn1::malformed(Self::WHAT, format!("an element with the tag {:#04x}", element.tag)));
        }
        // The number's own rules, of which the fewest octets are one, are those of the reader.
        let whole = asn1::element(tag::INTEGER, element.contents)?;
        Self::from_der(&whole).map_err(|error| asn1::malformed(Self::WHAT, error))
    }

    fn write(self, out: &mut Vec<u8>) -> Result<(), ModuleError> {
        let bytes = self.to_be_bytes();
        // As few octets as keep the sign (X.690 8.3.2).
        let spare = |at: &usize| match bytes.get(*at..at + 2) {
            Some([first, second]) => (*first == 0 && *second < 0x80) || (*first == 0xff && *second >= 0x80),
            _ => false,
        };
        let start = (0..3).take_while(spare).count();
        asn1::write(out, tag::INTEGER, bytes.get(start..).unwrap_or_default())
    }

    fn argument(call: &Call<'_>, index: usize) -> Result<Self, Fault> {
        call.long(index)
    }

    fn variant(self) -> Variant {
        Variant::long(self)
    }
}

/// A `DATE`, in days since 30 December 1899. Times have whole seconds.
impl Value for f64 {
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_ENCODE_DATE_ARRAY, IID_ENCODE_DATE_ARRAY2];
    const WHAT: &'static str = "a SEQUENCE OF UTCTime or GeneralizedTime";

    fn read(element: Element<'_>) -> Result<Self, ModuleError> {
        let wrong = || asn1::malformed(Self::WHAT, "a time that is none");
        let text = std::str::from_utf8(element.contents).map_err(|_| wrong())?;
        let moment = read_time(element.tag, text).ok_or_else(wrong)?;
        let date = date::from_moment(moment);
        date::to_moment(date).map(|_| date).ok_or_else(wrong)
    }

    fn write(self, out: &mut Vec<u8>) -> Result<(), ModuleError> {
        let wrong = || ModuleError::invalid(format!("{self} is not a date of the years 100 to 9999"));
        let moment = date::to_moment(self).ok_or_else(wrong)?;
        let second = moment.round(jiff::Unit::Second).map_err(|_| wrong())?;
        let time = second.to_zoned(TimeZone::UTC).datetime();
        let rest =
            format!("{:02}{:02}{:02}{:02}{:02}Z", time.month(), time.day(), time.hour(), time.minute(), time.second());
        // RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from then on, and before UTCTime begins.
        match time.year() {
            year @ 1950..=2049 => asn1::write(out, tag::UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes()),
            year => asn1::write(out, tag::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes()),
        }
    }

    fn argument(call: &Call<'_>, index: usize) -> Result<Self, Fault> {
        call.date(index)
    }

    fn variant(self) -> Variant {
        Variant::date(self)
    }
}

/// A time in the form of RFC 5280 4.1.2.5: to the second, in UTC.
fn read_time(tag: u8, text: &str) -> Option<jiff::Timestamp> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, rest) = match (tag, digits.len()) {
        (tag::UTC_TIME, 12) => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (tag::GENERALIZED_TIME, 14) => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2).and_then(|part| part.parse::<i8>().ok());
    let time = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The array.
#[derive(Default)]
pub struct ValueArray<T: Value>(Mutex<Option<Vec<T>>>);

impl<T: Value> Der for ValueArray<T> {
    fn decode(&self, der: &[u8]) -> Result<(), ModuleError> {
        let values = asn1::sequence(T::WHAT, der)?.into_iter().map(T::read).collect::<Result<_, _>>()?;
        *self.0.lock() = Some(values);
        Ok(())
    }

    fn encode(&self) -> Result<Vec<u8>, ModuleError> {
        let values = self.0.lock().clone().ok_or_else(nothing)?;
        let mut contents = Vec::new();
        values.into_iter().try_for_each(|value| value.write(&mut contents))?;
        asn1::element(tag::SEQUENCE, &contents)
    }
}

impl<T: Value> ValueArray<T> {
    fn count(&self) -> Result<i32, ModuleError> {
        self.0.lock().as_deref().map(count).ok_or_else(nothing)
    }

    fn value(&self, index: i32) -> Result<T, ModuleError> {
        at(self.0.lock().as_deref().ok_or_else(nothing)?, index).copied()
    }

    /// `Reset`: so many values, all zero.
    fn reset(&self, count: i32) -> Result<(), ModuleError> {
        let size = size(count)?;
        *self.0.lock() = Some(vec![T::default(); size]);
        Ok(())
    }

    fn set_value(&self, index: i32, value: T) -> Result<(), ModuleError> {
        *at_mut(self.0.lock().as_deref_mut().ok_or_else(nothing)?, index)? = value;
        Ok(())
    }
}

impl<T: Value> Class for ValueArray<T> {
    type Table = ArrayTable<T>;
    const INTERFACES: &'static [Guid] = T::INTERFACES;
    const TABLE: &'static ArrayTable<T> = &ArrayTable {
        dispatch: dispatch_of::<Self>(),
        decode: blob::decode::<Self>,
        count: com_count::<T>,
        value: com_value::<T>,
        reset: com_reset::<T>,
        set_value: com_set_value::<T>,
        encode: blob::encode::<Self>,
        decode_blob: blob::decode_blob::<Self>,
        encode_blob: blob::encode_blob::<Self>,
    };
}

impl<T: Value> Automation for ValueArray<T> {
    const MEMBERS: &'static [&'static str] = &["Decode", "GetCount", "GetValue", "Reset", "SetValue", "Encode"];
    const DERIVED: &'static [&'static str] = &["DecodeBlob", "EncodeBlob"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        let nothing = |()| Variant::empty();
        let value = match member {
            "GetCount" => Variant::long(self.count()?),
            "GetValue" => self.value(call.long(0)?)?.variant(),
            "Reset" => self.reset(call.long(0)?).map(nothing)?,
            "SetValue" => self.set_value(call.long(0)?, T::argument(call, 1)?).map(nothing)?,
            other => blob::invoke(self, other, call)?,
        };
        Ok(Returned::Value(value))
    }
}

unsafe extern "system-unwind" fn com_count<T: Value>(this: *mut c_void, count: *mut i32) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(count, object::body::<ValueArray<T>>(this).count()) }
}

unsafe extern "system-unwind" fn com_value<T: Value>(this: *mut c_void, index: i32, value: *mut T) -> Status {
    // SAFETY: an object of this class; null or valid.
    unsafe { answer(value, object::body::<ValueArray<T>>(this).value(index)) }
}

unsafe extern "system-unwind" fn com_reset<T: Value>(this: *mut c_void, count: i32) -> Status {
    // SAFETY: an object of this class.
    hresult::of(unsafe { object::body::<ValueArray<T>>(this).reset(count) })
}

unsafe extern "system-unwind" fn com_set_value<T: Value>(this: *mut c_void, index: i32, value: T) -> Status {
    // SAFETY: an object of this class.
    hresult::of(unsafe { object::body::<ValueArray<T>>(this).set_value(index, value) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use module::HResult;

    use super::*;
    use crate::interfaces::Arguments;

    fn list(elements: &[&str]) -> Vec<u8> {
        let fields: String = elements.iter().enumerate().map(|(at, text)| format!("f{at} = {text}\n")).collect();
        asn1::openssl(&format!("asn1 = SEQUENCE:list\n[list]\n{fields}"))
    }

    #[test]
    fn numbers_are_those_of_openssl() {
        let values = [0, 1, -1, 127, 128, -128, -129, 255, 256, 65_536, i32::MAX, i32::MIN];
        let texts: Vec<String> = values.iter().map(|value| format!("INTEGER:{value}")).collect();
        let der = list(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let array = ValueArray::<i32>::default();
        array.decode(&der).unwrap();
        assert_eq!(array.count().unwrap(), 12);
        for (index, value) in (0..).zip(values) {
            assert_eq!(array.value(index).unwrap(), value);
        }
        assert_eq!(array.encode().unwrap(), der);
        let made = ValueArray::<i32>::default();
        made.reset(12).unwrap();
        assert_eq!(made.value(11).unwrap(), 0);
        for (index, value) in (0..).zip(values) {
            made.set_value(index, value).unwrap();
        }
        assert_eq!(made.encode().unwrap(), der);
    }

    #[test]
    fn dates_are_those_of_openssl() {
        let der = list(&[
            "UTCTIME:500101000000Z",
            "UTCTIME:491231235959Z",
            "GENTIME:20500101120000Z",
            "GENTIME:18991230000000Z",
        ]);
        let array = ValueArray::<f64>::default();
        array.decode(&der).unwrap();
        let moment = |text: &str| date::from_moment(text.parse().unwrap());
        let values =
            [moment("1950-01-01T00:00:00Z"), moment("2049-12-31T23:59:59Z"), moment("2050-01-01T12:00:00Z"), 0.0];
        for (index, value) in (0..).zip(values) {
            assert_eq!(array.value(index).unwrap().to_bits(), value.to_bits());
        }
        assert_eq!(array.encode().unwrap(), der);
        // What a DATE has beyond the second is rounded away.
        array.set_value(1, values[1] + 0.2 / 86_400.0).unwrap();
        assert_eq!(array.encode().unwrap(), der);
        for wrong in [f64::NAN, f64::INFINITY, 1e9, -1e9] {
            array.set_value(0, wrong).unwrap();
            assert_eq!(array.encode().unwrap_err().code, HResult::E_INVALIDARG, "{wrong}");
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let numbers = ValueArray::<i32>::default();
        for wrong in [
            list(&["INTEGER:2147483648"]),
            list(&["BOOL:true"]),
            list(&["INTEGER:1", "UTF8:1"]),
            vec![0x30, 2, 2, 0],
            vec![0x30, 4, 2, 2, 0, 1],
            vec![2, 1, 1],
            vec![],
        ] {
            assert_eq!(numbers.decode(&wrong).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{wrong:?}");
        }
        let dates = ValueArray::<f64>::default();
        for text in ["501301000000Z", "50010100000Z", "5001010000Z", "500101000000+0000", "50010100000aZ", "Zß", ""] {
            let wrong = asn1::element(tag::SEQUENCE, &asn1::element(tag::UTC_TIME, text.as_bytes()).unwrap()).unwrap();
            assert_eq!(dates.decode(&wrong).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{text}");
        }
        for text in ["00991231235959Z", "20500101120000.5Z", "20500230120000Z"] {
            let wrong =
                asn1::element(tag::SEQUENCE, &asn1::element(tag::GENERALIZED_TIME, text.as_bytes()).unwrap()).unwrap();
            assert_eq!(dates.decode(&wrong).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{text}");
        }
        assert_eq!(dates.count().unwrap_err().code, HResult::E_UNEXPECTED);
    }

    #[test]
    fn a_call_that_names_its_arguments_does_nothing() {
        const RESET: i32 = 0x6002_0003;
        let raw = object::create(ValueArray::<i32>::default());
        let (mut value, mut named) = (Variant::long(2), 0);
        let mut arguments = Arguments { values: &raw mut value, named: &raw mut named, count: 1, named_count: 1 };
        let none: *mut c_void = std::ptr::null_mut();
        // SAFETY: an object and arguments of ours.
        unsafe {
            let invoke = <ValueArray<i32> as Class>::TABLE.dispatch.invoke;
            let status =
                invoke(raw, RESET, none.cast(), 0, 1, &raw mut arguments, none.cast(), none.cast(), none.cast());
            assert_eq!(status, hresult::DISP_E_NONAMEDARGS);
            let held = object::body::<ValueArray<i32>>(raw).count();
            assert_eq!(held.unwrap_err().code, HResult::E_UNEXPECTED);
            object::release(raw);
        }
    }

    #[test]
    fn places_outside_are_refused() {
        let array = ValueArray::<i32>::default();
        assert_eq!(array.value(0).unwrap_err().code, HResult::E_UNEXPECTED);
        assert_eq!(array.encode().unwrap_err().code, HResult::E_UNEXPECTED);
        assert_eq!(array.reset(-1).unwrap_err().code, HResult::E_INVALIDARG);
        assert_eq!(array.reset(i32::MAX).unwrap_err().code, HResult::E_INVALIDARG);
        array.reset(0).unwrap();
        assert_eq!(array.encode().unwrap(), [0x30, 0]);
        assert_eq!(array.value(0).unwrap_err().code, HResult::E_INVALIDARG);
        assert_eq!(array.set_value(-1, 1).unwrap_err().code, HResult::E_INVALIDARG);
    }
}
