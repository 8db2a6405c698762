//! What a module needs, and the command line that runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use module::{CodeFile, HResult, ModuleError, Role, Settings};
use serde_json::json;

use super::library::{Format, Library};
use super::prefix::{self, InUse};
use super::registered::RegisteredCode;
use super::settings::ComSettings;
use crate::process::{CodeWord, utf8};

/// Where a distribution's package puts the host, beside the directory of the program itself.
const LIBRARIES: [&str; 2] = ["/usr/lib/exeunt", "/usr/local/lib/exeunt"];
/// Where Debian keeps the 64-bit Wine.
const DEBIAN_WINE: &str = "/usr/lib/wine/wine64";

/// A module that is ready to be run.
pub(super) struct Prepared {
    /// The settings for the kind `process`.
    pub(super) process: Settings,
    /// The word of its command that names the module's file, where that is looked at before each start.
    pub(super) code: Option<CodeWord>,
    /// The prefix it runs in, where it needs Wine; to be kept as long as the module.
    pub(super) wine: Option<InUse>,
}

/// Looks at the file and finds what it needs.
pub(super) fn prepare(
    role: Role,
    settings: &ComSettings,
    code: Option<&Arc<dyn CodeFile>>,
) -> Result<Prepared, ModuleError> {
    let format = match &settings.path {
        Some(path) => {
            let library = Library::read(path)?;
            fit(&library, path)?;
            library.format
        }
        None => registered(settings)?,
    };
    let mut process = settings.process.clone();
    let Host { words: mut command, environment, wine } = host(format, settings)?;
    if let Some(environment) = environment {
        process.set("environment", json!(environment).to_string());
    }
    command.push(role_word(role).to_owned());
    let spelling = match format {
        Format::Linux => utf8,
        Format::Windows => under_wine,
    };
    let code_word = match (&settings.path, code) {
        (Some(path), _) => {
            command.extend(["--path".to_owned(), spelling(path)?]);
            code.map(|code| CodeWord::spelt(code, path, spelling)).transpose()?
        }
        // Where the file was found once is no word of the command: it is only compared.
        (None, Some(code)) => {
            let found: Arc<dyn CodeFile> = Arc::new(RegisteredCode::new(code, settings));
            Some(CodeWord::spelt(&found, code.named(), spelling)?)
        }
        (None, None) => None,
    };
    command.extend(class_words(settings));
    if format == Format::Linux {
        command.extend(registry_words(settings)?);
    }
    if settings.apartment {
        command.push("--apartment".to_owned());
    }
    process.set("command", json!(command).to_string());
    Ok(Prepared { process, code: code_word, wine })
}

/// What asks which file is registered for the class.
pub(super) fn question(settings: &ComSettings) -> Result<Host, ModuleError> {
    let format = registered(settings)?;
    let mut asked = host(format, settings)?;
    asked.words.push("find".to_owned());
    asked.words.extend(class_words(settings));
    if format == Format::Linux {
        asked.words.extend(registry_words(settings)?);
    }
    if let Some(environment) = &mut asked.environment {
        environment.insert("WINEDEBUG".to_owned(), "-all".to_owned());
    }
    Ok(asked)
}

/// What runs the host.
pub(super) struct Host {
    /// Its command.
    pub(super) words: Vec<String>,
    /// The variables that it needs, where it needs more than the operator has set.
    pub(super) environment: Option<BTreeMap<String, String>>,
    /// The prefix it runs in, where it needs Wine.
    pub(super) wine: Option<InUse>,
}

/// The host for files of this format, with what it needs made ready.
fn host(format: Format, settings: &ComSettings) -> Result<Host, ModuleError> {
    if format == Format::Linux {
        return Ok(Host { words: vec![utf8(&comhost(settings, "exeunt-comhost")?)?], environment: None, wine: None });
    }
    let host = comhost(settings, "exeunt-comhost.exe")?;
    let wine = wine(settings)?;
    let prefix = folder(settings.wine_prefix.as_deref(), "wine_prefix")?;
    if settings.process.value("user").is_some() {
        let text = "Wine runs as the owner of its prefix, which is the server: leave the setting `user` out";
        return Err(ModuleError::invalid(text));
    }
    // A prefix in which the module is registered is there.
    if settings.path.is_some() {
        prefix::make(&wine, prefix, settings.wine_template.as_deref())?;
    }
    Ok(Host {
        words: vec![utf8(&wine)?, utf8(&host)?],
        environment: Some(environment(settings, prefix)?),
        wine: Some(InUse::new(&wine, prefix)),
    })
}

/// The options that name the class.
fn class_words(settings: &ComSettings) -> Vec<String> {
    let named = [("--clsid", &settings.clsid), ("--progid", &settings.prog_id)];
    let words = named.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value.clone()?]));
    words.flatten().collect()
}

/// The option that says where the registry is, which is made where it is missing.
fn registry_words(settings: &ComSettings) -> Result<[String; 2], ModuleError> {
    let state = folder(settings.state.as_deref(), "state_directory")?;
    std::fs::create_dir_all(state).map_err(|error| {
        let code = ModuleError::from(std::io::Error::from(error.kind())).code;
        ModuleError::new(code, format!("{} cannot be made: {error}", state.display()))
    })?;
    Ok(["--registry".to_owned(), utf8(state)?])
}

