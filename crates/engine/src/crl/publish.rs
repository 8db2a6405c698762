//! One publication, from the request to its event.
//!
//! **Order of the writes.** A CRL must be in the database before anybody can fetch it: a crash in between would
//! otherwise leave a CRL in the world that the server knows nothing of, and give its number to another one. And the
//! event follows *all* attempts to copy. So a publication is two commits with the copying between them: the first makes
//! the CRLs and their number durable, with a note that their publication is not finished; the second records how the
//! copying went, raises the event and takes the note away.
//!
//! - A crash before the first commit leaves nothing. The next publication takes the same number: nobody has seen a CRL
//!   that bears it.
//! - A crash after it is made good by [`finish`], at the next start or before the next publication: the same bytes are
//!   copied again, and the event is raised then, once.
//! - An error of a commit of which it is not known whether it was done is one of these two cases.

use jiff::Timestamp;
use module::{ExitEvent, HResult};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::make::Making;
use super::sign::NotMade;
use super::{CrlPublication, HISTORY, Occasion, Publisher, copy, newest};
use crate::audit::Act;
use crate::chain::Hasher;
use crate::location::Use;
use crate::store::{Change, CrlBody, CrlKind, CrlRow, NewAudit, NewEvent};
use crate::{Caller, Error, Store, StoreError};

/// Named values of the server's own state.
pub(super) mod value {
    /// The number of the newest CRLs. It never falls, not even when rows are removed.
    pub(in crate::crl) const NUMBER: &str = "crl-number";
    /// When base CRLs were last said to be due (`CRLNextPublish`): for whoever shows it. The schedule goes by the CRLs.
    pub(in crate::crl) const NEXT_PUBLISH: &str = "crl-next-publish";
    /// The same for delta CRLs (`CRLDeltaNextPublish`).
    pub(in crate::crl) const DELTA_NEXT_PUBLISH: &str = "crl-delta-next-publish";
    /// Publications in a row that failed in part (`CRLAttemptRepublish` counts no further than 1); absent: none.
    pub(in crate::crl) const ATTEMPTS: &str = "crl-attempts";
    /// The publication whose CRLs are stored and whose event is not yet raised: [`Unfinished`](super::Unfinished).
    pub(in crate::crl) const UNFINISHED: &str = "crl-unfinished";
}

/// Makes the CRLs asked for and copies them to their locations, or copies the newest ones again.
///
/// The rows say how it went: [`CrlRow::status`] is the first failure. An error means that no CRL was made (and nothing
/// changed but the records of the request and of a key that did not sign), or that the database failed: then the rest
/// is made up for later.
///
/// `progress` is told steps done and in all.
pub(crate) fn publish(
    publisher: &Publisher<'_>,
    order: &CrlPublication,
    occasion: Occasion<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<CrlRow>, Error> {
    publish_keys(publisher, order, None, occasion, progress)
}

/// [`publish`] for some keys only.
pub(super) fn publish_keys(
    publisher: &Publisher<'_>,
    order: &CrlPublication,
    only: Option<&[u16]>,
    occasion: Occasion<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<CrlRow>, Error> {
    let _one_at_a_time = publisher.lock.lock();
    let now = publisher.now();
    let order = check(publisher, order, now)?;
    let mut keys = publisher.keys(now)?;
    keys.retain(|key| only.is_none_or(|only| only.contains(key)));
    let mut steps = Steps::new(publisher, &order, keys.len(), progress);

    // 1. The request is on record, whatever becomes of it.
    if let Occasion::Request(by) = occasion {
        let detail = json!({
            "base": order.base, "delta": order.delta, "republish": order.republish, "nextUpdate": order.next_update,
        });
        let audit = Some(Act::CrlPublishRequested.entry(by, now, None, detail));
        publisher.store.commit(Change { audit, ..Change::default() })?;
    }

    // 2. An earlier publication that was cut off comes first: its event must not be lost.
    finish(publisher)?;

    // 3. The CRLs are made, signed and durable; or the newest ones are taken.
    let mut rows = if order.republish {
        existing(publisher, &order, &keys, occasion)?
    } else {
        create(publisher, &order, &keys, occasion, now, &mut steps)?
    };

    // 4. They are copied to every location.
    copy::copy(publisher, &mut rows, occasion, &mut || steps.step());

    // 5. How it went is recorded, and the event raised.
    conclude(publisher, &rows, occasion)?;
    steps.end();
    Ok(rows)
}

/// Brings a publication to its end that a crash or an error of the database cut off; if there is none, nothing is done.
pub(super) fn resume(publisher: &Publisher<'_>) -> Result<(), Error> {
    let _one_at_a_time = publisher.lock.lock();
    finish(publisher)
}

/// Gives up bytes that no CRL refers to. They would go at the next start anyway, so a failure is no more than noted.
pub(super) fn discard(store: &dyn Store, bodies: Vec<CrlBody>) {
    if bodies.is_empty() {
        return;
    }
    if let Err(error) = store.commit(Change { drop_crl_bodies: bodies, ..Change::default() }) {
        tracing::warn!(%error, "the bytes of a CRL that was not made stay in the database until the next start");
    }
}

/// The publication whose outcome is not recorded.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Unfinished {
    number: u64,
    /// Who asked for it.
    by: Option<String>,
}

impl Unfinished {
    pub(super) fn read(store: &dyn Store) -> Result<Option<Self>, Error> {
        let text = store.value(value::UNFINISHED)?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| damaged(value::UNFINISHED, &text))).transpose()
    }
}

