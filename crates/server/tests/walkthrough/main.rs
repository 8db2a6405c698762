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
//! Ports are replaced by free ones. Blocks of plain `sh`, and commands in tables, are only parsed: see `manual_pages.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod page;

use page::run;

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
