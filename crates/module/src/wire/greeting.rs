//! `initialize`: what the server says of itself, and what the module answers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::row::{Row, unfit};
use super::{PROTOCOL_MAX, PROTOCOL_MIN};
use crate::{ExitEvents, ModuleError, Role};

/// The longest description, or text about the module, that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// As many texts about the module are kept.
const ABOUT_MAX: usize = 32;

/// The parameters of `initialize`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Initialize {
    /// The versions of the protocol that the server speaks.
    pub protocol: Versions,
    /// What the module is to be.
    pub role: Role,
    /// The name the operator gave it.
    pub module: String,
    /// Common name of the certification authority.
    pub ca: String,
    /// The operator's settings for the module, without their prefix `setting.`.
    pub settings: BTreeMap<String, String>,
    /// Who is speaking.
    pub server: Server,
    /// What the module may count on.
    pub limits: Limits,
    /// Always 0: the certification authority.
    pub context: u64,
    /// Properties of the certification authority.
    pub properties: Row,
}

/// A range of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// The oldest.
    pub min: u32,
    /// The newest.
    pub max: u32,
}

impl Versions {
    /// Those this crate speaks.
    pub const SPOKEN: Self = Self { min: PROTOCOL_MIN, max: PROTOCOL_MAX };

    /// The newest that both sides speak.
    pub fn agreed(self, other: Self) -> Option<u32> {
        let newest = self.max.min(other.max);
        (newest >= self.min.max(other.min)).then_some(newest)
    }
}

/// The server: for logs, not for decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Limits of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// The longest message, in bytes, with its line feed.
    pub message_bytes_max: u64,
    /// Milliseconds that one call may take.
    pub timeout_ms: u64,
    /// Calls open at once.
    pub window: u64,
    /// The most events of one `notify_batch`; 0 where the server does not know it.
    pub batch_max: u64,
}

/// What the module answers to `initialize`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The version that is spoken from here on.
    pub protocol: u32,
    /// The events an exit module wants; empty for a policy module.
    pub events: ExitEvents,
    /// A line for operators.
    pub description: Option<String>,
    /// What the module says of itself under names of its own.
    pub about: Vec<(String, String)>,
    /// The most events that the module wants in one call; 1 where it does not take batches.
    pub batch: u32,
}

impl Initialize {
    /// Reads the parameters; `ERROR_INVALID_DATA` where they do not fit.
    pub fn from_json(params: &Json) -> Result<Self, ModuleError> {
        let wrong = |name: &str| unfit(format!("`initialize`: `{name}` is missing or not of its type"));
        let text = |of: &Json, name: &str| of.get(name).and_then(Json::as_str).map(str::to_owned);
        let required = |name: &str| text(params, name).ok_or_else(|| wrong(name));
        let versions = params.get("protocol").ok_or_else(|| wrong("protocol"))?;
        let version = |name: &str| versions.get(name).and_then(Json::as_u64).and_then(|n| u32::try_from(n).ok());
        let role = match params.get("role").and_then(Json::as_str) {
            Some("exit") => Role::Exit,
            Some("policy") => Role::Policy,
            _ => return Err(wrong("role")),
        };
        let settings = match params.get("settings") {
            None => BTreeMap::new(),
            Some(json) => {
                let pairs = json.as_object().ok_or_else(|| wrong("settings"))?.iter();
                let pairs = pairs.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
                pairs.collect::<Option<_>>().ok_or_else(|| wrong("settings"))?
            }
        };
        let server = params.get("server").unwrap_or(&Json::Null);
        let limits = params.get("limits").unwrap_or(&Json::Null);
        let limit = |name: &str, absent: u64| limits.get(name).and_then(Json::as_u64).unwrap_or(absent);
        Ok(Self {
            protocol: Versions {
                min: version("min").ok_or_else(|| wrong("protocol"))?,
                max: version("max").ok_or_else(|| wrong("protocol"))?,
            },
            role,
            module: required("module")?,
            ca: required("ca")?,
            settings,
            server: Server {
                name: text(server, "name").unwrap_or_default(),
                version: text(server, "version").unwrap_or_default(),
            },
            limits: Limits {
                message_bytes_max: limit("message_bytes_max", u64::MAX),
                timeout_ms: limit("timeout_ms", u64::MAX),
                window: limit("window", 1),
                batch_max: limit("batch_max", 0),
            },
            context: 0,
            properties: Row::of_certificate(params.get("properties"))?,
        })
    }
}

impl Greeting {
    /// The result as the module writes it.
    pub fn to_json(&self) -> Json {
        let mut result = json!({"protocol": self.protocol, "events": self.events.bits()});
        if let Some(members) = result.as_object_mut() {
            if let Some(description) = &self.description {
                members.insert("description".to_owned(), description.as_str().into());
            }
            if !self.about.is_empty() {
                let about: Map<_, _> =
                    self.about.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
                members.insert("about".to_owned(), about.into());
            }
            if self.batch > 1 {
                members.insert("batch".to_owned(), self.batch.into());
            }
        }
        result
    }

