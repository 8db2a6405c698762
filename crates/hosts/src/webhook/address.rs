//! Which addresses an endpoint may have: the public ones, unless the operator allows more.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The name resolves to addresses that are not public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint's address {0} is not a public one; if it is meant to be reached, set `allow_private=true`")]
pub(super) struct NotPublic(String);

/// Resolves names, and hands on public addresses only.
///
/// What it hands on is what is connected to: the name is not looked up a second time, so an answer that changes
/// between check and use (DNS rebinding) gains nothing. Every connection is resolved anew.
pub(super) struct PublicOnly<R = DefaultResolver> {
    names: R,
    allow_private: bool,
}

impl PublicOnly {
    pub(super) fn new(allow_private: bool) -> Self {
        Self { names: DefaultResolver::default(), allow_private }
    }
}

impl<R> fmt::Debug for PublicOnly<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicOnly").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

impl<R: Resolver> Resolver for PublicOnly<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        if self.allow_private {
            return Ok(found);
        }
        let mut public = self.empty();
        for address in found.iter().filter(|address| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() {
            let all: Vec<String> = found.iter().map(|address: &SocketAddr| address.ip().to_string()).collect();
            return Err(ureq::Error::Other(Box::new(NotPublic(all.join(", ")))));
        }
        Ok(public)
    }
}

/// Whether an address is one of the public internet (the special-purpose registries of RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 | 224.. => true,
        // Shared between a carrier and its customers (RFC 6598).
        100 => b & 0xc0 == 64,
        169 => b == 254,
        172 => b & 0xf0 == 16,
        // Protocol assignments, documentation, 6to4 relays, private.
        192 => matches!((b, c), (0, 0 | 2) | (88, 99) | (168, _)),
        // Benchmarks (RFC 2544), documentation.
        198 => b & 0xfe == 18 || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match (a, b) {
        // IPv4-mapped (RFC 4291 2.5.5.2): connecting to it connects to the IPv4 address.
        (0, 0) => (c, d, e, f) == (0, 0, 0, 0xffff) && embedded(g, h),
        // NAT64 (RFC 6052): the translator connects to the IPv4 address.
        (0x64, 0xff9b) => (c, d, e, f) == (0, 0, 0, 0) && embedded(g, h),
        // 6to4 (RFC 3056): the relay does.
        (0x2002, _) => embedded(b, c),
        // Protocol assignments, Teredo among them; documentation.
        (0x2001, ..=0x1ff | 0xdb8) => false,
        (0x3fff, ..=0xfff) => false,
        // Of the rest, only 2000::/3 is global unicast: not fc00::/7, fe80::/10, fec0::/10, ff00::/8.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff:1::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "5f00::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe:ffff::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    /// Answers each look-up with the next of these, as a name server does that changes its mind.
    #[derive(Debug)]
    struct Fickle(Mutex<Vec<Vec<&'static str>>>);

    impl Resolver for Fickle {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let mut all = self.empty();
            for text in self.0.lock().unwrap().remove(0) {
                all.push(SocketAddr::new(text.parse().unwrap(), 443));
            }
            Ok(all)
        }
    }

    #[test]
    fn each_look_up_is_checked_and_private_answers_are_dropped() {
        let answers = vec![vec!["1.1.1.1"], vec!["10.0.0.1", "::1"], vec!["::ffff:127.0.0.1", "8.8.8.8"]];
        let resolver = PublicOnly { names: Fickle(Mutex::new(answers)), allow_private: false };
        let uri: Uri = "https://hooks.example/".parse().unwrap();
        let look_up = || resolver.resolve(&uri, &Config::default(), NextTimeout::default());
        assert_eq!(look_up().unwrap().len(), 1);
        let ureq::Error::Other(error) = look_up().unwrap_err() else { panic!("another kind of error") };
        assert_eq!(error.downcast_ref::<NotPublic>().unwrap(), &NotPublic("10.0.0.1, ::1".into()));
        let mixed = look_up().unwrap();
        assert_eq!(
            mixed.iter().map(|address| address.ip()).collect::<Vec<_>>(),
            ["8.8.8.8".parse::<IpAddr>().unwrap()]
        );
    }

    #[test]
    fn an_operator_may_allow_any() {
        let names = Fickle(Mutex::new(vec![vec!["10.0.0.1"]]));
        let resolver = PublicOnly { names, allow_private: true };
        let uri: Uri = "https://hooks.example/".parse().unwrap();
        assert_eq!(resolver.resolve(&uri, &Config::default(), NextTimeout::default()).unwrap().len(), 1);
    }
}
