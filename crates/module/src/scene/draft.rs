//! Writing: what the server makes of a policy module's amendments to these values.

use jiff::Timestamp;

use super::{Contents, Scene};
use crate::property::{self, Scope};
use crate::{CertificateExtension, ExtensionFlags, ModuleError, Value};

/// The longest value of an extension, in bytes: that of a server whose limit for requests is the default, or below it.
const VALUE_BYTES_MAX: usize = 65_536;

/// A request that a policy module decides on, and may amend.
#[derive(Clone, Debug)]
pub struct Draft {
    scene: Scene,
    /// NotBefore and NotAfter as they were are the limits.
    limits: (Option<Timestamp>, Option<Timestamp>),
}

impl Draft {
    /// A request as the policy module finds it.
    pub fn new(scene: Scene) -> Self {
        let contents = scene.contents.as_ref();
        let limit = |name| contents.and_then(|contents| contents.certificate.moment(name));
        Self { limits: (limit("NotBefore"), limit("NotAfter")), scene }
    }

    /// The request as it stands.
    pub const fn scene(&self) -> &Scene {
        &self.scene
    }

    /// `SetCertificateProperty`; `None` deletes the value. Texts for the log, and directory facts, are accepted and not kept.
    ///
    /// # Errors
    /// Those of [`set_certificate_property`](crate::ServerPolicy::set_certificate_property).
    pub fn set_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        let property = property::writable(name, value.as_ref())?;
        match (property.name, value) {
            ("NotBefore" | "NotAfter" | "ExpirationDate", Some(Value::Date(moment))) => {
                // Another name of NotAfter, for modules that set it.
                self.set_validity(if property.name == "ExpirationDate" { "NotAfter" } else { property.name }, moment)
            }
            ("NotBefore" | "NotAfter" | "ExpirationDate", _) => {
                Err(ModuleError::invalid(format!("{} cannot be removed", property.name)))
            }
            // Texts for the log, and directory facts that are accepted and not used.
            (_, _) if property.scope == Scope::Context => Ok(()),
            ("CertificateTemplate", value) => self.set_template(value),
            (name @ ("EnrollmentFlags" | "GeneralFlags" | "PrivateKeyFlags" | "UPN"), value) => {
                let certificate = &mut self.mutable()?.certificate;
                match value {
                    Some(value) => certificate.set(name, value),
                    None => certificate.remove(name),
                }
                Ok(())
            }
            (name, value) => {
                let characters_max =
                    property::subject_part_characters_max(name).ok_or_else(|| property::not_writable(name))?;
                self.set_subject(name, characters_max, value.map(Value::into_text).transpose()?)
            }
        }
    }

    fn set_template(&mut self, value: Option<Value>) -> Result<(), ModuleError> {
        let text = value.map(Value::into_text).transpose()?.filter(|text| !text.is_empty());
        let certificate = &mut self.mutable()?.certificate;
        let before = certificate.value("CertificateTemplate").cloned();
        if before == text.clone().map(Value::String) {
            return Ok(());
        }
        // Of another profile nothing is known, and so not its validity.
        for name in ["CertificateTemplate", "ValidityPeriod", "ValidityPeriodUnits"] {
            certificate.remove(name);
        }
        certificate.set_if("CertificateTemplate", text);
        Ok(())
    }

    fn set_subject(&mut self, part: &str, characters_max: usize, value: Option<String>) -> Result<(), ModuleError> {
        // The contract separates several values by line feeds; an empty text removes the part.
        let values: Vec<&str> =
            value.iter().flat_map(|text| text.split('\n')).map(str::trim).filter(|text| !text.is_empty()).collect();
        if let Some(long) = values.iter().find(|value| value.chars().count() > characters_max) {
            return Err(ModuleError::invalid(format!("{part} is at most {characters_max} characters: `{long}`")));
        }
        let text = values.join("\n");
        let certificate = &mut self.mutable()?.certificate;
        certificate.remove(part);
        certificate.set_text(part, &text);
        Ok(())
    }

    fn set_validity(&mut self, name: &str, moment: Timestamp) -> Result<(), ModuleError> {
        let (start, end) = self.limits;
        let certificate = &mut self.mutable()?.certificate;
        let now = certificate.moment(name);
        let (limit, outside, direction) = if name == "NotBefore" {
            let limit = now.max(start);
            (limit, limit.is_some_and(|limit| moment < limit), "earlier")
        } else {
            let limit = now.into_iter().chain(end).min();
            (limit, limit.is_some_and(|limit| moment > limit), "later")
        };
        if let Some(limit) = limit.filter(|_| outside) {
            let text = format!("{name} {moment} is {direction} than {limit}, which is the limit");
            return Err(ModuleError::invalid(text));
        }
        certificate.set(name, moment);
        if name == "NotAfter" {
            certificate.set("ExpirationDate", moment);
        }
        Ok(())
    }

    /// `SetCertificateExtension`.
    ///
    /// # Errors
    /// Those of [`set_certificate_extension`](crate::ServerPolicy::set_certificate_extension), and
    /// `CERTSRV_E_ENCODING_LENGTH` where it is too long, or there are too many.
    pub fn set_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let stored = extension.amended(ExtensionFlags::ORIGIN_POLICY, VALUE_BYTES_MAX)?;
        stored.put_into(&mut self.mutable()?.extensions)
    }

    fn mutable(&mut self) -> Result<&mut Contents, ModuleError> {
        self.scene.contents.as_mut().ok_or_else(|| ModuleError::empty("the request"))
    }
}
