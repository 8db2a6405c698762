//! The settings of a component, read and checked.

use std::path::PathBuf;
use std::time::Duration;

use module::{ModuleError, Setting, Settings};

use super::grants::{Directory, Grants, Network};

/// What settings passed on to the module start with.
const PASSED_ON: &str = "setting.";
/// What grants of a directory start with.
const DIRECTORY: &str = "dir.";
/// What grants of a variable start with.
const VARIABLE: &str = "env.";

const fn setting(name: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default, meaning }
}

pub(super) static SETTINGS: &[Setting] = &[
    setting("component", "", "absolute path of the component"),
    setting("memory_bytes_max", "67108864", "memory of each instance, 65,536 to 4,294,967,296"),
    setting("timeout_ms", "30000", "longest time for one call, 1 to 86,400,000; then the component is interrupted"),
    setting("start_timeout_ms", "20000", "longest time until `initialize` is answered, compiling aside"),
    setting("stop_timeout_ms", "5000", "longest time for `shut-down` of a policy module"),
    setting("fuel", "no limit", "instructions of one call, roughly; counting them costs some speed"),
    setting(
        "instances",
        "1",
        "calls the module may have open at once, each in an instance with its own memory, 1 to 1,024",
    ),
    setting("message_bytes_max", "16777216", "the most a component hands over in one call, 1,024 to 1,073,741,824"),
    setting("cache_directory", "the server's", "absolute path of a private directory for what was compiled, or `none`"),
    setting("network", "none", "addresses it may connect to by TCP: `host:port`, separated by commas"),
    setting(
        "dir.<guest path>",
        "none",
        "absolute path of a directory that it sees there; `:ro` at the end lets it only read",
    ),
    setting("env.<NAME>", "none", "a variable of its environment"),
    setting("restart_backoff_ms_min", "250", "wait before the second restart in a row; the first is immediate"),
    setting("restart_backoff_ms_max", "60000", "longest wait before a restart"),
    setting("setting.<name>", "none", "passed on to the module as its setting <name>"),
];

/// Settings of a component, checked; nothing outside was looked at.
#[derive(Clone, Debug)]
pub(super) struct WasmSettings {
    pub(super) component: PathBuf,
    pub(super) memory_bytes_max: usize,
    pub(super) call: Duration,
    pub(super) start: Duration,
    pub(super) stop: Duration,
    pub(super) fuel: Option<u64>,
    pub(super) instances: usize,
    pub(super) message_bytes_max: usize,
    /// Where compiled components are kept; none where the setting says nothing.
    pub(super) cache: Option<PathBuf>,
    /// Whether they are kept at all.
    pub(super) cached: bool,
    pub(super) grants: Grants,
    pub(super) backoff_min: Duration,
    pub(super) backoff_max: Duration,
    /// What the module gets as its settings.
    pub(super) passed_on: Vec<(String, String)>,
}

