#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00\"\n";

/// What is made of an author's lock file.
fn renew_text(text: &str) -> (Renewal, String) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(FILE_NAME);
    std::fs::write(&path, text).unwrap();
    let (found, renewal) = renew(&home.path().join("exeunt-sdk")).unwrap().unwrap();
    assert_eq!(found, path);
    (renewal, std::fs::read_to_string(path).unwrap())
}

/// That an author's lock file becomes this one. It would not be read whole.
fn assert_renewed(text: &str, wanted: Renewal, expected: &str) {
    let (renewal, renewed) = renew_text(text);
    let mut lines = renewed.lines().zip(expected.lines()).enumerate();
    let differs = lines.find(|(_, (one, other))| one != other);
    assert_eq!((renewal, differs, renewed.len()), (wanted, None, expected.len()));
}

/// The text with the block of one package changed.
fn with_package(text: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let head = format!("name = \"{name}\"\n");
    let blocks = text.split("\n[[package]]\n").map(|block| match block.starts_with(&head) {
        true => change(block),
        false => block.to_owned(),
    });
    blocks.filter(|block| !block.is_empty()).collect::<Vec<_>>().join("\n[[package]]\n")
}

#[test]
fn a_fresh_project_is_as_it_should_be() {
    let fresh = of_project("mine");
    assert!(
        Graph::parse(&fresh).unwrap().to_text() == fresh && !fresh.contains("\"@"),
        "it is written as cargo writes it"
    );
    assert_renewed(&fresh, Renewal::AsItWas, &fresh);
}

#[test]
fn what_an_older_kit_needed_makes_room_for_what_this_one_needs() {
    let fresh = of_project("mine");
    // Another version, with a dependency that is gone since, and without one that is new.
    let older = with_package(&fresh, "exeunt-module", |block| {
        block
            .replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"0.0.9\"")
            .replace(" \"strsim\",", " \"long-gone\",")
    });
    let older = with_package(&older, "strsim", |_| format!("name = \"long-gone\"\nversion = \"1.0.0\"\n{REGISTRY}"));
    assert!(older.contains("0.0.9") && older.contains("long-gone") && !older.contains("strsim"), "{older}");
    assert_renewed(&older, Renewal::Renewed, &fresh);
}

#[test]
fn what_is_the_authors_stays() {
    // A crate of the author's own, with a newer version of something the kit needs, an older one, and another of its line.
    let own = format!(
        "\n[[package]]\nname = \"own\"\nversion = \"3.1.4\"\n{REGISTRY}dependencies = [\n \"serde_json\",\n \"toml 0.5.11\",\n]\n\
         \n[[package]]\nname = \"toml\"\nversion = \"0.5.11\"\n{REGISTRY}"
    );
    let mut mine = with_package(&of_project("mine"), "mine", |block| {
        block.replace(" \"exeunt-stdio\",\n", " \"exeunt-stdio\",\n \"own\",\n")
    });
    let toml = kit();
    let toml = toml.packages().find(|package| package.name == "toml").unwrap().version.clone();
    mine = mine.replace(" \"toml\",\n", &format!(" \"toml {toml}\",\n")) + &own;
    mine = with_package(&mine, "serde_json", |block| {
        let version = block.lines().nth(1).unwrap().to_owned();
        block.replace(&version, "version = \"1.999.0\"")
    });
    mine = with_package(&mine, "serde", |block| {
        let version = block.lines().nth(1).unwrap().to_owned();
        block.replace(&version, "version = \"1.0.200\"")
    });
    let written = Graph::parse(&mine).unwrap().to_text();
    let older = written.replace(
        &format!("name = \"exeunt-stdio\"\nversion = \"{}\"", env!("CARGO_PKG_VERSION")),
        "name = \"exeunt-stdio\"\nversion = \"0.0.9\"",
    );
    assert_ne!(older, written);
    assert_renewed(&older, Renewal::Renewed, &written);
}

#[test]
fn what_takes_a_resolver_is_left_to_cargo() {
    let fresh = of_project("mine");
    let changed = |name: &str, version: &str| {
        with_package(&fresh, name, |block| {
            let line = block.lines().nth(1).unwrap().to_owned();
            block.replace(&line, &format!("version = \"{version}\""))
        })
    };
    // Older than the crates ask for; a version before a release; more than packages.
    for text in [
        changed("thiserror", "2.0.1"),
        changed("strsim", "1.0.0-rc.1"),
        format!("{fresh}\n[[patch.unused]]\nname = \"x\"\nversion = \"1.0.0\"\n"),
    ] {
        assert_renewed(&text, Renewal::Stale, &text);
    }
}

#[test]
fn a_file_of_something_else_is_none() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join(FILE_NAME),
        format!("version = 4\n\n[[package]]\nname = \"other\"\nversion = \"1.0.0\"\n{REGISTRY}"),
    )
    .unwrap();
    assert_eq!(renew(&home.path().join("exeunt-sdk")).unwrap(), None);
}

#[test]
fn the_file_of_something_else_does_not_stand_before_the_projects() {
    let home = tempfile::tempdir().unwrap();
    let between = home.path().join("tools");
    std::fs::create_dir(&between).unwrap();
    let other = format!("version = 4\n\n[[package]]\nname = \"other\"\nversion = \"1.0.0\"\n{REGISTRY}");
    // One that is read, and one that holds more than packages: neither is spoken of.
    for text in [other.clone(), format!("{other}\n[[patch.unused]]\nname = \"x\"\nversion = \"1.0.0\"\n")] {
        std::fs::write(between.join(FILE_NAME), &text).unwrap();
        assert_eq!(renew(&between.join("exeunt-sdk")).unwrap(), None);
    }
    let project = home.path().join(FILE_NAME);
    std::fs::write(&project, of_project("mine")).unwrap();
    assert_eq!(renew(&between.join("exeunt-sdk")).unwrap(), Some((project, Renewal::AsItWas)));
}
