//! The thread of a dispatcher: the module from initialisation to shutdown, and its events round by round.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use jiff::Timestamp;
use module::scene::Reader;
use module::{EventId, ExitEvent, ExitEvents, HResult, ModuleError, Notification, Role};

use super::delivery::{Happened, Told};
use super::dispatch::{Order, Shared};
use super::lanes::Place;
use super::progress::ModuleState;
use super::retry::{backoff, later, until};
use super::{LoadedExit, ModuleLoader, ReadyExit};
use crate::Error;
use crate::site::Site;
use crate::store::{Change, Delivery, DeliveryState, InstalledModule};
use crate::trial::Trials;
use crate::view::ExitView;

/// Events read at a time.
const WINDOW: usize = 256;
/// Events dealt with beyond one that blocks its lane, up to which the window still grows: with it, no more than this and
/// a window of them are ever kept.
const AHEAD_MAX: usize = 4_096;
/// How long to wait before the database is asked again after it failed.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// Without deliveries the cursor is made durable once it has moved this far over events nobody wanted.
const CURSOR_LAG_MAX: u64 = 1_000;

/// What the thread owns.
pub(super) struct Worker {
    pub(super) site: Arc<Site>,
    loader: Arc<dyn ModuleLoader>,
    pub(super) trials: Arc<Trials>,
    /// The module, where it was initialised before.
    ready: Option<ReadyExit>,
    pub(super) installed: InstalledModule,
    pub(super) key: Reader,
    pub(super) place: Place,
    /// The cursor as it is in the database.
    saved: EventId,
    /// The module takes nothing any more: its events wait until somebody changes something.
    suspended: bool,
    /// How often in a row the thread came to nothing.
    panics: u32,
    pub(super) shared: Arc<Shared>,
    woken: Receiver<()>,
}

impl Worker {
    pub(super) fn new(
        site: Arc<Site>,
        loader: Arc<dyn ModuleLoader>,
        trials: Arc<Trials>,
        installed: InstalledModule,
        ready: Option<ReadyExit>,
        shared: Arc<Shared>,
        woken: Receiver<()>,
    ) -> Self {
        let key = Reader { role: Role::Exit, name: installed.name.clone() };
        let (place, saved) = (Place::at(installed.cursor), installed.cursor);
        Self { site, loader, trials, ready, installed, key, place, saved, suspended: false, panics: 0, shared, woken }
    }

