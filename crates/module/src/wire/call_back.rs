//! Call-backs: what a module asks of the server while it handles a call.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::row::{Extension, certificate_kind, unfit};
use super::{CallError, value};
use crate::property;
use crate::{CertificateExtension, ExtensionFlags, ModuleError, PropertyType, Value};

/// A `server.*` call, without the context it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallBack {
    /// `server.request_property`: by name; the property's own type where none is asked for.
    RequestProperty(String, Option<PropertyType>),
    /// `server.certificate_property`: by name; the property's own type where none is asked for.
    CertificateProperty(String, Option<PropertyType>),
    /// `server.request_attribute`: by name.
    RequestAttribute(String),
    /// `server.certificate_extension`: by object identifier; decoded where a type is asked for.
    CertificateExtension(String, Option<PropertyType>),
    /// `server.extensions`.
    Extensions,
    /// `server.attributes`.
    Attributes,
    /// `server.set_certificate_property`: none deletes.
    SetCertificateProperty(String, Option<Value>),
    /// `server.set_certificate_extension`.
    SetCertificateExtension(CertificateExtension),
}

impl CallBack {
    /// The names of the methods.
    pub const METHODS: [&str; 8] = [
        "server.request_property",
        "server.certificate_property",
        "server.request_attribute",
        "server.certificate_extension",
        "server.extensions",
        "server.attributes",
        "server.set_certificate_property",
        "server.set_certificate_extension",
    ];

    /// The method's name.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::RequestProperty(..) => "server.request_property",
            Self::CertificateProperty(..) => "server.certificate_property",
            Self::RequestAttribute(_) => "server.request_attribute",
            Self::CertificateExtension(..) => "server.certificate_extension",
            Self::Extensions => "server.extensions",
            Self::Attributes => "server.attributes",
            Self::SetCertificateProperty(..) => "server.set_certificate_property",
            Self::SetCertificateExtension(_) => "server.set_certificate_extension",
        }
    }

    /// The parameters, as the module writes them.
    pub fn params(&self, context: u64) -> Json {
        let mut params = Map::new();
        params.insert("context".to_owned(), context.into());
        let mut set = |name: &str, value: Json| params.insert(name.to_owned(), value);
        match self {
            Self::RequestProperty(name, kind) | Self::CertificateProperty(name, kind) => {
                set("name", name.as_str().into());
                if let Some(kind) = kind {
                    set("type", kind.name().into());
                }
            }
            Self::RequestAttribute(name) => {
                set("name", name.as_str().into());
            }
            Self::CertificateExtension(oid, kind) => {
                set("oid", oid.as_str().into());
                if let Some(kind) = kind {
                    set("type", kind.name().into());
                }
            }
            Self::Extensions | Self::Attributes => {}
            Self::SetCertificateProperty(name, value) => {
                set("name", name.as_str().into());
                set("value", value.as_ref().map_or(Json::Null, value::to_json));
            }
            Self::SetCertificateExtension(extension) => params.extend(extension_members(extension)),
        }
        params.into()
    }

    /// Reads a call of the module. What is wrong with it is an error of the call, not of the conversation.
    pub fn parse(method: &str, params: &Json) -> Result<Self, CallError> {
        let kind = || wanted_kind(params);
        match method {
            "server.request_property" => Ok(Self::RequestProperty(text(params, "name")?, kind()?)),
            "server.certificate_property" => Ok(Self::CertificateProperty(text(params, "name")?, kind()?)),
            "server.request_attribute" => Ok(Self::RequestAttribute(text(params, "name")?)),
            "server.certificate_extension" => Ok(Self::CertificateExtension(text(params, "oid")?, kind()?)),
            "server.extensions" => Ok(Self::Extensions),
            "server.attributes" => Ok(Self::Attributes),
            "server.set_certificate_property" => {
                let name = text(params, "name")?;
                let value = amended_property(&name, params.get("value").ok_or_else(|| missing("value"))?)?;
                Ok(Self::SetCertificateProperty(name, value))
            }
            "server.set_certificate_extension" => Ok(Self::SetCertificateExtension(amended_extension(params)?)),
            other => Err(CallError::UnknownMethod(other.to_owned())),
        }
    }

    /// The result of a call that gives a value, as the server writes it.
    pub fn value_result(value: &Value) -> Json {
        json!({"value": value::to_json(value)})
    }

    /// The value that `server.request_property` or `server.certificate_property` gives, of the type asked for.
    pub fn read_value(result: &Json, kind: PropertyType) -> Result<Value, ModuleError> {
        value::from_json(result.get("value").unwrap_or(&Json::Null), kind)
            .map_err(|error| unfit(format!("the server's answer: {}", error.message)))
    }

    /// The text that `server.request_attribute` gives.
    pub fn read_text(result: &Json) -> Result<String, ModuleError> {
        let text = result.get("value").and_then(Json::as_str).map(str::to_owned);
        text.ok_or_else(|| unfit("the server's answer has no `value` that is a text"))
    }

    /// The extension that `server.certificate_extension` gives where no type is asked for.
    pub fn read_extension(result: &Json) -> Result<CertificateExtension, ModuleError> {
        Extension::from_json(result).map(|Extension(extension)| extension)
    }

    /// The names that `server.attributes` gives (`names`), or the identifiers of `server.extensions` (`oids`).
    pub fn read_list(result: &Json) -> Result<Vec<String>, ModuleError> {
        let list = result.get("names").or_else(|| result.get("oids")).and_then(Json::as_array);
        let texts = list.and_then(|list| list.iter().map(|one| one.as_str().map(str::to_owned)).collect());
        texts.ok_or_else(|| unfit("the server's answer has no list of texts"))
    }

    /// The result of `server.certificate_extension`, as the server writes it; `typed` is its value where it was decoded.
    pub fn extension_result(extension: CertificateExtension, typed: Option<&Value>) -> Result<Json, ModuleError> {
        #[derive(Serialize)]
        struct Answer {
            #[serde(flatten)]
            extension: Extension,
        }
        let mut answer = serde_json::to_value(Answer { extension: Extension(extension) })
            .map_err(|error| ModuleError::new(crate::HResult::E_UNEXPECTED, error.to_string()))?;
        if let (Some(typed), Some(members)) = (typed, answer.as_object_mut()) {
            members.insert("value".to_owned(), value::to_json(typed));
        }
        Ok(answer)
    }
}

