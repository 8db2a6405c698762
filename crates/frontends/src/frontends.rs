//! All front ends together: opened, served and stopped as one.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use engine::Engine;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::heads::Heads;
use crate::listen::{Address, Bound, Certificates, ListenError, Listener, TlsError, stopped};
use crate::metrics::Metrics;
use crate::model::ModuleKind;
use crate::{Calls, Limits, admin, health, publication};

/// How often the listeners' certificate files are looked at.
const CERTIFICATES_LOOKED_AT: Duration = Duration::from_secs(30);
/// Threads that serve connections, at least and at most: one for each processor.
const WORKERS: RangeInclusive<usize> = 2..=8;

/// What front ends are made of.
pub struct Setup {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The version of the software, as `/v1/server` tells it.
    pub version: String,
    /// The kinds of module that can be installed.
    pub module_kinds: Vec<ModuleKind>,
    /// Where the admin API listens: Unix sockets and TLS. Peers of plain TCP are not known, and have no right here.
    pub admin: Vec<Address>,
    /// Where CRLs and CA certificates are published.
    pub publication: Vec<SocketAddr>,
    /// Where health and metrics are told besides the admin API; to be a loopback address.
    pub health: Option<SocketAddr>,
    /// What the listeners allow.
    pub limits: Limits,
    /// Called when an operator asks the server to stop: the process then calls [`Frontends::shut_down`].
    pub ask_to_stop: Box<dyn Fn() + Send + Sync>,
}

/// Why the front ends cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A listener.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A health listener that would tell the world.
    #[error("health and metrics are told on a loopback address only, not on {0}")]
    HealthNotLoopback(SocketAddr),
    /// The operating system gives no threads or descriptors.
    #[error("the front ends cannot be started: {0}")]
    Runtime(#[from] std::io::Error),
}

/// The front ends at work.
pub struct Frontends {
    bound: BoundAddresses,
    certificates: Vec<Certificates>,
    stop: watch::Sender<bool>,
    running: Mutex<Option<Running>>,
}

/// Where the front ends listen; ports are those the operating system gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundAddresses {
    /// The admin API.
    pub admin: Vec<Bound>,
    /// Publication.
    pub publication: Vec<SocketAddr>,
    /// Health and metrics.
    pub health: Option<SocketAddr>,
}

struct Running {
    runtime: Runtime,
    listeners: Vec<JoinHandle<usize>>,
    stop_limit: watch::Sender<Duration>,
}

impl fmt::Debug for Frontends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frontends").field("bound", &self.bound).finish_non_exhaustive()
    }
}

impl Frontends {
    /// Binds every listener, then serves them on threads of their own.
    ///
    /// # Errors
    /// When any listener cannot be bound; then none serves.
    pub fn open(setup: Setup) -> Result<Self, OpenError> {
        if let Some(address) = setup.health.filter(|address| !address.ip().is_loopback()) {
            return Err(OpenError::HealthNotLoopback(address));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers())
            .max_blocking_threads(blocking_threads(&setup.limits))
            .thread_name("frontends")
            .enable_all()
            .build()?;
        let Listeners { admin, publication, health } = runtime.block_on(Listeners::bind(&setup))?;

        let certificates: Vec<Certificates> = admin.iter().filter_map(Listener::certificates).collect();
        let bound = BoundAddresses {
            admin: admin.iter().map(|listener| listener.bound().clone()).collect(),
            publication: publication.iter().filter_map(tcp).collect(),
            health: health.as_ref().and_then(tcp),
        };
        let (stop, stopping) = watch::channel(false);
        let limits = Arc::new(setup.limits);
        let calls = Calls::new(&limits);
        let heads = Heads::new();
        let metrics = Metrics::new();
        let health_routes = health::router(Arc::clone(&setup.engine), calls.clone(), metrics.clone());
        let publication_routes = publication::router(Arc::clone(&setup.engine), Arc::clone(&limits));
        let admin_routes = admin::router(admin::Parts {
            engine: Arc::clone(&setup.engine),
            calls: calls.clone(),
            limits: Arc::clone(&limits),
            module_kinds: setup.module_kinds,
            heads: heads.clone(),
            stop: stopping.clone(),
            ask_to_stop: setup.ask_to_stop,
            certificates: certificates.clone(),
            version: setup.version,
            started: setup.engine.now(),
        });
        let admin_routes = metrics.observe("admin", admin_routes.merge(health_routes.clone()));
        let publication_routes = metrics.observe("publication", publication_routes);

        let (stop_limit, limit) = watch::channel(Duration::ZERO);
        let spawn = |listener: Listener, application: &Router| {
            let served = listener.serve(application.clone(), Arc::clone(&limits), stopping.clone(), limit.clone());
            runtime.spawn(served)
        };
        let mut listeners: Vec<JoinHandle<usize>> = Vec::new();
        listeners.extend(admin.into_iter().map(|listener| spawn(listener, &admin_routes)));
        listeners.extend(publication.into_iter().map(|listener| spawn(listener, &publication_routes)));
        listeners.extend(health.map(|listener| spawn(listener, &health_routes)));
        runtime.spawn(heads.run(setup.engine, calls.clone(), stopping.clone()));
        runtime.spawn(follow_files(certificates.clone(), stopping));
        Ok(Self { bound, certificates, stop, running: Mutex::new(Some(Running { runtime, listeners, stop_limit })) })
    }

