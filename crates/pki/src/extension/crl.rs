//! Numbers of CRLs, RFC 5280 5.2.3 and 5.2.4.

use der::Decode;

use super::{Extension, oid};
use crate::{Error, read, write};

/// CRL number; not critical (RFC 5280 5.2.3).
#[must_use]
pub fn crl_number(number: u64) -> Extension {
    let mut value = Vec::with_capacity(10);
    write::unsigned(&mut value, number);
    Extension::new(oid::CRL_NUMBER, value)
}

/// Delta CRL indicator: the number of the base CRL; critical (RFC 5280 5.2.4).
#[must_use]
pub fn delta_crl_indicator(base: u64) -> Extension {
    let mut value = Vec::with_capacity(10);
    write::unsigned(&mut value, base);
    Extension::critical(oid::DELTA_CRL_INDICATOR, value)
}

/// Reads [`crl_number`] and [`delta_crl_indicator`].
///
/// # Errors
/// [`Error::Malformed`], also for a number that does not fit 64 bits (the standard allows 20 octets; no number of
/// ours comes near).
pub fn decode_crl_number(value: &[u8]) -> Result<u64, Error> {
    read::whole("CRL number", value, |r| Ok(u64::decode(r)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn round_trip() {
        for number in [0, 1, 127, 128, 65_536, u64::MAX] {
            let value = crl_number(number).value;
            assert_eq!(decode_crl_number(&value).unwrap(), number);
            assert_eq!(delta_crl_indicator(number).value, value);
        }
        assert!(decode_crl_number(b"\x02\x01\xff").is_err());
        assert!(decode_crl_number(b"\x02\x0a\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00").is_err());
    }
}
