//! What `ICertServerExit` and `ICertServerPolicy` do: one object's context, enumerations and remembered flags.

use std::ffi::c_void;

use module::property::{decode_extension, encode_extension};
use module::{CertificateExtension, ExtensionFlags, HResult, ModuleError, PropertyType, ServerExit, Value};
use parking_lot::Mutex;

use crate::contexts;
use crate::dispatch::{Call, Fault, Returned, in_text, store};
use crate::facts;
use crate::hresult::{self, Status};
use crate::object::{self, Class};
use crate::own_properties::OwnProperty;
use crate::values::{Bstr, Variant};

/// A server object of either role. Modules make one for each call, or keep a few and set their contexts.
#[derive(Default)]
pub struct Server {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    context: i32,
    /// Flags of the extension that was read last.
    flags: Option<ExtensionFlags>,
    extensions: Option<std::vec::IntoIter<String>>,
    attributes: Option<std::vec::IntoIter<String>>,
}

/// Which of the two enumerations.
#[derive(Clone, Copy)]
pub enum Listing {
    /// Object identifiers of extensions.
    Extensions,
    /// Names of attributes.
    Attributes,
}

impl Server {
    /// Enumerations and remembered flags belong to the context before, and end with it.
    pub fn set_context(&self, context: i32) -> Result<(), ModuleError> {
        if context != 0 {
            contexts::find(context)?;
        }
        *self.state.lock() = State { context, ..State::default() };
        Ok(())
    }

    /// `GetRequestProperty`
    pub fn request_property(&self, name: &str, kind: i32) -> Result<Value, ModuleError> {
        let kind = property_type(kind)?;
        self.read(|server| server.request_property(name, kind))
    }

