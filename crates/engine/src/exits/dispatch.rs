//! The dispatcher of one exit module: its thread, from initialisation to shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::{SignedDuration, Timestamp};
use module::{EventId, ExitEvent, ExitEvents, ModuleError, Notification, Role};
use parking_lot::Mutex;

use super::lanes::Place;
use super::progress::{ModuleState, Progress};
use super::{LoadedExit, ModuleLoader};
use crate::site::Site;
use crate::store::{Change, Delivery, DeliveryState, Event, InstalledModule, ModuleOptions};
use crate::view::{ExitView, ModuleKey};
use crate::{Error, Request};

/// Events read at a time.
const WINDOW: usize = 256;
/// Events dealt with beyond one that blocks its lane, up to which the window still grows: with it, no more than this and
/// a window of them are ever kept.
const AHEAD_MAX: usize = 4_096;
/// How long deliveries go on before the cursor is made durable.
const SLICE: Duration = Duration::from_millis(200);
/// How long to wait before the database is asked again after it failed.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// Without deliveries the cursor is made durable once it has moved this far over events nobody wanted.
const CURSOR_LAG_MAX: u64 = 1_000;

const RUN: u8 = 0;
const STOP: u8 = 1;
const SHUT_DOWN: u8 = 2;

/// An event and the request as it left it.
type Happened = (Event, Option<Request>);

