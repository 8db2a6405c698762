//! The examples of every kind pass the laboratory, from the command line, as their authors would try them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::authority::{Done, Place, until};
use crate::support::built::{cpp, target, windows_host};
use crate::support::endpoint::Endpoint;

#[cfg(feature = "wasm")]
#[path = "../../../hosts/tests/support/components.rs"]
mod components;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn example(name: &str) -> PathBuf {
    checkout().join("examples/modules").join(name)
}

/// An example as it is once it is built: its manifest, and the file that the manifest names.
fn packaged(place: &Place, name: &str, entry: &str, built: &Path) -> String {
    let folder = place.path(name);
    let entry = folder.join(entry);
    std::fs::create_dir_all(entry.parent().unwrap()).unwrap();
    std::fs::copy(example(name).join("exeunt-module.toml"), folder.join("exeunt-module.toml")).unwrap();
    std::fs::copy(built, entry).unwrap();
    folder.display().to_string()
}

/// `exeunt module test`. The prefixes of Wine are made beside the template that the tests share.
fn tried(place: &Place, source: &str, settings: &[&str], more: &[&str]) -> Done {
    let (cache, com) = (place.path("cache"), target().join("comhost/com"));
    let scratch = com.join("tests");
    std::fs::create_dir_all(&scratch).unwrap();
    std::fs::create_dir_all(cache.join("exeunt")).unwrap();
    if !cache.join("exeunt/com").exists() {
        std::os::unix::fs::symlink(&com, cache.join("exeunt/com")).unwrap();
    }
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let arguments: Vec<&str> = ["module", "test", source, "--json"].into_iter().chain(settings).collect();
    let mut command = place.command(&[&arguments, more].concat());
    command.env("XDG_CACHE_HOME", cache).env("TMPDIR", scratch);
    Done::of(&command.output().unwrap())
}

/// The verdicts by check, of a module that has to be good.
fn passes(place: &Place, source: &str, settings: &[&str], more: &[&str]) -> Value {
    let done = tried(place, source, settings, more);
    let report = done.json();
    let failed: Vec<&Value> =
        report["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "failed").collect();
    assert!(done.code == 0 && failed.is_empty(), "{source}: {failed:#?} {}", done.stderr);
    report
}

fn verdict<'a>(report: &'a Value, check: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|found| found["name"] == check).unwrap_or_else(|| panic!("no {check} in {report:#}"))
}

fn assert_passed(report: &Value, checks: &[&str]) {
    for check in checks {
        let found = verdict(report, check);
        assert_eq!(found["verdict"], "passed", "{found:#}");
    }
}

#[test]
fn shared_objects_in_cpp() {
    let place = Place::new();
    let publisher = cpp("cpp-exit", "publisher.so", "linux");
    let source = packaged(&place, "cpp-exit", "build/publisher.so", &publisher);
    let settings =
        ["state_directory={scratch}/state", "Directory={scratch}", "FileName=%RequestID%-%SerialNumber%.cer"];
    let exit = passes(&place, &source, &settings, &[]);
    assert_passed(&exit, &["crl-issued", "unknown-event", "killed", "huge-crl", "memory"]);

    let guard = cpp("cpp-policy", "guard.so", "linux");
    let source = packaged(&place, "cpp-policy", "build/guard.so", &guard);
    let settings = ["state_directory={scratch}/state", "Unit=Engineering", "Policy=1.3.6.1.4.1.99999.1"];
    let policy = passes(&place, &source, &settings, &[]);
    assert_passed(&policy, &["new-request", "writes", "refused-writes", "killed", "memory"]);
}

