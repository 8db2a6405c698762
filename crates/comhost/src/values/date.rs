//! Automation's `DATE`: days since 30 December 1899, the time of day as a fraction.

use jiff::{SignedDuration, Timestamp};

/// 30 December 1899, in seconds of the Unix epoch.
const EPOCH: i64 = -2_209_161_600;
const SECONDS_A_DAY: f64 = 86_400.0;

/// The date of a moment. Before the epoch the fraction still counts forward within its day.
pub fn from_moment(moment: Timestamp) -> f64 {
    let since = moment.as_nanosecond() - i128::from(EPOCH) * 1_000_000_000;
    let (days, rest) = (since.div_euclid(86_400_000_000_000), since.rem_euclid(86_400_000_000_000));
    let fraction = rest as f64 / 1e9 / SECONDS_A_DAY;
    if days >= 0 { days as f64 + fraction } else { days as f64 - fraction }
}

/// The moment of a date, to the millisecond: more a `DATE` does not hold. None outside the years 100 to 9999.
pub fn to_moment(date: f64) -> Option<Timestamp> {
    if !(-657_434.0..2_958_466.0).contains(&date) {
        return None;
    }
    let days = date.trunc();
    let milliseconds = ((date - days).abs() * SECONDS_A_DAY * 1000.0).round();
    let since = days as i64 * 86_400_000 + milliseconds as i64;
    let epoch = Timestamp::from_second(EPOCH).ok()?;
    epoch.checked_add(SignedDuration::from_millis(since)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn dates_are_those_of_automation() {
        for (text, date) in [
            ("1899-12-30T00:00:00Z", 0.0),
            ("1900-01-01T12:00:00Z", 2.5),
            ("1899-12-29T06:00:00Z", -1.25),
            ("2025-06-01T12:00:00Z", 45_809.5),
        ] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(from_moment(moment).to_bits(), f64::to_bits(date), "{text}");
            assert_eq!(to_moment(date).unwrap(), moment, "{text}");
        }
    }

    #[test]
    fn whole_seconds_survive() {
        for second in (0..200_000_000_i64).step_by(9_999_991) {
            let moment = Timestamp::from_second(1_700_000_000 + second).unwrap();
            assert_eq!(to_moment(from_moment(moment)).unwrap(), moment);
        }
        for wrong in [f64::NAN, f64::INFINITY, -1e9, 1e9] {
            assert_eq!(to_moment(wrong), None, "{wrong}");
        }
    }
}
