//! `db check`: the database's structure, and that events say what the rows say.

use module::{EventId, ExitEvents};

use crate::chain::event_hash;
use crate::{Error, Store, StoreError};

/// Events read at a time.
const BATCH: usize = 500;
/// Problems listed before the check gives up.
const PROBLEMS_MAX: usize = 100;

/// Everything that is wrong, in sentences; empty where nothing is. `progress` is told steps done and in all.
pub fn check_database(store: &dyn Store, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<String>, Error> {
    let (tail, mut previous) = store.event_tail()?;
    let (head, head_hash) = store.event_head()?;
    let events = if tail.0 == 0 { 0 } else { head.0 + 1 - tail.0.min(head.0 + 1) };

    let mut structure = 0;
    let mut problems = store.check(&mut |done, all| {
        structure = all;
        progress(done, all + events);
    })?;
    let mut expected = tail.0;
    let mut after = EventId(tail.0.saturating_sub(1));
    while after < head && problems.len() < PROBLEMS_MAX {
        let batch = match store.events(after, ExitEvents::all(), BATCH) {
            // What is damaged is what was looked for; what lies behind it cannot be read.
            Err(StoreError::Corrupt(what)) => {
                problems.push(what);
                return Ok(problems);
            }
            batch => batch?,
        };
        if batch.is_empty() {
            problems.push(format!("events {expected} to {head} are missing"));
            return Ok(problems);
        }
        for (event, request) in batch {
            if event.id.0 != expected {
                problems.push(format!("events {expected} to {} are missing", event.id.0 - 1));
            }
            if event_hash(&previous, &event) != event.hash {
                problems.push(format!("event {} was changed, or one before it", event.id));
            }
            match (&event.request, request) {
                (Some((id, _)), Some(request)) if request.digest() != event.digest => {
                    problems.push(format!("request {id} is not as event {} left it", event.id));
                }
                (Some((id, version)), None) => {
                    problems.push(format!(
                        "version {version} of request {id}, which event {} reports, is missing",
                        event.id
                    ));
                }
                _ => {}
            }
            previous = event.hash;
            expected = event.id.0 + 1;
            after = event.id;
        }
        progress(structure + (expected - tail.0), structure + events);
    }
    if after == head && head.0 > 0 && previous != head_hash {
        problems.push("the head of the event chain is not the last event's hash".into());
    }
    Ok(problems)
}
