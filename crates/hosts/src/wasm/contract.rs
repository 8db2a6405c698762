//! The contract's values, to a component's types and back.

use jiff::Timestamp;
use module::{
    CertificateExtension, Decision, ExitEvent, ExitEvents, HResult, ModuleError, Notification, PropertyType, Value,
};

use super::bindings::types;

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

pub(super) const fn property_type(kind: types::PropertyType) -> PropertyType {
    match kind {
        types::PropertyType::Long => PropertyType::Long,
        types::PropertyType::Date => PropertyType::Date,
        types::PropertyType::Binary => PropertyType::Binary,
        types::PropertyType::String => PropertyType::String,
    }
}

pub(super) fn to_guest(value: Value) -> types::Value {
    match value {
        Value::Long(number) => types::Value::Long(number),
        Value::Date(moment) => types::Value::Date(to_moment(moment)),
        Value::Binary(bytes) => types::Value::Binary(bytes),
        Value::String(text) => types::Value::String(text),
    }
}

/// A date that is none, or is beyond the calendar, is `E_INVALIDARG`.
pub(super) fn from_guest(value: types::Value) -> Result<Value, ModuleError> {
    Ok(match value {
        types::Value::Long(number) => Value::Long(number),
        types::Value::Date(moment) => Value::Date(from_moment(moment)?),
        types::Value::Binary(bytes) => Value::Binary(bytes),
        types::Value::String(text) => Value::String(text),
    })
}

fn to_moment(moment: Timestamp) -> types::Moment {
    let nanoseconds = moment.as_nanosecond();
    types::Moment {
        seconds: i64::try_from(nanoseconds.div_euclid(SECOND)).expect("a timestamp's seconds fit 64 bits"),
        nanoseconds: u32::try_from(nanoseconds.rem_euclid(SECOND)).expect("a remainder is below a second"),
    }
}

fn from_moment(moment: types::Moment) -> Result<Timestamp, ModuleError> {
    let unfit = || {
        let types::Moment { seconds, nanoseconds } = moment;
        ModuleError::invalid(format!("{seconds} s and {nanoseconds} ns are not a moment"))
    };
    if i128::from(moment.nanoseconds) >= SECOND {
        return Err(unfit());
    }
    Timestamp::from_nanosecond(i128::from(moment.seconds) * SECOND + i128::from(moment.nanoseconds))
        .map_err(|_| unfit())
}

pub(super) fn extension(extension: CertificateExtension) -> types::Extension {
    types::Extension { oid: extension.oid, flags: extension.flags.bits(), value: extension.value }
}

pub(super) fn error_to_guest(error: ModuleError) -> types::ModuleError {
    types::ModuleError { code: error.code.0.cast_unsigned(), message: error.message }
}

pub(super) fn error_from_guest(error: types::ModuleError) -> ModuleError {
    ModuleError::new(HResult(error.code.cast_signed()), error.message)
}

pub(super) fn decision(decision: types::Decision) -> Decision {
    match decision {
        types::Decision::Issue => Decision::Issue,
        types::Decision::Pend(message) => Decision::Pend { message },
        types::Decision::Deny(error) => {
            Decision::Deny { code: HResult(error.code.cast_signed()), message: error.message }
        }
    }
}

pub(super) fn notification(notification: &Notification) -> types::Notification {
    types::Notification {
        id: notification.id.0,
        event: match notification.event {
            ExitEvent::CertIssued => types::ExitEvent::CertIssued,
            ExitEvent::CertPending => types::ExitEvent::CertPending,
            ExitEvent::CertDenied => types::ExitEvent::CertDenied,
            ExitEvent::CertRevoked => types::ExitEvent::CertRevoked,
            ExitEvent::CertRetrievePending => types::ExitEvent::CertRetrievePending,
            ExitEvent::CrlIssued => types::ExitEvent::CrlIssued,
            ExitEvent::Shutdown => types::ExitEvent::Shutdown,
            ExitEvent::CertImported => types::ExitEvent::CertImported,
        },
        occurred: to_moment(notification.occurred),
        request: notification.request.map(|request| request.0),
        attempt: notification.attempt,
        hash: notification.hash.to_vec(),
    }
}

pub(super) fn events(events: types::ExitEvents) -> ExitEvents {
    let pairs = [
        (types::ExitEvents::CERT_ISSUED, ExitEvents::CERT_ISSUED),
        (types::ExitEvents::CERT_PENDING, ExitEvents::CERT_PENDING),
        (types::ExitEvents::CERT_DENIED, ExitEvents::CERT_DENIED),
        (types::ExitEvents::CERT_REVOKED, ExitEvents::CERT_REVOKED),
        (types::ExitEvents::CERT_RETRIEVE_PENDING, ExitEvents::CERT_RETRIEVE_PENDING),
        (types::ExitEvents::CRL_ISSUED, ExitEvents::CRL_ISSUED),
        (types::ExitEvents::SHUTDOWN, ExitEvents::SHUTDOWN),
        (types::ExitEvents::CERT_IMPORTED, ExitEvents::CERT_IMPORTED),
    ];
    pairs.into_iter().filter(|(asked, _)| events.contains(*asked)).map(|(_, event)| event).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn moments_cross_in_both_directions() {
        for text in ["2026-11-22T10:00:00.1234567Z", "1969-12-31T23:59:59.75Z", "1601-01-01T00:00:00Z"] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(from_moment(to_moment(moment)).unwrap(), moment, "{text}");
        }
        for (seconds, nanoseconds) in [(0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 5)] {
            let error = from_moment(types::Moment { seconds, nanoseconds }).unwrap_err();
            assert_eq!(error.code, HResult::E_INVALIDARG);
        }
    }

    #[test]
    fn every_event_has_its_place_in_the_mask() {
        assert_eq!(events(types::ExitEvents::all()), ExitEvents::all());
        assert_eq!(events(types::ExitEvents::empty()), ExitEvents::empty());
        assert_eq!(events(types::ExitEvents::CERT_IMPORTED), ExitEvents::CERT_IMPORTED);
    }
}
