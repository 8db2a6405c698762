//! Who asks for certificates in the laboratory.

use std::collections::BTreeMap;

use pki::{Extension, GeneralName};

use super::{PROFILE, dns, nothing_set};

/// Whom a certificate is for, and how it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// RFC 4514; may be empty.
    pub(crate) name: String,
    pub(crate) names: Vec<GeneralName>,
    /// Further extensions of the request.
    pub(crate) extensions: Vec<Extension>,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) requester: String,
    /// UPN and flag words.
    pub(crate) properties: BTreeMap<String, String>,
}

const HOSTS: [&str; 6] = ["www", "mail", "intranet", "api", "db01", "build"];
const DOMAINS: [&str; 4] = ["example.org", "example.net", "example.com", "corp.example"];
const ACCOUNTS: [(&str, &str); 4] =
    [("alice", "Alice Archer"), ("bob", "Bob Baker"), ("carol", "Carol Cooper"), ("dave", "Dave Draper")];

/// Draws names, the same ones for the same seed.
#[derive(Clone, Debug)]
pub(super) struct Cast(u64);

impl Cast {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A server with one or two names.
    pub(super) fn server(&mut self) -> Subject {
        let (host, domain) = (self.pick(&HOSTS), self.pick(&DOMAINS));
        let (account, _) = self.pick(&ACCOUNTS);
        let name = format!("{host}.{domain}");
        let names = if host == "www" { dns(&[&name, domain]) } else { dns(&[&name]) };
        Subject {
            name: format!("CN={name},O=Example,C=DE"),
            names,
            extensions: Vec::new(),
            attributes: vec![
                ("CertificateTemplate".into(), PROFILE.into()),
                ("CertFile".into(), format!("{name}.cer")),
            ],
            requester: format!("unix:{account}"),
            properties: nothing_set(),
        }
    }

    /// A person with an e-mail address and a user principal name.
    pub(super) fn person(&mut self) -> Subject {
        let ((account, person), domain) = (self.pick(&ACCOUNTS), self.pick(&DOMAINS));
        let upn = format!("{account}@{domain}");
        Subject {
            name: format!("CN={person},OU=People,O=Example"),
            names: vec![GeneralName::Email(upn.clone()), GeneralName::Upn(upn.clone())],
            extensions: Vec::new(),
            attributes: vec![("CertificateTemplate".into(), PROFILE.into())],
            requester: format!("unix:{account}"),
            properties: BTreeMap::from([("UPN".to_owned(), upn)]),
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        // SplitMix64: enough for names, and the same everywhere.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let len = u64::try_from(from.len()).unwrap_or(1).max(1);
        let index = usize::try_from(bits % len).unwrap_or_default();
        *from.get(index).expect("the index is below the length, and no list of names is empty")
    }
}
