//! What is due when.
//!
//! The schedule goes by the CRLs that are there, key by key, and not by a clock that runs while the server does: what
//! was missed while it stood still is due when it starts, and so is everything when there is no CRL at all.

use jiff::{SignedDuration, Timestamp};

use super::publish::{Unfinished, number_value, publish_keys, resume, value};
use super::{CrlPublication, Occasion, PublishFlags, Publisher};
use crate::Error;
use crate::store::{CrlKind, CrlRow};

/// The pause after a failure.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// Times that copying is tried again before the next scheduled publication is waited for.
const RETRIES_MAX: u64 = 10;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Finish the publication that was cut off.
    Finish,
    /// Make and publish CRLs.
    Publish {
        /// Base CRLs, with deltas where they are enabled; otherwise deltas alone.
        base: bool,
        /// Of these keys, which did not sign the last time; none: of all.
        keys: Option<Vec<u16>>,
    },
    /// Copy again what could not be copied.
    Retry,
}

/// What the schedule depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Whether base CRLs are scheduled.
    bases: bool,
    /// Whether delta CRLs are enabled.
    deltas: bool,
    keys: Vec<KeyState>,
    unfinished: bool,
    /// Publications in a row that failed in part, and when the last one did.
    failed: (u64, Option<Timestamp>),
    /// When [`run`] last returned an error.
    error: Option<Timestamp>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyState {
    key: u16,
    base: Standing,
    delta: Standing,
}

/// How a key stands with one kind of CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// There is none.
    Missing,
    /// The next one is due then.
    Due(Timestamp),
    /// The last attempt, made then, failed.
    Failed(Timestamp),
}

impl State {
    /// Reads it from the database. `error`: when [`run`] last returned one, unless it has succeeded since.
    pub(crate) fn read(publisher: &Publisher<'_>, error: Option<Timestamp>) -> Result<Self, Error> {
        let config = &publisher.config.crl;
        let now = publisher.now();
        let mut failed_at = None;
        let mut keys = Vec::new();
        for key in publisher.live_keys(now) {
            let mut standing = |kind| -> Result<Standing, Error> {
                let rows = publisher.store.crls(Some(key), Some(kind), 1)?;
                let newest = rows.first();
                if let Some(row) = newest.filter(|row| row.was_made() && row.status.is_failure()) {
                    failed_at = failed_at.max(row.last_published);
                }
                Ok(Standing::of(newest, now))
            };
            keys.push(KeyState { key, base: standing(CrlKind::Base)?, delta: standing(CrlKind::Delta)? });
        }
        Ok(Self {
            bases: !config.period.is_zero(),
            deltas: !config.delta_period.is_zero(),
            keys,
            unfinished: Unfinished::read(publisher.store)?.is_some(),
            failed: (number_value(publisher.store, value::ATTEMPTS)?, failed_at),
            error,
        })
    }
}

impl Standing {
    fn of(newest: Option<&CrlRow>, now: Timestamp) -> Self {
        match newest {
            None => Self::Missing,
            Some(row) if !row.was_made() => Self::Failed(row.last_published.unwrap_or(row.this_publish)),
            // The end of earlier deltas, and not the beginning of new ones.
            Some(row) if PublishFlags::from_bits_truncate(row.flags).contains(PublishFlags::SHADOW) => Self::Missing,
            // Made in the future: the clock was wrong then, and nobody takes such a CRL.
            Some(row) if row.this_publish > now.checked_add(PAUSE).unwrap_or(now) => Self::Missing,
            Some(row) => Self::Due(row.next_publish),
        }
    }
}

/// The next thing to do, and when: a moment that is not after `now` is now. None: nothing, until something changes
/// (a publication, a CA certificate, the configuration).
pub(crate) fn due(now: Timestamp, state: &State) -> Option<(What, Timestamp)> {
    // In order of precedence, should several be due.
    let mut candidates = Vec::new();
    if state.unfinished {
        candidates.push((What::Finish, now));
    }
    for base in [true, false] {
        if !(if base { state.bases } else { state.deltas }) {
            continue;
        }
        let standings = || {
            // Without a base there is nothing that a delta could build on.
            let keys = state.keys.iter().filter(move |key| base || matches!(key.base, Standing::Due(_)));
            keys.map(move |key| (key.key, if base { key.base } else { key.delta }))
        };
        let next = standings().filter_map(|(_, standing)| match standing {
            Standing::Missing => Some(now),
            Standing::Due(at) => Some(at),
            Standing::Failed(_) => None,
        });
        candidates.extend(next.min().map(|at| (What::Publish { base, keys: None }, at)));
        let failed: Vec<(u16, Timestamp)> = standings()
            .filter_map(|(key, standing)| match standing {
                Standing::Failed(at) => Some((key, after_pause(at, now))),
                Standing::Missing | Standing::Due(_) => None,
            })
            .collect();
        if let Some(at) = failed.iter().map(|(_, at)| *at).min() {
            let keys = Some(failed.iter().map(|(key, _)| *key).collect());
            candidates.push((What::Publish { base, keys }, at));
        }
    }
    if let (1..=RETRIES_MAX, Some(last)) = state.failed {
        candidates.push((What::Retry, after_pause(last, now)));
    }
    let not_before = state.error.map_or(now, |at| after_pause(at, now)).max(now);
    candidates.into_iter().map(|(what, at)| (what, at.max(not_before))).min_by_key(|(_, at)| *at)
}

