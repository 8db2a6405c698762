//! How events, requests and certificates look in a message, and how they are read from the server view.
//!
//! A message carries every property of [`crate::property::PROPERTIES`] that has a value, so that the usual call
//! needs no call-back. CRLs are large and rarely wanted: they are left to call-backs.

use std::borrow::Cow;

use crate::property::{Access, PROPERTIES, Property, Scope};
use crate::{
    CertificateExtension, ExitEvent, HResult, ModuleError, Notification, PropertyType, RequestId, ServerExit, Value,
};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::value::{Bytes, OnWire};

/// CA certificate indices whose states a CRL event carries; further ones are left to call-backs.
const CA_INDEXES_MAX: i32 = 64;

/// Properties that are read on demand only: large, or with an index that is no CA certificate's.
const ON_DEMAND: [&str; 3] = ["RawCRL", "RawDeltaCRL", "LocalizedTimePeriodUnits"];

/// Properties of one scope, by name.
#[derive(Clone, Debug, Default)]
pub struct Row(Vec<(Cow<'static, str>, Value)>);

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, OnWire(value))))
    }
}

/// An extension with its value as bytes.
#[derive(Clone, Debug)]
pub struct Extension(pub CertificateExtension);

impl Serialize for Extension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let extension = &self.0;
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("oid", &extension.oid)?;
        map.serialize_entry("flags", &extension.flags.bits())?;
        map.serialize_entry("critical", &extension.flags.contains(crate::ExtensionFlags::CRITICAL))?;
        map.serialize_entry("enabled", &extension.flags.is_enabled())?;
        map.serialize_entry("origin", extension.flags.origin_name())?;
        map.serialize_entry("value", &Bytes(&extension.value))?;
        map.end()
    }
}

/// Attribute names and values, in their order.
#[derive(Clone, Debug, Default)]
pub struct Attributes(Vec<(String, String)>);

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The event of a `notify`.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    id: u64,
    name: &'static str,
    bit: u32,
    attempt: u32,
    occurred: String,
    hash: String,
    request_id: Option<i64>,
}

impl From<&Notification> for Event {
    fn from(notification: &Notification) -> Self {
        Self {
            id: notification.id.0,
            name: notification.event.name(),
            bit: notification.event.bit(),
            attempt: notification.attempt,
            occurred: notification.occurred.to_string(),
            hash: hex(&notification.hash),
            request_id: notification.request.map(|RequestId(number)| number),
        }
    }
}

/// The request in context, as both `notify` and `verify_request` carry it. Empty where there is none.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Request {
    request: Row,
    certificate: Row,
    attributes: Attributes,
    extensions: Vec<Extension>,
}

/// The parameters of `notify`.
#[derive(Clone, Debug, Serialize)]
pub struct Notify {
    context: u64,
    event: Event,
    #[serde(flatten)]
    request: Request,
    ca: Row,
}

/// The parameters of `verify_request`.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyRequest {
    context: u64,
    new: bool,
    #[serde(flatten)]
    request: Request,
    ca: Row,
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
    let mut row = Row(Vec::with_capacity(64));
    for property in PROPERTIES.iter().filter(readable) {
        if let Some(value) = read(server, property.scope, property.name, property.kind)? {
            row.0.push((property.name.into(), value));
        }
    }
    Ok(row)
}

/// The newest index of each indexed property under its bare name; with `indexes`, every index too.
fn read_ca(server: &dyn ServerExit, access: fn(&Property) -> Access, indexes: bool) -> Result<Row, ModuleError> {
    let mut row = read_row(server, &[Scope::Ca, Scope::CaIndexed], access)?;
    let count = row.0.iter().find_map(|(name, value)| match value {
        Value::Long(count) if name == "CertCount" => Some(*count),
        _ => None,
    });
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
                    row.0.push((name.into(), value));
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
            attributes.0.push((name, value));
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

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