    /// Reads the result of a module of this role; `ERROR_INVALID_DATA` where it does not fit.
    pub fn read(answer: &Json, role: Role) -> Result<Self, ModuleError> {
        let wrong = |what: String| unfit(format!("`initialize`: {what}"));
        let said = answer.get("protocol").unwrap_or(&Json::Null);
        let protocol = said.as_u64().and_then(|version| u32::try_from(version).ok());
        let protocol = protocol.filter(|version| (PROTOCOL_MIN..=PROTOCOL_MAX).contains(version)).ok_or_else(|| {
            wrong(format!("the module speaks protocol {said}, the server {PROTOCOL_MIN} to {PROTOCOL_MAX}"))
        })?;
        let description = answer.get("description").and_then(Json::as_str).map(cut);
        let about = answer.get("about").and_then(Json::as_object).into_iter().flatten();
        let about = about.filter_map(|(name, text)| Some((cut(name), cut(text.as_str()?))));
        let about = about.take(ABOUT_MAX).collect::<BTreeMap<_, _>>().into_iter().collect();
        let events = match (role, answer.get("events")) {
            (Role::Policy, _) => ExitEvents::empty(),
            (Role::Exit, Some(json)) => events(json).map_err(|error| wrong(error.message))?,
            (Role::Exit, None) => return Err(wrong("the module names no `events`".to_owned())),
        };
        let batch = match answer.get("batch") {
            None | Some(Json::Null) => 1,
            Some(json) => json
                .as_u64()
                .filter(|batch| *batch >= 1)
                .map(|batch| u32::try_from(batch).unwrap_or(u32::MAX))
                .ok_or_else(|| wrong(format!("`batch` is {json}, not a whole number from 1")))?,
        };
        Ok(Self { protocol, events, description, about, batch })
    }
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default().to_owned()
}

/// A mask as modules write it: a number, one word, or a list of words. `E_INVALIDARG` for anything else.
pub fn events(json: &Json) -> Result<ExitEvents, ModuleError> {
    let unfit = || ModuleError::invalid(format!("{json} is not a mask of events"));
    match json {
        Json::Number(number) => {
            let number = number.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(unfit)?;
            Ok(ExitEvents::from_mask(number))
        }
        Json::String(word) => ExitEvents::parse(&[word]),
        Json::Array(words) => {
            let words = words.iter().map(Json::as_str).collect::<Option<Vec<_>>>().ok_or_else(unfit)?;
            ExitEvents::parse(&words)
        }
        _ => Err(unfit()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Value;

    #[test]
    fn a_greeting_is_read_with_what_it_leaves_out() {
        let greeting = Greeting::read(&json!({"protocol": 1, "events": ["cert-issued", "0x20"], "x": 1}), Role::Exit);
        assert_eq!(greeting.unwrap().events, ExitEvents::CERT_ISSUED | ExitEvents::CRL_ISSUED);
        let greeting = Greeting::read(&json!({"protocol": 1, "events": 0x3ff}), Role::Exit).unwrap();
        assert_eq!((greeting.events, &greeting.description, greeting.batch), (ExitEvents::all(), &None, 1));
        assert!(Greeting::read(&json!({"protocol": 1}), Role::Policy).is_ok());
        let about = vec![("Product Version".to_owned(), "1.2".to_owned())];
        let described = Greeting { description: Some("an archive".into()), about, batch: 50, ..greeting };
        assert_eq!(Greeting::read(&described.to_json(), Role::Exit), Ok(described));
        for answer in [
            json!({"events": 1}),
            json!({"protocol": 2, "events": 1}),
            json!({"protocol": "1", "events": 1}),
            json!({"protocol": 1}),
            json!({"protocol": 1, "events": -1}),
            json!({"protocol": 1, "events": ["issued?"]}),
            json!({"protocol": 1, "events": [1]}),
            json!({"protocol": 1, "events": 1, "batch": 0}),
            json!({"protocol": 1, "events": 1, "batch": "10"}),
            json!(null),
            json!([]),
        ] {
            assert!(Greeting::read(&answer, Role::Exit).is_err(), "{answer}");
        }
    }

    #[test]
    fn the_question_comes_back_as_it_went() {
        let mut properties = Row::default();
        properties.push("CAType", Value::Long(3));
        let question = Initialize {
            protocol: Versions::SPOKEN,
            role: Role::Policy,
            module: "gate".into(),
            ca: "Example CA".into(),
            settings: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            server: Server { name: "exeunt".into(), version: "1".into() },
            limits: Limits { message_bytes_max: 1024, timeout_ms: 5, window: 2, batch_max: 10 },
            context: 0,
            properties,
        };
        assert_eq!(Initialize::from_json(&serde_json::to_value(&question).unwrap()), Ok(question));
        let least = json!({"protocol": {"min": 1, "max": 3}, "role": "exit", "module": "m", "ca": "c"});
        let least = Initialize::from_json(&least).unwrap();
        assert_eq!((least.limits.window, least.limits.batch_max), (1, 0));
        assert_eq!(least.protocol.agreed(Versions::SPOKEN), Some(1));
        assert_eq!(Versions { min: 2, max: 3 }.agreed(Versions::SPOKEN), None);
        for wrong in [json!({}), json!({"protocol": {"min": 1, "max": 1}, "role": "spy", "module": "m", "ca": "c"})] {
            assert!(Initialize::from_json(&wrong).is_err(), "{wrong}");
        }
    }
}
