//! Modules that are named by their class: which file is registered for it, as their host finds it.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use module::{CodeFile, HResult, ModuleError};
use rustix::fs::MemfdFlags;

use super::command;
use super::settings::ComSettings;

/// The longest that a registry is asked. Wine starts for it.
const ASKING: Duration = Duration::from_secs(60);
/// The most that is read of an answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 8_192;

/// The file with the code of a module that is named by its class: looked up and compared before each start. The class is then
/// loaded as it is registered.
pub(super) struct RegisteredCode {
    code: Arc<dyn CodeFile>,
    settings: ComSettings,
}

impl RegisteredCode {
    pub(super) fn new(code: &Arc<dyn CodeFile>, settings: &ComSettings) -> Self {
        Self { code: Arc::clone(code), settings: settings.clone() }
    }
}

impl CodeFile for RegisteredCode {
    fn named(&self) -> &Path {
        self.code.named()
    }

    fn locate(&self) -> Result<PathBuf, ModuleError> {
        self.check(&file(&self.settings)?)?;
        // No word of the command is to be another one.
        Ok(self.named().to_owned())
    }

    fn check(&self, found: &Path) -> Result<(), ModuleError> {
        self.code.check(found)
    }
}

/// The file that is registered for the class.
pub(super) fn file(settings: &ComSettings) -> Result<PathBuf, ModuleError> {
    let command::Host { words, environment, wine: _wine } = command::question(settings)?;
    let (program, arguments) = words.split_first().expect("a command has a program");
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.into_iter().flatten());
    let shown = settings.shown();
    let failed = |code, text: String| {
        Err(ModuleError::new(code, format!("the file that is registered for {shown} cannot be found: {text}")))
    };
    match ask(&mut command) {
        Ok(Some(Answer { status, said, .. })) if status.success() && Path::new(said.trim()).is_absolute() => {
            Ok(PathBuf::from(said.trim()))
        }
        Ok(Some(Answer { heard, .. })) if !heard.trim().is_empty() => {
            failed(HResult::ERROR_FILE_NOT_FOUND, heard.trim().to_owned())
        }
        Ok(Some(Answer { status, .. })) => failed(HResult::E_FAIL, format!("{program} ended with {status}")),
        Ok(None) => failed(HResult::ERROR_TIMEOUT, format!("{program} took longer than {} s", ASKING.as_secs())),
        Err(error) => failed(HResult::E_FAIL, format!("{program}: {error}")),
    }
}

/// What a program said, and how it ended.
struct Answer {
    status: ExitStatus,
    said: String,
    heard: String,
}

/// Runs a program in a process group of its own; none where it took too long, and was killed.
fn ask(command: &mut Command) -> std::io::Result<Option<Answer>> {
    // Files, and not pipes: what Wine leaves running would keep those open.
    let [mut said, mut heard] = [memory("said")?, memory("heard")?];
    let silent = command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(heard.try_clone()?);
    let mut child = silent.process_group(0).spawn()?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if started.elapsed() >= ASKING => {
                // It may have ended this moment.
                let _ = child.kill();
                child.wait()?;
                return Ok(None);
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    Ok(Some(Answer { status, said: text(&mut said)?, heard: text(&mut heard)? }))
}

fn memory(name: &str) -> std::io::Result<File> {
    Ok(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?.into())
}

fn text(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
