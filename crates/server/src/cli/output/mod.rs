//! Standard output and standard error: results as JSON or for people, hints, errors, progress.

mod moment;
mod progress;
mod table;
mod text;

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use module::Disposition;
use serde::Serialize;

use crate::Error;

pub use moment::{ago_or_in, day, moment};
pub use progress::Progress;
pub use table::{Column, Facts, Table};
pub use text::{clean, hex_groups};

/// What is emphasised.
pub const STRONG: Style = Style::new().bold();
/// What steps back.
pub const FAINT: Style = Style::new().dimmed();
/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What waits for somebody.
pub const WAITING: Style = AnsiColor::Yellow.on_default();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default();

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Results as JSON, or for people.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether results are JSON.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// One result: the value itself as JSON, or what `people` makes of it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn show<T: Serialize>(&self, value: &T, people: impl FnOnce(&T) -> String) -> Result<(), Error> {
        if self.json {
            let text = serde_json::to_string_pretty(value).map_err(|error| Error::failed(error.to_string()))?;
            return self.text(&format!("{text}\n"));
        }
        self.text(&people(value))
    }

    /// One line of a stream: compact JSON, or what `people` makes of it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn line<T: Serialize>(&self, value: &T, people: impl FnOnce(&T) -> String) -> Result<(), Error> {
        if self.json {
            let text = serde_json::to_string(value).map_err(|error| Error::failed(error.to_string()))?;
            return self.text(&format!("{text}\n"));
        }
        self.text(&people(value))
    }

    /// Text for people, as it is. Colours are taken out where they are not wanted.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn text(&self, text: &str) -> Result<(), Error> {
        let mut out = anstream::stdout().lock();
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Bytes, as they are.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        written(out.write_all(bytes).and_then(|()| out.flush()))
    }

    /// A hint on standard error; none with `--json`.
    pub fn hint(&self, text: &str) {
        if !self.json {
            anstream::eprintln!("{FAINT}{text}{FAINT:#}");
        }
    }

    /// A warning on standard error.
    pub fn warning(&self, text: &str) {
        anstream::eprintln!("{WAITING}warning:{WAITING:#} {text}");
    }

    /// Why the command failed: one line what, one line what to do next; with `--json` an object on standard error.
    pub fn error(&self, error: &Error) {
        if self.json {
            let object = serde_json::json!({
                "error": error.message,
                "next": (!error.next.is_empty()).then_some(&error.next),
                "code": error.code.map(|code| code.to_string()),
                "exit_code": error.kind.exit_code(),
            });
            eprintln!("{object}");
            return;
        }
        let code = error.code.map(|code| format!(" ({code})")).unwrap_or_default();
        // A message of several lines (every mistake of a configuration file) keeps its lines.
        let message = error.message.lines().map(clean).collect::<Vec<_>>().join("\n");
        let code = if message.contains(&code) { String::new() } else { code };
        anstream::eprintln!("{BAD}{STRONG}error:{STRONG:#}{BAD:#} {message}{code}");
        if !error.next.is_empty() {
            anstream::eprintln!("{}", clean(&error.next));
        }
    }

    /// A progress bar on standard error: only for people, only on a terminal.
    pub fn progress(&self, what: &str) -> Progress {
        Progress::new(what, !self.json && io::stderr().is_terminal())
    }
}

fn written(result: io::Result<()>) -> Result<(), Error> {
    match result {
        // Whoever reads us has seen enough (`exeunt request list | head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Error::failed(format!("cannot write to standard output: {error}"))),
    }
}

/// A disposition in its colour.
pub fn disposition(disposition: Disposition) -> String {
    let style = match disposition {
        Disposition::Issued => GOOD,
        Disposition::Pending | Disposition::Active => WAITING,
        Disposition::Revoked | Disposition::Failed | Disposition::Denied => BAD,
        Disposition::Foreign => FAINT,
    };
    format!("{style}{disposition}{style:#}")
}
