//! What the server does by itself: CRLs when they are due, and forgetting events that everybody has been told.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use module::{EventId, Role};

use crate::crl::schedule::{self, State};
use crate::{Engine, Error};

/// The longest wait: clocks are set, and waiting for a far-off moment would miss it.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(60);
/// Events forgotten in one transaction.
const PRUNED_AT_ONCE: usize = 1_000;

/// The thread that does scheduled work.
pub(crate) struct Scheduler {
    wake: Sender<()>,
    thread: JoinHandle<()>,
}

impl Scheduler {
    pub(crate) fn start(engine: &Arc<Engine>) -> Result<Self, Error> {
        let (wake, woken) = bounded(1);
        let engine = Arc::downgrade(engine);
        let thread = std::thread::Builder::new().name("schedule".into()).spawn(move || run(&engine, &woken))?;
        Ok(Self { wake, thread })
    }

    /// Something has changed that the schedule depends on.
    pub(crate) fn wake(&self) {
        // A full channel means that it is woken already.
        let _ = self.wake.try_send(());
    }

    /// Lets the work under way finish, and no other begin.
    pub(crate) fn stop(self) {
        let Self { wake, thread } = self;
        drop(wake);
        let itself = thread.thread().id() == std::thread::current().id();
        if !itself && thread.join().is_err() {
            tracing::error!("the scheduler panicked");
        }
    }
}

fn run(engine: &Weak<Engine>, woken: &Receiver<()>) {
    let mut failed = None;
    loop {
        let Some(engine) = engine.upgrade() else { return };
        let wait = engine.do_what_is_due(&mut failed);
        drop(engine);
        if woken.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

impl Engine {
    /// Looks at the schedule anew.
    pub(crate) fn reschedule(&self) {
        if let Some(scheduler) = self.scheduler.lock().as_ref() {
            scheduler.wake();
        }
    }

    /// Does at most one scheduled thing of each kind; returns how long to wait for the next. `failed` is when the last
    /// one failed, unless one has succeeded since.
    fn do_what_is_due(&self, failed: &mut Option<Timestamp>) -> Duration {
        if let Err(error) = self.prune_events() {
            tracing::warn!("old events could not be removed: {error}");
        }
        let ca = self.site.ca();
        if ca.certificates().is_empty() {
            return LOOK_AT_LEAST_EVERY;
        }
        let publisher = self.publisher(&ca);
        let now = self.site.now();
        let next = match State::read(&publisher, *failed) {
            Ok(state) => schedule::due(now, &state),
            Err(error) => {
                tracing::error!("the CRL schedule could not be read: {error}");
                return LOOK_AT_LEAST_EVERY;
            }
        };
        let Some((what, at)) = next else { return LOOK_AT_LEAST_EVERY };
        if at > now {
            return Duration::try_from(at.duration_since(now)).unwrap_or_default().min(LOOK_AT_LEAST_EVERY);
        }
        *failed = match schedule::run(&publisher, &what) {
            Ok(()) => None,
            Err(error) => {
                tracing::error!("the scheduled CRLs could not be published: {error}");
                Some(now)
            }
        };
        self.announce_newest();
        Duration::ZERO
    }

    /// Forgets events that are older than the retention and that every module has dealt with; returns how many.
    ///
    /// Disabled modules count, and so do parked events: what anybody may still be told is kept. None while modules are
    /// changed: one may be on its way to an older place.
    pub fn prune_events(&self) -> Result<usize, Error> {
        let retention = self.site.config.event_retention;
        if retention.is_zero() {
            return Ok(0);
        }
        let Some(_unchanged) = self.modules.try_lock() else { return Ok(0) };
        let store = &self.site.store;
        let mut last = store.event_before(before(self.site.now(), retention)?)?;
        for module in store.modules()?.iter().filter(|module| module.role == Role::Exit) {
            last = last.min(module.cursor);
            let open = store.deliveries(&module.name, EventId(0), 1)?;
            if let Some(delivery) = open.first() {
                last = last.min(EventId(delivery.event.0.saturating_sub(1)));
            }
        }
        let mut pruned = 0;
        loop {
            let removed = store.prune_events(last, PRUNED_AT_ONCE)?;
            pruned += removed;
            if removed < PRUNED_AT_ONCE {
                return Ok(pruned);
            }
        }
    }
}

/// The moment a period before this one.
fn before(now: Timestamp, period: module::moment::Period) -> Result<Timestamp, Error> {
    let length = period.after(now)?.duration_since(now);
    let beyond = |_| Error::refused(format!("{period} before {now} is beyond the calendar"));
    now.to_zoned(TimeZone::UTC).checked_sub(length).map(|zoned| zoned.timestamp()).map_err(beyond)
}
