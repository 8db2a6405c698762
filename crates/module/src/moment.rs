//! Moments as people write them, and periods by the calendar.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

use crate::ModuleError;

/// RFC 3339 (`2027-01-01T12:00:00Z`), a date (its start, UTC), a date and time without zone (UTC).
pub fn parse(text: &str) -> Result<Timestamp, ModuleError> {
    let text = text.trim();
    let utc = |civil: DateTime| civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let absolute = text.parse::<Timestamp>().ok();
    let absolute = absolute.or_else(|| utc(text.parse::<DateTime>().ok()?));
    let absolute = absolute.or_else(|| utc(text.parse::<Date>().ok()?.at(0, 0, 0, 0)));
    absolute.ok_or_else(|| {
        ModuleError::invalid(format!("`{text}` is not a date or time; write 2027-01-01 or 2027-01-01T12:00:00Z"))
    })
}

/// A duration as settings are written: a whole number and `ms`, `s`, `m`, `h` or `d`; `90s`.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit.trim_start() {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3_600),
        "d" => seconds(86_400),
        _ => None,
    }
}

/// A length of time by the calendar: `90d`, `1y`, `6mo`, `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// How many.
    pub units: u32,
    /// Of what.
    pub unit: Unit,
}

/// The contract's periods, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// `Seconds`
    Seconds,
    /// `Minutes`
    Minutes,
    /// `Hours`
    Hours,
    /// `Days`
    Days,
    /// `Weeks`
    Weeks,
    /// `Months`
    Months,
    /// `Years`
    Years,
}

impl Unit {
    /// Every unit; the index is the contract's number.
    pub const ALL: [Self; 7] =
        [Self::Seconds, Self::Minutes, Self::Hours, Self::Days, Self::Weeks, Self::Months, Self::Years];

    /// The contract's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "Seconds",
            Self::Minutes => "Minutes",
            Self::Hours => "Hours",
            Self::Days => "Days",
            Self::Weeks => "Weeks",
            Self::Months => "Months",
            Self::Years => "Years",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Days => "d",
            Self::Weeks => "w",
            Self::Months => "mo",
            Self::Years => "y",
        }
    }
}

impl Period {
    /// No time at all.
    pub const ZERO: Self = Self { units: 0, unit: Unit::Seconds };

    /// A period of `units` of `unit`.
    pub const fn new(units: u32, unit: Unit) -> Self {
        Self { units, unit }
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.units == 0
    }

    /// The moment this much later, by the calendar in UTC: a month after 31 January is the last day of February.
    pub fn after(self, start: Timestamp) -> Result<Timestamp, ModuleError> {
        let too_long = |_| ModuleError::invalid(format!("{self} from {start} is beyond the calendar"));
        let zoned = start.to_zoned(TimeZone::UTC).checked_add(self.span()?).map_err(too_long)?;
        Ok(zoned.timestamp())
    }

    fn span(self) -> Result<Span, ModuleError> {
        let units = i64::from(self.units);
        let zero = 0.seconds();
        let span = match self.unit {
            Unit::Seconds => zero.try_seconds(units),
            Unit::Minutes => zero.try_minutes(units),
            Unit::Hours => zero.try_hours(units),
            Unit::Days => zero.try_days(units),
            Unit::Weeks => zero.try_weeks(units),
            Unit::Months => zero.try_months(units),
            Unit::Years => zero.try_years(units),
        };
        span.map_err(|_| ModuleError::invalid(format!("{self} is too long")))
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.units, self.unit.suffix())
    }
}

impl std::str::FromStr for Period {
    type Err = ModuleError;

    fn from_str(text: &str) -> Result<Self, ModuleError> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (units, word) = text.split_at(digits);
        let word = word.trim();
        let unit = Unit::ALL.into_iter().find(|unit| {
            let name = unit.name();
            word == unit.suffix()
                || word.eq_ignore_ascii_case(name)
                || name.strip_suffix('s').is_some_and(|singular| word.eq_ignore_ascii_case(singular))
        });
        match (units.parse(), unit) {
            (Ok(units), Some(unit)) => Ok(Self { units, unit }),
            _ => Err(ModuleError::invalid(format!("`{text}` is not a period; write 90d, 12h, 1y, 6mo or 2w"))),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn periods_follow_the_calendar() {
        for (start, period, end) in [
            ("2026-01-31T10:00:00Z", "1mo", "2026-02-28T10:00:00Z"),
            ("2028-02-29T00:00:00Z", "1 year", "2029-02-28T00:00:00Z"),
            ("2026-11-22T00:00:00Z", "90d", "2027-02-20T00:00:00Z"),
            ("2026-11-22T00:00:00Z", "2 Weeks", "2026-12-06T00:00:00Z"),
            ("2026-11-22T00:00:00Z", "15m", "2026-11-22T00:15:00Z"),
        ] {
            let end_found = period.parse::<Period>().unwrap().after(start.parse().unwrap()).unwrap();
            assert_eq!(end_found, end.parse().unwrap(), "{start} + {period}");
        }
        for text in ["", "d", "-1d", "1q", "99999999999d"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        assert!("4000000000y".parse::<Period>().unwrap().after(Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration(" 90s "), Some(Duration::from_secs(90)));
        assert_eq!(duration("2 d"), Some(Duration::from_secs(172_800)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        for text in ["", "90", "s", "-1s", "1w", "18446744073709551615d"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        for text in ["2027-01-01", "2027-01-01T00:00", "2027-01-01T00:00:00Z", " 2027-01-01T01:00:00+01:00"] {
            assert_eq!(parse(text).unwrap(), "2027-01-01T00:00:00Z".parse().unwrap(), "{text}");
        }
        assert!(parse("tomorrow").is_err());
    }
}
