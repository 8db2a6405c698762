//! How events, requests and certificates look in a message, and how they are read from the server view.
//!
//! `received` reads the messages back.
//!
//! A message carries every property of [`crate::property::PROPERTIES`] that has a value, so that the usual call
//! needs no call-back. CRLs are large and rarely wanted: they are left to call-backs.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::row::{Attributes, Extension, Row};
use crate::property::{Access, PROPERTIES, Property, Scope};
use crate::{EventId, ExitEvent, HResult, ModuleError, Notification, PropertyType, RequestId, ServerExit, Value};

/// CA certificate indices whose states a CRL event carries; further ones are left to call-backs.
const CA_INDEXES_MAX: i32 = 64;

/// Properties that are read on demand only: large, or with an index that is no CA certificate's.
const ON_DEMAND: [&str; 3] = ["RawCRL", "RawDeltaCRL", "LocalizedTimePeriodUnits"];

/// The event of a `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its number; 0 for `shutdown`.
    pub id: u64,
    /// Its name: later servers know more than this version does.
    pub name: Cow<'static, str>,
    /// The contract's bit.
    pub bit: u32,
    /// Counts deliveries, from 1.
    pub attempt: u32,
    /// When the state was committed.
    #[serde(serialize_with = "moment")]
    pub occurred: Timestamp,
    /// The head of the chain at this event.
    #[serde(serialize_with = "hexadecimal")]
    pub hash: [u8; 32],
    /// The request it happened to.
    pub request_id: Option<i64>,
}

impl From<&Notification> for Event {
    fn from(notification: &Notification) -> Self {
        Self {
            id: notification.id.0,
            name: notification.event.name().into(),
            bit: notification.event.bit(),
            attempt: notification.attempt,
            occurred: notification.occurred,
            hash: notification.hash,
            request_id: notification.request.map(|RequestId(number)| number),
        }
    }
}

impl Event {
    /// The notification that it carries; none for an event that this version does not know.
    pub fn notification(&self) -> Option<Notification> {
        Some(Notification {
            id: EventId(self.id),
            event: ExitEvent::from_bit(self.bit)?,
            occurred: self.occurred,
            request: self.request_id.map(RequestId),
            attempt: self.attempt,
            hash: self.hash,
        })
    }
}

/// The request in context, as both `notify` and `verify_request` carry it. Empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Request {
    /// What `GetRequestProperty` reads.
    pub request: Row,
    /// What `GetCertificateProperty` reads of the certificate and the requester.
    pub certificate: Row,
    /// The attributes.
    pub attributes: Attributes,
    /// The extensions, disabled ones too.
    pub extensions: Vec<Extension>,
}

/// The parameters of `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notify {
    /// Names the call in call-backs.
    pub context: u64,
    /// What happened.
    pub event: Event,
    /// To which request.
    #[serde(flatten)]
    pub request: Request,
    /// Properties of the certification authority.
    pub ca: Row,
}

/// The parameters of `notify_batch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotifyBatch {
    /// The events, in their order. Each has a context of its own.
    pub events: Vec<Notify>,
}

/// The parameters of `verify_request`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyRequest {
    /// Names the call in call-backs.
    pub context: u64,
    /// False when an administrator resubmits the request.
    pub new: bool,
    /// The request in flight.
    #[serde(flatten)]
    pub request: Request,
    /// Properties of the certification authority.
    pub ca: Row,
}

impl Notify {
    /// Reads everything the message carries.
    pub fn read(context: u64, notification: &Notification, server: &dyn ServerExit) -> Result<Self, ModuleError> {
        let request = match notification.request {
            Some(_) => read_request(server, |property| property.exit)?,
            None => Request::default(),
        };
        let ca = match notification.event {
            ExitEvent::CrlIssued => read_ca(server, |property| property.exit, true)?,
            _ => read_ca(server, |property| property.exit, false)?,
        };
        Ok(Self { context, event: notification.into(), request, ca })
    }
}

