//! A recording is played without being held: what it takes of memory does not grow with its length.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::io::{BufRead, Read, Result, Seek, SeekFrom};

use laboratory::Recording;
use module::PropertyType;

/// Events of the recording, and about how long each is.
const EVENTS: u64 = 160;
const EVENT_BYTES: u64 = 256 << 10;
/// What playing it may take: some events, and what an allocator keeps.
const MEMORY_BYTES_MAX: u64 = 10 << 20;

/// A recording that is made as it is read: a header, and events of one length.
struct Endless {
    header: Vec<u8>,
    event: Vec<u8>,
    at: u64,
    read: u64,
}

impl Endless {
    fn new() -> Self {
        let header = "{\"recording\":2,\"ca\":\"Some CA\",\"properties\":{\"CAType\":3}}\n";
        let text = "text".repeat(EVENT_BYTES as usize / 4);
        let event = format!(
            "{{\"event\":{{\"id\":1,\"name\":\"cert-issued\",\"bit\":1,\"attempt\":1,\"occurred\":\
             \"2026-01-01T00:00:00Z\",\"hash\":\"{}\",\"request_id\":7}},\"request\":{{\"RequestID\":7,\
             \"RequestAttributes\":\"{text}\"}}}}\n",
            "00".repeat(32)
        );
        Self { header: header.into(), event: event.into(), at: 0, read: 0 }
    }

    fn len(&self) -> u64 {
        self.header.len() as u64 + EVENTS * self.event.len() as u64
    }
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Endless {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.at >= self.len() {
            return Ok(&[]);
        }
        match self.at.checked_sub(self.header.len() as u64) {
            None => Ok(&self.header[self.at as usize..]),
            Some(at) => Ok(&self.event[(at % self.event.len() as u64) as usize..]),
        }
    }

    fn consume(&mut self, count: usize) {
        self.at += count as u64;
        self.read += count as u64;
    }
}

impl Seek for Endless {
    fn seek(&mut self, place: SeekFrom) -> Result<u64> {
        let SeekFrom::Start(at) = place else { panic!("a recording is read from its beginning: {place:?}") };
        self.at = at;
        Ok(at)
    }
}

/// The most memory this process has had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn a_long_recording_takes_no_more_memory_than_a_short_one() {
    let before = peak();
    let mut source = Endless::new();
    assert!(source.len() > 4 * MEMORY_BYTES_MAX, "the recording is longer than what playing it may take");
    let mut recording = Recording::open(&mut source).unwrap();
    assert_eq!(recording.event_count() as u64, EVENTS);
    let mut played = 0;
    for event in recording.play(b"no CRL") {
        let contents = event.unwrap().happening.scene.contents.clone().unwrap();
        let attributes = contents.request.value("RequestAttributes").unwrap();
        assert_eq!(attributes.kind(), PropertyType::String);
        played += 1;
    }
    assert_eq!(played, EVENTS);
    let taken = peak() - before;
    println!("playing {} bytes took {taken}", source.len());
    assert!(taken < MEMORY_BYTES_MAX, "playing it took {taken} bytes");
    // Once to check it, once to play it.
    assert_eq!(source.read, 2 * source.len() - source.header.len() as u64);
}
