//! `CCertServerPolicy`: the table of `ICertServerPolicy`, which also writes.

use crate::dispatch::{Automation, Call, Fault, Returned, dispatch_of};
use crate::guid::{Guid, IID_DISPATCH, IID_SERVER_POLICY};
use crate::interfaces::CertServerPolicy;
use crate::object::Class;
use crate::server::{Server, ServerClass, functions};

/// What a policy module reads and writes through.
#[derive(Default)]
pub struct ServerPolicyObject(Server);

impl Class for ServerPolicyObject {
    type Table = CertServerPolicy;
    const INTERFACES: &'static [Guid] = &[IID_DISPATCH, IID_SERVER_POLICY];
    const TABLE: &'static CertServerPolicy = &CertServerPolicy {
        dispatch: dispatch_of::<Self>(),
        set_context: functions::set_context::<Self>,
        request_property: functions::request_property::<Self>,
        request_attribute: functions::request_attribute::<Self>,
        certificate_property: functions::certificate_property::<Self>,
        set_certificate_property: functions::set_certificate_property::<Self>,
        certificate_extension: functions::certificate_extension::<Self>,
        certificate_extension_flags: functions::certificate_extension_flags::<Self>,
        set_certificate_extension: functions::set_certificate_extension::<Self>,
        enumerate_extensions_setup: functions::enumerate_extensions_setup::<Self>,
        enumerate_extensions: functions::enumerate_extensions::<Self>,
        enumerate_extensions_close: functions::enumerate_extensions_close::<Self>,
        enumerate_attributes_setup: functions::enumerate_attributes_setup::<Self>,
        enumerate_attributes: functions::enumerate_attributes::<Self>,
        enumerate_attributes_close: functions::enumerate_attributes_close::<Self>,
    };
}

impl ServerClass for ServerPolicyObject {
    fn server(&self) -> &Server {
        &self.0
    }
}

impl Automation for ServerPolicyObject {
    const MEMBERS: &'static [&'static str] = &[
        "SetContext",
        "GetRequestProperty",
        "GetRequestAttribute",
        "GetCertificateProperty",
        "SetCertificateProperty",
        "GetCertificateExtension",
        "GetCertificateExtensionFlags",
        "SetCertificateExtension",
        "EnumerateExtensionsSetup",
        "EnumerateExtensions",
        "EnumerateExtensionsClose",
        "EnumerateAttributesSetup",
        "EnumerateAttributes",
        "EnumerateAttributesClose",
    ];

    fn invoke(&self, member: &str, call: &Call<'_>) -> Result<Returned, Fault> {
        self.0.invoke(member, call)
    }
}
