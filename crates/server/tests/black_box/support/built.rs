//! Modules of the examples, built once: what is compiled is shared with the tests of the hosts, in the same folders below `target/`,
//! behind the same lock.

#![allow(dead_code, reason = "not every test program uses everything")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The module of an example in C++, built by its own Makefile for `linux` or `windows`.
pub fn cpp(name: &str, file: &str, goal: &str) -> PathBuf {
    let host = Path::new(env!("CARGO_BIN_EXE_exeunt")).with_file_name("exeunt-comhost");
    assert!(host.is_file(), "no {}; build it: cargo build -p comhost", host.display());
    alone(|folder| {
        let build = folder.join(name);
        let mut make = Command::new("make");
        // What the runner of this test is built with is nothing to the module.
        make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        make.args(["-s", "-j2", "-C"]).arg(checkout().join("examples/modules").join(name));
        run(make.arg(format!("BUILD={}", build.display())).args(["OPTIMIZE=-O1", goal]));
        build.join(file)
    })
}

/// `exeunt-comhost.exe`, for DLLs under Wine.
pub fn windows_host() -> PathBuf {
    let script = checkout().join(".ci/comhost-windows");
    alone(|_| run(Command::new(script).arg(target()).env("CARGO", env!("CARGO")))).into()
}

/// The folder that everything is built into.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_exeunt")).ancestors().nth(2).unwrap().to_owned()
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Holds the lock under which modules and hosts are built: test programs run beside each other.
fn alone<T>(build: impl FnOnce(&Path) -> T) -> T {
    let folder = target().join("comhost");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    build(&folder)
}

/// The component of an example in Rust.
pub fn component(example: &Path, name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip2", "--target-dir"]);
    build.arg(&target).arg("--manifest-path").arg(example.join("Cargo.toml"));
    // What the outer build was told is not meant for this one.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR"] {
        build.env_remove(name);
    }
    run(&mut build);
    target.join(format!("wasm32-wasip2/release/{name}.wasm"))
}

/// Runs it to its end, which must be a good one, and returns what it said.
pub fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{command:?}:\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
