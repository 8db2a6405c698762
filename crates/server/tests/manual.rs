//! The manual's page on configuration says what the program does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::path::Path;

use exeunt::config::{File, keys::KEYS, parse, resolve};

const PAGE: &str = include_str!("../../../docs/manual/configuration.md");

fn examples() -> Vec<String> {
    let mut blocks = Vec::new();
    for block in PAGE.split("```toml\n").skip(1) {
        blocks.push(block.split("```").next().unwrap().to_owned());
    }
    blocks
}

/// Every example is read, and resolved once what every file needs is added.
#[test]
fn every_example_is_good() {
    let examples = examples();
    assert!(examples.len() > 10);
    for text in examples {
        let path = Path::new("exeunt.toml");
        let mut file = parse(path, &text).unwrap_or_else(|problems| panic!("{problems}\nin\n{text}"));
        if file.ca.name.is_empty() {
            file.ca.name = "Example CA".into();
        }
        if file.roles.administrator.is_empty() {
            file.roles.administrator = vec!["unix:root".into()];
        }
        resolve(path, &text, Path::new("/data"), file).unwrap_or_else(|problems| panic!("{problems}\nin\n{text}"));
    }
}

/// Every key has a row, and where it has a default the row names it.
#[test]
fn every_key_is_documented_with_its_default() {
    let defaults = toml::Value::try_from(File::default()).unwrap();
    for key in KEYS {
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{}` |", key.name)));
        let row = row.unwrap_or_else(|| panic!("{} is not documented", key.name));
        let mut value = Some(&defaults);
        for part in key.name.split('.') {
            value = value.and_then(|value| value.get(part));
        }
        let Some(value) = value else { continue };
        let shown = match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let column = row.split('|').nth(2).unwrap().trim();
        let agrees = match column.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
            Some(default) => default == shown,
            // In words: nothing, or what is there without a value.
            None => shown.is_empty() || shown == "[]",
        };
        assert!(agrees, "{}: the default is {shown}, the manual says {column}", key.name);
    }
}

/// And the other way round: every example has only keys with a row, which parsing has checked, and every row is a key.
#[test]
fn every_row_is_a_key() {
    for line in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let name = line.trim_start_matches("| `").split('`').next().unwrap();
        assert!(KEYS.iter().any(|key| key.name == name), "{name} is not a key");
    }
}
