//! When a CRL begins, is followed, and ends.

use jiff::{SignedDuration, Timestamp};
use module::moment::Period;

use crate::{CrlConfig, Error};

/// The dates of one CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// When it was made.
    pub(super) this_publish: Timestamp,
    /// thisUpdate: earlier by the clock skew, but not before the CA certificate's notBefore. Whole seconds.
    pub(super) this_update: Timestamp,
    /// When the next one is due. Whole seconds.
    pub(super) next_publish: Timestamp,
    /// nextUpdate: later than `next_publish` by the overlap and the clock skew. Whole seconds.
    ///
    /// It is not cut off at the CA certificate's notAfter: no CRL can be made after that, and a last one that outlives
    /// the certificate serves those who check old signatures, while nobody is misled: the path ends anyway.
    pub(super) next_update: Timestamp,
    /// When every replica can be expected to have it.
    pub(super) propagation_complete: Timestamp,
}

/// What the dates follow from.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) config: &'a CrlConfig,
    pub(super) skew_seconds: u32,
    /// The CA certificate's.
    pub(super) not_before: Timestamp,
}

impl Rules<'_> {
    /// Of a base CRL made now; `next` takes the place of the configured period.
    pub(super) fn base(&self, now: Timestamp, next: Option<Timestamp>) -> Result<Times, Error> {
        let next_publish = match next {
            Some(next) => next,
            None => self.config.period.after(now)?,
        };
        let period = self.base_period(now)?.unwrap_or_else(|| next_publish.duration_since(now));
        let overlap = match self.config.overlap {
            Period { units: 0, .. } => Overlap::Computed(base_overlap(period, self.skew())),
            configured => Overlap::Configured(configured),
        };
        self.times(now, next_publish, overlap)
    }

    /// Of a delta CRL made now; `next` takes the place of the configured period.
    pub(super) fn delta(&self, now: Timestamp, next: Option<Timestamp>) -> Result<Times, Error> {
        let own_end = match self.config.delta_period {
            Period { units: 0, .. } => None,
            period => Some(period.after(now)?),
        };
        let next_publish = next.or(own_end).unwrap_or(now);
        let overlap = match self.config.delta_overlap {
            Period { units: 0, .. } => {
                let period = own_end.unwrap_or(next_publish).duration_since(now);
                Overlap::Computed(delta_overlap(period, self.base_period(now)?, self.skew()))
            }
            configured => Overlap::Configured(configured),
        };
        self.times(now, next_publish, overlap)
    }

    fn times(&self, now: Timestamp, next_publish: Timestamp, overlap: Overlap) -> Result<Times, Error> {
        let skewed = now.checked_sub(self.skew()).map_err(beyond)?;
        let next_update = overlap.after(next_publish)?.checked_add(self.skew()).map_err(beyond)?;
        Ok(Times {
            this_publish: now,
            this_update: whole_seconds(skewed.max(self.not_before)),
            next_publish: whole_seconds(next_publish),
            next_update: whole_seconds(next_update),
            propagation_complete: overlap.after(now)?,
        })
    }

    fn base_period(&self, now: Timestamp) -> Result<Option<SignedDuration>, Error> {
        match self.config.period {
            Period { units: 0, .. } => Ok(None),
            period => Ok(Some(period.after(now)?.duration_since(now))),
        }
    }

    fn skew(&self) -> SignedDuration {
        SignedDuration::from_secs(self.skew_seconds.into())
    }
}

/// How long a CRL is still good once the next one is due, without the clock skew.
#[derive(Clone, Copy)]
enum Overlap {
    Configured(Period),
    Computed(SignedDuration),
}

impl Overlap {
    fn after(self, start: Timestamp) -> Result<Timestamp, Error> {
        match self {
            Self::Configured(period) => Ok(period.after(start)?),
            Self::Computed(length) => start.checked_add(length).map_err(beyond),
        }
    }
}

/// The most that an overlap is made by itself.
const OVERLAP_MAX: SignedDuration = SignedDuration::from_hours(12);

/// A tenth of the period, at most 12 hours, at least one and a half times the clock skew, at most the period; and the
/// clock skew.
fn base_overlap(period: SignedDuration, skew: SignedDuration) -> SignedDuration {
    (period / 10).min(OVERLAP_MAX).max(skew * 3 / 2).min(period) + skew
}

