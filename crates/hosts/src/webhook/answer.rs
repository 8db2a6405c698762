//! What an endpoint's answer means.

use std::time::Duration;

use module::wire::Verdict;
use module::{Decision, HResult, ModuleError, Undelivered, wire};
use serde_json::Value as Json;
use ureq::http::{StatusCode, header};

use super::client::Answer;

/// Characters of an answer's body that an error shows.
const SHOWN: usize = 200;

/// Whether the message was taken: any 2xx. What stands in the body does not matter.
pub(super) fn taken(answer: &Answer) -> Result<(), ModuleError> {
    if answer.status.is_success() { Ok(()) } else { Err(refusal(answer)) }
}

/// The same for an event. An endpoint that asks for patience, or is gone, is as good as not reached: that is no attempt.
pub(super) fn delivered(answer: &Answer) -> Result<(), Undelivered> {
    let reached = !asks_for_patience(answer.status) && answer.status != StatusCode::GONE;
    taken(answer).map_err(|error| if reached { Undelivered::Failed(error) } else { Undelivered::Refused(error) })
}

/// Whether the endpoint wants nothing for now, whatever it may be.
pub(super) fn asks_for_patience(status: StatusCode) -> bool {
    matches!(status.as_u16(), 425 | 429 | 503)
}

/// How long the endpoint asks to be left alone (RFC 9110 10.2.3, seconds only), at most `longest`.
pub(super) fn retry_after(answer: &Answer, longest: Duration) -> Option<Duration> {
    if !asks_for_patience(answer.status) {
        return None;
    }
    let seconds: u64 = answer.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(longest))
}

/// Whether one event of a batch may be to blame for this answer, so that sending them one by one finds it. An endpoint
/// that is busy or down would answer each of them the same.
pub(super) fn blames_the_message(status: StatusCode) -> bool {
    let endpoint_alone = matches!(
        status,
        StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::GONE
    );
    !(status.is_success() || status.is_redirection() || endpoint_alone || asks_for_patience(status))
}

/// The JSON object of a 2xx answer; none where the body is something else.
pub(super) fn object(answer: &Answer) -> Option<Json> {
    let body = answer.body.as_ref().ok()?;
    serde_json::from_slice(body).ok().filter(Json::is_object)
}

/// The decision in the answer to a policy question. 403 is a refusal too: whoever stands before the endpoint, it does
/// not want this request. All else that is not a clear decision is an error, and never means *issue*.
pub(super) fn verdict(answer: &Answer) -> Result<Verdict, ModuleError> {
    if answer.status == StatusCode::FORBIDDEN {
        let message = object(answer).and_then(|body| Some(body.get("message")?.as_str()?.to_owned()));
        let message = message.unwrap_or_else(|| "the policy endpoint answered 403 Forbidden".to_owned());
        return Ok(Decision::deny(HResult::E_ACCESSDENIED, message).into());
    }
    taken(answer)?;
    let body = answer.body.as_ref().map_err(Clone::clone)?;
    let json: Json = serde_json::from_slice(body).map_err(|error| {
        let text = format!("the endpoint's answer is not JSON ({error}): {}", excerpt(body));
        ModuleError::new(HResult::ERROR_INVALID_DATA, text)
    })?;
    Verdict::read(&json)
}

