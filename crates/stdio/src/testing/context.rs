//! What a module reads and writes through while it is called. It ends with the call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use exeunt_module::property::{self, Scope};
use exeunt_module::scene::{Draft, Reader, Reading, Scene};
use exeunt_module::{CertificateExtension, HResult, ModuleError, PropertyType, Role, ServerExit, ServerPolicy, Value};

use super::Server;
use crate::{Level, log};

/// The module's name: its place in the classic registry ends with it.
const MODULE: &str = "module-under-test";

/// Names whose reads fail, in lower case.
type Failing = Arc<BTreeMap<String, HResult>>;

/// A context to read through.
pub(super) struct Context {
    this: Weak<Self>,
    reader: Reader,
    scene: Scene,
    failing: Failing,
    open: Arc<AtomicBool>,
}

/// A request that a policy module may amend.
pub(super) struct Flight {
    reader: Reader,
    failing: Failing,
    open: Arc<AtomicBool>,
    amended: Amended,
}

/// What became of the request.
pub(super) struct Amended {
    pub(super) draft: Draft,
    pub(super) properties_set: Vec<(String, Option<Value>)>,
    pub(super) extensions_set: Vec<CertificateExtension>,
    pub(super) refused: Vec<ModuleError>,
}

fn reader(role: Role) -> Reader {
    Reader { role, name: MODULE.to_owned() }
}

/// Whether a read of this name is answered.
fn check(open: &AtomicBool, failing: &Failing, name: &str) -> Result<(), ModuleError> {
    if !open.load(Ordering::Acquire) {
        return Err(ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the context ended when the call returned"));
    }
    match failing.get(&name.to_ascii_lowercase()) {
        Some(code) => Err(ModuleError::new(*code, format!("{name} cannot be read: the test says so"))),
        None => Ok(()),
    }
}

impl Context {
    pub(super) fn open(role: Role, scene: Scene, failing: Failing) -> Arc<Self> {
        Self::sharing(reader(role), scene, failing, Arc::new(AtomicBool::new(true)))
    }

    fn sharing(reader: Reader, scene: Scene, failing: Failing, open: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self { this: Weak::clone(this), reader, scene, failing, open })
    }

    pub(super) fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    fn read(&self, name: &str) -> Result<Reading<'_>, ModuleError> {
        check(&self.open, &self.failing, name)?;
        Ok(Reading { reader: &self.reader, contents: self.scene.contents.as_ref(), authority: &self.scene.authority })
    }
}

impl Flight {
    pub(super) fn new(server: &Server) -> Self {
        let draft = Draft::new(server.scene.clone());
        Self {
            reader: reader(Role::Policy),
            failing: Arc::clone(&server.failing),
            open: Arc::new(AtomicBool::new(true)),
            amended: Amended { draft, properties_set: Vec::new(), extensions_set: Vec::new(), refused: Vec::new() },
        }
    }

    /// The call has returned: handles that outlive it answer no more.
    pub(super) fn end(self) -> Amended {
        self.open.store(false, Ordering::Release);
        self.amended
    }

    fn read(&self, name: &str) -> Result<Reading<'_>, ModuleError> {
        check(&self.open, &self.failing, name)?;
        let scene = self.amended.draft.scene();
        Ok(Reading { reader: &self.reader, contents: scene.contents.as_ref(), authority: &scene.authority })
    }

    fn kept<T>(&mut self, result: Result<T, ModuleError>) -> Result<T, ModuleError> {
        if let Err(error) = &result {
            self.amended.refused.push(error.clone());
        }
        result
    }
}

/// The reads of both, each by its own `read`.
macro_rules! reads {
    () => {
        fn request_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
            self.read(name)?.request_property(name, kind)
        }

        fn certificate_property(&self, name: &str, kind: PropertyType) -> Result<Value, ModuleError> {
            self.read(name)?.certificate_property(name, kind)
        }

        fn request_attribute(&self, name: &str) -> Result<String, ModuleError> {
            self.read(name)?.request_attribute(name)
        }

        fn certificate_extension(&self, oid: &str) -> Result<CertificateExtension, ModuleError> {
            self.read(oid)?.certificate_extension(oid)
        }

        fn extensions(&self) -> Result<Vec<String>, ModuleError> {
            self.read("extensions")?.extensions()
        }

        fn attributes(&self) -> Result<Vec<String>, ModuleError> {
            self.read("attributes")?.attributes()
        }
    };
}

impl ServerExit for Context {
    reads!();

    fn share(&self) -> Arc<dyn ServerExit> {
        self.this.upgrade().expect("a context lives in an Arc while it is borrowed")
    }
}

impl ServerExit for Flight {
    reads!();

    /// The request as it stands now: later writes do not show in it.
    fn share(&self) -> Arc<dyn ServerExit> {
        let scene = self.amended.draft.scene().clone();
        Context::sharing(self.reader.clone(), scene, Arc::clone(&self.failing), Arc::clone(&self.open))
    }
}

impl ServerPolicy for Flight {
    fn set_certificate_property(&mut self, name: &str, value: Option<Value>) -> Result<(), ModuleError> {
        let result = self.amended.draft.set_property(name, value.clone());
        self.kept(result)?;
        // It was accepted: the name is known.
        let Some((property, _)) = property::certificate_property(name) else { return Ok(()) };
        match log_level(property.name).filter(|_| property.scope == Scope::Context) {
            Some(level) => log::log(level, &value.map(Value::into_text).transpose()?.unwrap_or_default()),
            None => self.amended.properties_set.push((property.name.to_owned(), value)),
        }
        Ok(())
    }

    fn set_certificate_extension(&mut self, extension: CertificateExtension) -> Result<(), ModuleError> {
        let result = self.amended.draft.set_extension(extension.clone());
        self.kept(result)?;
        self.amended.extensions_set.push(extension);
        Ok(())
    }
}

/// Of a property that is a text for the log.
fn log_level(name: &str) -> Option<Level> {
    match name {
        "EventLogTerse" | "EventLogError" => Some(Level::Error),
        "EventLogWarning" => Some(Level::Warn),
        "EventLogVerbose" => Some(Level::Info),
        "EventLogExhaustive" => Some(Level::Debug),
        _ => None,
    }
}
