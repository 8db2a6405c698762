//! When a module that broke may be started again.

use std::time::{Duration, Instant};

use module::{HResult, ModuleError};

/// Characters that are kept of why a module broke.
const WHY_CHARACTERS_MAX: usize = 1_024;

/// Exponential backoff over failures in a row. The first costs nothing, so that one crash is mended by the next call.
#[derive(Debug)]
pub(crate) struct Backoff {
    shortest: Duration,
    longest: Duration,
    failures: u32,
    until: Option<Instant>,
    why: String,
}

impl Backoff {
    pub(crate) const fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, failures: 0, until: None, why: String::new() }
    }

    /// The module broke, and why; empty where whoever asks next has been told.
    pub(crate) fn failed(&mut self, now: Instant, why: &str) {
        self.why = why.chars().take(WHY_CHARACTERS_MAX).collect();
        self.failures = self.failures.saturating_add(1);
        self.until = match self.failures.checked_sub(2) {
            None => None,
            Some(doublings) => {
                let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
                Some(now + self.shortest.saturating_mul(factor).min(self.longest))
            }
        };
    }

    /// The module answered.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.until = None;
    }

    /// Refuses calls as long as the module may not be started again.
    ///
    /// # Errors
    /// `RPC_E_DISCONNECTED`, with why it broke and how long that is.
    pub(crate) fn check(&self, now: Instant) -> Result<(), ModuleError> {
        let Some(wait) = self.wait(now) else { return Ok(()) };
        let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        let text =
            format!("the module broke down{why}; it is started again in {} ms at the earliest", wait.as_millis());
        Err(ModuleError::new(HResult::RPC_E_DISCONNECTED, text))
    }

    /// How long to wait still; none when it may be started now.
    fn wait(&self, now: Instant) -> Option<Duration> {
        self.until?.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_first_failure_is_free_and_the_rest_double_up_to_the_limit() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let mut backoff = Backoff::new(second, 5 * second);
        let mut waits = Vec::new();
        for _ in 0..6 {
            backoff.failed(now, "it is ill");
            waits.push(backoff.wait(now).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits, [0, 1, 2, 4, 5, 5]);
        assert_eq!(backoff.wait(now + 5 * second), None);
        let refused = backoff.check(now).unwrap_err().message;
        assert_eq!(refused, "the module broke down: it is ill; it is started again in 5000 ms at the earliest");
        backoff.succeeded();
        assert_eq!((backoff.wait(now), backoff.check(now)), (None, Ok(())));
    }

    #[test]
    fn many_failures_do_not_overflow() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(60));
        for _ in 0..200 {
            backoff.failed(now, "");
        }
        assert_eq!(backoff.wait(now), Some(Duration::from_secs(60)));
        assert!(backoff.check(now).unwrap_err().message.starts_with("the module broke down; it is"));
    }
}
