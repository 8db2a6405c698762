//! What a module says for people: its standard error and its `log` messages, into the server's log, within a rate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lines::{Lines, TooLong};

/// Lines in one interval that are logged; further ones are counted.
const LINES_MAX: u32 = 200;
/// The interval.
const INTERVAL: Duration = Duration::from_secs(1);
/// The longest line that is shown.
const LINE_BYTES_MAX: usize = 4096;

/// How much of the last line is given as the reason when the process ends.
const LAST_WORDS_BYTES_MAX: usize = 512;

/// What Wine's own service for events writes when a module is started, with no switch to turn it off: no word of the module's.
const WINE_STARTS: &str = ":trace:eventlog:ServiceMain ";

/// A module's voice in the server's log.
#[derive(Debug)]
pub(crate) struct Log {
    module: Arc<str>,
    stream: &'static str,
    lines: Lines,
    /// Inside a line whose start was shown and whose rest is dropped.
    skipping: bool,
    interval_from: Instant,
    shown: u32,
    dropped: u64,
    last: String,
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    /// The level of this name; modules that invent one are heard as `info`.
    pub(super) fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "error" | "critical" | "fatal" => Self::Error,
            "warn" | "warning" => Self::Warn,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => Self::Info,
        }
    }
}

impl Log {
    pub(crate) fn new(module: Arc<str>) -> Self {
        Self::of_stream(module, "stderr")
    }

    /// The voice of another stream than the standard error.
    pub(crate) fn of_stream(module: Arc<str>, stream: &'static str) -> Self {
        Self {
            module,
            stream,
            lines: Lines::new(LINE_BYTES_MAX),
            skipping: false,
            interval_from: Instant::now(),
            shown: 0,
            dropped: 0,
            last: String::new(),
        }
    }

    /// Bytes of the standard error.
    pub(crate) fn stderr(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if self.skipping {
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
            bytes = bytes.get(end + 1..).unwrap_or_default();
            self.skipping = false;
        }
        // In pieces, so that what is kept of a line that never ends stays small.
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.skipping {
                self.skipping = piece.last() != Some(&b'\n');
                continue;
            }
            self.lines.push(piece);
            match self.lines.next() {
                Ok(Some(line)) => {
                    let text = String::from_utf8_lossy(line).into_owned();
                    self.stderr_line(&text);
                }
                Ok(None) => {}
                Err(TooLong) => {
                    let text = String::from_utf8_lossy(&self.lines.take_start()).into_owned();
                    self.stderr_line(&text);
                    self.skipping = piece.last() != Some(&b'\n');
                }
            }
        }
    }

    /// Whatever stands unfinished, when the process has ended.
    pub(crate) fn stderr_ended(&mut self) {
        let rest = String::from_utf8_lossy(&self.lines.take_start()).into_owned();
        if !rest.is_empty() {
            self.stderr_line(&rest);
        }
        self.report_dropped();
    }

    /// A `log` message.
    pub(crate) fn message(&mut self, level: Level, text: &str) {
        if !self.admit() {
            return;
        }
        let end = text.floor_char_boundary(LINE_BYTES_MAX);
        let text = text.get(..end).unwrap_or_default();
        let module = &*self.module;
        match level {
            Level::Error => tracing::error!(target: "module", module, "{text}"),
            Level::Warn => tracing::warn!(target: "module", module, "{text}"),
            Level::Info => tracing::info!(target: "module", module, "{text}"),
            Level::Debug => tracing::debug!(target: "module", module, "{text}"),
            Level::Trace => tracing::trace!(target: "module", module, "{text}"),
        }
    }

    /// The last line of the standard error, as part of a sentence; empty where there was none.
    pub(super) fn last_words(&self) -> String {
        let text = self.last.trim();
        let end = text.floor_char_boundary(LAST_WORDS_BYTES_MAX);
        match text.get(..end) {
            Some(text) if !text.is_empty() => format!("; the last line of its standard error is {text:?}"),
            _ => String::new(),
        }
    }

    fn stderr_line(&mut self, text: &str) {
        let text = text.trim_end();
        if text.is_empty() || text.contains(WINE_STARTS) {
            return;
        }
        text.clone_into(&mut self.last);
        if self.admit() {
            tracing::info!(target: "module", module = &*self.module, stream = self.stream, "{text}");
        }
    }

    fn admit(&mut self) -> bool {
        if self.interval_from.elapsed() >= INTERVAL {
            self.report_dropped();
            self.interval_from = Instant::now();
            self.shown = 0;
        }
        self.shown = self.shown.saturating_add(1);
        if self.shown > LINES_MAX {
            self.dropped += 1;
        }
        self.shown <= LINES_MAX
    }

    fn report_dropped(&mut self) {
        if self.dropped > 0 {
            tracing::warn!(
                target: "module",
                module = &*self.module,
                "{} further lines of the module were not logged: it may log {LINES_MAX} a second",
                self.dropped
            );
            self.dropped = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_a_long_line_is_cut() {
        let mut log = Log::new("m".into());
        log.stderr(&b"x".repeat(3 * LINE_BYTES_MAX));
        log.stderr(b"yyy");
        assert!(log.skipping);
        assert_eq!(log.last.len(), LINE_BYTES_MAX);
        log.stderr(b"zzz\nlast\nunfini");
        assert_eq!(log.last, "last");
        log.stderr_ended();
        assert_eq!(log.last_words(), "; the last line of its standard error is \"unfini\"");
        log.stderr(b"00bc:trace:eventlog:ServiceMain starting Event Log Service\r\n");
        assert_eq!(log.last, "unfini", "Wine's words are not the module's");
        for _ in 0..1000 {
            log.stderr(b"again\n");
        }
        assert!(log.dropped > 0);
    }

    #[test]
    fn levels_are_forgiving() {
        assert_eq!(Level::named("WARNING"), Level::Warn);
        assert_eq!(Level::named("notice"), Level::Info);
    }
}
