//! IP networks.

use std::net::IpAddr;

/// A network: the addresses whose first bits are those of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Network {
    /// `*`: every address.
    Any,
    /// An address and the number of its bits that count.
    Prefix { address: IpAddr, bits: u8 },
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32`, a single address, or `*`.
    pub(in crate::policy) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let parsed = match text.split_once('/') {
            None => text.parse::<IpAddr>().ok().map(|address| (address, width(address))),
            Some((address, bits)) => address.parse::<IpAddr>().ok().zip(bits.parse::<u8>().ok()),
        };
        let Some((address, bits)) = parsed.filter(|(address, bits)| *bits <= width(*address)) else {
            return Err("is not an IP network, such as `192.0.2.0/24` or `2001:db8::/32`".into());
        };
        let first = masked(address, bits);
        if number(address) != first {
            return Err(format!("has bits set beyond its prefix of {bits}"));
        }
        Ok(Self::Prefix { address, bits })
    }

    /// Whether an address belongs to it. IPv4 and IPv6 are never mixed.
    pub(in crate::policy) fn contains(self, found: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Prefix { address, bits } => {
                address.is_ipv4() == found.is_ipv4() && masked(found, bits) == number(address)
            }
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address at the top of 128 bits.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn masked(address: IpAddr, bits: u8) -> u128 {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    number(address) & mask
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, expected) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "203.0.113.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::ffff:0:0/96", "192.0.2.1", false),
            ("10.0.0.0/9", "10.127.0.1", true),
            ("10.0.0.0/9", "10.128.0.1", false),
            ("*", "2001:db8::1", true),
        ] {
            assert_eq!(
                Network::parse(network).unwrap().contains(address.parse().unwrap()),
                expected,
                "{network} {address}"
            );
        }
        for text in
            ["", "192.0.2.0/33", "192.0.2.1/24", "192.0.2/24", "2001:db8::/129", "2001:db8::1/64", "a", "1.2.3.4/"]
        {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }
}
