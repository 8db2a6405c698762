//! A certification authority for tests: real keys, a real database in a temporary folder, a clock that stands still
//! until it is moved, and modules that do what the test says.

mod exits;
mod loader;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::store::{InstalledModule, ModuleOptions};
use engine::{
    Authorised, Caller, Clock, Config, Engine, Error, Files, ModuleLoader, Opening, Outcome, Random, Right, Role,
    RoleTable, Scratch, Signer, Store, Submission, World, right,
};
use jiff::{SignedDuration, Timestamp};
use module::profile::{CaRules, ProfileDecision};
use module::{
    Decision, HResult, ModuleError, PolicyModule, Profile, Role as ModuleRole, ServerExit, ServerPolicy, Settings,
};
use parking_lot::Mutex;
use pki::{Extension, KeyAlgorithm, Name, NameComponent, Serial, TbsCertificate};
use store::SqliteStore;
use tempfile::TempDir;

pub use exits::quick;
pub use loader::TestLoader;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that moves when it is told.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    /// Moves the clock.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock();
        *now = now.checked_add(by).expect("tests stay within the calendar");
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), std::io::Error> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| std::io::Error::other("no randomness"))
    }
}

struct FolderFiles;

impl Files for FolderFiles {
    fn scratch(&self) -> Result<Box<dyn Scratch>, std::io::Error> {
        Ok(Box::new(tempfile::tempfile()?))
    }

