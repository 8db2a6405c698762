//! `exeunt module new`: a project to begin with, in the author's language.

mod name;
mod templates;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::Context;
use super::installed_module::Role;
use super::module_sdk::{self, Kit};
use crate::Error;
use crate::error::Kind;
use name::Name;

/// Options of `module new`.
#[derive(Debug, Args)]
pub struct New {
    /// Its name: a lower-case letter, then lower-case letters, digits and single hyphens, at most 40
    name: Name,
    /// What it is written in
    #[arg(long)]
    lang: Language,
    /// What it does
    #[arg(long, default_value = "exit")]
    kind: Role,
    /// The folder to make [default: the name]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// For rust and cpp: Exeunt's source, a checkout or for rust the URL of its repository, instead of a copy in the project
    #[arg(long, value_name = "DIR|URL", env = "EXEUNT_SDK")]
    sdk: Option<String>,
}

/// What a module is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// A program in Rust
    Rust,
    /// A program in Python
    Python,
    /// A WebAssembly component, from Rust
    WasmRust,
    /// A WebAssembly component, from Python
    WasmPython,
    /// A COM module in C++: one source for Linux and Windows
    Cpp,
    /// An HTTPS endpoint, in Python
    Webhook,
    /// A program in any language: here a shell script that speaks the protocol itself
    Any,
}

/// One file of a project.
pub(super) struct Template {
    /// Where it goes; `@name@` and `@snake@` are replaced here too.
    path: &'static str,
    text: &'static str,
    executable: bool,
}

