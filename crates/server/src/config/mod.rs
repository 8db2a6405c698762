//! Configuration: one TOML file, in three steps with three names.
//!
//! *Parse* ([`parse()`]) turns text into a [`File`]: unknown keys and wrong types are refused, with the place and what to
//! write instead. *Resolve* ([`resolve()`]) checks every value against the others and turns them into what the engine and
//! the front ends take; it touches nothing outside. *Open* (module [`crate::server`]) touches the world.
//!
//! Every key, with unit, range and default, is in `docs/manual/configuration.md`; [`keys::KEYS`] is the same list for
//! the messages, and a test holds the two together.

mod file;
pub mod keys;
mod locate;
mod parse;
mod problem;
mod resolve;
mod template;

pub use file::{
    AdminSection, CaSection, CrlSection, DatabaseSection, EventsSection, File, KeysSection, LimitsSection,
    LocationsSection, LogFormat, LogSection, MetricsSection, OneOrMany, PolicySection, PublicationSection,
    RolesSection, TlsSection,
};
pub use parse::parse;
pub use problem::{Problem, Problems};
pub use resolve::{Admin, Log, PassphraseSource, Resolved, resolve};
pub use template::Template;