/// A file alone is enough: what it is is found out, and what it needs.
#[test]
fn a_shared_object_is_added_to_a_server_set_and_removed() {
    let place = Place::new();
    let server = place.serve(&[]);
    let published = place.path("published");
    std::fs::create_dir(&published).unwrap();
    let publisher = cpp("cpp-exit", "publisher.so", "linux").display().to_string();
    let directory = format!("setting.Directory={}", published.display());
    place.run(&["module", "add", &publisher, "--set", &directory]).ok();
    let shown = place.run(&["module", "show", "publisher"]).ok().stdout;
    for said in ["Publishes certificates and CRLs as files", "File Version: 1.0.0", "com", "running"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    // Its settings are in its registry, where a change is found at once.
    let file = |request: u64| std::fs::read(published.join(format!("{request}.cer"))).unwrap_or_default();
    place.issue("a.example");
    until("the certificate is published", || file(1).first() == Some(&0x30));
    place.run(&["module", "set", "publisher", "setting.Format=PEM"]).ok();
    place.issue("b.example");
    until("it is published as text", || file(2).starts_with(b"-----BEGIN CERTIFICATE-----"));
    place.run(&["module", "set", "publisher", "--unset", "setting.Format"]).ok();
    place.issue("c.example");
    until("it is published as before", || file(3).first() == Some(&0x30));
    place.run(&["module", "remove", "publisher"]).ok();

    // What is missing is said with how to get it.
    let dll = cpp("cpp-exit", "publisher.dll", "windows").display().to_string();
    let (no_host, any) = (["module", "add", &dll, "--name", "dll"], format!("comhost={dll}"));
    let no_wine = ["module", "set", "dll", &any, "wine=/nowhere/wine64"];
    for (arguments, words) in [
        (&no_host[..], &["exeunt-comhost.exe", "comes with a release", "exeunt module set dll"][..]),
        (&no_wine, &["`wine`", "/nowhere/wine64", "no file"]),
        (&["module", "add", &publisher, "--role", "policy"], &["ExeuntPublisher.Exit", "--role exit"]),
    ] {
        let done = place.run(arguments);
        let heard = format!("{}{}", done.stdout, done.stderr);
        assert!(words.iter().all(|word| heard.contains(word)), "{arguments:?}: {words:?} in {heard}");
    }
    server.stop();
}

#[test]
fn a_dll_under_wine() {
    let place = Place::new();
    let publisher = cpp("cpp-exit", "publisher.dll", "windows");
    let host = format!("comhost={}", windows_host().display());
    let directory = target().join("comhost/com/tests").display().to_string().replace('/', "\\");
    let folder = tempfile::tempdir_in(target().join("comhost/com/tests")).unwrap();
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let settings = [
        host.as_str(),
        "state_directory={scratch}/state",
        &format!("setting.Directory=Z:{directory}\\{name}"),
        "setting.FileName=%RequestID%-%SerialNumber%.cer",
    ];
    let report = passes(&place, publisher.to_str().unwrap(), &settings, &["--role", "exit"]);
    assert_passed(&report, &["crl-issued", "unknown-event", "killed", "strange-names", "huge-crl", "stop"]);
}

#[cfg(feature = "wasm")]
#[test]
fn components() {
    let place = Place::new();
    let cache = format!("cache_directory={}", components::cache().display());
    let built = components::rust(&example("wasm-rust-ledger"), "wasm_rust_ledger");
    let entry = "target/wasm32-wasip2/release/wasm_rust_ledger.wasm";
    let source = packaged(&place, "wasm-rust-ledger", entry, &built);
    let ledger = passes(&place, &source, &[&cache, "dir./ledger={scratch}"], &[]);
    assert_passed(&ledger, &["crl-issued", "repeat", "huge-crl", "late-delivery"]);
    let why = verdict(&ledger, "unknown-event")["why"].as_str().unwrap();
    assert!(why.starts_with("not applicable"), "{why}");

    let built = components::python(&example("wasm-python-names"), "policy", "names");
    let source = packaged(&place, "wasm-python-names", "names.wasm", &built);
    let domains = "domains=example.org,example.net,example.com,corp.example";
    let names = passes(&place, &source, &[&cache, domains, "days=30"], &[]);
    assert_passed(&names, &["new-request", "writes", "refused-writes", "strange-names"]);
}

#[test]
fn an_endpoint() {
    let place = Place::new();
    let receiver = Endpoint::receiver(&place, &["--deny", "mallory"]);
    let arguments = receiver.settings(&place);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let exit = passes(&place, "webhook", &["batch=10"], &arguments);
    assert_passed(&exit, &["cert-issued", "repeat", "batch", "unknown-event", "slow-server", "huge-values"]);
    let policy = passes(&place, "webhook", &[], &[&arguments[..], &["--role", "policy"]].concat());
    assert_passed(&policy, &["new-request", "sub-ca", "resubmitted", "huge-values"]);
}
