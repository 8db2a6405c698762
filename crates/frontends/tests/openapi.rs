//! The OpenAPI document: kept in the manual, complete, and consistent in itself.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::Value;

/// Where the manual keeps it.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/manual/openapi.json");

fn document() -> Value {
    serde_json::from_str(&frontends::admin::openapi::document()).unwrap()
}

/// With `EXEUNT_WRITE_DOCS=1` the document is written instead.
#[test]
fn the_manual_has_this_document() {
    let document = frontends::admin::openapi::document();
    if std::env::var_os("EXEUNT_WRITE_DOCS").is_some() {
        std::fs::write(KEPT, &document).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == document,
        "docs/manual/openapi.json is not what the server answers; run this test with EXEUNT_WRITE_DOCS=1"
    );
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut references = BTreeSet::new();
    walk(&document, &mut |key, value| {
        if key == "$ref" {
            references.insert(value.as_str().unwrap().to_owned());
        }
    });
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "{name} is used nowhere");
    }
}

#[test]
fn every_operation_is_described_and_has_its_parameters_and_problems() {
    let document = document();
    let mut operation_ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/v1/"));
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let names: BTreeSet<&str> = names.collect();
        for (method, operation) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(operation["summary"].as_str().unwrap().ends_with('.'), "{place}");
            assert!(!operation["tags"].as_array().unwrap().is_empty(), "{place}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(operation_ids.insert(id.to_owned()), "{place}: {id} is not the only one");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let given = parameters.iter().filter(|parameter| parameter["in"] == "path");
            let given: BTreeSet<&str> = given.map(|parameter| parameter["name"].as_str().unwrap()).collect();
            assert_eq!(given, names, "{place}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
            let problem = &responses["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{place}");
            assert_eq!(operation.get("requestBody").is_some(), takes_a_body(method, path), "{place}");
        }
    }
}

#[test]
fn members_are_snake_case_and_words_are_kebab_case() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        check_members(name, schema);
    }
    for path in document["paths"].as_object().unwrap().keys() {
        let fixed = path.split('/').filter(|part| !part.starts_with('{'));
        for part in fixed {
            let plain =
                part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
            assert!(plain, "{path}");
        }
    }
}

fn check_members(place: &str, schema: &Value) {
    for (member, inner) in schema["properties"].as_object().into_iter().flatten() {
        let plain = member.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(plain, "{place}.{member}");
        check_members(&format!("{place}.{member}"), inner);
    }
    for word in schema["enum"].as_array().into_iter().flatten() {
        let word = word.as_str().unwrap();
        let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(plain, "{place}: {word}");
    }
    check_inner(place, &schema["items"]);
    for alternative in schema["oneOf"].as_array().into_iter().flatten() {
        check_members(place, alternative);
    }
}

fn check_inner(place: &str, schema: &Value) {
    if schema.is_object() {
        check_members(place, schema);
    }
}

fn takes_a_body(method: &str, path: &str) -> bool {
    const WITHOUT: [&str; 11] =
        ["approve", "deny", "release", "enable", "disable", "promote", "retry", "drop", "verify", "check", "stop"];
    let last = path.rsplit('/').next().unwrap();
    matches!(method, "post" | "patch") && !WITHOUT.contains(&last) && last != "reload"
}

fn walk(value: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                visit(key, member);
                walk(member, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
