//! The examples on the Python package pass every check.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use laboratory::Specimen;
use module::{Role, Settings};
use serde_json::json;
use support::{CALL, example, kind, run};

#[test]
fn python_names_passes() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.json");
    std::fs::write(&rules, r#"{"*": ["*.example.org", "*.example.com", "*.example.net"]}"#).unwrap();
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/python/src");
    let settings: Settings = [
        ("command", json!(["python3", example("python-names/names.py")]).to_string()),
        ("environment", json!({"PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"}).to_string()),
        ("setting.rules", rules.to_str().unwrap().to_owned()),
    ]
    .into_iter()
    .collect();
    let specimen = Specimen::new(kind("process"), "names", Role::Policy, &settings, CALL).unwrap();
    let report = run(&specimen, &[]);
    assert_eq!(report.failures(), [""; 0], "{}", report.to_text());
}
