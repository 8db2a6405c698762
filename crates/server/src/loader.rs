//! Module kinds behind their guard, for the engine.

mod code;
mod declared;
mod kept;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::store::{Code, InstalledModule};
use engine::{LoadedExit, LoadedPolicy, ModuleLoader, Notice};
use hosts::{Gauge, Guard, Limits};
use module::manifest::SETTING_PREFIX;
use module::nearest;
use module::reference::{self, Resolved};
use module::{CodeFile, ExitEvents, ExitModule, Manifest, ModuleError, ModuleKind, Profile, Role, Settings};
use modules::policy::DefaultPolicyKind;

use code::Watched;
pub use code::sha256_of_file;
use declared::{Declared, Told};
use kept::Kept;

/// Where the data folder keeps modules that were compiled. It may be removed at any time.
const COMPILED: &str = "compiled";
/// Where the data folder keeps copies of the files with modules' code.
const KEPT: &str = "modules";

/// Calls at once to a policy module that is built in: each is one request's, on its own thread.
const POLICY_CONCURRENCY: usize = 1_024;

/// The setting of a kind that runs programs which says what is run.
const COMMAND: &str = "command";

/// Every kind of module this executable has.
pub struct Kinds {
    kinds: Vec<Kind>,
    kept: Option<Arc<Kept>>,
}

struct Kind {
    kind: Arc<dyn ModuleKind>,
    built_in: bool,
}

/// What a module is made of: its kind, its settings with their references resolved, and its code.
struct Parts<'k> {
    kind: &'k Kind,
    resolved: Resolved,
    /// The events that its manifest names; none where it does not say.
    declared: ExitEvents,
    code: Option<Arc<Watched>>,
}

/// A module before it is made: its kind, and its settings with what the manifest adds.
struct Composed<'k> {
    kind: &'k Kind,
    manifest: Option<Manifest>,
    settings: Settings,
}

impl Kinds {
    /// The built-in kinds, the default policy over these profiles, and the hosts of foreign modules. No copies of code are kept.
    pub fn new(profiles: Arc<BTreeMap<String, Profile>>, default_profile: Option<String>) -> Self {
        Self::with_hosts(profiles, default_profile, hosts::kinds(), None)
    }

    /// As [`new`](Self::new); what hosts compile, and copies of the files with modules' code, are kept in this data folder.
    pub fn in_folder(profiles: Arc<BTreeMap<String, Profile>>, default_profile: Option<String>, folder: &Path) -> Self {
        let hosts = hosts::kinds_with_cache(Some(folder.join(COMPILED)));
        Self::with_hosts(profiles, default_profile, hosts, Some(Arc::new(Kept::new(folder.join(KEPT)))))
    }

    fn with_hosts(
        profiles: Arc<BTreeMap<String, Profile>>,
        default_profile: Option<String>,
        hosts: Vec<Arc<dyn ModuleKind>>,
        kept: Option<Arc<Kept>>,
    ) -> Self {
        let policy: Arc<dyn ModuleKind> = Arc::new(DefaultPolicyKind::new(profiles, default_profile));
        let built_in = std::iter::once(policy).chain(modules::kinds()).map(|kind| Kind { kind, built_in: true });
        let foreign = hosts.into_iter().map(|kind| Kind { kind, built_in: false });
        Self { kinds: built_in.chain(foreign).collect(), kept }
    }

    /// Every kind, the default policy first.
    pub fn all(&self) -> Vec<Arc<dyn ModuleKind>> {
        self.kinds.iter().map(|kind| Arc::clone(&kind.kind)).collect()
    }

    fn find(&self, name: &str) -> Result<&Kind, ModuleError> {
        self.kinds.iter().find(|kind| kind.kind.name() == name).ok_or_else(|| {
            let names = self.kinds.iter().map(|kind| kind.kind.name());
            let meant = nearest::question_or_all(name, "there are", names);
            ModuleError::invalid(format!("there is no kind of module `{name}`{meant}"))
        })
    }

