//! Modules that are registered: loaded by their class alone, from the registry of a shared object and from that of a Wine
//! prefix.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use hosts::com::ComKind;
use module::{CodeFile, HResult, ModuleError, ModuleKind, Role, Settings};
use parking_lot::Mutex;
use support::{FakeServer, Hosted, System, com, observer};

const EXIT: &str = "{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A01}";
const NOBODY: &str = "{00000000-0000-0000-0000-000000000001}";

/// The test module's host, called by hand.
struct Registry {
    hosted: Hosted,
    /// The program, with what starts it.
    program: Vec<String>,
    /// Where its registry is, where it must be told.
    place: Vec<String>,
    process: Settings,
}

impl Registry {
    /// With a registry that knows no module; for a DLL a Wine prefix.
    fn new(system: System) -> Self {
        let hosted = Hosted::observer(system, &[]);
        let process = ComKind::new(Some(com())).as_process("observer", Role::Exit, &hosted.settings).unwrap();
        let command: Vec<String> = serde_json::from_str(process.value("command").unwrap()).unwrap();
        let role = command.iter().position(|word| word == "exit").unwrap();
        let place = command.iter().position(|word| word == "--registry").map_or(&[][..], |at| &command[at..at + 2]);
        Self { program: command[..role].to_vec(), place: place.to_vec(), process, hosted }
    }

    fn run(&self, word: &str, file: &str) -> Output {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]).args([word, file]).args(&self.place);
        command.envs(self.environment()).output().unwrap()
    }

    /// What `register` or `unregister` says of a file.
    fn succeeds(&self, word: &str, file: &Path) -> String {
        let output = self.run(word, &self.seen(file));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (said, heard) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{word}: {said}{heard}");
        // What the module reports to the event log while it registers itself: lines of a log, which by hand is the standard error.
        if word == "register" {
            let mut lines = vec![
                "info: Observer: classes are registered (event 0x7)",
                "warn: Observer: the directory Grüße (event 0x80000008, category 2)",
            ];
            if self.hosted.system == System::Windows {
                lines.push("error: Observer: the disk is full (event 0xc0000009)");
            }
            for line in lines {
                assert!(heard.lines().any(|heard| heard.trim_end() == line), "{line} is not in {heard}");
            }
            assert!(!heard.contains(":eventlog:ReportEvent"), "{heard}");
        }
        said
    }

    /// Gives a ProgID to another class, as another file's registration would.
    fn rename(&self, prog_id: &str, class: &str) {
        if self.hosted.system == System::Linux {
            let key = self.hosted.state.path().join("state/registry/HKEY_LOCAL_MACHINE/SOFTWARE/Classes");
            let values = key.join(prog_id).join("CLSID/.values.json");
            let mut all: serde_json::Value = serde_json::from_slice(&std::fs::read(&values).unwrap()).unwrap();
            all[""]["value"] = class.into();
            std::fs::write(&values, all.to_string()).unwrap();
            return;
        }
        let key = format!(r"HKLM\Software\Classes\{prog_id}\CLSID");
        let mut command = Command::new(&self.program[0]);
        command.args(["reg", "add", &key, "/ve", "/d", class, "/f"]).envs(self.environment());
        assert!(command.output().unwrap().status.success());
    }

    fn environment(&self) -> Vec<(String, String)> {
        let Some(environment) = self.process.value("environment") else { return Vec::new() };
        let variables: serde_json::Map<String, serde_json::Value> = serde_json::from_str(environment).unwrap();
        variables.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
    }

    /// The file as the host sees it.
    fn seen(&self, file: &Path) -> String {
        match self.hosted.system {
            System::Linux => file.to_str().unwrap().to_owned(),
            System::Windows => support::windows_path(file),
        }
    }

    /// The settings of a module that is a class, and no file.
    fn settings(&self, class: [&str; 2]) -> Settings {
        let mut settings = self.hosted.settings.clone();
        settings.unset("path");
        settings.set(class[0], class[1]);
        settings
    }

    fn exit(&self, class: [&str; 2]) -> Result<(), ModuleError> {
        let module = ComKind::new(Some(com())).exit_module("observer", &self.settings(class))?;
        module.initialize("Example CA", &FakeServer::authority()).map(drop)
    }

    /// As [`exit`](Self::exit), for a module whose file is compared.
    fn exit_compared(&self, class: [&str; 2], installed: &Arc<Installed>) -> Result<(), ModuleError> {
        let code: Arc<dyn CodeFile> = Arc::clone(installed) as _;
        let module = ComKind::new(Some(com())).exit_module_from(&code, "observer", &self.settings(class))?;
        module.initialize("Example CA", &FakeServer::authority()).map(drop)
    }

    /// The file that is registered for a class.
    fn file(&self, class: [&str; 2]) -> Result<PathBuf, ModuleError> {
        ComKind::new(Some(com())).class_file("observer", &self.settings(class))
    }

    fn refused(&self, class: [&str; 2], words: &[&str]) {
        let error = self.exit(class).unwrap_err();
        for word in words {
            assert!(error.message.contains(word), "{:?} {class:?}: {word} is not in: {error}", self.hosted.system);
        }
    }
}

/// The file that was installed for a class, and those that were asked about since.
struct Installed {
    file: PathBuf,
    asked: Mutex<Vec<PathBuf>>,
}

impl CodeFile for Installed {
    fn named(&self) -> &Path {
        &self.file
    }

    fn locate(&self) -> Result<PathBuf, ModuleError> {
        Err(ModuleError::invalid("nothing names the file"))
    }

    fn check(&self, found: &Path) -> Result<(), ModuleError> {
        self.asked.lock().push(found.to_owned());
        if found == self.file { Ok(()) } else { Err(ModuleError::invalid("this is not what was installed")) }
    }
}

