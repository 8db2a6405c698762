//! The world outside: time, randomness, scratch files and publication. The engine touches it only through these.

use std::io::{Read, Seek, Write};

use jiff::Timestamp;
use module::ModuleError;

/// The time.
pub trait Clock: Send + Sync {
    /// Now, in UTC. May stand still or jump between calls; never used to order events.
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes` from the operating system or a generator seeded by it.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), std::io::Error>;
}

/// A scratch file, gone when dropped.
pub trait Scratch: Read + Write + Seek + Send {}
impl<T: Read + Write + Seek + Send> Scratch for T {}

/// Where CRLs and CA certificates are written, and where long lists are gathered on the way.
pub trait Files: Send + Sync {
    /// A new, empty scratch file.
    fn scratch(&self) -> Result<Box<dyn Scratch>, std::io::Error>;

    /// Writes all of `body` to a location (a path or a `file:` URL), so that a reader sees the old file or the new
    /// one and nothing between, and so that it is durable on return. Other schemes are `ERROR_BAD_PATHNAME`.
    fn publish(&self, location: &str, body: &mut dyn Read) -> Result<(), ModuleError>;
}

/// The seams together.
pub struct World {
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Unpredictable bytes.
    pub random: Box<dyn Random>,
    /// Scratch files and publication.
    pub files: Box<dyn Files>,
    /// The DNS name of this server: `MachineDNSName`, and `%1` in URLs.
    pub dns_name: String,
}
