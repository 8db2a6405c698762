//! What the pages show of C++ compiles, with the kit's headers and with those of mingw-w64.

use std::path::Path;
use std::process::Command;

use crate::built;
use crate::page::{checkout, text};

/// The blocks of C++ of a page.
fn blocks(name: &str) -> Vec<String> {
    let page = text(name);
    let blocks = page.split("\n```cpp\n").skip(1);
    blocks.map(|rest| rest.split("\n```").next().expect("a split has a first part").to_owned()).collect()
}

#[test]
fn cpp_compiles_for_both_systems() {
    let (kit, class) = (blocks("../modules/cpp.md"), blocks("../modules/com.md"));
    let ([settings, fail], [repeat]) = (kit.as_slice(), class.as_slice()) else {
        panic!("the pages have other blocks of C++ than this test knows")
    };
    // What stands around them: the methods they are parts of.
    let source = format!(
        r#"
#include "com.h"
#include <certsrv.h>
#include <certexit.h>
#include <certif.h>
#include <comdef.h>
_COM_SMARTPTR_TYPEDEF(ICertExit, __uuidof(ICertExit));
bool written_before(BSTR number);
{fail}
HRESULT initialize(ICertServerExit *server) {{
{settings}
    if (days == 0) return fail(HRESULT_FROM_WIN32(GetLastError()), L"the folder is missing: make it");
    return S_OK;
}}
HRESULT notify(ICertServerExit *server) {{
{repeat}
    return S_OK;
}}
"#
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shown.cpp");
    std::fs::write(&file, source).unwrap();
    let sdk = checkout().join("sdk/c");
    let example = checkout().join("examples/modules/cpp-exit");
    let compile = |compiler: &str, headers: &Path, flags: &[&str]| {
        let mut command = Command::new(compiler);
        command.args(["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]).args(flags);
        built::run(command.arg("-I").arg(&example).arg("-I").arg(headers).arg(&file));
    };
    // As `exeunt-module.mk` has them.
    let linux = ["-fshort-wchar", "-fno-builtin", "-D_GNU_SOURCE", "-D_GLIBCXX_ASSERTIONS"];
    let windows = ["-DUNICODE", "-D_UNICODE", "-D__USE_MINGW_ANSI_STDIO=0"];
    compile("g++", &sdk.join("include"), &linux);
    compile("x86_64-w64-mingw32-g++-posix", &sdk.join("windows/include"), &windows);
}
