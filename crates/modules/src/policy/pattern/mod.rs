//! Patterns of names: what a profile allows, prepared once, matched at every request.
//!
//! A wildcard never crosses what separates the parts of a name: a DNS label, the `@` of an address, the scheme and
//! authority of a URI. Matching a URI as one flat text would let `https://*.example.org/*` take
//! `https://other.example/.example.org/`.

mod address;
mod dns;
mod network;
mod uri;

pub(super) use address::{AddressKind, AddressPattern};
pub(super) use dns::{DnsPattern, check_dns_name, is_dns_like};
pub(super) use network::Network;
pub(super) use uri::{UriPattern, check_uri};

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters and `?` for one. Case is ignored.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    matches(pattern, text, |a, b| a == b || a.to_lowercase().eq(b.to_lowercase()))
}

/// As [`glob`], with regard to case.
pub(super) fn glob_exact(pattern: &str, text: &str) -> bool {
    matches(pattern, text, |a, b| a == b)
}

/// Goes along both texts; on a mismatch the last `*` takes one character more. Never worse than the product of the
/// lengths.
fn matches(pattern: &str, text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut last_star = None;
    loop {
        let here = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                last_star = Some((pattern.clone(), here.clone()));
                text = here;
            }
            (Some(wanted), Some(found)) if wanted == '?' || same(wanted, found) => {}
            _ => {
                let Some((after_star, taken)) = &mut last_star else {
                    return false;
                };
                if taken.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                text = taken.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("?", "ä", true),
            ("?", "", false),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("*ab*ab", "abxab", true),
            ("*ab*ab", "abx", false),
            ("**a", "ba", true),
            ("Example*", "EXAMPLE GmbH", true),
            ("ÄB?", "äb1", true),
            ("a*b*c", "a*b*c", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} and {text}");
        }
        assert!(!glob_exact("/A", "/a"));
        assert!(glob_exact("/a*", "/a/b"));
    }

    #[test]
    fn a_pattern_full_of_stars_ends() {
        let pattern = "a*".repeat(40) + "b";
        assert!(!glob(&pattern, &"a".repeat(2000)));
    }
}
