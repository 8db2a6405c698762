//! `sdk/wire/protocol.schema.json` against what the server says, and against the documented conversations.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;

use module::{ExitEvent, ExtensionFlags};
use serde_json::{Value as Json, json};
use support::{FakeServer, Script, notification};

fn root(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// As much of JSON Schema as the file uses; a keyword it does not know fails the test.
struct Schema(Json);

impl Schema {
    fn load() -> Self {
        Self(serde_json::from_str(&root("sdk/wire/protocol.schema.json")).unwrap())
    }

    fn check(&self, definition: &str, value: &Json) -> Result<(), String> {
        self.validate(&self.0["$defs"][definition], value)
    }

    fn validate(&self, schema: &Json, value: &Json) -> Result<(), String> {
        let keywords = match schema {
            Json::Bool(true) => return Ok(()),
            Json::Bool(false) => return Err(format!("{value} must not be there")),
            Json::Object(keywords) => keywords,
            other => panic!("{other} is not a schema"),
        };
        for (keyword, operand) in keywords {
            let wrong = || format!("{value} against {keyword} {operand}");
            let ok = match keyword.as_str() {
                "$schema" | "title" | "description" | "$defs" => true,
                "$ref" => {
                    let name = operand.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    let target = self.0["$defs"].get(name).unwrap_or_else(|| panic!("no definition {name}"));
                    self.validate(target, value)?;
                    true
                }
                "anyOf" => {
                    let failures: Vec<String> =
                        operand.as_array().unwrap().iter().map_while(|one| self.validate(one, value).err()).collect();
                    if failures.len() == operand.as_array().unwrap().len() {
                        return Err(failures.join("; "));
                    }
                    true
                }
                "type" => match operand {
                    Json::Array(types) => types.iter().any(|one| is_type(one.as_str().unwrap(), value)),
                    one => is_type(one.as_str().unwrap(), value),
                },
                "const" => value == operand,
                "enum" => operand.as_array().unwrap().contains(value),
                "minimum" => value.as_i64().is_none_or(|number| number >= operand.as_i64().unwrap()),
                "maximum" => value.as_i64().is_none_or(|number| number <= operand.as_i64().unwrap()),
                "required" => {
                    operand.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
                }
                "properties" => {
                    for (name, schema) in operand.as_object().unwrap() {
                        if let Some(member) = value.get(name) {
                            self.validate(schema, member).map_err(|error| format!("{name}: {error}"))?;
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let named = keywords.get("properties").and_then(Json::as_object);
                    for (name, member) in value.as_object().into_iter().flatten() {
                        if !named.is_some_and(|named| named.contains_key(name)) {
                            self.validate(operand, member).map_err(|error| format!("{name}: {error}"))?;
                        }
                    }
                    true
                }
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        self.validate(operand, item)?;
                    }
                    true
                }
                other => panic!("the keyword {other} is not supported here"),
            };
            if !ok {
                return Err(wrong());
            }
        }
        Ok(())
    }
}

fn is_type(name: &str, value: &Json) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}

/// Every documented message, with who says it.
fn documented() -> Vec<(&'static str, Json)> {
    let page = root("docs/modules/protocol.md");
    let messages = page.lines().filter_map(|line| {
        let (speaker, text) = match (line.strip_prefix("→ "), line.strip_prefix("← ")) {
            (Some(text), _) => ("server", text),
            (_, Some(text)) => ("module", text),
            _ => return None,
        };
        Some((speaker, serde_json::from_str(text).unwrap()))
    });
    messages.collect()
}

#[test]
fn the_documented_conversations_keep_the_schema() {
    let schema = Schema::load();
    let documented = documented();
    assert!(documented.len() > 25, "{}", documented.len());
    for (speaker, message) in documented {
        schema.check(speaker, &message).unwrap_or_else(|error| panic!("{message}: {error}"));
        let has = |member: &str| speaker == "module" && message["result"].get(member).is_some();
        let definition = match () {
            () if has("protocol") => "initialize_result",
            () if has("decision") => "verify_request_result",
            () if has("delivered") => "notify_batch_result",
            () => continue,
        };
        schema.check(definition, &message["result"]).unwrap();
    }
}

#[test]
fn what_the_server_says_keeps_the_schema() {
    let script = Script::new(r#"sh -c 'tee -a "$STATE/heard" | python3 "$MODULE"'"#, &[]);
    let record = |module: &str| {
        let mut settings = script.settings.clone();
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(module);
        let state = script.state.path();
        let environment = json!({"STATE": state, "MODULE": module, "PYTHONDONTWRITEBYTECODE": "1"});
        settings.set("environment", environment.to_string());
        settings.set("setting.colour", "blue");
        settings
    };
    let server = FakeServer::issued().certificate("RawCACertificate.0", vec![0x30, 0x00]).extension(
        "2.5.29.15",
        ExtensionFlags::ORIGIN_SERVER | ExtensionFlags::CRITICAL,
        &[0x03, 0x01, 0x00],
    );
    let kind = support::process();
    let exit = kind.exit_module("recorded", &record("call_the_server_wrongly.py")).unwrap();
    exit.initialize("Example CA", &server).unwrap();
    for event in ExitEvent::ALL {
        exit.notify(&notification(event), &server).unwrap();
    }
    drop(exit);
    let policy = kind.policy_module("recorded", &record("policy.py")).unwrap();
    policy.initialize("Example CA", &server).unwrap();
    policy.verify_request(&mut server.attribute("Ask", "call-back"), true).unwrap();
    policy.shut_down();

    let schema = Schema::load();
    let heard = std::fs::read_to_string(script.state.path().join("heard")).unwrap();
    let messages: Vec<Json> = heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for message in &messages {
        schema.check("server", message).unwrap_or_else(|error| panic!("{message}: {error}"));
    }
    for method in ["initialize", "notify", "verify_request", "shutdown"] {
        assert!(messages.iter().any(|message| message["method"] == method), "{method}");
    }
    assert!(messages.iter().any(|message| message.get("error").is_some()));
    script.assert_nothing_left();
}

#[test]
fn the_schema_refuses_what_is_no_message() {
    let schema = Schema::load();
    for message in [
        json!([]),
        json!({}),
        json!({"id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "result": {}, "error": {"code": 1}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "server.attributes", "params": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "server.unknown", "params": {"context": 1}}),
        json!({"jsonrpc": "2.0", "method": "server.set_certificate_property",
               "params": {"context": 1, "name": "UPN", "value": 1.5}}),
    ] {
        assert!(schema.check("module", &message).is_err(), "{message}");
    }
    assert!(schema.check("verify_request_result", &json!({"decision": "perhaps"})).is_err());
    assert!(schema.check("notify_batch_result", &json!({"delivered": -1})).is_err());
    assert!(schema.check("initialize_result", &json!({"protocol": 2, "events": 1})).is_err());
}
