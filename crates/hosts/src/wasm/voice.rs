//! What a component writes to its standard output and standard error: lines of the server's log, within a rate.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::process::log::Log;

/// What a component may write before it hears that there is room for more. There always is.
const ROOM: usize = 64 << 10;

/// How much of the end of the standard error is kept for the text of a failure.
const TAIL_BYTES_MAX: usize = 2048;

/// The lines of its end that are shown in that text.
const TAIL_LINES_MAX: usize = 3;

/// One stream of a component.
#[derive(Clone)]
pub(super) struct Voice(Arc<Mutex<Stream>>);

struct Stream {
    log: Log,
    tail: Vec<u8>,
}

impl Voice {
    pub(super) fn stdout(module: Arc<str>) -> Self {
        Self::new(Log::of_stream(module, "stdout"))
    }

    pub(super) fn stderr(module: Arc<str>) -> Self {
        Self::new(Log::new(module))
    }

    fn new(log: Log) -> Self {
        Self(Arc::new(Mutex::new(Stream { log, tail: Vec::new() })))
    }

    /// A line of the component's own making.
    pub(super) fn say(&self, level: crate::process::log::Level, text: &str) {
        self.0.lock().log.message(level, text);
    }

    /// A call begins: what was written before is not its doing.
    pub(super) fn begin(&self) {
        self.0.lock().tail.clear();
    }

    /// An instance has ended: what stands unfinished is a line.
    pub(super) fn end(&self) {
        self.0.lock().log.stderr_ended();
    }

    /// The end of what the call wrote, as part of a sentence; empty where it wrote nothing.
    pub(super) fn last_words(&self) -> String {
        let tail = String::from_utf8_lossy(&self.0.lock().tail).into_owned();
        // Rust adds a line about its backtraces to every panic, and the interpreter of Python a panic of its own to every
        // exception: what is to be read stands before them.
        let mut lines: Vec<&str> = tail
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE"))
            .collect();
        if let [said @ .., panicked, "Python function threw an unexpected exception"] = lines.as_slice()
            && panicked.contains(" panicked at ")
        {
            lines.truncate(said.len());
        }
        match lines.get(lines.len().saturating_sub(TAIL_LINES_MAX)..) {
            Some(last) if !last.is_empty() => format!("; its standard error ends in {:?}", last.join(" / ")),
            _ => String::new(),
        }
    }

    fn hear(&self, bytes: &[u8]) {
        let mut stream = self.0.lock();
        stream.log.stderr(bytes);
        stream.tail.extend_from_slice(bytes);
        let surplus = stream.tail.len().saturating_sub(TAIL_BYTES_MAX);
        stream.tail.drain(..surplus);
    }
}

impl IsTerminal for Voice {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Voice {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Voice {
    async fn ready(&mut self) {}
}

impl OutputStream for Voice {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.hear(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(ROOM)
    }
}

impl AsyncWrite for Voice {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.hear(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_standard_error_is_kept() {
        let voice = Voice::stderr("m".into());
        assert_eq!(voice.last_words(), "");
        voice.hear(&b"x".repeat(10 * TAIL_BYTES_MAX));
        voice.hear(b"\n\nthread panicked at lib.rs:3:\non purpose\nnote: run with `RUST_BACKTRACE=1` to see\n");
        assert!(
            voice.last_words().ends_with("x / thread panicked at lib.rs:3: / on purpose\""),
            "{}",
            voice.last_words()
        );
        voice.begin();
        assert_eq!(voice.last_words(), "");
    }

    #[test]
    fn an_exception_of_python_is_not_hidden_by_the_panic_it_ends_in() {
        let voice = Voice::stderr("m".into());
        voice.hear(
            b"Traceback (most recent call last):\n  File \"/0/app.py\", line 30, in notify\nRuntimeError: boom\n",
        );
        voice.hear(b"thread '<unnamed>' (1) panicked at runtime/src/lib.rs:1293:29:\n");
        voice.hear(b"Python function threw an unexpected exception\n");
        voice.hear(b"note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n");
        let words = voice.last_words();
        assert!(words.ends_with("line 30, in notify / RuntimeError: boom\""), "{words}");
    }
}
