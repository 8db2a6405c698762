//! How fast modules are, whatever runs them: the way there and back.

use std::time::Duration;

use jiff::Timestamp;
use laboratory::{Round, Specimen, Story, measure};

use super::figure::{Figure, Report};
use super::load::percentile;
use super::{Options, nothing};
use crate::Error;

/// The baseline: a module in this process that answers at once.
const BASELINE: &str = "nothing";

/// Measures each module beside one that does nothing and needs no way to it.
///
/// # Errors
/// Where a module cannot be used or fails a call.
pub fn run(options: &Options, specimens: &[Specimen], progress: &mut dyn FnMut(u64, u64)) -> Result<Report, Error> {
    let mut rounds: Vec<Vec<Round>> = Vec::new();
    rounds.resize_with(specimens.len() + 1, Vec::new);
    let all = (options.rounds() * rounds.len()) as u64;
    let mut story = Story::new(0, Timestamp::now())?;
    let mut done = 0;
    let time = options.round().max(Duration::from_secs(1)) / 2;
    for _ in 0..options.rounds() {
        for (at, measured) in rounds.iter_mut().enumerate() {
            let baseline;
            let specimen = match at.checked_sub(1).and_then(|at| specimens.get(at)) {
                Some(specimen) => specimen,
                None => {
                    baseline = nothing::specimen(BASELINE)?;
                    &baseline
                }
            };
            measured.push(measure(specimen, &mut story, time)?);
            done += 1;
            progress(done, all);
        }
    }
    let mut rounds = rounds.into_iter();
    let baseline = rounds.next().unwrap_or_default();
    let (base_times, base_rates) = (medians(&baseline, 50), rates(&baseline));
    let mut figures = vec![
        Figure::new(format!("{BASELINE}: call, median"), "µs", &base_times),
        Figure::new(format!("{BASELINE}: rate"), "/s", &base_rates),
    ];
    for (specimen, measured) in specimens.iter().zip(rounds) {
        figures.extend(figures_of(specimen, &measured, &base_times, &base_rates));
    }
    let setting = format!("{} rounds of {} s for each way of calling", options.rounds(), time.as_secs_f64());
    Ok(Report { bench: "modules", setting, figures })
}

fn figures_of(specimen: &Specimen, rounds: &[Round], base_times: &[f64], base_rates: &[f64]) -> Vec<Figure> {
    let name = format!("{} ({})", specimen.name(), specimen.kind());
    let starts: Vec<f64> = rounds.iter().map(|round| round.start.as_secs_f64() * 1_000.0).collect();
    let (p50, rates) = (medians(rounds, 50), rates(rounds));
    let batch = rounds.first().map_or(1, |round| round.batch);
    let rate = if batch > 1 { format!("{name}: rate, batches of {batch}") } else { format!("{name}: rate") };
    let memory: Vec<f64> = rounds.iter().filter_map(|round| Some(round.memory_bytes? as f64 / 1e6)).collect();
    let mut figures = vec![
        Figure::new(format!("{name}: start"), "ms", &starts),
        Figure::new(format!("{name}: call, median"), "µs", &p50).beside(BASELINE, &p50, base_times),
        Figure::new(format!("{name}: call, 99 %"), "µs", &medians(rounds, 99)),
        Figure::new(rate, "/s", &rates).beside(BASELINE, &rates, base_rates),
    ];
    if !memory.is_empty() {
        figures.push(Figure::new(format!("{name}: memory"), "MB", &memory));
    }
    figures
}

/// A percentile of each round, in microseconds.
fn medians(rounds: &[Round], percent: usize) -> Vec<f64> {
    rounds.iter().map(|round| percentile(&mut round.times.clone(), percent) * 1_000.0).collect()
}

fn rates(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.rate).collect()
}
