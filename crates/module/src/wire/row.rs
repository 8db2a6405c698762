//! Properties, attributes and extensions as messages carry them.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::value::{self, Bytes, OnWire};
use crate::property::{self, attribute_key};
use crate::{CertificateExtension, ExtensionFlags, HResult, ModuleError, PropertyType, Value};

/// Properties, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(Vec<(Cow<'static, str>, Value)>);

impl Row {
    /// A row with room for this many.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Adds a property.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        self.0.push((name.into(), value));
    }

    /// Every property, in its order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The property with this very name, as [`property::PROPERTIES`] spells it, but for case.
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The `request` member of a message.
    pub fn of_request(json: Option<&Json>) -> Result<Self, ModuleError> {
        Self::read(json, request_kind)
    }

    /// The `certificate`, `ca` or `properties` member of a message.
    pub fn of_certificate(json: Option<&Json>) -> Result<Self, ModuleError> {
        Self::read(json, certificate_kind)
    }

    /// A property that this version does not know is read by the form of its value.
    fn read(json: Option<&Json>, kind: fn(&str) -> Option<PropertyType>) -> Result<Self, ModuleError> {
        let Some(json) = json else { return Ok(Self::default()) };
        let members = json.as_object().ok_or_else(|| unfit("properties are not an object"))?;
        let mut row = Self::with_capacity(members.len());
        for (name, json) in members {
            let Some(kind) = kind(name).or_else(|| value::kind_of(json)) else { continue };
            let value = value::from_json(json, kind).map_err(|error| unfit(format!("{name}: {}", error.message)))?;
            row.push(name.clone(), value);
        }
        Ok(row)
    }
}

/// The type of what `GetRequestProperty` reads by this name.
pub fn request_kind(name: &str) -> Option<PropertyType> {
    property::request_property(name).map(|property| property.kind)
}

/// The type of what `GetCertificateProperty` reads by this name, which may be one of the request.
pub fn certificate_kind(name: &str) -> Option<PropertyType> {
    property::certificate_property(name).map(|(property, _)| property.kind).or_else(|| request_kind(name))
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, OnWire(value))))
    }
}

/// An extension with its value as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension(pub CertificateExtension);

impl Extension {
    /// An extension as the server writes it; `value` must be binary.
    pub fn from_json(json: &Json) -> Result<Self, ModuleError> {
        let oid = json.get("oid").and_then(Json::as_str).ok_or_else(|| unfit("an extension has no `oid`"))?;
        let flags = json.get("flags").and_then(Json::as_u64).and_then(|flags| u32::try_from(flags).ok());
        let flags = flags.ok_or_else(|| unfit(format!("the extension {oid} has no `flags` of 32 bits")))?;
        let base64 = json.get("value").and_then(|value| value.get("base64")).and_then(Json::as_str);
        let value = base64.and_then(|text| Base64::decode_vec(text).ok());
        let value = value.ok_or_else(|| unfit(format!("the extension {oid} has no binary `value`")))?;
        let flags = ExtensionFlags::from_bits_retain(flags);
        Ok(Self(CertificateExtension { oid: oid.to_owned(), flags, value }))
    }
}

impl Serialize for Extension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let extension = &self.0;
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("oid", &extension.oid)?;
        map.serialize_entry("flags", &extension.flags.bits())?;
        map.serialize_entry("critical", &extension.flags.contains(ExtensionFlags::CRITICAL))?;
        map.serialize_entry("enabled", &extension.flags.is_enabled())?;
        map.serialize_entry("origin", extension.flags.origin_name())?;
        map.serialize_entry("value", &Bytes(&extension.value))?;
        map.end()
    }
}

/// Attribute names and values, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// Adds an attribute.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Every attribute, in its order where the message was written here; read from JSON, in that of its parser.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The attribute with this name, compared without case, spaces and hyphens.
    pub fn find(&self, name: &str) -> Option<&str> {
        let key = attribute_key(name);
        self.iter().find(|(known, _)| attribute_key(known) == key).map(|(_, value)| value)
    }

    /// The `attributes` member of a message.
    pub fn from_json(json: Option<&Json>) -> Result<Self, ModuleError> {
        let Some(json) = json else { return Ok(Self::default()) };
        let members = json.as_object().ok_or_else(|| unfit("`attributes` is not an object"))?;
        let pair = |(name, value): (&String, &Json)| value.as_str().map(|value| (name.clone(), value.to_owned()));
        let pairs = members.iter().map(pair).collect::<Option<_>>();
        pairs.map(Self).ok_or_else(|| unfit("an attribute is not a text"))
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

pub(super) fn unfit(what: impl Into<String>) -> ModuleError {
    ModuleError::new(HResult::ERROR_INVALID_DATA, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_read_by_the_types_of_their_properties() {
        let json = json!({"RequestID": 7, "SubmittedWhen": "2026-01-02T03:04:05Z", "RequesterName": "unix:alice",
                          "Novelty": {"base64": "AA=="}, "List": [1]});
        let row = Row::of_request(Some(&json)).unwrap();
        assert_eq!(row.find("requestid"), Some(&Value::Long(7)));
        assert_eq!(row.find("SubmittedWhen").unwrap().kind(), PropertyType::Date);
        assert_eq!(row.find("Novelty"), Some(&Value::Binary(vec![0])));
        assert_eq!((row.find("List"), row.len()), (None, 4));
        assert_eq!(serde_json::to_value(&row).unwrap()["SubmittedWhen"], json["SubmittedWhen"]);
        let wrong = Row::of_request(Some(&json!({"RequestID": "seven"}))).unwrap_err();
        assert!(wrong.code == HResult::ERROR_INVALID_DATA && wrong.message.contains("RequestID"), "{wrong}");
        assert!(Row::of_certificate(Some(&json!([]))).is_err() && Row::of_certificate(None).unwrap().is_empty());
    }

    #[test]
    fn extensions_and_attributes_come_back_as_they_went() {
        let extension = Extension(CertificateExtension {
            oid: "2.5.29.15".into(),
            flags: ExtensionFlags::CRITICAL.with_origin(ExtensionFlags::ORIGIN_POLICY),
            value: vec![3, 2, 5, 160],
        });
        assert_eq!(Extension::from_json(&serde_json::to_value(&extension).unwrap()), Ok(extension));
        for json in [json!({}), json!({"oid": "1.2", "flags": -1}), json!({"oid": "1.2", "flags": 0, "value": "AA=="})]
        {
            assert!(Extension::from_json(&json).is_err(), "{json}");
        }
        let attributes = Attributes::from_json(Some(&json!({"Cert-File": "yes"}))).unwrap();
        assert_eq!((attributes.find("certfile"), attributes.find("other")), (Some("yes"), None));
        assert!(Attributes::from_json(Some(&json!({"a": 1}))).is_err());
    }
}
