//! The word of a command that names the file with the module's code: looked at before each start of a process.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use module::{CodeFile, HResult, ModuleError};

/// How a path is written in the command.
type Spelling = fn(&Path) -> Result<String, ModuleError>;

/// The word of a command that names the file with the module's code, and the file it stands for at each start.
#[derive(Clone)]
pub(crate) struct CodeWord {
    file: Arc<dyn CodeFile>,
    word: String,
    spelling: Spelling,
}

impl CodeWord {
    /// The file is named by its path.
    pub(super) fn path(file: &Arc<dyn CodeFile>) -> Result<Self, ModuleError> {
        Self::spelt(file, file.named(), utf8)
    }

    /// The file is named by how `spelling` writes its path, which in the command is `path`.
    pub(crate) fn spelt(file: &Arc<dyn CodeFile>, path: &Path, spelling: Spelling) -> Result<Self, ModuleError> {
        Ok(Self { file: Arc::clone(file), word: spelling(path)?, spelling })
    }

    /// The words of the command, with the file that is to be run now. It may be written as a path from `directory`, which the
    /// command is run in.
    ///
    /// # Errors
    /// The file is not what was installed, and nothing can be run in its place.
    pub(super) fn put_into<'w>(
        &self,
        words: impl Iterator<Item = &'w str>,
        directory: &Path,
    ) -> Result<Vec<String>, ModuleError> {
        let located = (self.spelling)(&self.file.locate()?)?;
        if located == self.word {
            return Ok(words.map(str::to_owned).collect());
        }
        let mut named = false;
        let words = words.map(|word| {
            let is_code = word == self.word || directory.join(word) == self.file.named();
            named |= is_code;
            if is_code { located.clone() } else { word.to_owned() }
        });
        let words = words.collect();
        if !named {
            let text = format!(
                "{} is not the file that was installed, and its copy cannot be run, because no word of the command is its path \
                 alone: put the file back, or take it over with exeunt module upgrade",
                self.word
            );
            return Err(ModuleError::new(HResult::ERROR_INVALID_DATA, text));
        }
        Ok(words)
    }
}

impl fmt::Debug for CodeWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CodeWord").field(&self.word).finish()
    }
}

/// The path as it is.
pub(crate) fn utf8(path: &Path) -> Result<String, ModuleError> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| ModuleError::invalid(format!("the path {} is not UTF-8", path.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::path::PathBuf;

    use super::*;

    struct Moved(&'static str);

    impl CodeFile for Moved {
        fn named(&self) -> &Path {
            Path::new("/srv/my.py")
        }

        fn locate(&self) -> Result<PathBuf, ModuleError> {
            Ok(PathBuf::from(self.0))
        }

        fn check(&self, _found: &Path) -> Result<(), ModuleError> {
            Ok(())
        }
    }

    fn put(located: &'static str, words: &[&str]) -> Result<Vec<String>, ModuleError> {
        let file: Arc<dyn CodeFile> = Arc::new(Moved(located));
        CodeWord::path(&file).unwrap().put_into(words.iter().copied(), Path::new("/srv"))
    }

    #[test]
    fn the_file_is_the_one_that_is_to_be_run_now() {
        let words = ["python3", "-u", "/srv/my.py", "--beside", "/srv/my.pyc"];
        assert_eq!(put("/srv/my.py", &words).unwrap(), words);
        assert_eq!(put("/kept/my.py", &words).unwrap(), ["python3", "-u", "/kept/my.py", "--beside", "/srv/my.pyc"]);
        let relative = ["python3", "./my.py", "my.pyc"];
        assert_eq!(put("/srv/my.py", &relative).unwrap(), relative);
        assert_eq!(put("/kept/my.py", &relative).unwrap(), ["python3", "/kept/my.py", "my.pyc"]);
        // Where it is hidden in a longer word, a file that changed is not run.
        let hidden = ["python3", "--module=/srv/my.py"];
        assert_eq!(put("/srv/my.py", &hidden).unwrap(), hidden);
        assert!(put("/kept/my.py", &hidden).unwrap_err().message.contains("exeunt module upgrade"));
    }
}
