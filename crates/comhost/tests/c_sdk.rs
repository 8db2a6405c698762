//! The C kit (`sdk/c`): its runtime under the sanitizers, its constants beside those of headers made by others, and what it
//! says to a module that breaks its rules.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Where things are built, once for all runs.
fn build(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("c-sdk").join(name)
}

/// Holds a folder's lock while something is built in it: two runs of the tests may share a target directory.
fn alone<T>(name: &str, build_in: impl FnOnce() -> T) -> T {
    let folder = build("");
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    build_in()
}

/// Runs it to its end. What is missing is named, with how to get it.
fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    command.output().unwrap_or_else(|error| {
        panic!("{program} cannot be started ({error}): apt install build-essential g++-mingw-w64-x86-64-posix python3 binutils")
    })
}

fn succeeds(command: &mut Command) -> String {
    let output = run(command);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} {}:\n{text}", output.status);
    text
}

fn make(directory: &Path, build: &Path, targets: &[&str]) -> Command {
    let mut command = Command::new("make");
    command.args(["-s", "-j2", "-C"]).arg(directory).arg(format!("BUILD={}", build.display())).args(targets);
    // Of this run, not of a make that may have started it.
    command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    command
}

#[test]
fn the_runtime_keeps_what_windows_promises() {
    let text = alone("tests", || succeeds(&mut make(&root().join("sdk/c/tests"), &build("tests"), &[])));
    assert!(text.contains(" 0 failures"), "{text}");
}

#[test]
fn constants_are_those_of_other_headers() {
    let compare = root().join("sdk/c/tests/compare-headers");
    let text = alone("constants", || succeeds(Command::new(compare).arg(build("constants"))));
    assert!(text.contains("are in both, and the same"), "{text}");
}

/// A module of one source file; what `make` said, and whether it built.
fn module(name: &str, extension: &str, source: &str) -> (bool, String) {
    alone("modules", || build_module(name, extension, source))
}

fn build_module(name: &str, extension: &str, source: &str) -> (bool, String) {
    let directory = build(name);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(format!("{name}.{extension}")), source).unwrap();
    let snippet = root().join("sdk/c/exeunt-module.mk");
    let makefile = format!("MODULE := {name}\nSOURCES := {name}.{extension}\ninclude {}\n", snippet.display());
    fs::write(directory.join("Makefile"), makefile).unwrap();
    let output = run(make(&directory, &build("modules"), &["OPTIMIZE=-O0", "linux"]).env("LC_ALL", "C"));
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// What source of 2003 takes for granted, and a resource beside it: builds for both systems as it stands.
const OLD: &str = r#"
#pragma comment(lib, "advapi32.lib")
#define WIN32_LEAN_AND_MEAN
#include <Windows.h>
#include <TCHAR.H>
#include <crtdbg.h>
#include <ObjBase.h>
#include <WinCrypt.h>
#include <CertSrv.h>
#include <CertExit.h>
STDAPI DllGetClassObject(REFCLSID rclsid, REFIID riid, LPVOID FAR *ppv)
{
    TCHAR szClass[64];
    WCHAR wszText[128];
    DWORD cch = 128;
    _ASSERTE(ppv != NULL);
    *ppv = NULL;
    StringFromGUID2(rclsid, szClass, 64);
    _stprintf(wszText, _T("%s %d"), szClass, EXITEVENT_CERTIMPORTED);
    wsprintf(szClass, _T("%#lx"), GetLastError());
    lstrcpyn(wszText, lstrcat(lstrcpy(szClass, _T("a")), L"b"), 8);
    CryptBinaryToString((const BYTE *)&riid, 16, CRYPT_STRING_BASE64, wszText, &cch);
    return lstrlen(wszText) > 0 ? ResultFromScode(CLASS_E_CLASSNOTAVAILABLE) : HRESULT_FROM_WIN32(ERROR_OPEN_FAILED);
}
STDAPI DllCanUnloadNow() { return NOERROR; }
"#;

