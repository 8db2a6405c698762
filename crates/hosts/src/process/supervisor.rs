//! One module, many processes: started when needed, replaced when broken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use module::wire::body::{Notify, NotifyBatch, VerifyRequest, ca_properties};
use module::wire::{self, Greeting, Initialize, Limits, Progress, Server, Verdict, Versions, method};
use module::{
    Decision, Delivered, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule, Role,
    ServerExit, ServerPolicy, Undelivered,
};
use parking_lot::Mutex;
use serde_json::Value as Json;

use super::callbacks::View;
use super::child::{Process, TERMINATE};
use super::code::CodeWord;
use super::session::{Failure, Scope, Session};
use super::settings::ProcessSettings;
use crate::Gauge;
use crate::backoff::Backoff;

/// The kernel's share of ending a process.
const REAP: Duration = Duration::from_secs(1);

/// A module that is a program. Dropped, it stops its process and waits for it.
#[derive(Debug)]
pub(super) struct ProcessModule {
    name: Arc<str>,
    role: Role,
    settings: ProcessSettings,
    code: Option<CodeWord>,
    state: Mutex<State>,
    /// Held while a process is started: the other callers wait for that one.
    starting: Mutex<()>,
}

#[derive(Debug)]
struct State {
    session: Option<Arc<Session>>,
    /// The last process, perhaps still on its way out.
    former: Option<Arc<Session>>,
    /// The certification authority, once `initialize` has succeeded.
    ca: Option<String>,
    description: Option<String>,
    about: Vec<(String, String)>,
    events: ExitEvents,
    /// The most events that the process takes in one call.
    batch: usize,
    backoff: Backoff,
}

impl ProcessModule {
    pub(super) fn new(name: &str, role: Role, settings: ProcessSettings, code: Option<CodeWord>) -> Self {
        let state = State {
            session: None,
            former: None,
            ca: None,
            description: None,
            about: Vec::new(),
            events: ExitEvents::empty(),
            batch: 1,
            backoff: Backoff::new(settings.backoff_min, settings.backoff_max),
        };
        Self { name: name.into(), role, settings, code, state: Mutex::new(state), starting: Mutex::new(()) }
    }

    /// Starts a process for the first time, or anew.
    pub(super) fn begin(&self, ca: &str, view: &mut View<'_>) -> Result<ExitEvents, ModuleError> {
        let _start = self.start_lock()?;
        {
            let mut state = self.state.lock();
            state.ca = None;
            if let Some(session) = state.session.take() {
                session.stop();
                state.former = Some(session);
            }
        }
        let (session, greeting) = self.start(ca, view)?;
        let mut state = self.state.lock();
        state.session = Some(session);
        state.ca = Some(ca.to_owned());
        state.batch = self.batch(&greeting);
        state.description = greeting.description;
        state.about = greeting.about;
        state.events = greeting.events;
        Ok(greeting.events)
    }

    /// The process to call: the one that runs, or a fresh one.
    fn session(&self, view: &mut View<'_>) -> Result<Arc<Session>, ModuleError> {
        if let Some(session) = self.running() {
            return Ok(session);
        }
        let _start = self.start_lock()?;
        if let Some(session) = self.running() {
            return Ok(session);
        }
        let ca = {
            let state = self.state.lock();
            state.backoff.check(Instant::now())?;
            let uninitialised = || ModuleError::new(HResult::E_UNEXPECTED, "the module is not initialised");
            state.ca.clone().ok_or_else(uninitialised)?
        };
        if let Some(gauge) = Gauge::current() {
            gauge.restarted();
        }
        tracing::info!(module = %self.name, "starting the module's process again");
        match self.start(&ca, view) {
            Ok((session, greeting)) => {
                let mut state = self.state.lock();
                if self.role == Role::Exit && greeting.events != state.events {
                    tracing::warn!(
                        module = %self.name,
                        "the module now asks for `{}` and asked for `{}` before; it keeps getting those until it is \
                         enabled anew",
                        greeting.events,
                        state.events
                    );
                }
                state.batch = self.batch(&greeting);
                state.description = greeting.description;
                state.about = greeting.about;
                state.session = Some(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                self.state.lock().backoff.failed(Instant::now(), &error.message);
                Err(error)
            }
        }
    }

    fn batch(&self, greeting: &Greeting) -> usize {
        usize::try_from(greeting.batch).unwrap_or(usize::MAX).min(self.settings.batch_max)
    }

    fn start_lock(&self) -> Result<impl Drop + '_, ModuleError> {
        self.starting.try_lock_for(self.settings.start).ok_or_else(|| {
            ModuleError::new(HResult::ERROR_TIMEOUT, "another start of the module's process has not ended in time")
        })
    }

