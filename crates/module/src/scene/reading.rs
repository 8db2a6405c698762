//! Reading: what the server answers for these values.

use super::{Contents, Properties};
use crate::moment::Unit;
use crate::property::{self, Access, Property, Scope};
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
    fn registry_location(&self, sanitized_ca: &str) -> String {
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
        // Documented as a request property too.
        if name.to_ascii_lowercase().starts_with("rawcacertificate") {
            return self.certificate_property(name, kind);
        }
        let property = property::request_property(name).ok_or_else(|| {
            ModuleError::invalid(format!("`{name}` is not a request property{}", property::question(name)))
        })?;
        self.check(property, kind)?;
        let value = self.contents(property.name)?.request.value(property.name);
        value.cloned().ok_or_else(|| ModuleError::empty(property.name))
    }

    /// `GetCertificateProperty`.
    pub fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        let Some((property, index)) = property::certificate_property(name) else {
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

    fn check(&self, property: &Property, kind: PropertyType) -> Result<(), ModuleError> {
        if property.kind != kind {
            return Err(ModuleError::invalid(format!("{} is a {}, not a {kind}", property.name, property.kind)));
        }
        let access = if self.reader.role == Role::Policy { property.policy } else { property.exit };
        if matches!(access, Access::None | Access::Write) {
            return Err(ModuleError::empty(property.name));
        }
        match property.unsupported {
            Some(why) => Err(ModuleError::empty(&format!("{} ({why})", property.name))),
            None => Ok(()),
        }
    }
}
