//! Patterns of URIs, part by part: scheme, host, port, and what follows.

use std::net::Ipv4Addr;

use super::{DnsPattern, check_dns_name, glob_exact};

/// A pattern of URIs.
#[derive(Debug)]
pub(in crate::policy) enum UriPattern {
    /// `*`: every URI.
    Any,
    /// `scheme://host:port/path`.
    Located { scheme: String, host: HostPattern, port: PortPattern, tail: String },
    /// `scheme:anything`, such as `urn:uuid:*`.
    Bare { scheme: String, rest: String },
}

/// The host of a pattern.
#[derive(Debug)]
pub(in crate::policy) enum HostPattern {
    /// No host at all, as in `file:///`, or an IP literal in brackets.
    Literal(String),
    /// A pattern of DNS names.
    Names(DnsPattern),
}

/// The port of a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::policy) enum PortPattern {
    /// None may be there.
    None,
    /// This one.
    Exact(String),
    /// Any, or none.
    Any,
}

/// What a URI is made of (RFC 3986 3).
struct Parts<'a> {
    scheme: &'a str,
    authority: Option<&'a str>,
    /// Path, query and fragment.
    tail: &'a str,
}

impl UriPattern {
    /// Reads `spiffe://example.org/*`, `https://*.example.org:*/app/*`, `urn:uuid:*` or `*`.
    pub(in crate::policy) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let wrong = || "is not a pattern of URIs, such as `spiffe://example.org/*`".to_owned();
        // In a pattern a `?` is a wildcard, so only a slash ends the authority.
        let parts = split(text, &['/']).filter(|_| text.is_ascii()).ok_or_else(wrong)?;
        let (scheme, tail) = (parts.scheme.to_ascii_lowercase(), parts.tail.to_owned());
        let Some(authority) = parts.authority else {
            return Ok(Self::Bare { scheme, rest: tail });
        };
        if authority.contains('@') {
            return Err("has a user in front of its host, which no URI that is matched may have".into());
        }
        let (host, port) = host_and_port(authority);
        let port = match port {
            None => PortPattern::None,
            Some("*") => PortPattern::Any,
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => PortPattern::Exact(port.to_owned()),
            Some(_) => return Err("has a port that is neither a number nor `*`".into()),
        };
        let host = match host {
            "" => HostPattern::Literal(String::new()),
            literal if literal.starts_with('[') => HostPattern::Literal(literal.to_ascii_lowercase()),
            names => HostPattern::Names(DnsPattern::parse(names)?),
        };
        Ok(Self::Located { scheme, host, port, tail })
    }

    /// Whether a URI matches. The URI has been checked.
    pub(in crate::policy) fn matches(&self, uri: &str) -> bool {
        let Some(found) = split(uri, &['/', '?', '#']) else {
            return false;
        };
        match (self, found.authority) {
            (Self::Any, _) => true,
            (Self::Bare { scheme, rest }, None) => {
                found.scheme.eq_ignore_ascii_case(scheme) && glob_exact(rest, found.tail)
            }
            (Self::Located { scheme, host, port, tail }, Some(authority)) => {
                let (found_host, found_port) = host_and_port(authority);
                let host_fits = match host {
                    HostPattern::Literal(literal) => found_host.eq_ignore_ascii_case(literal),
                    HostPattern::Names(names) => is_host_name(found_host) && names.matches(found_host),
                };
                let port_fits = match port {
                    PortPattern::None => found_port.is_none(),
                    PortPattern::Exact(exact) => found_port == Some(exact),
                    PortPattern::Any => true,
                };
                found.scheme.eq_ignore_ascii_case(scheme) && host_fits && port_fits && glob_exact(tail, found.tail)
            }
            _ => false,
        }
    }
}

