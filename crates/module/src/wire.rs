//! The messages of the module protocol: JSON-RPC 2.0, one message a line.
//!
//! `docs/modules/protocol.md` is the specification. Each message has one type, which one side writes and the other reads:
//! the server's host of programs, and a program that is a module.
//!
//! | Here | Message | Written by | Read by |
//! |---|---|---|---|
//! | [`Incoming`], [`line()`], [`call`], [`answer`] | a line, whatever it holds | both | both |
//! | [`Initialize`] | `initialize` | server | module |
//! | [`Greeting`] | its result | module | server |
//! | [`body::Notify`], [`body::NotifyBatch`], [`body::VerifyRequest`] | what carries an event or a request | server | module |
//! | [`Progress`] | the result of `notify_batch` | module | server |
//! | [`Verdict`] | the result of `verify_request` | module | server |
//! | [`CallBack`] | a `server.*` call | module | server |
//! | [`CallError`] | the `error` of an answer | both | both |

mod batch;
pub mod body;
mod call_back;
mod greeting;
mod incoming;
mod received;
pub mod row;
pub mod value;
mod verdict;

use crate::{HResult, ModuleError};
use serde::Serialize;
use serde_json::{Value as Json, json};

pub use batch::Progress;
pub use call_back::CallBack;
pub use greeting::{Greeting, Initialize, Limits, Server, Versions, events};
pub use incoming::{Incoming, Unreadable};
pub use verdict::Verdict;

/// The oldest version of the protocol that is spoken.
pub const PROTOCOL_MIN: u32 = 1;
/// The newest version of the protocol that is spoken.
pub const PROTOCOL_MAX: u32 = 1;

/// JSON-RPC: the method is not known.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// JSON-RPC: the parameters do not fit the method.
pub const INVALID_PARAMS: i64 = -32602;
/// The call failed with the HRESULT in `data.hresult`.
pub const CONTRACT_ERROR: i64 = -32000;

/// The names of methods; those of call-backs are in [`CallBack::METHODS`].
pub mod method {
    /// Prepares the module.
    pub const INITIALIZE: &str = "initialize";
    /// Tells an exit module of an event.
    pub const NOTIFY: &str = "notify";
    /// Tells an exit module of several events, in their order.
    pub const NOTIFY_BATCH: &str = "notify_batch";
    /// Asks a policy module for its decision.
    pub const VERIFY_REQUEST: &str = "verify_request";
    /// Asks for the module's description.
    pub const DESCRIBE: &str = "describe";
    /// Asks for a sign of life.
    pub const PING: &str = "ping";
    /// Tells the module to end: a notification.
    pub const SHUTDOWN: &str = "shutdown";
    /// The module's: a line for the server's log, usually a notification.
    pub const LOG: &str = "log";
}

#[derive(Serialize)]
struct Call<'a, P> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    method: &'a str,
    params: P,
}

#[derive(Serialize)]
struct Answer<'a, R> {
    jsonrpc: &'static str,
    id: &'a Json,
    #[serde(flatten)]
    body: AnswerBody<R>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum AnswerBody<R> {
    Result(R),
    Error(Json),
}

/// A call as a line; a notification where `id` is none.
pub fn call(id: Option<u64>, method: &str, params: impl Serialize) -> Result<Vec<u8>, ModuleError> {
    line(&Call { jsonrpc: "2.0", id, method, params })
}

/// The answer to a call of the other side as a line.
pub fn answer(id: &Json, result: Result<Json, CallError>) -> Result<Vec<u8>, ModuleError> {
    let body = match result {
        Ok(result) => AnswerBody::Result(result),
        Err(error) => AnswerBody::Error(error.to_json()),
    };
    line(&Answer { jsonrpc: "2.0", id, body })
}

/// One message and its line feed. JSON escapes line feeds inside texts, so there is no other.
pub fn line(message: &impl Serialize) -> Result<Vec<u8>, ModuleError> {
    let mut bytes = Vec::with_capacity(512);
    serde_json::to_writer(&mut bytes, message)
        .map_err(|error| ModuleError::new(HResult::E_UNEXPECTED, format!("the message cannot be written: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Why a call fails, as the side that was called says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// There is no such method.
    UnknownMethod(String),
    /// The parameters do not fit.
    BadParameters(String),
    /// The contract's call failed.
    Contract(ModuleError),
}

impl CallError {
    /// The `error` member of the answer.
    pub fn to_json(&self) -> Json {
        match self {
            Self::UnknownMethod(name) => {
                json!({"code": METHOD_NOT_FOUND, "message": format!("there is no method `{name}`"),
                       "data": {"hresult": HResult::E_NOTIMPL.to_string()}})
            }
            Self::BadParameters(why) => {
                json!({"code": INVALID_PARAMS, "message": why,
                       "data": {"hresult": HResult::E_INVALIDARG.to_string()}})
            }
            Self::Contract(error) => {
                json!({"code": CONTRACT_ERROR, "message": error.message,
                       "data": {"hresult": error.code.to_string()}})
            }
        }
    }
}

impl From<ModuleError> for CallError {
    fn from(error: ModuleError) -> Self {
        Self::Contract(error)
    }
}

/// An HRESULT as modules write it: `"0x80070050"`, `"-2147024816"`, or a number, signed or not.
pub fn hresult(json: &Json) -> Option<HResult> {
    let number = match json {
        Json::Number(number) => number.as_i64()?,
        Json::String(text) => match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => i64::from(u32::from_str_radix(digits, 16).ok()?),
            None => text.parse().ok()?,
        },
        _ => return None,
    };
    let bits = u32::try_from(number).map(u32::cast_signed);
    bits.or_else(|_| i32::try_from(number)).ok().map(HResult)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn status_codes_are_read_as_modules_write_them() {
        for json in [json!("0x80070050"), json!("0X80070050"), json!(-2147024816), json!(2147942480_u32)] {
            assert_eq!(hresult(&json), Some(HResult::ERROR_FILE_EXISTS), "{json}");
        }
        assert_eq!(hresult(&json!("-2147024816")), Some(HResult::ERROR_FILE_EXISTS));
        for json in [json!("0x180070050"), json!(1_u64 << 40), json!(null), json!("file exists"), json!(1.5)] {
            assert_eq!(hresult(&json), None, "{json}");
        }
    }

    #[test]
    fn a_message_is_one_line_whatever_its_texts_hold() {
        let bytes = call(Some(7), method::NOTIFY, json!({"text": "one\ntwo\r\u{2028}"})).unwrap();
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(bytes.last(), Some(&b'\n'));
        let error = answer(&json!("a"), Err(ModuleError::empty("UPN").into())).unwrap();
        assert_eq!(
            String::from_utf8(error).unwrap(),
            "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"error\":{\"code\":-32000,\"data\":{\"hresult\":\"0x80094004\"},\
             \"message\":\"UPN has no value\"}}\n"
        );
    }
}
