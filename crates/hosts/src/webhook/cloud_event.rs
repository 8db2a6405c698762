//! CloudEvents 1.0 in JSON (structured mode), and how what the server says looks in them.

use jiff::Timestamp;
use module::wire::body::{Event, Notify, Request, VerifyRequest};
use module::wire::row::Row;
use module::{EventId, ExitEvent, HResult, ModuleError, Notification, PropertyType, Role, ServerExit, Value};
use serde::Serialize;

use crate::process::UNKNOWN;

/// One event (CloudEvents 1.0.2, HTTP protocol binding 3.2).
pub(super) const ONE: &str = "application/cloudevents+json";

/// An array of events (HTTP protocol binding 3.3).
pub(super) const BATCH: &str = "application/cloudevents-batch+json";

/// What every `type` begins with. It never changes; a meaning that does is another type.
const TYPE: &str = "org.exeunt.";

/// One event of CloudEvents.
#[derive(Debug, Serialize)]
pub(super) struct CloudEvent<'a> {
    specversion: &'static str,
    /// Of this event and its repeats only, together with `source`.
    id: String,
    source: &'a str,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    /// The request's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    datacontenttype: &'static str,
    data: Data<'a>,
}

/// What is said, as the process protocol has it, but for the contexts: an endpoint has no call-backs.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Occurred {
        event: Event,
        #[serde(flatten)]
        request: Request,
        ca: Row,
    },
    VerifyRequest {
        new: bool,
        timeout_ms: u64,
        #[serde(flatten)]
        request: Request,
        ca: Row,
    },
    Ping(Greeting<'a>),
}

/// What the server says before anything else.
#[derive(Debug, Serialize)]
pub(super) struct Greeting<'a> {
    pub(super) role: Role,
    pub(super) module: &'a str,
    pub(super) ca: &'a str,
    pub(super) server: Server,
    pub(super) limits: Limits,
    pub(super) properties: Row,
}

/// Who is speaking.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    name: &'static str,
    version: &'static str,
}

impl Server {
    pub(super) const THIS: Self = Self { name: "exeunt", version: env!("CARGO_PKG_VERSION") };
}

/// What an endpoint may count on.
#[derive(Debug, Serialize)]
pub(super) struct Limits {
    pub(super) timeout_ms: u64,
    pub(super) answer_bytes_max: usize,
    pub(super) batch: usize,
}

impl<'a> CloudEvent<'a> {
    /// An event of the authority. With `crls`, one that reports CRLs carries the newest ones.
    pub(super) fn occurred(
        source: &'a str,
        notification: &Notification,
        server: &dyn ServerExit,
        crls: bool,
    ) -> Result<Self, ModuleError> {
        let Notify { event, request, mut ca, .. } = Notify::read(0, notification, server)?;
        if crls && notification.event == ExitEvent::CrlIssued {
            add_crls(&mut ca, server)?;
        }
        let data = Data::Occurred { event, request, ca };
        Ok(Self {
            subject: notification.request.map(|request| request.to_string()),
            ..Self::new(event_id(notification), source, notification.event.name(), notification.occurred, data)
        })
    }

    /// What a policy module is asked.
    pub(super) fn verify_request(
        id: &str,
        source: &'a str,
        new: bool,
        server: &dyn ServerExit,
        timeout_ms: u64,
    ) -> Result<Self, ModuleError> {
        let VerifyRequest { request, ca, .. } = VerifyRequest::read(0, new, server)?;
        let subject = match request.request.find("RequestID") {
            Some(Value::Long(number)) => Some(number.to_string()),
            _ => None,
        };
        let data = Data::VerifyRequest { new, timeout_ms, request, ca };
        Ok(Self { subject, ..Self::new(id.to_owned(), source, "verify-request", Timestamp::now(), data) })
    }

    /// The server's greeting, which an endpoint answers before anything else is sent.
    pub(super) fn ping(id: &str, source: &'a str, greeting: Greeting<'a>) -> Self {
        Self::new(id.to_owned(), source, "ping", Timestamp::now(), Data::Ping(greeting))
    }

    /// An event that no version has, about nothing.
    pub(super) fn unknown(id: &str, source: &'a str) -> Self {
        let now = Timestamp::now();
        let (name, bit) = UNKNOWN;
        let event = Event { id: 1, name: name.into(), bit, attempt: 1, occurred: now, hash: [0; 32], request_id: None };
        let data = Data::Occurred { event, request: Request::default(), ca: Row::default() };
        Self::new(id.to_owned(), source, name, now, data)
    }

    fn new(id: String, source: &'a str, kind: &str, time: Timestamp, data: Data<'a>) -> Self {
        Self {
            specversion: "1.0",
            id,
            source,
            kind: format!("{TYPE}{kind}"),
            time: time.to_string(),
            subject: None,
            datacontenttype: "application/json",
            data,
        }
    }

    /// The event as JSON text.
    pub(super) fn text(&self) -> Result<Vec<u8>, ModuleError> {
        serde_json::to_vec(self)
            .map_err(|error| ModuleError::new(HResult::E_UNEXPECTED, format!("the message cannot be written: {error}")))
    }
}

/// The authority's name as a URI: what is not an unreserved character of RFC 3986 2.3 is percent-encoded.
pub(super) fn source_of(ca: &str) -> String {
    use std::fmt::Write;

    ca.bytes().fold(String::from("urn:exeunt:ca:"), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

/// Events texts as one batch.
pub(super) fn batch(texts: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::with_capacity(texts.iter().map(|text| text.len() + 1).sum::<usize>() + 2);
    all.push(b'[');
    all.extend(texts.join(&b','));
    all.push(b']');
    all
}

/// The event's number. That of `shutdown`, which has none, is made of its time.
pub(super) fn event_id(notification: &Notification) -> String {
    match notification.id {
        EventId(0) => format!("{}-{}", notification.event.name(), notification.occurred.as_microsecond()),
        EventId(number) => number.to_string(),
    }
}

/// CRLs are read by call-back elsewhere; an endpoint cannot ask.
fn add_crls(ca: &mut Row, server: &dyn ServerExit) -> Result<(), ModuleError> {
    for name in ["RawCRL", "RawDeltaCRL"] {
        match server.certificate_property(name, PropertyType::Binary) {
            Ok(crl) => ca.push(name, crl),
            Err(error) if [HResult::CERTSRV_E_PROPERTY_EMPTY, HResult::ERROR_FILE_NOT_FOUND].contains(&error.code) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_named_by_a_uri() {
        assert_eq!(source_of("Example CA"), "urn:exeunt:ca:Example%20CA");
        assert_eq!(source_of("Prüf-CA/1"), "urn:exeunt:ca:Pr%C3%BCf-CA%2F1");
    }

    #[test]
    fn a_batch_is_an_array() {
        assert_eq!(batch(&[b"{}", b"1"]), b"[{},1]");
        assert_eq!(batch(&[]), b"[]");
    }
}
