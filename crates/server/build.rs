//! Gathers what authors of modules build with (`exeunt module new`, `exeunt module sdk`), so that the executable is all they
//! need: the kit for C, the Python package, the interfaces of components, the protocol's schema, and the crates `exeunt-module`
//! and `exeunt-stdio` as source. Their manifests inherit from the workspace, which an author has not: that is resolved here, and
//! tests are left out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

type Failure = Box<dyn std::error::Error>;

/// The crates that a module in Rust is built on: the folder of each in `crates/`.
const CRATES: [&str; 2] = ["module", "stdio"];

/// What says under which terms a copy may be used; in every kit.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

fn main() -> Result<(), Failure> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut generated = String::new();
    for (constant, from, parts) in [
        (
            "C",
            "sdk/c",
            &["check-module", "exeunt-module.mk", "header-aliases", "include", "module.map", "runtime", "windows"][..],
        ),
        ("PYTHON", "sdk/python/src/exeunt_module", &["."]),
        ("WIRE", "sdk/wire", &["protocol.schema.json"]),
        ("WIT", "sdk/wit", &["server.wit", "types.wit", "worlds.wit"]),
    ] {
        let mut files = licences(&root)?;
        for part in parts {
            gather(&root.join(from), Path::new(part), &mut files)?;
        }
        constant_of(constant, &files, &mut generated)?;
    }
    let workspace: Table = read(&root.join("Cargo.toml"))?.parse()?;
    let mut files = licences(&root)?;
    for folder in CRATES {
        let place = root.join("crates").join(folder);
        let manifest = manifest(&workspace, &read(&place.join("Cargo.toml"))?.parse()?)?;
        let text = format!(
            "# As it is in Exeunt's workspace, with what it inherits there written out.\n\n{}",
            toml::to_string(&manifest)?
        );
        files.insert(format!("{folder}/Cargo.toml"), written(&out, &format!("{folder}/Cargo.toml"), &text)?);
        let mut sources = Files::new();
        for part in ["README.md", "src"] {
            gather(&place, Path::new(part), &mut sources)?;
        }
        for (path, source) in sources {
            if path.ends_with("/tests.rs") {
                continue;
            }
            let path = format!("{folder}/{path}");
            let text = without_tests(&source, &read(&source)?)?;
            files.insert(path.clone(), written(&out, &path, &text)?);
        }
    }
    constant_of("RUST", &files, &mut generated)?;
    fs::write(out.join("kits.rs"), generated)?;
    Ok(())
}

/// Files by the path they get, with `/`; each with the place it is now.
type Files = BTreeMap<String, PathBuf>;

fn licences(root: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    for name in LICENCES {
        gather(root, Path::new(name), &mut files)?;
    }
    Ok(files)
}

/// Adds a file, or those of a folder, and has the build begin anew when one changes, comes or goes.
fn gather(from: &Path, part: &Path, files: &mut Files) -> Result<(), Failure> {
    let path = from.join(part);
    println!("cargo::rerun-if-changed={}", path.display());
    if !path.is_dir() {
        let name = part.to_str().ok_or("a name is not UTF-8")?;
        files.insert(name.trim_start_matches("./").to_owned(), path);
        return Ok(());
    }
    for entry in path.read_dir()? {
        let name = entry?.file_name();
        // What an editor or an interpreter leaves behind.
        let name = name.to_str().ok_or("a name is not UTF-8")?;
        if !name.starts_with('.') && !name.starts_with("__pycache__") {
            gather(from, &part.join(name), files)?;
        }
    }
    Ok(())
}

/// A file of the build.
fn written(out: &Path, name: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = out.join("kits").join(name);
    fs::create_dir_all(path.parent().ok_or("a file lies in a folder")?)?;
    fs::write(&path, text)?;
    Ok(path)
}

fn constant_of(name: &str, files: &Files, generated: &mut String) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;

    writeln!(generated, "pub(super) const {name}: &[File] = &[")?;
    for (path, source) in files {
        let executable = fs::metadata(source)?.permissions().mode() & 0o100 != 0;
        let source = literal(source)?;
        writeln!(generated, "    File {{ path: {path:?}, text: include_str!({source}), executable: {executable} }},")?;
    }
    writeln!(generated, "];")?;
    Ok(())
}

fn literal(path: &Path) -> Result<String, Failure> {
    Ok(format!("{:?}", path.to_str().ok_or("the build's folder is not UTF-8")?))
}

fn read(path: &Path) -> Result<String, Failure> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// A source file without its tests, which come last.
fn without_tests(path: &Path, text: &str) -> Result<String, Failure> {
    let Some((source, tests)) = text.split_once("\n#[cfg(test)]\nmod tests") else { return Ok(text.to_owned()) };
    let last = tests == ";\n" || tests.starts_with(" {\n") && tests.find("\n}\n") == Some(tests.len() - 3);
    if !last {
        return Err(format!("{}: something follows the tests, which come last", path.display()).into());
    }
    Ok(source.to_owned())
}

/// A manifest with what it inherits, and without what only its own tests and checks need.
fn manifest(workspace: &Table, own: &Table) -> Result<Table, Failure> {
    let shared = workspace.get("workspace").and_then(Value::as_table).ok_or("there is no workspace")?;
    let mut manifest = own.clone();
    manifest.remove("lints");
    manifest.remove("dev-dependencies");
    let package = manifest.get_mut("package").and_then(Value::as_table_mut).ok_or("a manifest has a package")?;
    for (key, value) in package.iter_mut() {
        if inherits(value) {
            let shared = shared.get("package").and_then(|package| package.get(key));
            *value = shared.ok_or_else(|| format!("the workspace has no `{key}`"))?.clone();
        }
    }
    let dependencies = shared.get("dependencies").and_then(Value::as_table).ok_or("there are no dependencies")?;
    for table in dependency_tables(&mut manifest) {
        for (name, value) in table.iter_mut() {
            if inherits(value) {
                let shared = dependencies.get(name).ok_or_else(|| format!("the workspace has no `{name}`"))?;
                *value = dependency(shared, value);
            }
            // The folders of an author's crates lie beside one another too.
            let path = value.get("path").and_then(Value::as_str);
            if path.is_some_and(|path| CRATES.iter().all(|folder| path.strip_prefix("../") != Some(folder))) {
                return Err(format!("`{name}` is a crate that authors of modules do not get").into());
            }
        }
    }
    Ok(manifest)
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// The tables of a manifest that name dependencies.
fn dependency_tables(manifest: &mut Table) -> Vec<&mut Table> {
    let mut tables = Vec::new();
    for (key, value) in manifest.iter_mut() {
        match (key.as_str(), value) {
            ("dependencies", Value::Table(table)) => tables.push(table),
            ("target", Value::Table(targets)) => {
                let targets = targets.iter_mut().filter_map(|(_, target)| target.get_mut("dependencies"));
                tables.extend(targets.filter_map(Value::as_table_mut));
            }
            _ => {}
        }
    }
    tables
}

/// What the workspace says of a dependency, and what the crate adds.
fn dependency(shared: &Value, own: &Value) -> Value {
    let mut all = match shared {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    for (key, value) in own.as_table().into_iter().flatten() {
        match (key.as_str(), all.get_mut(key)) {
            ("workspace", _) => {}
            ("features", Some(Value::Array(features))) => {
                features.extend(value.as_array().into_iter().flatten().cloned())
            }
            _ => {
                all.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Table(all)
}
