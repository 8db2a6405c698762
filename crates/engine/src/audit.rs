//! The audit trail: every act, who did it, in the transaction that did it.

use jiff::Timestamp;
use module::{Disposition, RequestId};
use serde_json::{Value, json};

use crate::chain::{GENESIS, audit_hash};
use crate::store::NewAudit;
use crate::{Error, Request, Store};

/// An act, with the number the classic service gives it. Those from 5000 are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it, and `Act::name` puts it in words")]
#[repr(u16)]
pub enum Act {
    Denied = 4868,
    Resubmitted = 4869,
    Revoked = 4870,
    CrlPublishRequested = 4871,
    CrlPublished = 4872,
    ExtensionSet = 4873,
    AttributesSet = 4874,
    StopRequested = 4875,
    BackedUp = 4876,
    Started = 4880,
    Stopped = 4881,
    Imported = 4884,
    RequestIssued = 4887,
    RequestDenied = 4888,
    RequestPending = 4889,
    Retrieved = 5000,
    CaCertificateInstalled = 5001,
    PublishExpiredSet = 5002,
    ModuleAdded = 5010,
    ModuleChanged = 5011,
    ModuleEnabled = 5012,
    ModuleDisabled = 5013,
    ModuleRemoved = 5014,
    ModuleRewound = 5015,
    DeliveryRetried = 5016,
    DeliveryDropped = 5017,
    ModuleUpgraded = 5018,
    ModuleTried = 5019,
    ModulePromoted = 5020,
    ModuleRolledBack = 5021,
    TrialEnded = 5022,
    ServerReloaded = 5030,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 32] = [
        Self::Denied,
        Self::Resubmitted,
        Self::Revoked,
        Self::CrlPublishRequested,
        Self::CrlPublished,
        Self::ExtensionSet,
        Self::AttributesSet,
        Self::StopRequested,
        Self::BackedUp,
        Self::Started,
        Self::Stopped,
        Self::Imported,
        Self::RequestIssued,
        Self::RequestDenied,
        Self::RequestPending,
        Self::Retrieved,
        Self::CaCertificateInstalled,
        Self::PublishExpiredSet,
        Self::ModuleAdded,
        Self::ModuleChanged,
        Self::ModuleEnabled,
        Self::ModuleDisabled,
        Self::ModuleRemoved,
        Self::ModuleRewound,
        Self::DeliveryRetried,
        Self::DeliveryDropped,
        Self::ModuleUpgraded,
        Self::ModuleTried,
        Self::ModulePromoted,
        Self::ModuleRolledBack,
        Self::TrialEnded,
        Self::ServerReloaded,
    ];

    /// The number.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The act in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied a pending request",
            Self::Resubmitted => "resubmitted a request",
            Self::Revoked => "revoked or released a certificate",
            Self::CrlPublishRequested => "asked for CRLs",
            Self::CrlPublished => "published CRLs",
            Self::ExtensionSet => "set an extension of a request",
            Self::AttributesSet => "set attributes of a request",
            Self::StopRequested => "asked the server to stop",
            Self::BackedUp => "made a copy of the database",
            Self::Started => "started the server",
            Self::Stopped => "stopped the server",
            Self::Imported => "imported a certificate",
            Self::RequestIssued => "had a request issued",
            Self::RequestDenied => "had a request denied",
            Self::RequestPending => "had a request taken under submission",
            Self::Retrieved => "fetched the certificate of a pending request",
            Self::CaCertificateInstalled => "installed a CA certificate",
            Self::PublishExpiredSet => "said whether a revoked certificate stays in CRLs after its end",
            Self::ModuleAdded => "added a module",
            Self::ModuleChanged => "changed a module's settings",
            Self::ModuleEnabled => "enabled a module",
            Self::ModuleDisabled => "disabled a module",
            Self::ModuleRemoved => "removed a module",
            Self::ModuleRewound => "rewound a module",
            Self::DeliveryRetried => "retried a parked event",
            Self::DeliveryDropped => "dropped a parked event",
            Self::ModuleUpgraded => "upgraded a module",
            Self::ModuleTried => "put a version of a module on trial",
            Self::ModulePromoted => "put a version on trial into force",
            Self::ModuleRolledBack => "rolled a module back",
            Self::TrialEnded => "ended the trial of a version",
            Self::ServerReloaded => "had the server's certificates read again",
        }
    }

    /// The act with this number.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.code() == code)
    }

    /// The entry for this act.
    pub(crate) fn entry(self, caller: &str, at: Timestamp, request: Option<RequestId>, detail: Value) -> NewAudit {
        NewAudit { code: self.code(), at, caller: caller.to_owned(), request, detail: detail.to_string() }
    }
}

/// The entry for a decision about a request: what was decided, and (by `act`) whether a person asked again.
pub(crate) fn decision(request: &Request, act: Option<Act>, caller: String, at: Timestamp) -> NewAudit {
    let decided = match request.disposition {
        Disposition::Issued => Act::RequestIssued,
        Disposition::Pending => Act::RequestPending,
        _ => Act::RequestDenied,
    };
    let detail = json!({
        "requester": request.requester,
        "disposition": request.disposition.name(),
        "status": request.status.to_string(),
        "profile": request.profile,
        "serial": request.issued.as_ref().map(|issued| issued.serial.to_string()),
        "subject": request.issued.as_ref().map(|issued| issued.distinguished_name.as_str()),
    });
    NewAudit { code: act.unwrap_or(decided).code(), at, caller, request: Some(request.id), detail: detail.to_string() }
}

/// What a check of the audit trail found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// Entries read.
    pub entries: u64,
    /// The hash of the last one.
    pub head: [u8; 32],
    /// The first thing wrong, if anything is.
    pub problem: Option<String>,
}

/// Reads the whole trail and computes its chain anew. `progress` is told entries done and in all.
pub fn verify_trail(store: &dyn Store, progress: &mut dyn FnMut(u64, u64)) -> Result<AuditReport, Error> {
    const BATCH: usize = 1_000;
    let (all, stored_head) = store.audit_head()?;
    let mut report = AuditReport { entries: 0, head: GENESIS, problem: None };
    while report.entries < all {
        let batch = store.audit(report.entries, BATCH)?;
        if batch.is_empty() {
            report.problem = Some(format!("entries {} to {all} are missing", report.entries + 1));
            return Ok(report);
        }
        for entry in batch {
            if entry.id != report.entries + 1 {
                report.problem = Some(format!("entry {} is missing", report.entries + 1));
                return Ok(report);
            }
            if audit_hash(&report.head, &entry) != entry.hash {
                report.problem = Some(format!("entry {} was changed, or one before it", entry.id));
                return Ok(report);
            }
            report = AuditReport { entries: entry.id, head: entry.hash, problem: None };
        }
        progress(report.entries, all.max(report.entries));
    }
    if report.entries == all && report.head != stored_head {
        report.problem = Some("the head of the chain is not the last entry's hash".into());
    }
    Ok(report)
}