    /// Where they listen.
    pub fn bound(&self) -> &BoundAddresses {
        &self.bound
    }

    /// Reads the listeners' certificates and keys again. Files that cannot be used leave the former ones in force.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.certificates.iter().try_for_each(Certificates::reload)
    }

    /// Stops: no connection is accepted any more, requests under way have `limit` to end, and what is left is cut off.
    /// Returns how many connections were cut off. Stopping twice is stopping once. Not to be called on an async thread.
    pub fn shut_down(&self, limit: Duration) -> usize {
        let Some(Running { runtime, listeners, stop_limit }) = self.running.lock().take() else { return 0 };
        let deadline = Instant::now() + limit;
        stop_limit.send_replace(limit);
        self.stop.send_replace(true);
        let mut cut_off = 0;
        for listener in listeners {
            match runtime.block_on(listener) {
                Ok(connections) => cut_off += connections,
                Err(error) => tracing::error!("a listener ended by itself: {error}"),
            }
        }
        // Engine calls that have begun are waited for, so that the engine can be stopped after this.
        runtime.shutdown_timeout(deadline.saturating_duration_since(Instant::now()));
        cut_off
    }
}

impl Drop for Frontends {
    fn drop(&mut self) {
        self.shut_down(Duration::ZERO);
    }
}

struct Listeners {
    admin: Vec<Listener>,
    publication: Vec<Listener>,
    health: Option<Listener>,
}

impl Listeners {
    async fn bind(setup: &Setup) -> Result<Self, ListenError> {
        let mut listeners = Self { admin: Vec::new(), publication: Vec::new(), health: None };
        for address in &setup.admin {
            listeners.admin.push(Listener::bind(address.clone()).await?);
        }
        for address in &setup.publication {
            listeners.publication.push(Listener::bind(Address::Tcp(*address)).await?);
        }
        if let Some(address) = setup.health {
            listeners.health = Some(Listener::bind(Address::Tcp(address)).await?);
        }
        Ok(listeners)
    }
}

/// Threads for engine calls of the admin API and of publication, for long acts of both, and some for looking up accounts.
fn blocking_threads(limits: &Limits) -> usize {
    const ACCOUNTS: usize = 16;
    2 * (limits.calls_max.max(1) + limits.long_calls_max.max(1)) + ACCOUNTS
}

fn workers() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors.clamp(*WORKERS.start(), *WORKERS.end())
}

fn tcp(listener: &Listener) -> Option<SocketAddr> {
    match listener.bound() {
        Bound::Tcp(address) => Some(*address),
        Bound::Unix(_) => None,
    }
}

/// Reads certificates again when their files have changed.
async fn follow_files(certificates: Vec<Certificates>, mut stop: watch::Receiver<bool>) {
    if certificates.is_empty() {
        return;
    }
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = sleep(CERTIFICATES_LOOKED_AT) => {}
        }
        let certificates = certificates.clone();
        let look = tokio::task::spawn_blocking(move || {
            for certificates in certificates {
                if let Err(error) = certificates.reload_if_changed() {
                    tracing::error!("the former TLS certificate stays in force: {error}");
                }
            }
        });
        if let Err(error) = look.await {
            tracing::error!("the TLS certificates could not be looked at: {error}");
        }
    }
}