/// The value that a certificate property is set to; `null` deletes it.
pub(super) fn amended_property(name: &str, json: &Json) -> Result<Option<Value>, ModuleError> {
    if json.is_null() {
        return Ok(None);
    }
    let kind = certificate_kind(name).ok_or_else(|| {
        ModuleError::invalid(format!("there is no certificate property `{name}`{}", property::question(name)))
    })?;
    let value = value::from_json(json, kind);
    value.map(Some).map_err(|error| ModuleError::new(error.code, format!("{name}: {}", error.message)))
}

/// The extension to set: `oid`, `value`, `type`, and flags in words or as a number.
pub(super) fn amended_extension(json: &Json) -> Result<CertificateExtension, CallError> {
    let oid = text(json, "oid")?;
    let flag = |name: &str, flag: ExtensionFlags| match json.get(name) {
        None | Some(Json::Bool(false)) => Ok(ExtensionFlags::empty()),
        Some(Json::Bool(true)) => Ok(flag),
        Some(_) => Err(CallError::BadParameters(format!("`{name}` is neither true nor false"))),
    };
    let number = match json.get("flags") {
        None => 0,
        Some(number) => number
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| CallError::BadParameters("`flags` is not a 32-bit number".to_owned()))?,
    };
    let flags = ExtensionFlags::from_bits_retain(number & ExtensionFlags::POLICY_MASK)
        | flag("critical", ExtensionFlags::CRITICAL)?
        | flag("disabled", ExtensionFlags::DISABLE)?
        | flag("delete", ExtensionFlags::DELETE)?;
    let value = match json.get("value") {
        None if flags.contains(ExtensionFlags::DELETE) => Vec::new(),
        None => return Err(missing("value")),
        Some(json_value) => {
            let kind = wanted_kind(json)?.unwrap_or(PropertyType::Binary);
            property::encode_extension(&value::from_json(json_value, kind)?)?
        }
    };
    Ok(CertificateExtension { oid, flags, value })
}

