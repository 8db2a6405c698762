//! How fast modules are, whatever runs them: the way there and back.

use std::time::Duration;

use jiff::Timestamp;
use laboratory::{Round, Specimen, Story, measure};

use super::figure::{Figure, Report};
use super::load::percentile;
use super::{Options, nothing};
use crate::Error;
use crate::cli::output::{Column, Table};

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
    let (base_times, base_rates) = (percentiles(&baseline, 50), rates(&baseline));
    let mut table = Table::new(COLUMNS);
    let (mut figures, row) = figures_of(BASELINE, "built in", &baseline, &base_times, &base_rates);
    table.row(row);
    for (specimen, measured) in specimens.iter().zip(rounds) {
        let (of_module, row) = figures_of(specimen.name(), specimen.kind(), &measured, &base_times, &base_rates);
        figures.extend(of_module);
        table.row(row);
    }
    let setting = format!("{} rounds of {} s for each way of calling", options.rounds(), time.as_secs_f64());
    let mut report = Report::new("modules", setting, figures);
    report.table = Some(format!(
        "{}\nMedians of the rounds; their ranges are in --json. Memory is that of the module's processes, and without one what\n\
         the server grew by.\n",
        table.render("no module")
    ));
    Ok(report)
}

const COLUMNS: [Column; 8] = [
    Column::long("MODULE"),
    Column::text("KIND"),
    Column::number("START"),
    Column::number("CALL"),
    Column::number("99 %"),
    Column::number("RATE"),
    Column::number("BATCH"),
    Column::number("MEMORY"),
];

/// A module's figures, and its row of the table.
fn figures_of(
    module: &str,
    kind: &str,
    rounds: &[Round],
    base_times: &[f64],
    base_rates: &[f64],
) -> (Vec<Figure>, [String; 8]) {
    let named = |what: &str| format!("{module} ({kind}): {what}");
    let batch = rounds.first().map_or(1, |round| round.batch);
    let of_each = |figure: fn(&Round) -> f64| rounds.iter().map(figure).collect::<Vec<f64>>();
    let (p50, rates) = (percentiles(rounds, 50), rates(rounds));
    let figures = [
        Figure::new(named("start"), "ms", &of_each(|round| round.start.as_secs_f64() * 1_000.0)),
        Figure::new(named("call, median"), "µs", &p50).beside(BASELINE, &p50, base_times),
        Figure::new(named("call, 99 %"), "µs", &percentiles(rounds, 99)),
        Figure::new(named(&format!("rate, batches of {batch}")), "/s", &rates).beside(BASELINE, &rates, base_rates),
        Figure::new(named("memory"), "MB", &of_each(|round| round.memory_bytes as f64 / 1e6)),
    ];
    let [start, call, late, rate, memory] = figures.each_ref().map(Figure::median_with_unit);
    let row = [module.to_owned(), kind.to_owned(), start, call, late, rate, batch.to_string(), memory];
    (figures.into(), row)
}

/// A percentile of each round, in microseconds.
fn percentiles(rounds: &[Round], percent: usize) -> Vec<f64> {
    rounds.iter().map(|round| percentile(&mut round.times.clone(), percent) * 1_000.0).collect()
}

fn rates(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.rate).collect()
}
