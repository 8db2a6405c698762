//! What modules see: [`ServerExit`](module::ServerExit) and [`ServerPolicy`](module::ServerPolicy) over a request and the authority.

mod authority;
mod certificate;
mod exit;
mod policy;
mod request;

use std::sync::{Arc, OnceLock};

use module::property::{self, Access, Property, Scope};
use module::{CertificateExtension, ModuleError, PropertyType, Value};
use pki::{Certificate, CertificationRequest};

pub(crate) use exit::{ExitView, ModuleKey};
pub(crate) use policy::{InFlight, amend_extension, put_extension};

use crate::Request;
use crate::site::Site;

/// One reading of one request (or of the authority alone) by one module.
struct Reading<'a> {
    site: Arc<Site>,
    module: &'a ModuleKey,
    request: Option<&'a Request>,
    parsed: &'a Parsed,
    /// Whether a policy module reads: what it may see differs.
    policy: bool,
}

/// What is parsed of a request when a property first needs it.
#[derive(Default)]
struct Parsed {
    request: OnceLock<Option<CertificationRequest>>,
    certificate: OnceLock<Option<Certificate>>,
}

impl Reading<'_> {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        // Documented as a request property too.
        if name.to_ascii_lowercase().starts_with("rawcacertificate") {
            return self.certificate_property(name, kind);
        }
        let property = property::request_property(name).ok_or_else(|| {
            ModuleError::invalid(format!("`{name}` is not a request property{}", property::question(name)))
        })?;
        self.check(property, kind)?;
        let row = self.row(property.name)?;
        self.request_value(row, property.name)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        let Some((property, index)) = property::certificate_property(name) else {
            // Modules ask for request columns here too, with and without the database's prefix.
            if property::request_property(name).is_some() {
                return self.request_property(name, kind);
            }
            return Err(ModuleError::invalid(format!(
                "`{name}` is not a certificate property{}",
                property::question(name)
            )));
        };
        if name.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("Request.")) {
            return self.request_property(name, kind);
        }
        self.check(property, kind)?;
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

    fn check(&self, property: &Property, kind: PropertyType) -> Result<(), ModuleError> {
        if property.kind != kind {
            return Err(ModuleError::invalid(format!("{} is a {}, not a {kind}", property.name, property.kind)));
        }
        let access = if self.policy { property.policy } else { property.exit };
        if matches!(access, Access::None | Access::Write) {
            return Err(ModuleError::empty(property.name));
        }
        match property.unsupported {
            Some(why) => Err(ModuleError::empty(&format!("{} ({why})", property.name))),
            None => Ok(()),
        }
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
