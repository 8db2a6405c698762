//! Installed modules, and what became of the events they were sent.

use jiff::Timestamp;
use module::{EventId, HResult, Settings};
use serde::{Deserialize, Serialize};

use super::Versions;

pub use module::Role as ModuleRole;

/// A module the operator has installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledModule {
    /// The name the operator knows it by.
    pub name: String,
    /// What runs it: `file`, `journal`, `process`, …
    pub kind: String,
    /// What it does.
    pub role: ModuleRole,
    /// Its settings.
    pub settings: Settings,
    /// How it is driven.
    pub options: ModuleOptions,
    /// Whether it is to run. A disabled module keeps its place.
    pub enabled: bool,
    /// The order among modules of its role, from 0: how policy modules are asked, and exit modules are listed.
    pub position: u32,
    /// When it was installed.
    pub installed: Timestamp,
    /// Its version in force, and the others.
    pub versions: Versions,
    /// The last event it has dealt with. Written here only when the module is installed or rewound; otherwise
    /// [`Change::cursors`](super::Change::cursors) moves it.
    pub cursor: EventId,
}

/// How a module is driven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestCheck {
    /// What nobody has added is run, and said so wherever it is shown; another version's file is not, but the copy.
    #[default]
    Warn,
    /// It is not run, but the copy that was kept of what was installed; without one the module is refused.
    Enforce,
}

impl Default for ModuleOptions {
    fn default() -> Self {
        Self {
            inline: false,
            workers: 1,
            timeout_ms: 30_000,
            attempts_max: 20,
            retry_ms_min: 1_000,
            retry_ms_max: 600_000,
            digest: DigestCheck::Warn,
        }
    }
}

/// An event that a module has not dealt with at the first attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The module.
    pub module: String,
    /// The event.
    pub event: EventId,
    /// Waiting or parked.
    pub state: DeliveryState,
    /// Deliveries so far.
    pub attempts: u32,
    /// The last failure's code.
    pub code: HResult,
    /// The last failure's text.
    pub error: String,
    /// When it first failed: kept by the store while the event waits or is parked, whatever is written later.
    pub first_failed: Timestamp,
    /// When it last failed.
    pub last_failed: Timestamp,
}

/// What becomes of a failed delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Tried again at this time; later events of the module (or of the request, with several workers) wait.
    Waiting(Timestamp),
    /// Given up; later events go on. An operator retries or drops it.
    Parked,
}
