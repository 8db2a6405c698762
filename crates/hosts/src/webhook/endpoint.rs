//! The endpoint as an exit and a policy module sees it: what is sent, and what the answer means for the call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use jiff::Timestamp;
use module::wire;
use module::wire::body::ca_properties;
use module::{
    Decision, Delivered, ExitEvents, ExitModule, HResult, ModuleError, Notification, PolicyModule, Role, ServerExit,
    ServerPolicy, Undelivered,
};
use parking_lot::{Mutex, RwLock};

use super::client::{Answer, Client, Failure, Message};
use super::cloud_event::{self, BATCH, CloudEvent, Greeting, Limits, ONE, Server};
use super::settings::WebhookSettings;
use super::{answer, secret};

/// The longest description that is kept.
const DESCRIPTION_BYTES_MAX: usize = 1024;

/// The longest an endpoint is left alone because it asks for it.
const PATIENCE_MAX: Duration = Duration::from_secs(300);

/// A module that is an HTTPS endpoint.
#[derive(Debug)]
pub(super) struct WebhookModule {
    name: Arc<str>,
    role: Role,
    settings: WebhookSettings,
    /// Once `initialize` has succeeded.
    open: RwLock<Option<Arc<Endpoint>>>,
}

/// An endpoint that was greeted.
#[derive(Debug)]
struct Endpoint {
    client: Client,
    source: String,
    description: Option<String>,
    /// Until when it asked to be left alone.
    quiet_until: Mutex<Option<Instant>>,
}

/// An event ready to be sent.
struct Ready {
    /// Of the message it makes alone.
    id: String,
    text: Vec<u8>,
}

impl WebhookModule {
    pub(super) fn new(name: &str, role: Role, settings: WebhookSettings) -> Self {
        Self { name: name.into(), role, settings, open: RwLock::new(None) }
    }

    /// Reads the files, greets the endpoint, and learns which events it wants.
    pub(super) fn begin(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        *self.open.write() = None;
        let source = self.settings.source.clone().unwrap_or_else(|| cloud_event::source_of(ca));
        let client = Client::open(&self.settings, self.role)?;
        let mut endpoint = Endpoint { client, source, description: None, quiet_until: Mutex::new(None) };
        let mut wanted = None;
        if self.settings.ping {
            let answered = self.ping(&endpoint, ca, server)?;
            if let Some(json) = answer::object(&answered) {
                endpoint.description = json.get("description").and_then(|text| text.as_str()).map(cut);
                wanted = json.get("events").map(wire::events).transpose().map_err(|error| {
                    ModuleError::new(HResult::ERROR_INVALID_DATA, format!("the answer to the ping: {}", error.message))
                })?;
            }
        }
        *self.open.write() = Some(Arc::new(endpoint));
        Ok(self.settings.events.or(wanted).unwrap_or(ExitEvents::all()))
    }

    fn ping(&self, endpoint: &Endpoint, ca: &str, server: &dyn ServerExit) -> Result<Answer, ModuleError> {
        let id = random_id("ping")?;
        let greeting = Greeting {
            role: self.role,
            module: &self.name,
            ca,
            server: Server::THIS,
            limits: Limits {
                timeout_ms: milliseconds(self.settings.timeout),
                answer_bytes_max: self.settings.answer_bytes_max,
                batch: self.settings.batch,
            },
            properties: ca_properties(server)?,
        };
        let text = CloudEvent::ping(&id, &endpoint.source, greeting).text()?;
        let answered = self.post(endpoint, ONE, &id, &text)?;
        answer::taken(&answered).map_err(|error| ModuleError::new(error.code, format!("ping: {}", error.message)))?;
        Ok(answered)
    }

    /// Sends an event that no version has.
    pub(super) fn send_unknown(&self) -> Result<(), ModuleError> {
        let endpoint = self.endpoint()?;
        let id = random_id("evt")?;
        let text = CloudEvent::unknown(&id, &endpoint.source).text()?;
        answer::taken(&self.post(&endpoint, ONE, &id, &text)?)
    }

    fn endpoint(&self) -> Result<Arc<Endpoint>, ModuleError> {
        let uninitialised = || ModuleError::new(HResult::E_UNEXPECTED, "the module is not initialised");
        self.open.read().clone().ok_or_else(uninitialised)
    }