    /// Serves the module until told to stop, whatever happens on the way.
    pub(super) fn run(mut self) {
        while let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.serve())) {
            self.recover(&*payload);
        }
        self.shared.progress.state(ModuleState::Stopped);
    }

    /// Initialises the module and delivers until told to stop.
    fn serve(&mut self) {
        let Some(loaded) = self.initialise() else { return };
        *self.shared.loaded.lock() = Some(Arc::clone(&loaded));
        self.shared.reload.store(true, Ordering::Release);
        while self.shared.order() == Order::Run {
            let wait = match self.round(&loaded) {
                Ok(wait) => {
                    self.panics = 0;
                    wait
                }
                Err(error) => {
                    tracing::error!(module = self.installed.name, "events cannot be read or recorded: {error}");
                    Some(STORE_RETRY)
                }
            };
            self.rest(wait);
        }
        if self.shared.order() == Order::ShutDown {
            self.tell_shutdown(&loaded);
        }
    }

    /// After a panic: says so, lets the module go, and begins again later from where the database says.
    fn recover(&mut self, payload: &(dyn std::any::Any + Send)) {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text");
        self.panics = self.panics.saturating_add(1);
        let wait = backoff(&self.installed.options, self.panics, self.jitter());
        tracing::error!(module = self.installed.name, "the dispatcher panicked, and starts again: {text}");
        let now = self.site.now();
        let error = ModuleError::new(HResult::RPC_E_SERVERFAULT, format!("the delivery of events panicked: {text}"));
        self.shared.progress.not_delivering(now, error);
        self.shared.progress.state(ModuleState::Failed { until: later(now, wait) });
        *self.shared.loaded.lock() = None;
        let installed = self.site.store.modules().unwrap_or_default();
        if let Some(stored) = installed.into_iter().find(|module| module.name == self.installed.name) {
            self.saved = stored.cursor;
        }
        self.place = Place::at(self.saved);
        self.rest(Some(wait));
    }

    /// Initialises the module, as often as it takes. None where it is told to stop first.
    fn initialise(&mut self) -> Option<Arc<LoadedExit>> {
        let mut ready = self.ready.take();
        let options = &self.installed.options;
        for attempt in 1.. {
            if self.shared.order() != Order::Run {
                return None;
            }
            let started = ready
                .take()
                .map_or_else(|| super::ready(&self.site, self.loader.as_ref(), &self.trials, &self.installed), Ok);
            match started {
                Ok(ReadyExit { loaded, mask }) => {
                    self.shared.progress.initialised(mask, loaded.module.description());
                    return Some(loaded);
                }
                Err(error) => {
                    tracing::error!(module = self.installed.name, code = %error.code, "Initialize failed: {}", error.message);
                    let (now, for_good) = (self.site.now(), error.is_for_good());
                    self.shared.progress.not_delivering(now, error);
                    if for_good {
                        self.shared.progress.state(ModuleState::Suspended);
                        self.rest_until_changed();
                        continue;
                    }
                    let wait = backoff(options, attempt, self.jitter());
                    self.shared.progress.state(ModuleState::Failed { until: later(now, wait) });
                    self.rest(Some(wait));
                }
            }
        }
        None
    }

    /// Delivers what may be delivered now and makes it durable. Returns how long there is nothing to do; zero where
    /// there is more at once.
    fn round(&mut self, loaded: &LoadedExit) -> Result<Option<Duration>, Error> {
        if self.shared.reload.swap(false, Ordering::AcqRel) {
            // What was changed by hand is read the next time, if not now.
            self.read_waiting().inspect_err(|_| self.shared.reload.store(true, Ordering::Release))?;
            self.suspended = false;
        }
        if self.suspended {
            return Ok(None);
        }
        let now = self.site.now();
        let options = &self.installed.options;
        let workers = options.workers as usize;
        // A clock that was set back makes nobody wait for longer than the operator said.
        self.place.wait_at_most(later(now, Duration::from_millis(options.retry_ms_max)));
        let mask = self.shared.progress.mask();
        let behind = self.due_behind(now)?;
        // With one lane, an event that waits blocks everything behind it: nothing needs to be read.
        let blocked = self.place.blocked_until(now).filter(|_| workers <= 1 && behind.is_empty());
        if let Some(due) = blocked {
            self.shared.progress.state(ModuleState::Retrying { until: due });
            return Ok(Some(until(now, self.place.next_due().unwrap_or(due))));
        }
        let (head, _) = self.site.store.event_head()?;
        let limit = WINDOW + self.place.ahead().min(AHEAD_MAX);
        let window = self.site.store.events(self.place.cursor, mask & !ExitEvents::SHUTDOWN, limit)?;
        let full = window.len() == limit;
        let ids: Vec<EventId> = window.iter().map(|(event, _)| event.id).collect();
        let last = ids.last().copied().unwrap_or(head);
        let end = if full { last } else { head.max(last) };

        let key = |(event, _): &Happened| (event.id, event.request.map(|(id, _)| id));
        let lanes = self.place.deal(behind, window, key, workers, now);
        let idle = lanes.is_empty();
        let results = self.deliver(loaded, lanes);
        self.record(results, &ids, end)?;
        if self.suspended {
            self.shared.progress.state(ModuleState::Suspended);
            return Ok(None);
        }

        let due = self.place.next_due();
        match due.filter(|due| *due > self.site.now()) {
            Some(until) if idle => self.shared.progress.state(ModuleState::Retrying { until }),
            _ => self.shared.progress.state(ModuleState::Running),
        }
        Ok(if !idle || (full && self.place.cursor == end) {
            Some(Duration::ZERO)
        } else {
            due.map(|due| until(self.site.now(), due))
        })
    }

    /// Makes a round's results durable: cursor, failed deliveries, recovered ones, in one commit.
    fn record(&mut self, results: Vec<Told>, window: &[EventId], end: EventId) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let mut recording = shared.recording.lock();
        if recording.abandoned {
            return Ok(());
        }
        let name = &self.installed.name;
        let now = self.site.now();
        let mut change = Change::default();
        let delivered = !results.is_empty();
        for result in results {
            match result {
                Told::Delivered(id) => {
                    if self.place.attempts(id) > 0 {
                        change.settled.push((name.clone(), id));
                    }
                    self.place.settle(id);
                }
                Told::Refused(id, refusals, due) => self.place.hold(id, refusals, due),
                Told::Gone => self.suspended = true,
                Told::Failed(id, ..) if recording.dropped.contains(&id) => self.place.settle(id),
                Told::Failed(event, again, error) => {
                    let attempts = self.place.attempts(event) + 1;
                    let state = again.map_or(DeliveryState::Parked, DeliveryState::Waiting);
                    match again {
                        Some(due) => self.place.wait(event, attempts, due),
                        None => {
                            tracing::error!(
                                module = name,
                                event = event.0,
                                "parked after {attempts} attempts: {}",
                                error.message
                            );
                            self.place.settle(event);
                        }
                    }
                    change.deliveries.push(Delivery {
                        module: name.clone(),
                        event,
                        state,
                        attempts,
                        code: error.code,
                        error: error.message,
                        first_failed: now,
                        last_failed: now,
                    });
                }
            }
        }
        self.place.advance(window, end);
        let moved = self.place.cursor > self.saved;
        if moved && (delivered || self.place.cursor.0 - self.saved.0 >= CURSOR_LAG_MAX) {
            change.cursors.push((name.clone(), self.place.cursor));
        }
        let unchanged = change.cursors.is_empty() && change.deliveries.is_empty() && change.settled.is_empty();
        let saved = change.cursors.first().map_or(self.saved, |(_, cursor)| *cursor);
        if !unchanged && let Err(error) = self.site.store.commit(change) {
            // The database is what counts: the module may be told again of what it has dealt with.
            self.place = Place::at(self.saved);
            shared.progress.moved(self.saved);
            shared.reload.store(true, Ordering::Release);
            return Err(error.into());
        }
        self.saved = saved;
        shared.progress.moved(self.place.cursor);
        recording.dropped.clear();
        Ok(())
    }

    /// Parked events that an operator wants delivered again: they lie behind the cursor.
    fn due_behind(&self, now: Timestamp) -> Result<Vec<Happened>, Error> {
        let mut events = Vec::new();
        for id in self.place.due_behind(now).take(WINDOW) {
            events.extend(self.site.store.event(id)?);
        }
        Ok(events)
    }

    /// Reads the deliveries that wait. What waited and is no longer there was dropped by hand.
    fn read_waiting(&mut self) -> Result<(), Error> {
        let mut waiting = BTreeMap::new();
        let mut after = EventId(0);
        loop {
            let batch = self.site.store.deliveries(&self.installed.name, after, WINDOW)?;
            let Some(last) = batch.last() else { break };
            after = last.event;
            for delivery in batch {
                if let DeliveryState::Waiting(due) = delivery.state {
                    waiting.insert(delivery.event, (delivery.attempts, due));
                }
            }
        }
        self.place.replace_waiting(waiting);
        Ok(())
    }

    /// `SHUTDOWN` is not stored: the module is told once, as the last thing, unless somebody else has taken over or it is gone.
    fn tell_shutdown(&self, loaded: &LoadedExit) {
        let wanted = self.shared.progress.mask().wants(ExitEvent::Shutdown);
        if !wanted || self.suspended || self.shared.recording.lock().abandoned {
            return;
        }
        let (_, hash) = self.site.store.event_head().unwrap_or_default();
        let notification = Notification {
            id: EventId(0),
            event: ExitEvent::Shutdown,
            occurred: self.site.now(),
            request: None,
            attempt: 1,
            hash,
        };
        let view = ExitView::new(Arc::clone(&self.site), self.key.clone(), None);
        if let Err(error) = loaded.module.notify(&notification, view.as_ref()) {
            tracing::warn!(module = self.installed.name, code = %error.code, "Notify(SHUTDOWN) failed: {}", error.message);
        }
        view.close();
    }

    /// Waits to be woken, at most so long; without a limit until woken.
    fn rest(&self, wait: Option<Duration>) {
        // Disconnection means that the dispatcher is gone, and with it whoever could give an order.
        let ended = match wait {
            Some(Duration::ZERO) => return,
            Some(wait) => self.woken.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected),
            None => self.woken.recv().is_err(),
        };
        if ended && self.shared.order() == Order::Run {
            self.shared.give(Order::Stop);
        }
    }

    /// Waits until somebody changes something by hand, or gives an order. Events change nothing.
    fn rest_until_changed(&self) {
        while self.shared.order() == Order::Run && !self.shared.reload.swap(false, Ordering::AcqRel) {
            self.rest(None);
        }
    }

    /// A number from 0 to 255 that spreads retries.
    pub(super) fn jitter(&self) -> u8 {
        let mut byte = [0];
        // Without randomness retries are not spread, and still happen.
        let _ = self.site.world.random.fill(&mut byte);
        byte[0]
    }
}
