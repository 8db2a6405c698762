//! What every part of the engine works on.

use std::sync::Arc;

use jiff::Timestamp;
use module::{Disposition, RequestId};
use parking_lot::{Mutex, RwLock};

use crate::location::Tokens;
use crate::{Ca, Config, Error, Request, Store, World, sanitize};

/// Request numbers set aside at a time: one write for this many requests.
const RESERVED_REQUEST_IDS: u32 = 256;

/// Configuration, database, the world outside and the CA certificates.
pub(crate) struct Site {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) world: World,
    pub(crate) sanitized_name: String,
    ca: RwLock<Arc<Ca>>,
    reserved: Mutex<std::ops::Range<i64>>,
}

impl Site {
    pub(crate) fn new(config: Config, store: Arc<dyn Store>, world: World, ca: Ca) -> Self {
        let sanitized_name = sanitize::long(&config.name);
        Self { config, store, world, sanitized_name, ca: RwLock::new(Arc::new(ca)), reserved: Mutex::new(0..0) }
    }

    pub(crate) fn ca(&self) -> Arc<Ca> {
        Arc::clone(&self.ca.read())
    }

    /// Takes up the CA certificates that are stored. They are read under the lock: what was read earlier replaces nothing newer.
    pub(crate) fn read_ca(&self) -> Result<(), Error> {
        let mut ca = self.ca.write();
        let next = Ca::new(self.store.ca_certificates()?, ca.signers().to_vec())?;
        *ca = Arc::new(next);
        Ok(())
    }

    /// Now, to the microsecond: what the database keeps.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.world.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// A number for a new request. What is set aside and not used is a gap.
    pub(crate) fn next_request_id(&self) -> Result<RequestId, Error> {
        let mut reserved = self.reserved.lock();
        if reserved.is_empty() {
            let first = self.store.reserve_request_ids(RESERVED_REQUEST_IDS)?.0;
            *reserved = first..first + i64::from(RESERVED_REQUEST_IDS);
        }
        let id = reserved.next().expect("the range was just filled");
        Ok(RequestId(id))
    }

    /// What the tokens of URL templates stand for.
    pub(crate) fn tokens(&self, certificate: u16, key: u16, delta: bool) -> Tokens<'_> {
        Tokens { dns_name: &self.world.dns_name, ca_name: &self.sanitized_name, certificate, key, delta }
    }

    pub(crate) fn request(&self, id: RequestId) -> Result<Request, Error> {
        self.store.request(id)?.ok_or_else(|| Error::no_request(id))
    }
}

impl Request {
    /// The next version of this row.
    pub(crate) fn changed(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// Whether there is a certificate that this authority answers for.
    pub(crate) fn is_issued_or_revoked(&self) -> bool {
        matches!(self.disposition, Disposition::Issued | Disposition::Revoked)
    }
}