/// Whether a URI may stand in a certificate (RFC 5280 4.2.1.6: absolute, with more than a scheme), and is one that
/// patterns can be trusted with: no user before the host, no `.` or `..` in the path. Says what is wrong.
pub(in crate::policy) fn check_uri(uri: &str) -> Result<(), &'static str> {
    let graphic = |b: u8| b.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&b);
    if !uri.bytes().all(graphic) {
        return Err("has characters that no URI has");
    }
    let Some(parts) = split(uri, &['/', '?', '#']) else {
        return Err("has no scheme, such as `https:`");
    };
    if parts.authority.unwrap_or_default().is_empty() && parts.tail.is_empty() {
        return Err("has nothing but a scheme");
    }
    if let Some(authority) = parts.authority {
        let (_, port) = host_and_port(authority);
        if authority.contains('@') {
            return Err("has a user in front of its host");
        }
        if port.is_some_and(|port| !port.bytes().all(|b| b.is_ascii_digit())) {
            return Err("has a port that is not a number");
        }
    }
    let path = parts.tail.split(['?', '#']).next().unwrap_or_default();
    let dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(dots) {
        return Err("has `.` or `..` in its path; write the path out");
    }
    Ok(())
}

fn split<'a>(uri: &'a str, ends: &[char]) -> Option<Parts<'a>> {
    let (scheme, rest) = uri.split_once(':')?;
    let mut letters = scheme.bytes();
    let first = letters.next().is_some_and(|b| b.is_ascii_alphabetic());
    if !first || !letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
        return None;
    }
    Some(match rest.strip_prefix("//") {
        None => Parts { scheme, authority: None, tail: rest },
        Some(rest) => {
            let (authority, tail) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
            Parts { scheme, authority: Some(authority), tail }
        }
    })
}

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // A colon inside brackets belongs to an IPv6 address.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_host_name(host: &str) -> bool {
    host.parse::<Ipv4Addr>().is_ok() || !host.starts_with('*') && check_dns_name(host).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_wildcard_stays_in_its_part() {
        for (pattern, uri, expected) in [
            ("spiffe://example.org/*", "spiffe://example.org/ns/web", true),
            ("spiffe://example.org/*", "SPIFFE://Example.org/ns/web", true),
            ("spiffe://example.org/*", "spiffe://example.org", false),
            ("spiffe://example.org/ns/a/*", "spiffe://example.org/ns/A/b", false),
            ("spiffe://example.org/*", "spiffe://example.org.evil.example/x", false),
            ("spiffe://example.org/*", "spiffe://evil.example/example.org/x", false),
            ("https://*.example.org/*", "https://a.example.org/x", true),
            ("https://*.example.org/*", "https://evil.example/.example.org/x", false),
            ("https://*.example.org/*", "https://evil.example?a.example.org/x", false),
            ("https://*.example.org/*", "https://evil.example#a.example.org/x", false),
            ("https://*.example.org/*", "https://a.example.org:8443/x", false),
            ("https://*.example.org:8443/*", "https://a.example.org:8443/x", true),
            ("https://*.example.org:*/*", "https://a.example.org/x", true),
            ("https://*.example.org/*", "https://*.example.org/x", false),
            ("https://*.example.org/*", "http://a.example.org/x", false),
            ("https://example.org", "https://example.org", true),
            ("https://example.org", "https://example.org/", false),
            ("https://[2001:db8::1]/*", "https://[2001:DB8::1]/x", true),
            ("https://192.0.2.?/*", "https://192.0.2.7/x", true),
            ("urn:uuid:*", "urn:uuid:8f6b6f9c", true),
            ("urn:uuid:*", "urn:oid:1.2.3", false),
            ("https:*", "https://example.org/", false),
            ("file:///etc/*", "file:///etc/x", true),
            ("file:///etc/*", "file://host/etc/x", false),
            ("*", "ldap://anything/", true),
        ] {
            assert_eq!(UriPattern::parse(pattern).unwrap().matches(uri), expected, "{pattern} and {uri}");
        }
        for text in
            ["", "example.org", "https://user@example.org/*", "https://a..b/*", "https://a:b/*", "1a:b", "://a", "ä:b"]
        {
            assert!(UriPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn uris_that_mean_something_else_than_they_say_are_refused() {
        for uri in ["https://example.org/a?b#c", "urn:uuid:1", "spiffe://example.org/a/.well-known", "https://[::1]:1/"]
        {
            assert_eq!(check_uri(uri), Ok(()), "{uri}");
        }
        for uri in [
            "",
            "example.org",
            "https:",
            "https://",
            "https://a@b/",
            "https://a/../b",
            "https://a/%2E%2e/b",
            "https://a/./b",
            "https://a/..",
            "https://a/ b",
            "https://a\\b/",
            "https://a:x/",
            "https://a/\n",
        ] {
            assert!(check_uri(uri).is_err(), "{uri}");
        }
    }
}
