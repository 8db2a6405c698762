//! Wine prefixes: the folders that Wine keeps its registry and its drive C in. Each module has one of its own.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use module::{HResult, ModuleError};
use rustix::fs::FlockOperation;

/// The longest that making a prefix takes.
pub(super) const MAKING: Duration = Duration::from_secs(180);
/// Says that the prefix is complete.
const COMPLETE: &str = "exeunt-complete";
/// Held while it is made.
const LOCK: &str = "exeunt-lock";

/// The variables that Wine runs with.
pub(super) fn environment(prefix: &Path) -> [(&'static str, String); 5] {
    [
        ("WINEPREFIX", prefix.to_string_lossy().into_owned()),
        ("WINEARCH", "win64".to_owned()),
        ("WINEDEBUG", "-all".to_owned()),
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
    // A process group of its own: what Wine leaves running for all modules does not end with one of them.
    let mut child = Command::new(wine)
        .args(["wineboot.exe", "--init"])
        .envs(environment(prefix))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| {
            let text = format!("Wine cannot be started: {}: {error}", wine.display());
            ModuleError::new(HResult::E_FAIL, text)
        })?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < MAKING => thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                // It may have ended this moment.
                let _ = child.kill();
                let _ = child.wait();
                let text = format!("Wine did not make its prefix {} within {} s", prefix.display(), MAKING.as_secs());
                return Err(ModuleError::new(HResult::ERROR_TIMEOUT, text));
            }
            Err(error) => return Err(ModuleError::from(error)),
        }
    };
    if status.success() {
        return Ok(());
    }
    let text = format!("Wine cannot make its prefix {}: wineboot ended with {status}", prefix.display());
    Err(ModuleError::new(HResult::E_FAIL, text))
}
