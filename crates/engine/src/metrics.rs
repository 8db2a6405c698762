//! Numbers about the authority, for monitoring: no names of people, no settings of modules, and so no right is needed.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use module::{EventId, Role};

use crate::exits::ModuleState;
use crate::store::{CrlKind, CrlRow};
use crate::{Engine, Error};

/// The numbers at one moment.
#[derive(Clone, Debug)]
pub struct EngineMetrics {
    /// Certificates issued since the start.
    pub issued: u64,
    /// Requests taken under submission since the start.
    pub pending: u64,
    /// Requests denied since the start.
    pub denied: u64,
    /// Requests that failed since the start.
    pub failed: u64,
    /// Revocations and releases since the start.
    pub revoked: u64,
    /// The newest event.
    pub event_head: EventId,
    /// The end of the CA certificate that signs now; none before the first is installed.
    pub ca_not_after: Option<Timestamp>,
    /// The newest CRLs, by key and kind.
    pub crls: Vec<CrlRow>,
    /// The installed modules.
    pub modules: Vec<ModuleMetrics>,
}

/// The numbers of one module.
#[derive(Clone, Debug)]
pub struct ModuleMetrics {
    /// Its name.
    pub name: String,
    /// What it does.
    pub role: Role,
    /// What it is doing.
    pub state: ModuleState,
    /// Events between its place and the newest.
    pub lag: u64,
    /// Events delivered since it was started.
    pub delivered: u64,
    /// Deliveries failed since it was started.
    pub failed: u64,
    /// Events given up.
    pub parked: u64,
}

impl Engine {
    /// The numbers now. Each is read by itself: together they may be a moment apart.
    pub fn metrics(&self) -> Result<EngineMetrics, Error> {
        let counters = self.counters();
        let ca = self.ca();
        let mut crls = Vec::new();
        for key in ca.key_indexes() {
            for kind in [CrlKind::Base, CrlKind::Delta] {
                crls.extend(self.newest_crl(key, kind)?);
            }
        }
        let mut modules = Vec::new();
        for installed in self.site.store.modules()? {
            let status = self.status(installed)?;
            modules.push(ModuleMetrics {
                name: status.installed.name,
                role: status.installed.role,
                state: status.state,
                lag: status.lag,
                delivered: status.delivered,
                failed: status.failed,
                parked: status.parked,
            });
        }
        Ok(EngineMetrics {
            issued: counters.issued.load(Ordering::Relaxed),
            pending: counters.pending.load(Ordering::Relaxed),
            denied: counters.denied.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
            revoked: counters.revoked.load(Ordering::Relaxed),
            event_head: self.event_head()?.0,
            ca_not_after: ca.certificates().last().map(|installed| installed.certificate.not_after()),
            crls,
            modules,
        })
    }
}
