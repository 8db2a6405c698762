//! The module's side of the module protocol: an exit or policy module as a program of its own.
//!
//! A program that calls [`run_exit`] or [`run_policy`] in its `main` is a module of the kind `process`:
//! `exeunt module add PROGRAM`. What it implements is the contract of the crate `exeunt-module`, as a built-in module does.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use exeunt_module::{ExitEvents, ExitModule, ModuleError, Notification, PropertyType, ServerExit, Settings};
//!
//! struct Serials {
//!     prefix: String,
//! }
//!
//! impl Serials {
//!     fn new(settings: &Settings) -> Result<Self, ModuleError> {
//!         Ok(Self { prefix: settings.required("prefix")?.to_owned() })
//!     }
//! }
//!
//! impl ExitModule for Serials {
//!     fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
//!         Ok(ExitEvents::CERT_ISSUED)
//!     }
//!
//!     fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
//!         let serial = server.certificate_property("SerialNumber", PropertyType::String)?.into_text()?;
//!         exeunt_stdio::log(exeunt_stdio::Level::Info, &format!("{}{serial} by event {}", self.prefix, notification.id));
//!         Ok(())
//!     }
//!
//!     fn description(&self) -> String {
//!         "logs serial numbers".to_owned()
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     exeunt_stdio::run_exit(Serials::new)
//! }
//! ```
//!
//! | What | How |
//! |---|---|
//! | settings | given to the constructor, when the server says `initialize`, and again after a panic |
//! | threads | as many as the operator's `window`, or one for everything: [`Serve::threads`] |
//! | batches of events | [`ExitModule::batch_max`] and `notify_batch` |
//! | reading | answered from the message where it carries the value, else by a call to the server |
//! | logging | [`log`], or the standard error |
//! | unit tests | [`testing`]: a server that calls the module, over rows that the test gives |
//! | a panic | caught; the call fails with `RPC_E_SERVERFAULT` and the panic's text. What it left behind is dropped: before the next call the module is made and initialised anew |
//! | the end | the server says so, or closes the standard input: the calls that have come are served, a policy module's `shut_down` is called, the module is dropped |
//!
//! On Unix the program's own standard output is turned to its standard error, and its standard input to nothing, before the
//! module is made: what it or a library prints goes to the server's log, and not between the messages.
//!
//! The crate knows the contract and nothing of the server. Start reading at `serve.rs`.

mod inbox;
mod link;
mod log;
mod reader;
mod role;
mod serve;
mod streams;
pub mod testing;
mod view;

use std::process::ExitCode;

use exeunt_module::{ExitModule, ModuleError, PolicyModule, Settings};

pub use log::{Level, log};
pub use role::Later;
pub use serve::{Broken, Serve, Threads};

/// Runs an exit module on the standard streams until the server ends it.
///
/// `make` is the constructor: it is called with the operator's settings (`setting.<name>` without the prefix), in the calling
/// thread; once, and again after each panic of the module. Its error, and that of `initialize`, is shown to the operator.
///
/// The code is 0 after an end in order, 1 where the server broke the protocol, 2 where a person started the program at a
/// terminal, who is told what it is for.
pub fn run_exit<M: ExitModule>(make: impl FnMut(&Settings) -> Result<M, ModuleError>) -> ExitCode {
    Serve::new().exit(make)
}

/// Runs a policy module on the standard streams until the server ends it; as [`run_exit`] otherwise.
pub fn run_policy<M: PolicyModule>(make: impl FnMut(&Settings) -> Result<M, ModuleError>) -> ExitCode {
    Serve::new().policy(make)
}

/// The examples of the page that comes with the crate compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
