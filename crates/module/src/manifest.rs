//! The manifest that lies beside a module: what it is, what it is run with, what it asks for.
//!
//! The format for authors is `docs/modules/manifest.md`. [`Manifest::parse`] reads the text and refuses whatever it does not
//! know; [`Manifest::settings_for`] and [`Manifest::check`] bring what an operator set together with what the manifest declares.

mod declared;
mod text;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use declared::{DeclaredSetting, SettingType};

use crate::{ExitEvents, HResult, ModuleError, Role, Setting, Settings, nearest};

/// The name of the file.
pub const FILE_NAME: &str = "exeunt-module.toml";

/// Octets of a manifest at most.
pub const BYTES_MAX: usize = 64 << 10;

/// What a setting of the module itself is called among the settings of its kind: this, and its name.
pub const SETTING_PREFIX: &str = "setting.";

/// The kind whose modules read their settings from a registry, where values have types, and write paths as Windows does.
const COM: &str = "com";

/// The version of the format.
const FORMAT: u32 = 1;

/// Settings, words of a command, and entries of a list of powers at most.
const ENTRIES_MAX: usize = 128;

/// What an author says of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format: 1.
    pub manifest: u32,
    /// The name: letters, digits, `.`, `_` and `-`, at most 64. The operator may know the module by another one.
    pub name: String,
    /// The version: letters, digits, `.`, `_`, `+` and `-`, at most 64. Versions are told apart, not compared.
    pub version: String,
    /// One line.
    #[serde(default)]
    pub description: String,
    /// What runs it: `process`, `wasm`, `com`, `webhook`, or a kind that is built in.
    pub kind: String,
    /// What it does.
    pub role: Role,
    /// The file with its code, relative to the manifest. Its SHA-256 is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// For the kind `process`: the program and its arguments. `{entry}` stands for the path of the entry, `{directory}` for
    /// that of the manifest's folder. Left out: the entry itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The events it asks for: `cert-issued`. For the operator to see; what counts is what the module asks for when it is
    /// initialised.
    #[serde(default)]
    pub events: Vec<String>,
    /// Its own settings.
    #[serde(default)]
    pub settings: BTreeMap<String, DeclaredSetting>,
    /// Settings of its kind. The operator's go before. In a text `{directory}` stands for the path of the manifest's folder.
    #[serde(default)]
    pub host: BTreeMap<String, Scalar>,
    /// What it needs of the machine.
    #[serde(default)]
    pub powers: Powers,
}

/// What a module needs of the machine it runs on. For the operator to see before installing; the limits are also set, where
/// the kind has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Powers {
    /// Environment variables it reads.
    pub environment: Vec<String>,
    /// Files and folders it reads.
    pub read: Vec<String>,
    /// Files and folders it writes.
    pub write: Vec<String>,
    /// What it connects to: `host:port`.
    pub network: Vec<String>,
    /// Programs it starts.
    pub programs: Vec<String>,
    /// Octets of memory: the setting `memory_bytes_max` of its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Seconds of processor time: the setting `cpu_seconds_max` of its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u64>,
    /// Open files: the setting `open_files_max` of its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
}

