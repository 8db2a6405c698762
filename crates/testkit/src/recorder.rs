//! An exit module that remembers what it was told, and fails when it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;

use module::{
    EventId, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PropertyType, ServerExit,
};
use parking_lot::{Condvar, Mutex};

/// One notification, and what could be read at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The notification.
    pub notification: Notification,
    /// `Request.Disposition`, where there is a request.
    pub disposition: Option<i32>,
    /// `Request.DispositionMessage`.
    pub message: Option<String>,
    /// `Request.RevokedReason`.
    pub reason: Option<i32>,
    /// `SerialNumber`.
    pub serial: Option<String>,
    /// Whether `RawCertificate` has a value.
    pub certificate: bool,
}

/// What the module does next.
type Behaviour = dyn Fn(&Notification) -> Result<(), ModuleError> + Send + Sync;

/// An exit module that remembers.
pub struct Recorder {
    mask: ExitEvents,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    told: Vec<Told>,
    initialised: usize,
    behaviour: Option<Arc<Behaviour>>,
    gate: bool,
    waiting: usize,
    kept: Option<Arc<dyn ServerExit>>,
}

impl Recorder {
    /// A module that wants these events.
    pub fn new(mask: ExitEvents) -> Arc<Self> {
        Arc::new(Self { mask, state: Mutex::default(), changed: Condvar::new() })
    }

    /// A module that wants every event.
    pub fn all() -> Arc<Self> {
        Self::new(ExitEvents::all())
    }

    /// From now on each notification ends as `behaviour` says; it is remembered either way.
    pub fn behave(&self, behaviour: impl Fn(&Notification) -> Result<(), ModuleError> + Send + Sync + 'static) {
        self.state.lock().behaviour = Some(Arc::new(behaviour));
    }

    /// From now on each notification fails.
    pub fn fail(&self) {
        self.behave(|_| Err(ModuleError::new(HResult::E_FAIL, "told to fail")));
    }

    /// From now on each notification succeeds.
    pub fn succeed(&self) {
        self.behave(|_| Ok(()));
    }

    /// Closes the gate: notifications wait in front of it until it is opened.
    pub fn close_gate(&self) {
        self.state.lock().gate = true;
    }

    /// Opens the gate.
    pub fn open_gate(&self) {
        self.state.lock().gate = false;
        self.changed.notify_all();
    }

    /// How many notifications wait at the gate.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting
    }

    /// Everything it was told, in order, repeats included.
    pub fn told(&self) -> Vec<Told> {
        self.state.lock().told.clone()
    }

    /// The events it was told, in order, repeats included.
    pub fn events(&self) -> Vec<(EventId, ExitEvent)> {
        self.state.lock().told.iter().map(|told| (told.notification.id, told.notification.event)).collect()
    }

    /// The events it was told, by number, each once: how often, and whether any delivery succeeded is not told apart.
    pub fn counts(&self) -> BTreeMap<EventId, usize> {
        let mut counts = BTreeMap::new();
        for told in &self.state.lock().told {
            *counts.entry(told.notification.id).or_insert(0) += 1;
        }
        counts
    }

    /// How often it was initialised.
    pub fn initialised(&self) -> usize {
        self.state.lock().initialised
    }

    /// The handle to the context of the last notification, kept beyond it.
    pub fn kept(&self) -> Option<Arc<dyn ServerExit>> {
        self.state.lock().kept.clone()
    }
}

impl ExitModule for Recorder {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.state.lock().initialised += 1;
        Ok(self.mask)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let long = |name| server.request_property(name, PropertyType::Long).and_then(module::Value::into_long).ok();
        let text = server.request_property("DispositionMessage", PropertyType::String);
        let serial = server.certificate_property("SerialNumber", PropertyType::String);
        let told = Told {
            notification: notification.clone(),
            disposition: long("Disposition"),
            message: text.and_then(module::Value::into_text).ok(),
            reason: long("RevokedReason"),
            serial: serial.and_then(module::Value::into_text).ok(),
            certificate: server.certificate_property("RawCertificate", PropertyType::Binary).is_ok(),
        };
        let mut state = self.state.lock();
        state.kept = Some(server.share());
        state.waiting += 1;
        while state.gate {
            self.changed.wait(&mut state);
        }
        state.waiting -= 1;
        state.told.push(told);
        let behaviour = state.behaviour.clone();
        drop(state);
        behaviour.map_or(Ok(()), |behaviour| behaviour(notification))
    }

    fn description(&self) -> String {
        "recorder of a test".into()
    }
}
