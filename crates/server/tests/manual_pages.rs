//! What the manual's pages say is so: their links lead somewhere, their commands are ones, their tables are the program's.
//! What they do is run in `walkthrough`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use engine::Act;
use engine::store::{Column, ModuleOptions};
use frontends::problem;
use module::{Disposition, HResult};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page of the manual, and of that for authors of modules, by its path.
fn pages() -> BTreeMap<PathBuf, String> {
    let folders = [folder(), folder().with_file_name("modules")];
    let paths = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .map(|path| (path.clone(), read(&path)))
        .collect()
}

fn page(name: &str) -> String {
    read(&folder().join(name))
}

/// The cells of a page's table rows, without the marks of code.
fn rows(page: &str) -> impl Iterator<Item = Vec<String>> {
    page.lines().filter(|line| line.starts_with("| ")).map(|line| {
        let cells = line.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().trim_matches('|').trim().replace('`', "")).collect()
    })
}

/// Text outside of fenced blocks.
fn prose(page: &str) -> String {
    let parts = page.split("\n```").enumerate();
    parts.filter(|(at, _)| at % 2 == 0).map(|(_, part)| part).collect::<Vec<_>>().join("\n")
}

/// A heading's anchor, as code forges make it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for (path, text) in pages() {
        for rest in prose(&text).split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(file.exists(), "{}: there is no {target}", path.display());
            if !fragment.is_empty() {
                let linked = read(&file);
                let mut headings = linked.lines().filter(|line| line.starts_with('#')).map(anchor);
                assert!(headings.any(|anchor| anchor == fragment), "{}: {target} is no heading", path.display());
            }
        }
    }
}

/// A command's words; quotes keep them together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a page writes for a value that is the reader's.
fn placeholder(word: &str) -> String {
    match word {
        "ID" | "EVENT" | "N" => "1",
        "SERIAL" => "0a",
        "REASON" => "keyCompromise",
        "WHEN" => "+1d",
        "LANGUAGE" => "any",
        "NAME" => "name",
        other => other,
    }
    .to_owned()
}

/// Commands in prose, tables and indented blocks, and in fenced ones that are not run.
fn commands(page: &str) -> Vec<String> {
    let mut found: Vec<String> = prose(page).split('`').skip(1).step_by(2).map(str::to_owned).collect();
    for block in page.split("\n```sh\n").skip(1) {
        let block = block.split("\n```").next().unwrap().replace("\\\n", " ");
        found.extend(block.lines().map(str::to_owned));
    }
    let indented = prose(page).replace("\\\n", " ");
    found.extend(indented.lines().filter_map(|line| line.strip_prefix("    ")).map(without_remark));
    found.retain(|command| command.starts_with("exeunt ") && !command.contains("NOUN"));
    found
}

/// A command without what a page says of it, behind a mark or a gap.
fn without_remark(line: &str) -> String {
    let command = line.split(" #").next().unwrap();
    let mut words = command.splitn(2, "   ");
    // What continues on the next line has gaps too, and options behind them.
    match (words.next().unwrap(), words.next().map(str::trim_start)) {
        (_, Some(rest)) if rest.starts_with('-') => command.to_owned(),
        (command, _) => command.to_owned(),
    }
}

#[test]
fn every_command_is_one() {
    let mut count = 0;
    for (path, text) in pages() {
        for command in commands(&text) {
            count += 1;
            let words: Vec<String> = words(&command).iter().map(|word| placeholder(word)).collect();
            // A verb may be named without what it acts on.
            let partial = [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];
            if let Err(error) = exeunt::cli::parse(words) {
                assert!(partial.contains(&error.kind()), "{}: {command}: {error}", path.display());
            }
        }
    }
    assert!(count > 60, "only {count} commands were found");
}

/// Pages for authors on which every block of commands is run, or says what it needs to be.
const RUN: [&str; 8] =
    ["com.md", "cpp.md", "first-module.md", "porting.md", "process.md", "python.md", "rust.md", "wasm.md"];

/// What commands begin with.
const PROGRAMS: [&str; 9] =
    ["addr2line", "cargo", "componentize-py", "exeunt", "exeunt-comhost", "make", "pip", "python3", "rustup"];

