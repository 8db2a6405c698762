//! The module contract: what exit and policy modules implement, and what they may call.
//!
//! This is the classic contract of Windows certificate services in Rust's habits. Start with [`ExitModule`]: the
//! server engine calls [`initialize`](ExitModule::initialize) when it loads a module, which answers with the kinds
//! of event it wants; [`notify`](ExitModule::notify) then tells it that an event occurred, and hands it a
//! [`ServerExit`] through which it reads the request, the certificate and the certification authority.
//! [`PolicyModule`] is the sibling that decides; its [`ServerPolicy`] is [`ServerExit`] and the two calls that write.
//!
//! | Here | Classic contract |
//! |---|---|
//! | [`ExitModule`] | `ICertExit` |
//! | [`PolicyModule`] | `ICertPolicy` |
//! | [`ServerExit`] | `ICertServerExit` |
//! | [`ServerPolicy`] | `ICertServerPolicy` |
//! | [`ExitEvent`], [`ExitEvents`] | `EXITEVENT_*`, and the mask that `Initialize` returns |
//! | [`Notification`] | the arguments of `Notify`, with the event's number and attempt |
//! | [`Value`], [`PropertyType`] | `VARIANT`, `PROPTYPE_*` |
//! | [`property::PROPERTIES`] | the property names of `certsrv.h`: one table, from which the documentation is made |
//! | [`names`] | subject alternative names, read out of their extension |
//! | [`manifest`] | what lies beside a module and says what it is: `exeunt-module.toml` |
//! | [`scene`] | what modules find, in values: for tests of modules |
//! | [`wire`] | the messages of the module protocol, for modules that are programs of their own |
//!
//! # An exit module
//!
//! ```
//! use std::collections::BTreeSet;
//! use std::sync::Mutex;
//!
//! use exeunt_module::{ExitEvent, ExitEvents, ExitModule, ModuleError, Notification, PropertyType, ServerExit};
//!
//! /// Keeps the serial numbers of certificates in force.
//! #[derive(Default)]
//! struct InForce {
//!     serials: Mutex<BTreeSet<String>>,
//! }
//!
//! impl ExitModule for InForce {
//!     fn initialize(&self, ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
//!         println!("watching {ca}");
//!         Ok(ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED)
//!     }
//!
//!     fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
//!         let serial = server.certificate_property("SerialNumber", PropertyType::String)?.into_text()?;
//!         let mut serials = self.serials.lock().expect("no holder panics");
//!         // Delivered twice, an event changes nothing the second time.
//!         match notification.event {
//!             ExitEvent::CertIssued => serials.insert(serial),
//!             ExitEvent::CertRevoked => serials.remove(&serial),
//!             _ => false,
//!         };
//!         Ok(())
//!     }
//!
//!     fn description(&self) -> String {
//!         "certificates in force".to_owned()
//!     }
//! }
//! ```
//!
//! The crate knows nothing of the engine, the database or keys: a module can reach none of them.

mod code_file;
mod error;
mod event;
mod exit;
mod extension;
pub mod manifest;
pub mod moment;
pub mod names;
pub mod nearest;
mod policy;
pub mod profile;
pub mod property;
pub mod reference;
mod request;
pub mod scene;
mod settings;
mod value;
pub mod wire;

pub use code_file::CodeFile;
pub use error::{HResult, ModuleError, present};
pub use event::{EventId, ExitEvent, ExitEvents, Notification};
pub use exit::{Delivered, ExitModule, ServerExit, Undelivered};
pub use extension::{CertificateExtension, ExtensionFlags};
pub use jiff::Timestamp;
pub use manifest::Manifest;
pub use policy::{Decision, PolicyModule, ServerPolicy};
pub use profile::Profile;
pub use request::{Disposition, RequestId, RevocationReason};
pub use settings::{ModuleKind, Role, Setting, Settings};
pub use value::{PropertyType, Value};

/// The examples of the page that comes with the crate compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
