//! Profiles: named bundles of issuing rules.
//!
//! The default policy module decides and amends by the profile; the engine holds the final certificate to its limits,
//! whatever any policy module answered. In TOML, `[profiles.NAME]`; unknown keys are refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::moment::{Period, Unit};

/// The profile that a name means, and its name as configured: case does not matter.
pub fn find<'a>(profiles: &'a BTreeMap<String, Profile>, name: &str) -> Option<(&'a str, &'a Profile)> {
    let exact = profiles.get_key_value(name);
    let name = name.to_lowercase();
    let found = exact.or_else(|| profiles.iter().find(|(known, _)| known.to_lowercase() == name));
    found.map(|(name, profile)| (name.as_str(), profile))
}

/// A named bundle of issuing rules. The default issues nothing that the request names for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// A line for operators.
    pub description: String,
    /// What is done with a request that keeps the rules.
    pub decision: ProfileDecision,
    /// Who may use it: names and groups as the front ends write them (`unix:alice`, `unix-group:web`, `cert:CN=…`),
    /// compared letter by letter; `*` for everyone who may enrol. Empty: nobody.
    pub requesters: Vec<String>,
    /// The subject name.
    pub subject: SubjectRules,
    /// The subject alternative names.
    pub names: NameRules,
    /// The keys accepted.
    pub keys: KeyPolicy,
    /// Key usage bits by their RFC 5280 names; of these a certificate gets what its key can be used for. Empty: the
    /// extension is left out. CA profiles have keyCertSign and cRLSign besides.
    pub key_usage: Vec<String>,
    /// Extended key usages by name (`serverAuth`) or object identifier. Empty: the extension is left out, and none is
    /// allowed.
    pub extended_key_usage: Vec<String>,
    /// Validity of a certificate.
    pub validity: Period,
    /// The longest validity, whoever asks. The CA certificate's end is a limit too.
    pub validity_max: Period,
    /// Extensions taken from the request as they are, by object identifier of at most 31 characters. What says what the
    /// certificate is good for, or whose it is, follows its own rules and cannot be listed here.
    pub request_extensions: Vec<String>,
    /// Extensions added to every certificate.
    pub extensions: Vec<ProfileExtension>,
    /// Certificate policies, by object identifier.
    pub certificate_policies: Vec<String>,
    /// Makes certificates of certification authorities.
    pub ca: Option<CaRules>,
    /// URLs for the CRL distribution points, with the contract's tokens (`%3%8%9`); none: the authority's own.
    pub crl_distribution_points: Option<Vec<String>>,
    /// URLs of the issuer's certificate, with tokens; none: the authority's own.
    pub ca_issuers: Option<Vec<String>>,
    /// URLs of OCSP responders, with tokens; none: the authority's own.
    pub ocsp: Option<Vec<String>>,
    /// Keep revoked certificates in CRLs after they expired.
    pub publish_expired: bool,
    /// Whether the requester may shorten the validity with the attributes `ValidityPeriod` and `ValidityPeriodUnits`,
    /// or `ExpirationDate`.
    pub validity_from_request: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            description: String::new(),
            decision: ProfileDecision::Pend,
            requesters: vec!["*".into()],
            subject: SubjectRules::default(),
            names: NameRules::default(),
            keys: KeyPolicy::default(),
            key_usage: vec!["digitalSignature".into()],
            extended_key_usage: Vec::new(),
            validity: Period::new(90, Unit::Days),
            validity_max: Period::new(397, Unit::Days),
            request_extensions: Vec::new(),
            extensions: Vec::new(),
            certificate_policies: Vec::new(),
            ca: None,
            crl_distribution_points: None,
            ca_issuers: None,
            ocsp: None,
            publish_expired: false,
            validity_from_request: true,
        }
    }
}

/// What is done with a request that keeps the profile's rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileDecision {
    /// Issued at once.
    Issue,
    /// Taken under submission; issued when a certificate manager approves.
    #[default]
    Pend,
    /// Denied.
    Deny,
    /// By the request attribute `Disposition`: `Deny`, `Pending`, else issued.
    Attribute,
}

/// The subject name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubjectRules {
    /// Parts taken from the request: property names (`CommonName`), or `*` for all sixteen. Empty: none. Others that the
    /// request has are dropped.
    pub from_request: Vec<String>,
    /// Parts that must be there in the end.
    pub required: Vec<String>,
    /// Parts set by the profile, whatever the request says.
    pub fixed: BTreeMap<String, String>,
    /// Patterns that parts taken from the request must match: `*` any run, `?` any character; one pattern suffices.
    pub allowed: BTreeMap<String, Vec<String>>,
    /// Take the request's subject byte for byte, instead of building it anew in the authority's order.
    pub unmodified: bool,
}

/// The subject alternative names taken from the request: each list holds patterns, of which one must match. An empty
/// list takes none of that kind, and a request that has one is denied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameRules {
    /// DNS names: `host.example.org`, `*.example.org` (one label), `**.example.org` (any number), `*` (every name).
    pub dns: Vec<String>,
    /// Whether DNS names may be wildcards (`*.example.org`).
    pub dns_wildcards: bool,
    /// IP networks: `192.0.2.0/24`, `2001:db8::/32`, a single address, or `*`.
    pub ip: Vec<String>,
    /// E-mail addresses: `*@example.org`; the domain as in `dns`.
    pub email: Vec<String>,
    /// URIs: `spiffe://example.org/*`, `https://*.example.org:*/*`, `urn:uuid:*`; the host as in `dns`.
    pub uri: Vec<String>,
    /// User principal names: `*@example.org`.
    pub upn: Vec<String>,
    /// At least one name must be there.
    pub required: bool,
    /// The most names, 1 to 1,000.
    pub count_max: usize,
    /// A common name from the request that is a DNS name with a dot, or an IP address, must also be among the
    /// alternative names, and is added where it is not.
    pub add_common_name: bool,
}

impl Default for NameRules {
    fn default() -> Self {
        Self {
            dns: Vec::new(),
            dns_wildcards: false,
            ip: Vec::new(),
            email: Vec::new(),
            uri: Vec::new(),
            upn: Vec::new(),
            required: false,
            count_max: 100,
            add_common_name: false,
        }
    }
}

/// The keys a profile accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyPolicy {
    /// Any of `p256`, `p384`, `p521`, `rsa`, `ed25519`, `ml-dsa-44`, `ml-dsa-65`, `ml-dsa-87`.
    pub algorithms: Vec<String>,
    /// The shortest RSA modulus in bits, 2,048 to 16,384.
    pub rsa_bits_min: u32,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        let all = ["p256", "p384", "p521", "rsa", "ed25519", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"];
        Self { algorithms: all.map(str::to_owned).to_vec(), rsa_bits_min: 2048 }
    }
}

/// An extension that a profile adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileExtension {
    /// Object identifier.
    pub oid: String,
    /// Whether it is critical.
    #[serde(default)]
    pub critical: bool,
    /// DER in hex.
    pub value: String,
}

/// Certificates of certification authorities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaRules {
    /// The most authorities below; none: as the issuer allows.
    pub path_length: Option<u32>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn profiles_are_found_in_any_case() {
        let names = ["Web", "web", "sub-ca"].map(|name| (name.to_owned(), Profile::default()));
        let profiles = BTreeMap::from(names);
        for (name, found) in [("web", "web"), ("Web", "Web"), ("SUB-CA", "sub-ca")] {
            assert_eq!(find(&profiles, name).unwrap().0, found);
        }
        assert!(find(&profiles, "WEB").is_some());
        assert!(find(&profiles, "other").is_none());
    }
}
