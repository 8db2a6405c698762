//! A request as columns, there and back.

use std::fmt;
use std::sync::Arc;

use engine::{Issued, KeySummary, Request, RequestBody, Revocation};
use jiff::Timestamp;
use module::{Disposition, HResult, RequestId};
use pki::{NameComponent, Serial};
use rusqlite::Row;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::body;
use crate::error::{Error, Result};

/// The columns of `request` and `request_history` in the order of every statement, each with a prefix such as `r.`.
macro_rules! request_columns {
    ($p:literal) => {
        concat!(
            $p,
            "id, ",
            $p,
            "version, ",
            $p,
            "disposition, ",
            $p,
            "status, ",
            $p,
            "message, ",
            $p,
            "submitted, ",
            $p,
            "resolved, ",
            $p,
            "requester, ",
            $p,
            "caller, ",
            $p,
            "request_type, ",
            $p,
            "flags, ",
            $p,
            "profile, ",
            $p,
            "key_algorithm, ",
            $p,
            "key_bits, ",
            $p,
            "key_identifier, ",
            $p,
            "common_name, ",
            $p,
            "subject, ",
            $p,
            "alternative_names, ",
            $p,
            "not_before, ",
            $p,
            "not_after, ",
            $p,
            "properties, ",
            $p,
            "serial, ",
            $p,
            "sha1, ",
            $p,
            "ca_certificate, ",
            $p,
            "ca_key, ",
            $p,
            "distinguished_name, ",
            $p,
            "revoked_when, ",
            $p,
            "revoked_effective, ",
            $p,
            "revoked_reason, ",
            $p,
            "publish_expired, ",
            $p,
            "event"
        )
    };
}

/// The columns of the large parts.
macro_rules! body_columns {
    ($p:literal) => {
        concat!($p, "raw, ", $p, "attribute_text, ", $p, "attributes, ", $p, "extensions, ", $p, "certificate")
    };
}

pub(crate) use {body_columns, request_columns};

/// How many columns [`request_columns`] names.
pub(crate) const REQUEST_COLUMNS: usize = 31;

/// A request with what is stored in another form than it has in memory.
#[derive(Debug)]
pub(crate) struct RequestRow {
    pub(crate) request: Request,
    pub(crate) subject: String,
    pub(crate) properties: String,
    pub(crate) attributes: Vec<u8>,
    pub(crate) extensions: Vec<u8>,
}

impl RequestRow {
    /// Done by the caller of `commit`, so that the committer only binds and steps.
    pub(crate) fn new(request: Request) -> Result<Self> {
        let json = |error: serde_json::Error| Error::Unavailable(format!("request {}: {error}", request.id));
        let subject = serde_json::to_string(&SubjectRef(&request.subject)).map_err(json)?;
        let properties = serde_json::to_string(&request.properties).map_err(json)?;
        let attributes = body::encode_attributes(&request.body.attributes);
        let extensions = body::encode_extensions(&request.body.extensions);
        Ok(Self { request, subject, properties, attributes, extensions })
    }

    /// About how many octets it adds to a transaction.
    pub(crate) fn size(&self) -> usize {
        let body = &self.request.body;
        let certificate = body.certificate.as_ref().map_or(0, Vec::len);
        512 + self.subject.len()
            + self.properties.len()
            + self.attributes.len()
            + self.extensions.len()
            + body.raw.len()
            + body.attribute_text.len()
            + certificate
    }
}

/// A request without its large parts, from the columns that start at `first`.
pub(crate) fn read_request(row: &Row<'_>, first: usize) -> Result<Request> {
    let mut column = Columns { row, next: first };
    let id = RequestId(column.number()?);
    let damaged = |what: &str| Error::Corrupt(format!("request {id} has {what} that was never written"));
    let version = column.small(id)?;
    let disposition = Disposition::from_code(column.small(id)?).ok_or_else(|| damaged("a disposition"))?;
    let status = HResult(column.small(id)?);
    let message = column.text()?;
    let submitted = column.moment(id)?.ok_or_else(|| damaged("no time of submission, a row"))?;
    let resolved = column.moment(id)?;
    let requester = column.text()?;
    let caller = column.text()?;
    let request_type = column.small(id)?;
    let flags = column.small(id)?;
    let profile = column.text_or_none()?;
    let algorithm = column.text_or_none()?;
    let bits: Option<i64> = column.take()?;
    let identifier: Option<Vec<u8>> = column.take()?;
    let key = match (algorithm, bits, identifier) {
        (Some(algorithm), Some(bits), Some(identifier)) => {
            Some(KeySummary { algorithm, bits: u32::try_from(bits).map_err(|_| damaged("a key length"))?, identifier })
        }
        _ => None,
    };
    column.skip();
    let subject = serde_json::from_str::<Subject>(column.text_ref()?).map_err(|_| damaged("a subject"))?.0;
    let alternative_names = column.text()?;
    let not_before = column.moment(id)?;
    let not_after = column.moment(id)?;
    let properties = match column.text_ref()? {
        "{}" => Default::default(),
        text => serde_json::from_str(text).map_err(|_| damaged("properties"))?,
    };
    let serial: Option<&[u8]> = column.octets()?;
    let serial = serial.map(Serial::from_bytes).transpose().map_err(|_| damaged("a serial number"))?;
    let sha1: Option<[u8; 20]> = column.take()?;
    let ca_certificate: Option<u16> = column.take()?;
    let ca_key: Option<u16> = column.take()?;
    let distinguished_name = column.text_or_none()?;
    let issued = match (serial, sha1, ca_certificate, ca_key, distinguished_name) {
        (Some(serial), Some(sha1), Some(ca_certificate), Some(ca_key), Some(distinguished_name)) => {
            Some(Issued { serial, sha1, ca_certificate, ca_key, distinguished_name })
        }
        (None, ..) => None,
        _ => return Err(damaged("half a certificate")),
    };
    let when = column.moment(id)?;
    let effective = column.moment(id)?;
    let reason: Option<i32> = column.take()?;
    let revocation = match (when, effective, reason) {
        (Some(when), Some(effective), Some(reason)) => Some(Revocation { when, effective, reason }),
        _ => None,
    };
    let publish_expired = column.take()?;
    let body = Arc::default();
    Ok(Request {
        id,
        version,
        disposition,
        status,
        message,
        submitted,
        resolved,
        requester,
        caller,
        request_type,
        flags,
        profile,
        key,
        subject,
        alternative_names,
        not_before,
        not_after,
        properties,
        issued,
        revocation,
        publish_expired,
        body,
    })
}

