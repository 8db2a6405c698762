//! The classes that the host offers to modules, and their class objects.

use std::ffi::c_void;

use crate::cert_config::CertConfigObject;
use crate::default_policy::{DefaultPolicy, DefaultPolicyManage};
use crate::encode::{AltName, BitString, CrlDistInfo, StringArray, ValueArray};
use crate::guid::{
    CLSID_CERT_CONFIG, CLSID_DEFAULT_POLICY, CLSID_DEFAULT_POLICY_MANAGE, CLSID_ENCODE_ALT_NAME,
    CLSID_ENCODE_BIT_STRING, CLSID_ENCODE_CRL_DIST_INFO, CLSID_ENCODE_DATE_ARRAY, CLSID_ENCODE_LONG_ARRAY,
    CLSID_ENCODE_STRING_ARRAY, CLSID_SERVER_EXIT, CLSID_SERVER_POLICY, Guid, IID_CLASS_FACTORY,
};
use crate::hresult::{self, Status};
use crate::interfaces::ClassFactory;
use crate::object::{self, Class, create_as};
use crate::server_exit::ServerExitObject;
use crate::server_policy::ServerPolicyObject;

/// One class.
pub struct Offered {
    /// Its identifier.
    pub clsid: Guid,
    /// Its name.
    pub prog_id: &'static str,
    create: unsafe fn(*const Guid, *mut *mut c_void) -> Status,
}

/// Every class. A third-party policy module finds the default one by its classic ProgID.
pub static CLASSES: [Offered; 11] = [
    offered::<ServerExitObject>(CLSID_SERVER_EXIT, "CertificateAuthority.ServerExit"),
    offered::<ServerPolicyObject>(CLSID_SERVER_POLICY, "CertificateAuthority.ServerPolicy"),
    offered::<BitString>(CLSID_ENCODE_BIT_STRING, "CertificateAuthority.EncodeBitString"),
    offered::<StringArray>(CLSID_ENCODE_STRING_ARRAY, "CertificateAuthority.EncodeStringArray"),
    offered::<ValueArray<i32>>(CLSID_ENCODE_LONG_ARRAY, "CertificateAuthority.EncodeLongArray"),
    offered::<ValueArray<f64>>(CLSID_ENCODE_DATE_ARRAY, "CertificateAuthority.EncodeDateArray"),
    offered::<CrlDistInfo>(CLSID_ENCODE_CRL_DIST_INFO, "CertificateAuthority.EncodeCRLDistInfo"),
    offered::<AltName>(CLSID_ENCODE_ALT_NAME, "CertificateAuthority.EncodeAltName"),
    offered::<CertConfigObject>(CLSID_CERT_CONFIG, "CertificateAuthority.Config"),
    offered::<DefaultPolicy>(CLSID_DEFAULT_POLICY, "CertificateAuthority_MicrosoftDefault.Policy"),
    offered::<DefaultPolicyManage>(CLSID_DEFAULT_POLICY_MANAGE, "CertificateAuthority_MicrosoftDefault.PolicyManage"),
];

const fn offered<C: Class + Default>(clsid: Guid, prog_id: &'static str) -> Offered {
    unsafe fn create<C: Class + Default>(iid: *const Guid, out: *mut *mut c_void) -> Status {
        // SAFETY: passed on.
        unsafe { create_as(C::default(), iid, out) }
    }
    Offered { clsid, prog_id, create: create::<C> }
}

/// The class with this identifier.
#[cfg(unix)]
pub fn by_clsid(clsid: &Guid) -> Option<&'static Offered> {
    CLASSES.iter().find(|class| class.clsid == *clsid)
}

/// The class with this name, with or without a version (`.1`).
#[cfg(unix)]
pub fn by_prog_id(prog_id: &str) -> Option<&'static Offered> {
    let bare = prog_id.strip_suffix(".1").unwrap_or(prog_id);
    CLASSES.iter().find(|class| class.prog_id.eq_ignore_ascii_case(bare))
}

/// The class object of a class of ours.
pub struct Factory(pub &'static Offered);

impl Class for Factory {
    type Table = ClassFactory;
    const INTERFACES: &'static [Guid] = &[IID_CLASS_FACTORY];
    const TABLE: &'static ClassFactory =
        &ClassFactory { unknown: object::unknown_of::<Self>(), create_instance, lock_server };
}

unsafe extern "system-unwind" fn create_instance(
    this: *mut c_void,
    outer: *mut c_void,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> Status {
    if !outer.is_null() {
        return hresult::CLASS_E_NOAGGREGATION;
    }
    // SAFETY: an object of this class; the other pointers are the caller's, null or valid.
    unsafe { (object::body::<Factory>(this).0.create)(iid, out) }
}

unsafe extern "system-unwind" fn lock_server(_this: *mut c_void, _lock: i32) -> Status {
    hresult::OK
}
