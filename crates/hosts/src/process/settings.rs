//! The settings of a process module, read and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use module::{ModuleError, Setting, Settings};
use serde_json::Value as Json;

use super::confine::Confinement;
use super::words;

/// What settings passed on to the module start with.
const PASSED_ON: &str = "setting.";

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        name: "command",
        default: "",
        meaning: "program and arguments: words as in a shell, without a shell, or a JSON array of texts",
    },
    Setting { name: "working_directory", default: "/", meaning: "absolute path of the directory it runs in" },
    Setting {
        name: "environment",
        default: "none",
        meaning: "variables, `NAME=value;NAME=value` or a JSON object, beside PATH, LANG, HOME and TZ of the server",
    },
    Setting { name: "timeout_ms", default: "30000", meaning: "longest time for one call, 1 to 86,400,000" },
    Setting { name: "start_timeout_ms", default: "20000", meaning: "longest time until `initialize` is answered" },
    Setting {
        name: "stop_timeout_ms",
        default: "5000",
        meaning: "time to end after `shutdown`; then it is terminated, and killed 2 s later",
    },
    Setting {
        name: "message_bytes_max",
        default: "16777216",
        meaning: "longest message in either direction, 1,024 to 1,073,741,824",
    },
    Setting {
        name: "window",
        default: "1",
        meaning: "calls the module may have open at once, 1 to 1,024; more than 1 needs a module that can",
    },
    Setting {
        name: "batch_max",
        default: "256",
        meaning: "most events in one call, 1 to 1,000, where the module asks for batches",
    },
    Setting { name: "memory_bytes_max", default: "no limit", meaning: "address space of each process of the module" },
    Setting { name: "cpu_seconds_max", default: "no limit", meaning: "processor time of each process of the module" },
    Setting { name: "open_files_max", default: "no limit", meaning: "open files of each process of the module" },
    Setting {
        name: "user",
        default: "the server's",
        meaning: "name or number of the user it runs as; for a server that is root",
    },
    Setting { name: "group", default: "the user's", meaning: "name or number of the group it runs as" },
    Setting {
        name: "no_new_privileges",
        default: "true",
        meaning: "whether programs it starts cannot gain privileges (set-user-ID, file capabilities), true or false",
    },
    Setting {
        name: "restart_backoff_ms_min",
        default: "250",
        meaning: "wait before the second restart in a row; the first is immediate, each further one waits twice as long",
    },
    Setting { name: "restart_backoff_ms_max", default: "60000", meaning: "longest wait before a restart" },
    Setting { name: "setting.<name>", default: "none", meaning: "passed on to the module as its setting <name>" },
];

/// Settings of a process module, checked; nothing outside was looked at.
#[derive(Clone, Debug)]
pub(super) struct ProcessSettings {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) working_directory: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) call: Duration,
    pub(super) start: Duration,
    pub(super) stop: Duration,
    pub(super) message_bytes_max: usize,
    pub(super) window: usize,
    pub(super) batch_max: usize,
    pub(super) confinement: Confinement,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    pub(super) backoff_min: Duration,
    pub(super) backoff_max: Duration,
    /// What the module gets as its settings.
    pub(super) passed_on: BTreeMap<String, String>,
}

impl ProcessSettings {
    pub(super) fn resolve(settings: &Settings) -> Result<Self, ModuleError> {
        let (passed_on, own): (Vec<_>, Vec<_>) = settings.iter().partition(|(name, _)| name.starts_with(PASSED_ON));
        own.into_iter().collect::<Settings>().check_names(SETTINGS)?;

        let mut words = command_words(settings.required("command")?)?.into_iter();
        let program =
            words.next().filter(|word| !word.is_empty()).ok_or_else(|| ModuleError::invalid("`command` is empty"))?;
        let working_directory = PathBuf::from(settings.value("working_directory").unwrap_or("/").trim());
        if !working_directory.is_absolute() {
            return Err(ModuleError::invalid("the setting `working_directory` is not an absolute path"));
        }
        let program = located(program, &working_directory, settings.value("working_directory").is_some())?;
        let milliseconds = |name, default| settings.within(name, default, 1..=86_400_000).map(Duration::from_millis);
        let limit = |name| match settings.value(name) {
            None => Ok(None),
            Some(_) => settings.within(name, 1, 1..=i64::MAX as u64).map(Some),
        };
        let account = |name| match settings.value(name).map(str::trim) {
            Some("") => Err(ModuleError::invalid(format!("the setting `{name}` is empty: leave it out"))),
            value => Ok(value.map(str::to_owned)),
        };
        let resolved = Self {
            program,
            arguments: words.collect(),
            working_directory,
            environment: settings.value("environment").map_or_else(|| Ok(BTreeMap::new()), environment)?,
            call: milliseconds("timeout_ms", 30_000)?,
            start: milliseconds("start_timeout_ms", 20_000)?,
            stop: milliseconds("stop_timeout_ms", 5_000)?,
            message_bytes_max: settings.within("message_bytes_max", 16 << 20, 1024..=1 << 30)?,
            window: settings.within("window", 1, 1..=1024)?,
            batch_max: settings.within("batch_max", 256, 1..=1000)?,
            confinement: Confinement {
                memory_bytes_max: limit("memory_bytes_max")?,
                cpu_seconds_max: limit("cpu_seconds_max")?,
                open_files_max: limit("open_files_max")?,
                no_new_privileges: settings.parsed("no_new_privileges", true)?,
            },
            user: account("user")?,
            group: account("group")?,
            backoff_min: milliseconds("restart_backoff_ms_min", 250)?,
            backoff_max: milliseconds("restart_backoff_ms_max", 60_000)?,
            passed_on: passed_on
                .into_iter()
                .filter_map(|(name, value)| Some((name.strip_prefix(PASSED_ON)?.to_owned(), value.to_owned())))
                .collect(),
        };
        if resolved.backoff_min > resolved.backoff_max {
            return Err(ModuleError::invalid("`restart_backoff_ms_min` is above `restart_backoff_ms_max`"));
        }
        Ok(resolved)
    }

