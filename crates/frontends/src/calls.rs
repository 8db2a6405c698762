//! Engine calls on threads that may block: a bounded number at once, a bounded number waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Limits;
use crate::model::Problem;
use crate::problem::Kind;

/// The turnstile before the engine. Cheap to clone; clones share the limits.
#[derive(Clone, Debug)]
pub struct Calls(Arc<Turnstile>);

#[derive(Debug)]
struct Turnstile {
    ordinary: Arc<Semaphore>,
    long: Arc<Semaphore>,
    followers: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    wait: Duration,
}

/// One place among the waiting; given back when dropped, also when the client has gone.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Calls {
    /// A turnstile with these limits.
    pub fn new(limits: &Limits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Turnstile {
            ordinary: semaphore(limits.calls_max),
            long: semaphore(limits.long_calls_max),
            followers: semaphore(limits.followers_max),
            waiting: AtomicUsize::new(0),
            waiting_max: limits.calls_waiting_max,
            wait: limits.call_wait,
        }))
    }

    /// Runs one engine call on a blocking thread, when its turn has come. A call that has begun runs to its end, also
    /// when nobody waits for it any more.
    pub async fn run<T, E>(&self, call: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let permit = self.turn().await?;
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            call()
        });
        task.await.map_err(|error| defect(&error))?.map_err(Into::into)
    }

    /// A place for a long act, if there is one.
    pub fn long(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = Arc::clone(&self.0.long).try_acquire_owned();
        permit
            .map_err(|_| Problem::new(Kind::Overloaded, "as many long acts as allowed are under way; try again later"))
    }

    /// A place for a follower of events, if there is one.
    pub fn follower(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = Arc::clone(&self.0.followers).try_acquire_owned();
        permit.map_err(|_| {
            Problem::new(Kind::Overloaded, "as many clients as allowed follow the events; try again later")
        })
    }

    /// Calls that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Relaxed)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let overloaded =
            || Problem::new(Kind::Overloaded, "the server has more calls than it can take; try again later");
        if let Ok(permit) = Arc::clone(&self.0.ordinary).try_acquire_owned() {
            return Ok(permit);
        }
        let before = self.0.waiting.fetch_add(1, Relaxed);
        let _waiting = Waiting(&self.0.waiting);
        if before >= self.0.waiting_max {
            return Err(overloaded());
        }
        match timeout(self.0.wait, Arc::clone(&self.0.ordinary).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }
}

/// A call that panicked: the panic's text is in the log, not in the answer.
pub(crate) fn defect(error: &tokio::task::JoinError) -> Problem {
    tracing::error!("an engine call did not return: {error}");
    Problem::new(Kind::Internal, "an internal error; see the server's log")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn calls(at_once: usize, waiting: usize, wait: Duration) -> Calls {
        Calls::new(&Limits {
            calls_max: at_once,
            calls_waiting_max: waiting,
            call_wait: wait,
            long_calls_max: 1,
            ..Limits::default()
        })
    }

    #[tokio::test]
    async fn more_calls_than_places_are_turned_away_at_once() {
        let calls = calls(1, 1, Duration::from_secs(60));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (began, begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let calls = calls.clone();
            async move {
                let hold = move || {
                    began.send(()).unwrap();
                    held.recv().unwrap();
                    Ok::<_, Problem>(1)
                };
                calls.run(hold).await
            }
        });
        begun.await.unwrap();
        let second = tokio::spawn({
            let calls = calls.clone();
            async move { calls.run(|| Ok::<_, Problem>(2)).await }
        });
        while calls.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        let third = calls.run(|| Ok::<_, Problem>(3)).await.unwrap_err();
        assert_eq!(third.known_kind(), Some(Kind::Overloaded));
        release.send(()).unwrap();
        assert_eq!((first.await.unwrap().unwrap(), second.await.unwrap().unwrap()), (1, 2));
        assert_eq!(calls.waiting(), 0);
    }

    #[tokio::test]
    async fn who_waits_too_long_or_goes_away_frees_the_place() {
        let calls = calls(1, 8, Duration::ZERO);
        let held = Arc::clone(&calls.0.ordinary).try_acquire_owned().unwrap();
        assert_eq!(calls.run(|| Ok::<_, Problem>(())).await.unwrap_err().status, 503);
        assert_eq!(calls.waiting(), 0);
        drop(held);
        calls.run(|| Ok::<_, Problem>(())).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_and_frees_the_place() {
        let calls = calls(1, 1, Duration::from_secs(60));
        let outcome = calls.run(|| -> Result<(), Problem> { panic!("on purpose") }).await;
        assert_eq!(outcome.unwrap_err().status, 500);
        calls.run(|| Ok::<_, Problem>(())).await.unwrap();
    }

    #[test]
    fn long_acts_do_not_wait() {
        let calls = calls(1, 1, Duration::from_secs(60));
        let one = calls.long().unwrap();
        assert_eq!(calls.long().unwrap_err().status, 503);
        drop(one);
        drop(calls.long().unwrap());
    }
}