    fn compose(&self, module: &InstalledModule) -> Result<Composed<'_>, ModuleError> {
        let kind = self.find(&module.kind)?;
        let manifest = module.versions.package.manifest()?;
        let directory = module.versions.package.manifest.as_ref().map(|file| file.directory.as_path());
        let settings = match (&manifest, directory) {
            (Some(manifest), Some(directory)) => {
                manifest.settings_for(directory, kind.kind.settings(), kind.kind.entry_setting(), &module.settings)
            }
            _ => module.settings.clone(),
        };
        Ok(Composed { kind, manifest, settings })
    }

    /// What a module is made of. Its code is looked at when it is started.
    fn parts(&self, module: &InstalledModule) -> Result<Parts<'_>, ModuleError> {
        let composed = self.compose(module)?;
        let resolved = composed.checked_values()?;
        let declared = composed.manifest.as_ref().map(Manifest::events).unwrap_or_default();
        Ok(Parts { kind: composed.kind, resolved, declared, code: Watched::of(module, self.kept.as_ref()) })
    }
}

impl Composed<'_> {
    /// Whether a setting is declared secret, by the kind or by the manifest.
    fn is_secret(&self, name: &str) -> bool {
        reference::names(self.kind.kind.secrets(), name)
            || self.manifest.as_ref().is_some_and(|manifest| manifest.is_secret(name))
    }

    /// A secret in clear would lie in the database and be shown.
    fn check_secrets(&self) -> Result<(), ModuleError> {
        let clear = |(name, value): &(&str, &str)| self.is_secret(name) && !reference::is_reference(value);
        match self.settings.iter().find(clear) {
            None => Ok(()),
            Some((name, _)) => {
                let name = self.own_name(name);
                Err(ModuleError::invalid(format!(
                    "the setting `{name}` is a secret and is given by reference: --set {name}=@file:/path (a file that the \
                     server can read) or --set {name}=@env:NAME (a variable of its environment)"
                )))
            }
        }
    }

    fn check_names(&self, module: &InstalledModule) -> Result<(), ModuleError> {
        let Some(manifest) = &self.manifest else { return Ok(()) };
        let kind = self.kind.kind.as_ref();
        manifest.check_names(kind.name(), kind.settings(), &module.settings)
    }

    /// The settings as the module is to get them, references resolved.
    fn checked_values(&self) -> Result<Resolved, ModuleError> {
        let mut resolved = self.settings.resolved()?;
        if let Some(manifest) = &self.manifest {
            manifest.check(&resolved.settings).map_err(|error| resolved.redact(error))?;
            resolved.settings = manifest.typed(resolved.settings);
        }
        Ok(resolved)
    }

    /// What the operator calls a setting.
    fn own_name<'n>(&self, name: &'n str) -> &'n str {
        name.strip_prefix(SETTING_PREFIX).filter(|_| self.manifest.is_some()).unwrap_or(name)
    }
}

/// The guard's limits, and the settings the module is made with: a host that keeps the time itself is told it.
fn limits(kind: &Kind, module: &InstalledModule, settings: &Settings) -> Result<(Limits, Settings), ModuleError> {
    let workers = usize::try_from(module.options.workers).unwrap_or(usize::MAX);
    let concurrency = if kind.built_in && module.role == Role::Policy { POLICY_CONCURRENCY } else { workers };
    let limits = Limits { call: Duration::from_millis(module.options.timeout_ms), concurrency, ..Limits::default() };
    let settings = limits.handed_down(kind.kind.as_ref(), settings);
    Ok((limits.around(kind.kind.as_ref(), &settings)?, settings))
}

/// What the guard counted, as JSON.
fn health(gauge: Arc<Gauge>) -> Box<dyn Fn() -> serde_json::Value + Send + Sync> {
    Box::new(move || serde_json::to_value(gauge.snapshot()).unwrap_or_default())
}

/// The code as a host sees it.
fn watched(code: &Option<Arc<Watched>>) -> Option<Arc<dyn CodeFile>> {
    code.clone().map(|code| code as Arc<dyn CodeFile>)
}

/// What is to be said of the code as it runs, and of what it asked for.
fn notice(code: Option<Arc<Watched>>, asked: Told) -> Notice {
    Box::new(move || {
        let notices = [code.as_ref().and_then(|code| code.notice()), asked.lock().clone()];
        notices.into_iter().flatten().reduce(|code, asked| format!("{code}; and {asked}"))
    })
}

impl ModuleLoader for Kinds {
    fn exit(&self, module: &InstalledModule) -> Result<LoadedExit, ModuleError> {
        let Parts { kind, resolved, declared, code } = self.parts(module)?;
        let (limits, settings) = limits(kind, module, &resolved.settings).map_err(|error| resolved.redact(error))?;
        let gauge = Gauge::new();
        let (made, name, file) = (Arc::clone(&kind.kind), module.name.clone(), watched(&code));
        let factory = move || {
            let module = match &file {
                Some(file) => made.exit_module_from(file, &name, &settings),
                None => made.exit_module(&name, &settings),
            };
            module.map_err(|error| resolved.redact(error))
        };
        let guard = Guard::exit(&module.name, factory, limits, Arc::clone(&gauge));
        let asked = Told::default();
        let module: Arc<dyn ExitModule> = match declared.is_empty() {
            true => Arc::new(guard),
            false => Arc::new(Declared::new(&module.name, guard, declared, Arc::clone(&asked))),
        };
        Ok(LoadedExit { module, health: health(gauge), notice: notice(code, asked) })
    }

