//! Many callers for a while.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Error;

/// Calls `work` from `threads` threads for `time`, and returns calls a second. The first error ends it.
pub fn rate(threads: usize, time: Duration, work: impl Fn(u64) -> Result<(), Error> + Sync) -> Result<f64, Error> {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let begun = Instant::now();
    let outcome = std::thread::scope(|scope| {
        let call = || {
            while !stop.load(Ordering::Relaxed) && begun.elapsed() < time {
                if let Err(error) = work(done.fetch_add(1, Ordering::Relaxed)) {
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
            Ok(())
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(call)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a bench does not panic"))
    });
    outcome?;
    Ok(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// The `percent`th percentile of some times, in milliseconds.
pub fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len().saturating_sub(1)) * percent / 100;
    times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}