/// A number among the server's values.
pub(super) fn number_value(store: &dyn Store, name: &str) -> Result<u64, Error> {
    let text = store.value(name)?;
    text.map_or(Ok(0), |text| text.parse().map_err(|_| damaged(name, &text)))
}

fn damaged(name: &str, text: &str) -> Error {
    Error::Internal(format!("the database's value `{name}` cannot be read: {text}"))
}

/// What is asked for, with what goes without saying.
fn check(publisher: &Publisher<'_>, order: &CrlPublication, now: Timestamp) -> Result<CrlPublication, Error> {
    let config = &publisher.config.crl;
    if !order.base && !order.delta {
        return Err(Error::refused("neither base nor delta CRLs are asked for"));
    }
    if order.republish {
        return Ok(CrlPublication { next_update: None, ..*order });
    }
    match order.next_update {
        Some(date) if date <= now => return Err(Error::refused(format!("the next update, {date}, lies in the past"))),
        Some(_) => {}
        None if order.base && config.period.is_zero() => {
            return Err(Error::refused("no CRL period is configured: say when the next update is"));
        }
        None if order.delta && config.delta_period.is_zero() => {
            return Err(Error::refused(
                "delta CRLs are not enabled: configure a delta period, or say when the next update is",
            ));
        }
        None => {}
    }
    Ok(CrlPublication { delta: order.delta || !config.delta_period.is_zero(), ..*order })
}

