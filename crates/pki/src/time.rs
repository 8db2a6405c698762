//! Time on the wire, RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, whole seconds, always Z.

use std::time::Duration;

use der::asn1::{GeneralizedTime, UtcTime};
use der::{DateTime, Decode, Encode, SliceReader, Tag};
use jiff::Timestamp;

use crate::Error;
use crate::read;

/// "No well-defined expiration date", `99991231235959Z` (RFC 5280 4.1.2.5).
///
/// A [`Timestamp`] ends a day earlier than the calendar of X.509; the latest second it can hold stands for that
/// value in both directions.
pub const NO_EXPIRATION: Timestamp = Timestamp::MAX;

/// Appends a `Time`. Fractions of a second are cut off.
///
/// # Errors
/// [`Error::Unencodable`] before 1970.
pub(crate) fn encode(out: &mut Vec<u8>, at: Timestamp) -> Result<(), Error> {
    let at = date_time(at)?;
    let written = if at.year() < 2050 {
        UtcTime::from_date_time(at).and_then(|t| t.encode_to_vec(out))
    } else {
        GeneralizedTime::from_date_time(at).encode_to_vec(out)
    };
    written.map(drop).map_err(|e| Error::unencodable("time", e))
}

/// Appends a GeneralizedTime, whatever the year, as the invalidity date of a CRL entry asks (RFC 5280 5.3.2).
pub(crate) fn encode_generalized(out: &mut Vec<u8>, at: Timestamp) -> Result<(), Error> {
    GeneralizedTime::from_date_time(date_time(at)?)
        .encode_to_vec(out)
        .map(drop)
        .map_err(|e| Error::unencodable("time", e))
}

/// Reads a `Time` of either form, whatever the year.
pub(crate) fn decode(r: &mut SliceReader<'_>) -> Result<Timestamp, Error> {
    let since_epoch = if read::next_is(r, Tag::UtcTime)? {
        UtcTime::decode(r)?.to_unix_duration()
    } else {
        GeneralizedTime::decode(r)?.to_unix_duration()
    };
    let second = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_second(second).unwrap_or(NO_EXPIRATION))
}

fn date_time(at: Timestamp) -> Result<DateTime, Error> {
    if at.as_second() >= NO_EXPIRATION.as_second() {
        return Ok(DateTime::INFINITY);
    }
    let second =
        u64::try_from(at.as_second()).map_err(|_| Error::unencodable("time", format!("{at} is before 1970")))?;
    DateTime::from_unix_duration(Duration::from_secs(second)).map_err(|e| Error::unencodable("time", e))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn form_follows_the_year() {
        for (at, want) in [
            ("1970-01-01T00:00:00Z", "\x17\x0d700101000000Z"),
            ("2026-11-22T14:08:09.999Z", "\x17\x0d261122140809Z"),
            ("2049-12-31T23:59:59Z", "\x17\x0d491231235959Z"),
            ("2050-01-01T00:00:00Z", "\x18\x0f20500101000000Z"),
            ("9999-12-30T22:00:00Z", "\x18\x0f99991231235959Z"),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let mut out = Vec::new();
            encode(&mut out, at).unwrap();
            assert_eq!(out, want.as_bytes());
            let back = read::whole("time", &out, decode).unwrap();
            assert_eq!(back.as_second(), at.as_second());
        }
        let early: Timestamp = "1969-12-31T23:59:59Z".parse().unwrap();
        assert!(encode(&mut Vec::new(), early).is_err());
    }

    #[test]
    fn sloppy_forms_are_refused() {
        for text in [
            "\x17\x0b2611221408Z",
            "\x17\x0d261122140809+",
            "\x17\x112611221408090100",
            "\x18\x1120261122140809.5Z",
            "\x17\x0d261322140809Z",
            "\x17\x0d260230140809Z",
        ] {
            assert!(read::whole("time", text.as_bytes(), decode).is_err(), "{text}");
        }
    }
}
