//! A new certification authority: folder, key, certificate or request, database, and last the configuration.
//!
//! A folder with a configuration file is one that was finished. What is there without it is left of an initialisation
//! that was interrupted; nothing was ever issued from it, and nothing of it is overwritten.

mod certificate;
mod development;
mod install;
mod passphrase;
pub mod profiles;

use std::path::PathBuf;
use std::sync::Arc;

use engine::store::{Change, InstalledModule, ModuleOptions};
use engine::{Signer, Store};
use jiff::Timestamp;
use keys::{FileKey, FileSigner, Passphrase};
use module::moment::Period;
use module::{EventId, Role, Settings};
use pki::{Certificate, KeyAlgorithm, Name};

use crate::Error;
use crate::config::{PassphraseSource, Resolved, Template};
use crate::error::Kind;
use crate::folder::{CONFIGURATION, DataFolder, replace_file};
use crate::world::{self, SystemRandom};

pub use development::{DEVELOPMENT, Development, JOURNAL, develop};
pub use install::{Chain, install};
pub use passphrase::{prompt_new, read_passphrase};

/// The key file's name in the data folder.
const KEY: &str = "ca.key";
/// The database's name in the data folder.
pub(crate) const DATABASE: &str = "exeunt.db";
/// The name of the root certificate's file in the data folder.
const CERTIFICATE: &str = "ca.crt";
/// The name of a subordinate's request in the data folder.
const REQUEST: &str = "ca.csr";

/// The certification authority to be made.
#[derive(Debug)]
pub struct Plan {
    /// Its common name.
    pub name: String,
    /// The subject of its certificate.
    pub subject: Name,
    /// The kind of its key.
    pub algorithm: KeyAlgorithm,
    /// A root, or a request to a parent.
    pub rank: Rank,
    /// pathLenConstraint of its certificate.
    pub path_length: Option<u32>,
    /// The DNS name of the server.
    pub dns_name: String,
    /// The key's passphrase, as it is now.
    pub passphrase: Passphrase,
    /// Where the server will find the passphrase.
    pub passphrase_source: PassphraseSource,
    /// Who holds every role at first: `unix:alice`.
    pub owner: String,
    /// Where CRLs and CA certificates will be served, and what the file says of it.
    pub publication: Publication,
    /// `policy.default_profile`.
    pub default_profile: String,
    /// The profiles, as TOML text.
    pub profiles: String,
    /// The first line of the configuration.
    pub heading: String,
    /// Where a `journal` module writes from the beginning; none: no such module.
    pub journal: Option<PathBuf>,
}

/// A root, or a subordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Signs its own certificate, valid this long.
    Root(Period),
    /// Has its certificate signed elsewhere.
    Subordinate,
}

/// Where CRLs and CA certificates are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// Addresses of the plain HTTP listener.
    pub listen: Vec<String>,
    /// The URL prefix said in certificates, without a slash at its end; may hold tokens.
    pub url: String,
}

/// What was made.
#[derive(Debug)]
pub struct Initialised {
    /// The root certificate; none for a subordinate.
    pub certificate: Option<Certificate>,
    /// The certificate's or request's file.
    pub file: PathBuf,
    /// The configuration file.
    pub configuration: PathBuf,
}

/// Makes a certification authority in `folder`.
///
/// # Errors
/// [`Kind::Conflict`] when there is one, or the beginnings of one.
pub fn initialise(folder: &DataFolder, plan: &Plan) -> Result<Initialised, Error> {
    refuse_overwriting(folder)?;
    folder.create()?;
    let _lock = folder.lock()?;
    // Asked again now that nobody else can be at it.
    refuse_overwriting(folder)?;
    let now = Timestamp::now();
    let signer = FileKey::create(&folder.path().join(KEY), &plan.passphrase, plan.algorithm)?;
    let made = match plan.rank {
        Rank::Root(validity) => Made::Root(certificate::root(plan, &signer, validity, now)?),
        Rank::Subordinate => Made::Request(certificate::request(plan, &signer)?),
    };
    fill_database(folder, plan, &made, signer, now)?;
    let file = write_made(folder, &made)?;
    let configuration = folder.path().join(CONFIGURATION);
    replace_file(&configuration, template(plan).text().as_bytes(), 0o600)?;
    let certificate = match made {
        Made::Root(certificate) => Some(certificate),
        Made::Request(_) => None,
    };
    Ok(Initialised { certificate, file, configuration })
}

enum Made {
    Root(Certificate),
    Request(Vec<u8>),
}

