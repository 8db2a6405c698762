//! What modules see: [`ServerExit`](module::ServerExit) and [`ServerPolicy`](module::ServerPolicy) over a request and the authority.

mod authority;
mod certificate;
mod exit;
mod policy;
mod request;

use std::sync::{Arc, OnceLock};

use module::property::{self, Asked, Scope};
use module::scene::Reader;
use module::{CertificateExtension, ModuleError, PropertyType, Value};
use pki::{Certificate, CertificationRequest};

pub(crate) use exit::ExitView;
pub(crate) use policy::InFlight;

use crate::Request;
use crate::site::Site;

/// One reading of one request (or of the authority alone) by one module.
struct Reading<'a> {
    site: Arc<Site>,
    module: &'a Reader,
    request: Option<&'a Request>,
    parsed: &'a Parsed,
}

/// What is parsed of a request when a property first needs it.
#[derive(Default)]
struct Parsed {
    request: OnceLock<Option<CertificationRequest>>,
    certificate: OnceLock<Option<Certificate>>,
}

impl Reading<'_> {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.value(property::asked_of_request(name)?, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.value(property::asked_of_certificate(name)?, kind)
    }

    fn value(&self, asked: Asked, kind: PropertyType) -> Result<Value, ModuleError> {
        let (Asked::Request(property) | Asked::Certificate(property, _)) = asked;
        property.check_read(self.module.role, kind)?;
        let Asked::Certificate(_, index) = asked else {
            return self.request_value(self.row(property.name)?, property.name);
        };
        match property.scope {
            Scope::Ca => self.authority_value(property.name),
            Scope::CaIndexed => self.indexed_value(property.name, index),
            Scope::Context => self.context_value(self.row(property.name)?, property.name),
            Scope::Certificate | Scope::Request => self.certificate_value(self.row(property.name)?, property.name),
        }
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        let value = self.row(name)?.attribute(name);
        value.map(str::to_owned).ok_or_else(|| ModuleError::empty(&format!("the attribute `{name}`")))
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        let found = self.row(oid)?.body.extensions.iter().find(|extension| extension.oid == oid);
        found.cloned().ok_or_else(|| ModuleError::empty(&format!("the extension {oid}")))
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.row("the extension list")?.body.extensions.iter().map(|extension| extension.oid.clone()).collect())
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.row("the attribute list")?.body.attributes.iter().map(|(name, _)| name.clone()).collect())
    }

    /// The request in context; without one nothing of a request has a value.
    fn row(&self, name: &str) -> Result<&Request, ModuleError> {
        self.request.ok_or_else(|| ModuleError::empty(&format!("{name} (there is no request in this context)")))
    }

    fn parsed_request(&self, row: &Request) -> Result<&CertificationRequest, ModuleError> {
        let parsed = self.parsed.request.get_or_init(|| CertificationRequest::from_der(&row.body.raw).ok());
        parsed.as_ref().ok_or_else(|| ModuleError::empty("the request could not be read, so this"))
    }

    fn parsed_certificate(&self, row: &Request) -> Result<&Certificate, ModuleError> {
        let der = row.body.certificate.as_deref();
        let parsed = self.parsed.certificate.get_or_init(|| Certificate::from_der(der?).ok());
        parsed.as_ref().ok_or_else(|| ModuleError::empty("there is no certificate, so this"))
    }
}

/// Values of one subject part, joined by newlines as the contract does.
fn joined<'a>(values: impl Iterator<Item = &'a str>, name: &str) -> Result<Value, ModuleError> {
    let text = values.collect::<Vec<_>>().join("\n");
    if text.is_empty() { Err(ModuleError::empty(name)) } else { Ok(Value::String(text)) }
}

fn text(value: &str, name: &str) -> Result<Value, ModuleError> {
    if value.is_empty() { Err(ModuleError::empty(name)) } else { Ok(Value::String(value.to_owned())) }
}

fn some<T: Into<Value>>(value: Option<T>, name: &str) -> Result<Value, ModuleError> {
    value.map(Into::into).ok_or_else(|| ModuleError::empty(name))
}

/// Hex with spaces, as the contract writes hashes and key identifiers.
fn spaced_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
