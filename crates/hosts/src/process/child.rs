//! The operating system's side of a module's process: started, limited, signalled, reaped.

use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use module::{HResult, ModuleError};
use rustix::process::{Pid, PidfdFlags, Signal};

use super::account::Account;
use super::code::CodeWord;
use super::confine::confine;
use super::settings::ProcessSettings;

/// From the polite signal to the last one.
pub(super) const TERMINATE: Duration = Duration::from_secs(2);

/// What a module's process gets of the server's environment.
const INHERITED: [&str; 4] = ["PATH", "LANG", "HOME", "TZ"];

/// A running process, leader of its own process group. It is killed and reaped at the latest when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid: Pid,
    ended: OwnedFd,
    reaped: Option<ExitStatus>,
}

/// The server's ends of the three pipes.
#[derive(Debug)]
pub(super) struct Pipes {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

impl Process {
    /// Starts the program, with everything taken from it that the settings do not leave to it. `code` is looked at before.
    pub(super) fn launch(settings: &ProcessSettings, code: Option<&CodeWord>) -> Result<(Self, Pipes), ModuleError> {
        let account = Account::find(settings.user.as_deref(), settings.group.as_deref())?;
        let words = match code {
            Some(code) => code.put_into(settings.words(), &settings.working_directory)?,
            None => settings.words().map(str::to_owned).collect(),
        };
        let (program, arguments) = words.split_first().expect("a command has a program");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&settings.working_directory)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(account.home.iter().map(|home| ("HOME", home)))
            .envs(&settings.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        // A process that changes user also loses the server's supplementary groups.
        if let Some(gid) = account.gid {
            command.gid(gid);
        }
        if let Some(uid) = account.uid {
            command.uid(uid);
        }
        confine(&mut command, settings.confinement);
        let child = command.spawn().map_err(|error| {
            let code = ModuleError::from(std::io::Error::from(error.kind())).code;
            let directory = settings.working_directory.display();
            let hint = match error.kind() {
                std::io::ErrorKind::OutOfMemory => "; is `memory_bytes_max` too small for the program?",
                _ => "",
            };
            let text = format!("`{program}` cannot be started in {directory}: {error}{hint}");
            ModuleError::new(code, text)
        })?;
        // From here on the child is killed and reaped whatever fails.
        let child = Unfinished(Some(child));
        let pid = child.pid()?;
        let ended = rustix::process::pidfd_open(pid, PidfdFlags::empty())
            .map_err(|error| failed("it cannot be watched", error))?;
        let mut child = child.finish();
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let process = Self { child, pid, ended, reaped: None };
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(ModuleError::new(HResult::E_UNEXPECTED, "the process has no pipes"));
        };
        let pipes = Pipes { stdin: stdin.into(), stdout: stdout.into(), stderr: stderr.into() };
        for pipe in [&pipes.stdin, &pipes.stdout, &pipes.stderr] {
            rustix::io::ioctl_fionbio(pipe, true).map_err(|error| failed("its pipes cannot be set up", error))?;
        }
        Ok((process, pipes))
    }

    /// Readable once the process has ended.
    pub(super) const fn ended(&self) -> &OwnedFd {
        &self.ended
    }

    /// Its process number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Signals the whole group. A group that is gone is no failure.
    pub(super) fn signal(&self, signal: Signal) {
        // Until it is reaped the number is the process's own, and so the group's.
        if self.reaped.is_none()
            && let Err(error) = rustix::process::kill_process_group(self.pid, signal)
            && error != rustix::io::Errno::SRCH
        {
            tracing::warn!(pid = self.id(), "the module's process group cannot be signalled: {error}");
        }
    }

    /// Kills what is left of the group and waits for the process: its status, in words. A process that has ended
    /// already keeps the status it ended with.
    pub(super) fn reap(&mut self) -> String {
        if self.reaped.is_none() {
            self.signal(Signal::KILL);
            match self.child.wait() {
                Ok(status) => self.reaped = Some(status),
                Err(error) => return format!("ended, with a status that cannot be read: {error}"),
            }
        }
        self.reaped.map_or_else(|| "ended".to_owned(), describe)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.reap();
    }
}

/// A child whose set-up is not complete.
struct Unfinished(Option<Child>);

impl Unfinished {
    fn pid(&self) -> Result<Pid, ModuleError> {
        let number = self.0.as_ref().and_then(|child| i32::try_from(child.id()).ok()).and_then(Pid::from_raw);
        number.ok_or_else(|| ModuleError::new(HResult::E_UNEXPECTED, "the process has no number"))
    }

    fn finish(mut self) -> Child {
        self.0.take().expect("a child is taken once")
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn failed(what: &str, error: rustix::io::Errno) -> ModuleError {
    ModuleError::new(HResult::E_FAIL, format!("the module's process was started, but {what}: {error}"))
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}{}", signal_name(signal)),
        (None, None) => "ended".to_owned(),
    }
}

fn signal_name(number: i32) -> &'static str {
    match number {
        6 => " (SIGABRT)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        24 => " (SIGXCPU)",
        _ => "",
    }
}
