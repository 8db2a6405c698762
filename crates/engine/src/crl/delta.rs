//! What a delta CRL builds on (RFC 5280 5.2.4).

use jiff::{SignedDuration, Timestamp};

use crate::store::CrlRow;

/// The bases that a delta refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foundation {
    /// BaseCRLNumber: whoever holds this base or a newer one can apply the delta.
    pub(super) min_base: u64,
    /// The delta lists what was changed since then.
    pub(super) changed_since: Timestamp,
}

/// A revocation may be committed a moment after the time it carries, and so after a base that was made in between.
const SETTLING: SignedDuration = SignedDuration::from_mins(1);

/// What a delta made now builds on: the newest base that every replica can be expected to have; without one (or with
/// `oldest`, `CRLF_DELTA_USE_OLDEST_UNEXPIRED_BASE`) the oldest that has not expired. Expired bases are no foundation:
/// nobody may use them any more (RFC 5280 6.3.3). None: there is no base to build on.
///
/// Changes are listed since the oldest unexpired base, as the classic service does: never too few.
pub(super) fn foundation(bases: &[CrlRow], now: Timestamp, oldest: bool) -> Option<Foundation> {
    let unexpired = || bases.iter().filter(|base| base.was_made() && base.next_update > now);
    let first = unexpired().min_by_key(|base| base.number)?;
    let propagated = unexpired().filter(|base| base.propagation_complete <= now).max_by_key(|base| base.number);
    let min_base = propagated.filter(|_| !oldest).unwrap_or(first).number;
    let settled = first.this_publish.checked_sub(SETTLING).unwrap_or(Timestamp::MIN);
    Some(Foundation { min_base, changed_since: first.this_update.min(settled) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use module::HResult;

    use super::*;

    /// Seconds on one axis; "now" is 1,000.
    fn base(number: u64, made: i64, propagated: i64, ends: i64) -> CrlRow {
        let at = |second| Timestamp::from_second(second).unwrap();
        CrlRow {
            number,
            min_base: None,
            key: 0,
            entries: 0,
            this_update: at(made - 10),
            next_update: at(ends),
            this_publish: at(made),
            next_publish: at(ends - 10),
            propagation_complete: at(propagated),
            last_published: None,
            attempts: 0,
            flags: 1,
            status: HResult::S_OK,
            error: String::new(),
            size: 1,
            sha256: [0; 32],
            body: None,
        }
    }

    #[test]
    fn the_newest_propagated_base_is_the_foundation() {
        let now = Timestamp::from_second(1_000).unwrap();
        let unmade = CrlRow { size: 0, ..base(9, 950, 960, 2_000) };
        for (bases, oldest, expected) in [
            (vec![], false, None),
            // Made in this very run.
            (vec![base(1, 1_000, 1_100, 2_000)], false, Some((1, 940))),
            (vec![base(2, 1_000, 1_100, 2_000), base(1, 500, 600, 1_500)], false, Some((1, 440))),
            (vec![base(3, 900, 950, 2_000), base(2, 700, 800, 1_500), base(1, 500, 600, 1_100)], false, Some((3, 440))),
            (vec![base(3, 900, 950, 2_000), base(2, 700, 800, 1_500), base(1, 500, 600, 1_100)], true, Some((1, 440))),
            // The only propagated one has expired.
            (vec![base(2, 1_000, 1_100, 2_000), base(1, 500, 600, 900)], false, Some((2, 940))),
            (vec![base(1, 500, 600, 900)], false, None),
            (vec![unmade.clone(), base(1, 500, 600, 1_500)], false, Some((1, 440))),
            (vec![unmade], true, None),
        ] {
            let found = foundation(&bases, now, oldest).map(|f| (f.min_base, f.changed_since.as_second()));
            assert_eq!(found, expected, "{bases:?}");
        }
    }
}
