//! How a module reads the messages that the server writes.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::body::{Event, Notify, NotifyBatch, Request, VerifyRequest};
use super::row::{Attributes, Extension, Row, unfit};
use crate::ModuleError;

impl Notify {
    /// Reads the parameters of `notify`; `ERROR_INVALID_DATA` where they do not fit.
    pub fn from_json(params: &Json) -> Result<Self, ModuleError> {
        Ok(Self {
            context: context(params)?,
            event: Event::from_json(params.get("event").ok_or_else(|| unfit("there is no `event`"))?)?,
            request: Request::from_json(params)?,
            ca: Row::of_certificate(params.get("ca"))?,
        })
    }
}

impl NotifyBatch {
    /// Reads the parameters of `notify_batch`; `ERROR_INVALID_DATA` where they do not fit.
    pub fn from_json(params: &Json) -> Result<Self, ModuleError> {
        let events = params.get("events").and_then(Json::as_array).ok_or_else(|| unfit("there are no `events`"))?;
        Ok(Self { events: events.iter().map(Notify::from_json).collect::<Result<_, _>>()? })
    }
}

impl VerifyRequest {
    /// Reads the parameters of `verify_request`; `ERROR_INVALID_DATA` where they do not fit.
    pub fn from_json(params: &Json) -> Result<Self, ModuleError> {
        Ok(Self {
            context: context(params)?,
            new: params.get("new").and_then(Json::as_bool).ok_or_else(|| unfit("`new` is neither true nor false"))?,
            request: Request::from_json(params)?,
            ca: Row::of_certificate(params.get("ca"))?,
        })
    }
}

impl Request {
    /// Reads the members that `notify` and `verify_request` share. Attributes come in the order of their names: theirs in
    /// the request is what the call-back `server.attributes` gives.
    pub fn from_json(params: &Json) -> Result<Self, ModuleError> {
        let extensions = match params.get("extensions") {
            None => Vec::new(),
            Some(json) => {
                let extensions = json.as_array().ok_or_else(|| unfit("`extensions` is not an array"))?;
                extensions.iter().map(Extension::from_json).collect::<Result<_, _>>()?
            }
        };
        Ok(Self {
            request: Row::of_request(params.get("request"))?,
            certificate: Row::of_certificate(params.get("certificate"))?,
            attributes: Attributes::from_json(params.get("attributes"))?,
            extensions,
        })
    }
}

impl Event {
    /// Reads the `event` member.
    pub fn from_json(json: &Json) -> Result<Self, ModuleError> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).ok_or_else(|| wrong(name));
        let number = |name: &str| json.get(name).and_then(Json::as_u64).ok_or_else(|| wrong(name));
        let word = |name: &str| u32::try_from(number(name)?).map_err(|_| wrong(name));
        let request_id = match json.get("request_id") {
            None | Some(Json::Null) => None,
            Some(id) => Some(id.as_i64().ok_or_else(|| wrong("request_id"))?),
        };
        Ok(Self {
            id: number("id")?,
            name: text("name")?.to_owned().into(),
            bit: word("bit")?,
            attempt: word("attempt")?,
            occurred: text("occurred")?.parse::<Timestamp>().map_err(|_| wrong("occurred"))?,
            hash: hash(text("hash")?).ok_or_else(|| wrong("hash"))?,
            request_id,
        })
    }
}

fn context(params: &Json) -> Result<u64, ModuleError> {
    params.get("context").and_then(Json::as_u64).ok_or_else(|| unfit("`context` is missing or no number"))
}

fn wrong(name: &str) -> ModuleError {
    unfit(format!("`event.{name}` is missing or not of its type"))
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use serde_json::json;

    use super::*;
    use crate::{EventId, ExitEvent, Notification, RequestId, Value};

    fn message() -> Notify {
        let notification = Notification {
            id: EventId(41),
            event: ExitEvent::CertIssued,
            occurred: "2026-01-02T03:04:05.25Z".parse().unwrap(),
            request: Some(RequestId(7)),
            attempt: 2,
            hash: [0xab; 32],
        };
        let mut request = Request::default();
        request.request.push("RequestID", Value::Long(7));
        request.certificate.push("RawCertificate", Value::Binary(vec![0x30, 0]));
        request.attributes.push("CertificateTemplate", "WebServer");
        let mut ca = Row::default();
        ca.push("CRLState.0", Value::Long(3));
        Notify { context: 9, event: (&notification).into(), request, ca }
    }

    #[test]
    fn an_event_comes_back_as_it_went() {
        let message = message();
        let json = serde_json::to_value(&message).unwrap();
        assert_eq!(Notify::from_json(&json), Ok(message.clone()));
        let batch = NotifyBatch { events: vec![message.clone(), message.clone()] };
        assert_eq!(NotifyBatch::from_json(&serde_json::to_value(&batch).unwrap()), Ok(batch));
        let notification = message.event.notification().unwrap();
        assert_eq!((notification.id, notification.request), (EventId(41), Some(RequestId(7))));
        let question = VerifyRequest { context: 3, new: false, request: message.request, ca: message.ca };
        assert_eq!(VerifyRequest::from_json(&serde_json::to_value(&question).unwrap()), Ok(question));
    }

    #[test]
    fn an_event_of_later_servers_is_read_and_is_no_notification() {
        let mut json = serde_json::to_value(message()).unwrap();
        json["event"]["bit"] = json!(0x400);
        json["event"]["name"] = json!("key-recovered");
        assert_eq!(Notify::from_json(&json).unwrap().event.notification(), None);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (member, value) in [
            ("id", json!(-1)),
            ("attempt", json!(1_u64 << 32)),
            ("occurred", json!("yesterday")),
            ("hash", json!("+f".repeat(32))),
            ("hash", json!("é".repeat(32))),
            ("request_id", json!("7")),
        ] {
            let mut json = serde_json::to_value(message()).unwrap();
            json["event"][member] = value;
            let error = Notify::from_json(&json).unwrap_err();
            assert!(error.message.contains(member), "{error}");
        }
        assert!(Notify::from_json(&json!(null)).is_err() && NotifyBatch::from_json(&json!({"events": 1})).is_err());
    }
}
