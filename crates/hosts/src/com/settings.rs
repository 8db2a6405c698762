//! The settings of a COM module, read and checked.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use module::{ModuleError, Setting, Settings};

use crate::process::ProcessKind;
use module::ModuleKind;

/// The setting that names the module's file.
pub(super) const PATH: &str = "path";
/// What the kind `process` is told instead of our settings.
const COMMAND: &str = "command";

/// The prefix of a module, in its state directory.
const WINE: &str = "wine";
/// The prefix that others are made from, beside the modules' directories: no module can have this name.
const WINE_TEMPLATE: &str = ".wine";

static OWN: [Setting; 8] = [
    Setting {
        name: PATH,
        default: "the file that is registered for the class",
        meaning: "absolute path of the module: a DLL, or a shared object",
    },
    Setting {
        name: "clsid",
        default: "the class whose ProgID ends in .Exit or .Policy",
        meaning: "identifier of the module's class",
    },
    Setting { name: "progid", default: "as above", meaning: "ProgID of the module's class" },
    Setting {
        name: "apartment",
        default: "false",
        meaning: "true for a module that must be called on one thread, in a single-threaded apartment",
    },
    Setting {
        name: "state_directory",
        default: "com/<module> in the data folder",
        meaning: "where the module's registry and drive C are kept",
    },
    Setting {
        name: "comhost",
        default: "beside exeunt, then /usr/lib/exeunt, then PATH",
        meaning: "absolute path of exeunt-comhost, for a DLL of exeunt-comhost.exe",
    },
    Setting { name: "wine", default: "/usr/lib/wine/wine64, then PATH", meaning: "absolute path of Wine, for DLLs" },
    Setting {
        name: "wine_prefix",
        default: "wine in the state directory",
        meaning: "the Wine prefix that a DLL runs in, and no other module; made where it is missing",
    },
];

static ALL: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let process = ProcessKind.settings().iter().filter(|setting| setting.name != COMMAND);
    OWN.iter().chain(process).copied().collect()
});

/// Every setting: ours, and those of the kind `process`.
pub(super) fn all() -> &'static [Setting] {
    &ALL
}

/// Settings of a COM module, checked; nothing outside was looked at.
#[derive(Clone, Debug)]
pub(super) struct ComSettings {
    /// The module's file; none for a class that is registered.
    pub(super) path: Option<PathBuf>,
    pub(super) clsid: Option<String>,
    pub(super) prog_id: Option<String>,
    pub(super) apartment: bool,
    pub(super) state: Option<PathBuf>,
    pub(super) comhost: Option<PathBuf>,
    pub(super) wine: Option<PathBuf>,
    pub(super) wine_prefix: Option<PathBuf>,
    /// The prefix that the prefixes of modules are made from.
    pub(super) wine_template: Option<PathBuf>,
    /// What the kind `process` gets.
    pub(super) process: Settings,
}

