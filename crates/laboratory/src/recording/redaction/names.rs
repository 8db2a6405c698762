//! What names become: the same for the same one, wherever it stands.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

/// Names that were replaced.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<String, String>,
    counts: BTreeMap<&'static str, u32>,
}

impl Names {
    /// An account keeps the word for how it was authenticated: `unix:`.
    pub(super) fn account(&mut self, text: &str) -> String {
        match text.split_once(':') {
            _ if text.is_empty() => String::new(),
            Some((how @ ("unix" | "cert"), name)) => format!("{how}:{}", self.of("account", name)),
            _ => self.of("account", text),
        }
    }

    /// What a name becomes: the same for the same name, whatever its case and wherever it stands.
    pub(super) fn of(&mut self, word: &'static str, text: &str) -> String {
        let key = text.trim().to_lowercase();
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let word = match &key {
            key if key.contains('@') => "mail",
            key if key.parse::<IpAddr>().is_ok() => "address",
            key if is_host(key) => "host",
            _ => word,
        };
        let count = self.counts.entry(word).or_default();
        *count += 1;
        let made = match word {
            "mail" => format!("mail-{count}@redacted.invalid"),
            // RFC 2544: for tests, and nobody's.
            "address" => Ipv4Addr::from(0xc612_0000_u32 | *count & 0x1_ffff).to_string(),
            "host" if key.starts_with("*.") => format!("*.host-{count}.redacted.invalid"),
            "host" => format!("host-{count}.redacted.invalid"),
            word => format!("{word}-{count}"),
        };
        self.known.insert(key, made.clone());
        made
    }
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let bare = text.strip_prefix("*.").unwrap_or(text);
    bare.contains('.') && bare.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_by_their_kind() {
        let mut names = Names::default();
        assert_eq!(names.of("name", "www.example.org"), "host-1.redacted.invalid");
        assert_eq!(names.of("unit", "WWW.example.ORG"), "host-1.redacted.invalid");
        assert_eq!(names.of("name", "*.example.org"), "*.host-2.redacted.invalid");
        assert_eq!(names.of("name", "a@example.org"), "mail-1@redacted.invalid");
        assert_eq!(names.of("name", "10.1.2.3"), "198.18.0.1");
        assert_eq!(names.of("name", "Alice Archer"), "name-1");
        assert_eq!(names.account("unix:alice"), "unix:account-1");
        assert_eq!(names.account(r"EXAMPLE\alice"), "account-2");
    }
}
