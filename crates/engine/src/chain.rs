//! Hash chains: each event and each audit entry binds its predecessor, so that nothing can be taken out unseen.

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

use crate::store::{AuditEntry, Event};

/// The hash before the first entry of a chain.
pub const GENESIS: [u8; 32] = [0; 32];

/// SHA-256 over fields, each with its length, so that no two lists of fields give the same bytes.
pub struct Hasher(Context);

impl Hasher {
    /// A hash for one kind of content; `domain` keeps kinds apart.
    pub fn new(domain: &str) -> Self {
        let mut hasher = Self(Context::new(&SHA256));
        hasher.text(domain);
        hasher
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a number.
    pub fn number(&mut self, number: i64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a moment, to the microsecond: what a database keeps.
    pub fn moment(&mut self, moment: Option<Timestamp>) -> &mut Self {
        match moment {
            Some(moment) => self.number(moment.as_microsecond()),
            None => self.bytes(&[]),
        }
    }

    /// The hash.
    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

/// The hash of an event: its predecessor's and its own content. `event.hash` itself is not read.
pub fn event_hash(previous: &[u8; 32], event: &Event) -> [u8; 32] {
    let mut hash = Hasher::new("exeunt event 1");
    hash.bytes(previous).number(event.id.0.cast_signed()).number(event.kind.bit().into());
    hash.moment(Some(event.occurred));
    hash.number(event.request.map_or(0, |(id, _)| id.0));
    hash.number(event.request.map_or(0, |(_, version)| version.into()));
    hash.number(event.crl_number.map_or(0, u64::cast_signed)).bytes(&event.digest);
    hash.finish()
}

/// The hash of an audit entry: its predecessor's and its own content. `entry.hash` itself is not read.
pub fn audit_hash(previous: &[u8; 32], entry: &AuditEntry) -> [u8; 32] {
    let mut hash = Hasher::new("exeunt audit 1");
    hash.bytes(previous).number(entry.id.cast_signed()).number(entry.code.into()).moment(Some(entry.at));
    hash.text(&entry.caller).number(entry.request.map_or(0, |id| id.0)).text(&entry.detail);
    hash.finish()
}