    fn post(&self, endpoint: &Endpoint, content_type: &'static str, id: &str, body: &[u8]) -> Result<Answer, Failure> {
        if body.len() > self.settings.message_bytes_max {
            let limit = self.settings.message_bytes_max;
            let text = format!("the message has {} bytes and may have {limit} (`message_bytes_max`)", body.len());
            return Err(Failure::Lost(ModuleError::new(HResult::CERTSRV_E_ENCODING_LENGTH, text)));
        }
        let timestamp = now().map_err(Failure::Unsent)?;
        let signature = secret::signatures(&self.settings.secrets, id, timestamp, body);
        endpoint.client.post(&Message { content_type, id, timestamp, signature: &signature, body })
    }

    /// Sends a message with events, unless the endpoint has asked to be left alone.
    fn send(
        &self,
        endpoint: &Endpoint,
        content_type: &'static str,
        id: &str,
        body: &[u8],
    ) -> Result<Answer, Undelivered> {
        if let Some(left) = endpoint.quiet_for() {
            let text = format!("the endpoint asked for patience; it is left alone for {} s more", left.as_secs() + 1);
            return Err(Undelivered::Refused(ModuleError::new(HResult::E_ABORT, text)));
        }
        let answered = self.post(endpoint, content_type, id, body)?;
        if let Some(wait) = answer::retry_after(&answered, PATIENCE_MAX) {
            *endpoint.quiet_until.lock() = Some(Instant::now() + wait);
        }
        Ok(answered)
    }

    fn ready(
        &self,
        endpoint: &Endpoint,
        notification: &Notification,
        server: &dyn ServerExit,
    ) -> Result<Ready, ModuleError> {
        let text = CloudEvent::occurred(&endpoint.source, notification, server, self.settings.crls)?.text()?;
        Ok(Ready { id: message_id(notification), text })
    }

    fn send_one(&self, endpoint: &Endpoint, event: &Ready) -> Result<(), Undelivered> {
        answer::delivered(&self.send(endpoint, ONE, &event.id, &event.text)?)
    }

    /// Sends events as one message. Where the endpoint refuses it and one event may be to blame, they are sent one by
    /// one, so that the blame falls on that one and those before it are delivered.
    fn send_all(&self, endpoint: &Endpoint, events: &[Ready], started: Instant) -> Delivered {
        let [first, .., last] = events else {
            return one_by_one(events, |event| self.send_one(endpoint, event));
        };
        let texts: Vec<&[u8]> = events.iter().map(|event| event.text.as_slice()).collect();
        let id = format!("{}_{}", first.id, last.id);
        match self.send(endpoint, BATCH, &id, &cloud_event::batch(&texts)) {
            Ok(answered) if answer::blames_the_message(answered.status) => {
                // The first is always tried, so that each call gets on.
                let mut tried = false;
                one_by_one(events, |event| {
                    if std::mem::replace(&mut tried, true) {
                        self.in_time(started)?;
                    }
                    self.send_one(endpoint, event)
                })
            }
            Ok(answered) => match answer::delivered(&answered) {
                Ok(()) => Delivered::all(events.len()),
                Err(failure) => Delivered::none(failure),
            },
            Err(failure) => Delivered::none(failure),
        }
    }

    /// Reads the events and sends them, in messages as large as they may be, until one is not taken.
    fn deliver(&self, endpoint: &Endpoint, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        let mut ready = Vec::with_capacity(events.len());
        let mut unreadable = None;
        for (notification, server) in events {
            match self.ready(endpoint, notification, *server) {
                Ok(event) => ready.push(event),
                Err(error) => {
                    unreadable = Some(Undelivered::Failed(error));
                    break;
                }
            }
        }
        let (mut rest, mut count, started) = (ready.as_slice(), 0, Instant::now());
        while !rest.is_empty() {
            if count > 0
                && let Err(failure) = self.in_time(started)
            {
                return Delivered { count, failure: Some(failure) };
            }
            let message = self.fitting(rest);
            let sent = self.send_all(endpoint, message, started);
            count += sent.count;
            if sent.failure.is_some() {
                return Delivered { count, failure: sent.failure };
            }
            rest = rest.get(message.len()..).unwrap_or_default();
        }
        Delivered { count, failure: unreadable }
    }

    /// Whether another message of a batch may be begun: not when the time of one is used up.
    fn in_time(&self, started: Instant) -> Result<(), Undelivered> {
        if started.elapsed() < self.settings.timeout {
            return Ok(());
        }
        let text = "the time for the batch was used up before this event's turn came";
        Err(Undelivered::Refused(ModuleError::new(HResult::ERROR_TIMEOUT, text)))
    }

