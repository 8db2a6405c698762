//! What `module add` and `module upgrade` are given: a manifest, a program, a component, a library, an endpoint, or a kind.

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use frontends::model::{ModulePackage, ModuleRole};
use module::manifest::{self, Manifest};
use module::{ModuleKind, Role, nearest};

use super::Context;
use super::module_manifest;
use crate::Error;
use crate::error::Kind;
use crate::folder::absolute;
use crate::loader::{Kinds, sha256_of_file};

/// For those who give a program with its arguments.
const COMMAND_LINE: &str = "a program with arguments is given as: exeunt module add process --name NAME --set command='python3 /path/of/script.py'";

/// The kinds that run what is in a file, or is elsewhere.
const PROCESS: &str = "process";
const WASM: &str = "wasm";
const COM: &str = "com";
const WEBHOOK: &str = "webhook";

/// What is to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A kind of module, by its name.
    Kind(String),
    /// A program, absolute.
    Program(PathBuf),
    /// A file that a kind loads: a WebAssembly component or a library. The kind, the setting that names the file, and the file.
    Loaded(&'static str, &'static str, PathBuf),
    /// An HTTPS endpoint.
    Endpoint(String),
    /// A module with a manifest.
    Packaged(Box<Packaged>),
}

/// A manifest, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packaged {
    /// The manifest.
    pub manifest: Manifest,
    /// Its text.
    pub text: String,
    /// Its folder, absolute.
    pub directory: PathBuf,
    /// The file with the code, and its SHA-256 in hex.
    pub code: Option<(PathBuf, String)>,
}

/// What a file is, by its first octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Component,
    Library,
    Other,
}

impl Source {
    /// A bare word is a kind, and `https://` an endpoint; a folder and `*.toml` have a manifest. Other files are looked into.
    ///
    /// # Errors
    /// The file is not there or cannot be run, its manifest cannot be used, or this build has no kind for it.
    pub fn work_out(text: &str) -> Result<Self, Error> {
        if text.starts_with("https://") {
            kind(WEBHOOK)?;
            return Ok(Self::Endpoint(text.to_owned()));
        }
        if text.contains("://") {
            return Err(
                Error::usage(format!("{text} is no https URL")).next("a module is told of events over TLS only")
            );
        }
        let path = Path::new(text);
        if !text.contains('/') && text.contains(' ') && !path.exists() {
            return Err(Error::usage(format!("`{text}` is neither a file nor a kind of module")).next(COMMAND_LINE));
        }
        if !text.contains('/') && !path.exists() {
            return Ok(Self::Kind(text.to_owned()));
        }
        let path = absolute(path)?;
        let metadata = std::fs::metadata(&path).map_err(|error| {
            let next = if text.contains(' ') { COMMAND_LINE } else { "" };
            Error::io(&path, &error).next(next)
        })?;
        if metadata.is_dir() || path.extension().is_some_and(|end| end == "toml") {
            return Packaged::read(&path).map(|packaged| Self::Packaged(Box::new(packaged)));
        }
        if !metadata.is_file() {
            return Err(Error::usage(format!("{} is not a file", path.display()))
                .next("give a program, or a kind of: exeunt module list --available"));
        }
        match form(&path)? {
            Form::Component => Ok(Self::Loaded(WASM, entry_setting(WASM)?, path)),
            Form::Library => Ok(Self::Loaded(COM, entry_setting(COM)?, path)),
            Form::Other => {
                let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
                if let Some((_, what)) = LOADED.iter().find(|(of, _)| *of == end) {
                    return Err(Error::usage(format!(
                        "{} is no {what}: its contents are something else",
                        path.display()
                    ))
                    .next("build it anew, or name the file that was built"));
                }
                runnable(&path, metadata.mode())?;
                Ok(Self::Program(path))
            }
        }
    }

