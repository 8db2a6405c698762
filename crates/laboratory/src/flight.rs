//! What policy modules read and write through: a request in flight, kept in values.

use std::collections::HashSet;
use std::sync::Arc;

use module::scene::{Contents, Draft, Reader, Reading, Scene};
use module::{CertificateExtension, HResult, ModuleError, PropertyType, ServerExit, ServerPolicy, Value};
use parking_lot::Mutex;

use crate::view::{AtOnce, Observed, Pace, View};

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
    draft: Draft,
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
        Self {
            reader,
            draft: Draft::new(scene.clone()),
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
        self.draft.scene().contents.as_ref()
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
        let scene = self.draft.scene();
        Ok(Reading { reader: &self.reader, contents: scene.contents.as_ref(), authority: &scene.authority })
    }

    /// Counts a write, and keeps why it was refused.
    fn write(
        &mut self,
        what: &str,
        write: impl FnOnce(&mut Draft) -> Result<(), ModuleError>,
    ) -> Result<(), ModuleError> {
        self.pace.hold();
        let result = match self.temper {
            Temper::Good => write(&mut self.draft),
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
}

impl ServerPolicy for InFlight {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        self.write(&format!("SetCertificateProperty {name}"), |draft| draft.set_property(name, value))
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let what = format!("SetCertificateExtension {}", extension.oid);
        self.write(&what, |draft| draft.set_extension(extension))
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
        View::new(self.reader.clone(), Arc::new(self.draft.scene().clone()))
    }
}
