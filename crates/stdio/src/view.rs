//! What a module reads and writes through: the message where it tells, the server where it does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use exeunt_module::property::{self, Access, Property, Scope};
use exeunt_module::wire::CallBack;
use exeunt_module::wire::body::Request;
use exeunt_module::wire::row::{Extension, Row};
use exeunt_module::{CertificateExtension, HResult, ModuleError, PropertyType, Role, ServerExit, ServerPolicy, Value};
use serde_json::Value as Json;

use crate::link::Link;

/// The context of one call. It ends with the call: handles that outlive it answer `ERROR_INVALID_HANDLE`.
pub(crate) struct Context {
    this: Weak<Self>,
    link: Arc<Link>,
    role: Role,
    number: u64,
    /// The request that the message carried; none in `initialize`.
    request: Option<Request>,
    ca: Row,
    open: AtomicBool,
    /// A property of the certificate was set: one may change others, so the message tells of none any more.
    certificate_amended: AtomicBool,
    extensions_amended: AtomicBool,
}

/// A context that ends when it is dropped.
pub(crate) struct Opened(Arc<Context>);

/// What a policy module is given. It ends when it is dropped.
pub(crate) struct PolicyView(Opened);

impl std::ops::Deref for Opened {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.open.store(false, Ordering::Release);
    }
}

impl Context {
    /// The certification authority alone: context 0.
    pub(crate) fn authority(link: &Arc<Link>, role: Role, ca: Row) -> Opened {
        Self::open(link, role, 0, None, ca)
    }

    /// The request of an event, or the authority alone where it has none.
    pub(crate) fn of_event(link: &Arc<Link>, number: u64, request: Request, ca: Row) -> Opened {
        Self::open(link, Role::Exit, number, Some(request), ca)
    }

    fn open(link: &Arc<Link>, role: Role, number: u64, request: Option<Request>, ca: Row) -> Opened {
        Opened(Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            link: Arc::clone(link),
            role,
            number,
            request,
            ca,
            open: AtomicBool::new(true),
            certificate_amended: AtomicBool::new(false),
            extensions_amended: AtomicBool::new(false),
        }))
    }

    /// Whether the context is still open.
    fn check_open(&self) -> Result<(), ModuleError> {
        if self.open.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the context ended when the call returned"))
    }

    fn call_back(&self, call: &CallBack) -> Result<Json, ModuleError> {
        self.link.call(call.method(), &call.params(self.number))
    }

    /// Whether the message would carry a value of the property if there were one.
    fn is_carried(&self, property: &Property) -> bool {
        let access = match self.role {
            Role::Exit => property.exit,
            Role::Policy => property.policy,
        };
        matches!(access, Access::Read | Access::ReadWrite)
            && property.unsupported.is_none()
            && matches!(property.scope, Scope::Request | Scope::Certificate | Scope::Context)
    }

    /// A property of the request or certificate out of its row; none where only the server knows.
    fn in_row(&self, row: Option<&Row>, property: &Property) -> Option<Result<Value, ModuleError>> {
        let row = row?;
        match row.find(property.name) {
            Some(value) => Some(Ok(value.clone())),
            None => self.is_carried(property).then(|| Err(ModuleError::empty(property.name))),
        }
    }

    /// The certificate as the message has it, as long as that is how it stands.
    fn certificate(&self) -> Option<&Row> {
        let amended = self.certificate_amended.load(Ordering::Acquire);
        self.request.as_ref().filter(|_| !amended).map(|request| &request.certificate)
    }

    fn extension_rows(&self) -> Option<&[Extension]> {
        let amended = self.extensions_amended.load(Ordering::Acquire);
        self.request.as_ref().filter(|_| !amended).map(|request| request.extensions.as_slice())
    }
}

fn check_kind(property: &Property, kind: PropertyType) -> Result<(), ModuleError> {
    if property.kind == kind {
        return Ok(());
    }
    Err(ModuleError::invalid(format!("{} is a {}, not a {kind}", property.name, property.kind)))
}

impl ServerExit for Context {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.check_open()?;
        if let Some(property) = property::request_property(name) {
            check_kind(property, kind)?;
            if let Some(known) = self.in_row(self.request.as_ref().map(|request| &request.request), property) {
                return known;
            }
        }
        // Also a name that this version does not know: the server may be a later one.
        let result = self.call_back(&CallBack::RequestProperty(name.to_owned(), Some(kind)))?;
        CallBack::read_value(&result, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.check_open()?;
        match property::certificate_property(name) {
            Some((property, index)) => {
                check_kind(property, kind)?;
                let known = match (property.scope, index) {
                    (Scope::Ca | Scope::CaIndexed, None) => self.ca.find(property.name).cloned().map(Ok),
                    (_, Some(index)) => self.ca.find(&format!("{}.{index}", property.name)).cloned().map(Ok),
                    _ => self.in_row(self.certificate(), property),
                };
                if let Some(known) = known {
                    return known;
                }
            }
            // Modules ask for columns of the request here too.
            None if property::request_property(name).is_some() => return self.request_property(name, kind),
            None => {}
        }
        let result = self.call_back(&CallBack::CertificateProperty(name.to_owned(), Some(kind)))?;
        CallBack::read_value(&result, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.check_open()?;
        match &self.request {
            Some(request) => {
                let found = request.attributes.find(name).map(str::to_owned);
                found.ok_or_else(|| ModuleError::empty(&format!("the attribute `{name}`")))
            }
            None => CallBack::read_text(&self.call_back(&CallBack::RequestAttribute(name.to_owned()))?),
        }
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.check_open()?;
        match self.extension_rows() {
            Some(rows) => {
                let found = rows.iter().find(|Extension(extension)| extension.oid == oid);
                let found = found.map(|Extension(extension)| extension.clone());
                found.ok_or_else(|| ModuleError::empty(&format!("the extension {oid}")))
            }
            None => CallBack::read_extension(&self.call_back(&CallBack::CertificateExtension(oid.to_owned(), None))?),
        }
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        self.check_open()?;
        match self.extension_rows() {
            // Without any the server says whether there is a request at all.
            Some(rows) if !rows.is_empty() => {
                Ok(rows.iter().map(|Extension(extension)| extension.oid.clone()).collect())
            }
            _ => CallBack::read_list(&self.call_back(&CallBack::Extensions)?),
        }
    }

    /// By call-back: the order of the attributes is lost in the message.
    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        self.check_open()?;
        CallBack::read_list(&self.call_back(&CallBack::Attributes)?)
    }

    fn share(&self) -> Arc<dyn ServerExit> {
        self.this.upgrade().expect("a context lives in an Arc while it is borrowed")
    }
}

impl PolicyView {
    pub(crate) fn new(link: &Arc<Link>, number: u64, request: Request, ca: Row) -> Self {
        Self(Context::open(link, Role::Policy, number, Some(request), ca))
    }
}

impl ServerExit for PolicyView {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.0.request_property(name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.0.certificate_property(name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.0.request_attribute(name)
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.0.certificate_extension(oid)
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        self.0.extensions()
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        self.0.attributes()
    }

    fn share(&self) -> Arc<dyn ServerExit> {
        self.0.share()
    }
}

impl ServerPolicy for PolicyView {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        self.0.certificate_amended.store(true, Ordering::Release);
        self.0.call_back(&CallBack::SetCertificateProperty(name.to_owned(), value)).map(|_| ())
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        self.0.extensions_amended.store(true, Ordering::Release);
        self.0.call_back(&CallBack::SetCertificateExtension(extension)).map(|_| ())
    }
}
