//! What modules read through: the rules of the contract over values.
//!
//! The answers are those of the server for the same row; a test holds the two side by side for every property.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use module::moment::Unit;
use module::property::{self, Access, Property, Scope};
use module::{CertificateExtension, HResult, ModuleError, PropertyType, Role, ServerExit, Value};
use parking_lot::Mutex;

use crate::scene::{Contents, Scene};

/// How fast the laboratory's server answers call-backs.
pub trait Pace: Send + Sync + fmt::Debug {
    /// Returns when the answer may be given. Called on the thread of the read, before each call-back.
    fn hold(&self);
}

/// Answers at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtOnce;

impl Pace for AtOnce {
    fn hold(&self) {}
}

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

/// What was seen of a module's reads, over the life of its views.
#[derive(Debug, Default)]
pub struct Observed {
    /// Reads.
    pub reads: AtomicU64,
    /// Reads after the call had ended.
    pub late: AtomicU64,
}

/// A reading of one scene by one reader.
pub(crate) struct Reading<'a> {
    pub(crate) reader: &'a Reader,
    pub(crate) contents: Option<&'a Contents>,
    pub(crate) authority: &'a crate::Properties,
}

impl Reading<'_> {
    pub(crate) fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        // Documented as a request property too.
        if name.to_ascii_lowercase().starts_with("rawcacertificate") {
            return self.certificate_property(name, kind);
        }
        let property = property::request_property(name)
            .ok_or_else(|| ModuleError::invalid(format!("`{name}` is not a request property")))?;
        self.check(property, kind)?;
        let value = self.contents(property.name)?.request.value(property.name);
        value.cloned().ok_or_else(|| ModuleError::empty(property.name))
    }

    pub(crate) fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
        let Some((property, index)) = property::certificate_property(name) else {
            if property::request_property(name).is_some() {
                return self.request_property(name, kind);
            }
            return Err(ModuleError::invalid(format!("`{name}` is not a certificate property")));
        };
        if name.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("Request.")) {
            return self.request_property(name, kind);
        }
        self.check(property, kind)?;
        match (property.scope, property.name) {
            (Scope::Ca, "ModuleRegistryLocation") => {
                let ca = self.authority.value("SanitizedCAName").map(crate::authority::shown).unwrap_or_default();
                Ok(self.reader.registry_location(&ca).into())
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

    pub(crate) fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
        let value = self.contents(name)?.attribute(name);
        value.map(str::to_owned).ok_or_else(|| ModuleError::empty(&format!("the attribute `{name}`")))
    }

    pub(crate) fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
        let found = self.contents(oid)?.extensions.iter().find(|extension| extension.oid == oid);
        found.cloned().ok_or_else(|| ModuleError::empty(&format!("the extension {oid}")))
    }

    pub(crate) fn extensions(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.contents("the extension list")?.extensions.iter().map(|extension| extension.oid.clone()).collect())
    }

    pub(crate) fn attributes(&self) -> Result<Vec<String>, ModuleError> {
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

/// A context of one call. After [`View::close`] every method answers `ERROR_INVALID_HANDLE`.
#[derive(Debug)]
pub struct View {
    this: Weak<Self>,
    reader: Reader,
    scene: Arc<Scene>,
    pace: Arc<dyn Pace>,
    observed: Arc<Observed>,
    /// What was read once: a second read of it is a call-back of the module's, not the making of its message.
    seen: Mutex<HashSet<(u8, String)>>,
    closed: AtomicBool,
}

/// Read on demand only, as messages leave them out.
const ON_DEMAND: [&str; 3] = ["rawcrl", "rawdeltacrl", "localizedtimeperiodunits"];

impl View {
    /// A view of a scene that answers at once.
    pub fn new(reader: Reader, scene: Arc<Scene>) -> Arc<Self> {
        Self::paced(reader, scene, Arc::new(AtOnce), Arc::default())
    }

    /// A view that answers call-backs at a pace, and counts reads.
    pub fn paced(reader: Reader, scene: Arc<Scene>, pace: Arc<dyn Pace>, observed: Arc<Observed>) -> Arc<Self> {
        let view = |this: &Weak<Self>| Self {
            this: Weak::clone(this),
            reader,
            scene,
            pace,
            observed,
            seen: Mutex::default(),
            closed: AtomicBool::new(false),
        };
        Arc::new_cyclic(view)
    }

    /// Ends the context.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn read(&self, what: u8, name: &str) -> Result<Reading<'_>, ModuleError> {
        self.observed.reads.fetch_add(1, Ordering::Relaxed);
        let name = name.to_ascii_lowercase();
        let on_demand = ON_DEMAND.iter().any(|large| name.starts_with(large));
        let first = self.seen.lock().insert((what, name));
        if on_demand || !first {
            self.pace.hold();
        }
        if self.closed.load(Ordering::Acquire) {
            self.observed.late.fetch_add(1, Ordering::Relaxed);
            return Err(ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the context ended when the call returned"));
        }
        Ok(Reading { reader: &self.reader, contents: self.scene.contents.as_ref(), authority: &self.scene.authority })
    }
}

impl ServerExit for View {
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

    fn share(&self) -> Arc<dyn ServerExit> {
        self.this.upgrade().expect("a view lives in an Arc while it is borrowed")
    }
}
