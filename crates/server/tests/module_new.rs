//! Every project that `exeunt module new` makes: it builds from what the executable holds, its own tests pass, and the
//! laboratory finds nothing.
//!
//! What is compiled goes into one folder below `target/`, so that only the first run is long. A build without the kind `wasm`
//! makes and tests components, and leaves the laboratory to one that has it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use module::{Manifest, Role};
use tempfile::TempDir;

const LANGUAGES: [&str; 7] = ["any", "cpp", "python", "rust", "wasm-python", "wasm-rust", "webhook"];

/// What templates leave open.
const BLANKS: [&str; 9] = ["@name@", "@snake@", "@Type@", "@sdk@", "@module@", "@stdio@", "@clsid@", "@role@", "@kit@"];

/// A project in a folder of its own.
struct Project {
    folder: PathBuf,
    name: String,
    /// The commands that come next.
    next: Vec<String>,
    /// Removed, or kept, at the end.
    _temporary: Option<TempDir>,
}

impl Project {
    /// `exeunt module new`, in an empty folder.
    fn new(name: &str, language: &str, kind: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let project = Self::below(temporary.path(), name, language, kind);
        Self { _temporary: Some(temporary), ..project }
    }

    fn below(folder: &Path, name: &str, language: &str, kind: &str) -> Self {
        let arguments = ["--json", "module", "new", name, "--lang", language, "--kind", kind];
        let made = exeunt(folder).args(arguments).output().unwrap();
        assert!(made.status.success(), "{language} {kind}: {}", said(&made));
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        let next = serde_json::from_value(made.get("next").unwrap().clone()).unwrap();
        Self { folder: folder.to_owned(), name: name.to_owned(), next, _temporary: None }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Runs a command in the project; it must succeed. What it said.
    fn run(&self, program: impl AsRef<Path>, arguments: &[&str]) -> String {
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
        said(&output)
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
                for blank in BLANKS {
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
        (&["new", "taken", "--lang", "any"][..], 6, "is not empty"),
        (&["new", "Bad_Name", "--lang", "any"], 2, "lower-case letters"),
        (&["new", "serde", "--lang", "cobol"], 2, "invalid value"),
        (&["new", "archive", "--lang", "rust", "--sdk", "."], 2, "no checkout of Exeunt"),
        (&["new", "archive", "--lang", "cpp", "--sdk", "nowhere"], 2, "no checkout of Exeunt"),
        (&["new", "match", "--lang", "rust"], 2, "cannot be called"),
        (&["new", "exeunt-stdio", "--lang", "rust"], 2, "cannot be called"),
        (&["new", "logging", "--lang", "python"], 2, "would hide"),
    ] {
        let output = exeunt(folder.path()).arg("module").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(what), "{arguments:?}: {}", said(&output));
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("taken/precious")).unwrap(), "mine");
    assert_eq!(files(folder.path()).len(), 1, "a failure leaves nothing behind");
}

/// Who has Exeunt's source can build from there.
#[test]
fn a_checkout_takes_the_place_of_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    for (language, file, link) in
        [("rust", "Cargo.toml", "crates/stdio"), ("cpp", "Makefile", "sdk/c"), ("python", "exeunt_module/serve.py", "")]
    {
        let arguments = ["module", "new", language, "--lang", language, "--sdk"];
        let made = exeunt(folder.path()).args(arguments).arg(checkout()).output().unwrap();
        assert!(made.status.success(), "{}", said(&made));
        let project = folder.path().join(language);
        assert!(!project.join("exeunt-sdk").exists(), "{language}");
        if !link.is_empty() {
            let text = std::fs::read_to_string(project.join(file)).unwrap();
            assert!(text.contains(checkout().join(link).to_str().unwrap()), "{text}");
            assert!(!std::fs::read_to_string(project.join("README.md")).unwrap().contains("exeunt-sdk"));
        }
    }
    let url = ["module", "new", "remote", "--lang", "rust", "--sdk", "https://example.org/exeunt.git"];
    assert!(exeunt(folder.path()).args(url).output().unwrap().status.success());
    let manifest = std::fs::read_to_string(folder.path().join("remote/Cargo.toml")).unwrap();
    assert!(manifest.contains(r#"exeunt-module = { git = "https://example.org/exeunt.git" }"#), "{manifest}");
    assert!(!folder.path().join("remote/Cargo.lock").exists());
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

/// The folder stays the same, so that what is compiled for it is written over, and not beside, what was before.
#[test]
fn rust() {
    let folder = checkout().join("target/module-new/projects");
    std::fs::create_dir_all(&folder).unwrap();
    let turn = File::create(folder.with_file_name("projects.lock")).unwrap();
    turn.lock().unwrap();
    for kind in ["exit", "policy"] {
        let name = format!("rust-new-{kind}");
        if folder.join(&name).exists() {
            std::fs::remove_dir_all(folder.join(&name)).unwrap();
        }
        let project = Project::below(&folder, &name, "rust", kind);
        project.run("cargo", &["fmt", "--check"]);
        let built = project.run("cargo", &["build", "--locked", "--release", "--quiet"]);
        assert_eq!(built, "", "a warning would be the author's");
        versions_are_tested(&project.path().join("Cargo.lock"));
        project.run("cargo", &["test", "--release", "--quiet"]);
        project.pass_the_laboratory(&[]);
        if kind == "exit" {
            project.pass_the_laboratory(&["file={scratch}/lines"]);
        }
    }
}

/// Whatever a project is built with is of a version that Exeunt is built with.
fn versions_are_tested(lock: &Path) {
    let versions = |path: &Path| -> BTreeSet<(String, String)> {
        let lock: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let packages = lock.get("package").unwrap().as_array().unwrap().iter();
        let packages = packages.filter(|package| package.get("source").is_some());
        packages.map(|package| ["name", "version"].map(|key| package.get(key).unwrap().to_string()).into()).collect()
    };
    let (theirs, ours) = (versions(lock), versions(&checkout().join("Cargo.lock")));
    assert!(theirs.len() > 10, "{theirs:?}");
    assert!(theirs.is_subset(&ours), "{:?}", theirs.difference(&ours));
}

#[test]
fn wasm_rust() {
    for kind in ["exit", "policy"] {
        let project = Project::new(&format!("wasm-new-{kind}"), "wasm-rust", kind);
        project.run("cargo", &["fmt", "--check"]);
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
        project.run(&program, &["--wit-path", "wit", "--world", &world, "bindings", "bindings"]);
        let tested = project.run("python3", &["-m", "unittest"]);
        assert!(tested.contains("OK"), "{tested}");
        project.run(&program, &["--wit-path", "wit", "--world", &world, "componentize", "app", "--output", output]);
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

/// An endpoint of a project, on a port that was free.
struct Endpoint {
    process: Child,
    url: String,
}

impl Endpoint {
    fn start(project: &Project) -> Self {
        let mut process = Command::new("python3")
            .args(["endpoint.py", "localhost:0"])
            .current_dir(project.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_suffix(" is ready.").unwrap_or_else(|| panic!("it does not start: {line}"));
        Self { process, url: url.to_owned() }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The commands are those that the author is told, but for the port.
#[test]
fn webhook() {
    for kind in ["exit", "policy"] {
        let project = Project::new("hook-new", "webhook", kind);
        let start = project.next.iter().position(|command| command.starts_with("python3 endpoint.py")).unwrap();
        for command in project.next.iter().take(start).skip(1) {
            project.run("sh", &["-c", command]);
        }
        let endpoint = Endpoint::start(&project);
        project.pass_the_laboratory(&[&format!("url={}", endpoint.url)]);
    }
}