    /// `GetRequestAttribute`
    pub fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.read(|server| server.request_attribute(name))
    }

    /// `GetCertificateProperty`: in context 0 properties of the authority only.
    pub fn certificate_property(&self, name: &str, kind: i32) -> Result<Value, ModuleError> {
        let kind = property_type(kind)?;
        if name.eq_ignore_ascii_case(facts::REGISTRY_LOCATION) && kind == PropertyType::String {
            // Where this host keeps the settings: the server cannot know the module's ProgID.
            return facts::registry_location().map(Value::from);
        }
        if let Some(own) = OwnProperty::named(name, kind)? {
            return contexts::find(self.row_context()?)?.own(own);
        }
        if contexts::is_of_authority(name) {
            let context = self.state.lock().context;
            return contexts::find(context)?.read(|server| server.certificate_property(name, kind));
        }
        self.read(|server| server.certificate_property(name, kind))
    }

    /// `SetCertificateProperty`: an empty value deletes.
    pub fn set_certificate_property(&self, name: &str, kind: i32, value: &Variant) -> Result<(), ModuleError> {
        let kind = property_type(kind)?;
        let value = value.target();
        let value = if value.is_empty() { None } else { Some(value.to_value(kind)?) };
        if let Some(own) = OwnProperty::named(name, kind)? {
            return contexts::find(self.row_context()?)?.set_own(own, value);
        }
        contexts::find(self.row_context()?)?.write(|server| server.set_certificate_property(name, value))
    }

    /// `GetCertificateExtension`, which remembers the extension's flags.
    pub fn certificate_extension(&self, oid: &str, kind: i32) -> Result<Value, ModuleError> {
        let kind = property_type(kind)?;
        let extension = self.read(|server| server.certificate_extension(oid))?;
        self.state.lock().flags = Some(extension.flags);
        decode_extension(&extension, kind)
    }

    /// `GetCertificateExtensionFlags`: `E_UNEXPECTED` before an extension was read.
    pub fn certificate_extension_flags(&self) -> Result<i32, ModuleError> {
        let flags = self.state.lock().flags;
        flags
            .map(|flags| flags.bits().cast_signed())
            .ok_or_else(|| ModuleError::new(HResult::E_UNEXPECTED, "no extension was read before its flags"))
    }

    /// `SetCertificateExtension`
    pub fn set_certificate_extension(
        &self,
        oid: &str,
        kind: i32,
        flags: i32,
        value: &Variant,
    ) -> Result<(), ModuleError> {
        let kind = property_type(kind)?;
        let flags = ExtensionFlags::from_bits_retain(flags.cast_unsigned() & ExtensionFlags::POLICY_MASK);
        let value = value.target();
        let value = if value.is_empty() && flags.contains(ExtensionFlags::DELETE) {
            Vec::new()
        } else {
            encode_extension(&value.to_value(kind)?)?
        };
        let extension = CertificateExtension { oid: oid.to_owned(), flags, value };
        contexts::find(self.row_context()?)?.write(|server| server.set_certificate_extension(extension))
    }

    /// `Enumerate…Setup`: takes the list as it is now. Flags are reserved: 0, or 1 (names as object identifiers).
    pub fn enumerate_setup(&self, listing: Listing, flags: i32) -> Result<(), ModuleError> {
        if !matches!((listing, flags), (_, 0) | (Listing::Extensions, 1)) {
            return Err(ModuleError::invalid(format!("an enumeration has no flags {flags:#x}")));
        }
        let names = self.read(|server| match listing {
            Listing::Extensions => server.extensions(),
            Listing::Attributes => server.attributes(),
        })?;
        *self.state.lock().listing(listing) = Some(names.into_iter());
        Ok(())
    }

    /// `Enumerate…`: none at the end. `E_UNEXPECTED` without a set-up.
    pub fn enumerate(&self, listing: Listing) -> Result<Option<String>, ModuleError> {
        let mut state = self.state.lock();
        let open = state.listing(listing).as_mut();
        open.map(Iterator::next)
            .ok_or_else(|| ModuleError::new(HResult::E_UNEXPECTED, "the enumeration was not set up"))
    }

    /// `Enumerate…Close`
    pub fn enumerate_close(&self, listing: Listing) {
        *self.state.lock().listing(listing) = None;
    }

    fn read<T>(&self, read: impl FnOnce(&dyn ServerExit) -> Result<T, ModuleError>) -> Result<T, ModuleError> {
        contexts::find(self.row_context()?)?.read(read)
    }

    /// The context, where it is one with a request.
    fn row_context(&self) -> Result<i32, ModuleError> {
        match self.state.lock().context {
            0 => {
                let text = "context 0 reads the certification authority only: call SetContext first";
                Err(ModuleError::new(HResult::CERTSRV_E_PROPERTY_EMPTY, text))
            }
            context => Ok(context),
        }
    }

    /// A member called by name: those that both roles have.
    pub fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        let nothing = || Returned::Value(Variant::empty());
        let next = |listing| match self.enumerate(listing)? {
            Some(name) => Ok(Returned::Value(Variant::bstr(Bstr::text(&name)))),
            None => Ok(Returned::End),
        };
        let count = match member {
            "GetRequestProperty" | "GetCertificateProperty" | "GetCertificateExtension" => 2,
            "SetContext" | "GetRequestAttribute" | "EnumerateExtensionsSetup" | "EnumerateAttributesSetup" => 1,
            "SetCertificateProperty" => 3,
            "SetCertificateExtension" => 4,
            _ => 0,
        };
        call.expect(count)?;
        match member {
            "SetContext" => self.set_context(call.long(0)?).map(|()| nothing()).map_err(Fault::from),
            "GetRequestProperty" => {
                Ok(Returned::Value(Variant::of(&self.request_property(&call.text(0)?, call.long(1)?)?)))
            }
            "GetRequestAttribute" => {
                Ok(Returned::Value(Variant::bstr(Bstr::text(&self.request_attribute(&call.text(0)?)?))))
            }
            "GetCertificateProperty" => {
                Ok(Returned::Value(Variant::of(&self.certificate_property(&call.text(0)?, call.long(1)?)?)))
            }
            "SetCertificateProperty" => {
                self.set_certificate_property(&call.text(0)?, call.long(1)?, call.value(2)?)?;
                Ok(nothing())
            }
            "GetCertificateExtension" => {
                Ok(Returned::Value(Variant::of(&self.certificate_extension(&call.text(0)?, call.long(1)?)?)))
            }
            "GetCertificateExtensionFlags" => Ok(Returned::Value(Variant::long(self.certificate_extension_flags()?))),
            "SetCertificateExtension" => {
                self.set_certificate_extension(&call.text(0)?, call.long(1)?, call.long(2)?, call.value(3)?)?;
                Ok(nothing())
            }
            "EnumerateExtensionsSetup" => {
                self.enumerate_setup(Listing::Extensions, call.long(0)?)?;
                Ok(nothing())
            }
            "EnumerateExtensions" => next(Listing::Extensions),
            "EnumerateExtensionsClose" => {
                self.enumerate_close(Listing::Extensions);
                Ok(nothing())
            }
            "EnumerateAttributesSetup" => {
                self.enumerate_setup(Listing::Attributes, call.long(0)?)?;
                Ok(nothing())
            }
            "EnumerateAttributes" => next(Listing::Attributes),
            "EnumerateAttributesClose" => {
                self.enumerate_close(Listing::Attributes);
                Ok(nothing())
            }
            _ => Err(Fault::Arguments(hresult::DISP_E_MEMBERNOTFOUND)),
        }
    }
}

