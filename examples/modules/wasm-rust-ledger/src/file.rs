//! The files of the ledger. Lines are only ever added, and a line is in the file whole, or not at all.

use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Result, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// How files of the ledger end.
const SUFFIX: &str = ".jsonl";

/// What every line starts with, before the number of its event.
const START: &str = "{\"event\":";

pub struct Ledger {
    directory: PathBuf,
    last: u64,
}

impl Ledger {
    /// Opens the ledger: removes what a crash left of a line, and finds the last event.
    pub fn open(directory: &str) -> Result<Self> {
        let directory = PathBuf::from(directory);
        let mut months: Vec<PathBuf> =
            std::fs::read_dir(&directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        months.retain(|path| path.to_string_lossy().ends_with(SUFFIX));
        months.sort();
        let mut last = 0;
        // The newest month that has a line has the last one.
        for month in months.iter().rev() {
            let mut text = String::new();
            let mut file = OpenOptions::new().read(true).write(true).open(month)?;
            file.read_to_string(&mut text)?;
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            if whole < text.len() {
                file.set_len(whole as u64)?;
            }
            if let Some(line) = text[..whole].lines().last() {
                let digits = line.strip_prefix(START).and_then(|rest| rest.split(',').next());
                let number = digits.and_then(|digits| digits.parse().ok());
                last = number.ok_or_else(|| Error::other(format!("{} is not a ledger", month.display())))?;
                break;
            }
        }
        Ok(Self { directory, last })
    }

    /// The number of the last event that is in it; 0 where there is none.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Adds a line, and returns when it is durable.
    pub fn append(&mut self, month: &str, event: u64, line: &str) -> Result<()> {
        let path = self.directory.join(format!("{month}{SUFFIX}"));
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        let end = file.seek(SeekFrom::End(0))?;
        if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.sync_data()) {
            undo(&file, end);
            return Err(error);
        }
        self.last = event;
        Ok(())
    }
}

/// A line that was not written whole must not stay. Where that fails too, the next start removes it.
fn undo(file: &File, end: u64) {
    if let Err(error) = file.set_len(end) {
        eprintln!("a part of a line stays until the next start: {error}");
    }
}
