//! What is wrong with a configuration file: where, which key, what, and what to write instead.

use std::fmt;
use std::path::{Path, PathBuf};

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line and column, from 1; none for a key that is missing.
    pub place: Option<(usize, usize)>,
    /// The key, with its sections: `crl.period`.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead; may be empty.
    pub instead: String,
}

/// Every mistake found in one file, in the order of their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file.
    pub file: PathBuf,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(file: &Path, mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (a.place, &a.key).cmp(&(b.place, &b.key)));
        Self { file: file.to_owned(), problems }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some((line, column)) = problem.place {
                write!(f, ":{line}:{column}")?;
            }
            if !problem.key.is_empty() {
                write!(f, ": {}", problem.key)?;
            }
            write!(f, ": {}", problem.message)?;
            if !problem.instead.is_empty() {
                write!(f, "; {}", problem.instead)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
