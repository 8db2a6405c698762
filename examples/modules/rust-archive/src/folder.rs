//! A folder whose files are whole, also after a crash.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use exeunt_module::ModuleError;

/// One folder of the archive.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder with this path; nothing is touched.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it lies.
    pub fn parent(&self) -> &Path {
        self.0.parent().unwrap_or(&self.0)
    }

    /// Makes the folder where it is missing, and sees whether it can be written to.
    pub fn prepare(&self) -> Result<(), ModuleError> {
        let made = match fs::create_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            made => made,
        };
        made.and_then(|()| self.write_through(".writable", b"")).map_err(|error| self.error(&error))?;
        self.remove(".writable")
    }

    /// A file's bytes; none where there is no such file.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ModuleError> {
        match fs::read(self.0.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// Writes a file, durable when this returns.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ModuleError> {
        self.write_through(name, bytes).map_err(|error| self.error(&error))
    }

    /// Removes a file; one that is not there is removed already.
    pub fn remove(&self, name: &str) -> Result<(), ModuleError> {
        match fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| self.sync()).map_err(|error| self.error(&error)),
        }
    }

    fn write_through(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let part = self.0.join(format!("{name}.part"));
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, self.0.join(name))?;
        self.sync()
    }

    /// Makes names durable.
    fn sync(&self) -> std::io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn error(&self, error: &std::io::Error) -> ModuleError {
        let mut failed = ModuleError::from(std::io::Error::from(error.kind()));
        failed.message = format!("{}: {error}", self.0.display());
        failed
    }
}
