//! The result of `verify_request`: the decision, and what it sets.

use serde_json::{Map, Value as Json, json};

use super::call_back::{self, amended_extension, amended_property};
use super::row::unfit;
use super::{CallError, value};
use crate::{CertificateExtension, Decision, HResult, ModuleError, ServerPolicy, Value};

/// What a policy module answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What shall become of the request.
    pub decision: Decision,
    /// Certificate properties to set; none deletes.
    pub properties: Vec<(String, Option<Value>)>,
    /// Extensions to set.
    pub extensions: Vec<CertificateExtension>,
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        Self { decision, properties: Vec::new(), extensions: Vec::new() }
    }
}

impl Verdict {
    /// The result as the module writes it.
    pub fn to_json(&self) -> Json {
        let mut result = match &self.decision {
            Decision::Issue => json!({"decision": "issue"}),
            Decision::Pend { message } => json!({"decision": "pend", "message": message}),
            Decision::Deny { code, message } => {
                json!({"decision": "deny", "code": code.to_string(), "message": message})
            }
        };
        if let Some(members) = result.as_object_mut() {
            if !self.properties.is_empty() {
                let value = |value: &Option<Value>| value.as_ref().map_or(Json::Null, value::to_json);
                let set: Map<_, _> = self.properties.iter().map(|(name, set)| (name.clone(), value(set))).collect();
                members.insert("set_properties".to_owned(), set.into());
            }
            if !self.extensions.is_empty() {
                let set = self.extensions.iter().map(|one| Json::Object(call_back::extension_members(one))).collect();
                members.insert("set_extensions".to_owned(), Json::Array(set));
            }
        }
        result
    }

    /// Reads the result. `ERROR_INVALID_DATA` or `E_INVALIDARG` where it does not fit: that is never a decision.
    pub fn read(answer: &Json) -> Result<Self, ModuleError> {
        Ok(Self {
            decision: decision(answer)?,
            properties: properties(answer.get("set_properties"))?,
            extensions: extensions(answer.get("set_extensions"))?,
        })
    }

    /// Carries out what it sets. The first failure is the call's.
    pub fn amend(&self, server: &mut dyn ServerPolicy) -> Result<(), ModuleError> {
        for (name, value) in &self.properties {
            server.set_certificate_property(name, value.clone())?;
        }
        for extension in &self.extensions {
            server.set_certificate_extension(extension.clone())?;
        }
        Ok(())
    }
}

fn decision(answer: &Json) -> Result<Decision, ModuleError> {
    let message = || answer.get("message").and_then(Json::as_str).unwrap_or_default().to_owned();
    let code = match answer.get("code") {
        None | Some(Json::Null) => HResult::S_OK,
        Some(json) => {
            super::hresult(json).ok_or_else(|| unfit(format!("`verify_request`: {json} is not an HRESULT")))?
        }
    };
    match answer.get("decision").and_then(Json::as_str) {
        Some("issue") => Ok(Decision::Issue),
        Some("pend") => Ok(Decision::Pend { message: message() }),
        Some("deny") => Ok(Decision::Deny { code, message: message() }),
        _ => {
            let said = answer.get("decision").unwrap_or(&Json::Null);
            let text = format!("`verify_request`: the decision is {said}, not \"issue\", \"pend\" or \"deny\"");
            Err(unfit(text))
        }
    }
}

fn properties(json: Option<&Json>) -> Result<Vec<(String, Option<Value>)>, ModuleError> {
    match json {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Object(members)) => {
            members.iter().map(|(name, json)| Ok((name.clone(), amended_property(name, json)?))).collect()
        }
        Some(_) => Err(unfit("`verify_request`: `set_properties` is not an object")),
    }
}

fn extensions(json: Option<&Json>) -> Result<Vec<CertificateExtension>, ModuleError> {
    match json {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(list)) => list.iter().map(|one| amended_extension(one).map_err(contract)).collect(),
        Some(_) => Err(unfit("`verify_request`: `set_extensions` is not an array")),
    }
}

fn contract(error: CallError) -> ModuleError {
    match error {
        CallError::Contract(error) => error,
        CallError::BadParameters(why) => unfit(format!("`verify_request`: `set_extensions`: {why}")),
        CallError::UnknownMethod(name) => ModuleError::new(HResult::E_NOTIMPL, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExtensionFlags;

    #[test]
    fn only_a_clear_decision_counts() {
        let decision = |json| Verdict::read(&json).map(|verdict| verdict.decision);
        assert_eq!(decision(json!({"decision": "issue"})), Ok(Decision::Issue));
        assert_eq!(
            decision(json!({"decision": "deny", "code": "0x80094012", "message": "no"})),
            Ok(Decision::deny(HResult::CERTSRV_E_TEMPLATE_DENIED, "no"))
        );
        assert_eq!(decision(json!({"decision": "pend"})), Ok(Decision::Pend { message: String::new() }));
        for answer in [
            json!({}),
            json!(null),
            json!({"decision": "Issue"}),
            json!({"decision": "deny", "code": []}),
            json!({"decision": "issue", "set_properties": []}),
            json!({"decision": "issue", "set_properties": {"NotAfter": 1}}),
            json!({"decision": "issue", "set_properties": {"Nonsense": "x"}}),
            json!({"decision": "issue", "set_extensions": {}}),
            json!({"decision": "issue", "set_extensions": [{"oid": "1.2.3"}]}),
        ] {
            assert!(decision(answer.clone()).is_err(), "{answer}");
        }
    }

    #[test]
    fn a_verdict_comes_back_as_it_went() {
        let verdict = Verdict {
            decision: Decision::deny(HResult::E_ACCESSDENIED, "no"),
            properties: vec![("CommonName".into(), Some("a".into())), ("UPN".into(), None)],
            extensions: vec![
                CertificateExtension { oid: "1.2.3".into(), flags: ExtensionFlags::CRITICAL, value: vec![5, 0] },
                CertificateExtension { oid: "1.2.4".into(), flags: ExtensionFlags::DELETE, value: vec![] },
            ],
        };
        assert_eq!(Verdict::read(&verdict.to_json()), Ok(verdict));
    }
}
