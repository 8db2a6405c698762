//! One module, many processes: started when needed, replaced when broken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use module::{
    Decision, ExitEvent, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule, Role, ServerExit,
    ServerPolicy,
};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value as Json;

use super::callbacks::{self, View};
use super::child::{Process, TERMINATE};
use super::session::{Failure, Scope, Session};
use super::settings::ProcessSettings;
use crate::Gauge;
use crate::backoff::Backoff;
use module::wire::body::{Notify, Row, VerifyRequest, ca_properties};
use module::wire::{self, CallError, PROTOCOL_MAX, PROTOCOL_MIN, method};

/// The longest description that is kept.
const DESCRIPTION_BYTES_MAX: usize = 1024;

/// The kernel's share of ending a process.
const REAP: Duration = Duration::from_secs(1);

/// A module that is a program. Dropped, it stops its process and waits for it.
#[derive(Debug)]
pub(super) struct ProcessModule {
    name: Arc<str>,
    role: Role,
    settings: ProcessSettings,
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
    events: ExitEvents,
    backoff: Backoff,
}

/// The parameters of `initialize`.
#[derive(Serialize)]
struct Initialize<'a> {
    protocol: Range,
    role: Role,
    module: &'a str,
    ca: &'a str,
    settings: &'a BTreeMap<String, String>,
    server: Server,
    limits: Limits,
    context: u64,
    properties: Row,
}

#[derive(Serialize)]
struct Range {
    min: u32,
    max: u32,
}

#[derive(Serialize)]
struct Server {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Limits {
    message_bytes_max: usize,
    timeout_ms: u64,
    window: usize,
}

/// What the module answered to `initialize`.
#[derive(Debug)]
struct Greeting {
    description: Option<String>,
    events: ExitEvents,
}

impl ProcessModule {
    pub(super) fn new(name: &str, role: Role, settings: ProcessSettings) -> Self {
        let state = State {
            session: None,
            former: None,
            ca: None,
            description: None,
            events: ExitEvents::empty(),
            backoff: Backoff::new(settings.backoff_min, settings.backoff_max),
        };
        Self { name: name.into(), role, settings, state: Mutex::new(state), starting: Mutex::new(()) }
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
        state.description = greeting.description;
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
            if let Some(wait) = state.backoff.wait(Instant::now()) {
                let wait = wait.as_millis();
                let text = format!("the module broke down; it is started again in {wait} ms at the earliest");
                return Err(ModuleError::new(HResult::RPC_E_DISCONNECTED, text));
            }
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
                state.description = greeting.description;
                state.session = Some(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                self.state.lock().backoff.failed(Instant::now());
                Err(error)
            }
        }
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
            state.backoff.failed(Instant::now());
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
        let (process, pipes) = Process::launch(&self.settings)?;
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
                protocol: Range { min: PROTOCOL_MIN, max: PROTOCOL_MAX },
                role: self.role,
                module: &self.name,
                ca,
                settings: &self.settings.passed_on,
                server: Server { name: "exeunt", version: env!("CARGO_PKG_VERSION") },
                limits: Limits {
                    message_bytes_max: self.settings.message_bytes_max,
                    timeout_ms: u64::try_from(self.settings.call.as_millis()).unwrap_or(u64::MAX),
                    window: self.settings.window,
                },
                context: 0,
                properties: ca_properties(view.reader()?)?,
            };
            wire::call(Some(id), method::INITIALIZE, params)
        });
        match answer {
            Ok(answer) => Greeting::read(&answer, self.role),
            Err(Failure::Unsent(error) | Failure::Answered(error) | Failure::Broken(error)) => Err(error),
        }
    }

    /// What a call's end says about the process.
    fn settle(&self, session: &Arc<Session>, result: Result<Json, Failure>) -> Result<Json, ModuleError> {
        match result {
            Ok(answer) => {
                self.state.lock().backoff.succeeded();
                Ok(answer)
            }
            Err(Failure::Answered(error)) => {
                self.state.lock().backoff.succeeded();
                Err(error)
            }
            Err(Failure::Unsent(error)) => Err(error),
            Err(Failure::Broken(error)) => {
                self.put_aside(session);
                Err(error)
            }
        }
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
        // Nobody is started only to hear that the server stops.
        if notification.event == ExitEvent::Shutdown && self.running().is_none() {
            return Ok(());
        }
        let mut view = View::Exit(server);
        let session = self.session(&mut view)?;
        let result = session.call(method::NOTIFY, Scope::Request, &mut view, self.settings.call, |id, view| {
            wire::call(Some(id), method::NOTIFY, Notify::read(id, notification, view.reader()?)?)
        });
        self.settle(&session, result).map(|_| ())
    }

    fn description(&self) -> String {
        self.describe()
    }
}

impl PolicyModule for ProcessModule {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.begin(ca, &mut View::Exit(server)).map(|_| ())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        let mut view = View::Policy(server);
        let session = self.session(&mut view)?;
        let result = session.call(method::VERIFY_REQUEST, Scope::Request, &mut view, self.settings.call, |id, view| {
            wire::call(Some(id), method::VERIFY_REQUEST, VerifyRequest::read(id, new, view.reader()?)?)
        });
        let answer = self.settle(&session, result)?;
        let decision = decision(&answer)?;
        amend(server, &answer)?;
        Ok(decision)
    }

    fn description(&self) -> String {
        self.describe()
    }

    fn shut_down(&self) {
        self.stop();
    }
}

