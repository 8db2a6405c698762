//! `exeunt crl`.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use frontends::client::with_query;
use frontends::model::{Crl as Row, CrlKind, List, Publication, PublicationOrder};
use jiff::Timestamp;
use module::RevocationReason;
use pki::CertificateList;
use serde::Serialize;

use super::output::{BAD, Column, Facts, GOOD, Table, clean, moment};
use super::{Context, describe, input};
use crate::Error;

/// Certificate revocation lists.
#[derive(Debug, Subcommand)]
pub enum Crl {
    /// Make and publish CRLs now
    Publish(Publish),
    /// List CRLs, newest first
    List {
        /// The most rows
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Show a CRL: a file, one of the server by its number, or the server's newest
    Show(Show),
}

/// Options of `crl publish`.
#[derive(Debug, Args)]
pub struct Publish {
    /// Delta CRLs only
    #[arg(long)]
    delta: bool,
    /// Make nothing: publish the newest ones again
    #[arg(long)]
    republish: bool,
    /// When the next ones are due [default: by the configured period]
    #[arg(long, value_name = "WHEN", conflicts_with = "republish")]
    next_update: Option<String>,
}

/// Options of `crl show`.
#[derive(Debug, Args)]
pub struct Show {
    /// A file (PEM or DER; `-` is standard input), or a CRL number [default: the newest]
    which: Option<String>,
    /// Of the server's CRLs the delta
    #[arg(long)]
    delta: bool,
    /// Of the server's CRLs the one of this key
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    key: u16,
    /// List the revoked certificates
    #[arg(long)]
    entries: bool,
}

#[derive(Serialize)]
struct Contents {
    issuer: String,
    number: Option<u64>,
    delta_base: Option<u64>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    count: usize,
    extensions: Vec<ExtensionText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<Entry>>,
}

#[derive(Serialize)]
struct ExtensionText {
    name: String,
    critical: bool,
    value: String,
}

#[derive(Serialize)]
struct Entry {
    serial: String,
    revoked: Timestamp,
    reason: &'static str,
}

impl Crl {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Self::Publish(publish) => publish.run(context),
            Self::List { limit } => {
                let limit = limit.to_string();
                let list: List<Row> = context.connect()?.get(&with_query("/v1/crls", &[("limit", &limit)]))?;
                context.output().show(&list, |list| table(&list.items))?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Show(show) => show.run(context),
        }
    }
}

impl Publish {
    fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let next_update = self.next_update.map(|text| input::when(&text, Timestamp::now())).transpose()?;
        let order = PublicationOrder { base: !self.delta, delta: self.delta, republish: self.republish, next_update };
        let progress = context.output().progress("publishing");
        let publication: Publication =
            context.connect()?.watch("/v1/crls", Some(&order), |step| progress.update(step.done, step.all))?;
        drop(progress);
        context.output().show(&publication, |publication| table(&publication.crls))?;
        let failed: Vec<&Row> = publication.crls.iter().filter(|crl| crl.status.0.is_failure()).collect();
        for crl in &failed {
            context.output().warning(&format!(
                "CRL {} could not be written everywhere: {}",
                crl.number,
                clean(&crl.error)
            ));
        }
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Show {
    fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let bytes = match &self.which {
            Some(which) if which.parse::<u64>().is_err() => input::read(Path::new(which))?,
            which => {
                let kind = if self.delta { "delta" } else { "base" };
                let key = self.key.to_string();
                let path = format!("/v1/crls/{}", which.as_deref().unwrap_or("newest"));
                context
                    .connect()?
                    .fetch(&with_query(&path, &[("key", &key), ("kind", kind)]), "application/pkix-crl")?
            }
        };
        let contents = self.contents(&CertificateList::decode(&bytes)?)?;
        context.output().show(&contents, people)?;
        Ok(ExitCode::SUCCESS)
    }

    fn contents(&self, crl: &CertificateList) -> Result<Contents, Error> {
        let mut count = 0;
        let mut entries = self.entries.then(Vec::new);
        for entry in crl.entries() {
            let entry = entry?;
            count += 1;
            if let Some(entries) = &mut entries {
                let reason = RevocationReason::from_code(i32::from(entry.reason.unwrap_or_default()));
                entries.push(Entry {
                    serial: entry.serial.to_string(),
                    revoked: entry.revoked_at,
                    reason: reason.map_or("other", RevocationReason::name),
                });
            }
        }
        let extensions = crl.extensions().iter().map(|extension| {
            let (name, value) = describe::extension(&extension.oid.to_string(), &extension.value);
            ExtensionText { name, critical: extension.critical, value }
        });
        Ok(Contents {
            issuer: crl.issuer().to_string(),
            number: crl.number(),
            delta_base: crl.delta_base(),
            this_update: crl.this_update(),
            next_update: crl.next_update(),
            count,
            extensions: extensions.collect(),
            entries,
        })
    }
}

fn people(contents: &Contents) -> String {
    let now = Timestamp::now();
    let overdue = contents.next_update.is_some_and(|next| next < now);
    let mut text = Facts::new()
        .fact("issuer", &contents.issuer)
        .maybe("number", contents.number)
        .maybe("delta of base", contents.delta_base)
        .fact("this update", moment(contents.this_update, now))
        .maybe("next update", contents.next_update.map(|next| moment(next, now)))
        .styled("state", if overdue { format!("{BAD}expired{BAD:#}") } else { format!("{GOOD}current{GOOD:#}") })
        .fact("entries", contents.count)
        .render();
    let mut extensions = Table::new([Column::text("EXTENSION"), Column::text(""), Column::long("VALUE")]);
    for extension in &contents.extensions {
        let critical = if extension.critical { "critical" } else { "" };
        extensions.row([clean(&extension.name), critical.into(), clean(&extension.value)]);
    }
    text.push('\n');
    text.push_str(&extensions.render("no extensions"));
    if let Some(entries) = &contents.entries {
        let mut table = Table::new([Column::text("SERIAL"), Column::text("REVOKED"), Column::text("REASON")]);
        for entry in entries {
            table.row([entry.serial.clone(), moment(entry.revoked, now), entry.reason.into()]);
        }
        text.push('\n');
        text.push_str(&table.render("no certificate is revoked"));
    }
    text
}

fn table(rows: &[Row]) -> String {
    let now = Timestamp::now();
    let mut table = Table::new([
        Column::number("NUMBER"),
        Column::text("KIND"),
        Column::number("KEY"),
        Column::number("ENTRIES"),
        Column::text("THIS UPDATE"),
        Column::text("NEXT UPDATE"),
        Column::text("PUBLISHED"),
        Column::number("BYTES"),
    ]);
    for row in rows {
        let kind = match row.kind {
            CrlKind::Base => "base".to_owned(),
            CrlKind::Delta => format!("delta of {}", row.min_base.unwrap_or_default()),
        };
        let published = match (row.status.0.is_failure(), row.attempts) {
            (true, _) => format!("{BAD}{}{BAD:#}", row.status),
            (false, 0) => "-".into(),
            (false, _) => format!("{GOOD}yes{GOOD:#}"),
        };
        table.row([
            row.number.to_string(),
            kind,
            row.key.to_string(),
            row.entries.to_string(),
            moment(row.this_update, now),
            moment(row.next_update, now),
            published,
            row.size.to_string(),
        ]);
    }
    table.render("no CRLs")
}
