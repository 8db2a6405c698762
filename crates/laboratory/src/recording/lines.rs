//! The lines of a recording, one at a time.

use std::io::{BufRead, Read, Seek, SeekFrom};

use module::ModuleError;
use serde_json::Value as Json;

use crate::Error;

/// Bytes of one line, its end among them.
pub(super) const LINE_BYTES_MAX: u64 = 16 << 20;

/// Where a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes before it.
    at: u64,
    /// Its number, from 1.
    number: usize,
}

impl Place {
    /// What is wrong with the line.
    pub(super) fn wrong(self, what: &ModuleError) -> Error {
        Error::Unusable(format!("line {} of the recording: {what}", self.number))
    }
}

/// The lines of a source.
#[derive(Debug)]
pub(super) struct Lines<S> {
    source: S,
    next: Place,
    bytes_max: u64,
    /// The line that was read last.
    line: Vec<u8>,
}

impl<S: BufRead + Seek> Lines<S> {
    /// The lines of a source from its beginning, which may have so many bytes.
    pub(super) fn new(mut source: S, bytes_max: u64) -> Result<Self, Error> {
        source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        Ok(Self { source, next: Place { at: 0, number: 1 }, bytes_max, line: Vec::new() })
    }

    /// Where the next line begins.
    pub(super) const fn place(&self) -> Place {
        self.next
    }

    /// Goes on from there.
    pub(super) fn go_to(&mut self, place: Place) -> Result<(), Error> {
        if place != self.next {
            self.source.seek(SeekFrom::Start(place.at)).map_err(unreadable)?;
            self.next = place;
        }
        Ok(())
    }

    /// The next line that is not blank; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Place, Json)>, Error> {
        loop {
            let place = self.next;
            self.line.clear();
            let read = self.source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line);
            let read = read.map_err(unreadable)? as u64;
            if read == 0 {
                return Ok(None);
            }
            self.next = Place { at: place.at + read, number: place.number + 1 };
            if self.next.at > self.bytes_max {
                return Err(Error::Unusable(format!("the recording has more than {} bytes", self.bytes_max)));
            }
            let number = place.number;
            if read == LINE_BYTES_MAX && self.line.last() != Some(&b'\n') {
                let text = format!("line {number} of the recording has more than {LINE_BYTES_MAX} bytes");
                return Err(Error::Unusable(text));
            }
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let json = serde_json::from_slice(&self.line)
                .map_err(|error| Error::Unusable(format!("line {number} of the recording is not JSON: {error}")))?;
            return Ok(Some((place, json)));
        }
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::Machine(format!("the recording cannot be read: {error}"))
}
