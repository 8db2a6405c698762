//! Where CRLs and CA certificates are written and said to be: URL templates with the contract's tokens.

use std::fmt;
use std::str::FromStr;

use crate::Error;

bitflags::bitflags! {
    /// What a location is for: `CSURL_*`, the number before the colon of a publication URL.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Use: u32 {
        /// Write the base CRL (or the CA certificate) here.
        const SERVER_PUBLISH = 0x01;
        /// Say so in certificates: CRL distribution point (or caIssuers).
        const ADD_TO_CERT_CDP = 0x02;
        /// Say so in the freshest CRL extension.
        const ADD_TO_FRESHEST_CRL = 0x04;
        /// Say so in the published CRL locations extension; LDAP only.
        const ADD_TO_CRL_CDP = 0x08;
        /// Retry.
        const PUBLISH_RETRY = 0x10;
        /// Say so in certificates as OCSP responder.
        const ADD_TO_CERT_OCSP = 0x20;
        /// Write the delta CRL here.
        const SERVER_PUBLISH_DELTA = 0x40;
        /// Say so in the issuing distribution point of CRLs.
        const ADD_TO_IDP = 0x80;
    }
}

/// One location, in the contract's notation `65:/srv/pki/%3%8%9.crl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// What it is for.
    pub uses: Use,
    /// The template.
    pub template: String,
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = text.split_once(':').and_then(|(uses, template)| {
            let uses = uses.trim().parse().ok().and_then(Use::from_bits)?;
            (!template.trim().is_empty()).then(|| Self { uses, template: template.trim().to_owned() })
        });
        parsed.ok_or_else(|| {
            Error::refused(format!("`{text}` is not a location; write USES:URL, such as 65:/srv/pki/%3%8%9.crl"))
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uses.bits(), self.template)
    }
}

/// What the tokens stand for.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    /// `%1`: DNS name of the server. `%2` is its first label.
    pub dns_name: &'a str,
    /// `%3`: sanitized name of the authority. `%7` is its short form.
    pub ca_name: &'a str,
    /// `%4`: index of the CA certificate.
    pub certificate: u16,
    /// `%8`: index of the CA key.
    pub key: u16,
    /// `%9` and `%10`: whether a delta CRL is meant.
    pub delta: bool,
}

/// The suffix of an index: empty for 0, else `(n)`.
pub fn suffix(index: u16) -> String {
    if index == 0 { String::new() } else { format!("({index})") }
}

impl Tokens<'_> {
    /// Expands a template. `%%` is a percent sign; a token that is not known stays as it is.
    pub fn expand(&self, template: &str) -> String {
        const NUMBERS: std::ops::RangeInclusive<u8> = 1..=14;
        let mut out = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some(at) = rest.find('%') {
            let (before, token) = rest.split_at(at);
            out.push_str(before);
            let after = token.get(1..).unwrap_or_default();
            let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
            // The longest number that is a token: `%10` is the tenth, `%18` the first and an eight.
            let number = (1..=digits).rev().find_map(|length| {
                let number = after.get(..length)?.parse().ok()?;
                NUMBERS.contains(&number).then_some((number, length))
            });
            rest = match number {
                Some((number, length)) => {
                    out.push_str(&self.value(number));
                    after.get(length..).unwrap_or_default()
                }
                None if after.starts_with('%') => {
                    out.push('%');
                    after.get(1..).unwrap_or_default()
                }
                None => {
                    out.push('%');
                    after
                }
            };
        }
        out.push_str(rest);
        out.replace("<CRLPartitionIndex>", "")
    }

    /// Expands a template to a URL: what must be escaped in one is, but for the `file:` scheme and plain paths.
    pub fn url(&self, template: &str) -> String {
        let text = self.expand(template);
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        if ["http", "https", "ldap", "ldaps", "ftp"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            text.chars().map(|c| if needs_escape(c) { escape(c) } else { c.to_string() }).collect()
        } else {
            text
        }
    }

    fn value(&self, number: u8) -> String {
        match number {
            1 => self.dns_name.to_owned(),
            2 => self.dns_name.split('.').next().unwrap_or_default().to_owned(),
            3 => self.ca_name.to_owned(),
            4 => suffix(self.certificate),
            5 => "DC=UnavailableDomainDN".to_owned(),
            6 => "DC=UnavailableConfigDN".to_owned(),
            7 => crate::sanitize::short(self.ca_name),
            8 => suffix(self.key),
            9 => if self.delta { "+" } else { "" }.to_owned(),
            10 if self.delta => "?deltaRevocationList?base?objectclass=cRLDistributionPoint".to_owned(),
            10 => "?certificateRevocationList?base?objectclass=cRLDistributionPoint".to_owned(),
            11 => "?cACertificate?base?objectclass=certificationAuthority".to_owned(),
            12 => "?userCertificate?base?objectClass=*".to_owned(),
            13 => "?userCertificate?one?objectClass=msPKI-PrivateKeyRecoveryAgent".to_owned(),
            _ => "?crossCertificatePair?one?objectClass=certificationAuthority".to_owned(),
        }
    }
}

fn needs_escape(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_control() || matches!(c, ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

fn escape(c: char) -> String {
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn tokens(key: u16, delta: bool) -> Tokens<'static> {
        Tokens { dns_name: "ca.example.org", ca_name: "Example CA", certificate: key, key, delta }
    }

    #[test]
    fn templates_expand_as_administrators_know_them() {
        for (template, key, delta, expected) in [
            ("http://%1/CertEnroll/%3%8%9.crl", 0, false, "http://ca.example.org/CertEnroll/Example%20CA.crl"),
            ("http://%1/CertEnroll/%3%8%9.crl", 2, true, "http://ca.example.org/CertEnroll/Example%20CA(2)+.crl"),
            ("/srv/%2/%1_%3%4.crt", 1, false, "/srv/ca/ca.example.org_Example CA(1).crt"),
            (
                "ldap:///CN=%7%8,%6%10",
                0,
                true,
                "ldap:///CN=Example%20CA,DC=UnavailableConfigDN?deltaRevocationList?base?objectclass=cRLDistributionPoint",
            ),
            ("/a/100%%/%3<CRLPartitionIndex>.crl", 0, false, "/a/100%/Example CA.crl"),
            ("/a/%x%", 0, false, "/a/%x%"),
            ("/a/%99", 0, true, "/a/+9"),
        ] {
            assert_eq!(tokens(key, delta).url(template), expected);
        }
    }

    #[test]
    fn locations_are_read_and_written() {
        let location: Location = "65:/srv/pki/%3%8%9.crl".parse().unwrap();
        assert_eq!(location.uses, Use::SERVER_PUBLISH | Use::SERVER_PUBLISH_DELTA);
        assert_eq!(location.to_string(), "65:/srv/pki/%3%8%9.crl");
        for text in ["", "65:", "/srv/pki", "4096:/srv", "x:/srv"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
