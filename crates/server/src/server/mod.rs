//! One server: opened from a configuration, run, stopped.
//!
//! [`Server::open`] is the third step after parse and resolve, and the only one that touches the world. Tests and tools
//! open one in their own process; `exeunt serve` opens one and waits for signals.

mod signals;

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Engine, Opening, Signer, World};
use frontends::listen::Address;
use frontends::model::{ModuleKind, ModuleRole, ModuleSetting};
use frontends::{BoundAddresses, Frontends, Setup};
use module::Role;

use crate::Error;
use crate::config::Resolved;
use crate::error::Kind;
use crate::folder::{DataFolder, FolderLock};
use crate::init::open_keys;
use crate::loader::Kinds;
use crate::world::{LocalFiles, SystemClock, SystemRandom, host_name};

pub use signals::{Signal, Signals};

/// The version of the software.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The least time exit modules have to be told of the end, however long the rest took.
const MODULES_LEAST: Duration = Duration::from_secs(1);

/// A certification authority at work. Stopped when dropped.
pub struct Server {
    // In the order in which they stop.
    frontends: Frontends,
    engine: Arc<Engine>,
    stop: Duration,
    _lock: FolderLock,
}

impl Server {
    /// Opens the data folder, the keys, the database, the modules and the listeners. `ask_to_stop` is called when an
    /// operator asks the server to stop over the admin API.
    ///
    /// # Errors
    /// [`Kind::Conflict`] where a server runs on the folder; whatever cannot be opened.
    pub fn open(resolved: &Resolved, ask_to_stop: Box<dyn Fn() + Send + Sync>) -> Result<Self, Error> {
        let folder = DataFolder::at(&resolved.folder)?;
        folder.check()?;
        let lock = folder.lock()?;
        let signers = open_keys(resolved)?;
        let signers = signers.into_iter().map(|signer| signer as Arc<dyn Signer>).collect();
        let store = Arc::new(store::SqliteStore::open(&resolved.database, store::Options::default())?);
        let kinds = Kinds::in_folder(
            Arc::new(resolved.engine.profiles.clone()),
            resolved.engine.default_profile.clone(),
            &resolved.folder,
        );
        let module_kinds = kinds.all().iter().map(|kind| module_kind(kind.as_ref())).collect();
        let engine = Engine::open(Opening {
            config: resolved.engine.clone(),
            store,
            signers,
            loader: Arc::new(kinds),
            world: World {
                clock: Box::new(SystemClock),
                random: Box::new(SystemRandom),
                files: Box::new(LocalFiles::new(&resolved.folder)),
                dns_name: resolved.dns_name.clone().unwrap_or_else(host_name),
            },
        })?;
        let frontends = Frontends::open(Setup {
            engine: Arc::clone(&engine),
            version: VERSION.into(),
            module_kinds,
            admin: addresses(resolved),
            publication: resolved.publication.clone(),
            health: resolved.metrics,
            limits: resolved.limits.clone(),
            ask_to_stop,
        })
        .map_err(|error| {
            Error::new(Kind::Unavailable, error.to_string())
                .next("where it listens is said in [admin], [publication] and [metrics] of the configuration")
        })?;
        Ok(Self { frontends, engine, stop: resolved.stop, _lock: lock })
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Where it listens.
    pub fn bound(&self) -> &BoundAddresses {
        self.frontends.bound()
    }

    /// Reads the listeners' certificates again. What cannot be used leaves the former ones in force.
    ///
    /// # Errors
    /// Which file cannot be used.
    pub fn reload(&self) -> Result<(), Error> {
        self.frontends.reload().map_err(|error| Error::failed(error.to_string()))
    }

    /// An orderly stop: listeners close, calls under way end, exit modules are told, the database is closed. Returns how
    /// many connections had to be cut off.
    pub fn stop(self) -> usize {
        let begun = Instant::now();
        let cut_off = self.frontends.shut_down(self.stop);
        let left = self.stop.saturating_sub(begun.elapsed());
        self.engine.shut_down(left.max(MODULES_LEAST));
        cut_off
    }
}

fn addresses(resolved: &Resolved) -> Vec<Address> {
    let admin = &resolved.admin;
    let socket = admin.socket.iter().map(|path| Address::Unix { path: path.clone(), mode: admin.socket_mode });
    let tls = admin
        .tls
        .iter()
        .flat_map(|files| admin.listen.iter().map(|address| Address::Tls { address: *address, files: files.clone() }));
    socket.chain(tls).collect()
}

fn module_kind(kind: &dyn module::ModuleKind) -> ModuleKind {
    let roles = kind.roles().iter().map(|role| match role {
        Role::Exit => ModuleRole::Exit,
        Role::Policy => ModuleRole::Policy,
    });
    let settings = kind.settings().iter().map(|setting| ModuleSetting {
        name: setting.name.into(),
        default: setting.default.into(),
        meaning: setting.meaning.into(),
        secret: kind.secrets().contains(&setting.name),
    });
    ModuleKind {
        name: kind.name().into(),
        summary: kind.summary().into(),
        roles: roles.collect(),
        settings: settings.collect(),
    }
}
