//! An exit module that takes events in batches, and does with them as a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use module::{Delivered, EventId, ExitEvents, ExitModule, ModuleError, Notification, ServerExit};
use parking_lot::Mutex;

type Behaviour = dyn Fn(&[Notification]) -> Delivered + Send + Sync;

/// Wants issued certificates, and remembers the batches it was told.
pub struct Batches {
    batch_max: usize,
    behaviour: Box<Behaviour>,
    told: Mutex<Vec<Vec<(EventId, u32)>>>,
    initialised: AtomicUsize,
}

impl Batches {
    /// A module that takes so many events at once at most; each batch ends as `behaviour` says.
    pub fn new(
        batch_max: usize,
        behaviour: impl Fn(&[Notification]) -> Delivered + Send + Sync + 'static,
    ) -> Arc<Self> {
        let behaviour = Box::new(behaviour);
        Arc::new(Self { batch_max, behaviour, told: Mutex::default(), initialised: AtomicUsize::new(0) })
    }

    /// Every batch: its events, and which attempt each was.
    pub fn told(&self) -> Vec<Vec<(EventId, u32)>> {
        self.told.lock().clone()
    }

    /// How often it was initialised.
    pub fn initialised(&self) -> usize {
        self.initialised.load(Ordering::SeqCst)
    }
}

impl ExitModule for Batches {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.initialised.fetch_add(1, Ordering::SeqCst);
        Ok(ExitEvents::CERT_ISSUED)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.notify_batch(&[(notification, server)]).failure.map_or(Ok(()), |undelivered| Err(undelivered.into()))
    }

    fn description(&self) -> String {
        "batches of a test".into()
    }

    fn batch_max(&self) -> usize {
        self.batch_max
    }

    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let events: Vec<Notification> = events.iter().map(|(notification, _)| (*notification).clone()).collect();
        self.told.lock().push(events.iter().map(|event| (event.id, event.attempt)).collect());
        (self.behaviour)(&events)
    }
}