impl New {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let directory = self.dir.clone().unwrap_or_else(|| PathBuf::from(self.name.as_str()));
        let words = self.words()?;
        make_folder(&directory)?;
        let mut files = Vec::new();
        for template in templates::files(self.lang, self.kind) {
            let path = replaced(template.path, &words);
            write(&directory.join(&path), &replaced(template.text, &words), template.executable)?;
            files.push(path);
        }
        if let Some(lock) = self.lock()? {
            write(&directory.join("Cargo.lock"), &replaced(&lock, &words), false)?;
            files.push("Cargo.lock".to_owned());
        }
        if let Some(kit) = self.kit() {
            let written = module_sdk::write(kit, &directory.join(kit.folder()))?.written;
            files.extend(written.into_iter().map(|path| format!("{}/{path}", kit.folder())));
        }
        let next = self.next(&directory);
        let made = json!({ "module": self.name.as_str(), "directory": directory, "files": files, "next": next });
        context.output().show(&made, |_| {
            let mut text = format!("{}: made in {}\n\n", self.name.as_str(), directory.display());
            entries(&files).iter().for_each(|entry| text.push_str(&format!("  {entry}\n")));
            text.push_str("\nNow:\n\n");
            next.iter().for_each(|command| text.push_str(&format!("  {command}\n")));
            text
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// What stands for what in templates.
    fn words(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let mut words = vec![
            ("@name@", self.name.as_str().to_owned()),
            ("@snake@", self.name.snake()),
            ("@Type@", self.name.pascal()),
        ];
        match self.lang {
            Language::Rust => {
                self.name.check_for_rust()?;
                words.push(("@module@", self.crate_dependency("module")?));
                words.push(("@stdio@", self.crate_dependency("stdio")?));
            }
            Language::WasmRust => self.name.check_for_rust()?,
            Language::Cpp => {
                let kit = match self.source() {
                    Some(source) => below(source, "sdk/c")?.display().to_string(),
                    None => Kit::C.folder().to_owned(),
                };
                words.push(("@sdk@", kit));
                words.push(("@clsid@", class_identifier()?));
                words.push(("@role@", if self.kind == Role::Exit { "Exit" } else { "Policy" }.to_owned()));
            }
            Language::Python => self.name.check_for_python()?,
            Language::WasmPython | Language::Webhook | Language::Any => {}
        }
        words.push(("@kit@", self.kit_note()));
        Ok(words)
    }

    /// Where Exeunt's source is, for a project that is to be built from there.
    fn source(&self) -> Option<&str> {
        self.sdk.as_deref().filter(|sdk| !sdk.is_empty() && matches!(self.lang, Language::Rust | Language::Cpp))
    }

    /// What the project gets a copy of.
    fn kit(&self) -> Option<Kit> {
        match self.lang {
            Language::Rust | Language::Cpp if self.source().is_some() => None,
            Language::Rust => Some(Kit::Rust),
            Language::Cpp => Some(Kit::C),
            Language::Python | Language::Webhook => Some(Kit::Python),
            Language::WasmRust | Language::WasmPython => Some(Kit::Wit),
            Language::Any => None,
        }
    }

    /// What the project's README says of the kit.
    fn kit_note(&self) -> String {
        match (self.kit(), self.source()) {
            (Some(kit), _) => {
                let (folder, title, name) = (kit.folder(), kit.title(), kit.name());
                format!(
                    "`{folder}/` is a copy of {title}. After an upgrade of Exeunt `exeunt module sdk {name}` renews it."
                )
            }
            (None, Some(source)) => format!("It is built with Exeunt's source in {source}."),
            (None, None) => String::new(),
        }
    }

    /// The versions that Exeunt itself was built and tested with, for a project on its crates.
    fn lock(&self) -> Result<Option<String>, Error> {
        if self.lang != Language::Rust {
            return Ok(None);
        }
        let Some(source) = self.source() else { return Ok(Some(module_sdk::lock_of_project(self.name.as_str()))) };
        let path = Path::new(source).join("Cargo.lock");
        if !path.is_file() {
            return Ok(None);
        }
        fs::read_to_string(&path).map(Some).map_err(|error| Error::io(&path, &error))
    }

    /// A dependency on one of Exeunt's crates, as TOML.
    fn crate_dependency(&self, name: &str) -> Result<String, Error> {
        let (key, place) = match self.source() {
            None => ("path", format!("{}/{name}", Kit::Rust.folder())),
            Some(url) if url.contains("://") => ("git", url.to_owned()),
            Some(source) => ("path", below(source, &format!("crates/{name}"))?.display().to_string()),
        };
        Ok(format!("{{ {key} = {} }}", toml::Value::String(place)))
    }

    /// The commands that come next.
    fn next(&self, directory: &Path) -> Vec<String> {
        let mut next = vec![format!("cd {}", directory.display())];
        next.extend(
            templates::build(self.lang, self.kind).iter().map(|command| command.replace("@name@", self.name.as_str())),
        );
        next.extend(templates::own_tests(self.lang).map(str::to_owned));
        next.extend(templates::start(self.lang).map(str::to_owned));
        next.extend(["exeunt module test .".to_owned(), "exeunt module add .".to_owned()]);
        next
    }
}

/// What lies in the project's own folder; a folder in it stands for its files.
fn entries(files: &[String]) -> Vec<String> {
    let top = |file: &String| file.split_once('/').map_or_else(|| file.clone(), |(folder, _)| format!("{folder}/"));
    let mut entries: Vec<String> = files.iter().map(top).collect();
    entries.dedup();
    entries
}

/// A folder that is new, or has nothing in it: no file of the author's is ever written over.
fn make_folder(directory: &Path) -> Result<(), Error> {
    let io = |error: std::io::Error| Error::io(directory, &error);
    fs::create_dir_all(directory).map_err(io)?;
    if fs::read_dir(directory).map_err(io)?.next().is_some() {
        return Err(Error::new(Kind::Conflict, format!("{} is not empty", directory.display()))
            .next("give another name, or another folder with --dir"));
    }
    Ok(())
}

fn write(path: &Path, text: &str, executable: bool) -> Result<(), Error> {
    let io = |error: std::io::Error| Error::io(path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    let mode = if executable { 0o777 } else { 0o666 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)
}

fn replaced(text: &str, words: &[(&'static str, String)]) -> String {
    words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
}

/// A class identifier that no other module has (RFC 9562 section 5.4), as C writes one.
fn class_identifier() -> Result<String, Error> {
    let mut octets = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| Error::failed("the system gives no random numbers"))?;
    let number = u128::from_be_bytes(octets);
    let version_and_variant = 0x4000_8000_0000_0000_0000_u128;
    let number = number & !0xf000_c000_0000_0000_0000 | version_and_variant;
    let [.., a, b, c, d, e, f, g, h] = number.to_be_bytes();
    let tail = [a, b, c, d, e, f, g, h].map(|octet| format!("{octet:#04x}")).join(", ");
    let (first, second, third) = (number >> 96, number >> 80 & 0xffff, number >> 64 & 0xffff);
    Ok(format!("{{{first:#010x}, {second:#06x}, {third:#06x}, {{{tail}}}}}"))
}

/// A folder of a checkout, absolute.
fn below(sdk: &str, folder: &str) -> Result<PathBuf, Error> {
    let path = Path::new(sdk).join(folder);
    path.canonicalize().ok().filter(|path| path.is_dir()).ok_or_else(|| {
        Error::usage(format!("{sdk} is no checkout of Exeunt: there is no folder {folder} in it"))
            .next("give --sdk with the folder that Exeunt's source was checked out to")
    })
}
