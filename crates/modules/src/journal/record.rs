//! What is written of an event. The schema is documented in `docs/modules/journal.md`; members are only ever added.

use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use module::property::Property;
use module::{ExitEvent, HResult, ModuleError, Notification, PropertyType, RequestId, ServerExit, Value};
use pki::CertificateList;
use serde::{Serialize, Serializer};

use super::settings::JournalSettings;

/// The version of the schema.
const SCHEMA: u32 = 1;

/// `CRLState` of a key whose CRL is published under this certificate.
const PUBLISHED: i32 = 3;

#[derive(Serialize)]
struct Record<'a> {
    schema: u32,
    ca: &'a str,
    event: Event,
    recorded: Timestamp,
    request_id: Option<i64>,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    request: Fields,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    certificate: Fields,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    crls: Vec<Crl>,
}

#[derive(Serialize)]
struct Event {
    id: u64,
    name: &'static str,
    attempt: u32,
    occurred: Timestamp,
    hash: String,
}

/// One CRL that was published.
#[derive(Serialize)]
struct Crl {
    ca_certificate: i32,
    delta: bool,
    number: Option<u64>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
}

/// Properties that have a value, by name.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Field(value))))
    }
}

struct Field<'a>(&'a Value);

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Long(number) => serializer.serialize_i32(*number),
            Value::Date(moment) => serializer.collect_str(moment),
            Value::String(text) => serializer.serialize_str(text),
            Value::Binary(bytes) => serializer.serialize_str(&Base64::encode_string(bytes)),
        }
    }
}

/// The event's line, with its line feed: JSON has no other.
pub(super) fn line(
    settings: &JournalSettings,
    ca: &str,
    notification: &Notification,
    server: &dyn ServerExit,
) -> Result<Vec<u8>, ModuleError> {
    let (mut request, mut certificate) = (Fields::default(), Fields::default());
    if notification.request.is_some() {
        request = read(&settings.request_fields, |name, kind| server.request_property(name, kind))?;
        certificate = read(&settings.certificate_fields, |name, kind| server.certificate_property(name, kind))?;
    }
    let crls = if notification.event == ExitEvent::CrlIssued { crls(server)? } else { Vec::new() };
    let record = Record {
        schema: SCHEMA,
        ca,
        event: Event {
            id: notification.id.0,
            name: notification.event.name(),
            attempt: notification.attempt,
            occurred: notification.occurred,
            hash: hex::encode(notification.hash),
        },
        recorded: Timestamp::now(),
        request_id: notification.request.map(|RequestId(number)| number),
        request,
        certificate,
        crls,
    };
    let mut line = serde_json::to_vec(&record)
        .map_err(|error| ModuleError::new(HResult::E_UNEXPECTED, format!("the record cannot be written: {error}")))?;
    line.push(b'\n');
    Ok(line)
}

fn read(
    properties: &[&'static Property],
    value: impl Fn(&str, PropertyType) -> Result<Value, ModuleError>,
) -> Result<Fields, ModuleError> {
    let mut fields = Fields::default();
    for property in properties {
        if let Some(value) = present(value(property.name, property.kind))? {
            fields.0.push((property.name, value));
        }
    }
    Ok(fields)
}

/// What is published for each key.
fn crls(server: &dyn ServerExit) -> Result<Vec<Crl>, ModuleError> {
    let mut crls = Vec::new();
    let count = server.certificate_property("CertCount", PropertyType::Long)?.into_long()?;
    for index in 0..count {
        let state = present(server.certificate_property(&format!("CRLState.{index}"), PropertyType::Long))?;
        if state != Some(Value::Long(PUBLISHED)) {
            continue;
        }
        for (name, delta) in [("RawCRL", false), ("RawDeltaCRL", true)] {
            let value = present(server.certificate_property(&format!("{name}.{index}"), PropertyType::Binary))?;
            let Some(value) = value else { continue };
            let crl = CertificateList::from_der(&value.into_binary()?).map_err(|error| {
                ModuleError::new(HResult::ERROR_INVALID_DATA, format!("{name}.{index} cannot be read: {error}"))
            })?;
            crls.push(Crl {
                ca_certificate: index,
                delta,
                number: crl.number(),
                this_update: crl.this_update(),
                next_update: crl.next_update(),
            });
        }
    }
    Ok(crls)
}

/// A value, or none where the contract says that there is none.
fn present(result: Result<Value, ModuleError>) -> Result<Option<Value>, ModuleError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if [HResult::CERTSRV_E_PROPERTY_EMPTY, HResult::ERROR_FILE_NOT_FOUND].contains(&error.code) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