impl VerifyRequest {
    /// Reads everything the message carries.
    pub fn read(context: u64, new: bool, server: &dyn ServerExit) -> Result<Self, ModuleError> {
        let request = read_request(server, |property| property.policy)?;
        Ok(Self { context, new, request, ca: read_ca(server, |property| property.policy, false)? })
    }
}

/// The properties of the certification authority, as `initialize` carries them: with those of every index.
pub fn ca_properties(server: &dyn ServerExit) -> Result<Row, ModuleError> {
    read_ca(server, |property| property.exit, true)
}

fn read_request(server: &dyn ServerExit, access: fn(&Property) -> Access) -> Result<Request, ModuleError> {
    Ok(Request {
        request: read_row(server, &[Scope::Request], access)?,
        certificate: read_row(server, &[Scope::Certificate, Scope::Context], access)?,
        attributes: read_attributes(server)?,
        extensions: read_extensions(server)?,
    })
}

fn read_row(server: &dyn ServerExit, scopes: &[Scope], access: fn(&Property) -> Access) -> Result<Row, ModuleError> {
    let readable = |property: &&Property| {
        scopes.contains(&property.scope)
            && property.unsupported.is_none()
            && matches!(access(property), Access::Read | Access::ReadWrite)
            && !ON_DEMAND.contains(&property.name)
    };
    let mut row = Row::with_capacity(64);
    for property in PROPERTIES.iter().filter(readable) {
        if let Some(value) = read(server, property.scope, property.name, property.kind)? {
            row.push(property.name, value);
        }
    }
    Ok(row)
}

/// The newest index of each indexed property under its bare name; with `indexes`, every index too.
fn read_ca(server: &dyn ServerExit, access: fn(&Property) -> Access, indexes: bool) -> Result<Row, ModuleError> {
    let mut row = read_row(server, &[Scope::Ca, Scope::CaIndexed], access)?;
    let count = match row.find("CertCount") {
        Some(Value::Long(count)) => Some(*count),
        _ => None,
    };
    if indexes {
        let indexed = |property: &&Property| {
            // CA certificates themselves are long-lived and large; those before the newest are left to call-backs.
            property.scope == Scope::CaIndexed
                && property.kind != PropertyType::Binary
                && !ON_DEMAND.contains(&property.name)
        };
        for property in PROPERTIES.iter().filter(indexed) {
            for index in 0..count.unwrap_or(0).min(CA_INDEXES_MAX) {
                let name = format!("{}.{index}", property.name);
                if let Some(value) = read(server, property.scope, &name, property.kind)? {
                    row.push(name, value);
                }
            }
        }
    }
    Ok(row)
}

fn read(server: &dyn ServerExit, scope: Scope, name: &str, kind: PropertyType) -> Result<Option<Value>, ModuleError> {
    let value = match scope {
        Scope::Request => server.request_property(name, kind),
        _ => server.certificate_property(name, kind),
    };
    or_absent(value)
}

fn read_attributes(server: &dyn ServerExit) -> Result<Attributes, ModuleError> {
    let mut attributes = Attributes::default();
    for name in or_absent(server.attributes())?.unwrap_or_default() {
        if let Some(value) = or_absent(server.request_attribute(&name))? {
            attributes.push(name, value);
        }
    }
    Ok(attributes)
}

fn read_extensions(server: &dyn ServerExit) -> Result<Vec<Extension>, ModuleError> {
    let mut extensions = Vec::new();
    for oid in or_absent(server.extensions())?.unwrap_or_default() {
        if let Some(extension) = or_absent(server.certificate_extension(&oid))? {
            extensions.push(Extension(extension));
        }
    }
    Ok(extensions)
}

/// What has no value is left out. Any other failure is the call's: a message must not pretend that a value is absent.
fn or_absent<T>(result: Result<T, ModuleError>) -> Result<Option<T>, ModuleError> {
    const ABSENT: [HResult; 3] =
        [HResult::CERTSRV_E_PROPERTY_EMPTY, HResult::ERROR_FILE_NOT_FOUND, HResult::E_INVALIDARG];
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if ABSENT.contains(&error.code) => Ok(None),
        Err(error) => Err(error),
    }
}

fn moment<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

fn hexadecimal<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(hash))
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
