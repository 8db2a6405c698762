//! Property values in JSON: a `long` is a number, a `date` an RFC 3339 text in UTC, a `string` a text, and a `binary`
//! `{"base64": "…"}`.

use crate::{ModuleError, PropertyType, Value};
use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// A value on its way out.
#[derive(Clone, Copy, Debug)]
pub struct OnWire<'a>(pub &'a Value);

/// Bytes on their way out.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Serialize for OnWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Long(number) => serializer.serialize_i32(*number),
            Value::Date(moment) => serializer.collect_str(moment),
            Value::String(text) => serializer.serialize_str(text),
            Value::Binary(bytes) => Bytes(bytes).serialize(serializer),
        }
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("base64", &Base64::encode_string(self.0))?;
        map.end()
    }
}

/// The value as JSON.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Long(number) => Json::from(*number),
        Value::Date(moment) => Json::from(moment.to_string()),
        Value::String(text) => Json::from(text.as_str()),
        Value::Binary(bytes) => serde_json::json!({"base64": Base64::encode_string(bytes)}),
    }
}

/// The type whose form this is: a text may also be a date. None for what is no value.
pub fn kind_of(json: &Json) -> Option<PropertyType> {
    match json {
        Json::Number(_) => Some(PropertyType::Long),
        Json::String(_) => Some(PropertyType::String),
        Json::Object(members) if members.contains_key("base64") => Some(PropertyType::Binary),
        _ => None,
    }
}

/// The type with this name (`long`) or number of the contract; `null` and what is absent is none.
pub fn kind_named(json: Option<&Json>) -> Result<Option<PropertyType>, ModuleError> {
    const KINDS: [PropertyType; 4] =
        [PropertyType::Long, PropertyType::Date, PropertyType::Binary, PropertyType::String];
    let json = match json {
        None | Some(Json::Null) => return Ok(None),
        Some(json) => json,
    };
    let unknown = || ModuleError::invalid(format!("{json} is not a property type"));
    match (json.as_str(), json.as_u64()) {
        (Some(name), _) => KINDS.into_iter().find(|kind| kind.name() == name).map(Some).ok_or_else(unknown),
        (None, Some(number)) => PropertyType::from_number(u32::try_from(number).map_err(|_| unknown())?).map(Some),
        (None, None) => Err(unknown()),
    }
}

/// A value of this type from JSON; another JSON type is `E_INVALIDARG`.
pub fn from_json(json: &Json, kind: PropertyType) -> Result<Value, ModuleError> {
    let wrong = || ModuleError::invalid(format!("the value is not a {kind}"));
    match kind {
        PropertyType::Long => Value::long(json.as_i64().ok_or_else(wrong)?),
        PropertyType::Date => {
            let text = json.as_str().ok_or_else(wrong)?;
            let moment: Timestamp =
                text.parse().map_err(|error| ModuleError::invalid(format!("`{text}` is not a date: {error}")))?;
            Ok(Value::Date(moment))
        }
        PropertyType::String => json.as_str().map(Value::from).ok_or_else(wrong),
        PropertyType::Binary => {
            let text = json.get("base64").and_then(Json::as_str).ok_or_else(wrong)?;
            let bytes = Base64::decode_vec(text)
                .map_err(|_| ModuleError::invalid("the value is not base64 with padding (RFC 4648 section 4)"))?;
            Ok(Value::Binary(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::HResult;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_has_one_form() {
        let moment: Timestamp = "2025-06-01T12:00:00.5Z".parse().unwrap();
        for (value, json) in [
            (Value::Long(-1), json!(-1)),
            (Value::Date(moment), json!("2025-06-01T12:00:00.5Z")),
            (Value::from("Ünï\n"), json!("Ünï\n")),
            (Value::Binary(vec![0, 255, 16]), json!({"base64": "AP8Q"})),
            (Value::Binary(Vec::new()), json!({"base64": ""})),
        ] {
            assert_eq!(to_json(&value), json);
            assert_eq!(serde_json::to_value(OnWire(&value)).unwrap(), json);
            assert_eq!(from_json(&json, value.kind()).unwrap(), value);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for (json, kind) in [
            (json!("1"), PropertyType::Long),
            (json!(1.5), PropertyType::Long),
            (json!(20250601), PropertyType::Date),
            (json!("yesterday"), PropertyType::Date),
            (json!({"base64": "AP8"}), PropertyType::Binary),
            (json!({"base64": 1}), PropertyType::Binary),
            (json!("AP8Q"), PropertyType::Binary),
            (json!(null), PropertyType::String),
        ] {
            assert_eq!(from_json(&json, kind).unwrap_err().code, HResult::E_INVALIDARG, "{json} {kind}");
        }
        let wide = from_json(&json!(1_i64 << 31), PropertyType::Long).unwrap_err();
        assert_eq!(wide.code, HResult::ERROR_ARITHMETIC_OVERFLOW);
    }
}
