//! Patterns of DNS names, label by label.

use std::net::Ipv4Addr;

use super::glob;

/// The longest DNS name in text form, in octets (RFC 1034 3.1, without the root's dot).
const NAME_OCTETS_MAX: usize = 253;
/// The longest label, in octets (RFC 1034 3.1).
const LABEL_OCTETS_MAX: usize = 63;

/// A pattern of DNS names.
#[derive(Debug)]
pub(in crate::policy) enum DnsPattern {
    /// `*`: every name.
    Any,
    /// Labels, each of which may hold `*` and `?`.
    Labels {
        /// `**.` in front: one label or more before the rest.
        deeper: bool,
        labels: Vec<String>,
    },
}

impl DnsPattern {
    /// Reads `host.example.org`, `web-*.example.org`, `*.example.org`, `**.example.org` or `*`.
    pub(in crate::policy) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if !text.is_ascii() {
            return Err("is not ASCII; write international names in their `xn--` form".into());
        }
        let (deeper, rest) = match text.strip_prefix("**.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest.contains("**") {
            return Err("has `**` elsewhere than as its first label".into());
        }
        let labels: Vec<String> = rest.split('.').map(str::to_ascii_lowercase).collect();
        let good = |label: &String| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '*' | '?');
            !label.is_empty() && label.len() <= LABEL_OCTETS_MAX && label.chars().all(allowed)
        };
        if !labels.iter().all(good) {
            return Err("is not a DNS name or a pattern of one, such as `*.example.org`".into());
        }
        Ok(Self::Labels { deeper, labels })
    }

    /// Whether a name matches. In a wildcard name (`*.example.org`) the `*` is a label that only `*` and `**` match.
    pub(in crate::policy) fn matches(&self, name: &str) -> bool {
        let Self::Labels { deeper, labels } = self else {
            return true;
        };
        let mut found = name.rsplit('.');
        let fits = |wanted: &String| match found.next() {
            Some(_) if wanted == "*" => true,
            Some("*") | None => false,
            Some(label) => glob(wanted, label),
        };
        labels.iter().rev().all(fits) && found.next().is_some() == *deeper
    }
}

/// Whether a name may stand in a certificate as a DNS name: the preferred syntax of RFC 1034 3.5 as RFC 1123 2.1
/// widens it (RFC 5280 4.2.1.6), or a wildcard whose first label is `*` (RFC 9525 6.3). Says what is wrong.
pub(in crate::policy) fn check_dns_name(name: &str) -> Result<(), &'static str> {
    if name.len() > NAME_OCTETS_MAX {
        return Err("is longer than 253 characters");
    }
    if name.parse::<Ipv4Addr>().is_ok() {
        return Err("is an address, which is asked for as an IP address");
    }
    let rest = name.strip_prefix("*.").unwrap_or(name);
    for label in rest.split('.') {
        if label.is_empty() {
            return Err("has an empty label, or ends with a dot");
        }
        if label.len() > LABEL_OCTETS_MAX {
            return Err("has a label longer than 63 characters");
        }
        if label.contains('*') {
            return Err("has a `*` elsewhere than as its whole first label");
        }
        if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err("has characters other than letters, digits and hyphens");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("has a label that begins or ends with a hyphen");
        }
    }
    Ok(())
}

/// Whether a common name is a DNS name: it has a dot, and the syntax of one.
pub(in crate::policy) fn is_dns_like(common_name: &str) -> bool {
    common_name.contains('.') && check_dns_name(common_name).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_star_is_one_label_and_two_are_any_number() {
        for (pattern, name, expected) in [
            ("host.example.org", "host.example.org", true),
            ("host.example.org", "HOST.Example.ORG", true),
            ("host.example.org", "host.example.org.evil.example", false),
            ("host.example.org", "xhost.example.org", false),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "a.b.example.org", false),
            ("*.example.org", "example.org", false),
            ("*.example.org", "*.example.org", true),
            ("*.example.org", "*.a.example.org", false),
            ("**.example.org", "a.example.org", true),
            ("**.example.org", "a.b.c.example.org", true),
            ("**.example.org", "*.b.example.org", true),
            ("**.example.org", "example.org", false),
            ("**.example.org", "badexample.org", false),
            ("a.*.example.org", "a.b.example.org", true),
            ("a.*.example.org", "a.b.c.example.org", false),
            ("web-*.example.org", "web-12.example.org", true),
            ("web-*.example.org", "*.example.org", false),
            ("?.example.org", "*.example.org", false),
            ("web??.example.org", "web01.example.org", true),
            ("*", "anything.at.all", true),
            ("localhost", "localhost", true),
        ] {
            assert_eq!(DnsPattern::parse(pattern).unwrap().matches(name), expected, "{pattern} and {name}");
        }
    }

    #[test]
    fn patterns_that_mean_nothing_are_refused() {
        for text in ["", ".", "a..b", "**", "a.**.b", "***.example.org", "exämple.org", "a b.org", "a.org.", "a_b.org"]
        {
            assert!(DnsPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dns_names_have_the_preferred_syntax() {
        for name in ["a", "a.example", "xn--bcher-kva.example", "*.example.org", "1.example", "a-b.c-d.example"] {
            assert_eq!(check_dns_name(name), Ok(()), "{name}");
        }
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = ["a".repeat(60).as_str(); 5].join(".");
        for name in [
            "",
            ".",
            "a.",
            "a..b",
            "-a.example",
            "a-.example",
            "a_b.example",
            "*",
            "*.",
            "a.*.example",
            "w*.example",
            "192.0.2.1",
            "a b",
            "ä.example",
            "a\0.example",
            &long_label,
            &long_name,
        ] {
            assert!(check_dns_name(name).is_err(), "{name}");
        }
    }
}
