//! What a policy module sets with `SetCertificateProperty`, by the contract's rules: the server and the values of tests carry it
//! out, each on its own row.

use jiff::Timestamp;

use super::{Scope, not_writable, subject_part_characters_max, writable};
use crate::{ModuleError, Value};

/// One write of a policy module's that the contract takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Amendment {
    /// Start of validity, within [`ValidityLimits`].
    NotBefore(Timestamp),
    /// End of validity, within [`ValidityLimits`].
    NotAfter(Timestamp),
    /// The profile; none takes it away.
    Profile(Option<String>),
    /// A flag word or the user principal name, under its name; none takes the value away.
    Column(&'static str, Option<Value>),
    /// A text for the log, or a fact of a directory, which is accepted and not kept.
    Context(&'static str, Option<Value>),
    /// All values of a part of the subject, under its name; none takes it away.
    Subject(&'static str, Vec<String>),
}

impl Amendment {
    /// What a write asks for; a value of none removes.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a name that cannot be set, a value of another type, and a validity that is to be removed.
    pub fn of(name: &str, value: Option<Value>) -> Result<Self, ModuleError> {
        let property = writable(name, value.as_ref())?;
        Ok(match (property.name, value) {
            ("NotBefore", Some(Value::Date(moment))) => Self::NotBefore(moment),
            // Another name of NotAfter, for modules that set it.
            ("NotAfter" | "ExpirationDate", Some(Value::Date(moment))) => Self::NotAfter(moment),
            ("NotBefore" | "NotAfter" | "ExpirationDate", _) => {
                return Err(ModuleError::invalid(format!("{} cannot be removed", property.name)));
            }
            ("CertificateTemplate", value) => {
                Self::Profile(value.map(Value::into_text).transpose()?.filter(|text| !text.is_empty()))
            }
            // An empty column has no value.
            (name @ "UPN", value) => Self::Column(name, value.filter(|value| *value != Value::String(String::new()))),
            (name @ ("EnrollmentFlags" | "GeneralFlags" | "PrivateKeyFlags"), value) => Self::Column(name, value),
            (name, value) if property.scope == Scope::Context => Self::Context(name, value),
            (name, value) => {
                if subject_part_characters_max(name).is_none() {
                    return Err(not_writable(name));
                }
                let text = value.map(Value::into_text).transpose()?.unwrap_or_default();
                // The contract separates several values by line feeds; an empty text removes the part.
                let values = text.split('\n').map(str::trim).filter(|value| !value.is_empty());
                Self::Subject(name, values.map(str::to_owned).collect())
            }
        })
    }

    /// Whether the values of a part of the subject are as short as X.520 has them. A server may be configured not to ask.
    ///
    /// # Errors
    /// `E_INVALIDARG` for one that is longer.
    pub fn check_lengths(&self) -> Result<(), ModuleError> {
        let Self::Subject(part, values) = self else { return Ok(()) };
        let max = subject_part_characters_max(part).unwrap_or(usize::MAX);
        match values.iter().find(|value| value.chars().count() > max) {
            Some(long) => Err(ModuleError::invalid(format!("{part} is at most {max} characters: `{long}`"))),
            None => Ok(()),
        }
    }
}

/// How far validity may be set: a module makes it shorter, and no other makes it longer again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValidityLimits {
    /// The earliest start.
    pub not_before: Option<Timestamp>,
    /// The latest end.
    pub not_after: Option<Timestamp>,
}

impl ValidityLimits {
    /// Whether validity may start then, where it starts `now`.
    ///
    /// # Errors
    /// `E_INVALIDARG` where that is earlier than the limit.
    pub fn check_not_before(&self, now: Option<Timestamp>, moment: Timestamp) -> Result<(), ModuleError> {
        match now.max(self.not_before).filter(|limit| moment < *limit) {
            Some(limit) => Err(outside("NotBefore", moment, "earlier", limit)),
            None => Ok(()),
        }
    }

    /// Whether validity may end then, where it ends `now`.
    ///
    /// # Errors
    /// `E_INVALIDARG` where that is later than the limit.
    pub fn check_not_after(&self, now: Option<Timestamp>, moment: Timestamp) -> Result<(), ModuleError> {
        match now.into_iter().chain(self.not_after).min().filter(|limit| moment > *limit) {
            Some(limit) => Err(outside("NotAfter", moment, "later", limit)),
            None => Ok(()),
        }
    }
}

fn outside(name: &str, moment: Timestamp, direction: &str, limit: Timestamp) -> ModuleError {
    ModuleError::invalid(format!("{name} {moment} is {direction} than {limit}, which is the limit"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_write_is_what_the_contract_makes_of_it() {
        let moment = at("2027-01-01T00:00:00Z");
        for (name, value, expected) in [
            ("CN", Some("a.example.org".into()), Amendment::Subject("CommonName", vec!["a.example.org".into()])),
            ("Subject.OrgUnit", Some(" A \n\nB".into()), Amendment::Subject("OrgUnit", vec!["A".into(), "B".into()])),
            ("Locality", Some("\n".into()), Amendment::Subject("Locality", Vec::new())),
            ("Locality", None, Amendment::Subject("Locality", Vec::new())),
            ("ExpirationDate", Some(moment.into()), Amendment::NotAfter(moment)),
            ("notbefore", Some(moment.into()), Amendment::NotBefore(moment)),
            ("CertificateTemplate", Some("".into()), Amendment::Profile(None)),
            ("GeneralFlags", Some(5.into()), Amendment::Column("GeneralFlags", Some(5.into()))),
            ("UPN", None, Amendment::Column("UPN", None)),
            ("UPN", Some("".into()), Amendment::Column("UPN", None)),
            ("SEAuditId", Some(4898.into()), Amendment::Context("SEAuditId", Some(4898.into()))),
            ("seauditid.3", Some("tls".into()), Amendment::Context("SEAuditId", Some("tls".into()))),
            ("SEAuditId.0", None, Amendment::Context("SEAuditId", None)),
            ("EventLogTerse", Some("x".into()), Amendment::Context("EventLogTerse", Some("x".into()))),
        ] {
            assert_eq!(Amendment::of(name, value), Ok(expected), "{name}");
        }
        for (name, value) in [
            ("NotAfter", None),
            ("NotAfter", Some("soon".into())),
            ("SerialNumber", Some("07".into())),
            ("Nonsense", None),
            ("RawCRL.0", None),
            ("SEAuditId.", Some("tls".into())),
            ("SEAuditId.x", Some("tls".into())),
            ("SEAuditFilter", Some(0.into())),
        ] {
            assert_eq!(Amendment::of(name, value).unwrap_err().code, crate::HResult::E_INVALIDARG, "{name}");
        }
    }

    #[test]
    fn parts_of_the_subject_have_a_length() {
        let country = |text: &str| Amendment::of("Country", Some(text.into())).unwrap().check_lengths();
        assert_eq!(country("DE"), Ok(()));
        assert!(country("DE\nDEU").unwrap_err().message.contains("at most 2 characters: `DEU`"));
    }

    #[test]
    fn validity_never_grows() {
        let (early, middle, late) =
            (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
        let limits = ValidityLimits { not_before: Some(early), not_after: Some(late) };
        for (now, moment, allowed) in [
            (Some(early), early, true),
            (Some(early), middle, true),
            (Some(middle), early, false),
            (None, middle, true),
            (None, at("2025-01-01T00:00:00Z"), false),
        ] {
            assert_eq!(limits.check_not_before(now, moment).is_ok(), allowed, "from {now:?} to {moment}");
        }
        for (now, moment, allowed) in [
            (Some(late), late, true),
            (Some(late), middle, true),
            (Some(middle), late, false),
            (None, middle, true),
            (None, at("2029-01-01T00:00:00Z"), false),
        ] {
            assert_eq!(limits.check_not_after(now, moment).is_ok(), allowed, "from {now:?} to {moment}");
        }
        assert!(ValidityLimits::default().check_not_after(None, late).is_ok());
    }
}
