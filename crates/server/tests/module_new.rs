//! Every project that `exeunt module new` makes: it builds, its own tests pass, and the laboratory finds nothing.
//!
//! What is compiled goes into one folder below `target/`, so that only the first run is long. A build without the kind `wasm`
//! makes and tests components, and leaves the laboratory to one that has it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use module::{Manifest, Role};
use tempfile::TempDir;

const LANGUAGES: [&str; 6] = ["any", "cpp", "python", "rust", "wasm-python", "wasm-rust"];

/// A project in a folder of its own.
struct Project {
    folder: TempDir,
    name: String,
}

impl Project {
    /// `exeunt module new`, in an empty folder.
    fn new(name: &str, language: &str, kind: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = exeunt(folder.path())
            .args(["module", "new", name, "--lang", language, "--kind", kind, "--sdk"])
            .arg(checkout())
            .output()
            .unwrap();
        assert!(made.status.success(), "{language} {kind}: {}", said(&made));
        Self { folder, name: name.to_owned() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// Runs a command in the project; it must succeed.
    fn run(&self, program: impl AsRef<Path>, arguments: &[&str]) {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        // Neither the flags of this build nor its folders are the project's; what is measured here is not its speed.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"]
        {
            command.env_remove(name);
        }
        command.env("CARGO_BUILD_BUILD_DIR", checkout().join("target/module-new"));
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(output.status.success(), "{} {arguments:?}: {}", program.display(), said(&output));
    }

    /// Plays the contract against the project, with the settings given.
    fn pass_the_laboratory(&self, settings: &[&str]) {
        let mut command = exeunt(&self.path());
        command.args(["module", "test", "."]);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}: {}", self.name, said(&output));
    }
}

fn exeunt(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exeunt"));
    command.current_dir(folder).env_remove("EXEUNT_SDK");
    command
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_project_has_a_manifest_and_no_blank_left() {
    for language in LANGUAGES {
        for (kind, role) in [("exit", Role::Exit), ("policy", Role::Policy)] {
            let project = Project::new("expiry-mail", language, kind);
            let (manifest, _, _) = Manifest::read(&project.path()).unwrap();
            assert_eq!((manifest.name.as_str(), manifest.role), ("expiry-mail", role), "{language}");
            for file in files(&project.path()) {
                let text = std::fs::read_to_string(&file).unwrap();
                for blank in ["@name@", "@snake@", "@Type@", "@sdk@", "@module@", "@stdio@", "@clsid@", "@role@"] {
                    assert!(!text.contains(blank), "{}: {blank}", file.display());
                    assert!(!file.display().to_string().contains(blank), "{}", file.display());
                }
            }
            assert!(project.path().join("README.md").is_file(), "{language}");
        }
    }
}

#[test]
fn nothing_is_written_over_and_nothing_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    std::fs::write(folder.path().join("taken/precious"), "mine").unwrap();
    for (arguments, code, what) in [
        (["new", "taken", "--lang", "any"], 6, "is not empty"),
        (["new", "Bad_Name", "--lang", "any"], 2, "lower-case letters"),
        (["new", "serde", "--lang", "cobol"], 2, "invalid value"),
        (["new", "archive", "--lang", "rust"], 2, "--sdk"),
        (["new", "archive", "--lang", "cpp"], 2, "EXEUNT_SDK"),
    ] {
        let output = exeunt(folder.path()).arg("module").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(what), "{arguments:?}: {}", said(&output));
    }
    let wrong =
        exeunt(folder.path()).args(["module", "new", "archive", "--lang", "rust", "--sdk", "."]).output().unwrap();
    assert!(said(&wrong).contains("no checkout of Exeunt"), "{}", said(&wrong));
    let keyword = ["module", "new", "match", "--lang", "rust", "--sdk", "."];
    assert!(said(&exeunt(folder.path()).args(keyword).output().unwrap()).contains("cannot be called"));
    assert_eq!(std::fs::read_to_string(folder.path().join("taken/precious")).unwrap(), "mine");
    assert_eq!(files(folder.path()).len(), 1, "a failure leaves nothing behind");
}

#[test]
fn json_says_what_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let made = exeunt(folder.path())
        .args(["--json", "module", "new", "seen", "--lang", "any", "--dir", "a/b"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(made.get("directory").unwrap(), "a/b");
    let named = made.get("files").unwrap().as_array().unwrap();
    assert!(named.iter().all(|file| folder.path().join("a/b").join(file.as_str().unwrap()).is_file()), "{made}");
}

#[test]
fn any_language() {
    for kind in ["exit", "policy"] {
        let project = Project::new("any-new", "any", kind);
        project.run("sh", &["test.sh"]);
        project.pass_the_laboratory(&[]);
        if kind == "exit" {
            project.pass_the_laboratory(&["file={scratch}/lines"]);
        }
    }
}

#[test]
fn python() {
    for kind in ["exit", "policy"] {
        let project = Project::new("python-new", "python", kind);
        project.run("python3", &["-m", "unittest"]);
        project.pass_the_laboratory(&[]);
        if kind == "exit" {
            project.pass_the_laboratory(&["file={scratch}/lines"]);
        }
    }
}

#[test]
fn rust() {
    for kind in ["exit", "policy"] {
        let project = Project::new(&format!("rust-new-{kind}"), "rust", kind);
        project.run("cargo", &["build", "--release", "--quiet"]);
        project.run("cargo", &["test", "--release", "--quiet"]);
        project.pass_the_laboratory(&[]);
        if kind == "exit" {
            project.pass_the_laboratory(&["file={scratch}/lines"]);
        }
    }
}

#[test]
fn wasm_rust() {
    for kind in ["exit", "policy"] {
        let project = Project::new(&format!("wasm-new-{kind}"), "wasm-rust", kind);
        project.run("cargo", &["build", "--release", "--quiet", "--target", "wasm32-wasip2"]);
        project.run("cargo", &["test", "--release", "--quiet"]);
        if cfg!(feature = "wasm") {
            project.pass_the_laboratory(&[]);
        }
    }
}

#[test]
fn wasm_python() {
    let venv = std::env::var_os("EXEUNT_VENV").map_or_else(|| checkout().join("target/venv"), PathBuf::from);
    let program = venv.join("bin/componentize-py");
    assert!(program.is_file(), "no {}; is .ci/python.txt installed there?", program.display());
    for kind in ["exit", "policy"] {
        let project = Project::new("wasm-python-new", "wasm-python", kind);
        let world = format!("exeunt:modules/{kind}");
        let output = "wasm-python-new.wasm";
        project.run(&program, &["--wit-path", "wit", "--world", &world, "componentize", "app", "--output", output]);
        project.run("python3", &["-m", "unittest"]);
        if cfg!(feature = "wasm") {
            project.pass_the_laboratory(&[]);
        }
    }
}

#[test]
fn cpp() {
    for kind in ["exit", "policy"] {
        let project = Project::new("cpp-new", "cpp", kind);
        project.run("make", &["-j2", "OPTIMIZE=-O0"]);
        let host = Path::new(env!("CARGO_BIN_EXE_exeunt")).with_file_name("exeunt-comhost");
        assert!(host.is_file(), "no {}; build it: cargo build -p comhost", host.display());
        project.pass_the_laboratory(&[]);
        // The same source, unchanged.
        project.run("make", &["windows", "OPTIMIZE=-O0"]);
        assert!(project.path().join("build/cpp_new.dll").is_file());
    }
}
