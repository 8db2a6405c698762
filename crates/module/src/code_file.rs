//! The file with a module's code, between whoever installed it and whoever runs it.

use std::path::{Path, PathBuf};

use crate::ModuleError;

/// The file with a module's code. A host asks which file it is before *each* start of what runs it, so that no file is run that
/// nobody has added.
pub trait CodeFile: Send + Sync {
    /// The file as the module's settings name it.
    fn named(&self) -> &Path;

    /// The file that is to be run now: the one that is named, or another with the same content.
    ///
    /// # Errors
    /// There is none: the file is not what was installed, or cannot be read. The text says what to do next.
    fn locate(&self) -> Result<PathBuf, ModuleError>;

    /// Whether this file, which a registry names for the module's class now, may be run: there no other can be put in its place.
    ///
    /// # Errors
    /// It is not what was installed, or cannot be read. The text says what to do next.
    fn check(&self, found: &Path) -> Result<(), ModuleError>;
}