impl Greeting {
    fn read(answer: &Json, role: Role) -> Result<Self, ModuleError> {
        let wrong = |what: String| ModuleError::new(HResult::ERROR_INVALID_DATA, format!("`initialize`: {what}"));
        let protocol = answer.get("protocol").and_then(Json::as_u64);
        if !protocol.is_some_and(|version| (u64::from(PROTOCOL_MIN)..=u64::from(PROTOCOL_MAX)).contains(&version)) {
            let said = answer.get("protocol").unwrap_or(&Json::Null);
            return Err(wrong(format!(
                "the module speaks protocol {said}, the server {PROTOCOL_MIN} to {PROTOCOL_MAX}"
            )));
        }
        let description = answer.get("description").and_then(Json::as_str).map(|text| {
            let end = text.floor_char_boundary(DESCRIPTION_BYTES_MAX);
            text.get(..end).unwrap_or_default().to_owned()
        });
        let events = match (role, answer.get("events")) {
            (Role::Policy, _) => ExitEvents::empty(),
            (Role::Exit, Some(json)) => events(json).map_err(|error| wrong(error.message))?,
            (Role::Exit, None) => return Err(wrong("the module names no `events`".to_owned())),
        };
        Ok(Self { description, events })
    }
}

/// A mask: a number, one word, or a list of words.
fn events(json: &Json) -> Result<ExitEvents, ModuleError> {
    let unfit = || ModuleError::invalid(format!("{json} is not a mask of events"));
    match json {
        Json::Number(number) => {
            let number = number.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(unfit)?;
            Ok(ExitEvents::from_mask(number))
        }
        Json::String(word) => ExitEvents::parse(&[word]),
        Json::Array(words) => {
            let words = words.iter().map(Json::as_str).collect::<Option<Vec<_>>>().ok_or_else(unfit)?;
            ExitEvents::parse(&words)
        }
        _ => Err(unfit()),
    }
}

fn decision(answer: &Json) -> Result<Decision, ModuleError> {
    let message = || answer.get("message").and_then(Json::as_str).unwrap_or_default().to_owned();
    let code = match answer.get("code") {
        None | Some(Json::Null) => HResult::S_OK,
        Some(json) => wire::hresult(json).ok_or_else(|| {
            ModuleError::new(HResult::ERROR_INVALID_DATA, format!("`verify_request`: {json} is not an HRESULT"))
        })?,
    };
    match answer.get("decision").and_then(Json::as_str) {
        Some("issue") => Ok(Decision::Issue),
        Some("pend") => Ok(Decision::Pend { message: message() }),
        Some("deny") => Ok(Decision::Deny { code, message: message() }),
        _ => {
            let said = answer.get("decision").unwrap_or(&Json::Null);
            let text = format!("`verify_request`: the decision is {said}, not \"issue\", \"pend\" or \"deny\"");
            Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text))
        }
    }
}

/// Carries out what the answer sets. The first failure is the call's.
fn amend(server: &mut dyn ServerPolicy, answer: &Json) -> Result<(), ModuleError> {
    let unfit = |what| ModuleError::new(HResult::ERROR_INVALID_DATA, format!("`verify_request`: `{what}`"));
    match answer.get("set_properties") {
        None | Some(Json::Null) => {}
        Some(Json::Object(properties)) => {
            for (name, value) in properties {
                callbacks::set_property(server, name, value)?;
            }
        }
        Some(_) => return Err(unfit("set_properties` is not an object")),
    }
    match answer.get("set_extensions") {
        None | Some(Json::Null) => {}
        Some(Json::Array(extensions)) => {
            for extension in extensions {
                callbacks::set_extension(server, extension).map_err(contract_error)?;
            }
        }
        Some(_) => return Err(unfit("set_extensions` is not an array")),
    }
    Ok(())
}

fn contract_error(error: CallError) -> ModuleError {
    match error {
        CallError::Contract(error) => error,
        CallError::BadParameters(why) => {
            ModuleError::new(HResult::ERROR_INVALID_DATA, format!("`verify_request`: `set_extensions`: {why}"))
        }
        CallError::UnknownMethod(name) => ModuleError::new(HResult::E_NOTIMPL, name),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_greeting_is_read_with_what_it_leaves_out() {
        let greeting = Greeting::read(&json!({"protocol": 1, "events": ["cert-issued", "0x20"], "x": 1}), Role::Exit);
        assert_eq!(greeting.unwrap().events, ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED);
        let greeting = Greeting::read(&json!({"protocol": 1, "events": 0x3ff}), Role::Exit).unwrap();
        assert_eq!((greeting.events, greeting.description), (ExitEvents::all(), None));
        assert!(Greeting::read(&json!({"protocol": 1}), Role::Policy).is_ok());
        for answer in [
            json!({"events": 1}),
            json!({"protocol": 2, "events": 1}),
            json!({"protocol": "1", "events": 1}),
            json!({"protocol": 1}),
            json!({"protocol": 1, "events": -1}),
            json!({"protocol": 1, "events": ["issued?"]}),
            json!({"protocol": 1, "events": [1]}),
            json!(null),
            json!([]),
        ] {
            assert!(Greeting::read(&answer, Role::Exit).is_err(), "{answer}");
        }
    }

    #[test]
    fn only_a_clear_decision_counts() {
        assert_eq!(decision(&json!({"decision": "issue"})), Ok(Decision::Issue));
        assert_eq!(
            decision(&json!({"decision": "deny", "code": "0x80094012", "message": "no"})),
            Ok(Decision::deny(HResult::CERTSRV_E_TEMPLATE_DENIED, "no"))
        );
        assert_eq!(decision(&json!({"decision": "pend"})), Ok(Decision::Pend { message: String::new() }));
        for answer in [json!({}), json!(null), json!({"decision": "Issue"}), json!({"decision": "deny", "code": []})] {
            assert!(decision(&answer).is_err(), "{answer}");
        }
    }
}
