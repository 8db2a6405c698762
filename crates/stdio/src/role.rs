//! What exit and policy modules are asked, and how they answer.

use std::sync::Arc;

use exeunt_module::wire::body::{Notify, NotifyBatch, VerifyRequest};
use exeunt_module::wire::{CallError, Greeting, Initialize, Progress, Verdict, method};
use exeunt_module::{
    Delivered, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule, Role, ServerExit, Undelivered,
};
use serde_json::{Value as Json, json};

use crate::link::Link;
use crate::serve::{guarded, watched};
use crate::view::{Context, Opened, PolicyView};

/// The server keeps this much of a description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 1024;

/// A module of either role.
pub(crate) trait Served: Sync {
    const ROLE: Role;

    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError>;

    fn description(&self) -> String;

    /// What it says of itself besides, by name.
    fn about(&self) -> Vec<(String, String)>;

    /// The most events it takes at once.
    fn batch_max(&self) -> usize {
        1
    }

    /// Serves a call of this role; none where it has no such method.
    fn call(&self, link: &Arc<Link>, method: &str, params: &Json) -> Option<Result<Json, ModuleError>>;

    fn shut_down(&self) {}
}

pub(crate) struct ExitRole<M> {
    pub(crate) module: M,
    /// Told of events that this version does not know; without it they are passed over.
    pub(crate) later: Option<Later<M>>,
}

/// Tells a module of an event that this version does not know: the module, the event's bit, and the server.
pub type Later<M> = fn(&M, u32, &dyn ServerExit) -> Result<(), ModuleError>;

pub(crate) struct PolicyRole<M>(pub(crate) M);

/// Initialises the module: the answer, with the version both sides speak.
pub(crate) fn initialize<S: Served>(
    module: &S,
    link: &Arc<Link>,
    question: Initialize,
    protocol: u32,
) -> Result<Json, ModuleError> {
    let context = Context::authority(link, S::ROLE, question.properties);
    let (events, about, batch) = guarded(|| {
        let events = module.initialize(&question.ca, &*context)?;
        Ok((events, module.about(), module.batch_max()))
    })?;
    // The server says how many events it puts into one call; 0 is a server that knows of no batches.
    let batch = u64::try_from(batch).unwrap_or(u64::MAX).min(question.limits.batch_max).max(1);
    let batch = u32::try_from(batch).unwrap_or(u32::MAX);
    let description = Some(description(module)?);
    Ok(Greeting { protocol, events, description, about, batch }.to_json())
}

/// Serves one call after `initialize`.
pub(crate) fn call<S: Served>(module: &S, link: &Arc<Link>, method: &str, params: &Json) -> Result<Json, CallError> {
    match method {
        method::DESCRIBE => Ok(json!({"description": description(module)?})),
        method::PING => Ok(json!({})),
        method::INITIALIZE => Err(ModuleError::new(
            HResult::E_UNEXPECTED,
            "`initialize` is called once for each process, and this one is initialised",
        )
        .into()),
        other => match module.call(link, other, params) {
            Some(result) => Ok(result?),
            None => Err(CallError::UnknownMethod(other.to_owned())),
        },
    }
}

fn description<S: Served>(module: &S) -> Result<String, ModuleError> {
    let mut text = guarded(|| Ok(module.description()))?;
    text.truncate(text.floor_char_boundary(DESCRIPTION_BYTES_MAX));
    Ok(text)
}

impl<M: ExitModule> Served for ExitRole<M> {
    const ROLE: Role = Role::Exit;

    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.module.initialize(ca, server)
    }

    fn description(&self) -> String {
        self.module.description()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.module.about()
    }

    fn batch_max(&self) -> usize {
        self.module.batch_max()
    }

    fn call(&self, link: &Arc<Link>, method: &str, params: &Json) -> Option<Result<Json, ModuleError>> {
        match method {
            method::NOTIFY => Some(Notify::from_json(params).and_then(|event| self.notify(link, event))),
            method::NOTIFY_BATCH => Some(NotifyBatch::from_json(params).map(|batch| self.notify_batch(link, batch))),
            _ => None,
        }
    }
}

impl<M: ExitModule> ExitRole<M> {
    fn notify(&self, link: &Arc<Link>, message: Notify) -> Result<Json, ModuleError> {
        let Notify { context, event, request, ca } = message;
        let context = Context::of_event(link, context, request, ca);
        match (event.notification(), self.later) {
            (Some(notification), _) => watched(link, || self.module.notify(&notification, &*context))?,
            (None, Some(later)) => watched(link, || later(&self.module, event.bit, &*context))?,
            (None, None) => {}
        }
        Ok(json!({}))
    }

    /// Events that this version does not know are passed over.
    fn notify_batch(&self, link: &Arc<Link>, batch: NotifyBatch) -> Json {
        let count = batch.events.len();
        let known = batch.events.into_iter().enumerate();
        let known: Vec<(usize, (Notification, Opened))> =
            known.filter_map(|(at, message)| Some((at, opened(link, message)?))).collect();
        let events: Vec<(&Notification, &dyn ServerExit)> =
            known.iter().map(|(_, (notification, context))| (notification, &**context as &dyn ServerExit)).collect();
        let delivered = watched(link, || Ok(self.module.notify_batch(&events)))
            .unwrap_or_else(|panic| Delivered::none(Undelivered::Failed(panic)));
        // Of the whole batch, what lies before the first that the module did not deliver.
        match known.get(delivered.count) {
            None => Progress::all(count),
            Some((at, _)) => {
                let untold = || ModuleError::new(HResult::E_UNEXPECTED, "the module does not say why it stopped");
                let failure = delivered.failure.map_or_else(untold, ModuleError::from);
                Progress { delivered: *at, failure: Some(failure) }
            }
        }
        .to_json()
    }
}

/// An event and its context; none where this version does not know the event.
fn opened(link: &Arc<Link>, message: Notify) -> Option<(Notification, Opened)> {
    let Notify { context, event, request, ca } = message;
    Some((event.notification()?, Context::of_event(link, context, request, ca)))
}

impl<M: PolicyModule> Served for PolicyRole<M> {
    const ROLE: Role = Role::Policy;

    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.0.initialize(ca, server).map(|()| ExitEvents::empty())
    }

    fn description(&self) -> String {
        self.0.description()
    }

    fn about(&self) -> Vec<(String, String)> {
        self.0.about()
    }

    fn call(&self, link: &Arc<Link>, method: &str, params: &Json) -> Option<Result<Json, ModuleError>> {
        (method == method::VERIFY_REQUEST)
            .then(|| VerifyRequest::from_json(params).and_then(|question| self.verify(link, question)))
    }

    fn shut_down(&self) {
        self.0.shut_down();
    }
}

impl<M: PolicyModule> PolicyRole<M> {
    fn verify(&self, link: &Arc<Link>, question: VerifyRequest) -> Result<Json, ModuleError> {
        let VerifyRequest { context, new, request, ca } = question;
        let mut view = PolicyView::new(link, context, request, ca);
        let decision = watched(link, || self.0.verify_request(&mut view, new))?;
        Ok(Verdict::from(decision).to_json())
    }
}