fn refuse_overwriting(folder: &DataFolder) -> Result<(), Error> {
    let path = folder.path();
    let shown = path.display();
    if folder.configuration().exists() {
        return Err(Error::new(Kind::Conflict, format!("there is a certification authority in {shown}"))
            .next("nothing was changed; choose another folder with --data"));
    }
    let left: Vec<&str> =
        [KEY, DATABASE, CERTIFICATE, REQUEST].into_iter().filter(|name| path.join(name).exists()).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Conflict,
        format!("{shown} holds {} of an initialisation that did not finish", left.join(", ")),
    )
    .next(format!("nothing was issued from it; remove {} there and run the command again", left.join(", "))))
}

/// The database with the CA certificate and the first modules in it.
fn fill_database(
    folder: &DataFolder,
    plan: &Plan,
    made: &Made,
    signer: FileSigner,
    now: Timestamp,
) -> Result<(), Error> {
    let store = store::SqliteStore::open(&folder.path().join(DATABASE), store::Options::default())?;
    store.commit(Change { modules: modules(plan, now), ..Change::default() })?;
    if let Made::Root(certificate) = made {
        engine::install_offline(&store, vec![Arc::new(signer)], certificate.der(), &[], &plan.owner, now)?;
    }
    Ok(())
}

/// The default policy module, without which nothing is issued, and those of the plan.
fn modules(plan: &Plan, now: Timestamp) -> Vec<InstalledModule> {
    let installed = |name: &str, kind: &str, role: Role, settings: Settings| InstalledModule {
        name: name.into(),
        kind: kind.into(),
        role,
        settings,
        options: ModuleOptions::default(),
        enabled: true,
        position: 0,
        installed: now,
        versions: engine::store::Versions::default(),
        cursor: EventId(0),
    };
    let journal = plan.journal.as_ref().map(|path| Settings::from_iter([("path", path.display().to_string())]));
    std::iter::once(installed("default", "default", Role::Policy, Settings::default()))
        .chain(journal.map(|settings| installed("journal", "journal", Role::Exit, settings)))
        .collect()
}

/// Opens every configured key.
///
/// # Errors
/// The passphrase is missing or wrong, or a key file cannot be used.
pub fn open_keys(resolved: &Resolved) -> Result<Vec<Arc<FileSigner>>, Error> {
    let passphrase = read_passphrase(&resolved.passphrase)?;
    resolved.keys.iter().map(|path| Ok(Arc::new(FileKey::open(path, &passphrase)?))).collect()
}

fn write_made(folder: &DataFolder, made: &Made) -> Result<PathBuf, Error> {
    let (name, pem) = match made {
        Made::Root(certificate) => (CERTIFICATE, certificate.to_pem()),
        Made::Request(der) => (REQUEST, frontends::model::Base64(der.clone()).to_pem("CERTIFICATE REQUEST")),
    };
    let path = folder.path().join(name);
    replace_file(&path, pem.as_bytes(), 0o644)?;
    Ok(path)
}

fn template(plan: &Plan) -> Template {
    let (passphrase_file, passphrase_env) = match &plan.passphrase_source {
        PassphraseSource::File(path) => (Some(path.display().to_string()), None),
        PassphraseSource::Environment(name) => (None, Some(name.clone())),
        PassphraseSource::Prompt => (None, None),
    };
    let url = &plan.publication.url;
    Template {
        name: plan.name.clone(),
        dns_name: plan.dns_name.clone(),
        passphrase_file,
        passphrase_env,
        owner: plan.owner.clone(),
        publication: plan.publication.listen.clone(),
        crl_locations: vec!["65:crl/%3%8%9.crl".into(), format!("6:{url}/%3%8%9.crl")],
        ca_locations: vec!["1:crl/%1_%3%4.crt".into(), format!("2:{url}/%1_%3%4.crt")],
        default_profile: plan.default_profile.clone(),
        profiles: plan.profiles.clone(),
        heading: plan.heading.clone(),
    }
}

/// The name in configuration of the user this process runs as: `unix:alice`.
pub fn this_user() -> String {
    frontends::this_user()
}

/// The host name, where it is a DNS name of several labels; else `localhost`.
pub fn default_dns_name() -> String {
    let name = world::host_name();
    if name.contains('.') { name } else { "localhost".into() }
}

/// Signs a TBS and puts the parts together.
fn sealed(tbs: &[u8], signer: &FileSigner) -> Result<Vec<u8>, Error> {
    let signature = signer.sign(tbs).map_err(|error| Error::failed(error.to_string()))?;
    Ok(pki::assemble(tbs, signer.algorithm(), &signature))
}

/// Random bytes.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    engine::Random::fill(&SystemRandom, &mut bytes).map_err(|error| Error::failed(error.to_string()))?;
    Ok(bytes)
}
