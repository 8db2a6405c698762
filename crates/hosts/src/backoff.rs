//! When a module that broke may be started again.

use std::time::{Duration, Instant};

/// Exponential backoff over failures in a row. The first costs nothing, so that one crash is mended by the next call.
#[derive(Debug)]
pub(crate) struct Backoff {
    shortest: Duration,
    longest: Duration,
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    pub(crate) const fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, failures: 0, until: None }
    }

    /// The module broke.
    pub(crate) fn failed(&mut self, now: Instant) {
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

    /// How long to wait still; none when it may be started now.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        self.until?.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_free_and_the_rest_double_up_to_the_limit() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let mut backoff = Backoff::new(second, 5 * second);
        let mut waits = Vec::new();
        for _ in 0..6 {
            backoff.failed(now);
            waits.push(backoff.wait(now).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits, [0, 1, 2, 4, 5, 5]);
        assert_eq!(backoff.wait(now + 5 * second), None);
        backoff.succeeded();
        assert_eq!(backoff.wait(now), None);
    }

    #[test]
    fn many_failures_do_not_overflow() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(60));
        for _ in 0..200 {
            backoff.failed(now);
        }
        assert_eq!(backoff.wait(now), Some(Duration::from_secs(60)));
    }
}
