//! Certificate serial numbers, RFC 5280 4.1.2.2.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::general_name::text::unhex;

/// Most octets of a serial number.
pub const SERIAL_BYTES_MAX: usize = 20;

/// A certificate serial number: an integer of at most 20 octets, without a redundant leading zero.
///
/// It is positive in every certificate that may be issued, which the lint sees to. Zero can be held because old roots
/// bear it, and RFC 5280 4.1.2.2 asks that they be handled.
///
/// Text form: lower-case hex with an even number of digits, as the contract's `SerialNumber` property has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Serial {
    /// Big-endian magnitude in the first `len` octets, zero after them so that equality is that of the number.
    bytes: [u8; SERIAL_BYTES_MAX],
    len: u8,
}

impl Serial {
    /// A serial number from a big-endian magnitude; leading zero octets are dropped.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there is no octet, or the number is longer than 20 octets.
    pub fn from_bytes(magnitude: &[u8]) -> Result<Self, Error> {
        let zeros = magnitude.iter().take_while(|b| **b == 0).count();
        // Zero itself keeps one octet.
        let from = zeros.min(magnitude.len().saturating_sub(1));
        let magnitude = magnitude.get(from..).unwrap_or_default();
        if magnitude.is_empty() {
            return Err(Error::malformed("serial number", "empty"));
        }
        let mut bytes = [0; SERIAL_BYTES_MAX];
        bytes
            .get_mut(..magnitude.len())
            .ok_or_else(|| Error::malformed("serial number", "longer than 20 octets"))?
            .copy_from_slice(magnitude);
        Ok(Self { bytes, len: magnitude.len() as u8 })
    }

    /// A serial number from random octets (8 to 20 of them, from a cryptographic generator).
    ///
    /// The two top bits become 01: the number is positive and every serial made from as many octets is encoded in
    /// as many octets. The entropy is two bits less than was handed in.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there are fewer than 8 or more than 20 octets.
    pub fn from_random(random: &[u8]) -> Result<Self, Error> {
        if !(8..=SERIAL_BYTES_MAX).contains(&random.len()) {
            return Err(Error::malformed("serial number", format!("{} random octets, want 8 to 20", random.len())));
        }
        let mut serial = Self { bytes: [0; SERIAL_BYTES_MAX], len: random.len() as u8 };
        for (to, from) in serial.bytes.iter_mut().zip(random) {
            *to = *from;
        }
        if let Some(top) = serial.bytes.first_mut() {
            *top = (*top & 0x3f) | 0x40;
        }
        Ok(serial)
    }

    /// A serial number from the contents of a DER INTEGER.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the number is negative, longer than 20 octets or not minimally encoded.
    pub fn from_integer(contents: &[u8]) -> Result<Self, Error> {
        match contents {
            [] => Err(Error::malformed("serial number", "empty INTEGER")),
            [top, ..] if *top >= 0x80 => Err(Error::malformed("serial number", "negative")),
            [0, next, ..] if *next < 0x80 => {
                Err(Error::malformed("serial number", "INTEGER with a redundant leading zero"))
            }
            _ => Self::from_bytes(contents),
        }
    }

    /// The big-endian magnitude, without a leading zero octet.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether the DER INTEGER needs a zero octet before the magnitude to stay positive.
    pub(crate) fn padded(&self) -> bool {
        self.bytes.first().is_some_and(|b| *b >= 0x80)
    }

    /// The contents of the DER INTEGER.
    pub(crate) fn to_integer(self) -> Vec<u8> {
        let mut contents = Vec::with_capacity(SERIAL_BYTES_MAX + 1);
        if self.padded() {
            contents.push(0);
        }
        contents.extend_from_slice(self.as_bytes());
        contents
    }

    /// Appends the DER INTEGER to `out`.
    pub(crate) fn encode_to(&self, out: &mut Vec<u8>) {
        let pad = self.padded();
        out.push(0x02);
        out.push(self.len + u8::from(pad));
        if pad {
            out.push(0);
        }
        out.extend_from_slice(self.as_bytes());
    }
}

impl PartialOrd for Serial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Serial {
    /// Numerical order.
    fn cmp(&self, other: &Self) -> Ordering {
        self.len.cmp(&other.len).then_with(|| self.bytes.cmp(&other.bytes))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

impl FromStr for Serial {
    type Err = Error;

    /// Reads hex digits of either case; colons, white space, a `0x` prefix and leading zeros are ignored.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::malformed("serial number", "not a hexadecimal number");
        let text = text.trim();
        let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let digits: String = text.chars().filter(|c| *c != ':' && !c.is_ascii_whitespace()).collect();
        if digits.is_empty() {
            return Err(bad());
        }
        let digits = digits.trim_start_matches('0');
        if digits.chars().count() > 2 * SERIAL_BYTES_MAX {
            return Err(Error::malformed("serial number", "longer than 20 octets"));
        }
        let width = digits.len().next_multiple_of(2).max(2);
        let bytes = unhex(&format!("{digits:0>width$}")).ok_or_else(bad)?;
        Self::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn text() {
        for (text, want) in [
            ("1", "01"),
            ("0", "00"),
            ("00:00", "00"),
            ("0A", "0a"),
            ("00:00:ff", "ff"),
            ("61 00 00 0e 4b", "6100000e4b"),
            ("0xABCdef", "abcdef"),
            ("7fffffffffffffffffffffffffffffffffffffff", "7fffffffffffffffffffffffffffffffffffffff"),
        ] {
            assert_eq!(text.parse::<Serial>().unwrap().to_string(), want, "{text}");
        }
        for text in ["", ":", "0x", "g", "-1", "1.2", "é", &"1".repeat(41)] {
            assert!(text.parse::<Serial>().is_err(), "{text}");
        }
    }

    #[test]
    fn integer_contents() {
        let cases: [(&[u8], Option<&str>); 9] = [
            (&[1], Some("01")),
            (&[0, 0x80], Some("80")),
            (&[0x7f], Some("7f")),
            (&[0], Some("00")),
            (&[0, 0], None),
            (&[], None),
            (&[0x80], None),
            (&[0, 1], None),
            (&[0x7f; 21], None),
        ];
        for (contents, want) in cases {
            let got = Serial::from_integer(contents).ok().map(|s| s.to_string());
            assert_eq!(got.as_deref(), want, "{contents:x?}");
        }
        let mut out = Vec::new();
        Serial::from_bytes(&[0x80, 0]).unwrap().encode_to(&mut out);
        assert_eq!(out, [2, 3, 0, 0x80, 0]);
    }

    #[test]
    fn random_has_fixed_width() {
        for len in 8..=20 {
            for fill in [0x00, 0x80, 0xff] {
                let serial = Serial::from_random(&vec![fill; len]).unwrap();
                assert_eq!(serial.as_bytes().len(), len);
                assert!(!serial.padded());
            }
        }
        assert!(Serial::from_random(&[1; 7]).is_err());
        assert!(Serial::from_random(&[1; 21]).is_err());
    }

    #[test]
    fn order_is_numerical() {
        let parse = |t: &str| t.parse::<Serial>().unwrap();
        assert!(parse("0") < parse("1"));
        assert!(parse("ff") < parse("0100"));
        assert!(parse("0101") > parse("0100"));
        assert_eq!(parse("0100").cmp(&parse("100")), Ordering::Equal);
    }
}