    /// The kind that runs it.
    pub fn kind(&self) -> &str {
        match self {
            Self::Kind(kind) => kind,
            Self::Program(_) => PROCESS,
            Self::Loaded(kind, _, _) => kind,
            Self::Endpoint(_) => WEBHOOK,
            Self::Packaged(packaged) => &packaged.manifest.kind,
        }
    }

    /// What it does: as its manifest says, else as asked, else an exit module.
    ///
    /// # Errors
    /// The manifest says otherwise.
    pub fn role(&self, asked: Option<ModuleRole>) -> Result<ModuleRole, Error> {
        let Self::Packaged(packaged) = self else { return Ok(asked.unwrap_or(ModuleRole::Exit)) };
        let role = match packaged.manifest.role {
            Role::Exit => ModuleRole::Exit,
            Role::Policy => ModuleRole::Policy,
        };
        if asked.is_some_and(|asked| asked != role) {
            return Err(Error::usage(format!("{} is made for another role", packaged.manifest.name))
                .next("leave --role out: its manifest says what it does"));
        }
        Ok(role)
    }

    /// What it is called where no name is given: the manifest's name, the kind, or the file's or host's name as far as it can
    /// be a module's name.
    pub fn default_name(&self) -> String {
        let fit = |text: &str| -> String {
            let name = text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' });
            name.skip_while(|c| ".-".contains(*c)).take(64).collect()
        };
        match self {
            Self::Kind(kind) => kind.clone(),
            Self::Packaged(packaged) => packaged.manifest.name.clone(),
            Self::Program(path) | Self::Loaded(_, _, path) => {
                fit(&path.file_stem().unwrap_or_default().to_string_lossy())
            }
            Self::Endpoint(url) => {
                let host = url.trim_start_matches("https://").split(['/', '?', '#', ':']).next();
                fit(host.unwrap_or_default())
            }
        }
    }

    /// The settings that say what is run. A command is a JSON array, so that no character of a path means anything.
    pub fn settings(&self) -> Vec<(String, String)> {
        match self {
            Self::Kind(_) | Self::Packaged(_) => Vec::new(),
            Self::Program(path) => {
                vec![("command".into(), serde_json::json!([path.to_string_lossy()]).to_string())]
            }
            Self::Loaded(_, setting, path) => vec![((*setting).into(), path.to_string_lossy().into_owned())],
            Self::Endpoint(url) => vec![("url".into(), url.clone())],
        }
    }

    /// What it consists of, with the digest of the file that was shown.
    ///
    /// # Errors
    /// The folder's path is not UTF-8.
    pub fn package(&self) -> Result<ModulePackage, Error> {
        let Self::Packaged(packaged) = self else { return Ok(ModulePackage::default()) };
        let utf8 = |path: &Path| {
            let text = path.to_str().map(str::to_owned);
            text.ok_or_else(|| Error::usage(format!("{} is not UTF-8", path.display())))
        };
        Ok(ModulePackage {
            manifest: Some(packaged.text.clone()),
            directory: Some(utf8(&packaged.directory)?),
            file: packaged.code.as_ref().map(|(path, _)| utf8(path)).transpose()?,
            sha256: packaged.code.as_ref().map(|(_, sha256)| sha256.clone()),
        })
    }

