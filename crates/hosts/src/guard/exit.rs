//! The guard of an exit module: every call on a thread that can be given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use module::{Delivered, ExitEvents, ExitModule, HResult, ModuleError, Notification, ServerExit, Undelivered};

use super::instance::{Found, Installed, Traits};
use super::workers::Outcome;
use super::{Guard, Limits, overdue, panicked};
use crate::Gauge;

/// The longest a description may take: it is asked for by people.
const DESCRIBE: Duration = Duration::from_secs(5);

impl Guard<dyn ExitModule> {
    /// An exit module made by `factory`, behind a guard. `factory` is called again for each fresh instance; it must
    /// not touch anything outside, as [`module::ModuleKind::exit_module`] says.
    pub fn exit(
        name: &str,
        factory: impl Fn() -> Result<Box<dyn ExitModule>, ModuleError> + Send + Sync + 'static,
        limits: Limits,
        gauge: Arc<Gauge>,
    ) -> Self {
        Self::over(name, Arc::new(factory), limits, gauge)
    }

    /// Makes and initialises an instance. The right to start must be held.
    fn fresh(&self, ca: &str, server: &dyn ServerExit) -> Result<Fresh, Undelivered> {
        let work = {
            let (factory, ca, server) = (self.instances.factory(), ca.to_owned(), server.share());
            move || {
                let instance: Arc<dyn ExitModule> = Arc::from(factory()?);
                let events = instance.initialize(&ca, &*server)?;
                let traits = Traits { batch_max: instance.batch_max(), about: instance.about() };
                Ok(Fresh { instance, events, traits })
            }
        };
        match self.run(work, self.limits.initialize)? {
            Outcome::Returned(result) => result.map_err(Undelivered::Failed),
            Outcome::Panicked(text) => {
                self.gauge.panicked();
                Err(Undelivered::Failed(panicked("initialize", &text)))
            }
            Outcome::Overdue => Err(Undelivered::Failed(overdue("initialize", self.limits.initialize))),
        }
    }

    /// The instance of the next call: the one in place, or a fresh one. Where there is none, the call is refused: whatever
    /// it was about, the module never saw it.
    fn instance(&self, server: &dyn ServerExit) -> Result<Arc<dyn ExitModule>, ModuleError> {
        if let Found::Ready(instance) = self.instances.find()? {
            return Ok(instance);
        }
        let busy = || overdue("another start of the module", self.limits.initialize);
        let _start = self.instances.start(Instant::now() + self.limits.initialize).ok_or_else(busy)?;
        let installed = match self.instances.find()? {
            Found::Ready(instance) => return Ok(instance),
            Found::Absent(installed) => installed,
        };
        self.gauge.restarted();
        tracing::info!(module = %self.name, "starting the module again");
        self.instances.make_way(self.limits.release);
        match self.fresh(&installed.ca, server) {
            Ok(Fresh { instance, events, traits }) => {
                if events != installed.events {
                    tracing::warn!(
                        module = %self.name,
                        "the module now asks for `{events}` and asked for `{}` before; it keeps getting those \
                         until it is enabled anew",
                        installed.events
                    );
                }
                self.instances.started(Arc::clone(&instance), traits, installed);
                Ok(instance)
            }
            Err(undelivered) => {
                self.instances.broke(None);
                let error = ModuleError::from(undelivered);
                let text = format!("the module could not be started again: {}", error.message);
                Err(ModuleError::new(error.code, text))
            }
        }
    }

    /// Runs one piece of work on a thread, unless too many threads are given up already.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        limit: Duration,
    ) -> Result<Outcome<T>, Undelivered> {
        let abandoned = self.workers.abandoned();
        if abandoned >= self.limits.abandoned_max.max(1) {
            let text = format!("{abandoned} calls to the module have not returned; no other is made until one does");
            return Err(Undelivered::Refused(ModuleError::new(HResult::ERROR_TIMEOUT, text)));
        }
        self.workers.run(work, Instant::now() + limit).map_err(Undelivered::Refused)
    }
}

