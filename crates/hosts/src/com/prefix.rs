//! Wine prefixes: the folders that Wine keeps its registry and its drive C in. Each module has one of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use module::{HResult, ModuleError};
use parking_lot::Mutex;
use rustix::fs::FlockOperation;

/// The longest that making a prefix takes.
pub(super) const MAKING: Duration = Duration::from_secs(180);
/// The longest that ending what runs in a prefix takes.
pub(super) const ENDING: Duration = Duration::from_secs(3);
/// Says that the prefix is complete.
const COMPLETE: &str = "exeunt-complete";
/// Held while it is made.
const LOCK: &str = "exeunt-lock";

/// The variables that Wine runs with.
pub(super) fn environment(prefix: &Path) -> [(&'static str, String); 5] {
    [
        ("WINEPREFIX", prefix.to_string_lossy().into_owned()),
        ("WINEARCH", "win64".to_owned()),
        // Silent but for what is reported as events: Wine keeps no event log, and writes their texts to the standard error. What the
        // module itself reports the host logs before that; this is for programs that it starts.
        ("WINEDEBUG", "-all,+eventlog".to_owned()),
        // Neither .NET nor HTML is looked for, and nothing is put into menus.
        ("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
    ]
}

/// Makes the prefix where it is missing. The first of all is made by Wine itself, as the template; the others share its
/// files with it, by hard links where they can.
pub(super) fn make(wine: &Path, prefix: &Path, template: Option<&Path>) -> Result<(), ModuleError> {
    once(prefix, || match template {
        None => boot(wine, prefix),
        Some(template) => {
            once(template, || boot(wine, template))?;
            share(template, prefix)
        }
    })
}

/// Makes a prefix unless it is complete; several processes may try at once.
fn once(prefix: &Path, make: impl FnOnce() -> Result<(), ModuleError>) -> Result<(), ModuleError> {
    if prefix.join(COMPLETE).exists() {
        return Ok(());
    }
    fs::create_dir_all(prefix).map_err(failed(prefix, "made"))?;
    let lock = File::create(prefix.join(LOCK)).map_err(failed(prefix, "locked"))?;
    // Whoever comes second waits, and finds it made. The lock goes with the file, and so with a process that is killed.
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed(prefix, "locked")(error.into()))?;
    if prefix.join(COMPLETE).exists() {
        return Ok(());
    }
    tracing::info!(prefix = %prefix.display(), "making a Wine prefix");
    make()?;
    File::create(prefix.join(COMPLETE)).map_err(failed(prefix, "marked"))?;
    Ok(())
}

/// A prefix in use. When its last user in this process has gone, what Wine has running for it is ended: its services would
/// stay for some seconds, as processes of nobody.
#[derive(Debug)]
pub(super) struct InUse {
    wine: PathBuf,
    prefix: PathBuf,
}

static USERS: Mutex<BTreeMap<PathBuf, usize>> = Mutex::new(BTreeMap::new());

impl InUse {
    pub(super) fn new(wine: &Path, prefix: &Path) -> Self {
        *USERS.lock().entry(prefix.to_owned()).or_insert(0) += 1;
        Self { wine: wine.to_owned(), prefix: prefix.to_owned() }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut users = USERS.lock();
        if let Some(count) = users.get_mut(&self.prefix) {
            *count -= 1;
            if *count > 0 {
                return;
            }
        }
        users.remove(&self.prefix);
        // Under the lock: a user that comes now would lose the server it has just started.
        let servers = ["wineserver64", "wineserver"].map(|name| self.wine.with_file_name(name));
        let Some(server) = servers.iter().find(|path| path.is_file()) else {
            return;
        };
        let mut command = Command::new(server);
        command.arg("-k").envs(environment(&self.prefix));
        if let Err(error) = run(&mut command, ENDING) {
            tracing::debug!(prefix = %self.prefix.display(), "Wine is not ended: {error}");
        }
    }
}

fn failed(prefix: &Path, what: &'static str) -> impl Fn(std::io::Error) -> ModuleError {
    let shown = prefix.display().to_string();
    move |error| {
        let code = ModuleError::from(std::io::Error::from(error.kind())).code;
        ModuleError::new(code, format!("the Wine prefix {shown} cannot be {what}: {error}"))
    }
}

/// Fills a prefix with what is in the template: folders anew, Windows' files shared, everything else copied.
fn share(template: &Path, prefix: &Path) -> Result<(), ModuleError> {
    let mut folders = vec![(template.to_owned(), prefix.to_owned())];
    let mut copied = || -> std::io::Result<()> {
        while let Some((from, to)) = folders.pop() {
            for entry in fs::read_dir(&from)? {
                let (entry, kind) = entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind)))?;
                let target = to.join(entry.file_name());
                if entry.file_name() == LOCK || entry.file_name() == COMPLETE {
                    continue;
                }
                if kind.is_dir() {
                    fs::create_dir_all(&target)?;
                    folders.push((entry.path(), target));
                    continue;
                }
                // What a broken attempt left is made anew.
                let _ = fs::remove_file(&target);
                if kind.is_symlink() {
                    std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
                } else if from == template || fs::hard_link(entry.path(), &target).is_err() {
                    // The registry is the module's own.
                    fs::copy(entry.path(), &target)?;
                }
            }
        }
        Ok(())
    };
    copied().map_err(failed(prefix, "made from its template"))
}

fn boot(wine: &Path, prefix: &Path) -> Result<(), ModuleError> {
    let mut command = Command::new(wine);
    command.args(["wineboot.exe", "--init"]).envs(environment(prefix));
    match run(&mut command, MAKING) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => {
            let text = format!("Wine cannot make its prefix {}: wineboot ended with {status}", prefix.display());
            Err(ModuleError::new(HResult::E_FAIL, text))
        }
        Ok(None) => {
            let text = format!("Wine did not make its prefix {} within {} s", prefix.display(), MAKING.as_secs());
            Err(ModuleError::new(HResult::ERROR_TIMEOUT, text))
        }
        Err(error) => {
            let text = format!("Wine cannot be started: {}: {error}", wine.display());
            Err(ModuleError::new(HResult::E_FAIL, text))
        }
    }
}

/// Runs a program of Wine, silently and in a process group of its own; none where it took too long, and was killed.
fn run(command: &mut Command, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = silent.process_group(0).spawn()?;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= limit {
            // It may have ended this moment.
            let _ = child.kill();
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}
