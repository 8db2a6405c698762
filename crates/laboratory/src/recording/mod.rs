//! Recordings: stretches of a real event log, in the words of the module protocol.
//!
//! A recording is JSON, one value a line. The first line is the header: `recording` (the version of this format, 2), `ca` and
//! `properties` as in `initialize`, and `redacted`. Each further line is an event or a part of a CRL.
//!
//! An event is the parameters of `notify`, and besides:
//!
//! | Member | |
//! |---|---|
//! | `names` | the names of the attributes in their order, which JSON objects do not keep |
//! | `asked` | at the first decision on a request: `request`, `certificate`, `attributes` and `extensions` of `verify_request`; and `names`, where its attributes are not the event's |
//! | `crls` | at a publication of CRLs: the SHA-256 of each by the property that reads it; `null` for one that was left out |
//!
//! A part of a CRL is `crl` (its SHA-256), `size` (of the whole) and `part` (bytes). The parts of one stand together, in their
//! order, before the first event that names the CRL. Version 1 had neither `asked` nor CRLs; it is still read.

mod crl;
mod decide;
mod lines;
mod play;
mod read;
mod redaction;
mod replay;
#[cfg(test)]
mod tests;
mod told;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use module::{HResult, ModuleError, Value};

pub use crl::{CrlReference, Digest};
pub use decide::decide;
pub use redaction::Redaction;
pub use replay::replay;
pub use told::{Told, read_properties, read_told};
pub use write::{FetchCrl, Kept, Recorder};

use self::crl::Index;
use self::lines::{Lines, Place};
use crate::scene::{Contents, Happening, Properties};

/// The version of the format that is written, and the oldest that is read.
const VERSION: u64 = 2;
const VERSION_MIN: u64 = 1;
/// The most bytes of a recording.
pub const BYTES_MAX: u64 = 1 << 30;
/// The most events of a recording.
const EVENTS_MAX: usize = 100_000;
/// The most CRLs of a recording: as many as twice the events.
const CRLS_MAX: usize = 200_000;
/// The most bytes of the CRLs that one event reports: they are held while it is played, and until others are reported.
const EVENT_CRL_BYTES_MAX: u64 = 512 << 20;

/// A stretch of an event log, in a file or whatever else can be sought in. What it takes of memory does not grow with its
/// events: they are read as they are wanted.
#[derive(Debug)]
pub struct Recording<S> {
    /// The authority's common name.
    pub ca: String,
    /// Whether names were taken out.
    pub redacted: bool,
    /// The authority's properties when it was recorded.
    pub properties: Arc<Properties>,
    lines: Lines<S>,
    /// Where the line after the header begins.
    first: Place,
    event_count: usize,
    asked_count: usize,
    crls: Index,
}

/// An event of a recording.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What happened, and what a module finds.
    pub happening: Happening,
    /// Where it is the first decision on a request: the request as policy was asked about it.
    pub asked: Option<Contents>,
    /// Where it reports CRLs that were recorded: which.
    pub crls: Option<Crls>,
}

/// CRLs by the property that reads them; none for one that was left out.
pub type Crls = BTreeMap<String, Option<Digest>>;

impl<S> Recording<S> {
    /// How many events there are.
    pub const fn event_count(&self) -> usize {
        self.event_count
    }

    /// How many of them have the request as policy was asked about it.
    pub const fn asked_count(&self) -> usize {
        self.asked_count
    }

    /// The CRLs there are.
    pub fn crls(&self) -> impl Iterator<Item = &Digest> {
        self.crls.digests()
    }
}

fn unfit(what: impl Into<String>) -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_DATA, what)
}

/// The text of a property.
pub(crate) fn text_of<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    match properties.value(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// The number of a property.
pub(crate) fn number_of(properties: &Properties, name: &str) -> Option<i32> {
    match properties.value(name) {
        Some(Value::Long(number)) => Some(*number),
        _ => None,
    }
}