/// Why the message was not taken: in the endpoint's own code and words where it gives a code, else by the status.
fn refusal(answer: &Answer) -> ModuleError {
    let said = object(answer);
    let member = |name: &str| said.as_ref().and_then(|said| said.get(name));
    let message = member("message").and_then(Json::as_str);
    let own = member("hresult").and_then(wire::hresult).filter(|code| code.is_failure());
    let status = answer.status;
    // 410 says more than any code: nobody will ever take it there. And whoever asks for patience refuses nothing for good.
    let counts = |code: &HResult| match status {
        StatusCode::GONE => false,
        status => !(asks_for_patience(status) && *code == HResult::ERROR_REQUEST_REFUSED),
    };
    if let Some(code) = own.filter(counts) {
        return ModuleError::new(code, message.unwrap_or("the endpoint gives no reason"));
    }
    let (code, advice) = match status.as_u16() {
        300..=399 => (HResult::ERROR_BAD_PATHNAME, "redirects are not followed: set `url` to where it points"),
        400 | 422 => (HResult::ERROR_INVALID_DATA, "the endpoint does not accept the message"),
        401 | 403 | 407 => (
            HResult::E_ACCESSDENIED,
            "the endpoint does not let the server in: look at `secret`, `authorization`, `client_certificate`",
        ),
        404 | 405 => (HResult::ERROR_FILE_NOT_FOUND, "there is no such endpoint: look at `url`"),
        408 | 504 => (HResult::ERROR_TIMEOUT, "the endpoint was too slow"),
        410 => (
            HResult::ERROR_REQUEST_REFUSED,
            "the endpoint is gone for good, and is sent nothing more: set another `url`, or, where it is back, enable the module",
        ),
        413 => (HResult::ERROR_INVALID_DATA, "the message is too long for the endpoint: make `batch` smaller"),
        415 => (HResult::ERROR_INVALID_DATA, "the endpoint does not take CloudEvents in JSON"),
        425 | 429 | 503 => (HResult::E_ABORT, "the endpoint asks for patience"),
        500..=599 => (HResult::RPC_E_SERVERFAULT, "the endpoint failed"),
        _ => (HResult::ERROR_INVALID_DATA, "the endpoint does not take the message"),
    };
    let target = answer.headers.get(header::LOCATION).filter(|_| status.is_redirection());
    let target = target.and_then(|target| target.to_str().ok()).map(without_credentials);
    let detail = match (target.as_deref(), message, &answer.body) {
        (Some(text), _, _) | (None, Some(text), _) => format!(" ({})", excerpt(text.as_bytes())),
        (None, None, Ok(body)) if !body.is_empty() => format!(" ({})", excerpt(body)),
        _ => String::new(),
    };
    ModuleError::new(code, format!("{status}: {advice}{detail}"))
}

/// A URL without what stands behind `?` and before `@`: it may be a credential, and a requester reads the text too.
fn without_credentials(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("//") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}//{host}{}{}", if path.is_some() { "/" } else { "" }, path.unwrap_or_default())
}

