//! Exit modules, and what they read through.

use std::sync::Arc;

use crate::{CertificateExtension, ExitEvents, ModuleError, Notification, PropertyType, Value};

/// Is told what happened. The classic interface is `ICertExit`.
///
/// **Threads.** One instance serves every event of its installation, on several threads at once where the operator
/// allows more than one worker; with one worker, calls come one at a time.
///
/// **Delivery.** Each event of the mask comes at least once, in the order of [`Notification::id`], after the state it
/// reports is durable. A failed or overdue notification is repeated with a higher [`Notification::attempt`]; nothing
/// a module does changes a certificate, a row or an answer.
///
/// **Panics** are caught and count as a failed call.
pub trait ExitModule: Send + Sync {
    /// Prepares the module, once, before any notification, and returns the events it wants.
    ///
    /// `ca` is the common name of the certification authority. Only CA properties can be read here.
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError>;

    /// Handles one event. Unknown events are to be answered with `Ok`.
    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError>;

    /// A line for operators. May be asked for before `initialize`.
    fn description(&self) -> String;

    /// What the module says of itself under names of its own: the classic `ICertManageModule` has `Name`, `Description`,
    /// `Copyright`, `File Version` and `Product Version`. For operators; asked for after `initialize`.
    fn about(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// What a module reads. The classic interface is `ICertServerExit`.
///
/// Bound to one context: the request or CRL of one event, or the certification authority alone (the classic context
/// 0) during `initialize` and shutdown. Names are compared without case. Every method fails with
/// `ERROR_INVALID_HANDLE` once the call that handed it out has returned.
///
/// What is read is the request **as the event left it**, however late the event is delivered.
pub trait ServerExit: Send + Sync {
    /// `GetRequestProperty`: a column of the request, or a part of the request's subject name.
    ///
    /// Errors: `CERTSRV_E_PROPERTY_EMPTY` for a known name without a value (and without a request in context),
    /// `E_INVALIDARG` for an unknown name or the wrong type.
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError>;

    /// `GetCertificateProperty`: a column of the certificate, a part of its subject name, or a property of the
    /// certification authority (`CAType`, `RawCRL.0`). Errors as for [`request_property`](Self::request_property).
    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError>;

    /// `GetRequestAttribute`: compared without case, spaces and hyphens. Missing: `CERTSRV_E_PROPERTY_EMPTY`.
    fn request_attribute(&self, name: &str) -> Result<String, ModuleError>;

    /// `GetCertificateExtension` and `GetCertificateExtensionFlags`: by dotted object identifier, disabled ones too.
    /// Missing: `CERTSRV_E_PROPERTY_EMPTY`. [`property::decode_extension`](crate::property::decode_extension) gives
    /// the contract's typed reading.
    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError>;

    /// `EnumerateExtensions`: object identifiers in insertion order, disabled ones too.
    fn extensions(&self) -> Result<Vec<String>, ModuleError>;

    /// `EnumerateAttributes`: names in insertion order.
    fn attributes(&self) -> Result<Vec<String>, ModuleError>;

    /// A handle to the same context that can be sent to another thread or kept by a host. It ends with the context.
    fn share(&self) -> Arc<dyn ServerExit>;
}
