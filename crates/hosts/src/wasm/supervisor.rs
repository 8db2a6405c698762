//! One module, a few instances: made when needed, replaced when broken.

use std::sync::Arc;
use std::time::Instant;

use module::{
    Decision, Delivered, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule, Role,
    ServerExit, ServerPolicy, Undelivered,
};
use parking_lot::{Condvar, Mutex};

use super::desk::View;
use super::instance::{Failure, Instance};
use super::program::Program;
use super::settings::WasmSettings;
use crate::Gauge;
use crate::backoff::Backoff;

/// The longest description that is kept, and the longest text of what a module says about itself.
const DESCRIPTION_BYTES_MAX: usize = 1024;

/// What a module may say about itself beside its description.
const ABOUT_MAX: usize = 32;

/// A module that is a component.
pub(super) struct WasmModule {
    name: Arc<str>,
    role: Role,
    settings: WasmSettings,
    state: Mutex<State>,
    /// An instance came back, or made way for another.
    freed: Condvar,
}

struct State {
    /// Once `initialize` has succeeded.
    program: Option<Arc<Program>>,
    /// Ready, and in no call.
    idle: Vec<Instance>,
    /// Ready ones, those in a call, and those being made.
    count: usize,
    /// Broken ones that have not been replaced.
    lost: usize,
    description: Option<String>,
    about: Vec<(String, String)>,
    events: ExitEvents,
    backoff: Backoff,
}

impl WasmModule {
    pub(super) fn new(name: &str, role: Role, settings: WasmSettings) -> Self {
        let state = State {
            program: None,
            idle: Vec::new(),
            count: 0,
            lost: 0,
            description: None,
            about: Vec::new(),
            events: ExitEvents::empty(),
            backoff: Backoff::new(settings.backoff_min, settings.backoff_max),
        };
        Self { name: name.into(), role, settings, state: Mutex::new(state), freed: Condvar::new() }
    }

    /// Loads the component and starts the first instance; what was there before is let go.
    fn begin(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.stop();
        let program = Arc::new(Program::open(&self.settings, self.role, ca)?);
        let (mut instance, events) = self.start(&program, server)?;
        let (description, about) = instance.describe(&self.settings)?;
        let mut state = self.state.lock();
        state.program = Some(program);
        state.idle.push(instance);
        state.count = 1;
        state.lost = 0;
        state.description = Some(cut(&description)).filter(|text| !text.trim().is_empty());
        state.about = about.iter().take(ABOUT_MAX).map(|(name, text)| (cut(name), cut(text))).collect();
        state.events = events;
        Ok(events)
    }

    /// A fresh instance, initialised.
    fn start(&self, program: &Arc<Program>, server: &dyn ServerExit) -> Result<(Instance, ExitEvents), ModuleError> {
        let mut instance = Instance::start(&self.name, program, &self.settings)?;
        let events = instance
            .initialize(&self.name, &self.settings, &mut View::Authority(server))
            .map_err(Failure::into_error)?;
        Ok((instance, events))
    }