/// The large parts, from the five columns that start at `first`.
pub(crate) fn read_body(row: &Row<'_>, first: usize, id: RequestId) -> Result<RequestBody> {
    let mut column = Columns { row, next: first };
    let damaged = |what: &str| Error::Corrupt(format!("the {what} of request {id} cannot be read"));
    let raw = column.take()?;
    let attribute_text = column.text()?;
    let attributes = column.octets()?.unwrap_or_default();
    let attributes = body::decode_attributes(attributes).ok_or_else(|| damaged("attributes"))?;
    let extensions = column.octets()?.unwrap_or_default();
    let extensions = body::decode_extensions(extensions).ok_or_else(|| damaged("extensions"))?;
    let certificate = column.take()?;
    Ok(RequestBody { raw, attribute_text, attributes, extensions, certificate })
}

/// A moment from its column.
pub(crate) fn moment(microseconds: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|_| Error::Corrupt(format!("{microseconds} is not a moment that was ever written")))
}

/// A moment to the precision of its column.
pub(crate) fn to_microsecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(moment.as_microsecond()).unwrap_or(moment)
}

/// Columns, one after the other.
struct Columns<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r> Columns<'r, '_> {
    fn index(&mut self) -> usize {
        let index = self.next;
        self.next += 1;
        index
    }

    fn skip(&mut self) {
        self.next += 1;
    }

    fn take<T: rusqlite::types::FromSql>(&mut self) -> Result<T> {
        let index = self.index();
        Ok(self.row.get(index)?)
    }

    fn number(&mut self) -> Result<i64> {
        self.take()
    }

    fn small<T: TryFrom<i64>>(&mut self, id: RequestId) -> Result<T> {
        let number = self.number()?;
        T::try_from(number).map_err(|_| Error::Corrupt(format!("request {id} has the number {number} out of place")))
    }

    fn text(&mut self) -> Result<String> {
        Ok(self.text_ref()?.to_owned())
    }

    fn text_or_none(&mut self) -> Result<Option<String>> {
        self.take()
    }

    fn text_ref(&mut self) -> Result<&'r str> {
        let index = self.index();
        Ok(self.row.get_ref(index)?.as_str().map_err(rusqlite::Error::from)?)
    }

    fn octets(&mut self) -> Result<Option<&'r [u8]>> {
        let index = self.index();
        Ok(self.row.get_ref(index)?.as_blob_or_null().map_err(rusqlite::Error::from)?)
    }

    fn moment(&mut self, id: RequestId) -> Result<Option<Timestamp>> {
        let microseconds: Option<i64> = self.take()?;
        microseconds.map(moment).transpose().map_err(|error| Error::Corrupt(format!("request {id}: {error}")))
    }
}

/// A subject as a JSON object that keeps order and repeated names.
struct SubjectRef<'s>(&'s [(NameComponent, String)]);

impl Serialize for SubjectRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(part, value)| (part.as_str(), value)))
    }
}

struct Subject(Vec<(NameComponent, String)>);

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;

        impl<'de> Visitor<'de> for Parts {
            type Value = Subject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of subject parts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Subject, A::Error> {
                let mut parts = Vec::new();
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    let part = component(&name).ok_or_else(|| serde::de::Error::custom("no such subject part"))?;
                    parts.push((part, map.next_value()?));
                }
                Ok(Subject(parts))
            }
        }

        deserializer.deserialize_map(Parts)
    }
}

/// The usual parts first: most subjects have no other.
fn component(name: &str) -> Option<NameComponent> {
    let usual = NameComponent::DEFAULT_ORDER.into_iter().find(|part| part.as_str() == name);
    usual.or_else(|| NameComponent::from_alias(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_subject_keeps_its_order_and_repeated_parts() {
        let subject = vec![
            (NameComponent::OrgUnit, "b".to_owned()),
            (NameComponent::CommonName, "quote \" and ü".into()),
            (NameComponent::OrgUnit, "a".into()),
        ];
        let text = serde_json::to_string(&SubjectRef(&subject)).unwrap();
        assert_eq!(text, r#"{"OrgUnit":"b","CommonName":"quote \" and ü","OrgUnit":"a"}"#);
        assert_eq!(serde_json::from_str::<Subject>(&text).unwrap().0, subject);
        assert!(serde_json::from_str::<Subject>(r#"{"Shoe size":"44"}"#).is_err());
    }
}
