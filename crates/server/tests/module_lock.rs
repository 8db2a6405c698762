//! The lock file of a project in Rust: exact from the first day, and renewed with the crates it is for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the projects begin with.
const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/module/rust/Cargo.lock");

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");

/// A project, just made.
struct Project {
    home: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self { home: tempfile::tempdir().unwrap() };
        let made = Command::new(env!("CARGO_BIN_EXE_exeunt"))
            .args(["module", "new", "mine", "--lang", "rust"])
            .current_dir(project.home.path())
            .env_remove("EXEUNT_SDK")
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", said(&made));
        project
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("mine")
    }

    fn lock(&self) -> String {
        std::fs::read_to_string(self.path().join("Cargo.lock")).unwrap()
    }

    fn write_lock(&self, text: &str) {
        std::fs::write(self.path().join("Cargo.lock"), text).unwrap();
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("cargo");
        command.args(arguments).args(["--offline", "--quiet"]).current_dir(self.path()).output().unwrap()
    }

    /// Whether cargo takes the lock file as it is. It compiles nothing for that.
    fn is_exact(&self) -> Result<(), String> {
        let tree = self.cargo(&["tree", "--locked"]);
        if tree.status.success() { Ok(()) } else { Err(said(&tree)) }
    }

    /// `exeunt module sdk rust`: what became of the lock file, and what is said.
    fn renew(&self) -> (String, String) {
        let sdk = |more: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_exeunt"));
            let done = command.args(["module", "sdk", "rust"]).args(more).current_dir(self.path()).output().unwrap();
            assert!(done.status.success(), "{}", said(&done));
            done
        };
        let done = sdk(&["--json"]);
        let done: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        let state = done.pointer("/lock/state").unwrap().as_str().unwrap().to_owned();
        (state, said(&sdk(&[])))
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// With `EXEUNT_WRITE_DOCS=1` the file that projects begin with is written instead: after a change of what the crates depend on.
#[test]
fn a_fresh_project_has_the_lock_file_that_cargo_would_make() {
    let project = Project::new();
    if std::env::var_os("EXEUNT_WRITE_DOCS").is_some() {
        project.write_lock(&std::fs::read_to_string(WORKSPACE).unwrap());
        let updated = project.cargo(&["update", "--workspace"]);
        assert!(updated.status.success(), "{}", said(&updated));
        let mut text = project.lock().replace("\"mine\"", "\"@name@\"");
        for ours in ["exeunt-module", "exeunt-stdio"] {
            let head = format!("name = \"{ours}\"\nversion = ");
            text = text.replace(&format!("{head}\"{}\"", env!("CARGO_PKG_VERSION")), &format!("{head}\"@version@\""));
        }
        std::fs::write(TEMPLATE, text).unwrap();
        return;
    }
    let advice = "run this test with EXEUNT_WRITE_DOCS=1, and build again";
    project.is_exact().unwrap_or_else(|why| panic!("{TEMPLATE} is not what cargo makes: {advice}\n{why}"));
    let versions = |path: &Path| -> BTreeSet<(String, String)> {
        let lock: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let packages = lock.get("package").unwrap().as_array().unwrap().iter();
        let foreign = packages.filter(|package| package.get("source").is_some());
        foreign.map(|package| ["name", "version"].map(|key| package.get(key).unwrap().to_string()).into()).collect()
    };
    let (theirs, ours) = (versions(&project.path().join("Cargo.lock")), versions(Path::new(WORKSPACE)));
    assert!(theirs.is_subset(&ours), "{TEMPLATE} has other versions than the workspace: {advice}");
}

#[test]
fn the_lock_file_is_renewed_with_the_crates_or_the_command_that_does_it_is_said() {
    let project = Project::new();
    let fresh = project.lock();
    let older = fresh.replace(
        &format!("name = \"exeunt-stdio\"\nversion = \"{}\"", env!("CARGO_PKG_VERSION")),
        "name = \"exeunt-stdio\"\nversion = \"0.0.1\"",
    );
    project.write_lock(&older);
    assert!(project.is_exact().is_err());
    let (state, said) = project.renew();
    assert!(state == "renewed" && !said.contains("warning"), "{said}");
    assert_eq!(project.is_exact(), Ok(()));
    assert_eq!(project.renew().0, "as-it-was");

    // Where only cargo can tell, it does.
    project.write_lock(&format!("{older}\n[[patch.unused]]\nname = \"other\"\nversion = \"1.0.0\"\n"));
    let (state, said) = project.renew();
    assert!(state == "stale" && said.contains("run `cargo update --workspace` in"), "{said}");
    let updated = project.cargo(&["update", "--workspace"]);
    assert!(updated.status.success());
    assert_eq!(project.is_exact(), Ok(()));
}
