//! Programs that tests run, all written by others.
//!
//! A program that is missing fails the test that asked for it, with the name of the package that has it: a test that
//! skips itself is a test nobody runs.
#![allow(clippy::panic, reason = "a missing or failing tool fails the test")]

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// A program that is there.
#[derive(Debug, Clone)]
pub struct Tool {
    name: &'static str,
    program: PathBuf,
}

/// What a program said.
#[derive(Debug, Clone)]
pub struct Output {
    /// Whether its exit status was 0.
    pub success: bool,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard output and standard error as text, for messages.
    pub text: String,
}

/// OpenSSL, 3.0 or later.
#[must_use]
pub fn openssl() -> Tool {
    Tool::in_path("openssl", "openssl")
}

/// GnuTLS's `certtool`.
#[must_use]
pub fn certtool() -> Tool {
    Tool::in_path("certtool", "gnutls-bin")
}

/// The Python of [`venv`], which can import the packages of `.ci/python.txt`.
#[must_use]
pub fn python() -> Tool {
    Tool { name: "python", program: venv().join("bin/python") }
}

/// A program that a package of `.ci/python.txt` brings, as `lint_pkix_cert`.
///
/// # Panics
/// When there is none of that name.
#[must_use]
pub fn python_program(name: &'static str) -> Tool {
    let program = venv().join("bin").join(name);
    assert!(program.is_file(), "no {name} in {}; is .ci/python.txt installed there?", venv().display());
    Tool { name, program }
}

impl Tool {
    /// A program of `PATH`, which the Debian package `package` has.
    ///
    /// # Panics
    /// When it is not in `PATH`.
    #[must_use]
    pub fn in_path(name: &'static str, package: &str) -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let program = env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file());
        let Some(program) = program else {
            panic!("this test runs {name}, and it is not in PATH; install it with: apt-get install {package}");
        };
        Self { name, program }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A command to add to, for what [`run`](Self::run) does not do.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Messages are looked into, so they must not be translated.
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.run_with_input(args, &[])
    }

    /// Runs it to its end with this standard input, which it has to read before it writes much.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run_with_input<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>, input: &[u8]) -> Output {
        let mut command = self.command();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let failed = |e| panic!("{command:?}: {e}", command = self.program);
        let mut child = command.spawn().unwrap_or_else(failed);
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ends without reading closes the pipe; what it says tells more than that.
            let _closed_early = stdin.write_all(input);
        }
        let output = child.wait_with_output().unwrap_or_else(|e| panic!("{}: {e}", self.program.display()));
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Output { success: output.status.success(), stdout: output.stdout, text }
    }

    /// Runs it to its end and hands back its standard output.
    ///
    /// # Panics
    /// When it cannot be started, or fails.
    pub fn succeed<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Vec<u8> {
        let output = self.run(args);
        assert!(output.success, "{} failed: {}", self.name, output.text);
        output.stdout
    }
}

/// A Python environment with the packages of `.ci/python.txt`: the folder `EXEUNT_VENV` names, or else `target/venv`,
/// which is made when it is not there or was made for other packages.
///
/// Tests in other processes that ask at the same time wait until it is ready.
///
/// # Panics
/// When it cannot be made.
pub fn venv() -> &'static Path {
    static VENV: LazyLock<PathBuf> = LazyLock::new(|| match env::var_os("EXEUNT_VENV") {
        Some(given) => PathBuf::from(given),
        None => made_venv(),
    });
    &VENV
}

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn made_venv() -> PathBuf {
    let target = workspace().join("target");
    let venv = target.join("venv");
    let list = workspace().join(".ci/python.txt");
    let wanted = fs::read(&list).unwrap_or_else(|e| panic!("{}: {e}", list.display()));
    let stamp = venv.join("installed.txt");

    fs::create_dir_all(&target).unwrap_or_else(|e| panic!("{}: {e}", target.display()));
    let lock = target.join("venv.lock");
    let lock = File::create(&lock).unwrap_or_else(|e| panic!("{}: {e}", lock.display()));
    lock.lock().unwrap_or_else(|e| panic!("locking target/venv.lock: {e}"));
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return venv;
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).unwrap_or_else(|e| panic!("{}: {e}", venv.display()));
    }
    Tool::in_path("python3", "python3-venv").succeed([OsStr::new("-m"), OsStr::new("venv"), venv.as_os_str()]);
    let pip = Tool { name: "pip", program: venv.join("bin/pip") };
    pip.succeed([OsStr::new("install"), OsStr::new("--quiet"), OsStr::new("-r"), list.as_os_str()]);
    fs::write(&stamp, wanted).unwrap_or_else(|e| panic!("{}: {e}", stamp.display()));
    venv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_speaks() {
        let version = openssl().run(["version"]);
        assert!(version.success && version.text.starts_with("OpenSSL"), "{}", version.text);
        assert!(!openssl().run(["nonsense"]).success);
        let echoed = Tool::in_path("cat", "coreutils").run_with_input([""; 0], b"input");
        assert_eq!(echoed.stdout, b"input");
    }

    #[test]
    #[should_panic(expected = "apt-get install no-such-package")]
    fn a_missing_tool_is_named() {
        let _tool = Tool::in_path("no-such-program", "no-such-package");
    }
}
