//! What is said of files that cannot be loaded, and how classes are found.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;
use std::process::Command;

use hosts::com::{Format, Library};
use module::{ExitModule, ModuleError, PolicyModule};
use support::{FakeServer, Hosted, System, observer, target};

fn initialize(hosted: &Hosted) -> Result<(), ModuleError> {
    hosted.exit().initialize("Example CA", &FakeServer::authority()).map(drop)
}

fn refused(hosted: &Hosted, words: &[&str]) {
    let error = initialize(hosted).unwrap_err();
    for word in words {
        assert!(error.message.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn both_libraries_are_told_apart() {
    for (system, format) in [(System::Linux, Format::Linux), (System::Windows, Format::Windows)] {
        let library = Library::read(&observer(system)).unwrap();
        assert_eq!((library.format, library.machine.as_str()), (format, "x86-64"));
        assert!(library.is_library && !library.is_managed);
        assert!(library.exports("DllGetClassObject") && library.exports("DllRegisterServer"), "{library:?}");
        assert_eq!(library.exports("exeunt_attach"), system == System::Linux);
    }
}

#[test]
fn a_class_is_found_by_its_name_and_by_its_identifier() {
    for system in System::ALL {
        for setting in [("progid", "observer.exit"), ("clsid", "6f1c0d0a-6b1b-4b8f-9b51-0f4c8e2d7a01")] {
            initialize(&Hosted::observer(system, &[setting])).unwrap();
        }
        refused(&Hosted::observer(system, &[("progid", "Nobody.Exit")]), &["Nobody.Exit"]);
        let unknown = "{00000000-0000-0000-0000-000000000001}";
        refused(&Hosted::observer(system, &[("clsid", unknown)]), &["class factory"]);
        refused(&Hosted::observer(system, &[("clsid", "nonsense")]), &["the setting `clsid` cannot be `nonsense`"]);
    }
}

#[test]
fn a_class_of_the_other_role_is_refused() {
    for system in System::ALL {
        let policy = ("clsid", "{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A02}");
        refused(&Hosted::observer(system, &[policy]), &["no module of this role"]);
        let exit = ("clsid", "{6F1C0D0A-6B1B-4B8F-9B51-0F4C8E2D7A01}");
        let hosted = Hosted::observer(system, &[exit]);
        let error = hosted.policy().initialize("Example CA", &FakeServer::authority()).unwrap_err();
        assert!(error.message.contains("no module of this role"), "{error}");
    }
}

#[test]
fn what_is_no_module_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let compiled = |name: &str, compiler: &str, source: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        let file = folder.path().join(format!("{name}.c"));
        std::fs::write(&file, source).unwrap();
        let status = Command::new(compiler).args(arguments).arg(&file).arg("-o").arg(&path).status();
        assert!(status.unwrap_or_else(|error| panic!("{compiler}: {error}; ./test installs it")).success());
        path
    };
    let said = |system: System, file: &Path, words: &[&str]| refused(&Hosted::new(system, file, &[]), words);

    said(System::Linux, Path::new("/nowhere/a.so"), &["/nowhere/a.so", "cannot be read"]);
    let text = folder.path().join("text.dll");
    std::fs::write(&text, "MZ, but no more").unwrap();
    said(System::Windows, &text, &["neither a DLL nor a shared object"]);
    let plain = "int nothing(void) { return 0; }";
    let shared = ["-shared", "-fPIC"];
    said(System::Linux, &compiled("plain.so", "cc", plain, &shared), &["does not export `DllGetClassObject`"]);
    let foreign = "int DllGetClassObject(void) { return 0; }";
    said(System::Linux, &compiled("foreign.so", "cc", foreign, &shared), &["sdk/c", "exeunt_attach"]);
    let mingw = "x86_64-w64-mingw32-gcc-posix";
    said(System::Windows, &compiled("plain.dll", mingw, plain, &["-shared"]), &["does not export `DllGetClassObject`"]);
    let program = "int main(void) { return 0; }";
    said(System::Windows, &compiled("program.exe", mingw, program, &[]), &["is a program", "`process`"]);

    // The same file for another processor: the number of it is in the header.
    let mut bytes = std::fs::read(observer(System::Windows)).unwrap();
    let header = u32::from_le_bytes(bytes[0x3c..0x40].try_into().unwrap()) as usize;
    bytes[header + 4..header + 6].copy_from_slice(&0x014c_u16.to_le_bytes());
    let narrow = folder.path().join("narrow.dll");
    std::fs::write(&narrow, bytes).unwrap();
    said(System::Windows, &narrow, &["a DLL for x86 processors", "x86-64"]);
}

#[test]
fn what_is_missing_is_said_with_where_to_get_it() {
    let gone = target().join("gone");
    let gone = gone.to_str().unwrap();
    refused(&Hosted::observer(System::Windows, &[("wine", gone)]), &["`wine`", "which is no file"]);
    refused(&Hosted::observer(System::Linux, &[("comhost", gone)]), &["`comhost`", "which is no file"]);
    // Something that is no Wine at all.
    let prefix = tempfile::tempdir().unwrap();
    let kind = hosts::com::ComKind::new(Some(prefix.path().to_owned()));
    let mut settings = Hosted::observer(System::Windows, &[("wine", "/bin/false")]).settings;
    settings.unset("state_directory");
    let error = kind.as_process("observer", module::Role::Exit, &settings).unwrap_err();
    assert!(error.message.contains("Wine cannot make its prefix"), "{error}");
}

#[test]
fn a_bad_setting_is_named() {
    refused(&Hosted::observer(System::Linux, &[("setting.Level", "dword:many")]), &["`Level`", "`many`"]);
}

#[test]
fn a_person_who_starts_the_host_is_told_what_it_is_for() {
    let host = env!("CARGO_BIN_EXE_exeunt-comhost");
    let run = |arguments: &[&str]| {
        let output = Command::new(host).args(arguments).stdin(std::process::Stdio::null()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, text) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(text.contains("exeunt module add FILE"), "{text}");
    assert_eq!(run(&["exit", "--colour", "red"]).0, Some(2));
    assert_eq!(run(&["exit"]).0, Some(2));
    assert_eq!(run(&["--help"]).0, Some(0));
}