/// The members of an extension to set, as the module writes them.
pub(super) fn extension_members(extension: &CertificateExtension) -> Map<String, Json> {
    let mut members = Map::new();
    members.insert("oid".to_owned(), extension.oid.as_str().into());
    members.insert("flags".to_owned(), (extension.flags.bits() & ExtensionFlags::POLICY_MASK).into());
    if !extension.flags.contains(ExtensionFlags::DELETE) || !extension.value.is_empty() {
        members.insert("value".to_owned(), value::to_json(&Value::Binary(extension.value.clone())));
    }
    members
}

fn text(params: &Json, name: &str) -> Result<String, CallError> {
    params.get(name).and_then(Json::as_str).map(str::to_owned).ok_or_else(|| missing(name))
}

/// The `type` member. A number that names no type is the contract's error, a word the protocol's.
fn wanted_kind(params: &Json) -> Result<Option<PropertyType>, CallError> {
    let json = params.get("type");
    value::kind_named(json).map_err(|error| match json {
        Some(Json::Number(number)) if number.as_u64().is_some_and(|number| u32::try_from(number).is_ok()) => {
            CallError::Contract(error)
        }
        _ => CallError::BadParameters(error.message),
    })
}

fn missing(name: &str) -> CallError {
    CallError::BadParameters(format!("`{name}` is missing or not of its type"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::HResult;

    #[test]
    fn calls_come_back_as_they_went() {
        let extension = |flags| CertificateExtension { oid: "1.2.3".into(), flags, value: Vec::new() };
        let calls = [
            CallBack::RequestProperty("RequestID".into(), Some(PropertyType::Long)),
            CallBack::CertificateProperty("RawCRL.0".into(), None),
            CallBack::RequestAttribute("ünï".into()),
            CallBack::CertificateExtension("2.5.29.15".into(), Some(PropertyType::Binary)),
            CallBack::Extensions,
            CallBack::Attributes,
            CallBack::SetCertificateProperty(
                "NotAfter".into(),
                Some(Value::Date("2026-01-01T00:00:00Z".parse().unwrap())),
            ),
            CallBack::SetCertificateProperty("UPN".into(), None),
            CallBack::SetCertificateExtension(extension(ExtensionFlags::CRITICAL | ExtensionFlags::DISABLE)),
            CallBack::SetCertificateExtension(extension(ExtensionFlags::DELETE)),
        ];
        for call in calls {
            assert!(CallBack::METHODS.contains(&call.method()));
            let params = call.params(4);
            assert_eq!(params["context"], 4);
            assert_eq!(CallBack::parse(call.method(), &params), Ok(call));
        }
    }

    #[test]
    fn what_does_not_fit_fails_the_call() {
        let parse = |method: &str, params| CallBack::parse(method, &params).unwrap_err();
        assert!(matches!(parse("server.format", json!({})), CallError::UnknownMethod(_)));
        assert!(matches!(parse("server.request_property", json!({})), CallError::BadParameters(_)));
        let odd = json!({"name": "x", "type": "number"});
        assert!(matches!(parse("server.request_property", odd), CallError::BadParameters(_)));
        let wrong = parse("server.set_certificate_property", json!({"name": "NotAfter", "value": 3}));
        assert!(matches!(wrong, CallError::Contract(error) if error.code == HResult::E_INVALIDARG));
    }

    #[test]
    fn results_come_back_as_they_went() {
        let value = Value::Binary(vec![1, 2]);
        assert_eq!(CallBack::read_value(&CallBack::value_result(&value), PropertyType::Binary), Ok(value.clone()));
        assert!(CallBack::read_value(&json!({}), PropertyType::Long).is_err());
        let extension = CertificateExtension { oid: "1.2".into(), flags: ExtensionFlags::CRITICAL, value: vec![5, 0] };
        let plain = CallBack::extension_result(extension.clone(), None).unwrap();
        assert_eq!(CallBack::read_extension(&plain), Ok(extension.clone()));
        let typed = CallBack::extension_result(extension, Some(&Value::Long(3))).unwrap();
        assert_eq!((&typed["value"], &typed["critical"]), (&json!(3), &json!(true)));
        assert_eq!(CallBack::read_list(&json!({"oids": ["1.2"]})), Ok(vec!["1.2".to_owned()]));
        assert_eq!(CallBack::read_text(&json!({"value": "x"})), Ok("x".to_owned()));
        assert!(CallBack::read_list(&json!({"names": [1]})).is_err() && CallBack::read_text(&json!({})).is_err());
    }
}
