//! The exit modules of an authority: installed, looked at, waited for.

use std::sync::Arc;

use engine::store::{Delivery, ModuleOptions};
use engine::{ModuleState, ModuleStatus, NewModule, StartFrom, right};
use jiff::SignedDuration;
use module::{EventId, ExitModule, Role, Settings};

use super::{Authority, eventually};

/// Options of a module that is soon told again of what it failed, and at most three times.
pub fn quick() -> ModuleOptions {
    ModuleOptions { timeout_ms: 5_000, attempts_max: 3, retry_ms_min: 1, retry_ms_max: 5, ..ModuleOptions::default() }
}

impl Authority {
    /// An authority with this exit module under this name, which runs and is told what happens from now on.
    pub fn with_exit(name: &str, module: Arc<dyn ExitModule>) -> Self {
        let authority = Self::open();
        authority.loader.exit(name, module);
        authority.add_exit(name, StartFrom::Now, quick());
        eventually("the module runs", || authority.module(name).state == ModuleState::Running);
        authority
    }

    /// Installs an exit module of a kind under the kind's name.
    pub fn add_exit(&self, kind: &str, start: StartFrom, options: ModuleOptions) {
        let new = NewModule {
            name: kind.into(),
            kind: kind.into(),
            role: Role::Exit,
            settings: Settings::default(),
            options,
            start,
            position: None,
        };
        self.engine.add_module(&self.by::<right::Administer>(), new).expect("the module is installed");
    }

    /// How a module does.
    pub fn module(&self, name: &str) -> ModuleStatus {
        self.engine.module(&self.by::<right::Read>(), name).expect("the module is installed")
    }

    /// The events that a module failed and that wait, or are parked.
    pub fn deliveries(&self, name: &str) -> Vec<Delivery> {
        let by = self.by::<right::Read>();
        self.engine.deliveries(&by, name, EventId(0), 1_000).expect("the module is installed")
    }

    /// The newest event.
    pub fn head(&self) -> EventId {
        self.engine.event_head().expect("a readable database").0
    }

    /// Whether a module has dealt with every event there is.
    pub fn has_caught_up(&self, name: &str) -> bool {
        self.module(name).lag == 0
    }

    /// Waits until a module has dealt with every event there is. Time goes by meanwhile, so that nothing waits for long.
    pub fn catches_up(&self, name: &str) {
        eventually(&format!("{name} has caught up"), || {
            self.clock.advance(SignedDuration::from_millis(10));
            self.has_caught_up(name)
        });
    }
}
