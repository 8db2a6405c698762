//! `exeunt module tail`: events as they happen, a line each.

use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;
use frontends::client::{escape, with_query};
use frontends::model::{Event, Module, Notifications};
use module::{Disposition, ExitEvent, ExitEvents};

use super::Context;
use super::connection::Connection;
use super::output::{BAD, FAINT, GOOD, STRONG, WAITING, clean};
use crate::Error;

/// Options of `module tail`.
#[derive(Debug, Args)]
pub struct Tail {
    /// Only the events that this module asks for
    #[arg(long, value_name = "NAME")]
    module: Option<String>,
    /// Only these kinds of event, such as cert-issued (may be repeated)
    #[arg(long = "kind", value_name = "KIND", conflicts_with = "module")]
    kinds: Vec<String>,
    /// Where to start: now, beginning, an event's number, or a time
    #[arg(long, value_name = "WHERE", default_value = "now")]
    from: String,
    /// End after so many events [default: with Ctrl-C]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

impl Tail {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let connection = context.connect()?;
        let kinds = match &self.module {
            Some(name) => wanted(context, &connection, name)?,
            None => ExitEvents::parse(&self.kinds).map_err(|error| Error::usage(error.message))?,
        };
        let after = self.start(&connection)?;
        let names = kinds.to_string();
        let mut query = vec![("after", after.as_str())];
        if !kinds.is_empty() {
            query.push(("kinds", &names));
        }
        let output = context.output();
        let mut left = self.count;
        let mut printed = Ok(());
        // The stream ends with Ctrl-C, as every program does, or when the server stops.
        connection.follow(&with_query("/v1/events", &query), |event: Event| {
            printed = output.line(&event, line);
            left = left.map(|left| left.saturating_sub(1));
            if printed.is_err() || left == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        printed?;
        if left.is_none_or(|left| left > 0) {
            output.hint("the server has stopped");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What to pass as `after`.
    fn start(&self, connection: &Connection) -> Result<String, Error> {
        match self.from.trim() {
            "now" => Ok("now".into()),
            "beginning" => Ok("0".into()),
            text => match text.parse::<u64>() {
                Ok(number) => Ok(number.saturating_sub(1).to_string()),
                Err(_) => {
                    // The server knows which event a moment means.
                    let page: Notifications =
                        connection.get(&with_query("/v1/notifications", &[("from", text), ("limit", "1")]))?;
                    let first =
                        page.items.first().and_then(|item| item.pointer("/event/id")).and_then(|id| id.as_u64());
                    Ok(first.map_or_else(|| "now".into(), |id| id.saturating_sub(1).to_string()))
                }
            },
        }
    }
}

/// The events that an installed module asks for. Where it is not well, that is said first.
fn wanted(context: &Context, connection: &Connection, name: &str) -> Result<ExitEvents, Error> {
    let module: Module = connection.get(&format!("/v1/modules/{}", escape(name)))?;
    let kinds = ExitEvents::parse(&module.events).map_err(|error| Error::failed(error.message))?;
    if kinds.is_empty() {
        return Err(Error::usage(format!("{} is told of no events", clean(name)))
            .next("see what it does with: exeunt module show NAME"));
    }
    let behind = if module.lag == 0 { String::new() } else { format!(", {} events behind", module.lag) };
    context.output().hint(&format!(
        "{}: {} delivered, {} parked{behind}",
        clean(name),
        module.delivered,
        module.parked
    ));
    Ok(kinds)
}

/// One event, on one line.
fn line(event: &Event) -> String {
    let style = match event.kind {
        ExitEvent::CertIssued | ExitEvent::CertImported => GOOD,
        ExitEvent::CertPending | ExitEvent::CertRetrievePending => WAITING,
        ExitEvent::CertDenied | ExitEvent::CertRevoked => BAD,
        ExitEvent::CrlIssued | ExitEvent::Shutdown => STRONG,
    };
    let when = event.occurred.strftime("%Y-%m-%d %H:%M:%SZ");
    let mut text = format!("{FAINT}{when}{FAINT:#} {:>6}  {style}{:<21}{style:#}", event.id, event.kind.name());
    let mut say = |word: &str| {
        text.push_str("  ");
        text.push_str(&clean(word));
    };
    if let Some(number) = event.crl_number {
        say(&format!("CRL {number}"));
    }
    if let Some(request) = event.request {
        say(&format!("request {request}"));
    }
    if let Some(row) = &event.row {
        let name = row.certificate.as_ref().map(|certificate| certificate.distinguished_name.clone());
        let parts = || row.subject.iter().map(|part| part.value.clone()).collect::<Vec<_>>().join(", ");
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(parts);
        say(if name.is_empty() { &row.alternative_names } else { &name });
        if let Some(revocation) = row.revocation.as_ref().filter(|_| event.kind == ExitEvent::CertRevoked) {
            say(&revocation.reason);
        }
        if row.disposition != Disposition::Issued || event.kind == ExitEvent::CertImported {
            say(&row.message);
        }
        say(&format!("by {}", row.requester));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_its_names_are() {
        let event: Event = serde_json::from_value(serde_json::json!({
            "id": 41, "kind": "cert-denied", "occurred": "2026-11-22T12:00:00Z", "request": 7, "version": 2, "hash": "00",
            "row": {
                "id": 7, "version": 2, "disposition": "denied", "status": "0x80094012", "message": "Denied\nby \u{1b}[31mEve",
                "submitted": "2026-11-22T11:59:59Z", "requester": "unix:eve", "caller": "unix:eve", "request_type": 256,
                "flags": 0, "subject": [{"name": "CommonName", "value": "a\u{202e}b"}], "alternative_names": "",
                "publish_expired": false,
            },
        }))
        .unwrap();
        let text = line(&event);
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        for part in
            ["2026-11-22 12:00:00Z", "41", "cert-denied", "request 7", "a·b", "Denied·by ·[31mEve", "by unix:eve"]
        {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
