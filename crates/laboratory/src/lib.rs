//! The laboratory: tries exit and policy modules against the module contract, without a certification authority.
//!
//! It loads a module through its [`ModuleKind`](module::ModuleKind), behind the same guard as the server does, and plays
//! every event of the contract to it, on realistic rows with real certificates and CRLs of a throwaway key. What the module
//! reads are values: [`View`] and [`InFlight`] keep the contract's rules and errors over them. There is no engine, no
//! database and no network here, and the crate cannot reach any.
//!
//! | Here | What it is |
//! |---|---|
//! | [`Specimen`] | the module under test |
//! | [`run`] | runs the checks of its role, one list of data each: [`exit_checks`], [`policy_checks`] |
//! | [`Report`] | what came out: for people, as JSON, as JUnit XML |
//! | [`Story`], [`Authority`], [`Row`] | what happens: events, certificates, rows |
//! | [`Recording`] | a stretch of a real event log, to be played in the laboratory; [`Redaction`] takes names out |
//! | [`replay`], [`decide`] | plays it to an exit module; asks a policy module about its requests: [`Decisions`] |
//! | [`measure`] | how fast a module is |
//!
//! Start reading at [`run`], then `check/exit.rs`.

mod authority;
mod bench;
mod check;
mod decisions;
mod error;
mod flight;
mod key;
mod measure;
mod processes;
mod recording;
mod report;
mod row;
mod run;
mod scene;
mod specimen;
mod story;
mod view;

pub use authority::{Authority, CA_NAME, request};
pub use check::{Check, Group, exit_checks, policy_checks};
pub use decisions::{Amendment, Decisions, Judged, Judgement, Outcome};
pub use error::Error;
pub use flight::{InFlight, Temper};
pub use measure::{Round, measure};
pub use recording::{
    BYTES_MAX as RECORDING_BYTES_MAX, CrlReference, Crls, Digest, FetchCrl, Kept, Recorded, Recorder, Recording,
    Redaction, Told, decide, read_properties, read_told, replay,
};
pub use report::{Entry, Measurements, Report, Verdict};
pub use row::{REQUEST_TYPE_PKCS10, Row};
pub use run::{Options, run};
pub use scene::{Contents, Happening, Properties, Scene};
pub use specimen::Specimen;
pub use story::{PROFILE, Story};
pub use view::{AtOnce, Observed, Pace, Reader, View};