/// Does what was due.
///
/// Whoever calls this waits, then asks [`due`] again, with the moment of this call in [`State::read`] if it failed.
pub(crate) fn run(publisher: &Publisher<'_>, what: &What) -> Result<(), Error> {
    let (order, only, occasion) = match what {
        What::Finish => return resume(publisher),
        What::Publish { base, keys } => {
            (CrlPublication { base: *base, delta: !base, ..Default::default() }, keys.as_deref(), Occasion::Timer)
        }
        What::Retry => {
            (CrlPublication { base: true, delta: true, republish: true, next_update: None }, None, Occasion::Retry)
        }
    };
    publish_keys(publisher, &order, only, occasion, &mut |_, _| {})?;
    Ok(())
}

/// A moment that lies ahead means that the clock was set back: there is nothing to wait for.
fn after_pause(last: Timestamp, now: Timestamp) -> Timestamp {
    if last > now { now } else { last.checked_add(PAUSE).unwrap_or(now) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Standing::{Due, Failed, Missing};
    use super::*;

    /// Minutes on one axis.
    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    fn state(keys: &[(Standing, Standing)]) -> State {
        let keys = keys.iter().zip(0..).map(|((base, delta), key)| KeyState { key, base: *base, delta: *delta });
        State { bases: true, deltas: true, keys: keys.collect(), ..State::default() }
    }

    fn publish(base: bool) -> What {
        What::Publish { base, keys: None }
    }

    #[test]
    fn what_is_due_first() {
        let some = |base: bool, keys: &[u16]| What::Publish { base, keys: Some(keys.to_vec()) };
        let waiting = (Due(at(1_000)), Due(at(500)));
        for (state, expected) in [
            (state(&[]), None),
            // No CRL at all.
            (state(&[(Missing, Missing)]), Some((publish(true), at(100)))),
            (state(&[waiting, (Missing, Missing)]), Some((publish(true), at(100)))),
            (state(&[waiting]), Some((publish(false), at(500)))),
            (State { deltas: false, ..state(&[waiting]) }, Some((publish(true), at(1_000)))),
            (State { bases: false, ..state(&[waiting]) }, Some((publish(false), at(500)))),
            (State { bases: false, deltas: false, ..state(&[(Missing, Missing)]) }, None),
            // Deltas were enabled just now.
            (state(&[(Due(at(1_000)), Missing)]), Some((publish(false), at(100)))),
            // A delta cannot be without a base that nobody schedules.
            (State { bases: false, ..state(&[(Missing, Missing)]) }, None),
            // Missed while the server stood still: the base brings its delta.
            (state(&[(Due(at(50)), Due(at(20)))]), Some((publish(true), at(100)))),
            // A key that did not sign is tried again after the pause, alone.
            (state(&[waiting, (Failed(at(95)), Missing)]), Some((some(true, &[1]), at(105)))),
            (state(&[(Due(at(1_000)), Failed(at(80)))]), Some((some(false, &[0]), at(100)))),
            (state(&[waiting, (Failed(at(200)), Missing)]), Some((some(true, &[1]), at(100)))),
            // What could not be copied, ten times.
            (State { failed: (1, Some(at(98))), ..state(&[waiting]) }, Some((What::Retry, at(108)))),
            (State { failed: (10, Some(at(50))), ..state(&[waiting]) }, Some((What::Retry, at(100)))),
            (State { failed: (11, Some(at(98))), ..state(&[waiting]) }, Some((publish(false), at(500)))),
            (State { failed: (1, Some(at(50))), ..state(&[(Due(at(60)), Missing)]) }, Some((publish(true), at(100)))),
            // After an error nothing is tried before the pause is over.
            (State { error: Some(at(99)), ..state(&[(Missing, Missing)]) }, Some((publish(true), at(109)))),
            (State { error: Some(at(99)), ..state(&[waiting]) }, Some((publish(false), at(500)))),
            (State { error: Some(at(300)), ..state(&[(Missing, Missing)]) }, Some((publish(true), at(100)))),
            // The event that is still owed comes first.
            (State { unfinished: true, ..state(&[(Missing, Missing)]) }, Some((What::Finish, at(100)))),
            (State { unfinished: true, error: Some(at(95)), ..state(&[waiting]) }, Some((What::Finish, at(105)))),
        ] {
            assert_eq!(due(at(100), &state), expected, "{state:?}");
        }
    }
}
