//! What exit modules read through: a request as an event left it, or the authority alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use module::scene::Reader;
use module::{CertificateExtension, HResult, ModuleError, PropertyType, ServerExit, Value};

use super::{Parsed, Reading};
use crate::Request;
use crate::site::Site;

/// A context of one module. It ends when [`ExitView::close`] is called: handles that outlive it answer
/// `ERROR_INVALID_HANDLE`, and keep nothing of the authority alive.
pub(crate) struct ExitView {
    this: Weak<Self>,
    site: Weak<Site>,
    module: Reader,
    request: Option<Arc<Request>>,
    parsed: Parsed,
    closed: AtomicBool,
}

impl ExitView {
    pub(crate) fn new(site: Arc<Site>, module: Reader, request: Option<Arc<Request>>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            site: Arc::downgrade(&site),
            module,
            request,
            parsed: Parsed::default(),
            closed: AtomicBool::new(false),
        })
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn read(&self) -> Result<Reading<'_>, ModuleError> {
        let ended = || ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the context ended when the call returned");
        if self.closed.load(Ordering::Acquire) {
            return Err(ended());
        }
        let site = self.site.upgrade().ok_or_else(ended)?;
        let Self { module, request, parsed, .. } = self;
        Ok(Reading { site, module, request: request.as_deref(), parsed })
    }
}

impl ServerExit for ExitView {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read()?.request_property(name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read()?.certificate_property(name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.read()?.request_attribute(name)
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.read()?.certificate_extension(oid)
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        self.read()?.extensions()
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        self.read()?.attributes()
    }

    fn share(&self) -> Arc<dyn ServerExit> {
        self.this.upgrade().expect("a view lives in an Arc while it is borrowed")
    }
}
