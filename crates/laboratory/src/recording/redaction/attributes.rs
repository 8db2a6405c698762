//! Attributes of requests, which whoever asks may give any name and any value.

use jiff::fmt::rfc2822;
use module::moment::{self, Unit};
use module::property;

use super::Redaction;

/// What stands for a value that is none of those its attribute has.
const REDACTED: &str = "(redacted)";

impl Redaction {
    /// Those that policy goes by, with the values that these have.
    pub(super) fn attributes(&mut self, all: &[(String, String)]) -> Vec<(String, String)> {
        let mut kept = Vec::new();
        for (name, value) in all {
            // Under the contract's name: theirs may be spelled with something else between.
            let (name, value) = match property::attribute_key(name).as_str() {
                "certificatetemplate" => ("CertificateTemplate", self.profile(value)),
                "validityperiod" => ("ValidityPeriod", plain(value, is_period)),
                "validityperiodunits" => ("ValidityPeriodUnits", plain(value, is_period)),
                "expirationdate" => ("ExpirationDate", plain(value, is_moment)),
                "disposition" => ("Disposition", plain(value, is_disposition)),
                _ => continue,
            };
            kept.push((name.to_owned(), value));
        }
        kept
    }
}

fn plain(value: &str, harmless: fn(&str) -> bool) -> String {
    if harmless(value.trim()) { value.to_owned() } else { REDACTED.to_owned() }
}

/// A number or a unit: old clients exchange the two.
fn is_period(value: &str) -> bool {
    value.parse::<u32>().is_ok() || Unit::ALL.into_iter().any(|unit| unit.name().eq_ignore_ascii_case(value))
}

/// A moment in one of the forms of requests. Those of mail may have comments (RFC 5322 3.2.2), and others suffixes (RFC 9557 3.1),
/// which say anything.
fn is_moment(value: &str) -> bool {
    !value.contains(['(', '['])
        && (moment::parse(value).is_ok() || rfc2822::DateTimeParser::new().parse_timestamp(value).is_ok())
}

fn is_disposition(value: &str) -> bool {
    ["Issue", "Pending", "Deny"].into_iter().any(|word| word.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn attributes_have_values_of_their_own_or_none() {
        let mut redaction = Redaction::new("2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
        for (name, value, expected) in [
            ("CertificateTemplate", "Web Server", Some(("CertificateTemplate", "profile-1"))),
            ("Certificate-Template", "web server", Some(("CertificateTemplate", "profile-1"))),
            ("CertificateTemplate", "1.3.6.1.4.1.99999.7", Some(("CertificateTemplate", "1.3.6.1.4.1.32473.1"))),
            ("ValidityPeriod", "days", Some(("ValidityPeriod", "days"))),
            ("ValidityPeriodUnits", "90", Some(("ValidityPeriodUnits", "90"))),
            ("ValidityPeriodUnits", "Alice", Some(("ValidityPeriodUnits", REDACTED))),
            ("ExpirationDate", "2027-01-01", Some(("ExpirationDate", "2027-01-01"))),
            (
                "ExpirationDate",
                "Sun, 06 Nov 2033 08:49:37 GMT",
                Some(("ExpirationDate", "Sun, 06 Nov 2033 08:49:37 GMT")),
            ),
            ("ExpirationDate", "Sun, 06 Nov 2033 08:49:37 +0000 (Alice)", Some(("ExpirationDate", REDACTED))),
            ("ExpirationDate", "2027-01-01T00:00:00Z[who=alice]", Some(("ExpirationDate", REDACTED))),
            ("ExpirationDate", "2027-01-01T12:00:00[who=alice]", Some(("ExpirationDate", REDACTED))),
            ("Disposition", "pending", Some(("Disposition", "pending"))),
            ("Disposition", "for Alice", Some(("Disposition", REDACTED))),
            ("CertFile", "alice.cer", None),
        ] {
            let found = redaction.attributes(&[(name.to_owned(), value.to_owned())]);
            let found = found.first().map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(found, expected, "{name}: {value}");
        }
    }
}