impl ComSettings {
    pub(super) fn resolve(settings: &Settings, state: Option<&Path>, name: &str) -> Result<Self, ModuleError> {
        if settings.value(COMMAND).is_some() {
            return Err(ModuleError::invalid("the kind `com` has no setting `command`: it runs exeunt-comhost"));
        }
        // Those of the kind `process` are checked by it, here and now.
        let process = without_own(settings);
        crate::process::time_limits(&process)?;
        let absolute = |name: &str| match settings.value(name).map(|text| PathBuf::from(text.trim())) {
            Some(path) if !path.is_absolute() => {
                Err(ModuleError::invalid(format!("the setting `{name}` is not an absolute path")))
            }
            other => Ok(other),
        };
        let word = |name: &str| settings.value(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let module_state = absolute("state_directory")?.or_else(|| state.map(|state| state.join(name)));
        let resolved = Self {
            path: absolute(PATH)?.filter(|path| !path.as_os_str().is_empty()),
            clsid: word("clsid"),
            prog_id: word("progid"),
            apartment: settings.parsed("apartment", false)?,
            wine_prefix: absolute("wine_prefix")?.or_else(|| module_state.as_deref().map(|state| state.join(WINE))),
            wine_template: state.map(|state| state.join(WINE_TEMPLATE)),
            state: module_state,
            comhost: absolute("comhost")?,
            wine: absolute("wine")?,
            process,
        };
        if let Some(clsid) = resolved.clsid.as_deref().filter(|clsid| !is_class_identifier(clsid)) {
            return Err(ModuleError::invalid(format!(
                "the setting `clsid` cannot be `{clsid}`: it is written as {{4C4A5E40-732C-11D0-8816-00A0C903B83C}}; a name \
                 goes into `progid`"
            )));
        }
        if resolved.clsid.is_some() && resolved.prog_id.is_some() {
            return Err(ModuleError::invalid("`clsid` and `progid` both name the class: set one of them"));
        }
        if resolved.path.is_none() && resolved.clsid.is_none() && resolved.prog_id.is_none() {
            let text = "the setting `path` is required: the module's file; or `progid` or `clsid`, of a class that is registered";
            return Err(ModuleError::invalid(text));
        }
        Ok(resolved)
    }

    /// The module in a word: its file, or its class.
    pub(super) fn shown(&self) -> String {
        let class = || self.prog_id.clone().or_else(|| self.clsid.clone()).unwrap_or_default();
        self.path.as_deref().map_or_else(class, |path| path.display().to_string())
    }
}

/// The class that is named where no file is.
pub(super) fn class(settings: &Settings) -> Option<String> {
    let named = |name: &str| settings.value(name).map(str::trim).filter(|text| !text.is_empty());
    let class = named("progid").or_else(|| named("clsid"));
    class.filter(|_| named(PATH).is_none()).map(str::to_owned)
}

/// Whether it is written as COM writes identifiers, with or without braces.
fn is_class_identifier(text: &str) -> bool {
    let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let groups: Vec<&str> = bare.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The settings without ours, and with a command, so that the kind `process` can judge them.
pub(super) fn without_own(settings: &Settings) -> Settings {
    let own = |name: &str| OWN.iter().any(|setting| setting.name == name);
    let mut rest: Settings = settings.iter().filter(|(name, _)| !own(name)).collect();
    rest.set(COMMAND, "exeunt-comhost");
    rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn resolve(pairs: &[(&str, &str)]) -> Result<ComSettings, ModuleError> {
        ComSettings::resolve(&pairs.iter().copied().collect(), Some(Path::new("/var/lib/exeunt/com")), "m")
    }

    #[test]
    fn a_path_is_enough() {
        let settings = resolve(&[("path", "/m/a.dll"), ("timeout_ms", "100"), ("setting.Directory", "/x")]).unwrap();
        assert_eq!(settings.state.as_deref(), Some(Path::new("/var/lib/exeunt/com/m")));
        assert_eq!(settings.wine_prefix.as_deref(), Some(Path::new("/var/lib/exeunt/com/m/wine")));
        assert_eq!(settings.process.value("setting.Directory"), Some("/x"));
        assert_eq!(settings.process.value("path"), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (pairs, text) in [
            (&[][..], "`path` is required"),
            (&[("path", "a.dll")], "not an absolute path"),
            (&[("path", "/a.dll"), ("command", "x")], "no setting `command`"),
            (
                &[("path", "/a.dll"), ("clsid", "4c4a5e40-732c-11d0-8816-00a0c903b83c"), ("progid", "A.Exit")],
                "both name the class",
            ),
            (&[("path", "/a.dll"), ("clsid", "A.Exit")], "goes into `progid`"),
            (&[("path", "/a.dll"), ("clsid", "{4C4A5E40-732C-11D0-8816-00A0C903B83C")], "is written as {4C4A"),
            (&[("path", "/a.dll"), ("apartment", "yes")], "apartment"),
            (&[("path", "/a.dll"), ("timeout_ms", "0")], "timeout_ms"),
            (&[("path", "/a.dll"), ("colour", "red")], "colour"),
        ] {
            let error = resolve(pairs).unwrap_err().message;
            assert!(error.contains(text), "{text}: {error}");
        }
    }
}