    /// The process in place, if it is well. A broken one is put aside and counted.
    pub(super) fn running(&self) -> Option<Arc<Session>> {
        let session = self.state.lock().session.clone()?;
        if session.end().is_none() {
            return Some(session);
        }
        self.put_aside(&session);
        None
    }

    fn put_aside(&self, session: &Arc<Session>) {
        let mut state = self.state.lock();
        // Of several callers that saw it break, the first counts it.
        if state.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            state.former = state.session.take();
            let why = session.end().map_or_else(String::new, |error| error.message);
            state.backoff.failed(Instant::now(), &why);
        }
    }

    /// Starts a process and initialises the module in it.
    fn start(&self, ca: &str, view: &mut View<'_>) -> Result<(Arc<Session>, Greeting), ModuleError> {
        let former = self.state.lock().former.take();
        if let Some(former) = former
            && !former.wait_gone(self.settings.stop + TERMINATE + REAP)
        {
            tracing::warn!(module = %self.name, "the module's former process has not gone; another is started all the same");
        }
        let (process, pipes) = Process::launch(&self.settings, self.code.as_ref())?;
        let session = Arc::new(Session::open(Arc::clone(&self.name), process, pipes, &self.settings)?);
        match self.greet(&session, ca, view) {
            Ok(greeting) => Ok((session, greeting)),
            Err(error) => {
                session.stop();
                self.state.lock().former = Some(session);
                Err(error)
            }
        }
    }

    fn greet(&self, session: &Session, ca: &str, view: &mut View<'_>) -> Result<Greeting, ModuleError> {
        let limit = self.settings.start;
        let answer = session.call(method::INITIALIZE, Scope::Authority, view, limit, |id, view| {
            let params = Initialize {
                protocol: Versions::SPOKEN,
                role: self.role,
                module: self.name.to_string(),
                ca: ca.to_owned(),
                settings: self.settings.passed_on.clone(),
                server: Server { name: "exeunt".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
                limits: Limits {
                    message_bytes_max: self.settings.message_bytes_max as u64,
                    timeout_ms: u64::try_from(self.settings.call.as_millis()).unwrap_or(u64::MAX),
                    window: self.settings.window as u64,
                    batch_max: self.settings.batch_max as u64,
                },
                context: 0,
                properties: ca_properties(view.reader(0)?)?,
            };
            wire::call(Some(id), method::INITIALIZE, params)
        });
        Greeting::read(&answer?, self.role)
    }

    /// Tells the module of one event.
    fn tell(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), Undelivered> {
        // Nobody is started only to hear that the server stops.
        if notification.event == ExitEvent::Shutdown && self.running().is_none() {
            return Ok(());
        }
        let mut view = View::Exit(server);
        let session = self.session(&mut view).map_err(Undelivered::Refused)?;
        let scope = Scope::Requests(1);
        let result = session.call(method::NOTIFY, scope, &mut view, self.settings.call, |id, view| {
            wire::call(Some(id), method::NOTIFY, Notify::read(id, notification, view.reader(0)?)?)
        });
        self.settle(&session, result).map(|_| ()).map_err(undelivered)
    }

    /// Whether so many events go into one call: what the process wants is known once it runs, and a fresh one may want
    /// fewer than the one before.
    fn takes_batches(&self, events: usize, server: &dyn ServerExit) -> Result<bool, ModuleError> {
        if events < 2 || self.batch_max() < 2 {
            return Ok(false);
        }
        self.session(&mut View::Exit(server))?;
        Ok(self.batch_max() >= 2)
    }

    /// Tells the module of several events in one call, of as many from the front as one message holds.
    fn tell_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let servers: Vec<&dyn ServerExit> = events.iter().map(|(_, server)| *server).collect();
        let mut view = View::Batch(&servers);
        let session = match self.session(&mut view) {
            Ok(session) => session,
            Err(error) => return Delivered::none(Undelivered::Refused(error)),
        };
        let mut batch = events.get(..self.batch_max()).unwrap_or(events);
        loop {
            let scope = Scope::Requests(batch.len() as u64);
            let result = session.call(method::NOTIFY_BATCH, scope, &mut view, self.settings.call, |id, _| {
                let read = |(context, (notification, server)): (u64, &(&Notification, &dyn ServerExit))| {
                    Notify::read(context, notification, *server)
                };
                let events = (id..).zip(batch).map(read).collect::<Result<_, _>>()?;
                wire::call(Some(id), method::NOTIFY_BATCH, NotifyBatch { events })
            });
            let answer = match (self.settle(&session, result), batch) {
                // What is too long together may fit in parts, and what cannot be read is found alone.
                (Err(Failure::Unsent(_)), [_, _, ..]) => {
                    batch = batch.get(..batch.len() / 2).unwrap_or(batch);
                    continue;
                }
                (result, _) => result,
            };
            let progress = answer
                .map_err(undelivered)
                .and_then(|answer| Progress::read(&answer, batch.len()).map_err(Undelivered::Failed));
            return match progress {
                Ok(Progress { delivered, failure }) => {
                    Delivered { count: delivered, failure: failure.map(Undelivered::Failed) }
                }
                Err(failure) => Delivered::none(failure),
            };
        }
    }

    /// What a call's end says about the process.
    fn settle(&self, session: &Arc<Session>, result: Result<Json, Failure>) -> Result<Json, Failure> {
        match &result {
            Ok(_) | Err(Failure::Answered(_)) => self.state.lock().backoff.succeeded(),
            Err(Failure::Refused(_) | Failure::Unsent(_)) => {}
            Err(Failure::Broken(_)) => self.put_aside(session),
        }
        result
    }

    /// Stops the process, if there is one, and waits for it.
    fn stop(&self) {
        let (session, former) = {
            let mut state = self.state.lock();
            state.ca = None;
            (state.session.take(), state.former.take())
        };
        let limit = self.settings.stop + TERMINATE + REAP;
        for session in [session, former].into_iter().flatten() {
            session.stop();
            if !session.wait_gone(limit) {
                tracing::warn!(module = %self.name, "the module's process has not gone after it was killed");
            }
        }
    }

    fn describe(&self) -> String {
        let said = self.state.lock().description.clone();
        said.unwrap_or_else(|| format!("process: {}", self.settings.command_line()))
    }
}

