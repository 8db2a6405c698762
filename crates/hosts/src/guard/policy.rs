//! The guard of a policy module: on the caller's thread, because what it writes through belongs to the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::bounded;
use module::{Decision, ExitEvents, HResult, ModuleError, PolicyModule, ServerExit, ServerPolicy, Undelivered};

use super::instance::{Found, Installed, Traits};
use super::{Guard, Limits, overdue, panic_text, panicked};
use crate::Gauge;

impl Guard<dyn PolicyModule> {
    /// A policy module made by `factory`, behind a guard. `factory` is called again for each fresh instance; it must
    /// not touch anything outside, as [`module::ModuleKind::policy_module`] says.
    pub fn policy(
        name: &str,
        factory: impl Fn() -> Result<Box<dyn PolicyModule>, ModuleError> + Send + Sync + 'static,
        limits: Limits,
        gauge: Arc<Gauge>,
    ) -> Self {
        Self::over(name, Arc::new(factory), limits, gauge)
    }

    /// Makes and initialises an instance. The right to start must be held.
    fn fresh(&self, ca: &str, server: &dyn ServerExit) -> Result<(Arc<dyn PolicyModule>, Traits), Undelivered> {
        let factory = self.instances.factory();
        let made = self.caught("initialize", || {
            let instance: Arc<dyn PolicyModule> = Arc::from(factory()?);
            instance.initialize(ca, server)?;
            let traits = Traits { batch_max: 1, about: instance.about() };
            Ok((instance, traits))
        });
        match made {
            Ok(result) => result.map_err(Undelivered::Failed),
            Err(Panicked(error)) => Err(Undelivered::Failed(error)),
        }
    }

    fn instance(&self, server: &dyn ServerExit) -> Result<Arc<dyn PolicyModule>, Undelivered> {
        if let Found::Ready(instance) = self.instances.find().map_err(Undelivered::Refused)? {
            return Ok(instance);
        }
        let _start = self.start()?;
        let installed = match self.instances.find().map_err(Undelivered::Refused)? {
            Found::Ready(instance) => return Ok(instance),
            Found::Absent(installed) => installed,
        };
        self.gauge.restarted();
        tracing::info!(module = %self.name, "starting the module again");
        self.instances.make_way(self.limits.release);
        match self.fresh(&installed.ca, server) {
            Ok((instance, traits)) => {
                self.instances.started(Arc::clone(&instance), traits, installed);
                Ok(instance)
            }
            Err(fault) => {
                self.instances.broke(None);
                Err(fault)
            }
        }
    }

    fn start(&self) -> Result<impl Drop + '_, Undelivered> {
        let busy = || Undelivered::Refused(overdue("another start of the module", self.limits.initialize));
        self.instances.start(Instant::now() + self.limits.initialize).ok_or_else(busy)
    }

    /// Calls the module on this thread; the outer error is a panic.
    fn caught<T>(&self, what: &str, call: impl FnOnce() -> T) -> Result<T, Panicked> {
        self.gauge.in_scope(|| catch_unwind(AssertUnwindSafe(call))).map_err(|payload| {
            self.gauge.panicked();
            Panicked(panicked(what, &panic_text(&*payload)))
        })
    }
}

/// The call panicked.
struct Panicked(ModuleError);

impl PolicyModule for Guard<dyn PolicyModule> {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.counted(|| {
            let _start = self.start()?;
            self.instances.close(self.limits.release);
            let (instance, traits) = self.fresh(ca, server)?;
            self.instances.started(instance, traits, Installed { ca: ca.to_owned(), events: ExitEvents::empty() });
            Ok(())
        })
        .map_err(ModuleError::from)
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        self.ask(server, new).map_err(ModuleError::from)
    }

    fn ask(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, Undelivered> {
        self.counted(|| {
            let busy = || {
                let text = format!("no place was free for {} ms", self.limits.call.as_millis());
                Undelivered::Refused(ModuleError::new(HResult::ERROR_TIMEOUT, text))
            };
            let _place = self.places.take(Instant::now() + self.limits.call).ok_or_else(busy)?;
            let instance = self.instance(&*server)?;
            match self.caught("verify_request", || instance.ask(server, new)) {
                Ok(result) => {
                    self.instances.answered();
                    result
                }
                Err(Panicked(error)) => {
                    self.instances.broke(Some(&instance));
                    Err(Undelivered::Failed(error))
                }
            }
        })
    }

    fn about(&self) -> Vec<(String, String)> {
        self.instances.traits().about
    }

    fn description(&self) -> String {
        let (current, factory) = (self.instances.current(), self.instances.factory());
        let said = self.caught("description", || match current {
            Some(instance) => Ok(instance.description()),
            None => factory().map(|instance| instance.description()),
        });
        match said {
            Ok(Ok(text)) => {
                let text = super::cut(text, self.limits.error_bytes_max);
                self.instances.describe(&text);
                text
            }
            Ok(Err(error)) | Err(Panicked(error)) => {
                tracing::warn!(module = %self.name, "the module could not be asked for its description: {error}");
                self.instances.described().unwrap_or_else(|| self.name.to_string())
            }
        }
    }

    /// Told on a thread of its own, and waited for within [`Limits::release`].
    fn shut_down(&self) {
        let Some(instance) = self.instances.current() else { return };
        let (done, ended) = bounded(1);
        let module = Arc::clone(&self.name);
        let body = move || {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| instance.shut_down())) {
                tracing::error!(%module, "the module panicked in shut_down: {}", panic_text(&*payload));
            }
            // Nobody may be waiting.
            let _ = done.send(());
        };
        match std::thread::Builder::new().name(format!("m:{}", self.name)).spawn(body) {
            Ok(_) if ended.recv_timeout(self.limits.release).is_ok() => {}
            Ok(_) => tracing::warn!(module = %self.name, "shut_down has not returned in time"),
            Err(error) => tracing::error!(module = %self.name, "no thread for shut_down: {error}"),
        }
    }
}
