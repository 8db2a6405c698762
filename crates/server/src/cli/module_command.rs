//! The command of a program that has no manifest.

use std::path::Path;

use frontends::model::{Module as Installed, VersionState};
use hosts::process::command_words;

use crate::folder::absolute;

/// The setting that says what is run, and the one that says where.
pub(super) const COMMAND: &str = "command";
pub(super) const WORKING_DIRECTORY: &str = "working_directory";

/// Where a program runs that is not told where.
const ROOT: &str = "/";

/// The command of the version that a module is upgraded to with `source`, where its command stays but for the file: it is the file
/// that is run already, and is to be taken over as it is now; or one of the same kind, in the place of that which an interpreter is
/// given. None where `source` is the whole of what is run.
pub(super) fn upgraded(module: &Installed, source: &str) -> Option<String> {
    let in_force = module.versions.iter().find(|version| version.state == VersionState::InForce)?;
    let file = in_force.file.as_ref().filter(|_| in_force.version.is_none()).map(Path::new)?;
    let command = module.settings.get(COMMAND)?;
    let source = absolute(Path::new(source)).ok()?;
    if source == file {
        return Some(command.clone());
    }
    let directory = Path::new(module.settings.get(WORKING_DIRECTORY).map_or(ROOT, String::as_str));
    let mut words = command_words(command).ok()?;
    let place = words.iter().position(|word| directory.join(word) == file)?;
    let alike = file.extension().is_some() && source.extension() == file.extension() && source.is_file();
    if place == 0 || !alike {
        return None;
    }
    *words.get_mut(place)? = source.to_str()?.to_owned();
    Some(serde_json::Value::from(words).to_string())
}

/// A word of a command that is the path of a file from this folder, and that the program, which runs in another, would not find.
pub(super) fn out_of_reach(here: &Path, command: &str, working_directory: Option<&str>) -> Option<String> {
    let directory = Path::new(working_directory.unwrap_or(ROOT));
    let words = command_words(command).ok()?;
    let lost = |word: &&String| {
        let path = Path::new(word);
        // A plain word may be an argument that a file happens to be called like.
        let is_path = path.is_relative() && (path.extension().is_some() || word.contains('/'));
        is_path && here.join(path).is_file() && !directory.join(path).exists()
    };
    words.iter().skip(1).find(lost).cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn module(command: &str, directory: &Path, file: &Path, version: Option<&str>) -> Installed {
        let options = json!({
            "inline": false, "workers": 1, "timeout_ms": 1, "attempts_max": 1, "retry_ms_min": 1, "retry_ms_max": 1, "digest": "warn",
        });
        let in_force = json!({
            "number": 1, "state": "in-force", "kind": "process", "settings": {}, "file": file, "version": version,
        });
        serde_json::from_value(json!({
            "name": "m", "kind": "process", "role": "exit", "versions": [in_force], "options": options, "enabled": true, "position": 0,
            "settings": { "command": command, "working_directory": directory }, "installed": "2026-01-01T00:00:00Z",
            "description": "", "state": "running", "events": [], "cursor": 0, "head": 0, "lag": 0, "delivered": 0, "failed": 0,
            "parked": 0, "rate_per_second": 0.0, "health": {},
        }))
        .unwrap()
    }

    #[test]
    fn a_command_stays_but_for_the_file() {
        let home = tempfile::tempdir().unwrap();
        let [first, second, other] = ["m-1.py", "m-2.py", "m.sh"].map(|name| home.path().join(name));
        for file in [&first, &second, &other] {
            std::fs::write(file, "").unwrap();
        }
        let upgraded_to = |command: &str, version: Option<&str>, source: &Path| {
            upgraded(&module(command, home.path(), &first, version), source.to_str().unwrap())
        };
        let command = "python3 -u m-1.py --fast";
        assert_eq!(upgraded_to(command, None, &first).as_deref(), Some(command));
        let expected = json!(["python3", "-u", second, "--fast"]).to_string();
        assert_eq!(upgraded_to(command, None, &second), Some(expected));
        // Another language, a file that is not there, a program of its own, a module with a manifest.
        assert_eq!(upgraded_to(command, None, &other), None);
        assert_eq!(upgraded_to(command, None, &home.path().join("m-3.py")), None);
        let itself = json!([first, "--fast"]).to_string();
        assert_eq!(upgraded_to(&itself, None, &second), None);
        assert_eq!(upgraded_to(&itself, None, &first), Some(itself.clone()));
        assert_eq!(upgraded_to(command, Some("1.0"), &first), None);
    }

    #[test]
    fn a_file_of_this_folder_is_not_found_from_another() {
        let home = tempfile::tempdir().unwrap();
        for file in ["m.py", "staging"] {
            std::fs::write(home.path().join(file), "").unwrap();
        }
        let directory = home.path().to_str().unwrap();
        let lost = |command: &str, working_directory| out_of_reach(home.path(), command, working_directory);
        assert_eq!(lost("python3 m.py --fast", None).as_deref(), Some("m.py"));
        assert_eq!(lost("sh ./staging", None).as_deref(), Some("./staging"));
        assert_eq!(lost("python3 m.py", Some(directory)), None);
        assert_eq!(lost(&format!("python3 {directory}/m.py"), None), None);
        assert_eq!(lost("python3 -u nowhere.py", None), None);
        // What it is called to notify, and no path.
        assert_eq!(lost("notify staging", None), None);
    }
}
