//! Patterns of e-mail addresses and user principal names.

use super::{DnsPattern, check_dns_name, glob};

/// What kind of address is checked: both are `local@domain`, with other characters allowed before the `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum AddressKind {
    /// A mailbox of RFC 5321 4.1.2 whose local part is a dot-string (RFC 5280 4.2.1.6).
    Email,
    /// A user principal name: Unicode before the `@`.
    Upn,
}

/// A pattern of addresses.
#[derive(Debug)]
pub(in crate::policy) enum AddressPattern {
    /// `*`: every address.
    Any,
    /// `local@domain`: the local part with `*` and `?`, the domain as a pattern of DNS names.
    Parts { local: String, domain: DnsPattern },
}

impl AddressPattern {
    /// Reads `*@example.org`, `support@*.example.org` or `*`.
    pub(in crate::policy) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match text.split_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.contains('@') => {
                Ok(Self::Parts { local: local.to_owned(), domain: DnsPattern::parse(domain)? })
            }
            _ => Err("is not a pattern of addresses, such as `*@example.org`".into()),
        }
    }

    /// Whether an address matches, without regard to case. The address has been checked.
    pub(in crate::policy) fn matches(&self, address: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Parts { local, domain } => address
                .split_once('@')
                .is_some_and(|(found_local, found_domain)| glob(local, found_local) && domain.matches(found_domain)),
        }
    }
}

impl AddressKind {
    /// Whether an address is well formed. Says what is wrong.
    pub(in crate::policy) fn check(self, address: &str) -> Result<(), &'static str> {
        let Some((local, domain)) = address.split_once('@') else {
            return Err("has no `@`");
        };
        let special = |c: char| c.is_whitespace() || c.is_control() || r#""(),:;<>[\]@"#.contains(c);
        let bad = match self {
            Self::Email => local.chars().any(|c| special(c) || !c.is_ascii()),
            Self::Upn => local.chars().any(special),
        };
        if local.is_empty() || bad {
            return Err("has characters before the `@` that are not allowed there");
        }
        if self == Self::Email && local.split('.').any(str::is_empty) {
            return Err("has a misplaced dot before the `@`");
        }
        if domain.starts_with('*') || check_dns_name(domain).is_err() {
            return Err("has no DNS name after the `@`");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_wildcard_stays_on_its_side_of_the_at() {
        for (pattern, address, expected) in [
            ("*@example.org", "alice@example.org", true),
            ("*@example.org", "Alice@EXAMPLE.org", true),
            ("*@example.org", "alice@mail.example.org", false),
            ("*@*.example.org", "alice@mail.example.org", true),
            ("*@**.example.org", "alice@a.b.example.org", true),
            ("*@example.org", "alice@badexample.org", false),
            ("support-?@example.org", "support-1@example.org", true),
            ("support-?@example.org", "support@example.org", false),
            ("*", "alice@anywhere.example", true),
        ] {
            assert_eq!(AddressPattern::parse(pattern).unwrap().matches(address), expected, "{pattern} and {address}");
        }
        for text in ["", "example.org", "@example.org", "*@", "a@b@example.org", "*@exa mple.org"] {
            assert!(AddressPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_checked_before_they_are_matched() {
        for address in ["a@example.org", "a.b+c@example.org", "o'neill@example.org"] {
            assert_eq!(AddressKind::Email.check(address), Ok(()), "{address}");
        }
        for address in [
            "",
            "a",
            "@example.org",
            "a@",
            "a@b@example.org",
            "\"a@b\"@example.org",
            "a b@example.org",
            ".a@example.org",
            "a..b@example.org",
            "a@*.example.org",
            "ä@example.org",
            "a@exa_mple.org",
            "a@[192.0.2.1]",
            "a\n@example.org",
        ] {
            assert!(AddressKind::Email.check(address).is_err(), "{address}");
        }
        assert_eq!(AddressKind::Upn.check("jürgen@example.org"), Ok(()));
        assert!(AddressKind::Upn.check("jürgen@x@example.org").is_err());
    }
}