impl Drop for ProcessModule {
    fn drop(&mut self) {
        self.stop();
    }
}

impl ExitModule for ProcessModule {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.begin(ca, &mut View::Exit(server))
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.tell(notification, server).map_err(ModuleError::from)
    }

    fn batch_max(&self) -> usize {
        self.state.lock().batch
    }

    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let mut done = 0;
        while let Some(rest) = events.get(done..)
            && let Some((notification, server)) = rest.first()
        {
            let told = match self.takes_batches(rest.len(), *server) {
                Err(error) => Delivered::none(Undelivered::Refused(error)),
                Ok(true) => self.tell_batch(rest),
                Ok(false) => self.tell(notification, *server).map_or_else(Delivered::none, |()| Delivered::all(1)),
            };
            done += told.count;
            if told.failure.is_some() {
                return Delivered { count: done, failure: told.failure };
            }
        }
        Delivered::all(done)
    }

    fn description(&self) -> String {
        self.describe()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.state.lock().about.clone()
    }
}

impl PolicyModule for ProcessModule {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.begin(ca, &mut View::Exit(server)).map(|_| ())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        self.ask(server, new).map_err(ModuleError::from)
    }

    fn ask(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, Undelivered> {
        let mut view = View::Policy(server);
        let session = self.session(&mut view).map_err(Undelivered::Refused)?;
        let result =
            session.call(method::VERIFY_REQUEST, Scope::Requests(1), &mut view, self.settings.call, |id, view| {
                wire::call(Some(id), method::VERIFY_REQUEST, VerifyRequest::read(id, new, view.reader(0)?)?)
            });
        let answer = self.settle(&session, result).map_err(undelivered)?;
        let amended = Verdict::read(&answer).and_then(|verdict| {
            verdict.amend(server)?;
            Ok(verdict.decision)
        });
        amended.map_err(Undelivered::Failed)
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

fn undelivered(failure: Failure) -> Undelivered {
    match failure {
        Failure::Refused(error) => Undelivered::Refused(error),
        failure => Undelivered::Failed(failure.into()),
    }
}
