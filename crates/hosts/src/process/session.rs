//! One process, many calls: who waits for which answer, and what becomes of them all when the process breaks down.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use module::{HResult, ModuleError};
use parking_lot::{Condvar, Mutex};
use serde_json::Value as Json;

use super::callbacks::{self, Context, View};
use super::child::{Pipes, Process, TERMINATE};
use super::outbox::{Outbox, Unsent, Waker};
use super::pump::Pump;
use super::settings::ProcessSettings;
use module::wire::{self, CallBack, CallError};

/// Call-backs of one call that may wait to be served.
const CALL_BACKS_MAX: usize = 256;

/// The largest number of a call: numbers are contexts too, which the classic contract keeps in 32 bits.
const CALLS_MAX: u64 = i32::MAX as u64;

/// A running process and the calls made to it. Dropped, the process is killed; [`Session::stop`] is the kind way.
#[derive(Debug)]
pub(super) struct Session {
    shared: Arc<Shared>,
}

/// What the callers share with the pump.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) module: Arc<str>,
    pub(super) outbox: Outbox,
    pub(super) waker: Arc<Waker>,
    pub(super) message_bytes_max: usize,
    window: usize,
    stop: Duration,
    state: Mutex<State>,
    /// A call has ended, or the session has.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    calls: BTreeMap<u64, OpenCall>,
    last_call: u64,
    order: Order,
    /// Why there will be no further answers; set once.
    end: Option<ModuleError>,
    /// The process is reaped and its pump has left.
    gone: bool,
}

/// What the pump is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Serve.
    Run,
    /// Let the process end by itself until `terminate`, ask it until `kill`, then kill it.
    Stop {
        /// When it is sent the polite signal.
        terminate: Instant,
        /// When it is killed.
        kill: Instant,
    },
    /// Kill it.
    Kill,
}

#[derive(Debug)]
struct OpenCall {
    arrivals: Sender<Arrival>,
    scope: Scope,
}

/// What call-backs may name the call as their context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The call has no server view.
    None,
    /// Context 0: the certification authority alone.
    Authority,
    /// The call's number and the ones behind it, so many in all, or 0.
    Requests(u64),
}

/// What reaches a waiting caller.
#[derive(Debug)]
enum Arrival {
    Answer(Result<Json, ModuleError>),
    CallBack { id: Option<Json>, method: String, params: Json, context: Context },
    Broken(ModuleError),
}

/// What is wrong with a message of the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It breaks the protocol: "the module sent …".
    Sent(String),
    /// It is in order, and cannot be answered.
    Unanswered(Unsent),
}

/// Why a call failed.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The module never saw it: no place in time, or the process had ended before.
    Refused(ModuleError),
    /// The message cannot be made. The process is well.
    Unsent(ModuleError),
    /// The module answered that it failed. The process is well.
    Answered(ModuleError),
    /// The process has broken down.
    Broken(ModuleError),
}

impl From<Failure> for ModuleError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) | Failure::Unsent(error) | Failure::Answered(error) | Failure::Broken(error) => {
                error
            }
        }
    }
}

impl Session {
    /// Takes over a process that was just started.
    pub(super) fn open(
        module: Arc<str>,
        process: Process,
        pipes: Pipes,
        settings: &ProcessSettings,
    ) -> Result<Self, ModuleError> {
        let waker = Waker::new().map_err(|error| {
            ModuleError::new(HResult::E_OUTOFMEMORY, format!("no event counter for the module's process: {error}"))
        })?;
        let waker = Arc::new(waker);
        // Every call of the window and as much again for the answers to its call-backs.
        let backlog_bytes_max = settings.message_bytes_max.saturating_mul(2).saturating_mul(settings.window);
        let shared = Arc::new(Shared {
            module,
            outbox: Outbox::new(Arc::new(pipes.stdin), Arc::clone(&waker), backlog_bytes_max),
            waker,
            message_bytes_max: settings.message_bytes_max,
            window: settings.window,
            stop: settings.stop,
            state: Mutex::new(State {
                calls: BTreeMap::new(),
                last_call: 0,
                order: Order::Run,
                end: None,
                gone: false,
            }),
            changed: Condvar::new(),
        });
        Pump::start(process, pipes.stdout, pipes.stderr, Arc::clone(&shared))?;
        Ok(Self { shared })
    }

