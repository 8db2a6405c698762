//! Reading: what the server answers for these values.

use super::{Contents, Properties};
use crate::moment::Unit;
use crate::property::{self, Asked, Scope};
use crate::{CertificateExtension, ModuleError, PropertyType, Role, Value};

/// Which module reads: its settings have a place of their own in the classic registry, and policy modules may read what
/// exit modules may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Its role.
    pub role: Role,
    /// Its name.
    pub name: String,
}

impl Reader {
    /// `ModuleRegistryLocation`: below HKLM.
    pub fn registry_location(&self, sanitized_ca: &str) -> String {
        let role = match self.role {
            Role::Exit => "ExitModules",
            Role::Policy => "PolicyModules",
        };
        format!(r"SYSTEM\CurrentControlSet\Services\CertSvc\Configuration\{sanitized_ca}\{role}\{}", self.name)
    }
}

/// A reading of one scene by one reader.
///
/// Its methods are those of [`ServerExit`](crate::ServerExit).
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Who reads.
    pub reader: &'a Reader,
    /// The request in context.
    pub contents: Option<&'a Contents>,
    /// The authority's properties.
    pub authority: &'a Properties,
}

impl Reading<'_> {
    /// `GetRequestProperty`.
    pub fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.value(property::asked_of_request(name)?, kind)
    }

    /// `GetCertificateProperty`.
    pub fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.value(property::asked_of_certificate(name)?, kind)
    }

    fn value(&self, asked: Asked, kind: PropertyType) -> Result<Value, ModuleError> {
        let (Asked::Request(property) | Asked::Certificate(property, _)) = asked;
        property.check_read(self.reader.role, kind)?;
        let Asked::Certificate(_, index) = asked else {
            let value = self.contents(property.name)?.request.value(property.name);
            return value.cloned().ok_or_else(|| ModuleError::empty(property.name));
        };
        match (property.scope, property.name) {
            (Scope::Ca, "ModuleRegistryLocation") => {
                let ca = match self.authority.value("SanitizedCAName") {
                    Some(Value::String(name)) => name.as_str(),
                    _ => "",
                };
                Ok(self.reader.registry_location(ca).into())
            }
            (Scope::CaIndexed, "LocalizedTimePeriodUnits") => {
                let unit = Unit::ALL.get(index.unwrap_or_default());
                unit.map(|unit| unit.name().into()).ok_or_else(|| ModuleError::empty(property.name))
            }
            (Scope::CaIndexed, name) => self.authority.indexed(name, index),
            (Scope::Ca, name) => self.authority.value(name).cloned().ok_or_else(|| ModuleError::empty(name)),
            (_, name) => {
                let value = self.contents(name)?.certificate.value(name);
                value.cloned().ok_or_else(|| ModuleError::empty(name))
            }
        }
    }

    /// `GetRequestAttribute`.
    pub fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        let value = self.contents(name)?.attribute(name);
        value.map(str::to_owned).ok_or_else(|| ModuleError::empty(&format!("the attribute `{name}`")))
    }

    /// `GetCertificateExtension`.
    pub fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        let found = self.contents(oid)?.extensions.iter().find(|extension| extension.oid == oid);
        found.cloned().ok_or_else(|| ModuleError::empty(&format!("the extension {oid}")))
    }

    /// `EnumerateExtensions`.
    pub fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.contents("the extension list")?.extensions.iter().map(|extension| extension.oid.clone()).collect())
    }

    /// `EnumerateAttributes`.
    pub fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.contents("the attribute list")?.attributes.iter().map(|(name, _)| name.clone()).collect())
    }

    fn contents(&self, name: &str) -> Result<&Contents, ModuleError> {
        self.contents.ok_or_else(|| ModuleError::empty(&format!("{name} (there is no request in this context)")))
    }
}
