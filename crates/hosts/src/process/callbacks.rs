//! The server's side of call-backs: a module's `server.*` call, carried out through the view of its call.

use module::property::{self, Scope};
use module::wire::row::{certificate_kind, request_kind};
use module::wire::{CallBack, CallError};
use module::{HResult, ModuleError, PropertyType, ServerExit, ServerPolicy};
use serde_json::{Value as Json, json};

/// What a call may read, and write.
pub(super) enum View<'a> {
    /// Nothing: `describe` and `ping`.
    None,
    /// The call of an exit module, or `initialize`.
    Exit(&'a dyn ServerExit),
    /// Several events, each with a context of its own: this call's number and those that follow.
    Batch(&'a [&'a dyn ServerExit]),
    /// The call of a policy module.
    Policy(&'a mut dyn ServerPolicy),
}

impl View<'_> {
    /// The reading half, of the `at`th context.
    pub(super) fn reader(&self, at: usize) -> Result<&dyn ServerExit, ModuleError> {
        let none = || ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the call has no such context");
        match self {
            Self::None => Err(none()),
            Self::Exit(server) => Ok(*server),
            Self::Batch(servers) => servers.get(at).copied().ok_or_else(none),
            Self::Policy(server) => Ok(&**server),
        }
    }

    fn writer(&mut self) -> Result<&mut dyn ServerPolicy, ModuleError> {
        match self {
            Self::Policy(server) => Ok(&mut **server),
            Self::None | Self::Exit(_) | Self::Batch(_) => Err(ModuleError::new(
                HResult::E_ACCESSDENIED,
                "only a policy module writes, while it verifies a request",
            )),
        }
    }
}

/// Which of a call's contexts a call-back names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Context 0: the certification authority alone.
    Authority,
    /// The request or event of the call: of a batch, the one at this place.
    Of(usize),
}

/// Carries one call-back out.
pub(super) fn serve(view: &mut View<'_>, context: Context, method: &str, params: &Json) -> Result<Json, CallError> {
    let call_back = CallBack::parse(method, params)?;
    let at = match context {
        Context::Of(at) => at,
        Context::Authority if reads_authority(&call_back) => 0,
        Context::Authority => {
            let text = "context 0 reads the certification authority only";
            return Err(ModuleError::new(HResult::CERTSRV_E_PROPERTY_EMPTY, text).into());
        }
    };
    match call_back {
        CallBack::RequestProperty(name, kind) => {
            let kind = kind.or_else(|| request_kind(&name)).unwrap_or(PropertyType::String);
            Ok(CallBack::value_result(&view.reader(at)?.request_property(&name, kind)?))
        }
        CallBack::CertificateProperty(name, kind) => {
            let kind = kind.or_else(|| certificate_kind(&name)).unwrap_or(PropertyType::String);
            Ok(CallBack::value_result(&view.reader(at)?.certificate_property(&name, kind)?))
        }
        CallBack::RequestAttribute(name) => Ok(json!({"value": view.reader(at)?.request_attribute(&name)?})),
        CallBack::CertificateExtension(oid, kind) => {
            let extension = view.reader(at)?.certificate_extension(&oid)?;
            let typed = kind.map(|kind| property::decode_extension(&extension, kind)).transpose()?;
            Ok(CallBack::extension_result(extension, typed.as_ref())?)
        }
        CallBack::Extensions => Ok(json!({"oids": view.reader(at)?.extensions()?})),
        CallBack::Attributes => Ok(json!({"names": view.reader(at)?.attributes()?})),
        CallBack::SetCertificateProperty(name, value) => {
            view.writer()?.set_certificate_property(&name, value)?;
            Ok(json!({}))
        }
        CallBack::SetCertificateExtension(extension) => {
            view.writer()?.set_certificate_extension(extension)?;
            Ok(json!({}))
        }
    }
}

fn reads_authority(call_back: &CallBack) -> bool {
    match call_back {
        CallBack::CertificateProperty(name, _) => property::certificate_property(name)
            .is_some_and(|(property, _)| matches!(property.scope, Scope::Ca | Scope::CaIndexed)),
        _ => false,
    }
}
