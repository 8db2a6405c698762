//! What the tests of the built-in modules share.

#![allow(dead_code, clippy::unwrap_used, reason = "tests; not every test file uses everything")]

#[path = "../../../testkit/src/server.rs"]
mod server;

use jiff::{SignedDuration, Timestamp};
use module::{EventId, ExitEvent, ExitModule, ModuleError, Notification, RequestId, Settings};
use pki::{CrlHeader, Extension, SignatureAlgorithm, assemble};
pub use server::FakeServer;

/// A module of a built-in kind.
pub fn module(kind: &str, settings: &[(&str, &str)]) -> Result<Box<dyn ExitModule>, ModuleError> {
    let settings: Settings = settings.iter().copied().collect();
    modules::kinds().iter().find(|known| known.name() == kind).unwrap().exit_module("m", &settings)
}

/// Event 41 about request 7.
pub fn notification(event: ExitEvent) -> Notification {
    Notification {
        id: EventId(41),
        event,
        occurred: "2025-06-01T12:00:00Z".parse().unwrap(),
        request: (!matches!(event, ExitEvent::CrlIssued | ExitEvent::Shutdown)).then_some(RequestId(7)),
        attempt: 1,
        hash: [0xab; 32],
    }
}

/// A CRL without entries; nobody here checks its signature.
pub fn crl(issuer: &str, number: u64, delta_of: Option<u64>) -> Vec<u8> {
    let this_update: Timestamp = "2025-06-01T12:00:00Z".parse().unwrap();
    let mut extensions: Vec<Extension> = vec![pki::extension::crl_number(number)];
    extensions.extend(delta_of.map(pki::extension::delta_crl_indicator));
    let header = CrlHeader {
        signature: SignatureAlgorithm::EcdsaSha256,
        issuer: pki::Name::parse(issuer).unwrap(),
        this_update,
        next_update: this_update + SignedDuration::from_hours(24),
        extensions,
    };
    let tbs = [header.prefix(0).unwrap(), header.suffix().unwrap()].concat();
    assemble(&tbs, SignatureAlgorithm::EcdsaSha256, &[0; 8])
}
