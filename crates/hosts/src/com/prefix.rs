//! The Wine prefix: the folder that Wine keeps its registry and its drive C in. One serves all modules.

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

/// Makes the prefix where it is missing; several processes may try at once.
pub(super) fn make(wine: &Path, prefix: &Path) -> Result<(), ModuleError> {
    let failed = |what: &str| {
        let shown = prefix.display();
        let what = what.to_owned();
        move |error: std::io::Error| {
            let code = ModuleError::from(std::io::Error::from(error.kind())).code;
            ModuleError::new(code, format!("the Wine prefix {shown} cannot be {what}: {error}"))
        }
    };
    if prefix.join(COMPLETE).exists() {
        return Ok(());
    }
    fs::create_dir_all(prefix).map_err(failed("made"))?;
    let lock = File::create(prefix.join("exeunt-lock")).map_err(failed("locked"))?;
    // Whoever comes second waits, and finds it made. The lock goes with the file, and so with a process that is killed.
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed("locked")(error.into()))?;
    if prefix.join(COMPLETE).exists() {
        return Ok(());
    }
    tracing::info!(prefix = %prefix.display(), "making a Wine prefix");
    boot(wine, prefix)?;
    File::create(prefix.join(COMPLETE)).map_err(failed("marked"))?;
    Ok(())
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
