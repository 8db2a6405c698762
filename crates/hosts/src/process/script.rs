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
    /// Where several options of one letter may share a hyphen, as in `-lc`: those that take the rest of such a word for themselves.
    greedy: Option<&'static str>,
}

#[rustfmt::skip]
const INTERPRETERS: [Interpreters; 11] = [
    Interpreters { names: &["python", "pypy"], without_file: &["-c", "-m"], read_before: &["-W", "-X"], greedy: Some("WX") },
    Interpreters { names: &["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox"], without_file: &["-c"], read_before: &["--rcfile", "--init-file"], greedy: Some("") },
    Interpreters { names: &["node", "nodejs", "bun", "deno"], without_file: &["-e", "--eval", "-p", "--print", "-pe"], read_before: &["-r", "--require", "--import", "--env-file", "--preload"], greedy: None },
    Interpreters { names: &["perl"], without_file: &["-e", "-E"], read_before: &[], greedy: Some("CDFIMVdimx") },
    Interpreters { names: &["ruby"], without_file: &["-e"], read_before: &["-r"], greedy: Some("CEFIKTWirx") },
    Interpreters { names: &["php"], without_file: &["-r"], read_before: &["-c"], greedy: None },
    Interpreters { names: &["pwsh"], without_file: &["-c", "-Command"], read_before: &[], greedy: None },
    Interpreters { names: &["Rscript"], without_file: &["-e"], read_before: &[], greedy: None },
    Interpreters { names: &["julia"], without_file: &["-e", "-E", "--eval", "--print"], read_before: &[], greedy: None },
    Interpreters { names: &["guile"], without_file: &["-c"], read_before: &[], greedy: None },
    Interpreters { names: &["dotnet", "escript", "java", "lua", "luajit", "mono", "tclsh"], without_file: &[], read_before: &[], greedy: None },
];

/// A program that is found by its bare name and is none of these: it is taken for an interpreter.
const UNKNOWN: Interpreters = Interpreters { names: &[], without_file: &[], read_before: &[], greedy: None };

/// The program that runs another, after options and variables for it.
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
        return code_behind_env(arguments, directory);
    }
    match interpreters(name) {
        Some(known) => known.script(arguments, directory),
        None if program.contains('/') => Some(plain(directory.join(program))),
        None => UNKNOWN.script(arguments, directory),
    }
}

fn code_behind_env(mut words: &[&str], directory: &Path) -> Option<PathBuf> {
    let mut directory = directory.to_owned();
    while let Some((word, rest)) = words.split_first() {
        words = match *word {
            "-u" | "--unset" | "-a" | "--argv0" => rest.get(1..)?,
            "-C" | "--chdir" => {
                let (folder, rest) = rest.split_first()?;
                directory.push(folder);
                rest
            }
            // A command in one word: no word of it could be another file.
            word if word.starts_with("-S") || word.starts_with("--split-string") => return None,
            word if word.starts_with('-') || word.contains('=') => {
                word.strip_prefix("--chdir=").into_iter().for_each(|folder| directory.push(folder));
                rest
            }
            _ => return code_among(words, &directory),
        };
    }
    None
}

/// Those of which one has this name, perhaps with its version: `python3.11`, `php8.2`.
fn interpreters(name: &str) -> Option<&'static Interpreters> {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    INTERPRETERS.iter().find(|known| known.names.contains(&plain))
}

impl Interpreters {
    /// The first file among the arguments that is to be run. Of a known interpreter it may be gone for the moment: what comes behind
    /// it is not the code then either.
    fn script(&self, arguments: &[&str], directory: &Path) -> Option<PathBuf> {
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if self.runs_no_file(word) {
                return None;
            }
            if self.read_before.contains(word) {
                words.next();
            } else if !word.starts_with('-') {
                let path = plain(directory.join(word));
                let gone = || {
                    !self.names.is_empty()
                        && word.contains('/')
                        && !path.exists()
                        && path.parent().is_some_and(Path::is_dir)
                };
                if path.is_file() || gone() {
                    return Some(path);
                }
            }
        }
        None
    }

    /// Whether an option says that no file is run, perhaps as one of several letters behind a hyphen.
    fn runs_no_file(&self, word: &str) -> bool {
        if self.without_file.contains(&word) {
            return true;
        }
        let (Some(greedy), Some(letters)) = (self.greedy, word.strip_prefix('-')) else { return false };
        let mut letters = letters.chars().take_while(|c| c.is_ascii_alphabetic() && !greedy.contains(*c));
        letters.any(|letter| self.without_file.iter().any(|option| option.chars().eq(['-', letter])))
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
            &["/usr/bin/env", "-u", "A", "-C", "/", "python3", text],
            &["/usr/bin/env", "-C", folder.to_str().unwrap(), "python3", "m.py"],
            &["sh", "-e", text],
            &["python3", "-EsWignore::c", text],
            &["perl", "-wI/srv/me", text],
            &["bash", "--norc", text],
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
            &["bash", "-lc", "run", text],
            &["sh", "-euc", "run", text],
            &["python3", "-Im", "package", text],
            &["perl", "-lne", "print", text],
            &["Rscript", "-e", "1", text],
            &["/usr/bin/env", "-S", "python3 -u", text],
            &["/usr/bin/env", "-C"],
            &["python3", "gone.py"],
            &["/usr/bin/python3"],
            &["/usr/bin/env"],
            &["on-path"],
        ] {
            assert_eq!(code(words), None, "{words:?}");
        }
    }

    #[test]
    fn a_script_that_is_gone_is_not_the_next_file() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path();
        let [script, settings] = ["m.py", "m.conf"].map(|name| folder.join(name));
        std::fs::write(&settings, "").unwrap();
        let [script_text, settings_text] = [&script, &settings].map(|path| path.to_str().unwrap());
        for words in [&["python3", "-u", script_text, settings_text][..], &["python3", "./m.py", settings_text]] {
            assert_eq!(code_among(words, folder), Some(script.clone()), "{words:?}");
        }
        // What is no path of a file is not one that is gone.
        for words in [
            &["java", "-cp", "/srv/a.jar:/srv/b.jar", "Main", settings_text][..],
            &["perl", "-I", folder.to_str().unwrap(), settings_text],
            &["an-interpreter-of-mine", "--log", script_text, settings_text],
        ] {
            assert_eq!(code_among(words, folder), Some(settings.clone()), "{words:?}");
        }
    }
}