impl State {
    const fn listing(&mut self, listing: Listing) -> &mut Option<std::vec::IntoIter<String>> {
        match listing {
            Listing::Extensions => &mut self.extensions,
            Listing::Attributes => &mut self.attributes,
        }
    }
}

fn property_type(number: i32) -> Result<PropertyType, ModuleError> {
    PropertyType::from_number(number.cast_unsigned())
}

/// A class whose objects are server objects.
pub trait ServerClass: Class {
    /// The object.
    fn server(&self) -> &Server;
}

/// The functions that both tables share. Each `this` is an object of `C`, each text a `BSTR` or null, each `[out]`
/// pointer null or valid: that is the contract of every COM call.
pub mod functions {
    #![allow(clippy::missing_safety_doc, reason = "said once, above")]
    use super::*;

    unsafe fn server<'a, C: ServerClass>(this: *mut c_void) -> &'a Server {
        // SAFETY: an object of `C`, says the caller.
        unsafe { object::body::<C>(this) }.server()
    }

    /// Hands a value out, or empties the place and fails.
    unsafe fn give(value: *mut Variant, result: Result<Value, ModuleError>) -> Status {
        // SAFETY: null or valid, says the caller.
        unsafe {
            match result {
                Ok(found) => store(value, Variant::of(&found)),
                Err(error) => match store(value, Variant::empty()) {
                    hresult::OK => error.code.0,
                    failure => failure,
                },
            }
        }
    }

    unsafe fn give_text(text: *mut *mut u16, result: Result<Option<String>, ModuleError>) -> Status {
        // SAFETY: null or valid, says the caller.
        unsafe {
            if text.is_null() {
                return hresult::status(HResult::E_POINTER);
            }
            text.write(std::ptr::null_mut());
            match result {
                Ok(Some(found)) => store(text, Bstr::text(&found).into_raw()),
                Ok(None) => hresult::FALSE,
                Err(error) => error.code.0,
            }
        }
    }

    pub unsafe extern "system-unwind" fn set_context<C: ServerClass>(this: *mut c_void, context: i32) -> Status {
        // SAFETY: see the module.
        hresult::of(unsafe { server::<C>(this) }.set_context(context))
    }

    pub unsafe extern "system-unwind" fn request_property<C: ServerClass>(
        this: *mut c_void,
        name: *mut u16,
        kind: i32,
        value: *mut Variant,
    ) -> Status {
        // SAFETY: see the module.
        unsafe { give(value, server::<C>(this).request_property(&in_text(name), kind)) }
    }