impl ExitModule for Guard<dyn ExitModule> {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.counted(|| {
            let busy = || Undelivered::Refused(overdue("another start of the module", self.limits.initialize));
            let _start = self.instances.start(Instant::now() + self.limits.initialize).ok_or_else(busy)?;
            self.instances.close(self.limits.release);
            let Fresh { instance, events, traits } = self.fresh(ca, server)?;
            self.instances.started(instance, traits, Installed { ca: ca.to_owned(), events });
            Ok(events)
        })
        .map_err(ModuleError::from)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.notify_batch(&[(notification, server)]).failure.map_or(Ok(()), |undelivered| Err(undelivered.into()))
    }

    fn about(&self) -> Vec<(String, String)> {
        self.instances.traits().about
    }

    fn batch_max(&self) -> usize {
        self.instances.batch_max()
    }

    /// One call, whose time limit holds for the whole batch.
    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let Some((_, first)) = events.first() else { return Delivered::all(0) };
        let mut count = 0;
        let result = self.counted(|| {
            let busy = || {
                let text = format!("no place was free for {} ms", self.limits.call.as_millis());
                Undelivered::Refused(ModuleError::new(HResult::ERROR_TIMEOUT, text))
            };
            let _place = self.places.take(Instant::now() + self.limits.call).ok_or_else(busy)?;
            let instance = self.instance(*first).map_err(Undelivered::Refused)?;
            let work = {
                let instance = Arc::clone(&instance);
                let kept = |(notification, server): &(&Notification, &dyn ServerExit)| {
                    (Notification::clone(notification), server.share())
                };
                let events: Vec<(Notification, Arc<dyn ServerExit>)> = events.iter().map(kept).collect();
                move || {
                    let events: Vec<(&Notification, &dyn ServerExit)> =
                        events.iter().map(|(notification, server)| (notification, &**server)).collect();
                    instance.notify_batch(&events)
                }
            };
            match self.run(work, self.limits.call)? {
                Outcome::Returned(delivered) => {
                    self.instances.answered();
                    count = delivered.count.min(events.len());
                    match delivered.failure {
                        Some(undelivered) if count < events.len() => Err(undelivered),
                        None if count == events.len() => Ok(()),
                        _ => Err(Undelivered::Failed(contradicting(delivered.count, events.len()))),
                    }
                }
                Outcome::Panicked(text) => {
                    self.gauge.panicked();
                    self.instances.broke(Some(&instance));
                    Err(Undelivered::Failed(panicked("notify", &text)))
                }
                Outcome::Overdue => {
                    self.instances.broke(Some(&instance));
                    Err(Undelivered::Failed(overdue("notify", self.limits.call)))
                }
            }
        });
        match result {
            Err(failure) if count < events.len() => Delivered { count, failure: Some(failure) },
            // The answer that contradicts itself names none that was not delivered: all of them come again.
            Err(failure) => Delivered::none(failure),
            Ok(()) => Delivered::all(count),
        }
    }

    /// What the module says of itself; its name where it fails to.
    fn description(&self) -> String {
        let work = {
            let (current, factory) = (self.instances.current(), self.instances.factory());
            move || match current {
                Some(instance) => Ok(instance.description()),
                None => factory().map(|instance| instance.description()),
            }
        };
        let said = match self.run(work, DESCRIBE) {
            Ok(Outcome::Returned(said)) => said,
            Ok(Outcome::Panicked(text)) => Err(panicked("description", &text)),
            Ok(Outcome::Overdue) => Err(overdue("description", DESCRIBE)),
            Err(undelivered) => Err(undelivered.into()),
        };
        match said {
            Ok(text) => {
                let text = super::cut(text, self.limits.error_bytes_max);
                self.instances.describe(&text);
                text
            }
            Err(error) => {
                tracing::warn!(module = %self.name, "the module could not be asked for its description: {error}");
                self.instances.described().unwrap_or_else(|| self.name.to_string())
            }
        }
    }
}

/// An instance that has just been initialised.
struct Fresh {
    instance: Arc<dyn ExitModule>,
    events: ExitEvents,
    traits: Traits,
}

fn contradicting(delivered: usize, count: usize) -> ModuleError {
    let text = format!("the module says that {delivered} of {count} events are delivered, and not why the next is not");
    ModuleError::new(HResult::ERROR_INVALID_DATA, text)
}
