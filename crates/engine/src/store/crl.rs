//! CRLs in the database, and the revocations they list.

use jiff::Timestamp;
use module::HResult;
use pki::Serial;

/// Base or delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CrlKind {
    /// Every revoked certificate.
    Base,
    /// What changed since a base.
    Delta,
}

/// Where the bytes of a CRL are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CrlBody(pub i64);

/// One CRL: the columns of the contract's CRL table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlRow {
    /// `CRLNumber`: shared by every key, and by base and delta, of one publication.
    pub number: u64,
    /// `CRLMinBase`: the base a delta builds on; none for a base.
    pub min_base: Option<u64>,
    /// `CRLNameId`: the key index.
    pub key: u16,
    /// `CRLCount`: entries.
    pub entries: u64,
    /// `CRLThisUpdate`.
    pub this_update: Timestamp,
    /// `CRLNextUpdate`.
    pub next_update: Timestamp,
    /// `CRLThisPublish`: when it was made.
    pub this_publish: Timestamp,
    /// `CRLNextPublish`: when the next one is due.
    pub next_publish: Timestamp,
    /// `CRLPropagationComplete`: when every replica can be expected to have it.
    pub propagation_complete: Timestamp,
    /// `CRLLastPublished`: when publication was last tried.
    pub last_published: Option<Timestamp>,
    /// `CRLPublishAttempts`.
    pub attempts: u32,
    /// `CRLPublishFlags`: `CPF_*`.
    pub flags: u32,
    /// `CRLPublishStatusCode`: the first failure, or 0.
    pub status: HResult,
    /// `CRLPublishError`: what failed where.
    pub error: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Where its bytes are; none once they were dropped.
    pub body: Option<CrlBody>,
}

impl CrlRow {
    /// Base or delta.
    pub fn kind(&self) -> CrlKind {
        if self.min_base.is_some() { CrlKind::Delta } else { CrlKind::Base }
    }
}

/// Which revocations a CRL lists (the contract's entry selection).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedFilter {
    /// Certificates signed by this CA key.
    pub key: u16,
    /// Revocations effective by now.
    pub effective_by: Timestamp,
    /// Leave out certificates whose NotAfter lies before this, unless they are kept beyond expiry.
    pub expired_before: Timestamp,
    /// For a delta: only what was revoked, changed or released (released ones included) at or after this.
    pub changed_since: Option<Timestamp>,
}

/// One revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedRow {
    /// The serial number.
    pub serial: Serial,
    /// The revocation date.
    pub effective: Timestamp,
    /// CRLReason; [`module::RevocationReason::RELEASED`] only where the filter asks for changes.
    pub reason: i32,
}
