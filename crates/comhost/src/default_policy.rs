//! The default policy module, under its classic ProgID, for modules that chain to it.
//!
//! It does what the classic default module does on a standalone authority, as far as Exeunt has not done it already: the
//! profile has decided on names, key, validity and usages before a policy module is asked, and holds the certificate to
//! them afterwards. What is left is who may enrol, which extensions of the request count, and the decision.

mod extensions;

use std::ffi::c_void;

use module::{Decision, HResult, ModuleError, PropertyType, ServerPolicy};

use self::extensions::Lists;
use crate::contexts;
use crate::dispatch::{Automation, Call, Fault, Returned, dispatch_of, in_text, store};
use crate::facts;
use crate::guid::{Guid, IID_CERT_MANAGE_MODULE, IID_CERT_POLICY, IID_CERT_POLICY2, IID_DISPATCH};
use crate::hresult::{self, Status};
use crate::interfaces::{CertManageModule, CertPolicy, CertPolicy2};
use crate::object::{self, Class};
use crate::registry;
use crate::values::{Bstr, Variant};

const DESCRIPTION: &str = "Exeunt default";

/// The value that says what becomes of requests, in the key of the module that is installed: it is asked for, and its key
/// is the one that `ModuleRegistryLocation` names.
const REQUEST_DISPOSITION: &str = "RequestDisposition";
/// Issue. The classic default of standalone authorities pends first (0x101). Here modules stand in a chain, and the strictest
/// answer counts: whether a person looks first is the profile's to say, in the module before, and this one has no opinion.
const DEFAULT_DISPOSITION: u32 = 1;
const PENDING_FIRST: u32 = 0x100;

/// What `VerifyRequest` answers by number.
const VR_PENDING: i32 = 0;
const VR_INSTANT_OK: i32 = 1;
const VR_INSTANT_BAD: i32 = 2;

/// `ICertPolicy2`
#[derive(Default)]
pub struct DefaultPolicy;

/// `ICertManageModule`
#[derive(Default)]
pub struct DefaultPolicyManage;

impl DefaultPolicy {
    fn verify(context: i32, new: bool) -> Result<Decision, ModuleError> {
        contexts::find(context)?.write(|server| {
            if new && !may_enrol(server)? {
                let text = "the requester may not enrol";
                return Ok(Decision::deny(HResult::CERTSRV_E_ENROLL_DENIED, text));
            }
            let key = facts::registry_location()?;
            Lists::read(&key)?.apply(server, new)?;
            decide(server, &key, new)
        })
    }

    fn disposition(context: i32, new: bool) -> Result<i32, ModuleError> {
        Ok(match Self::verify(context, new)? {
            Decision::Issue => VR_INSTANT_OK,
            Decision::Pend { .. } => VR_PENDING,
            Decision::Deny { code, .. } if code.is_failure() => code.0,
            Decision::Deny { .. } => VR_INSTANT_BAD,
        })
    }
}

fn may_enrol(server: &mut dyn ServerPolicy) -> Result<bool, ModuleError> {
    Ok(server.certificate_property("RequesterCAAccess", PropertyType::Long)?.into_long()? != 0)
}

/// The table of the classic module; bit 8 pends new requests whatever the low byte says.
fn decide(server: &mut dyn ServerPolicy, key: &str, new: bool) -> Result<Decision, ModuleError> {
    let word = registry::read_number(key, REQUEST_DISPOSITION)?.unwrap_or(DEFAULT_DISPOSITION);
    let pend = Decision::Pend { message: String::new() };
    if new && word & PENDING_FIRST != 0 {
        return Ok(pend);
    }
    Ok(match word & 0xff {
        1 => Decision::Issue,
        2 => Decision::deny(HResult::S_OK, ""),
        3 => match server.request_attribute("Disposition") {
            Ok(word) if word.eq_ignore_ascii_case("deny") => Decision::deny(HResult::S_OK, ""),
            Ok(word) if word.eq_ignore_ascii_case("pending") => pend,
            Ok(_) => Decision::Issue,
            Err(error) if error.code == HResult::CERTSRV_E_PROPERTY_EMPTY => Decision::Issue,
            Err(error) => return Err(error),
        },
        _ => pend,
    })
}

impl Class for DefaultPolicy {
    type Table = CertPolicy2;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_CERT_POLICY, IID_CERT_POLICY2];
    const TABLE: &'static CertPolicy2 = &CertPolicy2 {
        policy: CertPolicy { dispatch: dispatch_of::<Self>(), initialize, verify_request, description, shut_down },
        manage_module,
    };
}

