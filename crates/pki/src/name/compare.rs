//! Comparing names, RFC 5280 7.1.

use super::{Name, NameAttribute};

/// Compares RDN by RDN. Text is folded to lower case and runs of white space are one space; Unicode normalisation
/// beyond that is not done.
pub(super) fn matches(a: &Name, b: &Name) -> bool {
    let (a, b) = (a.rdns(), b.rdns());
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same_rdn(a, b))
}

fn same_rdn(a: &[NameAttribute<'_>], b: &[NameAttribute<'_>]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let folded = |rdn: &[NameAttribute<'_>]| {
        let mut keys: Vec<_> = rdn.iter().map(key).collect();
        keys.sort();
        keys
    };
    folded(a) == folded(b)
}

/// An attribute in the form in which it is compared: type, and folded text or else the value's DER.
fn key(attribute: &NameAttribute<'_>) -> (String, Vec<u8>) {
    let value = match attribute.text() {
        Some(text) => {
            let words: Vec<_> = text.split_whitespace().collect();
            words.join(" ").to_lowercase().into_bytes()
        }
        None => attribute.der.to_vec(),
    };
    (attribute.oid.to_string(), value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn cases() {
        for (a, b, want) in [
            ("", "", true),
            ("CN=Root", "cn=ROOT", true),
            ("CN=Root  CA", "CN=root ca", true),
            ("CN=Grüße", "CN=GRÜSSE", false),
            ("CN=Ärger", "CN=ärger", true),
            ("CN=a,O=b", "O=b,CN=a", false),
            ("CN=a+OU=b", "OU=B+CN=A", true),
            ("CN=a", "CN=a,O=b", false),
            ("CN=a", "OU=a", false),
            ("CN=#0c0161", "CN=#130161", true),
            ("1.2.3=#020101", "1.2.3=#020101", true),
            ("1.2.3=#020101", "1.2.3=#020102", false),
        ] {
            let (a, b) = (Name::parse(a).unwrap(), Name::parse(b).unwrap());
            assert_eq!(a.matches(&b), want, "{a} / {b}");
            assert_eq!(b.matches(&a), want, "{b} / {a}");
        }
    }
}
