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
//! | `asked` | at the first decision on a request: `request`, `certificate`, `attributes` and `extensions` of `verify_request` |
//! | `crls` | at a publication of CRLs: the SHA-256 of each by the property that reads it; `null` for one that was left out |
//!
//! A part of a CRL is `crl` (its SHA-256), `size` (of the whole) and `part` (bytes). Parts come in their order, before the first
//! event that names the CRL. Version 1 had neither `asked` nor CRLs; it is still read.

mod crl;
mod decide;
mod read;
mod redaction;
mod replay;
mod told;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use module::{HResult, ModuleError, Value};

pub use crl::{CrlReference, Digest};
pub use decide::decide;
pub use redaction::Redaction;
pub use replay::replay;
pub use told::{Told, read_properties, read_told};
pub use write::{FetchCrl, Kept, Recorder};

use crate::scene::{Contents, Happening, Properties, Scene};

/// The version of the format that is written, and the oldest that is read.
const VERSION: u64 = 2;
const VERSION_MIN: u64 = 1;
/// The most bytes of a recording; and of what reading it makes out of less.
const BYTES_MAX: u64 = 1 << 30;

/// A stretch of an event log.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The authority's common name.
    pub ca: String,
    /// Whether names were taken out.
    pub redacted: bool,
    /// The authority's properties when it was recorded.
    pub properties: Arc<Properties>,
    /// The events, in their order.
    pub events: Vec<Recorded>,
    /// The bytes of the CRLs, by their SHA-256.
    pub crls: HashMap<Digest, Vec<u8>>,
}

/// An event of a recording.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What happened, and what a module finds; CRLs are in [`crls`](Self::crls).
    pub happening: Happening,
    /// Where it is the first decision on a request: the request as policy was asked about it.
    pub asked: Option<Contents>,
    /// Where it reports CRLs that were recorded: which.
    pub crls: Option<Crls>,
}

/// CRLs by the property that reads them; none for one that was left out.
pub type Crls = BTreeMap<String, Option<Digest>>;

impl Recording {
    /// The events as they are played: each with the CRLs that the authority had then, which are those of the last event so far
    /// that reports CRLs. `stand_in` is read where that is not known, and in place of a base CRL that was left out.
    pub fn play<'a>(&'a self, stand_in: &'a [u8]) -> impl Iterator<Item = (&'a Recorded, Happening)> {
        let mut newest: Option<&Crls> = None;
        // CRLs may be long: they are copied where something has changed, and not for each event.
        let mut last: Option<(&Properties, Arc<Properties>)> = None;
        self.events.iter().map(move |event| {
            let own = &*event.happening.scene.authority;
            if event.crls.is_some() {
                newest = event.crls.as_ref();
                last = None;
            }
            let authority = match &last {
                Some((before, built)) if *before == own => Arc::clone(built),
                _ => Arc::new(self.with_crls(own, newest, stand_in)),
            };
            last = Some((own, Arc::clone(&authority)));
            let scene = Scene { contents: event.happening.scene.contents.clone(), authority };
            (event, Happening { scene: Arc::new(scene), ..event.happening.clone() })
        })
    }

    fn with_crls(&self, authority: &Properties, crls: Option<&Crls>, stand_in: &[u8]) -> Properties {
        let mut all = authority.clone();
        let Some(crls) = crls else {
            all.set("RawCRL", stand_in.to_vec());
            return all;
        };
        for (property, digest) in crls {
            let known = digest.as_ref().and_then(|digest| self.crls.get(digest));
            let base = property.to_ascii_lowercase().starts_with("rawcrl");
            let bytes = known.map(Vec::as_slice).or(base.then_some(stand_in));
            all.set_if(property, bytes.map(<[u8]>::to_vec));
        }
        all
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
