//! Which files of a folder are Exeunt's, and how they were written. `sha256sum --check` understands it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

use super::kit::Kit;
use crate::Error;
use crate::error::Kind;

/// The record's name.
pub(super) const RECORD: &str = "exeunt-sdk.sha256";

/// The first line, up to the kit's name. Lines that begin so are comments for `sha256sum`.
const HEAD: &str = "# Renew these files with `exeunt module sdk ";

/// SHA-256 by path below the folder; nothing where there is no record.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record(BTreeMap<String, String>);

impl Record {
    /// The record of a kit as it is in this version.
    pub(super) fn of(kit: Kit) -> Self {
        let digest = |text: &str| hex::encode(pki::sha256(text.as_bytes()));
        Self(kit.files().iter().map(|file| (file.path.to_owned(), digest(file.text))).collect())
    }

    /// What was written before.
    ///
    /// # Errors
    /// [`Kind::Conflict`] where the folder holds another kit, or the record is not one.
    pub(super) fn read(directory: &Path, kit: Kit) -> Result<Self, Error> {
        let path = directory.join(RECORD);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Error::io(&path, &error)),
        };
        let conflict = |what: String| Error::new(Kind::Conflict, what).next("name another folder");
        let unclear = || conflict(format!("{} is not as Exeunt wrote it", path.display()));
        let (head, lines) = text.split_once('\n').ok_or_else(unclear)?;
        let held = head.strip_prefix(HEAD).and_then(|rest| rest.split([' ', '`']).next()).ok_or_else(unclear)?;
        if held != kit.name() {
            return Err(conflict(format!("{} holds what `module sdk {held}` wrote", directory.display())));
        }
        let entries = lines.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (digest, name) = line.split_once("  ").ok_or_else(unclear)?;
            // The names lead to files that are removed: none may lead out of the folder.
            let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
            if name.is_empty() || !inside {
                return Err(unclear());
            }
            Ok((name.to_owned(), digest.to_owned()))
        });
        entries.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn write(&self, directory: &Path, kit: Kit) -> Result<(), Error> {
        let mut text = format!("{HEAD}{}`. Exeunt {} wrote them.\n", kit.name(), env!("CARGO_PKG_VERSION"));
        for (name, digest) in &self.0 {
            let _ = writeln!(text, "{digest}  {name}");
        }
        let path = directory.join(RECORD);
        fs::write(&path, text).map_err(|error| Error::io(&path, &error))
    }

    /// Whether this is what was written there.
    pub(super) fn has(&self, name: &str, contents: &[u8]) -> bool {
        self.0.get(name).is_some_and(|digest| *digest == hex::encode(pki::sha256(contents)))
    }

    /// Every file, by name.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
