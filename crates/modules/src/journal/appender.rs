//! A file that only grows, by whole lines, and is renamed when it has grown enough.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use module::{HResult, ModuleError};

use super::settings::{JournalSettings, Sync};
use crate::durable::{failed, sync_parent};

/// How much of the file's end is searched at once for the last line feed.
const SEARCH_BYTES: u64 = 64 << 10;

/// The open file, locked against other writers. After an error it must be dropped and opened anew.
#[derive(Debug)]
pub(super) struct Appender {
    path: PathBuf,
    file: File,
    length: u64,
    sync: Sync,
    /// Lines that are not known to be on disk.
    pending: u32,
    rotate_bytes: u64,
    rotate_count: u32,
}

impl Appender {
    /// Opens or creates the file, and cuts off what follows the last whole line: a write that a crash interrupted,
    /// whose event was not acknowledged and comes again.
    pub(super) fn open(settings: &JournalSettings) -> Result<Self, ModuleError> {
        let path = settings.path.clone();
        let mut file = open_locked(&path)?;
        let length = repair(&mut file, &path)?;
        sync_parent(&path)?;
        Ok(Self {
            path,
            file,
            length,
            sync: settings.sync,
            pending: 0,
            rotate_bytes: settings.rotate_bytes,
            rotate_count: settings.rotate_count,
        })
    }

    /// Appends one line, which ends in a line feed.
    pub(super) fn append(&mut self, line: &[u8]) -> Result<(), ModuleError> {
        let size = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.rotate_bytes > 0 && self.length > 0 && self.length.saturating_add(size) > self.rotate_bytes {
            self.rotate()?;
        }
        self.file.write_all(line).map_err(failed("written", &self.path))?;
        self.length += size;
        self.pending += 1;
        let due = match self.sync {
            Sync::Event => true,
            Sync::Batch(count) => self.pending >= count,
            Sync::System => false,
        };
        if due { self.make_durable() } else { Ok(()) }
    }

    fn make_durable(&mut self) -> Result<(), ModuleError> {
        self.file.sync_data().map_err(failed("made durable", &self.path))?;
        self.pending = 0;
        Ok(())
    }

    /// Renames the file to `path.1`, what is `path.1` to `path.2`, and begins a new one.
    ///
    /// Each step is atomic, and the oldest name moves first: a crash in between leaves a gap in the numbers, which the
    /// next rotation fills, and never loses a file that should be kept.
    fn rotate(&mut self) -> Result<(), ModuleError> {
        self.make_durable()?;
        let old = |number: u32| numbered(&self.path, number);
        // Up to the first name that is free; without one, the oldest file makes room.
        let last = (1..self.rotate_count).find(|number| !exists(&old(*number))).unwrap_or(self.rotate_count);
        for number in (1..last).rev() {
            fs::rename(old(number), old(number + 1)).map_err(failed("renamed", &old(number)))?;
        }
        fs::rename(&self.path, old(1)).map_err(failed("renamed", &self.path))?;
        self.file = open_locked(&self.path)?;
        self.length = 0;
        sync_parent(&self.path)?;
        tracing::info!("the journal {} was rotated", self.path.display());
        Ok(())
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        if self.pending > 0
            && let Err(error) = self.make_durable()
        {
            tracing::error!("the last records of the journal may be lost: {error}");
        }
    }
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn open_locked(path: &Path) -> Result<File, ModuleError> {
    let open = OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path);
    let file = open.map_err(failed("opened", path))?;
    if !file.metadata().map_err(failed("opened", path))?.is_file() {
        return Err(ModuleError::new(HResult::ERROR_BAD_PATHNAME, format!("{} is not a file", path.display())));
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let text = format!("{} is written to by another journal", path.display());
            Err(ModuleError::new(HResult::E_ACCESSDENIED, text))
        }
        Err(TryLockError::Error(error)) => Err(failed("locked", path)(error)),
    }
}

/// Cuts the file after its last line feed; gives its length.
fn repair(file: &mut File, path: &Path) -> Result<u64, ModuleError> {
    let length = file.metadata().map_err(failed("read", path))?.len();
    let whole = whole_lines(file, length).map_err(failed("read", path))?;
    if whole < length {
        file.set_len(whole).map_err(failed("repaired", path))?;
        file.sync_all().map_err(failed("made durable", path))?;
        tracing::warn!("{}: cut off {} bytes of a record that was not completed", path.display(), length - whole);
    }
    Ok(whole)
}

/// The offset behind the last line feed, searched from the end.
fn whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(SEARCH_BYTES);
        let mut piece = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(end - start).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(at).unwrap_or(0) + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use module::Settings;

    use super::*;

    fn settings(path: &Path, more: &[(&str, &str)]) -> JournalSettings {
        let mut settings: Settings = [("path", path.to_str().unwrap())].into_iter().collect();
        for (name, value) in more {
            settings.set(*name, *value);
        }
        JournalSettings::resolve(&settings).unwrap()
    }

    #[test]
    fn a_torn_line_is_cut_off_wherever_it_was_torn() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("j");
        let long = "y".repeat(200_000);
        for (torn, whole) in [
            ("", ""),
            ("{\"a\":", ""),
            ("one\n", "one\n"),
            ("one\ntwo\nthr", "one\ntwo\n"),
            ("one\n\0\0\0", "one\n"),
            (&format!("one\n{long}"), "one\n"),
            (&long, ""),
            (&format!("{long}\n{long}\n"), &format!("{long}\n{long}\n")),
        ] {
            fs::write(&path, torn).unwrap();
            let mut appender = Appender::open(&settings(&path, &[])).unwrap();
            appender.append(b"next\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{whole}next\n"));
        }
    }

    #[test]
    fn two_journals_do_not_share_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("j");
        let first = Appender::open(&settings(&path, &[])).unwrap();
        let error = Appender::open(&settings(&path, &[])).unwrap_err();
        assert_eq!(error.code, HResult::E_ACCESSDENIED);
        drop(first);
        Appender::open(&settings(&path, &[])).unwrap();
    }

    #[test]
    fn rotation_keeps_the_newest_files_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("j");
        let settings = settings(&path, &[("rotate_bytes", "1024"), ("rotate_count", "3"), ("fsync", "batch:7")]);
        let line = |number: u32| format!("{number:0>511}\n");
        let mut appender = Appender::open(&settings).unwrap();
        for number in 0..10 {
            appender.append(line(number).as_bytes()).unwrap();
        }
        // A line above the limit gets a file of its own.
        appender.append(format!("{}\n", "z".repeat(3000)).as_bytes()).unwrap();
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(read("j").starts_with("zzz"));
        assert_eq!(read("j.1"), line(8) + &line(9));
        assert_eq!(read("j.3"), line(4) + &line(5));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_gap_in_the_numbers_is_filled_before_anything_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("j");
        for (name, text) in [("j", "new\n"), ("j.1", "1\n"), ("j.3", "3\n")] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let mut appender =
            Appender::open(&settings(&path, &[("rotate_bytes", "1024"), ("rotate_count", "3")])).unwrap();
        appender.append(&[b"x".repeat(1023), b"\n".to_vec()].concat()).unwrap();
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!((read("j.1"), read("j.2"), read("j.3")), ("new\n".into(), "1\n".into(), "3\n".into()));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(Appender::open(&settings(directory.path(), &[])).is_err());
        assert!(Appender::open(&settings(&directory.path().join("no/j"), &[])).is_err());
    }
}