    /// Makes one call and waits for its answer, serving the module's call-backs through `view` meanwhile.
    ///
    /// `encode` makes the message once the call has its number. When `limit` passes after that, the process is killed.
    pub(super) fn call(
        &self,
        method: &str,
        scope: Scope,
        view: &mut View<'_>,
        limit: Duration,
        encode: impl FnOnce(u64, &View<'_>) -> Result<Vec<u8>, ModuleError>,
    ) -> Result<Json, Failure> {
        let call = self.shared.register(scope, limit, method)?;
        let deadline = Instant::now() + limit;
        let message = encode(call.id, view).map_err(Failure::Unsent)?;
        let bytes_max = self.shared.message_bytes_max;
        if message.len() > bytes_max {
            let text = format!("the message of {} bytes exceeds `message_bytes_max` ({bytes_max})", message.len());
            return Err(Failure::Unsent(ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, text)));
        }
        self.shared.send(&message).map_err(|unsent| self.shared.ending(unsent))?;
        loop {
            match call.arrivals.recv_deadline(deadline) {
                Ok(Arrival::Answer(result)) => return result.map_err(Failure::Answered),
                Ok(Arrival::CallBack { id, method, params, context }) => {
                    let result = callbacks::serve(view, context, &method, &params);
                    if let Some(id) = id {
                        self.shared.answer(&id, result).map_err(|unsent| self.shared.ending(unsent))?;
                    }
                }
                Ok(Arrival::Broken(error)) => return Err(Failure::Broken(error)),
                Err(RecvTimeoutError::Timeout) => {
                    let text = format!("`{method}` was not answered within {} ms", limit.as_millis());
                    let others = ModuleError::new(
                        HResult::RPC_E_DISCONNECTED,
                        format!("the module's process was ended: {text}"),
                    );
                    self.shared.fail(others);
                    return Err(Failure::Broken(ModuleError::new(HResult::ERROR_TIMEOUT, text)));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let text = "the module's process has no pump any more";
                    return Err(Failure::Broken(ModuleError::new(HResult::E_UNEXPECTED, text)));
                }
            }
        }
    }

    /// Why there are no further answers, if there are none.
    pub(super) fn end(&self) -> Option<ModuleError> {
        self.shared.end()
    }

    /// Asks the process to end; it is given `stop_timeout_ms`, then two seconds after SIGTERM, then it is killed.
    /// Returns at once.
    pub(super) fn stop(&self) {
        if self.end().is_none()
            && let Ok(line) = wire::call(None, wire::method::SHUTDOWN, serde_json::json!({}))
        {
            // One that cannot be told sees its standard input closed.
            let _ = self.shared.outbox.send(&line);
        }
        let stopped = ModuleError::new(HResult::RPC_E_DISCONNECTED, "the module's process was stopped");
        let terminate = Instant::now() + self.shared.stop;
        self.shared.end_with(stopped, Order::Stop { terminate, kill: terminate + TERMINATE });
        self.shared.outbox.close_when_empty();
    }

    /// Waits until the process is reaped; says whether it is.
    pub(super) fn wait_gone(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.shared.state.lock();
        while !state.gone {
            if self.shared.changed.wait_until(&mut state, deadline).timed_out() {
                return state.gone;
            }
        }
        true
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        if state.order == Order::Run {
            state.order = Order::Kill;
        }
        drop(state);
        self.shared.waker.wake();
    }
}

impl Shared {
    /// Why there are no further answers, if there are none.
    pub(super) fn end(&self) -> Option<ModuleError> {
        self.state.lock().end.clone()
    }

    /// What the pump is to do now.
    pub(super) fn order(&self) -> Order {
        self.state.lock().order
    }

    /// The process is no good any more: it is killed, and every open call fails with this reason.
    pub(super) fn fail(&self, reason: ModuleError) {
        self.end_with(reason, Order::Kill);
    }

    /// The process is reaped.
    pub(super) fn gone(&self, reason: ModuleError) {
        self.end_with(reason, Order::Kill);
        self.outbox.close();
        self.state.lock().gone = true;
        self.changed.notify_all();
    }

    /// An answer has arrived.
    pub(super) fn answered(&self, id: u64, result: Result<Json, ModuleError>) -> Result<(), Fault> {
        let mut state = self.state.lock();
        match state.calls.remove(&id) {
            Some(call) => {
                // A caller that has left in this moment needs it no more.
                let _ = call.arrivals.send(Arrival::Answer(result));
                self.changed.notify_all();
                Ok(())
            }
            None if id >= 1 && id <= state.last_call => Err(Fault::Sent(format!("a second answer to call {id}"))),
            None => Err(Fault::Sent(format!("an answer to call {id}, which was never made"))),
        }
    }

    /// The module calls back.
    pub(super) fn called_back(&self, id: Option<Json>, method: String, params: Json) -> Result<(), Fault> {
        let refused = match self.route(&method, &params) {
            Ok((arrivals, _)) if arrivals.len() >= CALL_BACKS_MAX => {
                return Err(Fault::Sent(format!("more than {CALL_BACKS_MAX} call-backs that wait for one call")));
            }
            Ok((arrivals, context)) => {
                let arrival = Arrival::CallBack { id: id.clone(), method, params, context };
                match arrivals.send(arrival) {
                    Ok(()) => return Ok(()),
                    Err(_) => ended_context().into(),
                }
            }
            Err(error) => error,
        };
        match id {
            Some(id) => self.answer(&id, Err(refused)).map_err(Fault::Unanswered),
            None => Ok(()),
        }
    }

