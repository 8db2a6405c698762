//! What needs no server, and can be tried without one.

/// Whether a name is the domain or below it.
pub fn is_inside(name: &str, domain: &str) -> bool {
    let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
    let name = name.to_ascii_lowercase();
    plain && name.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

/// The DNS names in a subject alternative name extension (RFC 5280 4.2.1.6); none where it cannot be read, or has a name of
/// another kind.
pub fn dns_names(der: &[u8]) -> Option<Vec<String>> {
    let (mut rest, []) = element(0x30, der)? else { return None };
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, behind) = element(0x82, rest)?;
        names.push(String::from_utf8(name.to_vec()).ok()?);
        rest = behind;
    }
    Some(names)
}

/// What is in the first element, which must have this tag, and what lies behind it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der {
        [first, length @ ..=0x7f, rest @ ..] if *first == tag => (usize::from(*length), rest),
        [first, 0x81, length, rest @ ..] if *first == tag => (usize::from(*length), rest),
        [first, 0x82, high, low, rest @ ..] if *first == tag => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_inside_the_domain_are() {
        for (name, inside) in [
            ("example.com", true),
            ("WWW.example.com", true),
            ("badexample.com", false),
            ("www.example.net\nwww.example.com", false),
            ("", false),
        ] {
            assert_eq!(is_inside(name, "example.com"), inside, "{name}");
        }
    }

    #[test]
    fn alternative_names_are_read_or_refused() {
        assert_eq!(dns_names(b"\x30\x06\x82\x01a\x82\x01b"), Some(vec!["a".to_owned(), "b".to_owned()]));
        // An IP address; too short; too long; nothing.
        for der in [&b"\x30\x06\x87\x04\x01\x02\x03\x04"[..], b"\x30\x03\x82\x02a", b"\x30\x00\x00", b""] {
            assert_eq!(dns_names(der), None, "{der:x?}");
        }
    }
}