    /// Shows what a manifest says, and asks whether to go on. Without a manifest there is nothing to confirm.
    ///
    /// # Errors
    /// [`Kind::Declined`] where the answer is no, [`Kind::Usage`] where nobody can be asked: then `yes` was to be given.
    pub fn confirm(&self, context: &Context, yes: bool, question: &str) -> Result<(), Error> {
        let Self::Packaged(packaged) = self else {
            if let Self::Program(path) = self {
                context.output().hint(&format!("{} is a program: kind {PROCESS}", path.display()));
                if let Some(manifest) = manifest_beside(path) {
                    context.output().warning(&format!(
                        "{} says what it is, and is not used: give the folder instead",
                        manifest.display()
                    ));
                }
            }
            return Ok(());
        };
        let shown = module_manifest::shown(packaged);
        if yes {
            context.output().hint(&shown);
            return Ok(());
        }
        if context.output().is_json() {
            return Err(Error::usage("nothing was installed: with --json nobody is asked")
                .next("say --yes to go on; without --json what it asks for is shown"));
        }
        anstream::eprint!("{shown}");
        if !std::io::stdin().is_terminal() {
            return Err(Error::usage("nothing was installed: this is no terminal to ask at")
                .next("look at the above, and say --yes to go on"));
        }
        anstream::eprint!("{question} [y/N] ");
        let mut answer = String::new();
        let read = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut answer));
        read.map_err(|error| Error::failed(format!("the terminal cannot be read: {error}")))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Error::new(Kind::Declined, "nothing was installed, as you said")),
        }
    }
}

impl Packaged {
    fn read(path: &Path) -> Result<Self, Error> {
        if path.is_dir() && !path.join(manifest::FILE_NAME).exists() {
            return Err(Error::usage(format!("{} has no {}", path.display(), manifest::FILE_NAME))
                .next("give the program in it, or write a manifest: docs/modules/manifest.md"));
        }
        let (manifest, text, directory) =
            Manifest::read(path).map_err(|error| Error::usage(error.message).next("see docs/modules/manifest.md"))?;
        let known = kind_or_built_in(&manifest.kind)?;
        let code = manifest.entry(&directory).map(|entry| {
            let sha256 = sha256_of_file(&entry).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    Error::new(Kind::NotFound, format!("{} is not there, the manifest's `entry`", entry.display()))
                        .next(unbuilt(&manifest))
                }
                _ => Error::io(&entry, &error),
            })?;
            Ok::<_, Error>((entry, sha256))
        });
        let code = code.transpose()?;
        if let (true, Some((entry, _))) = (manifest.kind == PROCESS && manifest.command.is_empty(), &code) {
            runnable(entry, std::fs::metadata(entry).map_err(|error| Error::io(entry, &error))?.mode())?;
        }
        if known.is_some_and(|kind| kind.entry_setting().is_some()) && code.is_none() {
            return Err(Error::usage(format!(
                "the manifest names no `entry`, and a module of the kind {} has one",
                manifest.kind
            )));
        }
        Ok(Self { manifest, text, directory, code })
    }
}

/// A kind of foreign module, if this build has it.
fn kind(name: &str) -> Result<std::sync::Arc<dyn ModuleKind>, Error> {
    hosts::kinds().into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        let next = match name {
            WASM => "take a release, or build without `--no-default-features`",
            COM => "take a release with exeunt-comhost; docs/modules/com.md says what it needs",
            _ => "exeunt module list --available says which kinds there are",
        };
        Error::usage(format!("this build has no kind `{name}`, which is needed for it")).next(next)
    })
}

/// A kind of foreign module; none for one that is built in, which the server knows.
fn kind_or_built_in(name: &str) -> Result<Option<std::sync::Arc<dyn ModuleKind>>, Error> {
    if matches!(name, PROCESS | WASM | COM | WEBHOOK) {
        return kind(name).map(Some);
    }
    let kinds = Kinds::new(std::sync::Arc::default(), None).all();
    if kinds.iter().any(|kind| kind.name() == name) {
        return Ok(None);
    }
    let meant = nearest::question_or_all(name, "there are", kinds.iter().map(|kind| kind.name()));
    Err(Error::usage(format!("the manifest names a kind of module `{name}`{meant}"))
        .next("mend `kind`: docs/modules/manifest.md"))
}

fn entry_setting(name: &str) -> Result<&'static str, Error> {
    kind(name)?.entry_setting().ok_or_else(|| Error::failed(format!("the kind `{name}` loads no file")))
}

