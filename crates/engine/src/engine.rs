//! The engine: its parts, how it starts, and how it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use module::{Disposition, Role};
use parking_lot::Mutex;
use serde_json::json;

use crate::audit::Act;
use crate::exits::{Exits, ModuleLoader};
use crate::policies::Policies;
use crate::roles::{Authorised, RoleTable, right};
use crate::schedule::Scheduler;
use crate::site::Site;
use crate::store::Change;
use crate::trial::{self, Trials};
use crate::{Ca, Config, Error, Signer, Store, World};

/// What an engine is made of.
pub struct Opening {
    /// Checked configuration.
    pub config: Config,
    /// The database.
    pub store: Arc<dyn Store>,
    /// The CA keys, in any order: matched to CA certificates by their public halves.
    pub signers: Vec<Arc<dyn Signer>>,
    /// Makes modules.
    pub loader: Arc<dyn ModuleLoader>,
    /// Time, randomness and files.
    pub world: World,
}

/// A certification authority at work.
pub struct Engine {
    pub(crate) site: Arc<Site>,
    pub(crate) policies: Policies,
    pub(crate) exits: Exits,
    pub(crate) loader: Arc<dyn ModuleLoader>,
    pub(crate) trials: Arc<Trials>,
    pub(crate) counters: Counters,
    /// Installed modules change one at a time.
    pub(crate) modules: Mutex<()>,
    /// CRLs are published one publication at a time.
    pub(crate) publishing: Mutex<()>,
    pub(crate) scheduler: Mutex<Option<Scheduler>>,
    stopped: AtomicBool,
}

impl Engine {
    /// Opens the authority: reads its certificates, loads its policy modules (a failure keeps it from starting), starts
    /// its exit modules (a failure is tried again and keeps nobody waiting), writes the CA certificates to their
    /// locations, and starts the CRL schedule.
    pub fn open(opening: Opening) -> Result<Arc<Self>, Error> {
        let Opening { config, store, signers, loader, world } = opening;
        let ca = Ca::new(store.ca_certificates()?, signers)?;
        let site = Arc::new(Site::new(config, store, world, ca));
        let installed = site.store.modules()?;

        let (trials, ended_trials) = Trials::new();
        let trials = Arc::new(trials);
        let policies = Policies::new();
        let enabled = installed.iter().filter(|module| module.enabled);
        let chain = enabled.clone().filter(|module| module.role == Role::Policy);
        policies.replace(
            chain
                .map(|module| Policies::load(&site, loader.as_ref(), &trials, module.clone()))
                .collect::<Result<_, _>>()?,
        );
        let audit = Act::Started.entry("server", site.now(), None, json!({ "name": site.config.name }));
        site.store.commit(Change { audit: Some(audit), ..Change::default() })?;

        let exits = Exits::new(Arc::clone(&site), Arc::clone(&loader), Arc::clone(&trials));
        for module in enabled.filter(|module| module.role == Role::Exit) {
            exits.start(module.clone(), None);
        }
        let engine = Arc::new(Self {
            site,
            policies,
            exits,
            loader,
            trials,
            counters: Counters::default(),
            modules: Mutex::new(()),
            publishing: Mutex::new(()),
            scheduler: Mutex::new(None),
            stopped: AtomicBool::new(false),
        });
        engine.sweep_code();
        trial::watch(&engine, ended_trials)?;
        engine.write_ca_certificates();
        *engine.scheduler.lock() = Some(Scheduler::start(&engine)?);
        Ok(engine)
    }

    /// Stops: scheduled work first, then exit modules (each told `SHUTDOWN`), then policy modules. Calls that are under
    /// way have to be drained by whoever made them. Stopping twice is stopping once.
    pub fn shut_down(&self, limit: Duration) {
        if self.stopped.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(scheduler) = self.scheduler.lock().take() {
            scheduler.stop();
        }
        self.exits.shut_down(limit);
        self.policies.shut_down();
        let audit = Act::Stopped.entry("server", self.site.now(), None, json!({}));
        if let Err(error) = self.site.store.commit(Change { audit: Some(audit), ..Change::default() }) {
            tracing::error!("the end of service could not be recorded: {error}");
        }
    }

    /// Records that somebody asked the server to stop. Whoever runs the engine stops it then.
    pub fn request_stop(&self, by: &Authorised<right::Operate>) -> Result<(), Error> {
        let audit = Act::StopRequested.entry(&by.caller().name, self.site.now(), None, json!({}));
        self.site.store.commit(Change { audit: Some(audit), ..Change::default() })?;
        Ok(())
    }

    /// Records that somebody had the certificates and keys of the listeners read again. Whoever runs the listeners does that.
    pub fn record_reload(&self, by: &Authorised<right::Administer>, error: Option<&str>) -> Result<(), Error> {
        let detail = json!({ "error": error });
        let audit = Act::ServerReloaded.entry(&by.caller().name, self.site.now(), None, detail);
        self.site.store.commit(Change { audit: Some(audit), ..Change::default() })?;
        Ok(())
    }

    /// Writes a copy of the database, as it is now, to a new file on the server that nobody else may read. It is recorded in
    /// the audit trail first, so that the copy says of itself that it was made.
    pub fn back_up(&self, by: &Authorised<right::Operate>, target: &std::path::Path) -> Result<(), Error> {
        if !target.is_absolute() {
            return Err(Error::refused(format!("`{}` is no absolute path", target.display())));
        }
        let detail = json!({ "file": target.to_string_lossy() });
        let audit = Act::BackedUp.entry(&by.caller().name, self.site.now(), None, detail);
        self.site.store.commit(Change { audit: Some(audit), ..Change::default() })?;
        Ok(self.site.store.copy_to(target)?)
    }

    /// Who may do what.
    pub fn authority(&self) -> &RoleTable {
        &self.site.config.roles
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.site.config
    }

    /// The CA certificates: public.
    pub fn ca(&self) -> Arc<Ca> {
        self.site.ca()
    }

    /// The sanitized name of the authority: in file names and URLs.
    pub fn sanitized_name(&self) -> &str {
        &self.site.sanitized_name
    }

    /// The DNS name of the server.
    pub fn dns_name(&self) -> &str {
        &self.site.world.dns_name
    }

    /// Now, by the engine's clock.
    pub fn now(&self) -> jiff::Timestamp {
        self.site.now()
    }

    /// What was counted since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether a certificate could be issued now: there is a CA certificate and its key, and the database can be
    /// written.
    pub fn ready(&self) -> Result<(), Error> {
        self.site.ca().issuer()?;
        self.site.store.commit(Change::default())?;
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shut_down(Duration::from_secs(5));
    }
}

/// Decisions since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Certificates issued.
    pub issued: AtomicU64,
    /// Requests taken under submission.
    pub pending: AtomicU64,
    /// Requests denied.
    pub denied: AtomicU64,
    /// Requests that failed.
    pub failed: AtomicU64,
    /// Revocations and releases.
    pub revoked: AtomicU64,
}

impl Counters {
    pub(crate) fn count(&self, disposition: Disposition) {
        let counter = match disposition {
            Disposition::Issued => &self.issued,
            Disposition::Pending => &self.pending,
            Disposition::Denied => &self.denied,
            Disposition::Revoked => &self.revoked,
            Disposition::Failed | Disposition::Active | Disposition::Foreign => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
