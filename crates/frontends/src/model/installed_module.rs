//! Modules: the kinds there are, the installed ones, and what became of their events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Code, ModulePackage, ModuleVersion};

/// What a module does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleRole {
    /// Is told afterwards.
    Exit,
    /// Is asked before.
    Policy,
}

/// A kind of module that can be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModuleKind {
    /// The name it is installed by: `file`, `process`.
    pub name: String,
    /// One line.
    pub summary: String,
    /// The roles it can have.
    pub roles: Vec<ModuleRole>,
    /// The settings it knows.
    pub settings: Vec<ModuleSetting>,
}

/// One setting a kind of module knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModuleSetting {
    /// Its name.
    pub name: String,
    /// Its default; empty where it must be given.
    pub default: String,
    /// What it does, with unit and range.
    pub meaning: String,
    /// Whether it is given by reference only (`@file:/path`, `@env:NAME`), and never shown.
    pub secret: bool,
}

/// An installed module, and how it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// What runs it.
    pub kind: String,
    /// What it does.
    pub role: ModuleRole,
    /// Its settings, secrets masked.
    pub settings: BTreeMap<String, String>,
    /// What its manifest says of settings that are not set: the defaults of its own, and those of its kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, String>,
    /// Its versions: the one in force, the one on trial, and those before.
    pub versions: Vec<ModuleVersion>,
    /// What the operator is to be told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// How it is driven.
    pub options: ModuleOptions,
    /// Whether it is to run.
    pub enabled: bool,
    /// The order among modules of its role, from 0.
    pub position: u32,
    /// When it was installed.
    pub installed: Timestamp,
    /// What it says of itself.
    pub description: String,
    /// What it says of itself under names of its own: `Copyright`, `File Version`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<String, String>,
    /// How it does.
    pub state: ModuleState,
    /// When it is tried again, while `state` is `retrying` or `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// The kinds of event it wants: `cert-issued`.
    pub events: Vec<String>,
    /// The kinds of event that its manifest names, where it names any: what counts is what it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifest_events: Vec<String>,
    /// The last event it has dealt with.
    pub cursor: u64,
    /// The newest event there is.
    pub head: u64,
    /// Events it has yet to deal with.
    pub lag: u64,
    /// Events delivered since the server started.
    pub delivered: u64,
    /// Failed deliveries since the server started.
    pub failed: u64,
    /// Events parked for it.
    pub parked: u64,
    /// Events delivered a second, lately.
    pub rate_per_second: f64,
    /// When it last dealt with an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivered: Option<Timestamp>,
    /// Its last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ModuleFailure>,
    /// What its host counts: calls, failures, latency. Members depend on the host.
    pub health: serde_json::Value,
}

/// How a module does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleState {
    /// Being initialised.
    Starting,
    /// Taking events, or requests.
    Running,
    /// An event failed; it is delivered again at `retry_at`.
    Retrying,
    /// It could not be initialised; tried again at `retry_at`.
    Failed,
    /// It takes nothing any more, for good: its events wait until it is changed or enabled, or the server starts anew.
    Suspended,
    /// Switched off; keeps its place.
    Disabled,
    /// Stopped with the server.
    Stopped,
}

/// A failure of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModuleFailure {
    /// When.
    pub when: Timestamp,
    /// The HRESULT.
    pub code: Code,
    /// What failed.
    pub message: String,
}

/// How a module is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModuleOptions {
    /// Whether the answer to a requester waits for this module.
    pub inline: bool,
    /// Events handled at once, 1 to 64. Events of one request stay in order.
    pub workers: u32,
    /// Milliseconds one call may take, 1 to 3,600,000.
    pub timeout_ms: u64,
    /// Deliveries of one event before it is parked, 1 to 1,000,000.
    pub attempts_max: u32,
    /// Milliseconds before the second delivery; doubles with each.
    pub retry_ms_min: u64,
    /// Milliseconds that the wait between deliveries grows to.
    pub retry_ms_max: u64,
    /// What to do where the file with its code is not the one that was installed.
    pub digest: DigestCheck,
}

/// What is done with a module whose code is not what was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DigestCheck {
    /// What nobody has added is run, and said so wherever it is shown; another version's file is not, but the copy.
    Warn,
    /// It is not run, but the copy that was kept of what was installed; without one the module is refused.
    Enforce,
}

/// Options to change; what is left out stays as it is (or takes its default in a new module).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModuleOptionsChange {
    /// Whether the answer to a requester waits for this module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<bool>,
    /// Events handled at once, 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
    /// Milliseconds one call may take, 1 to 3,600,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Deliveries of one event before it is parked, 1 to 1,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<u32>,
    /// Milliseconds before the second delivery; doubles with each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_ms_min: Option<u64>,
    /// Milliseconds that the wait between deliveries grows to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_ms_max: Option<u64>,
    /// What to do where the file with its code is not the one that was installed. In a new module left out: `enforce` with a
    /// manifest, and `warn` without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestCheck>,
}

/// A module to install.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewModule {
    /// The name the operator will know it by.
    pub name: String,
    /// What runs it.
    pub kind: String,
    /// What it does. Left out: `exit`.
    #[serde(default = "exit")]
    pub role: ModuleRole,
    /// Its settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// What it consists of.
    #[serde(default)]
    pub package: ModulePackage,
    /// How it is driven.
    #[serde(default)]
    pub options: ModuleOptionsChange,
    /// Where it starts: `now`, `beginning`, an event's number, or a moment (RFC 3339). Left out: `now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its place among modules of its role, from 0. Left out: the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
}

/// Changes to an installed module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModuleChange {
    /// Settings to set, or with null to take away.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Option<String>>,
    /// Options to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<ModuleOptionsChange>,
}

/// Moves a module's place among the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewind {
    /// `now`, `beginning`, an event's number, or a moment (RFC 3339).
    pub to: String,
}

/// An event that a module has not dealt with at the first attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// The module.
    pub module: String,
    /// The event's number.
    pub event: u64,
    /// Waiting or parked.
    pub state: DeliveryState,
    /// When it is tried again, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Deliveries so far.
    pub attempts: u32,
    /// The last failure's code.
    pub code: Code,
    /// The last failure's text.
    pub error: String,
    /// When it first failed.
    pub first_failed: Timestamp,
    /// When it last failed.
    pub last_failed: Timestamp,
}

/// What becomes of a failed delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Tried again.
    Waiting,
    /// Given up, until an operator retries or drops it.
    Parked,
}

fn exit() -> ModuleRole {
    ModuleRole::Exit
}