/// Makes the CRLs of each key and commits them. [`Err`]: there is none.
fn create(
    publisher: &Publisher<'_>,
    order: &CrlPublication,
    keys: &[u16],
    occasion: Occasion<'_>,
    now: Timestamp,
    steps: &mut Steps<'_>,
) -> Result<Vec<CrlRow>, Error> {
    let CrlPublication { base, delta, next_update, .. } = *order;
    let number = next_number(publisher.store)?;
    let making = Making { publisher, now, number, base, delta, next_update, occasion };
    let mut rows = Vec::new();
    let mut failure = None;
    for key in keys {
        match making.make(*key, &mut rows) {
            Ok(()) => {}
            Err(NotMade::Key(error)) => {
                tracing::error!(key, number, %error, "a CRL could not be made");
                failure.get_or_insert(error);
            }
            Err(NotMade::All(error)) => {
                discard(publisher.store, bodies(&rows));
                return Err(error);
            }
        }
        steps.step();
    }
    if rows.is_empty() {
        let message = "there is no unexpired base CRL that a delta CRL could build on: publish a base CRL";
        return Err(Error::conflict(HResult::ERROR_FILE_NOT_FOUND, message));
    }

    let made = rows.iter().any(CrlRow::was_made);
    let next =
        |kind| rows.iter().find(|row| row.was_made() && row.kind() == kind).map(|row| row.next_publish.to_string());
    let mut values = vec![(value::NUMBER.to_owned(), Some(number.to_string()))];
    let due = [(value::NEXT_PUBLISH, next(CrlKind::Base)), (value::DELTA_NEXT_PUBLISH, next(CrlKind::Delta))];
    values.extend(due.into_iter().filter(|(_, next)| next.is_some()).map(|(name, next)| (name.to_owned(), next)));
    if made {
        let unfinished = json!(Unfinished { number, by: occasion.by().map(str::to_owned) });
        values.push((value::UNFINISHED.to_owned(), Some(unfinished.to_string())));
    }
    match publisher.store.commit(Change { crls: rows.clone(), values, ..Change::default() }) {
        Ok(_) => {}
        Err(error) => {
            // Only after a conflict is it certain that no row refers to them.
            if matches!(error, StoreError::Conflict(_)) {
                discard(publisher.store, bodies(&rows));
            }
            return Err(error.into());
        }
    }
    match failure {
        Some(error) if !made => Err(error),
        _ => Ok(rows),
    }
}

/// One more than any number ever given.
fn next_number(store: &dyn Store) -> Result<u64, Error> {
    let given = number_value(store, value::NUMBER)?;
    let stored = store.crls(None, None, 1)?.first().map_or(0, |row| row.number);
    let last = given.max(stored);
    last.checked_add(1).ok_or_else(|| Error::Internal("CRL numbers are used up".into()))
}

/// The newest CRLs of the keys; for a retry, those of them that are not where they should be.
fn existing(
    publisher: &Publisher<'_>,
    order: &CrlPublication,
    keys: &[u16],
    occasion: Occasion<'_>,
) -> Result<Vec<CrlRow>, Error> {
    let mut rows = Vec::new();
    for key in keys {
        for (wanted, kind) in [(order.base, CrlKind::Base), (order.delta, CrlKind::Delta)] {
            if wanted {
                rows.extend(newest(publisher.store, *key, kind)?);
            }
        }
    }
    if occasion == Occasion::Retry {
        rows.retain(|row| row.status.is_failure());
    } else if rows.is_empty() {
        return Err(Error::NotFound("a CRL that could be published again".into()));
    }
    Ok(rows)
}

/// See [`resume`].
fn finish(publisher: &Publisher<'_>) -> Result<(), Error> {
    let Some(unfinished) = Unfinished::read(publisher.store)? else { return Ok(()) };
    let mut rows = Vec::new();
    for key in publisher.ca.key_indexes() {
        for kind in [CrlKind::Base, CrlKind::Delta] {
            let stored = publisher.store.crls(Some(key), Some(kind), HISTORY)?;
            rows.extend(stored.into_iter().find(|row| row.number == unfinished.number));
        }
    }
    tracing::info!(number = unfinished.number, "finishing a publication of CRLs that was cut off");
    let occasion = unfinished.by.as_deref().map_or(Occasion::Timer, Occasion::Request);
    copy::copy(publisher, &mut rows, occasion, &mut || {});
    conclude(publisher, &rows, occasion)
}

