//! A COM module tried by hand: what `module test` tells it beyond the contract's events.

use module::{ModuleError, Role, ServerExit, Settings};

use super::ComKind;
use super::command::Prepared;
use super::prefix::InUse;
use crate::process;

/// A COM module under test, in a process of its own, initialised.
#[derive(Debug)]
pub struct Probe {
    // Its process ends before the Wine that it runs in.
    probe: process::Probe,
    _wine: Option<InUse>,
}

impl Probe {
    /// Starts the host with the module in it and initialises it. What it keeps is where [`kinds`](crate::kinds) would keep it,
    /// unless the settings say otherwise.
    ///
    /// # Errors
    /// As for the module itself.
    pub fn start(name: &str, settings: &Settings, ca: &str, server: &dyn ServerExit) -> Result<Self, ModuleError> {
        let kind: ComKind = crate::com_beside(crate::user_cache().as_deref());
        let Prepared { process, wine, .. } = kind.prepare(name, Role::Exit, settings, None)?;
        let probe = process::Probe::start(name, Role::Exit, &process, ca, server)?;
        Ok(Self { probe, _wine: wine })
    }

    /// Tells the module of an event that no version has: `ICertExit::Notify` with a bit that it does not know. A good one
    /// succeeds.
    ///
    /// # Errors
    /// What the module answers, or that it broke down.
    pub fn tell_of_the_unknown(&self) -> Result<(), ModuleError> {
        self.probe.tell_of_the_unknown()
    }
}
