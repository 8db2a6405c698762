//! The manual's page on profiles says what the code does.

use super::policy;

const PAGE: &str = include_str!("../../../../../docs/manual/profiles.md");

/// The TOML examples of the page.
fn examples() -> Vec<&'static str> {
    PAGE.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_example_is_a_good_configuration() {
    let examples = examples();
    assert!(examples.len() >= 8);
    for example in examples {
        policy(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
    }
}

#[test]
fn every_field_has_a_row() {
    let profile = module::Profile { ca: Some(module::profile::CaRules::default()), ..module::Profile::default() };
    let fields = serde_json::to_value(&profile).unwrap();
    let mut missing = Vec::new();
    for (name, value) in fields.as_object().unwrap() {
        let nested = value.as_object().map(|object| object.keys().map(|key| format!("{name}.{key}")).collect());
        for path in nested.unwrap_or_else(|| vec![name.clone()]) {
            if !PAGE.contains(&format!("| `{path}` |")) {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn every_preset_is_described() {
    for preset in crate::policy::presets::PRESETS {
        assert!(PAGE.contains(&format!("`{}`", preset.name)), "{}", preset.name);
    }
}
