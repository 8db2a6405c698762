//! `exeunt module record`: a stretch of the event log, in a file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use frontends::client::with_query;
use frontends::model::Notifications;
use jiff::Timestamp;
use laboratory::{Redaction, read_event, read_properties, write_event, write_header};
use serde_json::json;
use tempfile::NamedTempFile;

use super::Context;
use super::connection::Connection;
use crate::Error;

/// Events asked for at a time.
const PAGE: &str = "100";

/// Options of `module record`.
#[derive(Debug, Args)]
pub struct Record {
    /// The file; it must not be there yet
    file: PathBuf,
    /// Where to start: beginning, an event's number, or a time
    #[arg(long, value_name = "WHERE", default_value = "beginning")]
    from: String,
    /// Where to end: the last event's number, or a time [default: the newest event]
    #[arg(long, value_name = "WHERE")]
    to: Option<String>,
    /// Only these kinds of event, such as cert-issued (may be repeated)
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// Replace the names of people, accounts, machines and addresses; make certificates anew, leave secrets out
    #[arg(long)]
    redact: bool,
    /// The most events
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    limit: u64,
}

/// The last event that is wanted.
enum End {
    Newest,
    Event(u64),
    Time(Timestamp),
}

impl Record {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let end = self.end()?;
        if self.file.exists() {
            return Err(Error::usage(format!("{} is there already", self.file.display())).next("name another file"));
        }
        let connection = context.connect()?;
        let progress = context.output().progress("recording");
        // Whoever sees the file sees a whole one.
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder).map_err(|error| Error::io(&self.file, &error))?;
        let mut out = std::io::BufWriter::new(file.as_file_mut());
        let events = self.copy(&connection, &end, &mut out, &mut |done| progress.update(done, self.limit))?;
        out.flush().map_err(|error| Error::io(&self.file, &error))?;
        drop(out);
        drop(progress);
        file.as_file().sync_all().map_err(|error| Error::io(&self.file, &error))?;
        file.persist_noclobber(&self.file).map_err(|error| Error::io(&self.file, &error.error))?;

        let result = json!({ "file": self.file, "events": events, "redacted": self.redact });
        let shown = self.file.display();
        let names = if self.redact { "without names" } else { "with all names" };
        context.output().show(&result, |_| format!("{shown}: {events} events, {names}\n"))?;
        context.output().hint(&format!("play it to a module: exeunt module replay {shown} PATH"));
        Ok(ExitCode::SUCCESS)
    }

    fn end(&self) -> Result<End, Error> {
        let Some(text) = &self.to else { return Ok(End::Newest) };
        if let Ok(number) = text.parse() {
            return Ok(End::Event(number));
        }
        let moment = module::moment::parse(text)
            .map_err(|_| Error::usage(format!("`{text}` is no place to end; write an event's number or a time")))?;
        Ok(End::Time(moment))
    }

    /// Writes the header and the events, and says how many.
    fn copy(
        &self,
        connection: &Connection,
        end: &End,
        out: &mut impl Write,
        told: &mut dyn FnMut(u64),
    ) -> Result<u64, Error> {
        let mut redaction = if self.redact { Some(Redaction::new(Timestamp::now())?) } else { None };
        let mut page = self.page(connection, ("from", &self.from))?;
        let authority = Arc::new(read_properties(&page.properties).map_err(laboratory::Error::from)?);
        match &redaction {
            None => write_header(out, &page.ca, &authority, false)?,
            Some(redaction) => write_header(out, redaction.ca(), &redaction.properties()?, true)?,
        }
        let mut events = 0;
        loop {
            for item in &page.items {
                let happening = read_event(item, &authority).map_err(laboratory::Error::from)?;
                let beyond = match end {
                    End::Newest => false,
                    End::Event(last) => happening.notification.id.0 > *last,
                    End::Time(last) => happening.notification.occurred > *last,
                };
                if beyond || events >= self.limit {
                    return Ok(events);
                }
                match &mut redaction {
                    None => write_event(out, &happening)?,
                    Some(redaction) => write_event(out, &redaction.redact(&happening)?)?,
                }
                events += 1;
            }
            told(events);
            match page.next.take() {
                Some(next) => page = self.page(connection, ("after", &next))?,
                None => return Ok(events),
            }
        }
    }

    fn page(&self, connection: &Connection, place: (&str, &str)) -> Result<Notifications, Error> {
        let kinds = self.kinds.join(",");
        let mut query = vec![place, ("limit", PAGE)];
        if !kinds.is_empty() {
            query.push(("kinds", &kinds));
        }
        connection.get(&with_query("/v1/notifications", &query))
    }
}