/// What is to be done about a class that is not registered.
fn next(class: &str) -> [&str; 4] {
    [class, "registered", "exeunt-comhost register", "`path`"]
}

fn a_registered_class_is_loaded(system: System) {
    let registry = Registry::new(system);
    let file = observer(system);
    let said = registry.succeeds("register", &file);
    assert!(said.contains(&format!("Observer.Exit {EXIT}")) && said.contains("Observer.Policy"), "{said}");
    assert_eq!(registry.file(["progid", "observer.exit"]).unwrap(), file);
    let installed = Arc::new(Installed { file: file.clone(), asked: Mutex::default() });
    for class in [["progid", "observer.exit"], ["clsid", EXIT]] {
        registry.exit_compared(class, &installed).unwrap();
    }
    assert_eq!(*installed.asked.lock(), [file.clone(), file.clone()]);
    // By name as it was given, by identifier under the name that is registered for it: the same key of settings.
    let keys: Vec<String> = registry.hosted.journal().into_iter().filter(|line| line.starts_with("key ")).collect();
    let ends = [r"\ExitModules\observer.exit", r"\ExitModules\Observer.Exit"];
    assert_eq!(keys.len(), ends.len(), "{keys:?}");
    for (key, end) in keys.iter().zip(ends) {
        assert!(key.ends_with(end), "{key}");
    }
    registry.refused(["progid", "Nobody.Exit"], &next("`Nobody.Exit`"));
    registry.refused(["clsid", NOBODY], &next(NOBODY));

    // A name that has become another's stays, and what is still the file's goes.
    registry.rename("Observer.Policy", NOBODY);
    let output = registry.run("unregister", &registry.seen(&file));
    let [gone, left] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(
        output.status.success() && gone.contains("Observer.Exit") && !gone.contains("Observer.Policy "),
        "{gone}{left}"
    );
    assert!(left.contains(&format!("Observer.Policy is left alone: by now it names the class {NOBODY}")), "{left}");
    registry.refused(["progid", "Observer.Exit"], &next("`Observer.Exit`"));
    assert!(registry.file(["progid", "Observer.Policy"]).unwrap_err().message.contains(NOBODY));

    registry.succeeds("register", &file);
    let gone = registry.succeeds("unregister", &file);
    assert!(gone.contains("Observer.Exit") && gone.contains("Observer.Policy "), "{gone}");
    let refused = registry.file(["progid", "Observer.Policy"]).unwrap_err();
    assert!(refused.message.contains("`Observer.Policy` is registered"), "{refused}");
}

#[test]
fn a_registered_class_of_a_shared_object_is_loaded() {
    a_registered_class_is_loaded(System::Linux);
}

#[test]
fn a_registered_class_of_a_dll_is_loaded() {
    a_registered_class_is_loaded(System::Windows);
}

#[test]
fn the_registry_knows_the_file() {
    let registry = Registry::new(System::Linux);
    registry.refused(["progid", "Observer.Exit"], &next("Observer.Exit"));
    registry.refused(["clsid", EXIT], &next(EXIT));
    let file = observer(System::Linux);
    registry.succeeds("register", &file);
    let settings = registry.settings(["progid", "Observer.Policy"]);
    let policy = ComKind::new(Some(com())).policy_module("observer", &settings).unwrap();
    policy.initialize("Example CA", &FakeServer::authority()).unwrap();

    // Registered once more from another place, which is then the one; and what is gone is said.
    let moved = registry.hosted.state.path().join(file.file_name().unwrap());
    std::fs::copy(&file, &moved).unwrap();
    registry.succeeds("register", &moved);
    registry.exit(["clsid", EXIT]).unwrap();
    // What is registered by now is not what was installed; and it is found each time anew.
    let installed = Arc::new(Installed { file, asked: Mutex::default() });
    let refused = registry.exit_compared(["clsid", EXIT], &installed).unwrap_err();
    // It is another's, and the first file cannot take it back.
    let left = registry.run("unregister", installed.file.to_str().unwrap());
    let left = String::from_utf8(left.stderr).unwrap();
    assert!(left.contains(EXIT) && left.contains(&format!("by now they are of {}", moved.display())), "{left}");
    assert_eq!(
        (refused.message.as_str(), &*installed.asked.lock()),
        ("this is not what was installed", &vec![moved.clone()])
    );
    assert_eq!(registry.file(["clsid", EXIT]).unwrap(), moved);
    let nobody = registry.file(["progid", "Nobody.Exit"]).unwrap_err();
    assert_eq!(nobody.code, HResult::ERROR_FILE_NOT_FOUND);
    for word in next("`Nobody.Exit`") {
        assert!(nobody.message.contains(word), "{word} is not in: {nobody}");
    }
    std::fs::remove_file(&moved).unwrap();
    registry.refused(["clsid", EXIT], &[moved.to_str().unwrap(), "is not there", "exeunt-comhost register"]);
}

#[test]
fn what_cannot_be_registered_is_said() {
    let registry = Registry::new(System::Linux);
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.so");
    std::fs::write(&text, "no library").unwrap();
    for (file, words) in
        [("/nowhere/a.so", "/nowhere/a.so cannot be read"), (text.to_str().unwrap(), "cannot be loaded")]
    {
        let output = registry.run("register", file);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let bare = Command::new(&registry.program[0]).args(["register"]).output().unwrap();
    assert_eq!(bare.status.code(), Some(2));
    let homeless = Command::new(&registry.program[0]).args(["register", "/nowhere/a.so"]).output().unwrap();
    assert!(String::from_utf8_lossy(&homeless.stderr).contains("--registry"));
}