    /// Makes one call: takes an instance, or makes one where there may be another, and gives it back if it is well.
    fn with_instance<T>(
        &self,
        view: &mut View<'_>,
        call: impl FnOnce(&mut Instance, &mut View<'_>) -> Result<T, Failure>,
    ) -> Result<T, Undelivered> {
        let mut instance = self.take(view).map_err(Undelivered::Refused)?;
        let result = call(&mut instance, view);
        self.give_back(instance, &result);
        result.map_err(|failure| Undelivered::Failed(failure.into_error()))
    }

    /// Delivers one event.
    fn deliver(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), Undelivered> {
        if notification.event == ExitEvent::Shutdown {
            return self.tell_the_end(notification, server).map_err(Undelivered::Failed);
        }
        self.with_instance(&mut View::Exit(server), |instance, view| {
            instance.notify(notification, &self.settings, view)
        })
    }

    /// Tells every instance of the end; none is started only to hear it.
    fn tell_the_end(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let idle = std::mem::take(&mut self.state.lock().idle);
        let told = idle.into_iter().map(|mut instance| {
            let result = instance.notify(notification, &self.settings, &mut View::Exit(server));
            self.give_back(instance, &result);
            result.map_err(Failure::into_error)
        });
        told.fold(Ok(()), Result::and)
    }

    /// Puts an instance back that is well; one that is broken goes, and is counted.
    fn give_back<T>(&self, instance: Instance, result: &Result<T, Failure>) {
        let mut state = self.state.lock();
        // The module may have been initialised anew meanwhile: then this instance is one of before.
        let current = state.program.as_ref().is_some_and(|program| instance.is_of(program));
        let mut leaving = None;
        match result {
            Ok(_) | Err(Failure::Answered(_)) if current => {
                state.backoff.succeeded();
                state.idle.push(instance);
            }
            Err(Failure::Broken(error)) if current => {
                state.count -= 1;
                state.lost += 1;
                state.backoff.failed(Instant::now(), &error.message);
                leaving = Some(instance);
            }
            _ => leaving = Some(instance),
        }
        drop(state);
        drop(leaving);
        self.freed.notify_one();
    }

    fn take(&self, view: &View<'_>) -> Result<Instance, ModuleError> {
        let deadline = Instant::now() + self.settings.call;
        let mut state = self.state.lock();
        let program = loop {
            let uninitialised = || ModuleError::new(HResult::E_UNEXPECTED, "the module is not initialised");
            let program = Arc::clone(state.program.as_ref().ok_or_else(uninitialised)?);
            if let Some(instance) = state.idle.pop() {
                return Ok(instance);
            }
            if state.count < self.settings.instances {
                break program;
            }
            if self.freed.wait_until(&mut state, deadline).timed_out() && state.idle.is_empty() {
                let (count, limit) = (self.settings.instances, self.settings.call.as_millis());
                let text = format!("all {count} instances of the module were busy for {limit} ms");
                return Err(ModuleError::new(HResult::ERROR_TIMEOUT, text));
            }
        };
        state.backoff.check(Instant::now())?;
        let replaces = state.lost > 0;
        state.count += 1;
        state.lost = state.lost.saturating_sub(1);
        drop(state);

        if replaces {
            if let Some(gauge) = Gauge::current() {
                gauge.restarted();
            }
            tracing::info!(module = %self.name, "starting an instance of the module again");
        }
        let made = view.request().and_then(|server| self.start(&program, server));
        match made {
            Ok((instance, events)) => {
                let wanted = self.state.lock().events;
                if self.role == Role::Exit && events != wanted {
                    tracing::warn!(
                        module = %self.name,
                        "the module now asks for `{events}` and asked for `{wanted}` before; it keeps getting those \
                         until it is enabled anew"
                    );
                }
                Ok(instance)
            }
            Err(error) => {
                let mut state = self.state.lock();
                if state.program.as_ref().is_some_and(|current| Arc::ptr_eq(current, &program)) {
                    state.count -= 1;
                    state.lost += usize::from(replaces);
                    state.backoff.failed(Instant::now(), &error.message);
                }
                drop(state);
                self.freed.notify_one();
                Err(error)
            }
        }
    }

    /// Lets the instances go. One in a call goes when the call has ended.
    fn stop(&self) {
        let (idle, program) = {
            let mut state = self.state.lock();
            state.count = 0;
            (std::mem::take(&mut state.idle), state.program.take())
        };
        for instance in idle {
            if let Err(error) = instance.shut_down(&self.settings) {
                tracing::warn!(module = %self.name, "the module failed while it was shut down: {error}");
            }
        }
        drop(program);
        self.freed.notify_all();
    }

    fn describe(&self) -> String {
        let said = self.state.lock().description.clone();
        said.unwrap_or_else(|| format!("component: {}", self.settings.component.display()))
    }
}

impl Drop for WasmModule {
    fn drop(&mut self) {
        self.stop();
    }
}

impl ExitModule for WasmModule {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.begin(ca, server)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.deliver(notification, server).map_err(ModuleError::from)
    }

    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        for (count, (notification, server)) in events.iter().enumerate() {
            if let Err(undelivered) = self.deliver(notification, *server) {
                return Delivered { count, failure: Some(undelivered) };
            }
        }
        Delivered::all(events.len())
    }

    fn description(&self) -> String {
        self.describe()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.state.lock().about.clone()
    }
}

impl PolicyModule for WasmModule {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.begin(ca, server).map(|_| ())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        let decision = self.with_instance(&mut View::Policy(server), |instance, view| {
            instance.verify_request(new, &self.settings, view)
        });
        decision.map_err(ModuleError::from)
    }

    fn description(&self) -> String {
        self.describe()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.state.lock().about.clone()
    }

    fn shut_down(&self) {
        self.stop();
    }
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(DESCRIPTION_BYTES_MAX);
    text.get(..end).unwrap_or_default().to_owned()
}
