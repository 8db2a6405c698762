//! When a delivery is tried again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::store::ModuleOptions;

/// The wait after the `attempt`th failure: doubling from the least to the most, less up to a quarter of jitter.
pub(super) fn backoff(options: &ModuleOptions, attempt: u32, jitter: u8) -> Duration {
    let doubled = options.retry_ms_min.saturating_mul(1_u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX));
    let whole = doubled.clamp(options.retry_ms_min, options.retry_ms_max.max(options.retry_ms_min));
    Duration::from_millis(whole - whole / 4 * u64::from(jitter) / 256)
}

pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

pub(super) fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or(Duration::from_millis(1)).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_limit() {
        let options = ModuleOptions { retry_ms_min: 1_000, retry_ms_max: 60_000, ..ModuleOptions::default() };
        let waits: Vec<u128> =
            [1, 2, 3, 7, 64, 1_000].map(|attempt| backoff(&options, attempt, 0).as_millis()).to_vec();
        assert_eq!(waits, [1_000, 2_000, 4_000, 60_000, 60_000, 60_000]);
        let spread = backoff(&options, 1, 255).as_millis();
        assert!((750..1_000).contains(&spread), "{spread}");
    }
}
