//! What modules read through.
//!
//! The answers are those of the server for the same row; a test holds the two side by side for every property.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

pub use module::scene::Reader;
use module::scene::{Reading, Scene};
use module::{CertificateExtension, HResult, ModuleError, PropertyType, ServerExit, Value};
use parking_lot::Mutex;

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

/// What was seen of a module's reads, over the life of its views.
#[derive(Debug, Default)]
pub struct Observed {
    /// Reads.
    pub reads: AtomicU64,
    /// Reads after the call had ended.
    pub late: AtomicU64,
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