#[test]
fn commands_for_authors_are_run() {
    let tests = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/walkthrough/main.rs"));
    for name in RUN {
        let page = read(&folder().with_file_name("modules").join(name));
        assert!(tests.contains(&format!("\"../modules/{name}\"")), "{name} is not run");
        assert!(!page.contains("\n```sh\n"), "{name} has a block that does not say whether it is run");
        let text = prose(&page);
        let indented = text.lines().filter_map(|line| line.strip_prefix("    ")).map(without_remark);
        for command in indented {
            let program = command.split(' ').next().unwrap();
            // What the reader fills in is a pattern of commands, not one.
            let pattern = command.contains(" NAME") || command.trim_end().ends_with(" .");
            assert!(!PROGRAMS.contains(&program) || pattern, "{name}: `{command}` is not run");
        }
    }
}

/// What pip is told to install is what the tests have.
#[test]
fn versions_of_packages_are_those_of_the_tests() {
    let tested = read(&folder().join("../../.ci/python.txt"));
    for (path, text) in pages() {
        for rest in text.split("pip install ").skip(1) {
            let package = rest.split(['`', ' ', '\n', ')']).next().unwrap();
            let known = package.starts_with('.') || tested.lines().any(|line| line.trim() == package);
            assert!(known, "{}: {package} is not in .ci/python.txt", path.display());
        }
    }
}

#[test]
fn codes_have_their_names() {
    let mut count = 0;
    for name in ["requests.md", "modules.md"] {
        for cells in rows(&page(name)) {
            for pair in cells.windows(2) {
                let [code, name] = pair else { continue };
                let Some(number) = code.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok())
                else {
                    continue;
                };
                let Some((expected, _)) = HResult(number.cast_signed()).describe() else { continue };
                assert_eq!(name, expected, "{code}");
                count += 1;
            }
        }
    }
    assert!(count > 20, "only {count} codes were found");
}

#[test]
fn dispositions_are_all_there() {
    let listed: Vec<(String, String)> = rows(&page("requests.md"))
        .filter(|cells| cells.len() == 4 && cells.get(1).is_some_and(|number| number.parse::<i32>().is_ok()))
        .map(|cells| (cells.first().unwrap().clone(), cells.get(1).unwrap().clone()))
        .collect();
    let expected = Disposition::ALL.map(|disposition| (disposition.name().to_owned(), disposition.code().to_string()));
    assert_eq!(listed, expected);
}

#[test]
fn columns_are_all_there() {
    let page = page("requests.md");
    let table = page.split("| Column | Type |").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: BTreeSet<String> = rows(table).filter_map(|cells| cells.first().cloned()).collect();
    let expected: BTreeSet<String> = Column::ALL.iter().map(|column| column.name().to_owned()).collect();
    assert_eq!(listed, expected);
}

#[test]
fn acts_are_all_there() {
    let rows: Vec<Vec<String>> = rows(&page("administration.md")).collect();
    let listed: BTreeSet<(u16, &str)> = rows
        .iter()
        .filter_map(|cells| match cells.as_slice() {
            [number, act] => Some((number.parse().ok()?, act.as_str())),
            _ => None,
        })
        .collect();
    let expected: BTreeSet<(u16, &str)> = Act::ALL.iter().map(|act| (act.code(), act.name())).collect();
    assert_eq!(listed, expected);
}

#[test]
fn problems_are_all_there() {
    let rows: Vec<Vec<String>> = rows(&page("administration.md")).collect();
    for kind in problem::Kind::ALL {
        let word = kind.urn().strip_prefix("urn:exeunt:problem:").unwrap();
        let row = rows
            .iter()
            .find(|cells| cells.get(1).is_some_and(|names| names.split([',', ':', ' ']).any(|name| name == word)));
        let row = row.unwrap_or_else(|| panic!("{word} is not there"));
        assert!(row.first().unwrap().contains(&kind.status().to_string()), "{word} is {}", kind.status());
    }
}

#[test]
fn options_of_modules_have_their_defaults() {
    let defaults = serde_json::to_value(ModuleOptions::default()).unwrap();
    let page = page("modules.md");
    let rows: Vec<Vec<String>> = rows(&page).collect();
    for (name, value) in defaults.as_object().unwrap() {
        let (option, value) = match name.as_str() {
            "inline" => ("--delivery".to_owned(), "queued".to_owned()),
            name => {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (format!("--{}", name.replace('_', "-")), value)
            }
        };
        let row = rows.iter().find(|cells| cells.first().is_some_and(|cell| cell.split(' ').next() == Some(&option)));
        let row = row.unwrap_or_else(|| panic!("{option} is not there"));
        assert_eq!(row.get(1), Some(&value), "{option}");
    }
}
