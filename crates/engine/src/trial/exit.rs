//! An exit module in two versions: each event goes to one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use module::{Delivered, ExitEvent, ExitEvents, ExitModule, ModuleError, Notification, ServerExit, Undelivered};

use super::{Trial, with_canary};
use crate::exits::LoadedExit;

/// An exit module in two versions.
struct TrialExit {
    former: Arc<LoadedExit>,
    trial: Arc<Trial>,
}

/// The version in force with the one on trial beside it, as one module.
pub(super) fn side_by_side(former: Arc<LoadedExit>, canary: Option<Arc<LoadedExit>>, trial: Arc<Trial>) -> LoadedExit {
    *trial.exit.write() = canary;
    let (module, beside) = (Arc::clone(&former), Arc::clone(&trial));
    let (running, tried) = (Arc::clone(&former), Arc::clone(&trial));
    LoadedExit {
        module: Arc::new(TrialExit { former: module, trial }),
        health: Box::new(move || with_canary((former.health)(), beside.exit().map(|canary| (canary.health)()))),
        notice: Box::new(move || (running.notice)().or_else(|| tried.exit().and_then(|canary| (canary.notice)()))),
    }
}

impl ExitModule for TrialExit {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        let former = self.former.module.initialize(ca, server)?;
        self.trial.former_mask.store(former.bits(), Ordering::Relaxed);
        let canary = match self.trial.exit() {
            Some(canary) => canary.module.initialize(ca, server).unwrap_or_else(|error| {
                self.trial.withdraw(&error);
                ExitEvents::empty()
            }),
            None => ExitEvents::empty(),
        };
        self.trial.canary_mask.store(canary.bits(), Ordering::Relaxed);
        Ok(former | canary)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        if notification.event == ExitEvent::Shutdown {
            self.canary_shuts_down(notification, server);
        }
        self.notify_batch(&[(notification, server)]).failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// That of the version in force. What is for the version on trial comes in batches as large as [`Trial::batch_max`].
    fn batch_max(&self) -> usize {
        self.former.module.batch_max()
    }

    /// In runs of events that are for the same version, none longer than it takes at once: the time limit of its call holds for
    /// all of a run. What neither version saw is no attempt.
    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let mut count = 0;
        while let Some(rest @ [(first, _), ..]) = events.get(count..) {
            let version = self.version_for(first);
            let run = rest.iter().take_while(|(notification, _)| self.version_for(notification) == version).count();
            let most = match version {
                Some(Which::Former) => self.batch_max(),
                Some(Which::Canary) => self.trial.batch_max(),
                None => run,
            };
            // A trial may end between two looks.
            let run = rest.get(..run.min(most).max(1)).unwrap_or(rest);
            let told = match version {
                Some(Which::Former) => self.former.module.notify_batch(run),
                Some(Which::Canary) => self.tell_canary(run),
                None => Delivered::all(run.len()),
            };
            // Whoever claims more than there was does not speak for what comes behind.
            count += told.count.min(run.len());
            // Nothing delivered, and no word why: that is for the caller to say.
            if told.failure.is_some() || told.count == 0 {
                return Delivered { count, failure: told.failure };
            }
        }
        Delivered::all(events.len())
    }

    fn description(&self) -> String {
        self.former.module.description()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.former.module.about()
    }
}

/// One of the two versions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Former,
    Canary,
}

impl TrialExit {
    /// The version that is to have an event; none where it does not want it.
    fn version_for(&self, notification: &Notification) -> Option<Which> {
        let canary = self.trial.takes(notification.request) && self.trial.exit().is_some();
        let (which, mask) = match canary {
            true => (Which::Canary, &self.trial.canary_mask),
            false => (Which::Former, &self.trial.former_mask),
        };
        wants(mask, notification.event).then_some(which)
    }

    /// Hands events to the version on trial, and the first that it fails to the version in force.
    fn tell_canary(&self, run: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let told = match self.trial.exit() {
            Some(canary) => canary.module.notify_batch(run),
            // The trial has ended: the first is for the version in force, and so are the others when they are looked at.
            None => Delivered { count: 0, failure: None },
        };
        self.trial.succeeded(told.count.min(run.len()));
        match told.failure {
            // It is gone: there is nothing left to try.
            Some(Undelivered::Refused(error)) if error.is_for_good() => self.trial.withdraw(&error),
            Some(failure) => self.trial.failed(&failure.into()),
            None => {}
        }
        let Some((failed, server)) = run.get(told.count) else { return Delivered::all(run.len()) };
        if !wants(&self.trial.former_mask, failed.event) {
            return Delivered::all(told.count + 1);
        }
        let again = self.former.module.notify_batch(&[(*failed, *server)]);
        Delivered { count: told.count + again.count.min(1), failure: again.failure }
    }

    /// Both versions are to let go of what they hold; only the version in force can fail it.
    fn canary_shuts_down(&self, notification: &Notification, server: &dyn ServerExit) {
        if !wants(&self.trial.canary_mask, notification.event) {
            return;
        }
        if let Some(Err(error)) = self.trial.exit().map(|canary| canary.module.notify(notification, server)) {
            tracing::warn!(module = self.trial.module, "the version on trial failed SHUTDOWN: {}", error.message);
        }
    }
}

fn wants(mask: &AtomicU32, event: ExitEvent) -> bool {
    ExitEvents::from_mask(mask.load(Ordering::Relaxed)).wants(event)
}
