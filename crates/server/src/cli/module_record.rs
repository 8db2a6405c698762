//! `exeunt module record`: a stretch of the event log, in a file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use frontends::client::with_query;
use frontends::model::Notifications;
use jiff::Timestamp;
use laboratory::{CrlReference, Kept, Recorder, Redaction, read_properties, read_told};
use serde_json::json;
use tempfile::NamedTempFile;

use super::Context;
use super::connection::Connection;
use crate::Error;
use crate::error::Kind;

/// Events asked for at a time.
const PAGE: &str = "100";
/// How many bytes a MiB is.
const MIB: u64 = 1 << 20;

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
    /// Replace the names of people, accounts, machines, addresses and profiles, and object identifiers that are not
    /// public; make certificates anew, leave secrets out
    #[arg(long)]
    redact: bool,
    /// Leave out the CRLs that events report
    #[arg(long)]
    no_crls: bool,
    /// The most MiB of CRLs in all; what is beyond is left out
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=512))]
    crl_limit: u64,
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
            let text = format!("{} is there already", self.file.display());
            return Err(Error::new(Kind::Conflict, text).next("name another file"));
        }
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let text = format!("there is no folder {}", folder.display());
            return Err(Error::new(Kind::NotFound, text).next("make it, or name a file elsewhere"));
        }
        let connection = context.connect()?;
        let progress = context.output().progress("recording");
        // Whoever sees the file sees a whole one.
        let mut file = NamedTempFile::new_in(folder).map_err(|error| Error::io(&self.file, &error))?;
        let mut out = std::io::BufWriter::new(file.as_file_mut());
        let (kept, more) = self.copy(&connection, &end, &mut out, &mut |done| progress.update(done, self.limit))?;
        out.flush().map_err(|error| Error::io(&self.file, &error))?;
        drop(out);
        drop(progress);
        file.as_file().sync_all().map_err(|error| Error::io(&self.file, &error))?;
        file.persist_noclobber(&self.file).map_err(|error| Error::io(&self.file, &error.error))?;

        self.tell(context, kept, more)?;
        Ok(ExitCode::SUCCESS)
    }

    /// What is in the file, and what is not; `more` where the limit left events out.
    fn tell(&self, context: &Context, kept: Kept, more: bool) -> Result<(), Error> {
        let Kept { events, asked, crls, crl_bytes, crls_not_kept, crls_too_large } = kept;
        let of_crls = json!({
            "recorded": crls, "bytes": crl_bytes, "not_kept": crls_not_kept, "too_large": crls_too_large,
        });
        let of_crls = if self.no_crls { json!(null) } else { of_crls };
        let result = json!({
            "file": self.file, "events": events, "more": more, "asked": asked, "crls": of_crls,
            "redacted": self.redact,
        });
        let shown = self.file.display();
        let names = if self.redact { "without names" } else { "with all names" };
        let output = context.output();
        output.show(&result, |_| {
            format!("{shown}: events {events}, requests as policy was asked {asked}, CRLs {crls}, {names}\n")
        })?;
        if more {
            let text = format!("there are more events: these are the first {events} (--limit, and --from to go on)");
            output.warning(&text);
        }
        for (count, why) in [
            (crls_not_kept, "the server no longer has them".to_owned()),
            (crls_too_large, format!("there would have been more than {} MiB (--crl-limit)", self.crl_limit)),
        ] {
            if count > 0 {
                output.warning(&format!(
                    "CRLs left out: {count}; {why}. A module reads one of the laboratory's in the place of a base CRL, and no \
                     delta CRL"
                ));
            }
        }
        output.hint(&format!("play it to a module: exeunt module replay {shown} PATH"));
        Ok(())
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

    /// Writes the header and the events: what it wrote, and whether the limit left events out.
    fn copy(
        &self,
        connection: &Connection,
        end: &End,
        out: &mut impl Write,
        told: &mut dyn FnMut(u64),
    ) -> Result<(Kept, bool), Error> {
        let redaction = if self.redact { Some(Redaction::new(Timestamp::now())?) } else { None };
        let crl_bytes_max = (!self.no_crls).then_some(self.crl_limit * MIB);
        let mut page = self.page(connection, ("from", &self.from))?;
        let authority = Arc::new(read_properties(&page.properties).map_err(laboratory::Error::from)?);
        let mut recorder = Recorder::begin(out, &page.ca, &authority, redaction, crl_bytes_max)?;
        loop {
            for item in &page.items {
                let event = read_told(item, &authority).map_err(laboratory::Error::from)?;
                let beyond = match end {
                    End::Newest => false,
                    End::Event(last) => event.happening.notification.id.0 > *last,
                    End::Time(last) => event.happening.notification.occurred > *last,
                };
                let full = recorder.kept().events >= self.limit;
                if beyond || full {
                    return Ok((recorder.kept(), !beyond));
                }
                recorder.event(&event, &mut |reference| fetch(connection, reference))?;
            }
            told(recorder.kept().events);
            match page.next.take() {
                Some(next) => page = self.page(connection, ("after", &next))?,
                None => return Ok((recorder.kept(), false)),
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

/// The bytes of a CRL; none where the server no longer has them.
fn fetch(connection: &Connection, reference: &CrlReference) -> Result<Option<Vec<u8>>, Error> {
    let kind = if reference.delta { "delta" } else { "base" };
    let path =
        with_query(&format!("/v1/crls/{}", reference.number), &[("key", &reference.key.to_string()), ("kind", kind)]);
    match connection.fetch(&path, "application/pkix-crl") {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
