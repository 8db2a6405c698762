//! What policy modules read and write through: a request in flight.

use std::sync::Arc;

use module::property::{self, Amendment, ValidityLimits};
use module::scene::Reader;
use module::{CertificateExtension, ExtensionFlags, ModuleError, PropertyType, Role, ServerExit, ServerPolicy, Value};
use pki::{NameComponent, NameLengths};

use super::exit::ExitView;
use super::{Parsed, Reading};
use crate::compose::bytes_max;
use crate::site::Site;
use crate::{Request, RequestBody};

/// A request in flight, as one policy module sees and amends it.
pub(crate) struct InFlight {
    site: Arc<Site>,
    module: Reader,
    request: Request,
    parsed: Parsed,
    /// NotBefore and NotAfter as the engine set them are the limits for every module.
    limits: ValidityLimits,
}

impl InFlight {
    pub(crate) fn new(site: Arc<Site>, request: Request) -> Self {
        let limits = ValidityLimits { not_before: request.not_before, not_after: request.not_after };
        let module = Reader { role: Role::Policy, name: String::new() };
        Self { site, module, request, parsed: Parsed::default(), limits }
    }

    /// Hands the request to the next module of the chain.
    pub(crate) fn hand_to(&mut self, module: &str) {
        module.clone_into(&mut self.module.name);
    }

    /// The request as it stands.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// Takes back what was amended since the request was as given here.
    pub(crate) fn restore(&mut self, before: Request) {
        self.request = before;
    }

    pub(crate) fn into_request(self) -> Request {
        self.request
    }

    fn read(&self) -> Reading<'_> {
        let Self { site, module, request, parsed, .. } = self;
        Reading { site: Arc::clone(site), module, request: Some(request), parsed }
    }

    fn body(&mut self) -> &mut RequestBody {
        Arc::make_mut(&mut self.request.body)
    }

    fn set_subject(&mut self, part: NameComponent, values: Vec<String>) {
        let at = self.request.subject.iter().position(|(found, _)| *found == part);
        self.request.subject.retain(|(found, _)| *found != part);
        let at = at.unwrap_or(self.request.subject.len());
        self.request.subject.splice(at..at, values.into_iter().map(|value| (part, value)));
    }

    fn set_context(&self, name: &str, value: Option<&str>) {
        let (module, text) = (self.module.name.as_str(), value.unwrap_or_default());
        let request = self.request.id.0;
        match name {
            "EventLogTerse" | "EventLogError" => tracing::error!(module, request, "{text}"),
            "EventLogWarning" => tracing::warn!(module, request, "{text}"),
            "EventLogVerbose" => tracing::info!(module, request, "{text}"),
            "EventLogExhaustive" => tracing::debug!(module, request, "{text}"),
            // The rest are directory facts, which the contract lets an engine accept and not use.
            _ => {}
        }
    }
}

impl ServerPolicy for InFlight {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        let amendment = Amendment::of(name, value)?;
        if self.site.config.name_lengths == NameLengths::Enforced {
            amendment.check_lengths()?;
        }
        match amendment {
            Amendment::NotBefore(moment) => {
                self.limits.check_not_before(self.request.not_before, moment)?;
                self.request.not_before = Some(moment);
            }
            Amendment::NotAfter(moment) => {
                self.limits.check_not_after(self.request.not_after, moment)?;
                self.request.not_after = Some(moment);
            }
            Amendment::Profile(profile) => self.request.profile = profile,
            Amendment::Column(name, Some(Value::Long(number))) => {
                self.request.properties.insert(name.to_owned(), number.to_string());
            }
            Amendment::Column(name, Some(value)) => {
                self.request.properties.insert(name.to_owned(), value.into_text()?);
            }
            // Kept as taken away: the request's own would be read again.
            Amendment::Column(name @ "UPN", None) => {
                self.request.properties.insert(name.to_owned(), String::new());
            }
            Amendment::Column(name, None) => {
                self.request.properties.remove(name);
            }
            Amendment::Context(name, value) => {
                let text = value.map(|value| match value {
                    Value::String(text) => text,
                    other => format!("{other:?}"),
                });
                self.set_context(name, text.as_deref());
            }
            Amendment::Subject(part, values) => {
                let part = NameComponent::from_alias(part).ok_or_else(|| property::not_writable(part))?;
                self.set_subject(part, values);
            }
        }
        Ok(())
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let stored = extension.amended(ExtensionFlags::ORIGIN_POLICY, bytes_max(&self.site))?;
        stored.put_into(&mut self.body().extensions)
    }
}

impl ServerExit for InFlight {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read().request_property(name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read().certificate_property(name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.read().request_attribute(name)
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.read().certificate_extension(oid)
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        self.read().extensions()
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        self.read().attributes()
    }

    /// The request as it stands now: later writes do not show in it.
    fn share(&self) -> Arc<dyn ServerExit> {
        ExitView::new(Arc::clone(&self.site), self.module.clone(), Some(Arc::new(self.request.clone())))
    }
}
