//! What the guard counts about one module.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use jiff::Timestamp;
use module::{HResult, ModuleError};
use parking_lot::Mutex;
use serde::Serialize;

/// Buckets of the latency histogram: upper bounds 1, 2, 4 … 2^26 µs (67 s), and one for what took longer.
const BUCKETS: usize = 28;

thread_local! {
    static IN_SCOPE: RefCell<Vec<Arc<Gauge>>> = const { RefCell::new(Vec::new()) };
}

/// Counters of one module. Counting is lock-free but for the text of the last failure.
#[derive(Debug)]
pub struct Gauge {
    calls: AtomicU64,
    failures: AtomicU64,
    timeouts: AtomicU64,
    panics: AtomicU64,
    restarts: AtomicU64,
    refused: AtomicU64,
    in_flight: AtomicU64,
    abandoned: AtomicU64,
    sum_us: AtomicU64,
    max_us: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
    last_success_us: AtomicI64,
    last_failure: Mutex<Option<Failure>>,
}

/// The last failed call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// When it ended, by the server's clock.
    pub when: Timestamp,
    /// The HRESULT, as `0x800705b4`.
    pub code: String,
    /// What failed.
    pub message: String,
}

/// The counters at one moment. Each is monotonic but for `in_flight` and `abandoned`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GaugeSnapshot {
    /// Calls that ended, whatever their outcome.
    pub calls: u64,
    /// Of these, the failed ones, overdue and refused ones included.
    pub failures: u64,
    /// Calls that exceeded a time limit.
    pub timeouts: u64,
    /// Calls that panicked.
    pub panics: u64,
    /// Fresh instances and processes after the first.
    pub restarts: u64,
    /// Calls the module never saw: during backoff, without a free place, or with too many calls abandoned.
    pub refused: u64,
    /// Calls under way.
    pub in_flight: u64,
    /// Threads given up whose call has not returned.
    pub abandoned: u64,
    /// How long calls took.
    pub latency: LatencySnapshot,
    /// When a call last succeeded.
    pub last_success: Option<Timestamp>,
    /// The last failed call.
    pub last_failure: Option<Failure>,
}

/// How long calls took, refused ones left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencySnapshot {
    /// Calls measured.
    pub count: u64,
    /// Their total, in microseconds.
    pub sum_us: u64,
    /// The longest, in microseconds.
    pub max_us: u64,
    /// Upper bound of the bucket that holds the median, in microseconds; 0 without calls.
    pub p50_us: u64,
    /// The same for 99 of 100 calls.
    pub p99_us: u64,
    /// The buckets that are not empty, not cumulative.
    pub buckets: Vec<Bucket>,
}

/// One bucket of the histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Upper bound, inclusive, in microseconds; none for the last.
    pub le_us: Option<u64>,
    /// Calls in this bucket alone.
    pub count: u64,
}

impl Default for Gauge {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            calls: zero(),
            failures: zero(),
            timeouts: zero(),
            panics: zero(),
            restarts: zero(),
            refused: zero(),
            in_flight: zero(),
            abandoned: zero(),
            sum_us: zero(),
            max_us: zero(),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            last_success_us: AtomicI64::new(i64::MIN),
            last_failure: Mutex::new(None),
        }
    }
}

impl Gauge {
    /// A gauge at zero.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The counters now. They are read one by one: a call that ends meanwhile may show in some and not in others.
    pub fn snapshot(&self) -> GaugeSnapshot {
        // Before the first success the counter holds a number that is no moment.
        let last_success = Timestamp::from_microsecond(self.last_success_us.load(Relaxed)).ok();
        GaugeSnapshot {
            calls: self.calls.load(Relaxed),
            failures: self.failures.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
            panics: self.panics.load(Relaxed),
            restarts: self.restarts.load(Relaxed),
            refused: self.refused.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            abandoned: self.abandoned.load(Relaxed),
            latency: self.latency(),
            last_success,
            last_failure: self.last_failure.lock().clone(),
        }
    }

