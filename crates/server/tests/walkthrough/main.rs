//! The manual's commands are run: page by page, in order, each page in a folder of its own, with the real executable.
//!
//! A fenced block is run when its info string says so; what else it says is up to the reader of the page:
//!
//! | Info string | |
//! |---|---|
//! | `sh run` | is run in the page's shell; every command must succeed |
//! | `sh fails 4` | must end with this code |
//! | `sh until` | is repeated until it succeeds: whoever types it in is slower than the server |
//! | `sh serve` | starts a server, in the background; what follows waits until it is ready. The same command a second time stops the first one before |
//!
//! | `python file x.py` | is what the reader saves as `x.py`; any language will do |
//! | `rust in src/lib.rs` | is what the reader adds to this file |
//! | `sh windows`, `sh browser` | needs that, and is not run here |
//!
//! Ports are replaced by free ones, `/srv` and `/var/lib` by folders of the page's own. Blocks of plain `sh`, and commands in
//! tables, are only parsed: see `manual_pages.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../black_box/support/built.rs"]
mod built;
mod page;
mod snippets;

use std::fmt::Write;

use page::{run, run_given};

/// A server, and what comes of the modules that the page adds to it.
const SERVER: &str = "serve 'exeunt serve'";
const ALL_RUN: &str = r#"
exeunt module list --json > modules.json
cat modules.json
jq -e '[.. | objects | select(has("kind") and has("role")) | .state] | length > 2 and all(. == "running")' modules.json
"#;

#[test]
fn first_steps() {
    run("first-steps.md");
}

#[test]
fn requests() {
    run("requests.md");
}

#[test]
fn crls() {
    run("crls.md");
}

#[test]
fn modules() {
    run("modules.md");
}

/// The page fetches the metrics: those are the ones it lists.
#[test]
fn administration() {
    let folder = run("administration.md");
    let page = page::text("administration.md");
    let fetched = std::fs::read_to_string(folder.path().join("metrics.txt")).unwrap();
    let mut offered: Vec<&str> =
        fetched.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let mut listed: Vec<&str> = rows.map(|(name, _)| name).collect();
    listed.retain(|name| name.starts_with("exeunt_") && !name.contains(' '));
    listed.sort_unstable();
    offered.sort_unstable();
    assert_eq!(listed, offered);
}

#[test]
fn laboratory() {
    run("../modules/laboratory.md");
}

#[test]
fn performance() {
    run("performance.md");
}

#[test]
fn webhook() {
    run("../modules/webhook.md");
}

/// The kind `wasm` is among those that the page is about.
#[cfg(feature = "wasm")]
#[test]
fn first_module() {
    run("../modules/first-module.md");
}

#[test]
fn process() {
    let example = page::checkout().join("examples/modules/python-expiry/expiry.py");
    let given = format!(
        "{SERVER}\nmkdir -p srv/exeunt var/lib/exeunt-expiry\ncp '{}' srv/exeunt/\n\
         exeunt module new archive --lang python --dir made\ncp -r made/archive.py made/exeunt_module srv/",
        example.display()
    );
    run_given("../modules/process.md", &given, ALL_RUN);
}

#[test]
fn rust() {
    run("../modules/rust.md");
}

#[test]
fn python() {
    run_given("../modules/python.md", SERVER, ALL_RUN);
}

/// What the page calls yours is a project of `exeunt module new` here, under other names.
#[test]
fn cpp() {
    built::windows_host();
    let given = "
        exeunt module new archive --lang cpp --dir yours
        cp yours/com.h yours/archive.def .
        cp yours/module.cpp archive.cpp
        cp yours/server.cpp settings.cpp
    ";
    let folder = run_given("../modules/cpp.md", given, "");
    assert!(folder.path().join("build/archive.dll").is_file());
}

#[test]
fn porting() {
    built::windows_host();
    let publisher = built::cpp("cpp-exit", "publisher.dll", "windows");
    let given = format!("{SERVER}\nmkdir -p srv/certificates\ncp '{}' .", publisher.display());
    run_given("../modules/porting.md", &given, &format!("cd ..\n{ALL_RUN}"));
}

/// The files are the examples.
#[test]
fn com() {
    let mut given = format!("{SERVER}\nmkdir -p srv/exeunt srv/certificates var/lib usr/lib/exeunt\n");
    given.push_str("ln -s ../../exeunt-data var/lib/exeunt\n");
    for (name, module) in [("cpp-exit", "publisher"), ("cpp-policy", "guard")] {
        for (extension, system) in [("so", "linux"), ("dll", "windows")] {
            let built = built::cpp(name, &format!("{module}.{extension}"), system);
            writeln!(given, "cp '{}' srv/exeunt/", built.display()).unwrap();
        }
    }
    let host = built::windows_host();
    writeln!(given, "cp '{0}'/*.exe '{0}'/*.dll usr/lib/exeunt/", host.parent().unwrap().display()).unwrap();
    run_given("../modules/com.md", &given, ALL_RUN);
}

/// The component and its manifest are the example; `my_module.py` is that of a new project.
#[cfg(feature = "wasm")]
#[test]
fn wasm() {
    let example = page::checkout().join("examples/modules/wasm-rust-ledger");
    let component = built::component(&example, "wasm_rust_ledger");
    let given = format!(
        "{SERVER}
        release=srv/exeunt/ledger/target/wasm32-wasip2/release
        mkdir -p $release srv/ledger srv/archive
        cp '{example}/exeunt-module.toml' srv/exeunt/ledger/
        cp '{component}' $release/
        cp '{component}' srv/exeunt/ledger.wasm
        exeunt module new my-module --lang wasm-python --dir yours
        cp yours/app.py my_module.py
        cp yours/lines.py .",
        example = example.display(),
        component = component.display()
    );
    run_given("../modules/wasm.md", &given, ALL_RUN);
}