/// Delivers events to one module.
pub(crate) struct Dispatcher {
    installed: InstalledModule,
    progress: Arc<Progress>,
    loaded: Arc<Mutex<Option<Arc<LoadedExit>>>>,
    wake: Sender<()>,
    order: Arc<AtomicU8>,
    reload: Arc<AtomicBool>,
    abandoned: Arc<Mutex<bool>>,
    finished: Receiver<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Dispatcher {
    pub(super) fn start(site: Arc<Site>, loader: Arc<dyn ModuleLoader>, installed: InstalledModule) -> Arc<Self> {
        let (wake, woken) = bounded(1);
        let (finish, finished) = bounded(1);
        let progress = Arc::new(Progress::new(installed.cursor));
        let order = Arc::new(AtomicU8::new(RUN));
        let reload = Arc::new(AtomicBool::new(false));
        let loaded = Arc::new(Mutex::new(None));
        let abandoned = Arc::new(Mutex::new(false));
        let worker = Worker {
            site,
            loader,
            key: ModuleKey { role: Role::Exit, name: installed.name.clone() },
            place: Place::at(installed.cursor),
            saved: installed.cursor,
            installed: installed.clone(),
            progress: Arc::clone(&progress),
            loaded: Arc::clone(&loaded),
            woken,
            order: Arc::clone(&order),
            reload: Arc::clone(&reload),
            abandoned: Arc::clone(&abandoned),
        };
        let run = move || {
            worker.run();
            let _ = finish.send(());
        };
        let thread = std::thread::Builder::new().name(format!("exit {}", installed.name)).spawn(run);
        let thread = thread
            .inspect_err(|error| tracing::error!(module = installed.name, "no thread for the module: {error}"))
            .ok();
        if thread.is_none() {
            progress.state(ModuleState::Stopped);
        }
        Arc::new(Self {
            installed,
            progress,
            loaded,
            wake,
            order,
            reload,
            abandoned,
            finished,
            thread: Mutex::new(thread),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.installed.name
    }

    pub(super) fn position(&self) -> u32 {
        self.installed.position
    }

    pub(super) fn is_inline(&self) -> bool {
        self.installed.options.inline
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn health(&self) -> serde_json::Value {
        let loaded = self.loaded.lock().clone();
        loaded.map_or(serde_json::Value::Null, |loaded| (loaded.health)())
    }

    pub(super) fn wake(&self) {
        // A full channel means that it is woken already.
        let _ = self.wake.try_send(());
    }

    /// Waiting deliveries were changed by hand: read them anew.
    pub(crate) fn reload(&self) {
        self.reload.store(true, Ordering::Release);
        self.wake();
    }

    pub(super) fn wait_for(&self, event: &Event) {
        if self.progress.mask().wants(event.kind) {
            self.progress.wait_for(event.id, Duration::from_millis(self.installed.options.timeout_ms));
        }
    }

    pub(super) fn stop(&self, shut_down: bool) {
        self.order.store(if shut_down { SHUT_DOWN } else { STOP }, Ordering::Release);
        self.wake();
    }

    /// From now on nothing of what the thread does is recorded: a call that does not return is left to end by itself, and
    /// whoever takes the module's place goes on from where the database says.
    pub(super) fn abandon(&self) {
        *self.abandoned.lock() = true;
    }

    fn join(&self) {
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!(module = self.name(), "the dispatcher panicked");
        }
    }

    /// Whether the thread ended by then. One that did not is left behind; its events wait for the next start.
    pub(super) fn join_until(&self, deadline: Instant) -> bool {
        let ended = self.thread.lock().is_none()
            || self.finished.recv_deadline(deadline) != Err(crossbeam_channel::RecvTimeoutError::Timeout);
        if ended {
            self.join();
        }
        ended
    }
}

/// What the thread owns.
struct Worker {
    site: Arc<Site>,
    loader: Arc<dyn ModuleLoader>,
    installed: InstalledModule,
    key: ModuleKey,
    place: Place,
    /// The cursor as it is in the database.
    saved: EventId,
    progress: Arc<Progress>,
    loaded: Arc<Mutex<Option<Arc<LoadedExit>>>>,
    woken: Receiver<()>,
    order: Arc<AtomicU8>,
    reload: Arc<AtomicBool>,
    /// Whether somebody else has taken over. Held while results are recorded, so that nothing is recorded after.
    abandoned: Arc<Mutex<bool>>,
}

/// What came of one event.
enum Delivered {
    Done(EventId),
    Failed(EventId, Option<(u32, Timestamp)>, ModuleError),
}

impl Worker {
    fn run(mut self) {
        let Some(loaded) = self.initialise() else {
            self.progress.state(ModuleState::Stopped);
            return;
        };
        *self.loaded.lock() = Some(Arc::clone(&loaded));
        self.reload.store(true, Ordering::Release);
        while self.order.load(Ordering::Acquire) == RUN {
            let wait = match self.round(&loaded) {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(module = self.installed.name, "events cannot be read or recorded: {error}");
                    Some(STORE_RETRY)
                }
            };
            self.rest(wait);
        }
        if self.order.load(Ordering::Acquire) == SHUT_DOWN {
            self.tell_shutdown(&loaded);
        }
        self.progress.state(ModuleState::Stopped);
    }

    /// Initialises the module, as often as it takes. None where it is told to stop first.
    fn initialise(&self) -> Option<Arc<LoadedExit>> {
        let options = &self.installed.options;
        for attempt in 1.. {
            if self.order.load(Ordering::Acquire) != RUN {
                return None;
            }
            let view = ExitView::new(Arc::clone(&self.site), self.key.clone(), None);
            let started = self.loader.exit(&self.installed).and_then(|loaded| {
                let mask = loaded.module.initialize(&self.site.config.name, view.as_ref())?;
                Ok((loaded, mask))
            });
            view.close();
            match started {
                Ok((loaded, mask)) => {
                    self.progress.initialised(mask, loaded.module.description());
                    return Some(Arc::new(loaded));
                }
                Err(error) => {
                    let wait = backoff(options, attempt, self.jitter());
                    tracing::error!(module = self.installed.name, code = %error.code, "Initialize failed: {}", error.message);
                    let now = self.site.now();
                    self.progress.failed(EventId(0), now, error);
                    self.progress.state(ModuleState::Failed { until: later(now, wait) });
                    self.rest(Some(wait));
                }
            }
        }
        None
    }

    /// Delivers what may be delivered now and makes it durable. Returns how long there is nothing to do; zero where
    /// there is more at once.
    fn round(&mut self, loaded: &LoadedExit) -> Result<Option<Duration>, Error> {
        if self.reload.swap(false, Ordering::AcqRel) {
            self.read_waiting()?;
        }
        let now = self.site.now();
        let mask = self.progress.mask();
        let behind = self.due_behind(now)?;
        // With one lane, an event that waits blocks everything behind it: nothing needs to be read.
        let blocked =
            self.place.blocked_until(now).filter(|_| self.installed.options.workers <= 1 && behind.is_empty());
        if let Some(due) = blocked {
            self.progress.state(ModuleState::Retrying { until: due });
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
        let mut lanes = self.place.deal(window, key, self.installed.options.workers as usize, now);
        if !behind.is_empty() {
            lanes.push(behind);
        }
        let idle = lanes.is_empty();
        let results = self.deliver(loaded, lanes);
        self.record(results, &ids, end)?;

        let due = self.place.next_due();
        match due.filter(|due| *due > self.site.now()) {
            Some(until) if idle => self.progress.state(ModuleState::Retrying { until }),
            _ => self.progress.state(ModuleState::Running),
        }
        Ok(if !idle || (full && self.place.cursor == end) {
            Some(Duration::ZERO)
        } else {
            due.map(|due| until(self.site.now(), due))
        })
    }

    /// Delivers lanes side by side, each in order, until its first failure or the end of the time slice.
    fn deliver(&self, loaded: &LoadedExit, lanes: Vec<Vec<Happened>>) -> Vec<Delivered> {
        let deadline = Instant::now() + SLICE;
        let lane = |events: Vec<Happened>| {
            let mut results = Vec::with_capacity(events.len());
            for (event, request) in events {
                let result = self.notify(loaded, event, request);
                let failed = matches!(result, Delivered::Failed(..));
                results.push(result);
                if failed || Instant::now() >= deadline || self.order.load(Ordering::Acquire) != RUN {
                    break;
                }
            }
            results
        };
        let mut lanes = lanes;
        if lanes.len() <= 1 {
            return lanes.pop().map(lane).unwrap_or_default();
        }
        std::thread::scope(|scope| {
            let lane = &lane;
            let workers: Vec<_> = lanes.into_iter().map(|events| scope.spawn(move || lane(events))).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a guarded module does not panic")).collect()
        })
    }

    fn notify(&self, loaded: &LoadedExit, event: Event, request: Option<Request>) -> Delivered {
        let id = event.id;
        let attempt = self.place.waiting.get(&id).map_or(0, |(attempts, _)| *attempts) + 1;
        let notification = Notification {
            id,
            event: event.kind,
            occurred: event.occurred,
            request: event.request.map(|(request, _)| request),
            attempt,
            hash: event.hash,
        };
        let view = ExitView::new(Arc::clone(&self.site), self.key.clone(), request.map(Arc::new));
        let answer = loaded.module.notify(&notification, view.as_ref());
        view.close();
        let now = self.site.now();
        match answer {
            Ok(()) => {
                self.progress.delivered(id, now);
                Delivered::Done(id)
            }
            Err(error) => {
                let module = self.installed.name.as_str();
                tracing::warn!(module, event = id.0, attempt, code = %error.code, "Notify failed: {}", error.message);
                self.progress.failed(id, now, error.clone());
                let options = &self.installed.options;
                let again = (attempt < options.attempts_max)
                    .then(|| (attempt, later(now, backoff(options, attempt, self.jitter()))));
                Delivered::Failed(id, again, error)
            }
        }
    }

    /// Makes a round's results durable: cursor, failed deliveries, recovered ones, in one commit.
    fn record(&mut self, results: Vec<Delivered>, window: &[EventId], end: EventId) -> Result<(), Error> {
        let name = &self.installed.name;
        let now = self.site.now();
        let mut change = Change::default();
        let delivered = !results.is_empty();
        for result in results {
            match result {
                Delivered::Done(id) => {
                    if self.place.waiting.contains_key(&id) {
                        change.settled.push((name.clone(), id));
                    }
                    self.place.settle(id);
                }
                Delivered::Failed(event, again, error) => {
                    let attempts = self.place.waiting.get(&event).map_or(0, |(attempts, _)| *attempts) + 1;
                    let state = again.map_or(DeliveryState::Parked, |(_, due)| DeliveryState::Waiting(due));
                    match again {
                        Some(again) => {
                            self.place.waiting.insert(event, again);
                        }
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
        self.progress.moved(self.place.cursor);
        if change.cursors.is_empty() && change.deliveries.is_empty() && change.settled.is_empty() {
            return Ok(());
        }
        let abandoned = Arc::clone(&self.abandoned);
        let abandoned = abandoned.lock();
        if *abandoned {
            return Ok(());
        }
        let saved = change.cursors.first().map_or(self.saved, |(_, cursor)| *cursor);
        if let Err(error) = self.site.store.commit(change) {
            // The database is what counts: the module may be told again of what it has dealt with.
            self.place = Place::at(self.saved);
            self.progress.moved(self.saved);
            self.reload.store(true, Ordering::Release);
            return Err(error.into());
        }
        self.saved = saved;
        Ok(())
    }

    /// Parked events that an operator wants delivered again: they lie behind the cursor.
    fn due_behind(&self, now: Timestamp) -> Result<Vec<Happened>, Error> {
        let due = self.place.waiting.iter().filter(|(id, (_, due))| **id <= self.place.cursor && *due <= now);
        let mut events = Vec::new();
        for (id, _) in due.take(WINDOW) {
            events.extend(self.site.store.event(*id)?);
        }
        Ok(events)
    }

    /// Reads the deliveries that wait. What waited and is no longer there was dropped by hand.
    fn read_waiting(&mut self) -> Result<(), Error> {
        let mut waiting = std::collections::BTreeMap::new();
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
        let before = std::mem::replace(&mut self.place.waiting, waiting);
        for id in before.into_keys() {
            if !self.place.waiting.contains_key(&id) {
                self.place.settle(id);
            }
        }
        Ok(())
    }

    /// `SHUTDOWN` is not stored: the module is told once, as the last thing.
    fn tell_shutdown(&self, loaded: &LoadedExit) {
        if !self.progress.mask().wants(ExitEvent::Shutdown) {
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
            Some(wait) => self.woken.recv_timeout(wait) == Err(crossbeam_channel::RecvTimeoutError::Disconnected),
            None => self.woken.recv().is_err(),
        };
        if ended {
            let _ = self.order.compare_exchange(RUN, STOP, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// A number from 0 to 255 that spreads retries.
    fn jitter(&self) -> u8 {
        let mut byte = [0];
        // Without randomness retries are not spread, and still happen.
        let _ = self.site.world.random.fill(&mut byte);
        byte[0]
    }
}

/// The wait after the `attempt`th failure: doubling from the least to the most, less up to a quarter of jitter.
fn backoff(options: &ModuleOptions, attempt: u32, jitter: u8) -> Duration {
    let doubled = options.retry_ms_min.saturating_mul(1_u64.checked_shl(attempt - 1).unwrap_or(u64::MAX));
    let whole = doubled.clamp(options.retry_ms_min, options.retry_ms_max.max(options.retry_ms_min));
    Duration::from_millis(whole - whole / 4 * u64::from(jitter) / 256)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or(Duration::from_millis(1)).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_limit() {
        let options = ModuleOptions { retry_ms_min: 1_000, retry_ms_max: 60_000, ..ModuleOptions::default() };
        let waits: Vec<u128> =
            [1, 2, 3, 7, 64, 1_000].map(|attempt| backoff(&options, attempt, 0).as_millis()).to_vec();
        assert_eq!(waits, [1_000, 2_000, 4_000, 60_000, 60_000, 60_000]);
        let spread = backoff(&options, 1, 255).as_millis();
        assert!((750..1_000).contains(&spread), "{spread}");
    }
}
