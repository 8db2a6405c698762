//! The server's side of call-backs: a module's `server.*` call, carried out through the view of its call.

use module::property::{self, Scope};
use module::{CertificateExtension, ExtensionFlags, HResult, ModuleError, PropertyType, ServerExit, ServerPolicy};
use serde_json::{Value as Json, json};

use module::wire::CallError;
use module::wire::body::Extension;
use module::wire::value;

/// The methods a module may call, `log` aside.
pub(super) const METHODS: [&str; 8] = [
    "server.request_property",
    "server.certificate_property",
    "server.request_attribute",
    "server.certificate_extension",
    "server.extensions",
    "server.attributes",
    "server.set_certificate_property",
    "server.set_certificate_extension",
];

/// What a call may read, and write.
pub(super) enum View<'a> {
    /// Nothing: `describe` and `ping`.
    None,
    /// The call of an exit module, or `initialize`.
    Exit(&'a dyn ServerExit),
    /// The call of a policy module.
    Policy(&'a mut dyn ServerPolicy),
}

impl View<'_> {
    /// The reading half.
    pub(super) fn reader(&self) -> Result<&dyn ServerExit, ModuleError> {
        match self {
            Self::None => Err(ModuleError::new(HResult::ERROR_INVALID_HANDLE, "the call has no context")),
            Self::Exit(server) => Ok(*server),
            Self::Policy(server) => Ok(&**server),
        }
    }

    fn writer(&mut self) -> Result<&mut dyn ServerPolicy, ModuleError> {
        match self {
            Self::Policy(server) => Ok(&mut **server),
            Self::None | Self::Exit(_) => Err(ModuleError::new(
                HResult::E_ACCESSDENIED,
                "only a policy module writes, while it verifies a request",
            )),
        }
    }
}

/// Carries one call-back out. With `authority_only` (context 0) the request cannot be reached.
pub(super) fn serve(view: &mut View<'_>, authority_only: bool, method: &str, params: &Json) -> Result<Json, CallError> {
    if authority_only && !reads_authority(method, params) {
        let text = "context 0 reads the certification authority only";
        return Err(ModuleError::new(HResult::CERTSRV_E_PROPERTY_EMPTY, text).into());
    }
    match method {
        "server.request_property" => {
            let name = text(params, "name")?;
            let kind = property_type(params)?.or(property::request_property(name).map(|property| property.kind));
            let value = view.reader()?.request_property(name, kind.unwrap_or(PropertyType::String))?;
            Ok(json!({"value": value::to_json(&value)}))
        }
        "server.certificate_property" => {
            let name = text(params, "name")?;
            let kind = property_type(params)?.or_else(|| certificate_kind(name));
            let value = view.reader()?.certificate_property(name, kind.unwrap_or(PropertyType::String))?;
            Ok(json!({"value": value::to_json(&value)}))
        }
        "server.request_attribute" => Ok(json!({"value": view.reader()?.request_attribute(text(params, "name")?)?})),
        "server.certificate_extension" => {
            let extension = view.reader()?.certificate_extension(text(params, "oid")?)?;
            let kind = property_type(params)?;
            let typed = kind.map(|kind| property::decode_extension(&extension, kind)).transpose()?;
            let mut answer = serde_json::to_value(Extension(extension))
                .map_err(|error| ModuleError::new(HResult::E_UNEXPECTED, error.to_string()))?;
            if let (Some(typed), Some(members)) = (typed, answer.as_object_mut()) {
                members.insert("value".to_owned(), value::to_json(&typed));
            }
            Ok(answer)
        }
        "server.extensions" => Ok(json!({"oids": view.reader()?.extensions()?})),
        "server.attributes" => Ok(json!({"names": view.reader()?.attributes()?})),
        "server.set_certificate_property" => {
            let value = params.get("value").ok_or_else(|| missing("value"))?;
            set_property(view.writer()?, text(params, "name")?, value)?;
            Ok(json!({}))
        }
        "server.set_certificate_extension" => {
            set_extension(view.writer()?, params)?;
            Ok(json!({}))
        }
        other => Err(CallError::UnknownMethod(other.to_owned())),
    }
}

/// Sets a property from JSON; `null` deletes it.
pub(super) fn set_property(server: &mut dyn ServerPolicy, name: &str, json: &Json) -> Result<(), ModuleError> {
    if json.is_null() {
        return server.set_certificate_property(name, None);
    }
    let kind = certificate_kind(name)
        .ok_or_else(|| ModuleError::invalid(format!("there is no certificate property `{name}`")))?;
    let value = value::from_json(json, kind)
        .map_err(|error| ModuleError::new(error.code, format!("{name}: {}", error.message)))?;
    server.set_certificate_property(name, Some(value))
}

/// Sets or deletes an extension from JSON: `oid`, `value`, `type`, and flags in words or as a number.
pub(super) fn set_extension(server: &mut dyn ServerPolicy, json: &Json) -> Result<(), CallError> {
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
            let kind = property_type(json)?.unwrap_or(PropertyType::Binary);
            property::encode_extension(&value::from_json(json_value, kind)?)?
        }
    };
    server.set_certificate_extension(CertificateExtension { oid: oid.to_owned(), flags, value })?;
    Ok(())
}

fn reads_authority(method: &str, params: &Json) -> bool {
    let name = params.get("name").and_then(Json::as_str).unwrap_or_default();
    method == "server.certificate_property"
        && property::certificate_property(name)
            .is_some_and(|(property, _)| matches!(property.scope, Scope::Ca | Scope::CaIndexed))
}

/// The type of what `GetCertificateProperty` reads by this name, which may be one of the request.
fn certificate_kind(name: &str) -> Option<PropertyType> {
    property::certificate_property(name)
        .map(|(property, _)| property.kind)
        .or_else(|| property::request_property(name).map(|property| property.kind))
}

fn text<'a>(params: &'a Json, name: &str) -> Result<&'a str, CallError> {
    params.get(name).and_then(Json::as_str).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> CallError {
    CallError::BadParameters(format!("`{name}` is missing or not of its type"))
}

/// The optional `type`: a word, or the contract's number.
fn property_type(params: &Json) -> Result<Option<PropertyType>, CallError> {
    let unknown = |json: &Json| CallError::BadParameters(format!("{json} is not a property type"));
    match params.get("type") {
        None | Some(Json::Null) => Ok(None),
        Some(json) => match (json.as_str(), json.as_u64()) {
            (Some("long"), _) => Ok(Some(PropertyType::Long)),
            (Some("date"), _) => Ok(Some(PropertyType::Date)),
            (Some("binary"), _) => Ok(Some(PropertyType::Binary)),
            (Some("string"), _) => Ok(Some(PropertyType::String)),
            (None, Some(number)) => {
                let number = u32::try_from(number).map_err(|_| unknown(json))?;
                Ok(Some(PropertyType::from_number(number)?))
            }
            _ => Err(unknown(json)),
        },
    }
}