    /// The command: the program, then its arguments.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.program).chain(&self.arguments).map(String::as_str)
    }

    /// The command as an operator would recognise it.
    pub(super) fn command_line(&self) -> String {
        self.words().collect::<Vec<_>>().join(" ")
    }
}

/// The words of a command as the setting gives it: a JSON array of texts, or words as a shell splits them, without expansions.
///
/// # Errors
/// `E_INVALIDARG`: it is neither, or holds a NUL.
pub fn command_words(text: &str) -> Result<Vec<String>, ModuleError> {
    let words = if text.trim_start().starts_with('[') {
        serde_json::from_str(text)
            .map_err(|error| ModuleError::invalid(format!("`command` is not a JSON array of texts: {error}")))?
    } else {
        words::split(text)?
    };
    match words.iter().find(|word| word.contains('\0')) {
        Some(_) => Err(ModuleError::invalid("`command` holds a NUL")),
        None => Ok(words),
    }
}

/// A bare name is looked for on PATH, an absolute path is taken as it is, and a relative one needs a directory that
/// was named for it.
fn located(program: String, directory: &Path, named: bool) -> Result<String, ModuleError> {
    let path = Path::new(&program);
    if !program.contains('/') || path.is_absolute() {
        return Ok(program);
    }
    if !named {
        let text = format!("`{program}` is a relative path: give an absolute one, or `working_directory`");
        return Err(ModuleError::invalid(text));
    }
    directory
        .join(path)
        .into_os_string()
        .into_string()
        .map_err(|_| ModuleError::invalid("the path of the program is not UTF-8"))
}

/// The variables of the setting `environment`.
pub(super) fn environment(text: &str) -> Result<BTreeMap<String, String>, ModuleError> {
    let mut variables = BTreeMap::new();
    if text.trim_start().starts_with('{') {
        let object: BTreeMap<String, Json> = serde_json::from_str(text)
            .map_err(|error| ModuleError::invalid(format!("`environment` is not a JSON object: {error}")))?;
        for (name, value) in object {
            let value = value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| ModuleError::invalid(format!("`environment`: the value of `{name}` is not a text")))?;
            variables.insert(name, value);
        }
    } else {
        for pair in text.split(';').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| ModuleError::invalid(format!("`environment`: `{}` has no `=`", pair.trim())))?;
            variables.insert(name.trim().to_owned(), value.to_owned());
        }
    }
    let unfit =
        |(name, value): &(&String, &String)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0');
    match variables.iter().find(unfit) {
        Some((name, _)) => Err(ModuleError::invalid(format!("`environment`: `{name}` cannot be a variable"))),
        None => Ok(variables),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn resolve(pairs: &[(&str, &str)]) -> Result<ProcessSettings, ModuleError> {
        ProcessSettings::resolve(&pairs.iter().copied().collect())
    }

    #[test]
    fn a_command_is_enough() {
        let settings = resolve(&[("command", "python3 -u '/srv/a b.py'"), ("setting.path", "/x")]).unwrap();
        assert_eq!(settings.program, "python3");
        assert_eq!(settings.arguments, ["-u", "/srv/a b.py"]);
        assert_eq!(settings.command_line(), "python3 -u /srv/a b.py");
        assert_eq!(settings.window, 1);
        assert_eq!(settings.passed_on.get("path").map(String::as_str), Some("/x"));
        let settings = resolve(&[("command", r#"["/bin/a b","c"]"#)]).unwrap();
        assert_eq!((settings.program.as_str(), settings.arguments.len()), ("/bin/a b", 1));
    }

    #[test]
    fn a_relative_program_needs_a_directory() {
        assert!(resolve(&[("command", "./notify.sh")]).is_err());
        let settings = resolve(&[("command", "./notify.sh"), ("working_directory", "/srv/m")]).unwrap();
        assert_eq!(settings.program, "/srv/m/./notify.sh");
    }

    #[test]
    fn the_environment_has_two_forms() {
        let pairs = resolve(&[("command", "a"), ("environment", "A=1; B=x=y;")]).unwrap().environment;
        let object = resolve(&[("command", "a"), ("environment", r#"{"A":"1","B":"x=y"}"#)]).unwrap().environment;
        assert_eq!(pairs, object);
        assert_eq!(pairs.get("B").map(String::as_str), Some("x=y"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for pairs in [
            &[][..],
            &[("command", "  ")],
            &[("command", "''")],
            &[("command", "'a")],
            &[("command", "[1]")],
            &[("command", "a"), ("comand", "b")],
            &[("command", "a"), ("timeout_ms", "0")],
            &[("command", "a"), ("timeout_ms", "soon")],
            &[("command", "a"), ("window", "0")],
            &[("command", "a"), ("message_bytes_max", "10")],
            &[("command", "a"), ("working_directory", "srv")],
            &[("command", "a"), ("environment", "A")],
            &[("command", "a"), ("user", " ")],
            &[("command", "a"), ("no_new_privileges", "perhaps")],
            &[("command", "a"), ("batch_max", "0")],
            &[("command", "a"), ("environment", "=1")],
            &[("command", "a"), ("environment", r#"{"A":1}"#)],
            &[("command", "a"), ("restart_backoff_ms_min", "9"), ("restart_backoff_ms_max", "8")],
        ] {
            assert!(resolve(pairs).is_err(), "{pairs:?}");
        }
    }
}
