//! The number of the newest event, watched for everybody who follows the events.

use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::Calls;
use crate::listen::stopped;

/// How often the engine is asked while somebody follows.
const EVERY: Duration = Duration::from_millis(50);

/// The watch. Nothing is asked while nobody follows.
#[derive(Clone, Debug)]
pub(crate) struct Heads {
    newest: Arc<watch::Sender<u64>>,
    followed: Arc<Notify>,
}

impl Heads {
    pub(crate) fn new() -> Self {
        Self { newest: Arc::new(watch::Sender::new(0)), followed: Arc::default() }
    }

    /// A receiver that changes with each new event, soon after it.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        let receiver = self.newest.subscribe();
        self.followed.notify_one();
        receiver
    }

    /// Watches until the server stops.
    pub(crate) async fn run(self, engine: Arc<Engine>, calls: Calls, mut stop: watch::Receiver<bool>) {
        loop {
            if self.newest.receiver_count() == 0 {
                tokio::select! {
                    () = stopped(&mut stop) => return,
                    () = self.followed.notified() => {}
                }
            }
            let engine = Arc::clone(&engine);
            match calls.run(move || engine.event_head()).await {
                Ok((head, _)) => {
                    self.newest.send_if_modified(|newest| std::mem::replace(newest, head.0) != head.0);
                }
                Err(problem) => tracing::debug!("the newest event cannot be asked for: {problem}"),
            }
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(EVERY) => {}
            }
        }
    }
}
