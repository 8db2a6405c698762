//! The file with a module's code among the words of its command: the program, or what an interpreter is given to run.

use std::path::{Path, PathBuf};

use super::settings::ProcessSettings;

/// Programs that run what is in a file.
struct Interpreters {
    /// What they are called, without the version at the end.
    names: &'static [&'static str],
    /// Options behind which no file is run, but what stands on the command line or is found by its name.
    without_file: &'static [&'static str],
    /// Options that name another file, which is read before.
    read_before: &'static [&'static str],
}

#[rustfmt::skip]
const INTERPRETERS: [Interpreters; 8] = [
    Interpreters { names: &["python", "pypy"], without_file: &["-c", "-m"], read_before: &["-W", "-X"] },
    Interpreters { names: &["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox"], without_file: &["-c"], read_before: &["--rcfile", "--init-file"] },
    Interpreters { names: &["node", "nodejs", "bun", "deno"], without_file: &["-e", "--eval", "-p", "--print"], read_before: &["-r", "--require", "--import", "--env-file", "--preload"] },
    Interpreters { names: &["perl"], without_file: &["-e", "-E"], read_before: &[] },
    Interpreters { names: &["ruby"], without_file: &["-e"], read_before: &["-r"] },
    Interpreters { names: &["php"], without_file: &["-r"], read_before: &["-c"] },
    Interpreters { names: &["pwsh"], without_file: &["-c", "-Command"], read_before: &[] },
    Interpreters { names: &["Rscript", "dotnet", "escript", "guile", "java", "julia", "lua", "luajit", "mono", "tclsh"], without_file: &[], read_before: &[] },
];

/// A program that is found by its bare name and is none of these: it is taken for an interpreter.
const UNKNOWN: Interpreters = Interpreters { names: &[], without_file: &[], read_before: &[] };

/// The program that runs another, after variables for it.
const ENV: &str = "env";

/// The file with the code of a module: its program, if the path says where that is; but what is behind an interpreter, or behind
/// a bare name, is the first file that it is given. A relative path is one from the working directory.
pub(super) fn code(settings: &ProcessSettings) -> Option<PathBuf> {
    let words: Vec<&str> = settings.words().collect();
    code_among(&words, &settings.working_directory)
}

fn code_among(words: &[&str], directory: &Path) -> Option<PathBuf> {
    let (program, arguments) = words.split_first()?;
    let name = Path::new(program).file_name()?.to_str()?;
    if name == ENV {
        let program = arguments.iter().position(|word| !word.starts_with('-') && !word.contains('='))?;
        return code_among(arguments.get(program..)?, directory);
    }
    match interpreters(name) {
        Some(known) => known.script(arguments, directory),
        None if program.contains('/') => Some(plain(directory.join(program))),
        None => UNKNOWN.script(arguments, directory),
    }
}

/// Those of which one has this name, perhaps with its version: `python3.11`, `php8.2`.
fn interpreters(name: &str) -> Option<&'static Interpreters> {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    INTERPRETERS.iter().find(|known| known.names.contains(&plain))
}

impl Interpreters {
    /// The first file among the arguments that is to be run.
    fn script(&self, arguments: &[&str], directory: &Path) -> Option<PathBuf> {
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if self.without_file.contains(word) {
                return None;
            }
            if self.read_before.contains(word) {
                words.next();
            } else if !word.starts_with('-') {
                let path = plain(directory.join(word));
                if path.is_file() {
                    return Some(path);
                }
            }
        }
        None
    }
}

/// The path without `./` in it.
fn plain(path: PathBuf) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn behind_an_interpreter_the_script_is_the_code() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path();
        for name in ["m.py", "before.js", "run"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let script = folder.join("m.py");
        let text = script.to_str().unwrap();
        let code = |words: &[&str]| code_among(words, folder);
        for words in [
            &["python3", text][..],
            &["python3", "-u", "m.py"],
            &["/usr/bin/python3.11", "-W", "run", "./m.py", "run"],
            &["/usr/bin/env", "-i", "A=b", "python3", "m.py"],
            &["sh", "-e", text],
            &["/usr/bin/node", "--require", "before.js", "m.py"],
            &["/opt/jdk/bin/java", "-jar", text],
            &["an-interpreter-of-mine", "--fast", text],
        ] {
            assert_eq!(code(words), Some(script.clone()), "{words:?}");
        }
        // A program is its own code, whatever it is given.
        for words in [&[text, "run"][..], &["/usr/bin/env", "A=b", text], &["/usr/bin/env", text, "run"]] {
            assert_eq!(code(words), Some(script.clone()), "{words:?}");
        }
        for words in [
            &["python3", "-m", "package", text][..],
            &["/usr/bin/python3", "-c", "print()", text],
            &["/bin/sh", "-c", text],
            &["perl", "-e", "1", text],
            &["python3", "gone.py"],
            &["/usr/bin/python3"],
            &["/usr/bin/env"],
            &["on-path"],
        ] {
            assert_eq!(code(words), None, "{words:?}");
        }
    }
}