/// A value as it may be written in a manifest. A module gets text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true`, `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// `E_INVALIDARG` where it is too large, no TOML, has an unknown key, or a value that cannot be; the text names the place.
    pub fn parse(text: &str) -> Result<Self, ModuleError> {
        if text.len() > BYTES_MAX {
            return Err(invalid(format!("it has more than {BYTES_MAX} octets")));
        }
        let manifest: Self = toml::from_str(text).map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
        manifest.check_form()?;
        Ok(manifest)
    }

    /// Reads the manifest in this file, or of this folder: the manifest, its text, and the folder, absolute.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); `ERROR_FILE_NOT_FOUND` where it cannot be read. The text names the file.
    pub fn read(path: &Path) -> Result<(Self, String, PathBuf), ModuleError> {
        let file = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
        let unreadable = |error: std::io::Error| {
            ModuleError::new(HResult::ERROR_FILE_NOT_FOUND, format!("{}: {error}", file.display()))
        };
        let file = std::path::absolute(&file).map_err(unreadable)?;
        let text = text::read(&file, BYTES_MAX as u64).map_err(unreadable)?;
        let manifest =
            Self::parse(&text).map_err(|error| ModuleError::new(error.code, format!("{}: {error}", file.display())))?;
        let directory = file.parent().unwrap_or(Path::new("/")).to_owned();
        Ok((manifest, text, directory))
    }

    /// The events it names.
    pub fn events(&self) -> ExitEvents {
        ExitEvents::parse(&self.events).unwrap_or_default()
    }

    /// The path of its entry, below the manifest's folder.
    pub fn entry(&self, directory: &Path) -> Option<PathBuf> {
        self.entry.as_ref().map(|entry| directory.join(entry))
    }

    /// The settings its kind is made with: what the manifest says, below what the operator set, with every default. What names
    /// the code is the manifest's alone.
    ///
    /// `directory` is the manifest's folder, `known` are the kind's settings, and `entry_setting` is the one that names the file
    /// with the code ([`ModuleKind::entry_setting`](crate::ModuleKind::entry_setting)).
    pub fn settings_for(
        &self,
        directory: &Path,
        known: &[Setting],
        entry_setting: Option<&str>,
        set: &Settings,
    ) -> Settings {
        let has = |name: &str| known.iter().any(|setting| setting.name == name);
        let mut settings = Settings::default();
        if has("working_directory") {
            settings.set("working_directory", directory.to_string_lossy());
        }
        let Powers { memory_bytes, cpu_seconds, open_files, .. } = self.powers;
        for (name, limit) in
            [("memory_bytes_max", memory_bytes), ("cpu_seconds_max", cpu_seconds), ("open_files_max", open_files)]
        {
            if let Some(limit) = limit.filter(|_| has(name)) {
                settings.set(name, limit.to_string());
            }
        }
        for (name, value) in &self.host {
            settings.set(name, value.to_string().replace("{directory}", &directory.to_string_lossy()));
        }
        for (name, declared) in &self.settings {
            if let Some(default) = &declared.default {
                settings.set(format!("{SETTING_PREFIX}{name}"), default.to_string());
            }
        }
        for (name, value) in set.iter() {
            settings.set(name, value);
        }
        // What is run is what the operator was shown.
        if has("command") {
            settings.set("command", self.command_line(directory));
        }
        if let (Some(name), Some(entry)) = (entry_setting, self.entry(directory)) {
            settings.set(name, entry.to_string_lossy());
        }
        settings
    }

    /// The name among the settings of its kind of what an operator calls `name`: the module's own go before.
    pub fn qualified(&self, name: &str) -> String {
        if self.settings.contains_key(name) { format!("{SETTING_PREFIX}{name}") } else { name.to_owned() }
    }

    /// Fails on a setting that neither the manifest nor the kind (of this name, with these settings) knows; settings by their names
    /// among those of the kind. A misspelt name must not pass unseen, and the operator knows the manifest's names.
    ///
    /// # Errors
    /// `E_INVALIDARG`, with the name that is meant, or where none is near, with the names there are.
    pub fn check_names(&self, kind: &str, known: &[Setting], settings: &Settings) -> Result<(), ModuleError> {
        // `setting.<name>` stands for every name that begins so; which of them there are, `check` knows.
        let fits =
            |name: &str, known: &str| known.split_once('<').map_or(name == known, |(head, _)| name.starts_with(head));
        let unknown = |name: &&str| !known.iter().any(|setting| fits(name, setting.name));
        let Some(name) = settings.iter().map(|(name, _)| name).find(unknown) else { return Ok(()) };
        let own = || self.settings.keys().map(String::as_str);
        let kinds = || known.iter().map(|setting| setting.name);
        let meant = match nearest::question(name, own().chain(kinds())) {
            question if question.is_empty() => {
                let [own, kinds] = [own().collect::<Vec<_>>(), kinds().collect()].map(|names| names.join(", "));
                let own =
                    if own.is_empty() { "it has none of its own".to_owned() } else { format!("its own are: {own}") };
                format!("; {own}; those of the kind {kind}: {kinds}")
            }
            question => question,
        };
        Err(ModuleError::invalid(format!("{} has no setting `{name}`{meant}", self.name)))
    }

    /// Whether this setting, by its name among those of its kind, is declared secret.
    pub fn is_secret(&self, name: &str) -> bool {
        let own = name.strip_prefix(SETTING_PREFIX).and_then(|own| self.settings.get(own));
        own.is_some_and(|declared| declared.secret)
    }

    /// Checks the module's own settings, defaults filled in: each is declared, required ones are there, and every value is of its
    /// type. References must have been resolved.
    ///
    /// # Errors
    /// `E_INVALIDARG`, with the setting and what it can be. A secret's value is not shown.
    pub fn check(&self, settings: &Settings) -> Result<(), ModuleError> {
        for (name, value) in settings.iter() {
            let Some(own) = name.strip_prefix(SETTING_PREFIX) else { continue };
            let Some(declared) = self.settings.get(own) else {
                let names = self.settings.keys().map(String::as_str);
                let meant = match names.len() {
                    0 => "; it has none".to_owned(),
                    _ => nearest::question_or_all(own, "it has", names),
                };
                return Err(ModuleError::invalid(format!("{} has no setting `{own}`{meant}", self.name)));
            };
            declared.check(&self.kind, own, value)?;
        }
        for (own, declared) in self.settings.iter().filter(|(_, declared)| declared.required) {
            if settings.value(&format!("{SETTING_PREFIX}{own}")).is_none_or(str::is_empty) {
                let what = if declared.description.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", declared.description)
                };
                let text = format!("{} needs the setting `{own}`{what}: give --set {own}=…", self.name);
                return Err(ModuleError::invalid(text));
            }
        }
        Ok(())
    }

    /// The settings, which were [checked](Self::check), as the module is to get them: text as it was written; but a COM module
    /// gets numbers and truth values as numbers, since it finds them in a registry (`REG_DWORD`, or `REG_QWORD` where that is too
    /// small).
    #[must_use]
    pub fn typed(&self, mut settings: Settings) -> Settings {
        if self.kind == COM {
            for (own, declared) in &self.settings {
                let name = format!("{SETTING_PREFIX}{own}");
                if let Some(value) = settings.value(&name).map(|value| declared.in_registry(value)) {
                    settings.set(name, value);
                }
            }
        }
        settings
    }

    /// The command of a process module, as its setting: a JSON array.
    fn command_line(&self, directory: &Path) -> String {
        let folder = directory.to_string_lossy();
        let entry = self.entry(directory).map(|entry| entry.to_string_lossy().into_owned()).unwrap_or_default();
        let words: Vec<String> = if self.command.is_empty() {
            vec![entry]
        } else {
            self.command.iter().map(|word| word.replace("{entry}", &entry).replace("{directory}", &folder)).collect()
        };
        serde_json::Value::from(words).to_string()
    }

    fn check_form(&self) -> Result<(), ModuleError> {
        if self.manifest != FORMAT {
            return Err(invalid(format!("`manifest` is {}: this server knows format {FORMAT}", self.manifest)));
        }
        text::word("name", &self.name, "._-")?;
        text::word("version", &self.version, "._+-")?;
        text::word("kind", &self.kind, "_-")?;
        text::line("description", &self.description)?;
        if let Some(entry) = &self.entry {
            text::line("entry", entry)?;
            let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
            if entry.is_empty() || !Path::new(entry).components().all(plain) {
                return Err(invalid(format!("`entry` is `{entry}`: it must lie in the manifest's folder")));
            }
        }
        if self.kind == "process" && self.entry.is_none() && self.command.is_empty() {
            return Err(invalid("a program needs `entry` or `command`"));
        }
        if self.kind != "process" && !self.command.is_empty() {
            return Err(invalid("`command` is for the kind `process`"));
        }
        if self.entry.is_none() && self.command.iter().any(|word| word.contains("{entry}")) {
            return Err(invalid("`command` names {entry}, and there is no `entry`"));
        }
        if self.role == Role::Policy && !self.events.is_empty() {
            return Err(invalid("`events` is for exit modules"));
        }
        ExitEvents::parse(&self.events).map_err(|error| invalid(format!("`events`: {}", error.message)))?;

        let Powers { environment, read, write, network, programs, memory_bytes, cpu_seconds, open_files } =
            &self.powers;
        let lists = [environment, read, write, network, programs, &self.command, &self.events];
        if lists.iter().any(|list| list.len() > ENTRIES_MAX)
            || self.settings.len() > ENTRIES_MAX
            || self.host.len() > ENTRIES_MAX
        {
            return Err(invalid(format!("a list or table has more than {ENTRIES_MAX} entries")));
        }
        for (name, list) in [
            ("powers.environment", environment),
            ("powers.read", read),
            ("powers.write", write),
            ("powers.network", network),
            ("powers.programs", programs),
            ("command", &self.command),
        ] {
            list.iter().try_for_each(|text| text::line(name, text))?;
        }
        if [memory_bytes, cpu_seconds, open_files].into_iter().any(|limit| *limit == Some(0)) {
            return Err(invalid("a limit of `powers` is 0"));
        }
        for (name, value) in &self.host {
            text::word("host", name, "._-/")?;
            text::line(&format!("host.{name}"), &value.to_string())?;
        }
        self.settings.iter().try_for_each(|(name, declared)| declared.check_form(&self.kind, name))
    }
}

fn invalid(what: impl Into<String>) -> ModuleError {
    ModuleError::invalid(format!("the manifest cannot be used: {}", what.into()))
}

#[cfg(test)]
mod tests;