    fn publish(&self, location: &str, body: &mut dyn Read) -> Result<(), ModuleError> {
        let path = Path::new(location.strip_prefix("file:").unwrap_or(location));
        let folder = path.parent().ok_or_else(|| ModuleError::from(HResult::ERROR_BAD_PATHNAME))?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::copy(body, &mut file)?;
        file.flush()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// A policy module that is a function.
pub struct PolicyFn<F>(pub F);

impl<F> PolicyModule for PolicyFn<F>
where
    F: Fn(&mut dyn ServerPolicy, bool) -> Result<Decision, ModuleError> + Send + Sync,
{
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<(), ModuleError> {
        Ok(())
    }

    fn verify_request(&self, server: &mut dyn ServerPolicy, new: bool) -> Result<Decision, ModuleError> {
        (self.0)(server, new)
    }

    fn description(&self) -> String {
        "policy of a test".into()
    }
}

/// The policy of [`Authority`] unless a test brings its own: by the attribute `Disposition` of the request (`Deny`,
/// `Pending`, `Fail`, else issue) for new ones, issue when resubmitted; the profile's extensions are put in.
pub fn plain_policy() -> Arc<dyn PolicyModule> {
    Arc::new(PolicyFn(|server: &mut dyn ServerPolicy, new: bool| {
        let server_auth = pki::extension::extended_key_usage_oid("serverAuth").expect("a known usage");
        let mut add = |extension: &Extension| {
            let critical =
                if extension.critical { module::ExtensionFlags::CRITICAL } else { module::ExtensionFlags::empty() };
            server.set_certificate_extension(module::CertificateExtension {
                oid: extension.oid.to_string(),
                flags: critical,
                value: extension.value.clone(),
            })
        };
        add(&pki::extension::key_usage(pki::KeyUsage::DIGITAL_SIGNATURE))?;
        add(&pki::extension::extended_key_usage(&[server_auth]))?;
        let san = pki::oid::SUBJECT_ALT_NAME.to_string();
        if let Ok(mut names) = server.certificate_extension(&san) {
            names.flags = module::ExtensionFlags::empty();
            server.set_certificate_extension(names)?;
        }
        match server.request_attribute("Disposition").as_deref() {
            Ok("Fail") => Err(ModuleError::new(HResult::E_FAIL, "told to fail")),
            Ok("Deny") => Ok(Decision::deny(HResult::E_ACCESSDENIED, "told to deny")),
            Ok("Pending") if new => Ok(Decision::Pend { message: "told to wait".into() }),
            _ => Ok(Decision::Issue),
        }
    }))
}

/// A certification authority at work.
pub struct Authority {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its clock.
    pub clock: TestClock,
    /// Its module kinds.
    pub loader: Arc<TestLoader>,
    /// Its folder; CRLs are written to `crl/` in it.
    pub folder: Arc<Folder>,
    /// Its key.
    pub signer: Arc<dyn Signer>,
    builder: Builder,
}

/// Puts something between the engine and the database.
type Wrap = dyn Fn(Arc<dyn Store>) -> Arc<dyn Store> + Send + Sync;

/// Where an authority lives.
pub enum Folder {
    /// As long as the test.
    Temporary(TempDir),
    /// As long as whoever made it wants.
    Kept(PathBuf),
}

impl Folder {
    /// Its path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}

/// How an authority is made.
#[derive(Clone)]
pub struct Builder {
    folder: Arc<Folder>,
    clock: TestClock,
    signer: Arc<dyn Signer>,
    loader: Arc<TestLoader>,
    config: Config,
    wrapped: bool,
    wrap: Arc<Wrap>,
}

impl Builder {
    /// An authority with a key of this algorithm and a self-signed certificate.
    pub fn new(algorithm: KeyAlgorithm) -> Self {
        let folder = Folder::Temporary(tempfile::tempdir().expect("a temporary folder"));
        Self::on(folder, Arc::new(keys::generate(algorithm).expect("a key")))
    }

    /// An authority in a folder, with the P-256 key that lies there: for tests of several processes, one after the
    /// other. The first makes the key.
    pub fn in_folder(path: &Path) -> Self {
        let file = path.join("key.p8");
        let key = match std::fs::read(&file) {
            Ok(der) => keys::KeyMaterial::from_pkcs8(&der).expect("the key of an earlier process"),
            Err(_) => {
                let key = keys::generate(KeyAlgorithm::P256).expect("a key");
                std::fs::write(&file, key.to_pkcs8().expect("PKCS#8").as_slice()).expect("a writable folder");
                key
            }
        };
        Self::on(Folder::Kept(path.to_owned()), Arc::new(key))
    }

    fn on(folder: Folder, signer: Arc<dyn Signer>) -> Self {
        let clock = TestClock(Arc::new(Mutex::new("2026-11-22T12:00:00Z".parse().expect("a moment"))));
        std::fs::create_dir_all(folder.path().join("crl")).expect("a folder for CRLs");
        let loader = Arc::new(TestLoader::default());
        loader.policy("plain", plain_policy());
        let config = config(folder.path());
        Self { folder: Arc::new(folder), clock, signer, loader, config, wrapped: false, wrap: Arc::new(|store| store) }
    }

    /// Changes the configuration.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets the clock before anything is made: the CA certificate is valid from the day before.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        *self.clock.0.lock() = now;
        self
    }

    /// Puts something between the engine and the key.
    #[must_use]
    pub fn signer(mut self, wrap: impl FnOnce(Arc<dyn Signer>) -> Arc<dyn Signer>) -> Self {
        self.signer = wrap(self.signer);
        self
    }

    /// Puts something between the engine and the database.
    #[must_use]
    pub fn wrap(mut self, wrap: impl Fn(Arc<dyn Store>) -> Arc<dyn Store> + Send + Sync + 'static) -> Self {
        self.wrapped = true;
        self.wrap = Arc::new(wrap);
        self
    }

    /// The module kinds.
    pub fn loader(&self) -> &TestLoader {
        &self.loader
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database's path.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("ca.db")
    }

    /// Makes the database with the CA certificate and the policy module `plain`, unless it is there already.
    pub fn prepare(&self) {
        let store = self.store();
        if !store.ca_certificates().expect("a readable database").is_empty() {
            return;
        }
        let certificate = self.ca_certificate();
        engine::install_offline(&store, vec![Arc::clone(&self.signer)], &certificate, &[], "test", self.clock.now())
            .expect("the CA certificate is good");
        let policy = InstalledModule {
            name: "plain".into(),
            kind: "plain".into(),
            role: ModuleRole::Policy,
            settings: Settings::default(),
            options: ModuleOptions::default(),
            enabled: true,
            position: 0,
            installed: self.clock.now(),
            versions: engine::store::Versions::default(),
            cursor: module::EventId(0),
        };
        let change = engine::store::Change { modules: vec![policy], ..engine::store::Change::default() };
        store.commit(change).expect("a writable database");
    }

    /// Opens the authority.
    pub fn open(self) -> Result<Authority, Error> {
        self.prepare();
        let store: Arc<dyn Store> = Arc::new(self.store());
        let opening = Opening {
            config: self.config.clone(),
            store: (self.wrap)(store),
            signers: vec![Arc::clone(&self.signer)],
            loader: Arc::clone(&self.loader) as Arc<dyn ModuleLoader>,
            world: World {
                clock: Box::new(self.clock.clone()),
                random: Box::new(SystemRandom),
                files: Box::new(FolderFiles),
                dns_name: "ca.example.org".into(),
            },
        };
        let engine = Engine::open(opening)?;
        if !self.wrapped && !self.config.crl.period.is_zero() {
            // The first CRLs are events too: tests that count begin after them.
            eventually("the first CRLs are published", || engine.event_head().is_ok_and(|(head, _)| head.0 > 0));
        }
        Ok(Authority {
            engine,
            clock: self.clock.clone(),
            loader: Arc::clone(&self.loader),
            folder: Arc::clone(&self.folder),
            signer: Arc::clone(&self.signer),
            builder: self,
        })
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.database(), store::Options::default()).expect("the database opens")
    }

    fn ca_certificate(&self) -> Vec<u8> {
        let name = Name::parse(&format!("CN={},O=Example", self.config.name)).expect("a name");
        let key = self.signer.public_key().clone();
        let usage = pki::KeyUsage::KEY_CERT_SIGN | pki::KeyUsage::CRL_SIGN;
        let now = self.clock.now();
        let tbs = TbsCertificate {
            serial: Serial::from_bytes(&[0x4d; 16]).expect("a serial number"),
            signature: self.signer.algorithm(),
            issuer: name.clone(),
            not_before: now.checked_sub(SignedDuration::from_hours(24)).expect("a moment"),
            not_after: now.checked_add(SignedDuration::from_hours(24 * 3_650)).expect("a moment"),
            subject: name,
            extensions: vec![
                pki::extension::basic_constraints(true, None),
                pki::extension::key_usage(usage),
                pki::extension::subject_key_identifier(&key.key_identifier()),
            ],
            public_key: key,
        };
        let der = tbs.to_der().expect("a certificate");
        let signature = self.signer.sign(&der).expect("a signature");
        pki::assemble(&der, self.signer.algorithm(), &signature)
    }
}

/// The configuration of an authority in a folder.
pub fn config(folder: &Path) -> Config {
    let only = |role: Role| (role, BTreeSet::from([format!("test:{role}"), "test:everyone".to_owned()]));
    let members: BTreeMap<Role, BTreeSet<String>> = Role::ALL.into_iter().map(only).collect();
    let tls = Profile {
        decision: ProfileDecision::Issue,
        extended_key_usage: vec!["serverAuth".into(), "clientAuth".into()],
        ..Profile::default()
    };
    let sub_ca = Profile {
        ca: Some(CaRules { path_length: Some(0) }),
        key_usage: vec!["keyCertSign".into(), "cRLSign".into()],
        ..Profile::default()
    };
    let location = |text: String| text.parse().expect("a location");
    let mut config = Config {
        name: "Test CA".into(),
        roles: RoleTable { members, separation: false },
        profiles: BTreeMap::from([("tls".to_owned(), tls), ("sub-ca".to_owned(), sub_ca)]),
        default_profile: Some("tls".into()),
        ..Config::default()
    };
    config.crl.locations = vec![
        location(format!("65:{}/crl/%3%8%9.crl", folder.display())),
        location("6:http://%1/CertEnroll/%3%8%9.crl".into()),
    ];
    config
}

impl Authority {
    /// An authority with a P-256 key and the defaults.
    pub fn open() -> Self {
        Builder::new(KeyAlgorithm::P256).open().expect("the authority opens")
    }

