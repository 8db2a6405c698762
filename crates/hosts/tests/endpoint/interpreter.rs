//! The interpreter of the conformance suite as an endpoint that decides: it reads what it is sent, and sets with its answer.

use std::fmt;

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::{Map, Value as Json, json};

use super::{Reaction, Received};

/// What does not stand in the message has no value.
const EMPTY: &str = "error 0x80094004";

/// `verify-request`
#[derive(Deserialize)]
struct Event {
    data: Question,
}

#[derive(Deserialize)]
struct Question {
    new: bool,
    request: Map<String, Json>,
    certificate: Map<String, Json>,
    ca: Map<String, Json>,
    attributes: Attributes,
    extensions: Vec<Json>,
}

/// Attributes in the order of the message, which is the request's.
struct Attributes(Vec<(String, String)>);

/// Answers a ping and a question; an endpoint of this kind is sent nothing else.
pub fn answer(message: &Received) -> Reaction {
    match message.kind().as_str() {
        "org.exeunt.ping" => Reaction::json(&json!({"description": "interpreter"})),
        "org.exeunt.verify-request" => {
            // From the bytes as they came: a JSON value would sort the attributes.
            let event: Event = serde_json::from_slice(&message.body).unwrap();
            decide(&event.data)
        }
        other => panic!("{other} is sent to an endpoint that decides"),
    }
}

fn decide(question: &Question) -> Reaction {
    let Some(commands) = question.attributes.find("Decide") else {
        return Reaction::json(&json!({"decision": "issue"}));
    };
    let (mut results, mut properties, mut extensions) = (Vec::new(), Map::new(), Vec::new());
    for command in commands.split(';') {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let words: Vec<&str> = rest.splitn(3, ' ').collect();
        let message = || results.join(" / ");
        let mut set = |name: &str, value| {
            properties.insert(name.to_owned(), value);
            "ok".to_owned()
        };
        let result = match (verb, &words[..]) {
            ("issue" | "pend" | "deny", _) => {
                let mut body = json!({"decision": verb, "set_properties": properties, "set_extensions": extensions});
                if verb != "issue" {
                    body["message"] = message().into();
                }
                if verb == "deny" {
                    body["code"] = rest.into();
                }
                return Reaction::json(&body);
            }
            ("fail", _) => {
                let body = json!({"hresult": rest, "message": message()}).to_string();
                return Reaction::Answer(500, Vec::new(), body.into_bytes());
            }
            ("new", _) => question.new.to_string(),
            ("set", [name, "long", number]) => set(name, number.parse::<i32>().unwrap().into()),
            ("set", [name, "string" | "date", text]) => set(name, (*text).into()),
            ("unset", [name]) => set(name, Json::Null),
            ("add", [oid, flags, digits]) => {
                let flags: u32 = flags.parse().unwrap();
                let value = Base64::encode_string(&unhex(digits));
                extensions.push(json!({"oid": oid, "flags": flags, "value": {"base64": value}}));
                "ok".to_owned()
            }
            ("remove", [oid]) => {
                extensions.push(json!({"oid": oid, "delete": true}));
                "ok".to_owned()
            }
            _ => read(question, verb, rest).unwrap_or_else(|| EMPTY.to_owned()),
        };
        results.push(result);
    }
    panic!("`{commands}` ends without a decision")
}

fn read(question: &Question, verb: &str, rest: &str) -> Option<String> {
    let name = rest.rsplit_once(' ').map_or(rest, |(name, _)| name);
    let oid = |extension: &Json| extension["oid"].as_str().unwrap().to_owned();
    match verb {
        "request" => question.request.get(name).map(text),
        "certificate" => question.certificate.get(name).or_else(|| question.ca.get(name)).map(text),
        "attribute" => question.attributes.find(rest).map(str::to_owned),
        "attributes" => Some(question.attributes.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",")),
        "extension" => {
            let found = question.extensions.iter().find(|extension| oid(extension) == rest)?;
            Some(format!("{} {}", found["flags"], text(&found["value"])))
        }
        "extensions" => Some(question.extensions.iter().map(oid).collect::<Vec<_>>().join(",")),
        _ => panic!("`{verb}` is no command"),
    }
}

/// A value in the interpreter's words.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => {
            let bytes = Base64::decode_vec(value["base64"].as_str().unwrap()).unwrap();
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

impl Attributes {
    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("texts by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut found = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    found.push(entry);
                }
                Ok(Attributes(found))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
