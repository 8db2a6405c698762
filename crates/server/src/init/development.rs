//! The development authority: what `serve` makes where nothing was configured.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use keys::Passphrase;
use module::moment::{Period, Unit};
use pki::{KeyAlgorithm, Name};

use super::{Plan, Publication, Rank, initialise, random, this_user};
use crate::Error;
use crate::config::PassphraseSource;
use crate::error::Kind;
use crate::folder::DataFolder;

/// The name of the passphrase's file in the data folder.
const PASSPHRASE: &str = "passphrase";
/// The name of the journal in the data folder.
pub const JOURNAL: &str = "journal.jsonl";
/// The name of every development authority.
pub const DEVELOPMENT: &str = "Exeunt Development CA";

/// What was made.
#[derive(Debug)]
pub struct Development {
    /// Where the `journal` module writes.
    pub journal: PathBuf,
}

/// Makes a development authority in `folder`, whole or not at all: it is made beside it, then takes its name.
///
/// # Errors
/// As of [`initialise`].
pub fn develop(folder: &DataFolder) -> Result<Development, Error> {
    let path = folder.path();
    let parent = path.parent().ok_or_else(|| Error::usage("the data folder cannot be the root of the file system"))?;
    std::fs::create_dir_all(parent).map_err(|error| Error::io(parent, &error))?;
    let beside = tempfile::Builder::new()
        .prefix(".exeunt-new-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(|error| Error::io(parent, &error))?;
    let made = DataFolder::at(beside.path())?;
    let passphrase = Passphrase::generate()?;
    passphrase.write(&made.path().join(PASSPHRASE))?;
    let journal = path.join(JOURNAL);
    initialise(&made, &plan(passphrase, &journal)?)?;
    // An empty folder of that name gives way; anything else is somebody's.
    std::fs::rename(made.path(), path).map_err(|error| {
        let taken = matches!(error.kind(), std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists);
        let kind = if taken { Kind::Conflict } else { Kind::Failed };
        Error::new(kind, format!("cannot make {}: {error}", path.display()))
            .next("remove what is there, or choose another folder with `exeunt init --data DIR`")
    })?;
    // It has moved: there is nothing left to remove.
    let _moved = beside.keep();
    Ok(Development { journal })
}

fn plan(passphrase: Passphrase, journal: &Path) -> Result<Plan, Error> {
    let name = DEVELOPMENT;
    let port = free_port()?;
    Ok(Plan {
        name: name.into(),
        subject: Name::parse(&format!("CN={name}"))?,
        algorithm: KeyAlgorithm::P256,
        rank: Rank::Root(Period::new(10, Unit::Years)),
        path_length: None,
        dns_name: "localhost".into(),
        passphrase,
        passphrase_source: PassphraseSource::File(PASSPHRASE.into()),
        owner: this_user(),
        publication: Publication {
            listen: vec![format!("127.0.0.1:{port}")],
            url: format!("http://%1:{port}/CertEnroll"),
        },
        default_profile: "tls-server".into(),
        profiles: super::profiles::development(),
        heading: "A development authority, made by `exeunt serve`. Do not trust what it issues.".into(),
        journal: Some(journal.to_owned()),
    })
}

/// A port nobody listens on: certificates name it, so it is chosen once. Not one of those that the operating system
/// gives to outgoing connections, which might hold it when the server starts again.
fn free_port() -> Result<u16, Error> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    const TRIES: u16 = 100;
    let start = u16::from_be_bytes(random()?) % COUNT;
    let mut candidates = (0..TRIES).map(|offset| FIRST + (start + offset) % COUNT);
    let free = candidates.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.ok_or_else(|| Error::failed("cannot listen on this machine: a hundred ports are taken"))
}