impl Automation for DefaultPolicy {
    const MEMBERS: &'static [&'static str] = &["Initialize", "VerifyRequest", "GetDescription", "ShutDown"];
    const DERIVED: &'static [&'static str] = &["GetManageModule"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        call.expect(match member {
            "VerifyRequest" => 4,
            "Initialize" => 1,
            _ => 0,
        })?;
        let value = match member {
            "VerifyRequest" => Variant::long(Self::disposition(call.long(1)?, call.long(2)? != 0)?),
            "GetDescription" => Variant::bstr(Bstr::text(DESCRIPTION)),
            // SAFETY: a new object with `IDispatch`, whose one reference the value takes over.
            "GetManageModule" => unsafe { Variant::dispatch(object::create(DefaultPolicyManage)) },
            _ => Variant::empty(),
        };
        Ok(Returned::Value(value))
    }
}

unsafe extern "system-unwind" fn initialize(_this: *mut c_void, _config: *mut u16) -> Status {
    hresult::OK
}

unsafe extern "system-unwind" fn verify_request(
    _this: *mut c_void,
    _config: *mut u16,
    context: i32,
    new: i32,
    _flags: i32,
    disposition: *mut i32,
) -> Status {
    // SAFETY: null or valid.
    unsafe {
        match store(disposition, VR_INSTANT_BAD) {
            hresult::OK => {}
            failure => return failure,
        }
        match DefaultPolicy::disposition(context, new != 0) {
            Ok(decided) => store(disposition, decided),
            Err(error) => error.code.0,
        }
    }
}

unsafe extern "system-unwind" fn description(_this: *mut c_void, text: *mut *mut u16) -> Status {
    if text.is_null() {
        return hresult::status(HResult::E_POINTER);
    }
    // SAFETY: not null, and so valid.
    unsafe { store(text, Bstr::text(DESCRIPTION).into_raw()) }
}

unsafe extern "system-unwind" fn shut_down(_this: *mut c_void) -> Status {
    hresult::OK
}

unsafe extern "system-unwind" fn manage_module(_this: *mut c_void, module: *mut *mut c_void) -> Status {
    if module.is_null() {
        return hresult::status(HResult::E_POINTER);
    }
    // SAFETY: not null, and so valid.
    unsafe { store(module, object::create(DefaultPolicyManage)) }
}

impl Class for DefaultPolicyManage {
    type Table = CertManageModule;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_CERT_MANAGE_MODULE];
    const TABLE: &'static CertManageModule =
        &CertManageModule { dispatch: dispatch_of::<Self>(), property, set_property, configure };
}

impl Automation for DefaultPolicyManage {
    const MEMBERS: &'static [&'static str] = &["GetProperty", "SetProperty", "Configure"];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        call.expect(match member {
            "GetProperty" => 4,
            "SetProperty" => 5,
            _ => 3,
        })?;
        if member != "GetProperty" {
            return Ok(Returned::Value(Variant::empty()));
        }
        let text = said(&call.text(2)?);
        Ok(Returned::Value(text.map_or_else(Variant::empty, |text| Variant::bstr(Bstr::text(text)))))
    }
}

/// What the default module says of itself.
fn said(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "name" | "description" => Some(DESCRIPTION),
        "copyright" => Some("The Exeunt authors"),
        "file version" | "product version" => Some(env!("CARGO_PKG_VERSION")),
        _ => None,
    }
}

unsafe extern "system-unwind" fn property(
    _this: *mut c_void,
    _config: *mut u16,
    _location: *mut u16,
    name: *mut u16,
    _flags: i32,
    value: *mut Variant,
) -> Status {
    // SAFETY: a BSTR or null; null or valid.
    unsafe {
        match said(&in_text(name)) {
            Some(text) if !value.is_null() => store(value, Variant::bstr(Bstr::text(text))),
            Some(_) => hresult::status(HResult::E_POINTER),
            None => hresult::FALSE,
        }
    }
}

unsafe extern "system-unwind" fn set_property(
    _this: *mut c_void,
    _config: *mut u16,
    _location: *mut u16,
    _name: *mut u16,
    _flags: i32,
    _value: *const Variant,
) -> Status {
    hresult::FALSE
}

unsafe extern "system-unwind" fn configure(
    _this: *mut c_void,
    _config: *mut u16,
    _location: *mut u16,
    _flags: i32,
) -> Status {
    hresult::OK
}
