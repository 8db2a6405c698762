//! What passes by itself fails no request, and what waited is judged by the day it is issued.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::{Error, Outcome, Signer, SignerError, Submission, right};
use jiff::{SignedDuration, Timestamp};
use module::{
    Decision, Disposition, HResult, ModuleError, PolicyModule, PropertyType, ServerExit, ServerPolicy, Undelivered,
    Value,
};
use pki::{Certificate, KeyAlgorithm, PublicKey, SignatureAlgorithm};
use testkit::authority::{Authority, Builder, PolicyFn, csr, plain_policy};

/// A key that can be out of reach.
struct Token {
    key: Arc<dyn Signer>,
    away: Arc<AtomicBool>,
}

impl Token {
    fn reach(&self) -> Result<&dyn Signer, SignerError> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(SignerError::Unavailable("the token was removed".into())),
            false => Ok(&*self.key),
        }
    }
}

impl Signer for Token {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.reach()?.sign(message)
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.reach()?.sign_digest(digest)
    }
}

fn pending(authority: &Authority) -> Outcome {
    let outcome = authority.submit("www.example.org", "Disposition:Pending");
    assert_eq!(outcome.disposition, Disposition::Pending, "{}", outcome.message);
    outcome
}

fn certificate(outcome: Outcome) -> Certificate {
    assert_eq!(outcome.disposition, Disposition::Issued, "{}", outcome.message);
    Certificate::from_der(&outcome.certificate.unwrap()).unwrap()
}

#[test]
fn a_key_out_of_reach_fails_no_request() {
    let away = Arc::new(AtomicBool::new(false));
    let token = Arc::clone(&away);
    let builder = Builder::new(KeyAlgorithm::P256).signer(|key| Arc::new(Token { key, away: token }));
    let authority = builder.open().unwrap();
    let officer = authority.by::<right::ManageCertificates>();
    let waiting = pending(&authority);
    let head = authority.engine.event_head().unwrap();

    away.store(true, Ordering::SeqCst);
    let submission = Submission { request: csr("other.example.org"), ..Submission::default() };
    let refused = authority.engine.submit(&authority.by::<right::Enrol>(), submission.clone());
    assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("removed")), "{refused:?}");
    let refused = authority.engine.approve(&officer, waiting.request);
    assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("removed")), "{refused:?}");
    let stored = authority.engine.request(&authority.by::<right::Read>(), waiting.request).unwrap();
    assert_eq!((stored.disposition, stored.version), (Disposition::Pending, 1));
    assert_eq!(authority.engine.event_head().unwrap(), head, "nothing happened, so nothing is told");

    away.store(false, Ordering::SeqCst);
    certificate(authority.engine.submit(&authority.by::<right::Enrol>(), submission).unwrap());
    certificate(authority.engine.approve(&officer, waiting.request).unwrap());
}

#[test]
fn a_request_that_waited_is_valid_from_its_approval_and_for_its_whole_time() {
    let authority = Authority::open();
    let at_once = certificate(authority.submit("www.example.org", ""));
    let waiting = pending(&authority);
    let wait = SignedDuration::from_hours(24 * 300);
    authority.clock.advance(wait);
    let officer = authority.by::<right::ManageCertificates>();
    let late = certificate(authority.engine.approve(&officer, waiting.request).unwrap());
    assert_eq!(late.not_before(), at_once.not_before().checked_add(wait).unwrap());
    let length = |certificate: &Certificate| certificate.not_after().duration_since(certificate.not_before());
    let days = (length(&late) - length(&at_once)).as_hours() / 24;
    assert!((-2..=2).contains(&days), "a year or two, give or take a leap day: {days}");
}

#[test]
fn an_end_that_policy_set_stays_and_can_pass_without_failing_the_request() {
    let end: Timestamp = "2026-12-24T00:00:00Z".parse().unwrap();
    let builder = Builder::new(KeyAlgorithm::P256);
    let plain = plain_policy();
    builder.loader().policy(
        "plain",
        Arc::new(PolicyFn(move |server: &mut dyn ServerPolicy, new| {
            plain.verify_request(server, new)?;
            if new {
                server.set_certificate_property("NotAfter", Some(Value::Date(end)))?;
                return Ok(Decision::Pend { message: String::new() });
            }
            assert_eq!(server.certificate_property("NotAfter", PropertyType::Date)?, Value::Date(end));
            Ok(Decision::Issue)
        })),
    );
    let authority = builder.open().unwrap();
    let officer = authority.by::<right::ManageCertificates>();
    let (first, second) = (pending(&authority), pending(&authority));
    authority.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(certificate(authority.engine.approve(&officer, first.request).unwrap()).not_after(), end);

    authority.clock.advance(SignedDuration::from_hours(24 * 60));
    let refused = authority.engine.approve(&officer, second.request);
    assert!(matches!(&refused, Err(Error::Conflict { message, .. }) if message.contains("has passed")), "{refused:?}");
    let stored = authority.engine.request(&authority.by::<right::Read>(), second.request).unwrap();
    assert_eq!(stored.disposition, Disposition::Pending);
}

/// A policy module whose host cannot reach it for a while.
struct Unreachable {
    away: Arc<AtomicBool>,
    inner: Arc<dyn PolicyModule>,
}

impl PolicyModule for Unreachable {
    fn initialize(&self, ca: &str, server: &dyn ServerExit) -> Result<(), ModuleError> {
        self.inner.initialize(ca, server)
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        self.ask(server, new).map_err(ModuleError::from)
    }

    fn ask(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, Undelivered> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(Undelivered::Refused(ModuleError::new(HResult::RPC_E_DISCONNECTED, "it starts again"))),
            false => self.inner.ask(server, new),
        }
    }

    fn description(&self) -> String {
        self.inner.description()
    }
}

#[test]
fn a_policy_module_that_never_saw_it_fails_no_request() {
    let builder = Builder::new(KeyAlgorithm::P256);
    let away = Arc::new(AtomicBool::new(false));
    builder.loader().policy("plain", Arc::new(Unreachable { away: Arc::clone(&away), inner: plain_policy() }));
    let authority = builder.open().unwrap();
    let officer = authority.by::<right::ManageCertificates>();
    let waiting = pending(&authority);
    let head = authority.engine.event_head().unwrap();

    away.store(true, Ordering::SeqCst);
    let submission = Submission { request: csr("other.example.org"), ..Submission::default() };
    let refused = authority.engine.submit(&authority.by::<right::Enrol>(), submission.clone());
    assert!(matches!(&refused, Err(Error::Unavailable(why)) if why.contains("`plain` cannot be asked")), "{refused:?}");
    let refused = authority.engine.approve(&officer, waiting.request);
    assert!(matches!(&refused, Err(Error::Unavailable(_))), "{refused:?}");
    let stored = authority.engine.request(&authority.by::<right::Read>(), waiting.request).unwrap();
    assert_eq!((stored.disposition, stored.version), (Disposition::Pending, 1));
    assert_eq!(authority.engine.event_head().unwrap(), head, "nothing happened, so nothing is told");

    away.store(false, Ordering::SeqCst);
    certificate(authority.engine.submit(&authority.by::<right::Enrol>(), submission).unwrap());
    certificate(authority.engine.approve(&officer, waiting.request).unwrap());
}
