//! `exeunt audit`.

use std::process::ExitCode;

use clap::Subcommand;
use engine::Act;
use frontends::client::with_query;
use frontends::model::{AuditEntry, AuditReport, List};

use super::Context;
use super::connection::Place;
use super::output::{BAD, Column, GOOD, Table, clean, hex_groups};
use crate::{Error, offline};

/// Rows asked for at a time.
const PAGE: u32 = 500;

/// The audit trail.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List entries, oldest first
    List {
        /// Entries after this number
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: u64,
        /// The most entries
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
    },
    /// Check that no entry was changed or taken out
    Verify,
}

impl Audit {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Self::List { after, limit } => list(context, after, limit),
            Self::Verify => verify(context),
        }
    }
}

fn list(context: &Context, after: u64, limit: u32) -> Result<ExitCode, Error> {
    let connection = context.connect()?;
    let mut list: List<AuditEntry> = List::whole(Vec::new());
    let mut after = after.to_string();
    loop {
        let missing = limit.saturating_sub(u32::try_from(list.items.len()).unwrap_or(u32::MAX));
        let asked = missing.min(PAGE).to_string();
        let page: List<AuditEntry> =
            connection.get(&with_query("/v1/audit", &[("after", &after), ("limit", &asked)]))?;
        list.items.extend(page.items);
        list.next = page.next;
        match &list.next {
            Some(next) if list.items.len() < limit as usize => after = next.clone(),
            _ => break,
        }
    }
    context.output().show(&list, |list| table(&list.items))?;
    if let Some(next) = &list.next {
        context.output().hint(&format!("there are more: --after {next}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(entries: &[AuditEntry]) -> String {
    let mut table = Table::new([
        Column::number("ID"),
        Column::text("AT"),
        Column::long("WHO"),
        Column::text("WHAT"),
        Column::number("REQUEST"),
        Column::long("DETAIL"),
    ]);
    for entry in entries {
        let what = Act::from_code(entry.code).map_or_else(|| entry.code.to_string(), |act| act.name().to_owned());
        table.row([
            entry.id.to_string(),
            entry.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            clean(&entry.caller),
            what,
            entry.request.map_or_else(|| "-".into(), |id| id.to_string()),
            clean(&entry.detail.to_string()),
        ]);
    }
    table.render("the audit trail is empty")
}

fn verify(context: &Context) -> Result<ExitCode, Error> {
    let progress = context.output().progress("verifying");
    let report: AuditReport = match context.place()? {
        Place::Server(connection) => {
            connection.watch::<(), _>("/v1/audit/verify", None, |step| progress.update(step.done, step.all))?
        }
        Place::Folder(_lock) => {
            offline::verify_audit(&context.configuration()?, &mut |done, all| progress.update(done, all))?
        }
    };
    drop(progress);
    context.output().show(&report, |report| match &report.problem {
        None => format!("{GOOD}whole{GOOD:#}: {} entries, head {}\n", report.entries, hex_groups(&report.head)),
        Some(problem) => format!("{BAD}broken{BAD:#}: {}\n", clean(problem)),
    })?;
    Ok(if report.problem.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
