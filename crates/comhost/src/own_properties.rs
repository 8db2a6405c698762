//! Properties beyond the contract's: what modules of every other kind are told of an event, or say with a decision, and
//! COM's methods have no place for.
//!
//! Their names begin with `Exeunt.`. The classic service knows none of them and fails the call; a module that is to run
//! there too passes over that.

use module::{HResult, ModuleError, Notification, PropertyType, Value};

/// One of them: `GetCertificateProperty` reads it in the context of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnProperty {
    /// The event's number, by which a module tells a repeat. A text: it outgrows a `long`.
    EventId,
    /// Counts deliveries of the event to this module, from 1.
    EventAttempt,
    /// When the state that the event reports was committed.
    EventOccurred,
    /// The head of the chain of events at this one: SHA-256.
    EventHash,
    /// The message of the decision, which a policy module sets.
    DispositionMessage,
}

impl OwnProperty {
    const ALL: [(&str, Self, PropertyType); 5] = [
        ("Exeunt.EventID", Self::EventId, PropertyType::String),
        ("Exeunt.EventAttempt", Self::EventAttempt, PropertyType::Long),
        ("Exeunt.EventOccurred", Self::EventOccurred, PropertyType::Date),
        ("Exeunt.EventHash", Self::EventHash, PropertyType::Binary),
        ("Exeunt.DispositionMessage", Self::DispositionMessage, PropertyType::String),
    ];

    /// The property with this name, in any case, read or set as `kind`: none where the name is not one of ours,
    /// `E_INVALIDARG` where the type is not the property's.
    pub fn named(name: &str, kind: PropertyType) -> Result<Option<Self>, ModuleError> {
        match Self::ALL.into_iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) {
            Some((known, _, right)) if right != kind => {
                Err(ModuleError::invalid(format!("{known} is a {right}, not a {kind}")))
            }
            found => Ok(found.map(|(_, property, _)| property)),
        }
    }

    /// What it says of this event; none for what is no event's.
    pub fn of_event(self, event: &Notification) -> Option<Value> {
        match self {
            Self::EventId => Some(Value::String(event.id.to_string())),
            Self::EventAttempt => Some(Value::Long(i32::try_from(event.attempt).unwrap_or(i32::MAX))),
            Self::EventOccurred => Some(Value::Date(event.occurred)),
            Self::EventHash => Some(Value::Binary(event.hash.to_vec())),
            Self::DispositionMessage => None,
        }
    }

    /// The name, for people.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, property, _)| *property == self).map_or("", |(name, ..)| name)
    }

    /// Fails with `E_INVALIDARG` unless modules set it.
    pub fn check_writable(self) -> Result<(), ModuleError> {
        match self {
            Self::DispositionMessage => Ok(()),
            _ => Err(ModuleError::invalid(format!("{} cannot be set", self.name()))),
        }
    }

    /// There is no value in this context: `CERTSRV_E_PROPERTY_EMPTY`.
    pub fn empty(self) -> ModuleError {
        ModuleError::new(HResult::CERTSRV_E_PROPERTY_EMPTY, format!("{} has no value in this context", self.name()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use module::{EventId, ExitEvent};

    use super::*;

    #[test]
    fn an_event_is_read_by_name_and_type() {
        let event = Notification {
            id: EventId(5_000_000_000),
            event: ExitEvent::CertIssued,
            occurred: "2025-06-01T12:00:00Z".parse().unwrap(),
            request: None,
            attempt: 2,
            hash: [7; 32],
        };
        let read = |name: &str, kind| OwnProperty::named(name, kind).unwrap().unwrap().of_event(&event);
        assert_eq!(read("exeunt.eventid", PropertyType::String), Some(Value::from("5000000000")));
        assert_eq!(read("Exeunt.EventAttempt", PropertyType::Long), Some(Value::Long(2)));
        assert_eq!(read("Exeunt.EventOccurred", PropertyType::Date), Some(Value::Date(event.occurred)));
        assert_eq!(read("Exeunt.EventHash", PropertyType::Binary), Some(Value::Binary(vec![7; 32])));
        assert_eq!(read("Exeunt.DispositionMessage", PropertyType::String), None);
        let wrong = OwnProperty::named("Exeunt.EventID", PropertyType::Long).unwrap_err();
        assert_eq!(
            (wrong.code, wrong.message.as_str()),
            (HResult::E_INVALIDARG, "Exeunt.EventID is a string, not a long")
        );
        assert_eq!(OwnProperty::named("RequestID", PropertyType::Long), Ok(None));
    }

    #[test]
    fn only_the_message_is_set() {
        for (name, property, _) in OwnProperty::ALL {
            assert_eq!(property.name(), name);
            assert_eq!(property.check_writable().is_ok(), property == OwnProperty::DispositionMessage, "{name}");
        }
    }
}
