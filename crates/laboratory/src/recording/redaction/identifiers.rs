//! Object identifiers: those that everybody uses stay, and an organization's own get others.

use std::collections::HashMap;

use pki::ObjectIdentifier;

/// Arcs whose identifiers are published, and say nothing of who uses them.
const PUBLIC: [&str; 12] = [
    // ETSI, and electronic signatures.
    "0.4.0",
    // ANSI X9.62, and RSA's standards.
    "1.2.840.10045",
    "1.2.840.113549",
    // TeleTrusT.
    "1.3.36",
    // The curves of SEC 2.
    "1.3.132",
    // What the IETF defines: security, and PKIX below it.
    "1.3.6.1.5",
    // Microsoft's, and with them smart card logon, templates and application policies.
    "1.3.6.1.4.1.311",
    // Certificate transparency.
    "1.3.6.1.4.1.11129.2.4",
    // NIST: algorithms, and the cards of PIV.
    "2.16.840.1.101.3",
    // Netscape's, of old.
    "2.16.840.1.113730",
    // X.500: extensions, attribute types, anyPolicy.
    "2.5",
    // International organizations: the CA/Browser Forum, TCG, ICAO.
    "2.23",
];

/// Below a public arc, and an organization's own: what one directory made for its templates and policies.
const OWN: [&str; 1] = ["1.3.6.1.4.1.311.21.8"];

/// The arc for identifiers in documentation, which is nobody's (RFC 5612). 2.999 is another, but its second arc is beyond what
/// the object identifiers of this workspace can hold.
const NOBODYS: &str = "1.3.6.1.4.1.32473";

/// Identifiers that were replaced.
#[derive(Debug, Default)]
pub(super) struct Identifiers(HashMap<ObjectIdentifier, ObjectIdentifier>);

impl Identifiers {
    /// What an identifier becomes: the same for the same one, wherever it stands.
    pub(super) fn of(&mut self, known: &ObjectIdentifier) -> ObjectIdentifier {
        let text = known.to_string();
        let within = |arcs: &[&str]| arcs.iter().any(|arc| is_within(&text, arc));
        if within(&PUBLIC) && !within(&OWN) {
            return *known;
        }
        let next = self.0.len() + 1;
        let made = || format!("{NOBODYS}.{next}").parse().expect("a number below an arc is an identifier");
        *self.0.entry(*known).or_insert_with(made)
    }
}

fn is_within(text: &str, arc: &str) -> bool {
    text.strip_prefix(arc).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn own_identifiers_are_replaced_by_nobodys() {
        let mut all = Identifiers::default();
        for (known, expected) in [
            ("2.5.29.32.0", "2.5.29.32.0"),
            ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.1"),
            ("1.3.6.1.4.1.311.20.2.2", "1.3.6.1.4.1.311.20.2.2"),
            ("2.23.140.1.2.1", "2.23.140.1.2.1"),
            // A directory's own templates.
            ("1.3.6.1.4.1.311.21.8.1234.5678", "1.3.6.1.4.1.32473.1"),
            ("1.3.6.1.4.1.55555.1", "1.3.6.1.4.1.32473.2"),
            ("1.3.6.1.4.1.55555", "1.3.6.1.4.1.32473.3"),
            ("1.3.6.1.4.1.55555.1", "1.3.6.1.4.1.32473.2"),
            // One that begins like a public one, and one that looks as if it were replaced already.
            ("1.3.6.1.4.1.3111.1", "1.3.6.1.4.1.32473.4"),
            ("1.3.6.1.4.1.32473.1", "1.3.6.1.4.1.32473.5"),
        ] {
            assert_eq!(all.of(&known.parse().unwrap()).to_string(), expected, "{known}");
        }
    }
}