    pub unsafe extern "system-unwind" fn request_attribute<C: ServerClass>(
        this: *mut c_void,
        name: *mut u16,
        value: *mut *mut u16,
    ) -> Status {
        // SAFETY: see the module.
        unsafe { give_text(value, server::<C>(this).request_attribute(&in_text(name)).map(Some)) }
    }

    pub unsafe extern "system-unwind" fn certificate_property<C: ServerClass>(
        this: *mut c_void,
        name: *mut u16,
        kind: i32,
        value: *mut Variant,
    ) -> Status {
        // SAFETY: see the module.
        unsafe { give(value, server::<C>(this).certificate_property(&in_text(name), kind)) }
    }

    pub unsafe extern "system-unwind" fn set_certificate_property<C: ServerClass>(
        this: *mut c_void,
        name: *mut u16,
        kind: i32,
        value: *const Variant,
    ) -> Status {
        // SAFETY: see the module.
        unsafe {
            let empty = Variant::empty();
            let value = value.as_ref().unwrap_or(&empty);
            hresult::of(server::<C>(this).set_certificate_property(&in_text(name), kind, value))
        }
    }

    pub unsafe extern "system-unwind" fn certificate_extension<C: ServerClass>(
        this: *mut c_void,
        name: *mut u16,
        kind: i32,
        value: *mut Variant,
    ) -> Status {
        // SAFETY: see the module.
        unsafe { give(value, server::<C>(this).certificate_extension(&in_text(name), kind)) }
    }

    pub unsafe extern "system-unwind" fn certificate_extension_flags<C: ServerClass>(
        this: *mut c_void,
        flags: *mut i32,
    ) -> Status {
        // SAFETY: see the module.
        unsafe {
            match server::<C>(this).certificate_extension_flags() {
                Ok(found) => store(flags, found),
                Err(error) => error.code.0,
            }
        }
    }

    pub unsafe extern "system-unwind" fn set_certificate_extension<C: ServerClass>(
        this: *mut c_void,
        name: *mut u16,
        kind: i32,
        flags: i32,
        value: *const Variant,
    ) -> Status {
        // SAFETY: see the module.
        unsafe {
            let empty = Variant::empty();
            let value = value.as_ref().unwrap_or(&empty);
            hresult::of(server::<C>(this).set_certificate_extension(&in_text(name), kind, flags, value))
        }
    }

    pub unsafe extern "system-unwind" fn enumerate_extensions_setup<C: ServerClass>(
        this: *mut c_void,
        flags: i32,
    ) -> Status {
        // SAFETY: see the module.
        hresult::of(unsafe { server::<C>(this) }.enumerate_setup(Listing::Extensions, flags))
    }

    pub unsafe extern "system-unwind" fn enumerate_extensions<C: ServerClass>(
        this: *mut c_void,
        name: *mut *mut u16,
    ) -> Status {
        // SAFETY: see the module.
        unsafe { give_text(name, server::<C>(this).enumerate(Listing::Extensions)) }
    }

    pub unsafe extern "system-unwind" fn enumerate_extensions_close<C: ServerClass>(this: *mut c_void) -> Status {
        // SAFETY: see the module.
        unsafe { server::<C>(this) }.enumerate_close(Listing::Extensions);
        hresult::OK
    }

    pub unsafe extern "system-unwind" fn enumerate_attributes_setup<C: ServerClass>(
        this: *mut c_void,
        flags: i32,
    ) -> Status {
        // SAFETY: see the module.
        hresult::of(unsafe { server::<C>(this) }.enumerate_setup(Listing::Attributes, flags))
    }

    pub unsafe extern "system-unwind" fn enumerate_attributes<C: ServerClass>(
        this: *mut c_void,
        name: *mut *mut u16,
    ) -> Status {
        // SAFETY: see the module.
        unsafe { give_text(name, server::<C>(this).enumerate(Listing::Attributes)) }
    }

    pub unsafe extern "system-unwind" fn enumerate_attributes_close<C: ServerClass>(this: *mut c_void) -> Status {
        // SAFETY: see the module.
        unsafe { server::<C>(this) }.enumerate_close(Listing::Attributes);
        hresult::OK
    }
}
