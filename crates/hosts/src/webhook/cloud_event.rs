//! CloudEvents 1.0 in JSON (structured mode), and how what the server says looks in them.

use jiff::Timestamp;
use module::wire::body::{Notify, VerifyRequest, ca_properties};
use module::wire::value;
use module::{EventId, ExitEvent, HResult, ModuleError, Notification, PropertyType, Role, ServerExit};
use serde::Serialize;
use serde_json::{Value as Json, json};

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
    data: Json,
}

impl<'a> CloudEvent<'a> {
    /// An event of the authority. With `crls`, one that reports CRLs carries the newest ones.
    pub(super) fn occurred(
        source: &'a str,
        notification: &Notification,
        server: &dyn ServerExit,
        crls: bool,
    ) -> Result<Self, ModuleError> {
        let mut data = without_context(&Notify::read(0, notification, server)?)?;
        if crls && notification.event == ExitEvent::CrlIssued {
            add_crls(&mut data, server)?;
        }
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
        limit_ms: u64,
    ) -> Result<Self, ModuleError> {
        let mut data = without_context(&VerifyRequest::read(0, new, server)?)?;
        let request = data.pointer("/request/RequestID").and_then(Json::as_i64);
        if let Some(members) = data.as_object_mut() {
            members.insert("timeout_ms".to_owned(), limit_ms.into());
        }
        let subject = request.map(|number| number.to_string());
        Ok(Self { subject, ..Self::new(id.to_owned(), source, "verify-request", Timestamp::now(), data) })
    }

    /// The server's greeting, which an endpoint answers before anything else is sent.
    pub(super) fn ping(id: &str, source: &'a str, greeting: Greeting<'_>) -> Result<Self, ModuleError> {
        let data = json!({
            "role": greeting.role,
            "module": greeting.module,
            "ca": greeting.ca,
            "server": {"name": "exeunt", "version": env!("CARGO_PKG_VERSION")},
            "limits": {
                "timeout_ms": greeting.timeout_ms,
                "answer_bytes_max": greeting.answer_bytes_max,
                "batch": greeting.batch,
            },
            "properties": plain(&ca_properties(greeting.server)?)?,
        });
        Ok(Self::new(id.to_owned(), source, "ping", Timestamp::now(), data))
    }

    fn new(id: String, source: &'a str, kind: &str, time: Timestamp, data: Json) -> Self {
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
        serde_json::to_vec(self).map_err(unwritable)
    }
}

/// What a greeting says.
pub(super) struct Greeting<'a> {
    pub(super) role: Role,
    pub(super) module: &'a str,
    pub(super) ca: &'a str,
    pub(super) timeout_ms: u64,
    pub(super) answer_bytes_max: usize,
    pub(super) batch: usize,
    pub(super) server: &'a dyn ServerExit,
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

/// A message of the protocol without the member that only call-backs need: an endpoint has none.
fn without_context(message: &impl Serialize) -> Result<Json, ModuleError> {
    let mut data = plain(message)?;
    if let Some(members) = data.as_object_mut() {
        members.remove("context");
    }
    Ok(data)
}

/// CRLs are read by call-back elsewhere; an endpoint cannot ask.
fn add_crls(data: &mut Json, server: &dyn ServerExit) -> Result<(), ModuleError> {
    for name in ["RawCRL", "RawDeltaCRL"] {
        let read = match server.certificate_property(name, PropertyType::Binary) {
            Ok(read) => value::to_json(&read),
            Err(error) if [HResult::CERTSRV_E_PROPERTY_EMPTY, HResult::ERROR_FILE_NOT_FOUND].contains(&error.code) => {
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Some(ca) = data.get_mut("ca").and_then(Json::as_object_mut) {
            ca.insert(name.to_owned(), read);
        }
    }
    Ok(())
}

fn plain(message: &impl Serialize) -> Result<Json, ModuleError> {
    serde_json::to_value(message).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> ModuleError {
    ModuleError::new(HResult::E_UNEXPECTED, format!("the message cannot be written: {error}"))
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