/// The start of a foreign text, on one line and without control characters.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..4 * SHOWN).unwrap_or(bytes));
    let mut shown: String = text.trim().chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > SHOWN || bytes.len() > 4 * SHOWN {
        shown.push_str(" …");
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use ureq::http::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: HeaderMap::new(), body: Ok(body.as_bytes().to_vec()) }
    }

    #[test]
    fn a_status_says_whether_the_message_was_taken() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(taken(&answer(status, "whatever")), Ok(()), "{status}");
        }
        for (status, code) in [
            (301, HResult::ERROR_BAD_PATHNAME),
            (308, HResult::ERROR_BAD_PATHNAME),
            (400, HResult::ERROR_INVALID_DATA),
            (401, HResult::E_ACCESSDENIED),
            (404, HResult::ERROR_FILE_NOT_FOUND),
            (410, HResult::ERROR_REQUEST_REFUSED),
            (429, HResult::E_ABORT),
            (500, HResult::RPC_E_SERVERFAULT),
            (503, HResult::E_ABORT),
            (504, HResult::ERROR_TIMEOUT),
            (600, HResult::ERROR_INVALID_DATA),
        ] {
            let error = taken(&answer(status, "no\u{1b}[31m\nway")).unwrap_err();
            assert_eq!(error.code, code, "{status}: {error}");
            assert!(error.message.contains("no [31m way") && error.message.contains(&status.to_string()), "{error}");
        }
        let own = r#"{"hresult": "0x80070050", "message": "7.cer exists"}"#;
        for status in [400, 500, 503] {
            let error = taken(&answer(status, own)).unwrap_err();
            assert_eq!(error, ModuleError::new(HResult::ERROR_FILE_EXISTS, "7.cer exists"), "{status}");
        }
        let gone = taken(&answer(410, own)).unwrap_err();
        assert!(gone.is_for_good() && gone.message.contains("7.cer exists"), "{gone}");
        let told = taken(&answer(500, r#"{"hresult": "0x00000000", "message": "disk full"}"#)).unwrap_err();
        assert_eq!(told.message, "500 Internal Server Error: the endpoint failed (\"disk full\")");
        let mut moved = answer(307, "");
        moved.headers.insert(header::LOCATION, "https://new.example.org/exeunt?token=hunter2".parse().unwrap());
        let error = taken(&moved).unwrap_err();
        assert!(error.message.ends_with("(\"https://new.example.org/exeunt\")"), "{error}");
        for (given, shown) in [
            ("https://me:hunter2@new.example.org", "https://new.example.org"),
            ("//me@new.example.org:8443/a@b/#c", "//new.example.org:8443/a@b/"),
            ("/elsewhere?token=hunter2", "/elsewhere"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(given), shown);
        }
        let long = taken(&answer(500, &"ä".repeat(10_000))).unwrap_err();
        assert!(long.message.len() < 600, "{long}");
    }

    #[test]
    fn patience_is_asked_for_in_seconds_and_has_an_end() {
        let longest = Duration::from_secs(300);
        for (status, value, wait) in [
            (503, "7", Some(7)),
            (425, "1", Some(1)),
            (429, " 0", Some(0)),
            (429, "99999999999", Some(300)),
            (503, "-1", None),
            (503, "Fri, 31 Dec 1999 23:59:59 GMT", None),
            (500, "7", None),
        ] {
            let mut asks = answer(status, "");
            asks.headers.insert(header::RETRY_AFTER, value.parse().unwrap());
            assert_eq!(retry_after(&asks, longest), wait.map(Duration::from_secs), "{status} {value}");
        }
        assert!(matches!(delivered(&answer(503, "")), Err(Undelivered::Refused(_))));
        assert!(matches!(delivered(&answer(410, "")), Err(Undelivered::Refused(error)) if error.is_for_good()));
        let for_good = r#"{"hresult": "0x800710E0", "message": "never"}"#;
        assert!(matches!(delivered(&answer(500, for_good)), Err(Undelivered::Failed(error)) if error.is_for_good()));
        assert!(matches!(delivered(&answer(503, for_good)), Err(Undelivered::Refused(error)) if !error.is_for_good()));
        assert!(matches!(delivered(&answer(500, "")), Err(Undelivered::Failed(_))));
    }

    #[test]
    fn only_a_clear_decision_counts() {
        assert_eq!(verdict(&answer(200, r#"{"decision":"issue"}"#)).unwrap().decision, Decision::Issue);
        assert_eq!(
            verdict(&answer(403, r#"{"message":"not you"}"#)).unwrap().decision,
            Decision::deny(HResult::E_ACCESSDENIED, "not you")
        );
        assert!(matches!(verdict(&answer(403, "<html>")).unwrap().decision, Decision::Deny { .. }));
        assert!(matches!(verdict(&answer(403, r#"{"decision":"issue"}"#)).unwrap().decision, Decision::Deny { .. }));
        for (status, body) in [
            (200, ""),
            (200, "issue"),
            (200, r#""issue""#),
            (200, r#"{"decision":"ISSUE"}"#),
            (200, r#"{"decision":["issue"]}"#),
            (200, r#"{"decision":"issue"} trailing"#),
            (200, r#"[{"decision":"issue"}]"#),
            (302, r#"{"decision":"issue"}"#),
            (401, r#"{"decision":"issue"}"#),
            (500, r#"{"decision":"issue"}"#),
        ] {
            assert!(verdict(&answer(status, body)).is_err(), "{status} {body}");
        }
        let mut torn = answer(200, "");
        torn.body = Err(ModuleError::from(HResult::RPC_E_DISCONNECTED));
        assert_eq!(verdict(&torn).unwrap_err().code, HResult::RPC_E_DISCONNECTED);
    }
}
