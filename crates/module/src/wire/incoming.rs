//! Reading a line of the other side.

use crate::{HResult, ModuleError};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::METHOD_NOT_FOUND;

/// The longest id of a call, in bytes.
const ID_BYTES_MAX: usize = 256;

/// One message of the other side.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// The answer to one of our calls.
    Answer {
        /// The id of our call.
        id: u64,
        /// Its result, `null` where it gives none; or why the module failed it.
        result: Result<Json, ModuleError>,
    },
    /// A call to us; without an id it wants no answer.
    Call {
        /// Text or number, to be given back with the answer.
        id: Option<Json>,
        /// The method.
        method: String,
        /// The parameters; `null` where there are none.
        params: Json,
    },
}

/// A line that is not a message of the protocol, and why. The server ends a module for it; a module ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

#[derive(Deserialize)]
struct Envelope<'a> {
    jsonrpc: Option<String>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Json>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Json>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<Json>,
}

impl Incoming {
    /// Reads one line, without its line feed.
    ///
    /// Members that the protocol does not name are passed over. Nesting deeper than 128 is refused by the parser.
    pub fn parse(line: &[u8]) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(line).map_err(|_| unreadable("a line that is not UTF-8", line))?;
        if text.trim_start().starts_with('[') {
            return Err(unreadable("a batch, which the protocol does not have", line));
        }
        let envelope: Envelope<'_> = serde_json::from_str(text)
            .map_err(|error| unreadable(&format!("a line that is not a message ({error})"), line))?;
        if envelope.jsonrpc.as_deref() != Some("2.0") {
            return Err(unreadable("a message without `\"jsonrpc\":\"2.0\"`", line));
        }
        match (envelope.method, envelope.result, envelope.error) {
            (Some(method), None, None) => {
                let id = envelope.id.map(|id| checked_id(id, line)).transpose()?;
                let params = match envelope.params {
                    None => Json::Null,
                    Some(raw) => serde_json::from_str(raw.get())
                        .map_err(|error| unreadable(&format!("a call it cannot mean ({error})"), line))?,
                };
                Ok(Self::Call { id, method, params })
            }
            (None, Some(result), None) => Ok(Self::Answer { id: answered_id(envelope.id, line)?, result: Ok(result) }),
            (None, None, Some(error)) => match answered_id(envelope.id, line) {
                Ok(id) => Ok(Self::Answer { id, result: Err(error.into_module_error()) }),
                Err(_) => Err(unreadable("an error that answers no call", line)),
            },
            _ => Err(unreadable("a message that is neither a call nor an answer", line)),
        }
    }
}

impl ErrorBody {
    fn into_module_error(self) -> ModuleError {
        let stated = self.data.as_ref().and_then(|data| data.get("hresult")).and_then(super::hresult);
        let code = stated.unwrap_or(if self.code == METHOD_NOT_FOUND { HResult::E_NOTIMPL } else { HResult::E_FAIL });
        let message = if self.message.is_empty() { "no reason is given".to_owned() } else { self.message };
        ModuleError::new(code, message)
    }
}

/// An error that stands inside a result.
pub(super) fn error(json: &Json) -> Result<ModuleError, serde_json::Error> {
    ErrorBody::deserialize(json).map(ErrorBody::into_module_error)
}

/// A member that is there, `null` or not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

fn checked_id(id: Json, line: &[u8]) -> Result<Json, Unreadable> {
    match &id {
        Json::String(text) if text.len() <= ID_BYTES_MAX => Ok(id),
        Json::Number(_) => Ok(id),
        _ => Err(unreadable("a call whose id is neither a number nor a short text", line)),
    }
}

fn answered_id(id: Option<Json>, line: &[u8]) -> Result<u64, Unreadable> {
    id.as_ref().and_then(Json::as_u64).ok_or_else(|| unreadable("an answer without the number of a call", line))
}

/// What was wrong, with the start of the line for whoever looks for the fault.
fn unreadable(what: &str, line: &[u8]) -> Unreadable {
    const SHOWN: usize = 80;
    let start = String::from_utf8_lossy(line.get(..SHOWN).unwrap_or(line));
    let dots = if line.len() > SHOWN { " …" } else { "" };
    Unreadable(format!("{what}: {start:?}{dots}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn parse(line: &str) -> Result<Incoming, Unreadable> {
        Incoming::parse(line.as_bytes())
    }

    #[test]
    fn answers_are_read() {
        let ok = |result| Ok(Incoming::Answer { id: 3, result: Ok(result) });
        assert_eq!(parse(r#"{"jsonrpc":"2.0","id":3,"result":{}}"#), ok(json!({})));
        assert_eq!(parse(r#"{"jsonrpc":"2.0","id":3,"result":null,"later":[1]}"#), ok(json!(null)));
        let failed =
            parse(r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"no","data":{"hresult":"0x80070050"}}}"#);
        let error = ModuleError::new(HResult::ERROR_FILE_EXISTS, "no");
        assert_eq!(failed, Ok(Incoming::Answer { id: 3, result: Err(error) }));
        let bare = parse(r#"{"jsonrpc":"2.0","id":3,"error":{}}"#);
        let error = ModuleError::new(HResult::E_FAIL, "no reason is given");
        assert_eq!(bare, Ok(Incoming::Answer { id: 3, result: Err(error) }));
    }

    #[test]
    fn calls_are_read() {
        let call = parse(r#" {"jsonrpc":"2.0","id":"x","method":"m","params":{"a":[1,{"b":null}]}} "#).unwrap();
        let params = json!({"a": [1, {"b": null}]});
        assert_eq!(call, Incoming::Call { id: Some(json!("x")), method: "m".into(), params });
        let notification = parse(r#"{"jsonrpc":"2.0","method":"log"}"#).unwrap();
        assert_eq!(notification, Incoming::Call { id: None, method: "log".into(), params: Json::Null });
    }

    #[test]
    fn what_is_no_message_is_named() {
        let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for (line, what) in [
            ("", "not a message"),
            ("hello", "not a message"),
            ("42", "not a message"),
            (r#"{"jsonrpc":"2.0","id":1,"result":"#, "not a message"),
            (r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#, "a batch"),
            (r#"{"id":1,"result":{}}"#, "without `\"jsonrpc\""),
            (r#"{"jsonrpc":"2.0","id":1}"#, "neither a call nor an answer"),
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#, "neither a call nor an answer"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","result":1}"#, "neither a call nor an answer"),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"result":1}"#, "duplicate field"),
            (r#"{"jsonrpc":"2.0","id":1.5,"result":1}"#, "without the number of a call"),
            (r#"{"jsonrpc":"2.0","id":-1,"result":1}"#, "without the number of a call"),
            (r#"{"jsonrpc":"2.0","result":1}"#, "without the number of a call"),
            (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}"#, "an error that answers no call"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, "whose id is neither"),
            (deep.as_str(), "recursion limit"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(what), "{line}: {error}");
            assert!(error.len() < 400, "{error}");
        }
        assert!(Incoming::parse(b"\xff\xfe").unwrap_err().to_string().contains("not UTF-8"));
    }
}
