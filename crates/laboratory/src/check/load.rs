//! Time and memory.

use std::time::{Duration, Instant};

use super::{Miss, Outcome, call_failed, failed, took};
use crate::bench::{Bench, ExitBench, PolicyBench};
use crate::scene::Scene;

/// Calls that are measured at least, and the time after which a slow module is spared the rest.
const CALLS_MIN: usize = 5;
const TIME_MAX: Duration = Duration::from_secs(5);

/// Calls before memory is first looked at.
const WARM_UP: usize = 50;
/// How much more resident memory is no growth: allocators take some time to settle.
const SETTLING_BYTES: u64 = 24 << 20;

pub(super) fn latency(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let mut happening = bench.story.one(event)?;
    let started = Instant::now();
    while more(&bench.latencies, bench.calls, started) {
        // The same row under ever new numbers: what is measured is the module, not the laboratory.
        let next = bench.story.tell(event, event.name(), None).notification;
        happening.notification.id = next.id;
        happening.notification.hash = next.hash;
        let time = bench.tell(&happening).map_err(|error| call_failed(event.name(), &error))?;
        bench.latencies.push(time);
    }
    judge(bench)
}

pub(super) fn decision_latency(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let scene = bench.ordinary()?;
    let started = Instant::now();
    while more(&bench.latencies, bench.calls, started) {
        let time = ask(bench, &scene)?;
        bench.latencies.push(time);
    }
    judge(bench)
}

/// Asks once: how long it took.
fn ask(bench: &mut PolicyBench<'_>, scene: &Scene) -> Result<Duration, Miss> {
    let answer = bench.ask(scene, true);
    match &answer.decision {
        Err(error) if answer.refused.is_empty() => Err(call_failed("verify_request", error)),
        Err(_) => Err(Miss::LeftOut("what it writes is refused: see `writes`".into())),
        Ok(_) => Ok(answer.took),
    }
}

fn more(latencies: &[Duration], calls: usize, started: Instant) -> bool {
    latencies.len() < CALLS_MIN || latencies.len() < calls && started.elapsed() < TIME_MAX
}

fn judge<M: ?Sized + Send + Sync + 'static>(bench: &Bench<'_, M>) -> Outcome {
    let (p50, p99) = (percentile(&bench.latencies, 50), percentile(&bench.latencies, 99));
    let measured = format!("p50 {}, p99 {}, {} calls", took(p50), took(p99), bench.latencies.len());
    let limit = bench.specimen.call() / 2;
    if p99 > limit {
        return failed(
            format!("{measured}; half the limit is {}", took(limit)),
            "do what takes long later, from a queue of its own, or have the operator allow more time and workers",
        );
    }
    Ok(measured)
}

/// The value that so many of a hundred do not exceed.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

pub(super) fn memory(bench: &mut ExitBench<'_>) -> Outcome {
    let event = bench.sample(false)?;
    let mut happening = bench.story.one(event)?;
    let mut round = |bench: &mut ExitBench<'_>| {
        let next = bench.story.tell(event, event.name(), None).notification;
        happening.notification.id = next.id;
        bench.tell(&happening).map(drop).map_err(|error| call_failed(event.name(), &error))
    };
    growth(bench, &mut round)
}

pub(super) fn decision_memory(bench: &mut PolicyBench<'_>) -> Outcome {
    bench.ready()?;
    let scene = bench.ordinary()?;
    let mut round = |bench: &mut PolicyBench<'_>| ask(bench, &scene).map(drop);
    growth(bench, &mut round)
}

fn growth<M: ?Sized + Send + Sync + 'static>(
    bench: &mut Bench<'_, M>,
    round: &mut dyn FnMut(&mut Bench<'_, M>) -> Result<(), Miss>,
) -> Outcome {
    let started = Instant::now();
    for _ in 0..WARM_UP {
        if started.elapsed() < TIME_MAX / 2 {
            round(bench)?;
        }
    }
    let Some(before) = bench.resident_bytes() else {
        return Err(Miss::LeftOut("it has no process of its own: its host bounds its memory".into()));
    };
    let mut calls = 0;
    while calls < bench.calls && started.elapsed() < TIME_MAX {
        round(bench)?;
        calls += 1;
    }
    let after = bench.resident_bytes().unwrap_or(before);
    bench.memory = Some(after);
    let grown = after.saturating_sub(before);
    if grown > SETTLING_BYTES {
        return failed(
            format!("{} MiB before, {} MiB after {calls} calls more", before >> 20, after >> 20),
            "let go of what belongs to an event when it is answered; bound what is kept",
        );
    }
    Ok(format!("{} MiB, {} KiB more after {calls} calls", after >> 20, grown >> 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&[Duration::from_millis(200)], 99), Duration::from_millis(200));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