/// The manifest in a program's folder, if the program is its entry.
fn manifest_beside(program: &Path) -> Option<PathBuf> {
    let file = program.parent()?.join(manifest::FILE_NAME);
    let (manifest, _, directory) = Manifest::read(&file).ok()?;
    let entry = manifest.entry(&directory)?.canonicalize().ok()?;
    (entry == program.canonicalize().ok()?).then_some(file)
}

fn runnable(path: &Path, mode: u32) -> Result<(), Error> {
    let shown = path.display();
    if mode & 0o111 != 0 {
        let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let Some((_, interpreter)) = INTERPRETERS.iter().find(|(of, _)| *of == end) else { return Ok(()) };
        let says = begins(path)?.starts_with(b"#!");
        return if says {
            Ok(())
        } else {
            Err(Error::usage(format!("{shown} does not say what runs it: the shell would be taken")).next(format!(
                "begin it with the line #!/usr/bin/env {interpreter}, or give it a manifest with `command`"
            )))
        };
    }
    if path.extension().is_some_and(|end| COMPILED.iter().any(|of| end.eq_ignore_ascii_case(of))) {
        return Err(Error::usage(format!("{shown} is no program, but what one is built from"))
            .next("build it, and give the program, or the folder of its exeunt-module.toml"));
    }
    Err(Error::usage(format!("{shown} is not executable"))
        .next(format!(
            "run: chmod +x {shown} (a script also needs a first line such as #!/usr/bin/env python3); or name what runs it: exeunt \
             module add process --name NAME --set command='python3 {shown}'"
        )))
}

/// What to do about a file that is not where the manifest says.
fn unbuilt(manifest: &Manifest) -> String {
    let advice = "build the module first, as the README beside the manifest says, or mend `entry`";
    let by_cargo = manifest.entry.as_deref().is_some_and(|entry| entry.starts_with("target/"));
    let elsewhere = std::env::var_os("CARGO_TARGET_DIR").filter(|_| by_cargo);
    match elsewhere {
        Some(folder) => format!("{advice}; CARGO_TARGET_DIR is set, so that cargo builds into {}", folder.display()),
        None => advice.to_owned(),
    }
}

/// What files with these ends are, which no program is called by.
const LOADED: [(&str, &str); 3] = [("so", "shared object"), ("dll", "DLL"), ("wasm", "WebAssembly binary")];

/// What the files are called that programs are built from.
const COMPILED: [&str; 7] = ["rs", "c", "cc", "cpp", "go", "java", "cs"];

/// What runs the files of a language that the shell, which runs files without a first line that says so, makes nonsense of.
const INTERPRETERS: [(&str, &str); 6] =
    [("py", "python3"), ("pl", "perl"), ("rb", "ruby"), ("js", "node"), ("php", "php"), ("lua", "lua")];

/// A WebAssembly binary and a Windows library begin as such; a library for Linux is told from a program by its name.
fn form(path: &Path) -> Result<Form, Error> {
    let head = begins(path)?;
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    let is = |wanted: &str| end.as_deref() == Some(wanted);
    Ok(match head {
        [0, b'a', b's', b'm'] => Form::Component,
        [b'M', b'Z', ..] => Form::Library,
        [0x7f, b'E', b'L', b'F'] if is("so") || path.to_string_lossy().contains(".so.") => Form::Library,
        _ => Form::Other,
    })
}