    fn policy(&self, module: &InstalledModule) -> Result<LoadedPolicy, ModuleError> {
        let Parts { kind, resolved, code, .. } = self.parts(module)?;
        let (limits, settings) = limits(kind, module, &resolved.settings).map_err(|error| resolved.redact(error))?;
        let gauge = Gauge::new();
        let (made, name, file) = (Arc::clone(&kind.kind), module.name.clone(), watched(&code));
        let factory = move || {
            let module = match &file {
                Some(file) => made.policy_module_from(file, &name, &settings),
                None => made.policy_module(&name, &settings),
            };
            module.map_err(|error| resolved.redact(error))
        };
        let guard = Guard::policy(&module.name, factory, limits, Arc::clone(&gauge));
        Ok(LoadedPolicy { module: Arc::new(guard), health: health(gauge), notice: notice(code, Told::default()) })
    }

    fn check(&self, module: &InstalledModule) -> Result<(), ModuleError> {
        let composed = self.compose(module)?;
        if composed.manifest.is_some() {
            let names = self.names_code(&module.kind);
            if let Some((name, _)) = module.settings.iter().find(|(name, _)| names.iter().any(|code| code == name)) {
                let text =
                    format!("`{name}` is given by the manifest; another program is another version: upgrade to it");
                return Err(ModuleError::invalid(text));
            }
        }
        composed.check_names(module)?;
        composed.check_secrets()?;
        let resolved = composed.checked_values()?;
        // Making one touches nothing outside, and reads every setting.
        let (kind, settings) = (&composed.kind.kind, &resolved.settings);
        let made = match module.role {
            Role::Exit => kind.exit_module("check", settings).map(drop),
            Role::Policy => kind.policy_module("check", settings).map(drop),
        };
        made.map_err(|error| resolved.redact(error))
    }

    fn code(&self, module: &InstalledModule) -> Result<Option<Code>, ModuleError> {
        let composed = self.compose(module)?;
        let package = module.versions.package.manifest.as_ref();
        let entry =
            composed.manifest.as_ref().zip(package).and_then(|(manifest, file)| manifest.entry(&file.directory));
        let path = entry.or_else(|| composed.kind.kind.code(&composed.settings));
        let path = path.filter(|path| path.is_absolute());
        if let (None, Some(class)) = (&path, composed.kind.kind.class(&composed.settings)) {
            let resolved = composed.checked_values()?;
            let file = composed.kind.kind.class_file(&module.name, &resolved.settings);
            let code = code::read(&file.map_err(|error| resolved.redact(error))?)?;
            return Ok(Some(Code { class: Some(class), ..code }));
        }
        path.map(|path| code::read(&path)).transpose()
    }

    fn keep(&self, code: &Code) -> Result<(), ModuleError> {
        // A class is loaded from its file alone, so that a copy could never be run.
        self.kept.as_ref().filter(|_| code.class.is_none()).map_or(Ok(()), |kept| kept.keep(code))
    }

    fn keep_only(&self, codes: &[&Code]) {
        if let Some(kept) = &self.kept {
            kept.keep_only(codes);
        }
    }

    fn names_code(&self, kind: &str) -> Vec<String> {
        let Ok(kind) = self.find(kind) else { return Vec::new() };
        let command = kind.kind.settings().iter().map(|setting| setting.name).find(|name| *name == COMMAND);
        command.into_iter().chain(kind.kind.entry_setting()).map(str::to_owned).collect()
    }

    fn secrets(&self, module: &InstalledModule) -> Vec<String> {
        let Ok(Composed { kind, manifest, .. }) = self.compose(module) else { return Vec::new() };
        let mut secrets: Vec<String> = kind.kind.secrets().iter().map(|name| (*name).to_owned()).collect();
        let declared = manifest.iter().flat_map(|manifest| &manifest.settings).filter(|(_, declared)| declared.secret);
        secrets.extend(declared.map(|(name, _)| format!("{SETTING_PREFIX}{name}")));
        secrets
    }
}
