//! Every key of the file, for messages and for the manual.

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, with its section.
    pub name: &'static str,
    /// What its value is, for "write …".
    pub kind: &'static str,
    /// A value, as it is written.
    pub example: &'static str,
}

macro_rules! keys {
    ($($name:literal: $kind:literal, $example:literal;)*) => {
        /// Every key but those of profiles, which `docs/manual/profiles.md` has.
        pub const KEYS: &[Key] = &[$(Key { name: $name, kind: $kind, example: $example }),*];
    };
}

keys! {
    "ca.name": "a name", "\"Example CA\"";
    "ca.dns_name": "a DNS name", "\"ca.example.org\"";
    "ca.validity_max": "a period", "\"2y\"";
    "ca.clock_skew": "a period", "\"10m\"";
    "ca.subject_template": "a list of subject parts", "[\"CommonName\", \"Organization\"]";
    "ca.enforce_name_lengths": "true or false", "true";
    "keys.file": "a path or a list of paths", "\"ca.key\"";
    "keys.passphrase_file": "a path", "\"passphrase\"";
    "keys.passphrase_env": "the name of an environment variable", "\"EXEUNT_PASSPHRASE\"";
    "database.path": "a path", "\"exeunt.db\"";
    "admin.socket": "a path", "\"admin.sock\"";
    "admin.socket_mode": "permission bits in octal", "\"0660\"";
    "admin.listen": "a list of addresses", "[\"0.0.0.0:8443\"]";
    "admin.tls.certificate": "a path", "\"admin.crt\"";
    "admin.tls.key": "a path", "\"admin.key\"";
    "admin.tls.client_roots": "a path", "\"admin-roots.pem\"";
    "admin.tls.client_crls": "a path", "\"admin-crls.pem\"";
    "publication.listen": "a list of addresses", "[\"0.0.0.0:80\"]";
    "metrics.listen": "a loopback address", "\"127.0.0.1:9090\"";
    "roles.administrator": "a list of names", "[\"unix:root\"]";
    "roles.certificate_manager": "a list of names", "[\"unix-group:pki\"]";
    "roles.auditor": "a list of names", "[\"unix:auditor\"]";
    "roles.operator": "a list of names", "[\"unix:operator\"]";
    "roles.enrollee": "a list of names", "[\"unix:www-data\"]";
    "roles.separation": "true or false", "false";
    "policy.default_profile": "the name of a profile", "\"tls-server\"";
    "crl.period": "a period", "\"1w\"";
    "crl.delta_period": "a period", "\"1d\"";
    "crl.overlap": "a period", "\"0s\"";
    "crl.delta_overlap": "a period", "\"0s\"";
    "crl.delta_uses_oldest_base": "true or false", "false";
    "locations.crl": "a list of locations", "[\"65:crl/%3%8%9.crl\"]";
    "locations.ca": "a list of locations", "[\"1:crl/%1_%3%4.crt\"]";
    "events.retention": "a period", "\"90d\"";
    "log.format": "\"text\" or \"json\"", "";
    "log.level": "a level or levels by part", "\"info\"";
    "limits.request_bytes_max": "a number of bytes", "65536";
    "limits.body_bytes_max": "a number of bytes", "1048576";
    "limits.connections_max": "a number", "1024";
    "limits.calls_max": "a number", "128";
    "limits.waiting_max": "a number", "2048";
    "limits.rsa_bits_min": "a number of bits", "2048";
    "limits.rsa_bits_max": "a number of bits", "8192";
    "limits.stop": "a period", "\"30s\"";
}

/// What to write as the value of this key; empty for one that is not known.
pub(super) fn hint(name: &str) -> String {
    let bare = name.split('[').next().unwrap_or(name);
    match KEYS.iter().find(|key| key.name == bare) {
        Some(Key { kind, example: "", .. }) => format!("write {kind}"),
        Some(Key { kind, example, .. }) => format!("write {kind}, such as {example}"),
        None => String::new(),
    }
}

/// The known word nearest to one that is not known, when it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = word.chars().count().max(3) / 3;
    let near = known.iter().map(|candidate| (distance(word, candidate), *candidate)).min();
    near.filter(|(distance, _)| *distance <= limit).map(|(_, candidate)| candidate)
}

/// The number of characters put in, left out, replaced or swapped with their neighbour; hyphens and underscores are one.
fn distance(a: &str, b: &str) -> usize {
    let fold = |text: &str| text.to_lowercase().replace('-', "_").chars().collect::<Vec<_>>();
    let (a, b) = (fold(a), fold(b));
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::config::File;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("perod", &["period", "overlap"]), Some("period"));
        assert_eq!(nearest("preiod", &["period", "overlap"]), Some("period"));
        assert_eq!(nearest("certificate-manager", &["certificate_manager"]), Some("certificate_manager"));
        assert_eq!(nearest("zzz", &["period", "overlap"]), None);
    }

    /// The list has every key of the file, and no other.
    #[test]
    fn the_list_is_the_file() {
        let text = "[admin.tls]\ncertificate = \"\"\nkey = \"\"\nclient_roots = \"\"\nclient_crls = \"\"\n[keys]\npassphrase_file = \"\"\npassphrase_env = \"\"\n";
        let file: File = toml::from_str(text).unwrap();
        let mut found = Vec::new();
        collect("", &toml::Value::try_from(file).unwrap(), &mut found);
        let mut listed: Vec<_> = KEYS.iter().map(|key| key.name.to_owned()).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
    }

    fn collect(prefix: &str, value: &toml::Value, found: &mut Vec<String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    collect(&path, value, found);
                }
            }
            _ => found.push(prefix.to_owned()),
        }
    }
}
