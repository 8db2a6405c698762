//! Moments for people: the local day, and how far away.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The day, UTC: `2027-02-20`.
pub fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

/// The moment to the second, UTC, and how far away it is: `2027-02-20 08:00:00Z (in 90 days)`.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    let (date, time) = (civil.date(), civil.time());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{date} {hour:02}:{minute:02}:{second:02}Z ({})", ago_or_in(at, now))
}

/// How far away a moment is, in the largest unit that says something: `in 90 days`, `3 hours ago`, `now`.
pub fn ago_or_in(at: Timestamp, now: Timestamp) -> String {
    const UNITS: [(i64, &str); 5] =
        [(31_556_952, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let seconds = at.as_second() - now.as_second();
    let distance = seconds.abs();
    // Two of a unit before it is used: 18 months say more in days than as a year.
    let unit = UNITS.into_iter().find(|(length, name)| distance >= length * if *name == "year" { 2 } else { 1 });
    let Some((length, name)) = unit else { return "now".into() };
    let count = distance / length;
    let plural = if count == 1 { "" } else { "s" };
    if seconds > 0 { format!("in {count} {name}{plural}") } else { format!("{count} {name}{plural} ago") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn moments_are_written_for_people() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (at, expected) in [
            ("2026-11-22T12:00:00.4Z", "2026-11-22 12:00:00Z (now)"),
            ("2026-11-22T11:59:01Z", "2026-11-22 11:59:01Z (59 seconds ago)"),
            ("2026-11-22T13:00:00Z", "2026-11-22 13:00:00Z (in 1 hour)"),
            ("2027-02-20T12:00:00Z", "2027-02-20 12:00:00Z (in 90 days)"),
            ("2036-11-22T12:00:00Z", "2036-11-22 12:00:00Z (in 10 years)"),
            ("2025-11-22T12:00:00Z", "2025-11-22 12:00:00Z (365 days ago)"),
        ] {
            assert_eq!(moment(at.parse().unwrap(), now), expected);
        }
        assert_eq!(day(now), "2026-11-22");
    }
}
