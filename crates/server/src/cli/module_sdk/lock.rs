//! The lock file of a project on the crates of [`Kit::Rust`]: made with it, and renewed with them.
//!
//! What the crates need comes with the versions that Exeunt is built and tested with; what the author has stays. Where only cargo's
//! resolver can tell what fits, nothing is changed.

mod graph;
mod version;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Kit;
use crate::Error;
use graph::{Graph, Package};
use version::{Version, satisfies};

/// The lock file of a project called `@name@`, on crates of the version `@version@`: as cargo writes it.
const LOCK: &str = include_str!("../../../templates/module/rust/Cargo.lock");

/// What the project is called in it.
const PROJECT: &str = "@name@";

/// What lock files are called.
const FILE_NAME: &str = "Cargo.lock";

/// What became of a lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// It fits already.
    AsItWas,
    /// It was made to fit.
    Renewed,
    /// It may not fit, and cargo is to be asked.
    Stale,
}

impl Renewal {
    /// The word in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AsItWas => "as-it-was",
            Self::Renewed => "renewed",
            Self::Stale => "stale",
        }
    }
}

/// The lock file of a fresh project.
pub(in crate::cli) fn of_project(name: &str) -> String {
    kit().renamed(PROJECT, name).to_text()
}

/// A project's packages with the crates of this version.
fn kit() -> Graph {
    let text = LOCK.replace("@version@", env!("CARGO_PKG_VERSION"));
    Graph::parse(&text).expect("the lock file of a fresh project is one")
}