#[test]
fn source_of_2003_builds_for_both() {
    alone("modules", || {
        let directory = build("old");
        fs::create_dir_all(&directory).unwrap();
        let snippet = root().join("sdk/c/exeunt-module.mk");
        for (name, text) in [
            ("Old.cpp", OLD.to_owned()),
            ("Old.rc", "STRINGTABLE\nBEGIN\n101 \"Old\"\nEND\n".to_owned()),
            ("old.def", "EXPORTS\n    DllGetClassObject @1 PRIVATE\n    DllCanUnloadNow @2 PRIVATE\n".to_owned()),
            ("Makefile", format!("MODULE := old\nSOURCES := Old.cpp Old.rc\ninclude {}\n", snippet.display())),
        ] {
            fs::write(directory.join(name), text).unwrap();
        }
        succeeds(make(&directory, &build("modules"), &["OPTIMIZE=-O0", "linux"]).env("LC_ALL", "C"));
        let dll = build("modules").join("old.dll");
        let _ = fs::remove_file(&dll);
        let said = succeeds(&mut make(&directory, &build("modules"), &["OPTIMIZE=-O0", "windows"]));
        assert_eq!(said, "", "with -s nothing is said");
        // The text of the resource is in the file, in 16-bit characters.
        let library = fs::read(&dll).unwrap();
        assert!(library.windows(6).any(|bytes| bytes == b"O\0l\0d\0"), "{} has no resource", dll.display());
    });
}

const NO_CLASSES: &str = "STDAPI DllGetClassObject(REFCLSID, REFIID, LPVOID *) { return CLASS_E_CLASSNOTAVAILABLE; }";

#[test]
fn a_module_is_held_to_the_rules() {
    // Names of headers in any case, old C texts, C++ texts: all of it as on Windows.
    let well = format!(
        "#include <Windows.h>\n#include <CertSrv.h>\n#include <string>\n{NO_CLASSES}\n\
         std::wstring join(const wchar_t *a) {{ return std::wstring(a) + L\".\" + std::to_wstring(wcslen(a)); }}\n\
         STDAPI DllCanUnloadNow() {{ return join(L\"x\").size() == 3 ? S_OK : S_FALSE; }}\n"
    );
    let (built, text) = module("well", "cpp", &well);
    assert!(built, "{text}");
    let in_c = "#define COBJMACROS\n#include <windows.h>\n#include <certsrv.h>\n\
        STDAPI DllGetClassObject(REFCLSID clsid, REFIID riid, LPVOID *object) {\n\
        if (IsEqualIID(riid, &IID_IUnknown) && IsEqualCLSID(clsid, &CLSID_NULL)) { ICertServerExit_SetContext((ICertServerExit *)*object, 0); }\n\
        return CLASS_E_CLASSNOTAVAILABLE; }\n";
    let (built, text) = module("well-in-c", "c", in_c);
    assert!(built, "{text}");
    for (name, source, said) in [
        ("no-classes", "#include <windows.h>\nint hidden() { return 0; }\n".to_owned(), "exports no DllGetClassObject"),
        (
            "wide-stream",
            format!(
                "#include <windows.h>\n#include <sstream>\n{NO_CLASSES}\nSTDAPI DllCanUnloadNow() {{ std::wostringstream s; s << 1; return s.good() ? S_OK : S_FALSE; }}\n"
            ),
            "which has 32-bit characters",
        ),
        (
            "wide-scan",
            format!(
                "#include <windows.h>\n{NO_CLASSES}\nSTDAPI DllCanUnloadNow() {{ int i; return swscanf(L\"1\", L\"%d\", &i); }}\n"
            ),
            "which has 32-bit characters",
        ),
        (
            "unknown-call",
            format!(
                "#include <windows.h>\n{NO_CLASSES}\nSTDAPI DllCanUnloadNow() {{ return CreateProcessW(0) ? S_OK : S_FALSE; }}\n"
            ),
            "CreateProcessW",
        ),
        (
            "export",
            format!(
                "#include <windows.h>\n{NO_CLASSES}\nextern \"C\" __declspec(dllexport) int more() {{ return 1; }}\n"
            ),
            "",
        ),
    ] {
        let (built, text) = module(name, "cpp", &source);
        // A name too many is hidden by the version script, and so no reason to fail.
        assert_eq!(built, said.is_empty(), "{name}: {text}");
        assert!(text.contains(said), "{name}: {text}");
    }
}
