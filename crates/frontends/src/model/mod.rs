//! The JSON of the admin API: every body and answer, read and written by the server and by its clients.
//!
//! Members are snake_case, words kebab-case. Moments are RFC 3339 in UTC, bytes base64 ([`Base64`]), serial numbers and
//! hashes lower-case hex, HRESULTs `0x80094003` ([`Code`]). What a client sends is refused when it holds a member that
//! is not known; what the server answers may gain members, and clients ignore those they do not know.

mod audit;
mod authority;
mod certificate;
mod crl;
mod encoding;
mod event;
mod installed_module;
mod module_version;
mod notifications;
mod problem;
mod rendering;
mod request;
mod server;
mod version_rendering;

pub use audit::{AuditEntry, AuditReport};
pub use authority::{Authority, CaCertificate, CaCertificateText};
pub use certificate::{CertificateImport, PublishExpired, RevocationOrder};
pub use crl::{Crl, CrlKind, Publication, PublicationOrder};
pub use encoding::{Base64, Code, WrongEncoding};
pub use event::Event;
pub use installed_module::{
    Delivery, DeliveryState, DigestCheck, Module, ModuleChange, ModuleFailure, ModuleKind, ModuleOptions,
    ModuleOptionsChange, ModuleRole, ModuleSetting, ModuleState, NewModule, Rewind,
};
pub use module_version::{Canary, CanaryOrder, ModulePackage, ModuleUpgrade, ModuleVersion, Rollback, VersionState};
pub use notifications::Notifications;
pub use problem::Problem;
pub use request::{
    Attribute, AttributeText, CertificateSummary, Extension, ExtensionOrder, Key, Outcome, Request, RequestBody,
    Revocation, SubjectPart, Submission,
};
pub use server::{BackupOrder, DatabaseReport, Me, Readiness, Server};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// What to pass as `after` for the next page; left out on the last page. Opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A list that is complete.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// One line of a long act's answer, where the client accepts `application/x-ndjson`: any number of `progress` lines,
/// then one `result` or one `problem`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Line<T> {
    /// How far the act is.
    Progress(Progress),
    /// It is done; nothing follows.
    Result(T),
    /// It failed; nothing follows.
    Problem(Problem),
}

/// How far an act is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Steps done.
    pub done: u64,
    /// Steps in all, as known so far; 0 where it is not known.
    pub all: u64,
}