    /// The first events, as many as fit into one message.
    fn fitting<'a>(&self, events: &'a [Ready]) -> &'a [Ready] {
        let mut bytes = 1;
        let fits = events.iter().take(self.settings.batch).take_while(|event| {
            bytes += event.text.len() + 1;
            bytes <= self.settings.message_bytes_max
        });
        let count = fits.count().max(1);
        events.get(..count).unwrap_or(events)
    }

    fn describe(&self) -> String {
        let said = self.open.read().as_ref().and_then(|endpoint| endpoint.description.clone());
        said.unwrap_or_else(|| format!("webhook: {}", self.settings.shown()))
    }
}

impl ExitModule for WebhookModule {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        self.begin(ca, server)
    }

    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let endpoint = self.endpoint()?;
        Ok(self.send_one(&endpoint, &self.ready(&endpoint, notification, server)?)?)
    }

    fn batch_max(&self) -> usize {
        self.settings.batch
    }

    fn notify_batch(&self, events: &[(&Notification, &dyn ServerExit)]) -> Delivered {
        match self.endpoint() {
            Ok(endpoint) => self.deliver(&endpoint, events),
            Err(error) => Delivered::none(Undelivered::Refused(error)),
        }
    }

    fn description(&self) -> String {
        self.describe()
    }
}

impl PolicyModule for WebhookModule {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.begin(ca, server).map(|_| ())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        let endpoint = self.endpoint()?;
        let id = random_id("vr")?;
        let limit = milliseconds(self.settings.timeout);
        let text = CloudEvent::verify_request(&id, &endpoint.source, new, &*server, limit)?.text()?;
        let answered = self.post(&endpoint, ONE, &id, &text)?;
        if self.settings.answer_signature {
            self.check_signature(&id, &answered)?;
        }
        let verdict = answer::verdict(&answered)?;
        verdict.amend(server)?;
        Ok(verdict.decision)
    }

    fn description(&self) -> String {
        self.describe()
    }
}

impl WebhookModule {
    fn check_signature(&self, id: &str, answered: &Answer) -> Result<(), ModuleError> {
        // What failed before the endpoint proper is told as what it is.
        if !answered.status.is_success() && !answered.headers.contains_key("webhook-signature") {
            answer::taken(answered)?;
        }
        let header = |name: &str| answered.headers.get(name).and_then(|value| value.to_str().ok());
        let body = answered.body.as_ref().map_err(Clone::clone)?;
        let (timestamp, signature) = (header("webhook-timestamp"), header("webhook-signature"));
        secret::verify_answer(&self.settings.secrets, id, timestamp, signature, body, now()?).map_err(|why| {
            let text = format!("the endpoint's answer is not signed as `answer_signature` demands: {why}");
            ModuleError::new(HResult::NTE_BAD_SIGNATURE, text)
        })
    }
}

impl Endpoint {
    /// How long it is to be left alone still.
    fn quiet_for(&self) -> Option<Duration> {
        let until = (*self.quiet_until.lock())?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

impl From<Failure> for Undelivered {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unsent(error) => Self::Refused(error),
            Failure::Lost(error) => Self::Failed(error),
        }
    }
}

/// Hands events on in order until one is not taken.
fn one_by_one(events: &[Ready], mut send: impl FnMut(&Ready) -> Result<(), Undelivered>) -> Delivered {
    for (count, event) in events.iter().enumerate() {
        if let Err(failure) = send(event) {
            return Delivered { count, failure: Some(failure) };
        }
    }
    Delivered::all(events.len())
}

/// The id of the message that carries one event: the same for every repeat, and of no other authority's event, because
/// it holds the head of the chain of events.
fn message_id(notification: &Notification) -> String {
    use std::fmt::Write;

    let mut id = format!("evt_{}_", cloud_event::event_id(notification));
    for byte in notification.hash.iter().take(8) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// An id that is used once.
fn random_id(prefix: &str) -> Result<String, ModuleError> {
    use std::fmt::Write;

    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| ModuleError::new(HResult::E_UNEXPECTED, "the system gives no random bytes"))?;
    Ok(bytes.iter().fold(format!("{prefix}_"), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    }))
}

/// Seconds since 1970.
fn now() -> Result<u64, ModuleError> {
    u64::try_from(Timestamp::now().as_second())
        .map_err(|_| ModuleError::new(HResult::E_UNEXPECTED, "the system's clock stands before 1970"))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(DESCRIPTION_BYTES_MAX);
    text.get(..end).unwrap_or_default().to_owned()
}
