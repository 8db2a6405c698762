//! What policy modules read and write through: a request in flight, kept in values.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use module::property::{self, Access, Scope};
use module::{
    CertificateExtension, ExtensionFlags, HResult, ModuleError, PropertyType, ServerExit, ServerPolicy, Value,
};
use parking_lot::Mutex;
use pki::NameComponent;

use crate::scene::{Contents, Scene};
use crate::view::{AtOnce, Observed, Pace, Reader, Reading, View};

/// The longest object identifier the contract's calls take, in characters.
const OID_CHARACTERS_MAX: usize = 31;
/// The most extensions of a request.
const EXTENSIONS_MAX: usize = 100;

/// How the laboratory's server answers a policy module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temper {
    /// As the contract says.
    #[default]
    Good,
    /// Every write fails with `E_ACCESSDENIED`.
    RefusesWrites,
    /// Every call-back after the message was made fails with `E_UNEXPECTED`.
    FailsCallBacks,
}

/// A request in flight.
#[derive(Debug)]
pub struct InFlight {
    reader: Reader,
    scene: Scene,
    /// What the engine set is the limit.
    limits: (Option<Timestamp>, Option<Timestamp>),
    temper: Temper,
    pace: Arc<dyn Pace>,
    observed: Arc<Observed>,
    seen: Mutex<HashSet<(u8, String)>>,
    /// Writes that were accepted.
    written: usize,
    /// Writes and reads that were refused, for the report.
    refused: Mutex<Vec<String>>,
}

impl InFlight {
    /// A request for a policy module to decide on.
    pub fn new(reader: Reader, scene: &Scene) -> Self {
        Self::tempered(reader, scene, Temper::Good, Arc::new(AtOnce), Arc::default())
    }

    pub(crate) fn tempered(
        reader: Reader,
        scene: &Scene,
        temper: Temper,
        pace: Arc<dyn Pace>,
        observed: Arc<Observed>,
    ) -> Self {
        let contents = scene.contents.as_ref();
        let limit = |name| contents.and_then(|contents| contents.certificate.moment(name));
        Self {
            reader,
            limits: (limit("NotBefore"), limit("NotAfter")),
            scene: scene.clone(),
            temper,
            pace,
            observed,
            seen: Mutex::default(),
            written: 0,
            refused: Mutex::default(),
        }
    }

    /// Writes that were accepted.
    pub const fn written(&self) -> usize {
        self.written
    }

    /// Calls that were refused, each in words.
    pub fn refused(&self) -> Vec<String> {
        self.refused.lock().clone()
    }

    /// What the module left.
    pub fn contents(&self) -> Option<&Contents> {
        self.scene.contents.as_ref()
    }

    fn read(&self, what: u8, name: &str) -> Result<Reading<'_>, ModuleError> {
        use std::sync::atomic::Ordering::Relaxed;