    /// Stops it. The database is closed on return.
    pub fn close(self) {
        self.engine.shut_down(PATIENCE);
    }

    /// Stops it and opens it again, on the same database.
    #[must_use]
    pub fn restart(self) -> Self {
        let builder = self.builder.clone();
        self.close();
        builder.open().expect("the authority opens again")
    }

    /// A right, held by somebody who holds every role.
    pub fn by<R: Right>(&self) -> Authorised<R> {
        let caller = Caller { name: "test:everyone".into(), groups: Vec::new() };
        self.engine.authority().authorise(&caller).expect("everyone holds every role")
    }

    /// A right, held by somebody with one role only.
    pub fn only<R: Right>(&self, role: Role) -> Result<Authorised<R>, Error> {
        self.engine.authority().authorise(&Caller { name: format!("test:{role}"), groups: Vec::new() })
    }

    /// Submits a request for a name, with attribute text.
    pub fn submit(&self, common_name: &str, attributes: &str) -> Outcome {
        let request = csr(common_name);
        let submission = Submission { request, attributes: attributes.into(), ..Submission::default() };
        self.engine.submit(&self.by::<right::Enrol>(), submission).expect("the request is recorded")
    }
}

/// A PKCS#10 request in DER for a TLS server of this name, with the name as SAN, with a key of its own.
pub fn csr(common_name: &str) -> Vec<u8> {
    csr_with(common_name, &[pki::GeneralName::Dns(common_name.to_owned())])
}

/// The same with other alternative names.
pub fn csr_with(common_name: &str, names: &[pki::GeneralName]) -> Vec<u8> {
    let key = keys::generate(KeyAlgorithm::P256).expect("a key");
    let subject = Name::from_components(
        &[NameComponent::CommonName],
        &[(NameComponent::CommonName, common_name.to_owned())],
        pki::NameLengths::Enforced,
    );
    let names = pki::extension::subject_alt_name(names).expect("a name");
    let info =
        pki::certification_request_info(&subject.expect("a name"), key.public_key(), &[names]).expect("a request");
    let signature = key.sign(&info).expect("a signature");
    pki::assemble(&info, key.algorithm(), &signature)
}

/// Waits until `condition` holds, and fails the test when it does not in good time.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
