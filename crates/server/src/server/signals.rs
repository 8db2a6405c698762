//! What the operating system and operators tell a running server.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::Notify;

use crate::Error;

/// What a server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Stop: SIGTERM, SIGINT, or an operator over the admin API.
    Stop,
    /// Read certificates and the log level again: SIGHUP.
    Reload,
}

/// Waits for signals, on whatever thread asks.
pub struct Signals {
    runtime: Runtime,
    terminate: Stream,
    interrupt: Stream,
    hang_up: Stream,
    asked: Arc<Notify>,
}

impl Signals {
    /// From now on the signals end up here instead of ending the process.
    ///
    /// # Errors
    /// The operating system does not let us.
    pub fn catch() -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::failed(format!("signals cannot be handled: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (terminate, interrupt, hang_up) = {
            let _inside = runtime.enter();
            let stream = |kind| signal(kind).map_err(failed);
            (stream(SignalKind::terminate())?, stream(SignalKind::interrupt())?, stream(SignalKind::hangup())?)
        };
        Ok(Self { runtime, terminate, interrupt, hang_up, asked: Arc::default() })
    }

    /// What asks for a stop from within the process.
    pub fn ask_to_stop(&self) -> Box<dyn Fn() + Send + Sync> {
        let asked = Arc::clone(&self.asked);
        Box::new(move || asked.notify_one())
    }

    /// Waits for the next one.
    pub fn wait(&mut self) -> Signal {
        let Self { runtime, terminate, interrupt, hang_up, asked } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => Signal::Stop,
                _ = interrupt.recv() => Signal::Stop,
                () = asked.notified() => Signal::Stop,
                _ = hang_up.recv() => Signal::Reload,
            }
        })
    }
}