/// Where the class is registered that is to be loaded without its file: in the registry of shared objects, or in a Wine prefix.
fn registered(settings: &ComSettings) -> Result<Format, ModuleError> {
    let state = folder(settings.state.as_deref(), "state_directory")?;
    let prefix = folder(settings.wine_prefix.as_deref(), "wine_prefix")?;
    if state.join("registry").is_dir() {
        return Ok(Format::Linux);
    }
    if prefix.join("system.reg").is_file() {
        return Ok(Format::Windows);
    }
    let text = format!(
        "{} is registered nowhere: there is neither a registry in {} nor a Wine prefix {}: register its file there with \
         `exeunt-comhost register` (docs/modules/com.md), or name the file with the setting `path`",
        settings.shown(),
        state.display(),
        prefix.display()
    );
    Err(ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, text))
}

/// Whether the file can be run here at all.
fn fit(library: &Library, path: &Path) -> Result<(), ModuleError> {
    let shown = path.display();
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        "aarch64" => "ARM64",
        other => other,
    };
    let unfit = |text: String| Err(ModuleError::new(HResult::ERROR_BAD_EXE_FORMAT, text));
    if !library.is_library {
        return unfit(format!(
            "{shown} is a program, and a COM module is a library: add it as a module of the kind `process`"
        ));
    }
    if library.machine != machine {
        let what = match library.format {
            Format::Windows => "DLL",
            Format::Linux => "shared object",
        };
        let text = format!(
            "{shown} is a {what} for {} processors, and this machine is {machine}: get the module's build for it",
            library.machine
        );
        return unfit(text);
    }
    if library.is_managed {
        return unfit(format!(
            "{shown} is a .NET assembly, which Windows runs and Wine does not: run it on Windows, or build it as a module \
             of the kind `process` (docs/modules/com.md)"
        ));
    }
    if !library.exports("DllGetClassObject") {
        return unfit(format!(
            "{shown} is no COM server: it does not export `DllGetClassObject`. Name the module's own file, or build it as \
             docs/modules/cpp.md says"
        ));
    }
    if library.format == Format::Linux && !library.exports("exeunt_attach") {
        return unfit(format!(
            "{shown} was not built with the runtime of sdk/c: it does not export `exeunt_attach` (docs/modules/cpp.md)"
        ));
    }
    Ok(())
}

fn folder<'a>(folder: Option<&'a Path>, setting: &str) -> Result<&'a Path, ModuleError> {
    folder.ok_or_else(|| {
        ModuleError::invalid(format!("there is no data folder here: name one with the setting `{setting}`"))
    })
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Exit => "exit",
        Role::Policy => "policy",
    }
}

/// The host: as set, beside this program, in the package's folder, or on PATH.
fn comhost(settings: &ComSettings, name: &str) -> Result<PathBuf, ModuleError> {
    if let Some(path) = &settings.comhost {
        return is_there(path, "comhost").map(|()| path.clone());
    }
    let own = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
    let folders = own.into_iter().chain(LIBRARIES.map(PathBuf::from)).chain(on_path());
    folders.map(|folder| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        let text = format!(
            "{name}, which loads COM modules, is not installed: it comes with a release; put it beside `exeunt` or into \
             {}, or name it with the setting `comhost`",
            LIBRARIES[0]
        );
        ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, text)
    })
}

fn wine(settings: &ComSettings) -> Result<PathBuf, ModuleError> {
    if let Some(path) = &settings.wine {
        return is_there(path, "wine").map(|()| path.clone());
    }
    let found = on_path().flat_map(|folder| ["wine64", "wine"].map(|name| folder.join(name)));
    std::iter::once(PathBuf::from(DEBIAN_WINE)).chain(found).find(|path| path.is_file()).ok_or_else(|| {
        let text = "a DLL for Windows needs Wine, which is not installed: `apt install wine64`, or name it with the setting \
                    `wine`";
        ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, text)
    })
}

fn on_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect::<Vec<_>>().into_iter()
}

fn is_there(path: &Path, setting: &str) -> Result<(), ModuleError> {
    if path.is_file() {
        return Ok(());
    }
    let text = format!("the setting `{setting}` names {}, which is no file", path.display());
    Err(ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, text))
}

/// The path of the module as a host under Wine sees it: the whole file system is drive Z.
fn under_wine(path: &Path) -> Result<String, ModuleError> {
    Ok(format!("Z:{}", utf8(path)?.replace('/', "\\")))
}

/// The operator's environment and what Wine needs. Without a UTF-8 locale it would lose characters of paths.
fn environment(settings: &ComSettings, prefix: &Path) -> Result<BTreeMap<String, String>, ModuleError> {
    let mut all: BTreeMap<String, String> =
        prefix::environment(prefix).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    all.extend(crate::process::environment(&settings.process)?);
    Ok(all)
}
