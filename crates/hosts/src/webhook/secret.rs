//! The shared secrets, and the signatures made with them: HMAC-SHA256 as in the Standard Webhooks conventions.

use std::fmt;

use aws_lc_rs::hmac;
use base64ct::{Base64, Encoding};
use module::ModuleError;

/// What a secret starts with.
const PREFIX: &str = "whsec_";

/// What a signature starts with: the version of the scheme.
const VERSION: &str = "v1,";

/// Bytes of a secret.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// How far the clock of an endpoint may be from ours, in seconds.
pub(super) const TOLERANCE: u64 = 300;

/// One secret, shared with the endpoint.
#[derive(Clone)]
pub(super) struct Secret(hmac::Key);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Reads `whsec_` and base64. The error never holds the text.
    pub(super) fn parse(setting: &str, text: &str) -> Result<Self, ModuleError> {
        let unfit = || {
            ModuleError::invalid(format!(
                "the setting `{setting}` must be `{PREFIX}` and the base64 of {} to {} random bytes: make one with \
                 `echo \"{PREFIX}$(openssl rand -base64 32)\" > FILE`, and give it as @file:/path/of/FILE",
                BYTES.start(),
                BYTES.end()
            ))
        };
        let encoded = text.trim().strip_prefix(PREFIX).ok_or_else(unfit)?;
        let bytes = Base64::decode_vec(encoded).map_err(|_| unfit())?;
        if !BYTES.contains(&bytes.len()) {
            return Err(unfit());
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The signature of a message.
    fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("{VERSION}{}", Base64::encode_string(context.sign().as_ref()))
    }

    /// Whether a signature is ours; compared in constant time.
    fn verifies(&self, id: &str, timestamp: u64, body: &[u8], tag: &[u8]) -> bool {
        let mut signed = format!("{id}.{timestamp}.").into_bytes();
        signed.extend_from_slice(body);
        hmac::verify(&self.0, &signed, tag).is_ok()
    }
}

/// The value of `webhook-signature`: one signature for each secret, so that a receiver that knows any of them is content.
pub(super) fn signatures(secrets: &[Secret], id: &str, timestamp: u64, body: &[u8]) -> String {
    let all: Vec<String> = secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    all.join(" ")
}

/// The id under which an endpoint signs its answer: another than the message's, so that no one can pass a message off
/// as its own answer.
pub(super) fn answer_id(id: &str) -> String {
    format!("answer.{id}")
}

/// Checks the signature of an answer to the message `id`. The error says what is wrong, for people.
pub(super) fn verify_answer(
    secrets: &[Secret],
    id: &str,
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now: u64,
) -> Result<(), &'static str> {
    let timestamp = timestamp.ok_or("it has no `webhook-timestamp`")?;
    let signature = signature.ok_or("it has no `webhook-signature`")?;
    let timestamp: u64 = timestamp.parse().map_err(|_| "its `webhook-timestamp` is not a number")?;
    if now.abs_diff(timestamp) > TOLERANCE {
        return Err("its `webhook-timestamp` is more than 5 minutes from the server's clock");
    }
    let id = answer_id(id);
    let tags = signature.split(' ').filter_map(|one| one.strip_prefix(VERSION)).take(8);
    for tag in tags.filter_map(|encoded| Base64::decode_vec(encoded).ok()) {
        if secrets.iter().any(|secret| secret.verifies(&id, timestamp, body, &tag)) {
            return Ok(());
        }
    }
    Err("no signature of it was made with a secret of the module over `answer.<webhook-id>`")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ONE: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
    const TWO: &str = "whsec_dnV0c3JxcG9ubWxramloZ2ZlZGNiYTk4NzY1NDMyMTA=";

    fn secret(text: &str) -> Secret {
        Secret::parse("secret", text).unwrap()
    }

    #[test]
    fn a_signature_is_what_anyone_computes() {
        // printf '%s' 'evt_41.1700000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdefghijklmnopqrstuv -binary | base64
        let signature = secret(ONE).sign("evt_41", 1_700_000_000, br#"{"a":1}"#);
        assert_eq!(signature, "v1,ZU4Q6E/AdlSeJsT0wV93kK+Tl/6F2b9mVzY73Ij6QDA=");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_showing_it() {
        for text in ["", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64", &ONE[6..]] {
            let error = Secret::parse("secret", text).unwrap_err();
            assert!(error.message.contains("openssl rand") && !error.message.contains("hunter2"), "{error}");
        }
        assert!(Secret::parse("secret", &format!(" {ONE}\n")).is_ok());
        assert_eq!(format!("{:?}", secret(ONE)), "Secret(…)");
    }

    #[test]
    fn an_answer_is_bound_to_its_message_its_time_and_its_secret() {
        let (both, now) = ([secret(ONE), secret(TWO)], 1_700_000_000_u64);
        let check = |secrets: &[Secret], id: &str, timestamp: u64, signature: &str, body: &[u8]| {
            verify_answer(secrets, id, Some(&timestamp.to_string()), Some(signature), body, now)
        };
        let made = secret(TWO).sign(&answer_id("vr_1"), now, b"{}");
        assert_eq!(check(&both, "vr_1", now, &made, b"{}"), Ok(()));
        assert_eq!(check(&both, "vr_1", now, &format!("v2,x v1,AAAA {made}"), b"{}"), Ok(()));
        assert!(check(&both[..1], "vr_1", now, &made, b"{}").is_err());
        assert!(check(&both, "vr_2", now, &made, b"{}").is_err());
        assert!(check(&both, "vr_1", now + 1, &made, b"{}").is_err());
        assert!(check(&both, "vr_1", now, &made, b"{ }").is_err());
        let old = secret(TWO).sign(&answer_id("vr_1"), now - 301, b"{}");
        assert!(check(&both, "vr_1", now - 301, &old, b"{}").unwrap_err().contains("5 minutes"));
        // A message played back is no answer.
        let message = secret(TWO).sign("vr_1", now, b"{}");
        assert!(check(&both, "vr_1", now, &message, b"{}").is_err());
        for (timestamp, signature) in
            [(None, Some(made.as_str())), (Some("soon"), Some(&made)), (Some("1700000000"), None)]
        {
            assert!(verify_answer(&both, "vr_1", timestamp, signature, b"{}", now).is_err());
        }
    }
}
