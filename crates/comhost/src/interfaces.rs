//! The tables of functions of the interfaces we call and offer, in their order.
//!
//! On Windows the calling convention is that of 64-bit Windows, elsewhere that of the platform's C: `extern "system-unwind"` is both,
//! and says that an exception may come through, which `crash::during` meets.

use std::ffi::c_void;

use crate::guid::{self, Guid};
use crate::hresult::Status;
use crate::values::Variant;

/// A table of functions, and the interface it belongs to.
pub trait Interface {
    /// The identifier of the interface.
    const IID: Guid;
}

macro_rules! interface {
    ($(#[$doc:meta])* $name:ident: $iid:ident, $base:ident $base_type:ty;
     $($(#[$method_doc:meta])* $method:ident($($parameter:ident: $kind:ty),*) -> $result:ty;)*) => {
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            /// What it is derived from.
            pub $base: $base_type,
            $($(#[$method_doc])* pub $method: unsafe extern "system-unwind" fn(this: *mut c_void, $($parameter: $kind),*) -> $result,)*
        }

        impl Interface for $name {
            const IID: Guid = guid::$iid;
        }
    };
}

/// `IUnknown`
#[repr(C)]
pub struct Unknown {
    /// `QueryInterface`
    pub query_interface: unsafe extern "system-unwind" fn(*mut c_void, *const Guid, *mut *mut c_void) -> Status,
    /// `AddRef`
    pub add_ref: unsafe extern "system-unwind" fn(*mut c_void) -> u32,
    /// `Release`
    pub release: unsafe extern "system-unwind" fn(*mut c_void) -> u32,
}

impl Interface for Unknown {
    const IID: Guid = guid::IID_UNKNOWN;
}

/// `DISPPARAMS`: arguments of `Invoke`, the last one first.
#[repr(C)]
pub struct Arguments {
    /// The values.
    pub values: *mut Variant,
    /// The numbers of named arguments.
    pub named: *mut i32,
    /// How many there are.
    pub count: u32,
    /// How many of them are named.
    pub named_count: u32,
}

/// `EXCEPINFO`: why a member failed. Its texts are `BSTR`s that the caller frees.
#[repr(C)]
pub struct Exception {
    /// An error number of the member's own, or 0.
    pub code: u16,
    /// Null.
    pub reserved: u16,
    /// Who failed.
    pub source: *mut u16,
    /// Why.
    pub description: *mut u16,
    /// A help file.
    pub help_file: *mut u16,
    /// A topic in it.
    pub help_context: u32,
    /// Null.
    pub reserved_pointer: *mut c_void,
    /// Fills the record in later, where it is given.
    pub deferred: Option<unsafe extern "system-unwind" fn(*mut Exception) -> Status>,
    /// The status code, where `code` is 0.
    pub status: Status,
}

interface! {
    /// `IClassFactory`
    ClassFactory: IID_CLASS_FACTORY, unknown Unknown;
    /// `CreateInstance`
    create_instance(outer: *mut c_void, iid: *const Guid, out: *mut *mut c_void) -> Status;
    /// `LockServer`
    lock_server(lock: i32) -> Status;
}

interface! {
    /// `IDispatch`
    Dispatch: IID_DISPATCH, unknown Unknown;
    /// `GetTypeInfoCount`
    type_info_count(count: *mut u32) -> Status;
    /// `GetTypeInfo`
    type_info(index: u32, locale: u32, info: *mut *mut c_void) -> Status;
    /// `GetIDsOfNames`
    ids_of_names(iid: *const Guid, names: *mut *mut u16, count: u32, locale: u32, ids: *mut i32) -> Status;
    /// `Invoke`
    invoke(id: i32, iid: *const Guid, locale: u32, flags: u16, arguments: *mut Arguments, result: *mut Variant,
           exception: *mut Exception, wrong: *mut u32) -> Status;
}

interface! {
    /// `IErrorInfo`
    ErrorInfo: IID_ERROR_INFO, unknown Unknown;
    /// `GetGUID`
    interface(iid: *mut Guid) -> Status;
    /// `GetSource`
    source(text: *mut *mut u16) -> Status;
    /// `GetDescription`
    description(text: *mut *mut u16) -> Status;
    /// `GetHelpFile`
    help_file(text: *mut *mut u16) -> Status;
    /// `GetHelpContext`
    help_context(context: *mut u32) -> Status;
}

interface! {
    /// `ICertExit`
    CertExit: IID_CERT_EXIT, dispatch Dispatch;
    /// `Initialize`
    initialize(config: *mut u16, mask: *mut i32) -> Status;
    /// `Notify`
    notify(event: i32, context: i32) -> Status;
    /// `GetDescription`
    description(text: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertExit2`
    CertExit2: IID_CERT_EXIT2, exit CertExit;
    /// `GetManageModule`
    manage_module(module: *mut *mut c_void) -> Status;
}

interface! {
    /// `ICertPolicy`
    CertPolicy: IID_CERT_POLICY, dispatch Dispatch;
    /// `Initialize`
    initialize(config: *mut u16) -> Status;
    /// `VerifyRequest`
    verify_request(config: *mut u16, context: i32, new: i32, flags: i32, disposition: *mut i32) -> Status;
    /// `GetDescription`
    description(text: *mut *mut u16) -> Status;
    /// `ShutDown`
    shut_down() -> Status;
}

interface! {
    /// `ICertPolicy2`
    CertPolicy2: IID_CERT_POLICY2, policy CertPolicy;
    /// `GetManageModule`
    manage_module(module: *mut *mut c_void) -> Status;
}

interface! {
    /// `ICertManageModule`
    CertManageModule: IID_CERT_MANAGE_MODULE, dispatch Dispatch;
    /// `GetProperty`
    property(config: *mut u16, location: *mut u16, name: *mut u16, flags: i32, value: *mut Variant) -> Status;
    /// `SetProperty`
    set_property(config: *mut u16, location: *mut u16, name: *mut u16, flags: i32, value: *const Variant) -> Status;
    /// `Configure`
    configure(config: *mut u16, location: *mut u16, flags: i32) -> Status;
}

interface! {
    /// `ICertServerExit`
    CertServerExit: IID_SERVER_EXIT, dispatch Dispatch;
    /// `SetContext`
    set_context(context: i32) -> Status;
    /// `GetRequestProperty`
    request_property(name: *mut u16, kind: i32, value: *mut Variant) -> Status;
    /// `GetRequestAttribute`
    request_attribute(name: *mut u16, value: *mut *mut u16) -> Status;
    /// `GetCertificateProperty`
    certificate_property(name: *mut u16, kind: i32, value: *mut Variant) -> Status;
    /// `GetCertificateExtension`
    certificate_extension(name: *mut u16, kind: i32, value: *mut Variant) -> Status;
    /// `GetCertificateExtensionFlags`
    certificate_extension_flags(flags: *mut i32) -> Status;
    /// `EnumerateExtensionsSetup`
    enumerate_extensions_setup(flags: i32) -> Status;
    /// `EnumerateExtensions`
    enumerate_extensions(name: *mut *mut u16) -> Status;
    /// `EnumerateExtensionsClose`
    enumerate_extensions_close() -> Status;
    /// `EnumerateAttributesSetup`
    enumerate_attributes_setup(flags: i32) -> Status;
    /// `EnumerateAttributes`
    enumerate_attributes(name: *mut *mut u16) -> Status;
    /// `EnumerateAttributesClose`
    enumerate_attributes_close() -> Status;
}

interface! {
    /// `ICertServerPolicy`
    CertServerPolicy: IID_SERVER_POLICY, dispatch Dispatch;
    /// `SetContext`
    set_context(context: i32) -> Status;
    /// `GetRequestProperty`
    request_property(name: *mut u16, kind: i32, value: *mut Variant) -> Status;
    /// `GetRequestAttribute`
    request_attribute(name: *mut u16, value: *mut *mut u16) -> Status;
    /// `GetCertificateProperty`
    certificate_property(name: *mut u16, kind: i32, value: *mut Variant) -> Status;
    /// `SetCertificateProperty`
    set_certificate_property(name: *mut u16, kind: i32, value: *const Variant) -> Status;
    /// `GetCertificateExtension`
    certificate_extension(name: *mut u16, kind: i32, value: *mut Variant) -> Status;
    /// `GetCertificateExtensionFlags`
    certificate_extension_flags(flags: *mut i32) -> Status;
    /// `SetCertificateExtension`
    set_certificate_extension(name: *mut u16, kind: i32, flags: i32, value: *const Variant) -> Status;
    /// `EnumerateExtensionsSetup`
    enumerate_extensions_setup(flags: i32) -> Status;
    /// `EnumerateExtensions`
    enumerate_extensions(name: *mut *mut u16) -> Status;
    /// `EnumerateExtensionsClose`
    enumerate_extensions_close() -> Status;
    /// `EnumerateAttributesSetup`
    enumerate_attributes_setup(flags: i32) -> Status;
    /// `EnumerateAttributes`
    enumerate_attributes(name: *mut *mut u16) -> Status;
    /// `EnumerateAttributesClose`
    enumerate_attributes_close() -> Status;
}

interface! {
    /// `ICertEncodeBitString`
    CertEncodeBitString: IID_ENCODE_BIT_STRING, dispatch Dispatch;
    /// `Decode`
    decode(binary: *mut u16) -> Status;
    /// `GetBitCount`
    bit_count(count: *mut i32) -> Status;
    /// `GetBitString`
    bit_string(bits: *mut *mut u16) -> Status;
    /// `Encode`
    encode(count: i32, bits: *mut u16, binary: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertEncodeBitString2`
    CertEncodeBitString2: IID_ENCODE_BIT_STRING2, first CertEncodeBitString;
    /// `DecodeBlob`
    decode_blob(text: *mut u16, encoding: i32) -> Status;
    /// `EncodeBlob`
    encode_blob(count: i32, bits: *mut u16, encoding_in: i32, encoding: i32, text: *mut *mut u16) -> Status;
    /// `GetBitStringBlob`
    bit_string_blob(encoding: i32, bits: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertEncodeStringArray`
    CertEncodeStringArray: IID_ENCODE_STRING_ARRAY, dispatch Dispatch;
    /// `Decode`
    decode(binary: *mut u16) -> Status;
    /// `GetStringType`
    string_type(kind: *mut i32) -> Status;
    /// `GetCount`
    count(count: *mut i32) -> Status;
    /// `GetValue`
    value(index: i32, text: *mut *mut u16) -> Status;
    /// `Reset`
    reset(count: i32, kind: i32) -> Status;
    /// `SetValue`
    set_value(index: i32, text: *mut u16) -> Status;
    /// `Encode`
    encode(binary: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertEncodeStringArray2`
    CertEncodeStringArray2: IID_ENCODE_STRING_ARRAY2, first CertEncodeStringArray;
    /// `DecodeBlob`
    decode_blob(text: *mut u16, encoding: i32) -> Status;
    /// `EncodeBlob`
    encode_blob(encoding: i32, text: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertEncodeAltName`
    CertEncodeAltName: IID_ENCODE_ALT_NAME, dispatch Dispatch;
    /// `Decode`
    decode(binary: *mut u16) -> Status;
    /// `GetNameCount`
    name_count(count: *mut i32) -> Status;
    /// `GetNameChoice`
    name_choice(index: i32, choice: *mut i32) -> Status;
    /// `GetName`
    name(index: i32, name: *mut *mut u16) -> Status;
    /// `Reset`
    reset(count: i32) -> Status;
    /// `SetNameEntry`
    set_name_entry(index: i32, choice: i32, name: *mut u16) -> Status;
    /// `Encode`
    encode(binary: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertEncodeAltName2`
    CertEncodeAltName2: IID_ENCODE_ALT_NAME2, first CertEncodeAltName;
    /// `DecodeBlob`
    decode_blob(text: *mut u16, encoding: i32) -> Status;
    /// `EncodeBlob`
    encode_blob(encoding: i32, text: *mut *mut u16) -> Status;
    /// `GetNameBlob`
    name_blob(index: i32, encoding: i32, name: *mut *mut u16) -> Status;
    /// `SetNameEntryBlob`
    set_name_entry_blob(index: i32, choice: i32, name: *mut u16, encoding: i32) -> Status;
}

interface! {
    /// `ICertEncodeCRLDistInfo`
    CertEncodeCrlDistInfo: IID_ENCODE_CRL_DIST_INFO, dispatch Dispatch;
    /// `Decode`
    decode(binary: *mut u16) -> Status;
    /// `GetDistPointCount`
    dist_point_count(count: *mut i32) -> Status;
    /// `GetNameCount`
    name_count(point: i32, count: *mut i32) -> Status;
    /// `GetNameChoice`
    name_choice(point: i32, index: i32, choice: *mut i32) -> Status;
    /// `GetName`
    name(point: i32, index: i32, name: *mut *mut u16) -> Status;
    /// `Reset`
    reset(count: i32) -> Status;
    /// `SetNameCount`
    set_name_count(point: i32, count: i32) -> Status;
    /// `SetNameEntry`
    set_name_entry(point: i32, index: i32, choice: i32, name: *mut u16) -> Status;
    /// `Encode`
    encode(binary: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertEncodeCRLDistInfo2`
    CertEncodeCrlDistInfo2: IID_ENCODE_CRL_DIST_INFO2, first CertEncodeCrlDistInfo;
    /// `DecodeBlob`
    decode_blob(text: *mut u16, encoding: i32) -> Status;
    /// `EncodeBlob`
    encode_blob(encoding: i32, text: *mut *mut u16) -> Status;
}

interface! {
    /// `ICertConfig`
    CertConfig: IID_CERT_CONFIG, dispatch Dispatch;
    /// `Reset`
    reset(index: i32, count: *mut i32) -> Status;
    /// `Next`
    next(index: *mut i32) -> Status;
    /// `GetField`
    field(name: *mut u16, value: *mut *mut u16) -> Status;
    /// `GetConfig`
    config(flags: i32, config: *mut *mut u16) -> Status;
}