    /// Runs `body` with this gauge as the one that [`current`](Self::current) gives on this thread.
    ///
    /// So a host that restarts its process inside a call can count it, though its trait knows no gauge.
    pub(crate) fn in_scope<T>(self: &Arc<Self>, body: impl FnOnce() -> T) -> T {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                IN_SCOPE.with_borrow_mut(|stack| stack.pop());
            }
        }
        IN_SCOPE.with_borrow_mut(|stack| stack.push(Arc::clone(self)));
        let _leave = Leave;
        body()
    }

    /// The gauge of the guarded call that this thread carries out.
    pub(crate) fn current() -> Option<Arc<Self>> {
        IN_SCOPE.with_borrow(|stack| stack.last().cloned())
    }

    pub(crate) fn call_started(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    pub(crate) fn call_ended(&self, took: Duration, failure: Option<&ModuleError>) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.in_flight.fetch_sub(1, Relaxed);
        self.calls.fetch_add(1, Relaxed);
        self.sum_us.fetch_add(micros, Relaxed);
        self.max_us.fetch_max(micros, Relaxed);
        if let Some(bucket) = self.buckets.get(bucket_of(micros)) {
            bucket.fetch_add(1, Relaxed);
        }
        match failure {
            None => self.last_success_us.store(Timestamp::now().as_microsecond(), Relaxed),
            Some(error) => self.failed(error),
        }
    }

    /// The module never saw the call.
    pub(crate) fn call_refused(&self, error: &ModuleError) {
        self.in_flight.fetch_sub(1, Relaxed);
        self.calls.fetch_add(1, Relaxed);
        self.refused.fetch_add(1, Relaxed);
        self.failed(error);
    }

    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    pub(crate) fn restarted(&self) {
        self.restarts.fetch_add(1, Relaxed);
    }

    pub(crate) fn thread_abandoned(&self) {
        self.abandoned.fetch_add(1, Relaxed);
    }

    pub(crate) fn thread_returned(&self) {
        self.abandoned.fetch_sub(1, Relaxed);
    }

    fn failed(&self, error: &ModuleError) {
        self.failures.fetch_add(1, Relaxed);
        if error.code == HResult::ERROR_TIMEOUT {
            self.timeouts.fetch_add(1, Relaxed);
        }
        let failure = Failure { when: Timestamp::now(), code: error.code.to_string(), message: error.message.clone() };
        *self.last_failure.lock() = Some(failure);
    }

    fn latency(&self) -> LatencySnapshot {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        let max_us = self.max_us.load(Relaxed);
        let bound = |index: usize| (index + 1 < BUCKETS).then(|| 1_u64 << index);
        let quantile = |share: u64| {
            let wanted = (count * share).div_ceil(100);
            let mut seen = 0;
            let reached = counts.iter().position(|bucket| {
                seen += bucket;
                seen >= wanted && count > 0
            });
            reached.map_or(0, |index| bound(index).unwrap_or(max_us).min(max_us.max(1)))
        };
        LatencySnapshot {
            count,
            sum_us: self.sum_us.load(Relaxed),
            max_us,
            p50_us: quantile(50),
            p99_us: quantile(99),
            buckets: counts
                .iter()
                .enumerate()
                .filter(|(_, count)| **count > 0)
                .map(|(index, &count)| Bucket { le_us: bound(index), count })
                .collect(),
        }
    }
}

/// The bucket of a duration: the first whose bound is not below it.
fn bucket_of(micros: u64) -> usize {
    let bits = u64::BITS - micros.saturating_sub(1).leading_zeros();
    usize::try_from(bits).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_bucket_that_holds_it() {
        for (micros, bucket) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1 << 26, 26), ((1 << 26) + 1, 27)] {
            assert_eq!(bucket_of(micros), bucket, "{micros} µs");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn the_snapshot_tells_outcomes_apart_and_is_serialisable() {
        let gauge = Gauge::new();
        for micros in [10, 20, 3_000] {
            gauge.call_started();
            gauge.call_ended(Duration::from_micros(micros), None);
        }
        gauge.call_started();
        let late = ModuleError::new(HResult::ERROR_TIMEOUT, "too slow");
        gauge.call_ended(Duration::from_secs(100), Some(&late));
        gauge.call_started();
        gauge.call_refused(&ModuleError::new(HResult::RPC_E_DISCONNECTED, "backing off"));

        let seen = gauge.snapshot();
        assert_eq!((seen.calls, seen.failures, seen.timeouts, seen.refused, seen.in_flight), (5, 2, 1, 1, 0));
        assert_eq!((seen.latency.count, seen.latency.p50_us), (4, 32));
        assert_eq!(seen.latency.buckets.last().unwrap(), &Bucket { le_us: None, count: 1 });
        assert_eq!(seen.last_failure.as_ref().unwrap().message, "backing off");
        assert!(seen.last_success.is_some());
        let json = serde_json::to_value(&seen).unwrap();
        assert_eq!(json["latency"]["buckets"][0]["le_us"], 16);
    }

    #[test]
    fn a_gauge_without_calls_has_no_quantiles() {
        let seen = Gauge::new().snapshot();
        assert_eq!((seen.latency.p50_us, seen.latency.p99_us, seen.last_success), (0, 0, None));
    }

    #[test]
    fn the_current_gauge_is_the_innermost() {
        assert!(Gauge::current().is_none());
        let (outer, inner) = (Gauge::new(), Gauge::new());
        outer.in_scope(|| {
            inner.in_scope(|| assert!(Arc::ptr_eq(&Gauge::current().unwrap(), &inner)));
            assert!(Arc::ptr_eq(&Gauge::current().unwrap(), &outer));
        });
        assert!(Gauge::current().is_none());
    }
}