/// The second commit.
fn conclude(publisher: &Publisher<'_>, rows: &[CrlRow], occasion: Occasion<'_>) -> Result<(), Error> {
    let now = publisher.now();
    let published: Vec<CrlRow> = rows.iter().filter(|row| row.was_made()).cloned().collect();
    let attempts = if published.iter().any(|row| row.status.is_failure()) {
        let before = if occasion == Occasion::Retry { number_value(publisher.store, value::ATTEMPTS)? } else { 0 };
        Some((before + 1).to_string())
    } else {
        None
    };
    let event = published.iter().map(|row| row.number).max().map(|number| NewEvent {
        kind: ExitEvent::CrlIssued,
        occurred: now,
        request: None,
        crl_number: Some(number),
        digest: digest(&published),
    });
    let audit = event.is_some().then(|| record(publisher, rows, occasion, now));
    publisher.store.commit(Change {
        published_crls: published,
        drop_crl_bodies: expired(publisher, now)?,
        values: vec![(value::ATTEMPTS.to_owned(), attempts), (value::UNFINISHED.to_owned(), None)],
        event,
        audit,
        ..Change::default()
    })?;
    Ok(())
}

fn record(publisher: &Publisher<'_>, rows: &[CrlRow], occasion: Occasion<'_>, now: Timestamp) -> NewAudit {
    let crls: Vec<_> = rows
        .iter()
        .map(|row| {
            let locations = copy::locations(publisher, row).into_iter().map(|(_, location)| location);
            json!({
                "number": row.number,
                "base": row.kind() == CrlKind::Base,
                "key": row.key,
                "entries": row.entries,
                "sha256": hex::encode(row.sha256),
                "nextPublish": row.next_publish,
                "status": row.status.to_string(),
                "locations": locations.collect::<Vec<_>>(),
            })
        })
        .collect();
    let server = Caller::server().name;
    Act::CrlPublished.entry(occasion.by().unwrap_or(&server), now, None, json!({ "crls": crls }))
}

/// What the event's hash binds: which CRLs they are.
fn digest(rows: &[CrlRow]) -> [u8; 32] {
    let mut hash = Hasher::new("exeunt crls 1");
    hash.number(rows.len() as i64);
    for row in rows {
        hash.number(row.number.cast_signed()).number(row.key.into());
        hash.number(row.min_base.map_or(-1, u64::cast_signed)).bytes(&row.sha256);
    }
    hash.finish()
}

/// Bytes that are no longer needed: of CRLs that have expired, but for the newest of each key and kind.
fn expired(publisher: &Publisher<'_>, now: Timestamp) -> Result<Vec<CrlBody>, Error> {
    let mut gone = Vec::new();
    for key in publisher.ca.key_indexes() {
        for kind in [CrlKind::Base, CrlKind::Delta] {
            let rows = publisher.store.crls(Some(key), Some(kind), HISTORY)?;
            let with_bytes = rows.into_iter().filter_map(|row| Some((row.body?, row.next_update)));
            gone.extend(with_bytes.skip(1).filter(|(_, ends)| *ends <= now).map(|(body, _)| body));
        }
    }
    Ok(gone)
}

fn bodies(rows: &[CrlRow]) -> Vec<CrlBody> {
    rows.iter().filter_map(|row| row.body).collect()
}

/// Counts: a step for each key whose CRLs are made, and one for each attempt to copy one.
struct Steps<'a> {
    done: u64,
    all: u64,
    tell: &'a mut dyn FnMut(u64, u64),
}

impl<'a> Steps<'a> {
    fn new(publisher: &Publisher<'_>, order: &CrlPublication, keys: usize, tell: &'a mut dyn FnMut(u64, u64)) -> Self {
        let written = |wanted: bool, location_use| {
            let used = publisher.config.crl.locations.iter().filter(|location| location.uses.contains(location_use));
            if wanted { used.count() } else { 0 }
        };
        let copies = written(order.base, Use::SERVER_PUBLISH) + written(order.delta, Use::SERVER_PUBLISH_DELTA);
        let all = (keys * (copies + usize::from(!order.republish))) as u64;
        tell(0, all);
        Self { done: 0, all, tell }
    }

    fn step(&mut self) {
        // A shadow delta makes steps that were not foreseen.
        self.done = (self.done + 1).min(self.all);
        (self.tell)(self.done, self.all);
    }

    fn end(&mut self) {
        (self.tell)(self.all, self.all);
    }
}