/// Renews the lock file of the project that the crates lie in, in this folder: the nearest above that names them. None where there is
/// no such file.
///
/// # Errors
/// It cannot be read or written.
pub(super) fn renew(crates: &Path) -> Result<Option<(PathBuf, Renewal)>, Error> {
    let crates = std::path::absolute(crates).map_err(|error| Error::io(crates, &error))?;
    let kit = kit();
    for path in crates.ancestors().skip(1).map(|folder| folder.join(FILE_NAME)).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).map_err(|error| Error::io(&path, &error))?;
        match Graph::parse(&text) {
            Some(author) if author.packages().any(|package| is_ours(&kit, package)) => {
                let renewal = renew_file(&path, &author, &kit)?;
                return Ok(Some((path, renewal)));
            }
            // One of a form that is not read here names its packages all the same.
            None if ours(&kit).any(|ours| text.contains(&format!("name = \"{}\"", ours.name))) => {
                return Ok(Some((path, Renewal::Stale)));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn renew_file(path: &Path, author: &Graph, kit: &Graph) -> Result<Renewal, Error> {
    Ok(match renewed(author, kit, &requirements()) {
        None => Renewal::Stale,
        Some(renewed) if renewed.to_text() == author.to_text() => Renewal::AsItWas,
        Some(renewed) => {
            fs::write(path, renewed.to_text()).map_err(|error| Error::io(path, &error))?;
            Renewal::Renewed
        }
    })
}

/// The kit's crates: they come from a folder.
fn ours(kit: &Graph) -> impl Iterator<Item = &Package> {
    kit.packages().filter(|package| package.source.is_none() && package.name != PROJECT)
}

/// Whether this is one of the kit's crates: it comes from a folder, under a name that the kit has.
fn is_ours(kit: &Graph, package: &Package) -> bool {
    package.source.is_none() && ours(kit).any(|ours| ours.name == package.name)
}

/// What the crates themselves ask of what they depend on.
fn requirements() -> BTreeMap<String, String> {
    let manifests = Kit::Rust.files().iter().filter(|file| file.path.ends_with("Cargo.toml"));
    let tables = manifests.filter_map(|file| file.text.parse::<Table>().ok()).flat_map(|manifest| {
        let plain = manifest.get("dependencies").cloned();
        let targets = manifest.get("target").and_then(Value::as_table).cloned().unwrap_or_default();
        plain.into_iter().chain(targets.into_iter().filter_map(|(_, target)| target.get("dependencies").cloned()))
    });
    let entries = tables.filter_map(|table| table.as_table().cloned()).flatten();
    let version = |value: &Value| value.as_str().or_else(|| value.get("version")?.as_str()).map(str::to_owned);
    entries.filter_map(|(name, value)| Some((name, version(&value)?))).collect()
}

/// The author's packages with what the kit's crates need now; none where that takes a resolver.
fn renewed(author: &Graph, kit: &Graph, requirements: &BTreeMap<String, String>) -> Option<Graph> {
    let mut graph = author.clone();
    // Where the author depends on nothing else, every feature that is on is on for the crates.
    let alone = graph
        .roots(|package| is_ours(kit, package))
        .all(|root| graph.dependencies(root).iter().all(|dependency| is_ours(kit, graph.package(*dependency))));
    let mut placing = Placing { kit, requirements, alone, placed: BTreeMap::new(), graph };
    for (index, package) in kit.packages().enumerate() {
        if is_ours(kit, package) {
            placing.place(index, Asker::Crate)?;
        }
    }
    graph = placing.graph;
    graph.prune(|package| is_ours(kit, package));
    Some(graph)
}

/// Puts packages of the kit into the author's graph.
struct Placing<'k> {
    kit: &'k Graph,
    requirements: &'k BTreeMap<String, String>,
    alone: bool,
    /// Where packages of the kit are in the author's graph.
    placed: BTreeMap<usize, usize>,
    graph: Graph,
}

/// Who asks for a package.
#[derive(Clone, Copy)]
enum Asker {
    /// One of the kit's crates, whose manifest says what it asks for.
    Crate,
    /// A package that the author has: cargo has found what serves it.
    Present(usize),
    /// A package that was added: what it asks for is in no file here.
    Added,
}

impl Placing<'_> {
    /// Where a package of the kit is in the author's graph; it is put there where it is missing. None where nobody here knows whether
    /// what is there serves who asks.
    fn place(&mut self, index: usize, asker: Asker) -> Option<usize> {
        let kit = self.kit;
        let wanted = kit.package(index);
        let known = self.placed.get(&index).copied();
        let found = if known.is_some() { known } else { self.find(wanted)? };
        if found.is_some_and(|place| !self.serves(place, wanted, asker)) {
            return None;
        }
        if known.is_some() {
            return known;
        }
        let ours = is_ours(kit, wanted);
        let place = found.unwrap_or_else(|| self.graph.add(wanted.clone()));
        self.placed.insert(index, place);
        // What another version needs was told when it came into the author's file.
        if ours || self.graph.package(place).version == wanted.version {
            let asks = match found {
                _ if ours => Asker::Crate,
                Some(_) => Asker::Present(place),
                None => Asker::Added,
            };
            let needed =
                kit.dependencies(index).iter().map(|needed| self.place(*needed, asks)).collect::<Option<_>>()?;
            self.graph.renew(place, &wanted.version, needed, ours || self.alone);
        }
        Some(place)
    }

    /// The author's package that may serve as this one; none inside where there is none, and none at all where versions cannot be
    /// compared.
    fn find(&self, wanted: &Package) -> Option<Option<usize>> {
        let named = self.graph.find(|package| package.name == wanted.name && package.source == wanted.source);
        if wanted.source.is_none() {
            return Some(named.first().copied());
        }
        let least = Version::parse(&wanted.version)?;
        let mut best: Option<(Version, usize)> = None;
        for index in named {
            let there = Version::parse(&self.graph.package(index).version)?;
            if there.is_compatible_with(&least) && best.is_none_or(|(best, _)| there > best) {
                best = Some((there, index));
            }
        }
        Some(best.map(|(_, index)| index))
    }

    /// Whether the package at this place is known to serve who asks for this one.
    fn serves(&self, place: usize, wanted: &Package, asker: Asker) -> bool {
        let there = &self.graph.package(place).version;
        if wanted.source.is_none() || *there == wanted.version {
            return true;
        }
        let (Some(there), Some(tested)) = (Version::parse(there), Version::parse(&wanted.version)) else {
            return false;
        };
        there >= tested
            || match asker {
                Asker::Crate => self.requirements.get(&wanted.name).is_some_and(|asked| satisfies(&there, asked)),
                Asker::Present(asker) => self.graph.dependencies(asker).contains(&place),
                Asker::Added => false,
            }
    }
}

#[cfg(test)]
mod tests;