impl WasmSettings {
    pub(super) fn resolve(settings: &Settings) -> Result<Self, ModuleError> {
        let family = |name: &str| [PASSED_ON, DIRECTORY, VARIABLE].iter().any(|prefix| name.starts_with(prefix));
        settings.iter().filter(|(name, _)| !family(name)).collect::<Settings>().check_names(SETTINGS)?;

        let component = absolute("component", settings.required("component")?)?;
        let milliseconds = |name, default| settings.within(name, default, 1..=86_400_000).map(Duration::from_millis);
        let (cached, cache) = match settings.value("cache_directory").map(str::trim) {
            None => (true, None),
            Some("none") => (false, None),
            Some(path) => (true, Some(absolute("cache_directory", path)?)),
        };
        let grants = Grants {
            directories: with_prefix(settings, DIRECTORY)
                .map(|(guest, host)| Directory::parse(guest, host))
                .collect::<Result<_, _>>()?,
            environment: with_prefix(settings, VARIABLE)
                .map(|(name, value)| variable(name, value))
                .collect::<Result<_, _>>()?,
            network: Network::parse(settings.value("network").unwrap_or("none"))?,
        };
        let fuel = settings.value("fuel").map(|_| settings.within("fuel", 1, 1..=i64::MAX as u64)).transpose()?;
        let resolved = Self {
            component,
            memory_bytes_max: usize::try_from(settings.within(
                "memory_bytes_max",
                64 << 20,
                (64 << 10)..=4_u64 << 30,
            )?)
            .unwrap_or(usize::MAX),
            call: milliseconds("timeout_ms", 30_000)?,
            start: milliseconds("start_timeout_ms", 20_000)?,
            stop: milliseconds("stop_timeout_ms", 5_000)?,
            fuel,
            instances: settings.within("instances", 1, 1..=1024)?,
            message_bytes_max: settings.within("message_bytes_max", 16 << 20, 1024..=1 << 30)?,
            cache,
            cached,
            grants,
            backoff_min: milliseconds("restart_backoff_ms_min", 250)?,
            backoff_max: milliseconds("restart_backoff_ms_max", 60_000)?,
            passed_on: with_prefix(settings, PASSED_ON)
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        if resolved.backoff_min > resolved.backoff_max {
            return Err(ModuleError::invalid("`restart_backoff_ms_min` is above `restart_backoff_ms_max`"));
        }
        Ok(resolved)
    }
}

fn with_prefix<'a>(settings: &'a Settings, prefix: &'static str) -> impl Iterator<Item = (&'a str, &'a str)> {
    settings.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
}

fn absolute(name: &str, text: &str) -> Result<PathBuf, ModuleError> {
    let path = PathBuf::from(text.trim());
    if !path.is_absolute() || text.contains('\0') {
        return Err(ModuleError::invalid(format!("the setting `{name}` is not an absolute path")));
    }
    Ok(path)
}

fn variable(name: &str, value: &str) -> Result<(String, String), ModuleError> {
    if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
        return Err(ModuleError::invalid(format!("`{VARIABLE}{name}` cannot be a variable")));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn resolve(pairs: &[(&str, &str)]) -> Result<WasmSettings, ModuleError> {
        WasmSettings::resolve(&pairs.iter().copied().collect())
    }

    #[test]
    fn a_component_is_enough_and_is_granted_nothing() {
        let settings = resolve(&[("component", "/srv/m.wasm"), ("setting.path", "/x")]).unwrap();
        assert_eq!((settings.instances, settings.fuel, settings.memory_bytes_max), (1, None, 64 << 20));
        assert_eq!(settings.passed_on, [("path".to_owned(), "/x".to_owned())]);
        assert!(settings.grants.directories.is_empty() && settings.grants.environment.is_empty());
        assert!(settings.grants.network.is_none() && settings.cached && settings.cache.is_none());
    }

    #[test]
    fn grants_are_named_one_by_one() {
        let settings = resolve(&[
            ("component", "/srv/m.wasm"),
            ("dir./data", "/var/lib/x"),
            ("dir./etc", "/etc/x:ro"),
            ("env.TZ", "UTC"),
            ("network", "192.0.2.1:443"),
            ("cache_directory", "none"),
        ])
        .unwrap();
        let writable: Vec<_> =
            settings.grants.directories.iter().map(|one| (one.guest.as_str(), one.writable)).collect();
        assert_eq!(writable, [("/data", true), ("/etc", false)]);
        assert_eq!(settings.grants.environment, [("TZ".to_owned(), "UTC".to_owned())]);
        assert!(settings.grants.network.is_some() && !settings.cached);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let component = ("component", "/m.wasm");
        for pairs in [
            &[][..],
            &[("component", "m.wasm")],
            &[component, ("comand", "b")],
            &[component, ("timeout_ms", "0")],
            &[component, ("memory_bytes_max", "10")],
            &[component, ("fuel", "0")],
            &[component, ("instances", "0")],
            &[component, ("cache_directory", "here")],
            &[component, ("network", "example.org")],
            &[component, ("dir./data", "data")],
            &[component, ("dir.", "/data")],
            &[component, ("env.", "x")],
            &[component, ("env.A=B", "x")],
            &[component, ("restart_backoff_ms_min", "9"), ("restart_backoff_ms_max", "8")],
        ] {
            assert!(resolve(pairs).is_err(), "{pairs:?}");
        }
    }
}
