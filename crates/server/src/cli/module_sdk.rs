//! `exeunt module sdk`: what modules in a language are built with, put into a folder or renewed there.
//!
//! It is in the executable, so that an author needs nothing else, and is written into the author's project, so that the project
//! builds on any machine and its versions say what they were built with. A record beside the files says which are Exeunt's, and
//! how they were: what the author changed, or put there, is never written over.

mod kit;
mod lock;
mod record;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::Error;
use crate::error::Kind;
use kit::File;
pub(super) use kit::Kit;
use lock::Renewal;
pub(super) use lock::of_project as lock_of_project;
use record::{RECORD, Record};

/// Files that an error names at most.
const NAMED_MAX: usize = 5;

/// Options of `module sdk`.
#[derive(Debug, Args)]
pub struct Sdk {
    /// For modules in what
    kit: Kit,
    /// The folder to write to, or to renew [default: as `module new` names it: exeunt-sdk, exeunt_module, wit; wire]
    dir: Option<PathBuf>,
}

impl Sdk {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let directory = self.dir.unwrap_or_else(|| PathBuf::from(self.kit.folder()));
        let done = write(self.kit, &directory)?;
        let lock = match self.kit {
            Kit::Rust => lock::renew(&directory)?,
            _ => None,
        };
        let of_lock = lock.as_ref().map(|(path, renewal)| json!({ "file": path, "state": renewal.name() }));
        let shown = json!({
            "sdk": self.kit.name(), "version": env!("CARGO_PKG_VERSION"), "directory": directory, "files": self.kit.files().len(),
            "written": done.written, "removed": done.removed, "lock": of_lock,
        });
        context.output().show(&shown, |_| {
            let all = self.kit.files().len();
            // The record of what was written is none of them.
            let written = done.written.iter().filter(|path| *path != RECORD).count();
            let state = match (written, done.removed.len()) {
                (0, 0) => format!("{all} files, all of them as they are in this version"),
                (written, 0) => format!("{all} files, {written} of them written"),
                (written, removed) => {
                    format!("{all} files, {written} of them written; {removed} of the version before removed")
                }
            };
            let lock = match &lock {
                Some((path, Renewal::Renewed)) => format!("  {}: renewed with them\n", path.display()),
                _ => String::new(),
            };
            format!(
                "{}: {}, of Exeunt {}\n  {state}\n{lock}",
                directory.display(),
                self.kit.title(),
                env!("CARGO_PKG_VERSION")
            )
        })?;
        if let Some((path, Renewal::Stale)) = &lock {
            let folder = path.parent().unwrap_or(Path::new(".")).display();
            context.output().warning(&format!(
                "{} may not fit these crates any more, and is left as it is: run `cargo update --workspace` in {folder}",
                path.display()
            ));
        }
        if self.kit == Kit::Python && directory.file_name().is_none_or(|name| name != self.kit.folder()) {
            context.output().hint("Python finds the package by its folder's name: exeunt_module");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What [`write`] did, by path below the folder.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) written: Vec<String>,
    removed: Vec<String>,
}

/// Writes a kit into a folder, or makes what is there of it the kit of this version.
///
/// # Errors
/// [`Kind::Conflict`] where a file would be written over that is not as Exeunt wrote it. Nothing is written then.
pub(super) fn write(kit: Kit, directory: &Path) -> Result<Done, Error> {
    let before = Record::read(directory, kit)?;
    let outdated = outdated(kit, directory, &before)?;
    let gone = gone(kit, directory, &before)?;

    let io = |path: &Path, error: std::io::Error| Error::io(path, &error);
    let mut done = Done::default();
    for file in outdated {
        let path = directory.join(file.path);
        let folder = path.parent().unwrap_or(directory);
        fs::create_dir_all(folder).map_err(|error| io(folder, error))?;
        remove(&path)?;
        let mode = if file.executable { 0o777 } else { 0o666 };
        let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        made.and_then(|mut made| made.write_all(file.text.as_bytes())).map_err(|error| io(&path, error))?;
        done.written.push(file.path.to_owned());
    }
    for name in gone {
        let path = directory.join(&name);
        remove(&path)?;
        // A folder that is empty now. One that is not stays.
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != directory) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        done.removed.push(name);
    }
    if Record::of(kit) != before {
        Record::of(kit).write(directory, kit)?;
        done.written.push(RECORD.to_owned());
    }
    Ok(done)
}

/// The files that are missing, or are as another version wrote them.
fn outdated(kit: Kit, directory: &Path, before: &Record) -> Result<Vec<&'static File>, Error> {
    let mut outdated = Vec::new();
    let mut foreign = Vec::new();
    for file in kit.files() {
        let path = directory.join(file.path);
        match state(&path)? {
            State::Missing => outdated.push(file),
            State::File { contents, executable } if contents == file.text.as_bytes() => {
                // A mode can be lost on the way through an archive.
                if file.executable && !executable {
                    outdated.push(file);
                }
            }
            State::File { contents, .. } if before.has(file.path, &contents) => outdated.push(file),
            State::File { .. } | State::Other => foreign.push(file.path),
        }
    }
    if foreign.is_empty() {
        return Ok(outdated);
    }
    let more = foreign.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = foreign.iter().take(NAMED_MAX).map(|path| directory.join(path).display().to_string());
    let named = named.collect::<Vec<_>>().join(", ");
    Err(Error::new(Kind::Conflict, format!("not as Exeunt wrote it, and so not written over: {named}{more}"))
        .next("keep your changes elsewhere and remove these files, then do it again; or name another folder"))
}

/// Files of the version before that this one has no more, and that are as they were written.
fn gone(kit: Kit, directory: &Path, before: &Record) -> Result<Vec<String>, Error> {
    let now: BTreeSet<&str> = kit.files().iter().map(|file| file.path).collect();
    let mut gone = Vec::new();
    for name in before.paths().filter(|name| !now.contains(name)) {
        if let State::File { contents, .. } = state(&directory.join(name))?
            && before.has(name, &contents)
        {
            gone.push(name.to_owned());
        }
    }
    Ok(gone)
}

/// What is at a path.
enum State {
    Missing,
    File {
        contents: Vec<u8>,
        executable: bool,
    },
    /// A folder, a link.
    Other,
}

fn state(path: &Path) -> Result<State, Error> {
    let io = |error: std::io::Error| Error::io(path, &error);
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {
            let contents = fs::read(path).map_err(io)?;
            Ok(State::File { contents, executable: found.permissions().mode() & 0o100 != 0 })
        }
        Ok(_) => Ok(State::Other),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(State::Missing),
        Err(error) => Err(io(error)),
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path, &error)),
        _ => Ok(()),
    }
}
