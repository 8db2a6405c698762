//! One round's deliveries: lanes side by side, each in its order, in batches as large as the module wants.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use module::{Delivered, EventId, ModuleError, Notification, ServerExit, Undelivered};

use super::LoadedExit;
use super::dispatch::Order;
use super::retry::{backoff, later};
use super::worker::Worker;
use crate::Request;
use crate::store::Event;
use crate::trial::Trial;
use crate::view::ExitView;

/// How long deliveries go on before the cursor is made durable.
const SLICE: Duration = Duration::from_millis(200);
/// Events of one call at most, whatever the module wants.
const BATCH_MAX: usize = 1_000;

/// An event and the request as it left it.
pub(super) type Happened = (Event, Option<Request>);

/// What came of one event.
pub(super) enum Told {
    Delivered(EventId),
    /// The module failed it: when it is told again, or none where it is parked.
    Failed(EventId, Option<Timestamp>, ModuleError),
    /// The module never saw it: how often that was in a row, and when it is told again.
    Refused(EventId, u32, Timestamp),
    /// The module never saw it, and will see no other.
    Gone,
}

impl Worker {
    /// Delivers lanes side by side, each in order, until its first failure or the end of the time slice.
    pub(super) fn deliver(&self, loaded: &LoadedExit, lanes: Vec<Vec<Happened>>) -> Vec<Told> {
        let deadline = Instant::now() + SLICE;
        let trial = self.trials.running(&self.installed.name);
        let lane = |events: Vec<Happened>| {
            let mut results = Vec::with_capacity(events.len());
            let mut events = VecDeque::from(events);
            while let Some(batch) = self.next_batch(&mut events, loaded, trial.as_deref()) {
                let all = self.tell(loaded, batch, &mut results);
                if !all || Instant::now() >= deadline || self.shared.order() != Order::Run {
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
            workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    /// The next events of a lane for one call: for one version, and as many as that takes at once, so that an order to stop never
    /// waits for more than one call. One that failed before goes alone: a module that breaks down over a batch fails its first
    /// event, and must not do so twice for what another one did.
    fn next_batch(
        &self,
        events: &mut VecDeque<Happened>,
        loaded: &LoadedExit,
        trial: Option<&Trial>,
    ) -> Option<Vec<Happened>> {
        let first = events.pop_front()?;
        let fresh = |(event, _): &Happened| self.place.attempts(event.id) == 0;
        let on_trial = |(event, _): &Happened| {
            let request = event.request.map(|(request, _)| request);
            trial.filter(|trial| trial.takes(request))
        };
        let tried = on_trial(&first);
        let batch_max = tried.map_or_else(|| loaded.module.batch_max(), Trial::batch_max).clamp(1, BATCH_MAX);
        let fits = |event: &&Happened| fresh(event) && on_trial(event).is_some() == tried.is_some();
        let count = match fresh(&first) {
            true => events.iter().take(batch_max - 1).take_while(fits).count(),
            false => 0,
        };
        Some(std::iter::once(first).chain(events.drain(..count)).collect())
    }

    /// Tells the module of a batch, and adds what came of it. Says whether all of it is delivered.
    fn tell(&self, loaded: &LoadedExit, batch: Vec<Happened>, results: &mut Vec<Told>) -> bool {
        let batch: Vec<(Notification, Arc<ExitView>)> = batch.into_iter().map(|event| self.prepared(event)).collect();
        let events: Vec<(&Notification, &dyn ServerExit)> =
            batch.iter().map(|(notification, view)| (notification, view.as_ref() as &dyn ServerExit)).collect();
        let Delivered { count, failure } = loaded.module.notify_batch(&events);
        for (_, view) in &batch {
            view.close();
        }
        let now = self.site.now();
        for (notification, _) in batch.iter().take(count) {
            self.shared.progress.delivered(notification.id, now);
            results.push(Told::Delivered(notification.id));
        }
        match batch.get(count) {
            Some((notification, _)) => {
                results.push(self.undelivered(notification, failure.unwrap_or_else(unexplained), now));
                false
            }
            None => true,
        }
    }

    fn prepared(&self, (event, request): Happened) -> (Notification, Arc<ExitView>) {
        let notification = Notification {
            id: event.id,
            event: event.kind,
            occurred: event.occurred,
            request: event.request.map(|(request, _)| request),
            attempt: self.place.attempts(event.id) + 1,
            hash: event.hash,
        };
        (notification, ExitView::new(Arc::clone(&self.site), self.key.clone(), request.map(Arc::new)))
    }

    /// When an event that is not delivered is told again.
    fn undelivered(&self, notification: &Notification, undelivered: Undelivered, now: Timestamp) -> Told {
        let (module, options) = (self.installed.name.as_str(), &self.installed.options);
        let Notification { id, attempt, .. } = *notification;
        match undelivered {
            Undelivered::Failed(error) => {
                tracing::warn!(module, event = id.0, attempt, code = %error.code, "Notify failed: {}", error.message);
                self.shared.progress.failed(id, now, error.clone());
                let tried_again = attempt < options.attempts_max && !error.is_for_good();
                let again = tried_again.then(|| later(now, backoff(options, attempt, self.jitter())));
                Told::Failed(id, again, error)
            }
            Undelivered::Refused(error) if error.is_for_good() => {
                tracing::error!(
                    module,
                    event = id.0,
                    code = %error.code,
                    "deliveries are suspended until the module is changed or enabled: {}",
                    error.message
                );
                self.shared.progress.refused(id, now, error);
                Told::Gone
            }
            Undelivered::Refused(error) => {
                let refusals = self.place.refusals(id).saturating_add(1);
                tracing::warn!(module, event = id.0, refusals, code = %error.code, "not delivered: {}", error.message);
                self.shared.progress.refused(id, now, error);
                Told::Refused(id, refusals, later(now, backoff(options, refusals, self.jitter())))
            }
        }
    }
}

/// A module that says it delivered less than it was given, and not why.
fn unexplained() -> Undelivered {
    Undelivered::Failed(ModuleError::new(module::HResult::E_UNEXPECTED, "the module does not say why it stopped here"))
}
