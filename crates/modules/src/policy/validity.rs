//! The validity a requester may ask for.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use module::moment::{self, Period, Unit};
use module::{HResult, ModuleError, Profile, PropertyType, ServerPolicy, Value};

use super::{Stop, attribute, quoted};

/// The validity rules of a profile.
#[derive(Debug)]
pub(super) struct Validity {
    from_request: bool,
    validity: Period,
}

impl Validity {
    pub(super) fn resolve(rules: &Profile) -> Result<Self, (&'static str, String)> {
        // By the calendar a year may be shorter than 366 days, so both are counted from the same day.
        let start = moment::parse("2001-01-01").map_err(|error| ("validity", error.message))?;
        let end = |key: &'static str, period: Period| {
            if period.is_zero() {
                return Err((key, "is zero".to_owned()));
            }
            period.after(start).map_err(|error| (key, format!("cannot be counted: {error}")))
        };
        let Profile { validity, validity_max, validity_from_request: from_request, .. } = *rules;
        if end("validity", validity)? > end("validity_max", validity_max)? {
            return Err(("validity", format!("({validity}) is longer than `validity_max` ({validity_max})")));
        }
        Ok(Self { from_request, validity })
    }

    /// Moves the end of validity earlier where the requester asks for it, and where the engine has counted it for another
    /// profile (`expected` is false). It never moves later.
    pub(super) fn apply(&self, server: &mut dyn ServerPolicy, expected: bool) -> Result<(), Stop> {
        let asked = if self.from_request { asked(server)? } else { None };
        if asked.is_none() && expected {
            return Ok(());
        }
        let start = server.certificate_property("NotBefore", PropertyType::Date)?.into_date()?;
        let current = server.certificate_property("NotAfter", PropertyType::Date)?.into_date()?;
        let mut end = current;
        if !expected {
            end = end.min(self.validity.after(start)?);
        }
        match asked {
            Some(Asked::Until(moment)) => end = end.min(moment),
            // Longer than the calendar is longer than what the profile gives.
            Some(Asked::For(period)) => end = period.after(start).map_or(end, |moment| end.min(moment)),
            None => {}
        }
        if end <= start {
            let text = format!("the request asks for a validity until {end}, which is over before it begins ({start})");
            return Err(Stop::refuse(HResult::ERROR_INVALID_DATA, text));
        }
        if end < current {
            server.set_certificate_property("NotAfter", Some(Value::Date(end)))?;
        }
        Ok(())
    }
}

/// What the attributes ask for.
enum Asked {
    Until(Timestamp),
    For(Period),
}

/// `ExpirationDate`, or else `ValidityPeriod` and `ValidityPeriodUnits` where both are there: in either order, because old
/// clients exchange the two values. A malformed value is `ERROR_INVALID_DATA`.
fn asked(server: &dyn ServerPolicy) -> Result<Option<Asked>, ModuleError> {
    if let Some(text) = attribute(server, "ExpirationDate")? {
        return expiration(&text).map(|moment| Some(Asked::Until(moment)));
    }
    let period = attribute(server, "ValidityPeriod")?;
    let units = attribute(server, "ValidityPeriodUnits")?;
    let (Some(period), Some(units)) = (period, units) else {
        return Ok(None);
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let unit = |text: &str| Unit::ALL.into_iter().find(|unit| unit.name().eq_ignore_ascii_case(text));
    let read = number(&units).zip(unit(&period)).or_else(|| number(&period).zip(unit(&units)));
    match read {
        Some((units, unit)) => Ok(Some(Asked::For(Period::new(units, unit)))),
        None => {
            let (period, units) = (quoted(&period), quoted(&units));
            let text =
                format!("`ValidityPeriod` is `{period}` and `ValidityPeriodUnits` is `{units}`; write Days and 90");
            Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text))
        }
    }
}

/// `Sun, 06 Nov 2033 08:49:37 GMT` (RFC 1123 5.2.14), and the forms of [`moment::parse`].
fn expiration(text: &str) -> Result<Timestamp, ModuleError> {
    let http = rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    http.or_else(|| moment::parse(text).ok()).ok_or_else(|| {
        let text = format!("`ExpirationDate` is `{}`; write Sun, 06 Nov 2033 08:49:37 GMT", quoted(text));
        ModuleError::new(HResult::ERROR_INVALID_DATA, text)
    })
}