    /// The call that serves a call-back, and which of its contexts.
    fn route(&self, method: &str, params: &Json) -> Result<(Sender<Arrival>, Context), CallError> {
        if !CallBack::METHODS.contains(&method) {
            return Err(CallError::UnknownMethod(method.to_owned()));
        }
        let context = params
            .get("context")
            .and_then(Json::as_u64)
            .ok_or_else(|| CallError::BadParameters("`context` is missing or no number".to_owned()))?;
        let state = self.state.lock();
        let found = match context {
            0 => {
                let call = state.calls.values().find(|call| call.scope != Scope::None);
                call.map(|call| (call, Context::Authority))
            }
            context => state.calls.range(..=context).next_back().and_then(|(id, call)| match call.scope {
                Scope::Requests(count) if context - id < count => {
                    Some((call, Context::Of(usize::try_from(context - id).ok()?)))
                }
                _ => None,
            }),
        };
        let (call, context) = found.ok_or_else(|| CallError::Contract(ended_context()))?;
        Ok((call.arrivals.clone(), context))
    }

    /// Answers a call of the module.
    pub(super) fn answer(&self, id: &Json, result: Result<Json, CallError>) -> Result<(), Unsent> {
        let too_long = || {
            let text = format!("the answer exceeds `message_bytes_max` ({})", self.message_bytes_max);
            CallError::Contract(ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, text))
        };
        let line = match wire::answer(id, result) {
            Ok(line) if line.len() <= self.message_bytes_max => line,
            Ok(_) => wire::answer(id, Err(too_long())).unwrap_or_default(),
            Err(error) => wire::answer(id, Err(error.into())).unwrap_or_default(),
        };
        self.send(&line)
    }

    fn send(&self, line: &[u8]) -> Result<(), Unsent> {
        self.outbox.send(line)
    }

    /// Why a caller whose message cannot be sent fails. A process that just died says more by its status than by its
    /// closed pipe: the pump is about to read it.
    fn ending(&self, unsent: Unsent) -> Failure {
        let reason = match unsent {
            Unsent::Full => {
                let text = "the module does not read its standard input, and too much waits for it";
                ModuleError::new(HResult::ERROR_TIMEOUT, text)
            }
            Unsent::Closed => {
                let deadline = Instant::now() + super::pump::LAST_GASP;
                let mut state = self.state.lock();
                while state.end.is_none() && !self.changed.wait_until(&mut state, deadline).timed_out() {}
                ModuleError::new(HResult::RPC_E_DISCONNECTED, "the module has closed its standard input")
            }
        };
        self.fail(reason.clone());
        Failure::Broken(self.end().unwrap_or(reason))
    }

    fn end_with(&self, reason: ModuleError, order: Order) {
        let mut state = self.state.lock();
        if state.end.is_none() {
            for call in std::mem::take(&mut state.calls).into_values() {
                // A caller that has left in this moment needs it no more.
                let _ = call.arrivals.send(Arrival::Broken(reason.clone()));
            }
            state.end = Some(reason);
        }
        if state.order != Order::Kill {
            state.order = order;
        }
        drop(state);
        self.changed.notify_all();
        self.waker.wake();
    }

    /// Waits for a place in the window and takes a number.
    fn register(&self, scope: Scope, limit: Duration, method: &str) -> Result<Registered<'_>, Failure> {
        let deadline = Instant::now() + limit;
        let mut state = self.state.lock();
        loop {
            if let Some(end) = &state.end {
                return Err(Failure::Refused(end.clone()));
            }
            if state.calls.len() < self.window {
                break;
            }
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                let text = format!("`{method}` found no place in the window for {} ms", limit.as_millis());
                return Err(Failure::Refused(ModuleError::new(HResult::ERROR_TIMEOUT, text)));
            }
        }
        let contexts = match scope {
            Scope::Requests(count) => count.max(1),
            Scope::None | Scope::Authority => 1,
        };
        if state.last_call.saturating_add(contexts) > CALLS_MAX {
            drop(state);
            let reason = ModuleError::new(HResult::RPC_E_DISCONNECTED, "the process has served all numbers of calls");
            self.fail(reason.clone());
            return Err(Failure::Refused(reason));
        }
        let id = state.last_call + 1;
        state.last_call += contexts;
        let (sender, arrivals) = unbounded();
        state.calls.insert(id, OpenCall { arrivals: sender, scope });
        Ok(Registered { shared: self, id, arrivals })
    }
}

/// A call with its number; it is open until it is answered or this is dropped.
struct Registered<'a> {
    shared: &'a Shared,
    id: u64,
    arrivals: Receiver<Arrival>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if self.shared.state.lock().calls.remove(&self.id).is_some() {
            self.shared.changed.notify_all();
        }
    }
}

fn ended_context() -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the context is not one of a call under way")
}
