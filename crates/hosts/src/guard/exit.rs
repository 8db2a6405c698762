//! The guard of an exit module: every call on a thread that can be given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use module::{ExitEvents, ExitModule, HResult, ModuleError, Notification, ServerExit};
use parking_lot::Mutex;

use super::instance::{Found, Installed};
use super::workers::{Outcome, Work};
use super::{Fault, Guard, Limits, overdue, panicked};
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
    fn fresh(&self, ca: &str, server: &dyn ServerExit) -> Result<(Arc<dyn ExitModule>, ExitEvents), Fault> {
        let made: Arc<Mutex<Option<Arc<dyn ExitModule>>>> = Arc::default();
        let work: Work = {
            let (factory, made) = (self.instances.factory(), Arc::clone(&made));
            let (ca, server) = (ca.to_owned(), server.share());
            Box::new(move || {
                let instance: Arc<dyn ExitModule> = Arc::from(factory()?);
                let events = instance.initialize(&ca, &*server)?;
                *made.lock() = Some(instance);
                Ok(events)
            })
        };
        let events = match self.run(work, self.limits.initialize)? {
            Outcome::Returned(result) => result.map_err(Fault::Failed),
            Outcome::Panicked(text) => {
                self.gauge.panicked();
                Err(Fault::Failed(panicked("initialize", &text)))
            }
            Outcome::Overdue => Err(Fault::Failed(overdue("initialize", self.limits.initialize))),
        }?;
        let instance = made.lock().take();
        let missing = || ModuleError::new(HResult::E_UNEXPECTED, "initialize left no instance");
        Ok((instance.ok_or_else(missing)?, events))
    }

    /// The instance of the next call: the one in place, or a fresh one.
    fn instance(&self, server: &dyn ServerExit) -> Result<Arc<dyn ExitModule>, Fault> {
        if let Found::Ready(instance) = self.instances.find().map_err(Fault::Refused)? {
            return Ok(instance);
        }
        let busy = || Fault::Refused(overdue("another start of the module", self.limits.initialize));
        let _start = self.instances.start(Instant::now() + self.limits.initialize).ok_or_else(busy)?;
        let installed = match self.instances.find().map_err(Fault::Refused)? {
            Found::Ready(instance) => return Ok(instance),
            Found::Absent(installed) => installed,
        };
        self.gauge.restarted();
        tracing::info!(module = %self.name, "starting the module again");
        self.instances.make_way(self.limits.release);
        match self.fresh(&installed.ca, server) {
            Ok((instance, events)) => {
                if events != installed.events {
                    tracing::warn!(
                        module = %self.name,
                        "the module now asks for `{events}` and asked for `{}` before; it keeps getting those \
                         until it is enabled anew",
                        installed.events
                    );
                }
                self.instances.started(Arc::clone(&instance), installed);
                Ok(instance)
            }
            Err(fault) => {
                self.instances.broke(None);
                Err(fault)
            }
        }
    }

    /// Runs one piece of work on a thread, unless too many threads are given up already.
    fn run(&self, work: Work, limit: Duration) -> Result<Outcome, Fault> {
        let abandoned = self.workers.abandoned();
        if abandoned >= self.limits.abandoned_max.max(1) {
            let text = format!("{abandoned} calls to the module have not returned; no other is made until one does");
            return Err(Fault::Refused(ModuleError::new(HResult::ERROR_TIMEOUT, text)));
        }
        self.workers.run(work, Instant::now() + limit).map_err(Fault::Refused)
    }
}

impl ExitModule for Guard<dyn ExitModule> {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.counted(|| {
            let busy = || Fault::Refused(overdue("another start of the module", self.limits.initialize));
            let _start = self.instances.start(Instant::now() + self.limits.initialize).ok_or_else(busy)?;
            self.instances.close(self.limits.release);
            let (instance, events) = self.fresh(ca, server)?;
            self.instances.started(instance, Installed { ca: ca.to_owned(), events });
            Ok(events)
        })
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.counted(|| {
            let busy = || {
                let text = format!("no place was free for {} ms", self.limits.call.as_millis());
                Fault::Refused(ModuleError::new(HResult::ERROR_TIMEOUT, text))
            };
            let _place = self.places.take(Instant::now() + self.limits.call).ok_or_else(busy)?;
            let instance = self.instance(server)?;
            let work: Work = {
                let (instance, notification, server) = (Arc::clone(&instance), notification.clone(), server.share());
                Box::new(move || instance.notify(&notification, &*server).map(|()| ExitEvents::empty()))
            };
            match self.run(work, self.limits.call)? {
                Outcome::Returned(result) => {
                    self.instances.answered();
                    result.map(|_| ()).map_err(Fault::Failed)
                }
                Outcome::Panicked(text) => {
                    self.gauge.panicked();
                    self.instances.broke(Some(&instance));
                    Err(Fault::Failed(panicked("notify", &text)))
                }
                Outcome::Overdue => {
                    self.instances.broke(Some(&instance));
                    Err(Fault::Failed(overdue("notify", self.limits.call)))
                }
            }
        })
    }

    /// What the module says of itself; its name where it fails to.
    fn description(&self) -> String {
        let said: Arc<Mutex<Option<String>>> = Arc::default();
        let work: Work = {
            let (current, factory, said) = (self.instances.current(), self.instances.factory(), Arc::clone(&said));
            Box::new(move || {
                *said.lock() = Some(match current {
                    Some(instance) => instance.description(),
                    None => factory()?.description(),
                });
                Ok(ExitEvents::empty())
            })
        };
        if let Err(Fault::Failed(error) | Fault::Refused(error)) = self.run(work, DESCRIBE) {
            tracing::warn!(module = %self.name, "the module could not be asked for its description: {error}");
        }
        match said.lock().take() {
            Some(text) => {
                let text = super::cut(text, self.limits.error_bytes_max);
                self.instances.describe(&text);
                text
            }
            None => self.instances.described().unwrap_or_else(|| self.name.to_string()),
        }
    }
}
