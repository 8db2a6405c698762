//! CRLs: made, signed, and written where they can be fetched (RFC 5280 5).
//!
//! Start with [`publish`]: one publication from the request to its event. [`make`] makes the CRLs of one key, [`copy`]
//! writes them to their locations, [`schedule`] says what is due when. One CRL per CA *key*: certificates of one key
//! share it.

mod compose;
mod copy;
mod delta;
mod entries;
#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod fixture;
mod make;
#[cfg(test)]
mod memory;
mod publish;
mod reader;
pub(crate) mod schedule;
mod sign;
mod state;
#[cfg(test)]
mod tests;
mod times;

use jiff::Timestamp;
use module::HResult;
use parking_lot::Mutex;

use crate::location::Tokens;
use crate::store::{CrlKind, CrlRow};
use crate::{Ca, Config, Error, Store, StoreError, World};

pub(crate) use publish::publish;
pub use reader::CrlReader;
pub(crate) use state::state;

/// What an administrator asks for (`PublishCRLs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrlPublication {
    /// Base CRLs, and delta CRLs with them where those are enabled.
    pub base: bool,
    /// Delta CRLs.
    pub delta: bool,
    /// Make nothing: copy the newest CRLs of these kinds to their locations again. `next_update` is not looked at.
    pub republish: bool,
    /// When the next CRLs are due instead of a period from now; the CRLs' nextUpdate lies an overlap and the clock skew
    /// behind it. Delta CRLs that go with base CRLs never follow a date that is later than their own period's end.
    pub next_update: Option<Timestamp>,
}

bitflags::bitflags! {
    /// `CPF_*`: what a CRL is and how its publication went ([`CrlRow::flags`]).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PublishFlags: u32 {
        /// A base CRL.
        const BASE = 0x1;
        /// A delta CRL.
        const DELTA = 0x2;
        /// Written to every location.
        const COMPLETE = 0x4;
        /// The empty delta that follows the last one when delta CRLs are switched off.
        const SHADOW = 0x8;
        /// A location of a kind that nothing is written to.
        const BAD_URL_ERROR = 0x20;
        /// Somebody asked for it.
        const MANUAL = 0x40;
        /// It was not made: the key did not sign, or its signature does not verify.
        const SIGNATURE_ERROR = 0x80;
        /// A directory failed.
        const LDAP_ERROR = 0x100;
        /// A file failed.
        const FILE_ERROR = 0x200;
        /// An `ftp:` location was to be written.
        const FTP_ERROR = 0x400;
        /// An `http:` location was to be written.
        const HTTP_ERROR = 0x800;
        /// A delta was held back because its base could not be written to a directory.
        const POSTPONED_BASE_LDAP_ERROR = 0x1000;
        /// A delta was held back because its base could not be written to a file.
        const POSTPONED_BASE_FILE_ERROR = 0x2000;
    }
}

/// What a publication works on.
pub(crate) struct Publisher<'a> {
    pub(crate) config: &'a Config,
    /// The sanitized name of the authority.
    pub(crate) ca_name: &'a str,
    pub(crate) store: &'a dyn Store,
    pub(crate) world: &'a World,
    pub(crate) ca: &'a Ca,
    /// Held through each publication: a server publishes one at a time.
    pub(crate) lock: &'a Mutex<()>,
}

/// Why a publication takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion<'a> {
    /// Somebody asked, by name.
    Request(&'a str),
    /// It was due.
    Timer,
    /// An earlier one failed in part.
    Retry,
}

impl<'a> Occasion<'a> {
    /// Who asked; nobody where the schedule did.
    pub(crate) fn by(self) -> Option<&'a str> {
        match self {
            Self::Request(by) => Some(by),
            Self::Timer | Self::Retry => None,
        }
    }
}

impl Publisher<'_> {
    /// Now, to the microsecond: what the database keeps.
    fn now(&self) -> Timestamp {
        let now = self.world.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    fn tokens(&self, certificate: u16, key: u16, delta: bool) -> Tokens<'_> {
        Tokens { dns_name: &self.world.dns_name, ca_name: self.ca_name, certificate, key, delta }
    }

    /// The keys that CRLs are made for: those with a CA certificate that has not expired, and whose private key is here.
    fn live_keys(&self, now: Timestamp) -> Vec<u16> {
        let unexpired = |key: &u16| {
            let mut certificates = self.ca.certificates().iter().filter(|installed| installed.row.key_index == *key);
            certificates.any(|installed| installed.certificate.not_after() >= now)
        };
        let here = |key: &u16| match self.ca.crl_issuer(*key) {
            Ok(_) => true,
            Err(error) => {
                tracing::debug!(key, %error, "no CRLs are made for this key");
                false
            }
        };
        self.ca.key_indexes().into_iter().filter(unexpired).filter(here).collect()
    }

    /// The live keys, of which there must be one.
    fn keys(&self, now: Timestamp) -> Result<Vec<u16>, Error> {
        let keys = self.live_keys(now);
        if keys.is_empty() {
            self.ca.issuer()?;
            return Err(Error::conflict(
                HResult::CERTSRV_E_INVALID_CA_CERTIFICATE,
                "every CA certificate has expired; there is nothing that a CRL could be made for",
            ));
        }
        Ok(keys)
    }
}

/// CRLs of one key and kind looked at, newest first: expired ones are long dropped when this many have followed.
const HISTORY: usize = 1_000;

/// The newest CRL of a key and kind whose bytes are there.
pub(crate) fn newest(store: &dyn Store, key: u16, kind: CrlKind) -> Result<Option<CrlRow>, StoreError> {
    // Nearly always the very newest: an attempt that made none leaves a row without bytes.
    for limit in [1, HISTORY] {
        let found = store.crls(Some(key), Some(kind), limit)?.into_iter().find(|row| row.body.is_some());
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

impl CrlRow {
    /// Whether this row is of a CRL, and not of an attempt that made none ([`PublishFlags::SIGNATURE_ERROR`]).
    pub fn was_made(&self) -> bool {
        self.size > 0
    }
}