/// The first octets of a file; zeros behind the end of a shorter one.
fn begins(path: &Path) -> Result<[u8; 4], Error> {
    let mut head = [0; 4];
    let mut read = 0;
    let mut file = File::open(path).map_err(|error| Error::io(path, &error))?;
    while let Some(rest) = head.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read(rest).map_err(|error| Error::io(path, &error))? {
            0 => break,
            more => read += more,
        }
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn programs_and_kinds_are_told_apart() {
        assert_eq!(Source::work_out("journal").unwrap(), Source::Kind("journal".into()));
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("my notifier.py");
        let text = path.to_str().unwrap();
        let missing = Source::work_out(text).unwrap_err();
        assert!(missing.message.contains("No such file") && missing.next.contains("--set command="), "{missing:?}");
        std::fs::write(&path, "").unwrap();
        assert!(Source::work_out(text).unwrap_err().next.contains("chmod +x"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Source::work_out(text).unwrap_err().next.contains("#!/usr/bin/env python3"));
        for (name, what) in [("a.so", "no shared object"), ("a.DLL", "no DLL"), ("a.wasm", "no WebAssembly binary")] {
            let path = home.path().join(name);
            std::fs::write(&path, "text").unwrap();
            assert!(Source::work_out(path.to_str().unwrap()).unwrap_err().message.contains(what), "{name}");
        }
        std::fs::write(&path, "#!/usr/bin/env python3\n").unwrap();
        let source = Source::work_out(text).unwrap();
        assert_eq!((source.kind(), source.default_name().as_str()), ("process", "my-notifier"));
        assert_eq!(source.settings(), [("command".to_owned(), format!("[\"{text}\"]"))]);
    }

    #[test]
    fn what_a_file_is_is_seen_in_it() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, head: &[u8]| {
            let path = home.path().join(name);
            std::fs::write(&path, head).unwrap();
            form(&path).unwrap()
        };
        assert_eq!(file("a.wasm", b"\0asm\x0d\0\x01\0"), Form::Component);
        assert_eq!(file("a.dll", b"MZ\x90\0"), Form::Library);
        assert_eq!(file("a.so", b"\x7fELF\x02"), Form::Library);
        assert_eq!(file("a", b"\x7fELF\x02"), Form::Other);
        assert_eq!(file("a.sh", b"#!"), Form::Other);
    }

    #[test]
    fn endpoints_are_called_by_their_host_and_plain_http_is_refused() {
        let source = Source::work_out("https://hooks.example.org:8443/exeunt?x=1").unwrap();
        assert_eq!((source.kind(), source.default_name().as_str()), ("webhook", "hooks.example.org"));
        assert!(Source::work_out("http://hooks.example.org/").unwrap_err().message.contains("no https URL"));
    }

    #[test]
    fn a_folder_needs_a_manifest_and_its_entry() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().to_str().unwrap();
        assert!(Source::work_out(folder).unwrap_err().message.contains("has no exeunt-module.toml"));
        let manifest =
            "manifest = 1\nname = \"m\"\nversion = \"1\"\nkind = \"process\"\nrole = \"policy\"\nentry = \"m.sh\"\n";
        std::fs::write(home.path().join(manifest::FILE_NAME), manifest.replace("process", "proces")).unwrap();
        assert!(Source::work_out(folder).unwrap_err().message.contains("`proces` (is it `process`?)"));
        std::fs::write(home.path().join(manifest::FILE_NAME), manifest.replace("process", "fax")).unwrap();
        assert!(Source::work_out(folder).unwrap_err().message.contains("`fax`; there are: default, file"));
        std::fs::write(home.path().join(manifest::FILE_NAME), manifest).unwrap();
        let error = Source::work_out(folder).unwrap_err();
        assert!(error.message.contains("m.sh is not there") && error.next.contains("build the module"), "{error:?}");
        std::fs::write(home.path().join("m.sh"), "abc").unwrap();
        assert!(Source::work_out(folder).unwrap_err().next.contains("chmod"));
        std::fs::set_permissions(home.path().join("m.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let source = Source::work_out(folder).unwrap();
        assert_eq!((source.kind(), source.default_name().as_str()), ("process", "m"));
        assert_eq!(source.role(None).unwrap(), ModuleRole::Policy);
        assert!(source.role(Some(ModuleRole::Exit)).is_err());
        let package = source.package().unwrap();
        assert_eq!(package.directory.as_deref(), Some(folder));
        assert!(package.sha256.unwrap().starts_with("ba7816bf"));
    }
}