        self.observed.reads.fetch_add(1, Relaxed);
        let again = !self.seen.lock().insert((what, name.to_ascii_lowercase()));
        if again {
            self.pace.hold();
            if self.temper == Temper::FailsCallBacks {
                return Err(ModuleError::new(HResult::E_UNEXPECTED, "the laboratory's server fails every call-back"));
            }
        }
        Ok(Reading { reader: &self.reader, contents: self.scene.contents.as_ref(), authority: &self.scene.authority })
    }

    fn mutable(&mut self) -> Result<&mut Contents, ModuleError> {
        self.scene.contents.as_mut().ok_or_else(|| ModuleError::empty("the request"))
    }

    /// Counts a write, and keeps why it was refused.
    fn write(
        &mut self,
        what: &str,
        write: impl FnOnce(&mut Self) -> Result<(), ModuleError>,
    ) -> Result<(), ModuleError> {
        self.pace.hold();
        let result = match self.temper {
            Temper::Good => write(self),
            Temper::RefusesWrites => {
                Err(ModuleError::new(HResult::E_ACCESSDENIED, "the laboratory's server refuses every write"))
            }
            Temper::FailsCallBacks => {
                Err(ModuleError::new(HResult::E_UNEXPECTED, "the laboratory's server fails every call-back"))
            }
        };
        match &result {
            Ok(()) => self.written += 1,
            Err(error) => self.refused.lock().push(format!("{what}: {error}")),
        }
        result
    }

    fn set_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        let not_writable = || ModuleError::invalid(format!("`{name}` is not a property that can be set"));
        let (property, index) = property::certificate_property(name).ok_or_else(not_writable)?;
        // ExpirationDate is another name of NotAfter, for modules that set it.
        let expiration = property.name == "ExpirationDate";
        if index.is_some() || !(expiration || matches!(property.policy, Access::ReadWrite | Access::Write)) {
            return Err(not_writable());
        }
        if let Some(value) = value.as_ref().filter(|value| value.kind() != property.kind) {
            let (name, wanted, given) = (property.name, property.kind, value.kind());
            return Err(ModuleError::invalid(format!("{name} is a {wanted}, not a {given}")));
        }
        match (property.name, value) {
            ("NotBefore" | "NotAfter" | "ExpirationDate", Some(Value::Date(moment))) => {
                self.set_validity(if expiration { "NotAfter" } else { property.name }, moment)
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
                let part = NameComponent::from_alias(name).ok_or_else(not_writable)?;
                self.set_subject(part, value.map(Value::into_text).transpose()?)
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
        // The laboratory knows no other profile, and so no other profile's validity.
        for name in ["CertificateTemplate", "ValidityPeriod", "ValidityPeriodUnits"] {
            certificate.remove(name);
        }
        certificate.set_if("CertificateTemplate", text);
        Ok(())
    }

    fn set_subject(&mut self, part: NameComponent, value: Option<String>) -> Result<(), ModuleError> {
        // The contract separates several values by line feeds; an empty text removes the part.
        let values: Vec<&str> =
            value.iter().flat_map(|text| text.split('\n')).map(str::trim).filter(|text| !text.is_empty()).collect();
        if let Some(long) = values.iter().find(|value| value.chars().count() > part.length_max()) {
            let (name, max) = (part.as_str(), part.length_max());
            return Err(ModuleError::invalid(format!("{name} is at most {max} characters: `{long}`")));
        }
        let text = values.join("\n");
        let certificate = &mut self.mutable()?.certificate;
        certificate.remove(part.as_str());
        certificate.set_text(part.as_str(), &text);
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

    fn set_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let CertificateExtension { oid, flags, value } = extension;
        if oid.len() > OID_CHARACTERS_MAX || oid.parse::<pki::ObjectIdentifier>().is_err() {
            let rule = "a dotted object identifier of at most 31 characters";
            return Err(ModuleError::invalid(format!("`{oid}` is not {rule}")));
        }
        let stored = CertificateExtension { flags: flags.with_origin(ExtensionFlags::ORIGIN_POLICY), oid, value };
        let extensions = &mut self.mutable()?.extensions;
        if stored.flags.contains(ExtensionFlags::DELETE) {
            extensions.retain(|existing| existing.oid != stored.oid);
            return Ok(());
        }
        let room = extensions.len() < EXTENSIONS_MAX;
        match extensions.iter_mut().find(|existing| existing.oid == stored.oid) {
            Some(existing) => *existing = stored,
            None if room => extensions.push(stored),
            None => {
                let text = format!("a request has at most {EXTENSIONS_MAX} extensions");
                return Err(ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, text));
            }
        }
        Ok(())
    }
}

impl ServerPolicy for InFlight {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        self.write(&format!("SetCertificateProperty {name}"), |flight| flight.set_property(name, value))
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let what = format!("SetCertificateExtension {}", extension.oid);
        self.write(&what, |flight| flight.set_extension(extension))
    }
}

impl ServerExit for InFlight {
    fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read(0, name)?.request_property(name, kind)
    }

    fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        self.read(1, name)?.certificate_property(name, kind)
    }

    fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        self.read(2, name)?.request_attribute(name)
    }

    fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        self.read(3, oid)?.certificate_extension(oid)
    }

    fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        self.read(4, "")?.extensions()
    }

    fn attributes(&self) -> Result<Vec<String>, ModuleError> {
        self.read(5, "")?.attributes()
    }

    /// The request as it stands now: later writes do not show in it.
    fn share(&self) -> Arc<dyn ServerExit> {
        View::new(self.reader.clone(), Arc::new(self.scene.clone()))
    }
}
