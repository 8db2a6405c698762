//! The versions of a module: the one in force, one on trial beside it, and those before.

use std::path::PathBuf;

use jiff::Timestamp;
use module::{Manifest, ModuleError, RequestId, Settings};
use serde::{Deserialize, Serialize};

use super::InstalledModule;

/// Former versions kept at most; the oldest are forgotten first.
const FORMER_MAX: usize = 10;

/// The versions of an installed module. What the one in force is run by, and its settings, are the module's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Versions {
    /// The number of the one in force, from 1.
    pub number: u32,
    /// When it came into force, where that was after the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What it consists of.
    pub package: Package,
    /// The one on trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Those before, in the order in which they ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<FormerVersion>,
}

/// What a version of a module consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    /// Its manifest, as it was when the version was installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ManifestFile>,
    /// The file with its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// A manifest as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its text.
    pub text: String,
    /// The folder it lay in, absolute.
    pub directory: PathBuf,
}

/// A file with a module's code, as it was when the version was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The file, absolute.
    pub path: PathBuf,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// The class that it was registered for, where the module's settings name that and no file. Of such a file no copy is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number, from 1; never used again for the same module.
    pub number: u32,
    /// What runs it.
    pub kind: String,
    /// Its settings.
    pub settings: Settings,
    /// What it consists of.
    pub package: Package,
}

/// A version on trial: it is told of a share of the requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// The version.
    pub version: Version,
    /// Its share of the requests in percent, 1 to 99.
    pub percent: u8,
    /// Failures with which the trial is over.
    pub failures_max: u32,
    /// When the trial began.
    pub since: Timestamp,
}

/// A version that is no longer in force, or was never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerVersion {
    /// The version.
    pub version: Version,
    /// When it ended.
    pub until: Timestamp,
    /// How it ended.
    pub end: VersionEnd,
}

/// How a version ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionEnd {
    /// Another took its place.
    Replaced,
    /// It was rolled back: the one before took its place.
    RolledBack,
    /// Its trial was ended, by an operator or (with the failure) by the server.
    Withdrawn(Option<String>),
}

impl Default for Versions {
    fn default() -> Self {
        Self { number: 1, since: None, package: Package::default(), canary: None, former: Vec::new() }
    }
}

impl Package {
    /// The manifest, read again.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn manifest(&self) -> Result<Option<Manifest>, ModuleError> {
        self.manifest.as_ref().map(|file| Manifest::parse(&file.text)).transpose()
    }
}

impl Versions {
    /// The number of the next version.
    pub fn next_number(&self) -> u32 {
        let former = self.former.iter().map(|former| former.version.number);
        let canary = self.canary.iter().map(|canary| canary.version.number);
        former.chain(canary).fold(self.number, u32::max).saturating_add(1)
    }

    /// The version that a roll-back leads to: the last one that was replaced before the one in force came.
    pub fn before(&self) -> Option<&Version> {
        let replaced = self.former.iter().filter(|former| former.end == VersionEnd::Replaced);
        let earlier = replaced.map(|former| &former.version).filter(|version| version.number < self.number);
        earlier.max_by_key(|version| version.number)
    }

    /// The files with the code of every version there is.
    pub fn codes(&self) -> impl Iterator<Item = &Code> {
        let canary = self.canary.iter().map(|canary| &canary.version);
        let others = canary.chain(self.former.iter().map(|former| &former.version)).map(|version| &version.package);
        std::iter::once(&self.package).chain(others).filter_map(|package| package.code.as_ref())
    }

    /// A former version, by its number.
    pub fn former(&self, number: u32) -> Option<&Version> {
        self.former.iter().map(|former| &former.version).find(|version| version.number == number)
    }

    /// Puts a version among the former ones.
    pub fn keep(&mut self, version: Version, until: Timestamp, end: VersionEnd) {
        self.former.retain(|former| former.version.number != version.number);
        self.former.push(FormerVersion { version, until, end });
        let beyond = self.former.len().saturating_sub(FORMER_MAX);
        self.former.drain(..beyond);
    }
}

impl Canary {
    /// Whether what happened to this request is for the version on trial. The same request always has the same answer; what
    /// is about no request is for the version in force.
    pub fn takes(&self, request: Option<RequestId>) -> bool {
        request.is_some_and(|request| share(request) < u64::from(self.percent))
    }
}

impl InstalledModule {
    /// The version in force.
    pub fn version(&self) -> Version {
        Version {
            number: self.versions.number,
            kind: self.kind.clone(),
            settings: self.settings.clone(),
            package: self.versions.package.clone(),
        }
    }

    /// The module with this version in force and none on trial.
    pub fn with_version(&self, version: Version) -> Self {
        let Version { number, kind, settings, package } = version;
        let versions = Versions { number, package, canary: None, ..self.versions.clone() };
        Self { kind, settings, versions, ..self.clone() }
    }
}

/// A number from 0 to 99 for a request, spread so that neighbours are strangers.
fn share(request: RequestId) -> u64 {
    let mut bits = request.0.unsigned_abs().wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) % 100
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn version(number: u32) -> Version {
        Version { number, kind: "process".into(), settings: Settings::default(), package: Package::default() }
    }

    fn canary(percent: u8) -> Canary {
        Canary { version: version(2), percent, failures_max: 5, since: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_share_is_about_as_large_as_it_says_and_grows_without_moving_anybody() {
        let taken = |percent: u8| (1..=10_000).filter(|id| canary(percent).takes(Some(RequestId(*id)))).count();
        for percent in [1_u8, 10, 50, 99] {
            let expected = usize::from(percent) * 100;
            assert!(taken(percent).abs_diff(expected) < 200, "{percent}: {}", taken(percent));
        }
        assert!((1..=1_000).map(RequestId).all(|id| !canary(10).takes(Some(id)) || canary(20).takes(Some(id))));
        assert!(!canary(99).takes(None));
    }

    #[test]
    fn a_roll_back_leads_to_what_was_in_force_before() {
        let mut versions = Versions::default();
        assert_eq!((versions.next_number(), versions.before()), (2, None));
        versions.keep(version(1), Timestamp::UNIX_EPOCH, VersionEnd::Replaced);
        versions.number = 2;
        versions.keep(version(3), Timestamp::UNIX_EPOCH, VersionEnd::Withdrawn(None));
        assert_eq!((versions.next_number(), versions.before().unwrap().number), (4, 1));
        // 2 to 4, back to 2, on to 5: the way back from 5 is 2, not 4.
        versions.keep(version(4), Timestamp::UNIX_EPOCH, VersionEnd::RolledBack);
        versions.keep(version(2), Timestamp::UNIX_EPOCH, VersionEnd::Replaced);
        versions.number = 5;
        assert_eq!(versions.before().unwrap().number, 2);
        for number in 6..30 {
            versions.keep(version(number), Timestamp::UNIX_EPOCH, VersionEnd::Replaced);
        }
        assert_eq!((versions.former.len(), versions.next_number()), (FORMER_MAX, 30));
    }

    #[test]
    fn what_an_older_server_wrote_is_the_first_version() {
        let versions: Versions = serde_json::from_str("{}").unwrap();
        assert_eq!(versions, Versions::default());
        let all = Versions { canary: Some(canary(7)), since: Some(Timestamp::UNIX_EPOCH), ..Versions::default() };
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Versions>(&text).unwrap(), all);
    }
}
