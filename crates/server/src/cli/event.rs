//! `exeunt event`.

use std::process::ExitCode;

use clap::Subcommand;
use frontends::client::with_query;
use frontends::model::{Event, List};
use module::ExitEvents;

use super::Context;
use super::output::{Column, Table, clean};
use crate::Error;

/// Rows asked for at a time.
const PAGE: u32 = 500;

/// Events: what happened in the authority, in order.
#[derive(Debug, Subcommand)]
pub enum Events {
    /// List events, oldest first
    List {
        /// Events after this number
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: u64,
        /// Only of this kind, such as cert-issued (may be repeated)
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<String>,
        /// Only of this request
        #[arg(long, value_name = "ID")]
        request: Option<i64>,
        /// The most events
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
    },
}

impl Events {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let Self::List { after, kinds, request, limit } = self;
        ExitEvents::parse(&kinds).map_err(|error| Error::usage(error.message))?;
        list(context, after, &kinds.join(","), request, limit as usize)
    }
}

/// The events of one request are picked out here: the server looks for kinds only.
fn list(context: &Context, after: u64, kinds: &str, request: Option<i64>, limit: usize) -> Result<ExitCode, Error> {
    let connection = context.connect()?;
    let mut list: List<Event> = List::whole(Vec::new());
    let mut after = after.to_string();
    while list.items.len() < limit {
        let missing = if request.is_some() { PAGE as usize } else { (limit - list.items.len()).min(PAGE as usize) };
        let asked = missing.to_string();
        let mut query = vec![("after", after.as_str()), ("limit", asked.as_str())];
        if !kinds.is_empty() {
            query.push(("kinds", kinds));
        }
        let page: List<Event> = connection.get(&with_query("/v1/events", &query))?;
        let wanted = page.items.into_iter().filter(|event| request.is_none_or(|id| event.request == Some(id)));
        list.items.extend(wanted);
        list.next = page.next;
        match &list.next {
            Some(next) => after.clone_from(next),
            None => break,
        }
    }
    if list.items.len() > limit {
        list.items.truncate(limit);
        list.next = list.items.last().map(|event| event.id.to_string());
    }
    context.output().show(&list, |list| table(&list.items))?;
    if let Some(next) = &list.next {
        context.output().hint(&format!("there are more: --after {next}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(events: &[Event]) -> String {
    let mut table = Table::new([
        Column::number("ID"),
        Column::text("AT"),
        Column::text("WHAT"),
        Column::number("REQUEST"),
        Column::text("DISPOSITION"),
        Column::long("SUBJECT"),
    ]);
    for event in events {
        let row = event.row.as_ref();
        let subject = row.map(|row| row.subject.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(", "));
        let about = event.crl_number.map(|number| format!("CRL {number}")).or(subject);
        table.row([
            event.id.to_string(),
            event.occurred.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            event.kind.to_string(),
            event.request.map_or_else(|| "-".into(), |id| id.to_string()),
            row.map_or_else(|| "-".into(), |row| row.disposition.to_string()),
            about.filter(|text| !text.is_empty()).map_or_else(|| "-".into(), |text| clean(&text)),
        ]);
    }
    table.render("no events")
}
