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

    /// The most events that the module wants in one [`notify_batch`](Self::notify_batch), from 1. Asked after
    /// `initialize`; the server may hand it fewer, and, where the module was started anew meanwhile, more.
    fn batch_max(&self) -> usize {
        1
    }

    /// Handles several events in their order, each with its own server view, and says how far it got. This is what the
    /// server calls; a module that does not take batches leaves it as it is, and gets each event by
    /// [`notify`](Self::notify).
    ///
    /// The events of the front that are delivered never come again; the first that is not comes again later, with all
    /// those behind it, which were not attempted. An event that failed before comes alone.
    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        for (count, (notification, server)) in events.iter().enumerate() {
            if let Err(error) = self.notify(notification, *server) {
                return Delivered { count, failure: Some(Undelivered::Failed(error)) };
            }
        }
        Delivered::all(events.len())
    }
}

/// How far a module got with a batch of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Events delivered, from the front.
    pub count: usize,
    /// Why the first of the others is not; none where all are delivered.
    pub failure: Option<Undelivered>,
}

impl Delivered {
    /// All of so many events.
    pub const fn all(count: usize) -> Self {
        Self { count, failure: None }
    }

    /// None of them, for this reason.
    pub const fn none(failure: Undelivered) -> Self {
        Self { count: 0, failure: Some(failure) }
    }
}

/// Why an event is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// The module failed it, or may have seen it: an attempt, of which an event has only so many.
    Failed(ModuleError),
    /// The module never saw it, because its host could not reach it: tried again without counting as an attempt.
    Refused(ModuleError),
}

impl From<Undelivered> for ModuleError {
    fn from(undelivered: Undelivered) -> Self {
        match undelivered {
            Undelivered::Failed(error) | Undelivered::Refused(error) => error,
        }
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
