//! The module `teller`, in any version.

use serde_json::Value;

use super::program;
use crate::authority::Place;

/// Its name for its version is all that tells it from another one.
const METHODS: &str = r#"
VERSION = "@VERSION@"

def initialize(params):
    global settings
    settings = params["settings"]
    if "broken" in VERSION:
        raise Failure("it is broken by design")
    about = {"File Version": VERSION, "Copyright": "Example"}
    return {"protocol": 1, "events": ["cert-issued"], "description": VERSION, "about": about}

def notify(params):
    if "fails" in VERSION:
        raise Failure("it fails by design")
    told = {"version": VERSION, "process": os.getpid(), "serial": params["certificate"]["SerialNumber"],
            "event": params["event"]["id"], "settings": settings}
    with open(settings["file"], "a") as file:
        file.write(json.dumps(told) + "\n")
"#;

/// A version of it. It writes what it was started with and the serial number of each certificate to the file of its setting `file`;
/// one with `fails` in its name fails every event, and one with `broken` does not start.
pub fn source(version: &str) -> String {
    program::source(&METHODS.replace("@VERSION@", version))
}

/// What was written to the file `told.jsonl`.
pub fn told(place: &Place) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path("told.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
