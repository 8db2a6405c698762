//! What is measured: a server on an authority of its own, and requests for it.

use std::path::PathBuf;
use std::sync::Arc;

use engine::{Authorised, Caller, Engine, Right, Signer, Submission, right};
use frontends::listen::Bound;
use keys::Passphrase;
use module::Disposition;
use module::moment::{Period, Unit};
use pki::{GeneralName, KeyAlgorithm, Name};
use tempfile::TempDir;

use super::Options;
use crate::Error;
use crate::cli;
use crate::config::PassphraseSource;
use crate::folder::DataFolder;
use crate::init::{self, Plan, Publication, Rank};
use crate::server::Server;

/// Requests made beforehand; callers take them in turn.
const REQUESTS: usize = 512;

/// A server in a temporary folder.
pub struct Subject {
    server: Option<Server>,
    folder: TempDir,
    requests: Vec<Vec<u8>>,
    owner: String,
}

impl Subject {
    /// A new authority, served.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("exeunt-bench-");
        let folder = match &options.folder {
            Some(parent) => builder.tempdir_in(parent),
            None => builder.tempdir(),
        };
        let folder = folder.map_err(|error| Error::failed(format!("no temporary folder: {error}")))?;
        let owner = init::this_user();
        let place = DataFolder::at(&folder.path().join("ca"))?;
        place.create()?;
        let passphrase = Passphrase::generate()?;
        passphrase.write(&place.path().join("passphrase"))?;
        init::initialise(
            &place,
            &Plan {
                name: "Bench CA".into(),
                subject: Name::parse("CN=Bench CA")?,
                algorithm: options.key,
                rank: Rank::Root(Period::new(10, Unit::Years)),
                path_length: None,
                dns_name: "localhost".into(),
                passphrase,
                passphrase_source: PassphraseSource::File("passphrase".into()),
                owner: owner.clone(),
                publication: Publication { listen: Vec::new(), url: "http://crl.example.org".into() },
                default_profile: "tls-server".into(),
                profiles: init::profiles::development(),
                heading: "An authority to be measured.".into(),
                journal: None,
            },
        )?;
        let mut subject = Self { server: None, folder, requests: Vec::new(), owner };
        subject.start()?;
        subject.requests = (0..REQUESTS).map(request).collect::<Result<_, _>>()?;
        Ok(subject)
    }

    /// Starts the server, and returns how long it took until it can issue, in milliseconds.
    pub fn start(&mut self) -> Result<f64, Error> {
        let folder = DataFolder::at(&self.path())?;
        let resolved = cli::load_configuration(&folder.configuration(), &folder)?;
        let begun = std::time::Instant::now();
        self.server = Some(Server::open(&resolved, Box::new(|| {}))?);
        Ok(begun.elapsed().as_secs_f64() * 1_000.0)
    }

    /// Stops the server.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// The data folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("ca")
    }

    /// The Unix socket of the admin API.
    pub fn socket(&self) -> Result<PathBuf, Error> {
        let bound = self.server.as_ref().map(Server::bound);
        let sockets = bound.iter().flat_map(|bound| &bound.admin).find_map(|bound| match bound {
            Bound::Unix(path) => Some(path.clone()),
            Bound::Tcp(_) => None,
        });
        sockets.ok_or_else(|| Error::failed("the server has no socket"))
    }

    /// The engine.
    pub fn engine(&self) -> Result<&Arc<Engine>, Error> {
        self.server.as_ref().map(Server::engine).ok_or_else(|| Error::failed("the server is stopped"))
    }

    /// A right of the one user there is.
    pub fn by<R: Right>(&self) -> Result<Authorised<R>, Error> {
        Ok(self.engine()?.authority().authorise(&Caller { name: self.owner.clone(), groups: Vec::new() })?)
    }

    /// One of the requests, in DER.
    pub fn request(&self, number: u64) -> &[u8] {
        let at = usize::try_from(number % REQUESTS as u64).unwrap_or_default();
        self.requests.get(at).map_or(&[], Vec::as_slice)
    }

    /// Submits one of the requests; anything but a certificate is an error.
    pub fn issue(&self, by: &Authorised<right::Enrol>, number: u64) -> Result<(), Error> {
        let submission = Submission { request: self.request(number).to_vec(), ..Submission::default() };
        let outcome = self.engine()?.submit(by, submission)?;
        match outcome.disposition {
            Disposition::Issued => Ok(()),
            other => Err(Error::failed(format!("a request is {other}: {}", outcome.message))),
        }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A PKCS#10 request of a TLS server with three names and a P-256 key.
fn request(number: usize) -> Result<Vec<u8>, Error> {
    let key = keys::generate(KeyAlgorithm::P256)?;
    let name = format!("host{number}.example.org");
    let names = [name.clone(), format!("www.{name}"), format!("api.{name}")].map(GeneralName::Dns);
    let extension = pki::extension::subject_alt_name(&names)?;
    let info = pki::certification_request_info(&Name::parse(&format!("CN={name}"))?, key.public_key(), &[extension])?;
    let signature = key.sign(&info).map_err(|error| Error::failed(error.to_string()))?;
    Ok(pki::assemble(&info, key.algorithm(), &signature))
}

/// The most memory this process has held, in MB.
pub fn memory_peak_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1_024.0)
}
