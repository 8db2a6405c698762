//! The versions of a module, and what they consist of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a module, or a version of it, consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModulePackage {
    /// Its manifest: the text of `exeunt-module.toml`, at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// The folder the manifest lies in, on the server: an absolute path. Given with `manifest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The file with its code that the operator has seen. Given with `sha256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The SHA-256 of that file, in hex. Where the server finds another one, nothing is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Another version of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModuleUpgrade {
    /// What runs it. Left out: what runs the version in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Settings to set, or with null to take away. The others are those of the version in force.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Option<String>>,
    /// What it consists of.
    #[serde(default)]
    pub package: ModulePackage,
    /// How it is tried first. Left out: it takes over at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryOrder>,
}

/// How a version is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanaryOrder {
    /// Its share of the requests in percent, 1 to 99.
    pub percent: u8,
    /// Failures with which the trial is over, 1 to 1,000,000. Left out: 5.
    #[serde(default = "failures_max")]
    pub failures_max: u32,
}

/// The way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rollback {
    /// The number of the version to go back to. Left out: the trial is ended, or the version before put into force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

/// A version of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModuleVersion {
    /// Its number, from 1.
    pub number: u32,
    /// Where it stands.
    pub state: VersionState,
    /// What runs it.
    pub kind: String,
    /// Its manifest's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its manifest's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The file with its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The SHA-256 of that file when it was installed, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its settings, secrets masked.
    pub settings: BTreeMap<String, String>,
    /// When it came into force, or its trial began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why its trial was ended by the server, or its last failure while it is on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
}

/// The trial of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Canary {
    /// Its share of the requests in percent.
    pub percent: u8,
    /// Failures with which the trial is over.
    pub failures_max: u32,
    /// Events or requests it has dealt with since it was loaded.
    pub delivered: u64,
    /// Those it failed; the version in force dealt with them.
    pub failed: u32,
}

/// Where a version of a module stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VersionState {
    /// In force.
    InForce,
    /// Told of a share of the requests.
    OnTrial,
    /// Another took its place.
    Replaced,
    /// It was rolled back.
    RolledBack,
    /// Its trial was ended.
    Withdrawn,
}

fn failures_max() -> u32 {
    5
}
