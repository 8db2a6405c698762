//! What happens in the laboratory: every event of the contract, on realistic rows, with real certificates and CRLs.
//!
//! Numbers of events and requests ascend over the whole life of a story, so that no check repeats another's event unless
//! it means to.

mod happenings;
mod odd;
mod people;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use module::{EventId, ExitEvent, Notification, RequestId, RevocationReason};
use pki::GeneralName;

use crate::Error;
use crate::authority::{Authority, CA_NAME};
use crate::row::Row;
use crate::scene::{Happening, Properties, Scene};
pub(crate) use odd::ALWAYS;
use people::Cast;
pub(crate) use people::Subject;
pub(crate) use rows::to_encode;

/// The name of the profile that the laboratory's requests ask for.
pub const PROFILE: &str = "web-server";

/// Requests and events of one run.
#[derive(Debug)]
pub struct Story {
    authority: Authority,
    cast: Cast,
    /// The last event's number and hash.
    head: (u64, [u8; 32]),
    last_request: i64,
    last_crl: u64,
    /// The authority's properties with its newest CRLs.
    properties: Arc<Properties>,
}

impl Story {
    /// A story that happens now. The same seed gives the same names and numbers; keys are always new.
    ///
    /// # Errors
    /// [`Error::Machine`] without randomness.
    pub fn new(seed: u64, now: Timestamp) -> Result<Self, Error> {
        let authority = Authority::new(now)?;
        let base = authority.crl(1, None, &[])?;
        let properties = Arc::new(authority.properties(Some(base.der()), None));
        // Far apart for neighbouring seeds, and within 32 bits: a module that keeps a list across runs sees new numbers.
        let start = seed % 1_000_000 * 1_000;
        Ok(Self {
            authority,
            cast: Cast::new(seed),
            head: (start, pki::sha256(&seed.to_be_bytes())),
            last_request: i64::try_from(start).unwrap_or_default(),
            last_crl: 1,
            properties,
        })
    }

    /// The authority.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The scene of `initialize`: the authority alone.
    pub fn alone(&self) -> Arc<Scene> {
        Arc::new(Scene { contents: None, authority: Arc::clone(&self.properties) })
    }

    /// Every happening of one kind of event that a module should have met.
    ///
    /// # Errors
    /// [`Error::Machine`] where a certificate cannot be made.
    pub fn of(&mut self, event: ExitEvent) -> Result<Vec<Happening>, Error> {
        match event {
            ExitEvent::CertIssued => self.issued(),
            ExitEvent::CertPending => self.pending(),
            ExitEvent::CertDenied => self.denied(),
            ExitEvent::CertRevoked => self.revoked(),
            ExitEvent::CertRetrievePending => self.retrieved(),
            ExitEvent::CrlIssued => self.published(),
            ExitEvent::Shutdown => Ok(vec![self.shutdown()]),
            ExitEvent::CertImported => self.imported(),
        }
    }

    /// One ordinary happening of a kind of event.
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub fn one(&mut self, event: ExitEvent) -> Result<Happening, Error> {
        let row = match event {
            ExitEvent::CertIssued => self.certificate()?,
            ExitEvent::CertPending => self.waiting("")?,
            ExitEvent::CertRevoked => {
                let row = self.certificate()?;
                self.revoke(row, RevocationReason::Superseded)
            }
            ExitEvent::CertRetrievePending => self.approved()?,
            ExitEvent::CertDenied | ExitEvent::CertImported | ExitEvent::CrlIssued | ExitEvent::Shutdown => {
                let first = self.of(event)?.into_iter().next();
                return first.ok_or_else(|| Error::Machine(format!("the laboratory knows no `{event}`")));
            }
        };
        Ok(self.tell(event, event.name(), Some(&row)))
    }

    /// The next event, about this row or about none.
    pub(crate) fn tell(&mut self, event: ExitEvent, title: &str, row: Option<&Row>) -> Happening {
        let (number, before) = self.head;
        let (number, hash) = (number + 1, pki::sha256(&[&before[..], &(number + 1).to_be_bytes()].concat()));
        if event != ExitEvent::Shutdown {
            self.head = (number, hash);
        }
        let notification = Notification {
            id: EventId(number),
            event,
            occurred: self.now(),
            request: row.map(|row| row.id),
            attempt: 1,
            hash,
        };
        let scene = Scene { contents: row.map(Row::contents), authority: Arc::clone(&self.properties) };
        Happening { title: title.to_owned(), notification, scene: Arc::new(scene) }
    }

    /// A server that asks for a certificate.
    pub(crate) fn server(&mut self) -> Subject {
        self.cast.server()
    }

    /// A person who asks for one.
    pub(crate) fn person(&mut self) -> Subject {
        self.cast.person()
    }

    /// The scene of a policy module that is asked about this row.
    pub(crate) fn ask(&self, row: &Row) -> Scene {
        Scene { contents: Some(row.contents()), authority: Arc::clone(&self.properties) }
    }

    fn now(&self) -> Timestamp {
        self.authority.now()
    }

    fn next_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }
}

/// The authority's name as `initialize` has it.
pub(crate) const fn ca_name() -> &'static str {
    CA_NAME
}

/// DNS names.
pub(crate) fn dns(names: &[&str]) -> Vec<GeneralName> {
    names.iter().map(|name| GeneralName::Dns((*name).to_owned())).collect()
}

/// No properties.
pub(crate) fn nothing_set() -> BTreeMap<String, String> {
    BTreeMap::new()
}
