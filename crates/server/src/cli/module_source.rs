//! What `module add` is given: a kind of module, or a program.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::Error;

/// The kind that runs programs.
const PROCESS: &str = "process";

/// What is to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A kind of module, by its name.
    Kind(String),
    /// A program, absolute.
    Program(PathBuf),
}

impl Source {
    /// A bare word is a kind; what looks like a path, or is a file, is a program.
    ///
    /// # Errors
    /// The file is not there, or cannot be run.
    pub fn work_out(text: &str) -> Result<Self, Error> {
        let path = Path::new(text);
        if !text.contains('/') && !path.is_file() {
            return Ok(Self::Kind(text.to_owned()));
        }
        let path = std::path::absolute(path).map_err(|error| Error::io(path, &error))?;
        let shown = path.display();
        let metadata = std::fs::metadata(&path).map_err(|error| Error::io(&path, &error))?;
        if !metadata.is_file() {
            return Err(Error::usage(format!("{shown} is not a file"))
                .next("give a program, or a kind of: exeunt module list --available"));
        }
        if metadata.mode() & 0o111 == 0 {
            return Err(Error::usage(format!("{shown} is not executable")).next(format!(
                "run: chmod +x {shown} (a script also needs a first line such as #!/usr/bin/env python3)"
            )));
        }
        Ok(Self::Program(path))
    }

    /// The kind that runs it.
    pub fn kind(&self) -> &str {
        match self {
            Self::Kind(kind) => kind,
            Self::Program(_) => PROCESS,
        }
    }

    /// What it is called where no name is given: the kind, or the program's name without its extension, as far as it
    /// can be a module's name.
    pub fn default_name(&self) -> String {
        match self {
            Self::Kind(kind) => kind.clone(),
            Self::Program(path) => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                stem.chars()
                    .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
                    .take(64)
                    .collect()
            }
        }
    }

    /// The setting that names the program: a JSON array, so that no character of a path means anything.
    pub fn command(&self) -> Option<(String, String)> {
        match self {
            Self::Kind(_) => None,
            Self::Program(path) => {
                let words = serde_json::json!([path.to_string_lossy()]);
                Some(("command".into(), words.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn programs_and_kinds_are_told_apart() {
        assert_eq!(Source::work_out("journal").unwrap(), Source::Kind("journal".into()));
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("my notifier.py");
        let text = path.to_str().unwrap();
        assert!(Source::work_out(text).unwrap_err().message.contains("No such file"));
        std::fs::write(&path, "").unwrap();
        assert!(Source::work_out(text).unwrap_err().next.contains("chmod +x"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let source = Source::work_out(text).unwrap();
        assert_eq!((source.kind(), source.default_name().as_str()), ("process", "my-notifier"));
        assert_eq!(source.command().unwrap().1, format!("[\"{text}\"]"));
    }
}
