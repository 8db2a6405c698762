//! Figures, each with what it is measured against.

use serde::Serialize;

/// One figure: the median of its rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The unit.
    pub unit: &'static str,
    /// The median of the rounds.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// What it is measured against, in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

/// What a figure is measured against.
#[derive(Clone, Debug, Serialize)]
pub struct Baseline {
    /// Its name.
    pub name: String,
    /// Its median, in the figure's unit.
    pub median: f64,
    /// Figure by baseline, the median over pairs of neighbouring rounds.
    pub ratio: f64,
}

/// What a bench measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its name.
    pub bench: &'static str,
    /// What was measured on what: key, rounds, processors.
    pub setting: String,
    /// The figures.
    pub figures: Vec<Figure>,
    /// What people see of the figures, where a list of them says little.
    #[serde(skip)]
    pub table: Option<String>,
}

impl Figure {
    /// A figure of these rounds.
    pub fn new(name: impl Into<String>, unit: &'static str, rounds: &[f64]) -> Self {
        let median = median(rounds);
        let min = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let max = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { name: name.into(), unit, median, min, max, baseline: None }
    }

    /// The figure beside a baseline whose rounds took turns with its own.
    #[must_use]
    pub fn beside(mut self, name: impl Into<String>, rounds: &[f64], baseline: &[f64]) -> Self {
        let ratios: Vec<f64> = rounds.iter().zip(baseline).map(|(figure, base)| figure / base).collect();
        self.baseline = Some(Baseline { name: name.into(), median: median(baseline), ratio: median(&ratios) });
        self
    }

    /// The median for people.
    pub fn median_with_unit(&self) -> String {
        format!("{} {}", number(self.median), self.unit)
    }
}

fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len().saturating_sub(1) / 2), sorted.get(sorted.len() / 2)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

impl Report {
    /// A report that people see as a list.
    pub fn new(bench: &'static str, setting: String, figures: Vec<Figure>) -> Self {
        Self { bench, setting, figures, table: None }
    }

    /// A table for people.
    pub fn for_people(&self) -> String {
        if let Some(table) = &self.table {
            return format!("{}: {}\n\n{table}", self.bench, self.setting);
        }
        let width = self.figures.iter().map(|figure| figure.name.len()).max().unwrap_or(0);
        let mut text = format!("{}: {}\n\n", self.bench, self.setting);
        for figure in &self.figures {
            let range = format!("({} to {})", number(figure.min), number(figure.max));
            text += &format!("{:width$}  {:>10} {:<8} {range:<22}", figure.name, number(figure.median), figure.unit);
            if let Some(base) = &figure.baseline {
                text += &format!(" {:>5.2} × {} ({})", base.ratio, base.name, number(base.median));
            }
            text = text.trim_end().to_owned() + "\n";
        }
        text
    }
}

/// Three significant digits, thousands apart.
fn number(value: f64) -> String {
    if value.abs() < 100.0 {
        let decimals = if value.abs() < 1.0 {
            3
        } else if value.abs() < 10.0 {
            2
        } else {
            1
        };
        return format!("{value:.decimals$}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_medians_beside_their_baseline() {
        let (rounds, base) = ([90.0, 110.0, 100.0], [100.0, 100.0, 200.0]);
        let figure = Figure::new("x", "/s", &rounds).beside("y", &rounds, &base);
        assert_eq!((figure.median, figure.min, figure.max), (100.0, 90.0, 110.0));
        let baseline = figure.baseline.map(|base| (base.median, base.ratio));
        assert_eq!(baseline, Some((100.0, 0.9)));
        assert_eq!(["1,234,567", "0.123", "12.3", "9.99"], [1_234_567.0, 0.123, 12.3, 9.99].map(number));
    }
}