/// The delta's whole period, at most 12 hours, at least one and a half times the clock skew, at most the base's period;
/// and the clock skew.
fn delta_overlap(period: SignedDuration, base: Option<SignedDuration>, skew: SignedDuration) -> SignedDuration {
    let overlap = period.min(OVERLAP_MAX).max(skew * 3 / 2);
    base.map_or(overlap, |base| overlap.min(base)) + skew
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn beyond(_: jiff::Error) -> Error {
    Error::refused("the dates of the CRL lie beyond the calendar")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use module::moment::Unit::{self, Days, Hours, Minutes, Months, Weeks};

    use super::*;

    const NOW: &str = "2026-11-22T12:00:00.5Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn config(base: (u32, Unit), delta: (u32, Unit)) -> CrlConfig {
        CrlConfig {
            period: Period::new(base.0, base.1),
            delta_period: Period::new(delta.0, delta.1),
            ..CrlConfig::default()
        }
    }

    fn rules(config: &CrlConfig, skew_seconds: u32) -> Rules<'_> {
        Rules { config, skew_seconds, not_before: at("2020-01-01T00:00:00Z") }
    }

    #[test]
    fn base_dates_follow_the_period() {
        for (period, skew, next_publish, next_update, propagation) in [
            // The document's example: a week gives an overlap of 12 h 10 min and ends after 7 d 12 h 20 min.
            ((1, Weeks), 600, "2026-11-29T12:00:00Z", "2026-11-30T00:20:00Z", "2026-11-23T00:10:00.5Z"),
            ((1, Days), 600, "2026-11-23T12:00:00Z", "2026-11-23T14:44:00Z", "2026-11-22T14:34:00.5Z"),
            // A tenth of an hour is less than one and a half times the skew.
            ((1, Hours), 600, "2026-11-22T13:00:00Z", "2026-11-22T13:35:00Z", "2026-11-22T12:25:00.5Z"),
            // The period itself is less than that.
            ((10, Minutes), 600, "2026-11-22T12:10:00Z", "2026-11-22T12:40:00Z", "2026-11-22T12:20:00.5Z"),
            ((1, Weeks), 0, "2026-11-29T12:00:00Z", "2026-11-30T00:00:00Z", "2026-11-23T00:00:00.5Z"),
            ((3, Months), 600, "2027-02-22T12:00:00Z", "2027-02-23T00:20:00Z", "2026-11-23T00:10:00.5Z"),
        ] {
            let config = config(period, (0, Days));
            let times = rules(&config, skew).base(at(NOW), None).unwrap();
            assert_eq!(times.this_publish, at(NOW));
            assert_eq!(times.next_publish, at(next_publish), "{period:?}");
            assert_eq!(times.next_update, at(next_update), "{period:?}");
            assert_eq!(times.propagation_complete, at(propagation), "{period:?}");
        }
    }

    #[test]
    fn delta_dates_follow_the_delta_period() {
        for (period, delta, next_publish, next_update) in [
            ((1, Weeks), (1, Days), "2026-11-23T12:00:00Z", "2026-11-24T00:20:00Z"),
            ((1, Weeks), (2, Hours), "2026-11-22T14:00:00Z", "2026-11-22T16:20:00Z"),
            ((1, Weeks), (5, Minutes), "2026-11-22T12:05:00Z", "2026-11-22T12:40:00Z"),
            ((1, Hours), (2, Hours), "2026-11-22T14:00:00Z", "2026-11-22T15:20:00Z"),
            // No scheduled base: nothing to be limited by.
            ((0, Weeks), (1, Days), "2026-11-23T12:00:00Z", "2026-11-24T00:20:00Z"),
        ] {
            let config = config(period, delta);
            let times = rules(&config, 600).delta(at(NOW), None).unwrap();
            assert_eq!(times.next_publish, at(next_publish), "{delta:?}");
            assert_eq!(times.next_update, at(next_update), "{delta:?}");
        }
    }

    #[test]
    fn a_configured_overlap_is_used_as_it_is() {
        let config = CrlConfig {
            overlap: Period::new(3, Days),
            delta_overlap: Period::new(30, Minutes),
            ..config((1, Weeks), (1, Days))
        };
        let base = rules(&config, 600).base(at(NOW), None).unwrap();
        assert_eq!(base.next_update, at("2026-12-02T12:10:00Z"));
        assert_eq!(base.propagation_complete, at("2026-11-25T12:00:00.5Z"));
        let delta = rules(&config, 600).delta(at(NOW), None).unwrap();
        assert_eq!(delta.next_update, at("2026-11-23T12:40:00Z"));
    }

    #[test]
    fn an_explicit_date_takes_the_place_of_the_period() {
        let date = at("2027-05-01T00:00:00Z");
        let config = config((1, Weeks), (1, Days));
        let base = rules(&config, 600).base(at(NOW), Some(date)).unwrap();
        assert_eq!((base.next_publish, base.next_update), (date, at("2027-05-01T12:20:00Z")));
        let delta = rules(&config, 600).delta(at(NOW), Some(date)).unwrap();
        assert_eq!((delta.next_publish, delta.next_update), (date, at("2027-05-01T12:20:00Z")));
        let unscheduled = CrlConfig { period: Period::ZERO, delta_period: Period::ZERO, ..config };
        let base = rules(&unscheduled, 600).base(at(NOW), Some(at("2026-11-22T17:00:00.5Z"))).unwrap();
        assert_eq!(base.next_update, at("2026-11-22T17:50:00Z"));
        let far = at("9999-12-30T00:00:00Z");
        assert!(rules(&unscheduled, u32::MAX).base(at(NOW), Some(far)).is_err());
    }

    #[test]
    fn this_update_is_skewed_but_not_before_the_ca_certificate() {
        let config = config((1, Weeks), (1, Days));
        assert_eq!(rules(&config, 600).base(at(NOW), None).unwrap().this_update, at("2026-11-22T11:50:00Z"));
        let young = Rules { not_before: at("2026-11-22T11:55:00Z"), ..rules(&config, 600) };
        assert_eq!(young.base(at(NOW), None).unwrap().this_update, at("2026-11-22T11:55:00Z"));
    }
}
