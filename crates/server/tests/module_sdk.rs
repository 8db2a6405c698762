//! What `exeunt module sdk` writes into a folder, and what it leaves alone when it renews it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECORD: &str = "exeunt-sdk.sha256";

/// `exeunt module sdk`, in this folder.
fn sdk(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_exeunt"))
        .current_dir(folder)
        .args(["--json", "module", "sdk"])
        .args(arguments)
        .output()
        .unwrap()
}

/// What it did.
fn done(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = sdk(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Why it did nothing.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = sdk(folder, arguments);
    assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn count(done: &serde_json::Value, what: &str) -> usize {
    done.get(what).unwrap().as_array().unwrap().len()
}

#[test]
fn every_kit_is_written_and_then_as_it_should_be() {
    let folder = tempfile::tempdir().unwrap();
    for (kit, place, file) in [
        ("c", "exeunt-sdk", "include/certexit.h"),
        ("python", "exeunt_module", "serve.py"),
        ("rust", "crates", "stdio/src/lib.rs"),
        ("wire", "wire", "protocol.schema.json"),
        ("wit", "wit", "types.wit"),
    ] {
        let arguments = if kit == "rust" { vec![kit, place] } else { vec![kit] };
        let first = done(folder.path(), &arguments);
        let place = folder.path().join(place);
        assert!(place.join(file).is_file(), "{kit}: no {file}");
        assert_eq!(count(&first, "written"), first.get("files").unwrap().as_u64().unwrap() as usize + 1, "{kit}");
        let mut check = Command::new("sha256sum");
        check.args(["--check", "--strict", "--quiet", RECORD]).current_dir(&place);
        assert!(check.status().unwrap().success(), "{kit}");
        let again = done(folder.path(), &arguments);
        assert_eq!((count(&again, "written"), count(&again, "removed")), (0, 0), "{kit}");
    }
    assert!(refused(folder.path(), &["c", "crates"]).contains("module sdk rust"));
}

/// What authors get from the executable is what they would get of the published crates; but for tests, and what cargo adds.
#[test]
fn the_crates_are_those_that_are_published() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["rust", "crates"]);
    let record = fs::read_to_string(folder.path().join("crates").join(RECORD)).unwrap();
    for (name, package) in [("module", "exeunt-module"), ("stdio", "exeunt-stdio")] {
        let listed = Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["package", "--list", "--allow-dirty", "--offline", "--package", package])
            .output()
            .unwrap();
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let listed = String::from_utf8(listed.stdout).unwrap();
        let added = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];
        let published: BTreeSet<&str> =
            listed.lines().filter(|path| !added.contains(path) && !path.ends_with("/tests.rs")).collect();
        let prefix = format!("  {name}/");
        let copied = record.lines().filter_map(|line| line.split_once(&prefix).map(|(_, path)| path));
        // The executable's copy has the licences once, for both.
        let copied: BTreeSet<&str> = copied.chain(["LICENSE-APACHE", "LICENSE-MIT"]).collect();
        assert_eq!(published, copied, "{package}");
    }
}

/// A folder as another version wrote it becomes that of this one; what the author has there stays.
#[test]
fn a_folder_of_another_version_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["wit"]);
    let wit = folder.path().join("wit");
    let sum = |text: &str| hex::encode(pki::sha256(text.as_bytes()));
    fs::write(wit.join("types.wit"), "older").unwrap();
    fs::create_dir(wit.join("gone")).unwrap();
    fs::write(wit.join("gone/old.wit"), "gone").unwrap();
    fs::write(wit.join("mine.txt"), "mine").unwrap();
    fs::write(wit.join("kept.txt"), "changed since").unwrap();
    let record = fs::read_to_string(wit.join(RECORD)).unwrap();
    let mut lines: Vec<String> =
        record.lines().filter(|line| !line.ends_with("types.wit")).map(str::to_owned).collect();
    for (name, text) in [("types.wit", "older"), ("gone/old.wit", "gone"), ("kept.txt", "as it was")] {
        lines.push(format!("{}  {name}", sum(text)));
    }
    fs::write(wit.join(RECORD), lines.join("\n")).unwrap();

    let renewed = done(folder.path(), &["wit"]);
    assert_eq!((count(&renewed, "written"), count(&renewed, "removed")), (2, 1), "{renewed}");
    assert!(!wit.join("gone").exists());
    assert_eq!(fs::read_to_string(wit.join("mine.txt")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(wit.join("kept.txt")).unwrap(), "changed since");
    assert_eq!(fs::read_to_string(wit.join(RECORD)).unwrap(), record);
}

#[test]
fn what_is_the_authors_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("wit")).unwrap();
    fs::write(folder.path().join("wit/types.wit"), "mine").unwrap();
    assert!(refused(folder.path(), &["wit"]).contains("wit/types.wit"));
    assert_eq!(fs::read_dir(folder.path().join("wit")).unwrap().count(), 1, "nothing was written");

    fs::remove_file(folder.path().join("wit/types.wit")).unwrap();
    done(folder.path(), &["wit"]);
    fs::write(folder.path().join("wit/server.wit"), "changed").unwrap();
    fs::remove_file(folder.path().join("wit/types.wit")).unwrap();
    assert!(refused(folder.path(), &["wit"]).contains("wit/server.wit"));
    assert!(!folder.path().join("wit/types.wit").exists());
    fs::remove_file(folder.path().join("wit/server.wit")).unwrap();
    assert_eq!(count(&done(folder.path(), &["wit"]), "written"), 2);
}

/// A record from elsewhere leads to no file outside.
#[test]
fn a_record_names_files_below_its_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("precious"), "mine").unwrap();
    done(folder.path(), &["wit"]);
    let record = folder.path().join("wit").join(RECORD);
    let text = fs::read_to_string(&record).unwrap();
    for name in ["../precious", "/etc/hostname", ""] {
        fs::write(&record, format!("{text}{}  {name}\n", hex::encode(pki::sha256(b"mine")))).unwrap();
        assert!(refused(folder.path(), &["wit"]).contains("not as Exeunt wrote it"), "{name}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("precious")).unwrap(), "mine");
}
