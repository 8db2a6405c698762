//! The end of a trial that nobody ordered: it is recorded as soon as the database can be written.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use module::ModuleError;

use crate::{Engine, Error};

/// How long to wait before the database is asked again to record the end of a trial.
const RECORD_RETRY: Duration = Duration::from_secs(1);

/// A trial that has to be recorded as over.
pub(crate) struct Withdrawal {
    pub(crate) module: String,
    pub(crate) number: u32,
    pub(crate) error: ModuleError,
}

/// Starts the thread that records the ends of trials.
pub(crate) fn watch(engine: &Arc<Engine>, reports: Receiver<Withdrawal>) -> Result<(), Error> {
    let engine = Arc::downgrade(engine);
    let run = move || {
        let mut open: Vec<Withdrawal> = Vec::new();
        loop {
            let next = match open.is_empty() {
                true => reports.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => reports.recv_timeout(RECORD_RETRY),
            };
            match next {
                Ok(withdrawal) => open.push(withdrawal),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let Some(engine) = engine.upgrade() else { return };
            open.retain(|withdrawal| match engine.record_withdrawal(withdrawal) {
                Ok(()) => false,
                Err(error) => {
                    tracing::error!(module = withdrawal.module, "the end of a trial cannot be recorded: {error}");
                    true
                }
            });
        }
    };
    std::thread::Builder::new().name("trials".into()).spawn(run)?;
    Ok(())
}
