//! Extensions taken from the request as they are, and extensions that the profile adds.

use std::collections::BTreeSet;

use der::{AnyRef, Decode};
use module::{CertificateExtension, ExtensionFlags, HResult, Profile, ServerPolicy};
use pki::extension::{certificate_policies, decode_name_constraints};
use pki::{ObjectIdentifier, oid};

use super::{Stop, contract, place};

/// The longest object identifier the contract's calls take, in characters.
const OID_CHARACTERS_MAX: usize = 31;

/// The other extensions of a profile.
#[derive(Debug)]
pub(super) struct Extensions {
    /// Object identifiers that are taken from the request.
    taken: BTreeSet<String>,
    added: Vec<CertificateExtension>,
}

impl Extensions {
    pub(super) fn resolve(rules: &Profile) -> Result<Self, (&'static str, String)> {
        let mut taken = BTreeSet::new();
        for text in &rules.request_extensions {
            let key = "request_extensions";
            let oid = object_identifier(key, text)?;
            if let Some(why) = never_taken(&oid, rules) {
                return Err((key, format!("has {oid}: {why}")));
            }
            taken.insert(oid.to_string());
        }
        let mut added = Vec::new();
        if !rules.certificate_policies.is_empty() {
            let key = "certificate_policies";
            let policies = rules.certificate_policies.iter().map(|text| {
                ObjectIdentifier::new(text)
                    .map_err(|_| (key, format!("has `{text}`, which is not an object identifier")))
            });
            let policies = policies.collect::<Result<Vec<_>, _>>()?;
            if policies.iter().enumerate().any(|(n, policy)| policies.iter().take(n).any(|other| other == policy)) {
                return Err((key, "has a policy twice (RFC 5280 4.2.1.4)".into()));
            }
            added.push(contract(certificate_policies(&policies)));
        }
        for extension in &rules.extensions {
            added.push(self::added(extension, rules)?);
        }
        for (n, extension) in added.iter().enumerate() {
            let oid = &extension.oid;
            if taken.contains(oid) || added.iter().take(n).any(|other| other.oid == *oid) {
                return Err(("extensions", format!("has {oid} more than once, or it is taken from the request too")));
            }
        }
        Ok(Self { taken, added })
    }

    /// Enables what is taken from the request, keeps the rest of it disabled, and adds the profile's own.
    ///
    /// A row that still has the request as its origin has been touched by nobody. At a resubmission that is only one
    /// that an earlier refusal kept this step from: what was enabled, or what an administrator disabled since, has
    /// another origin and stands.
    pub(super) fn apply(&self, server: &mut dyn ServerPolicy) -> Result<(), Stop> {
        for oid in server.extensions()? {
            let mut row = server.certificate_extension(&oid)?;
            let taken = self.taken.contains(&oid);
            if !row.flags.is_from_request() || row.flags.is_enabled() == taken {
                continue;
            }
            if taken && AnyRef::from_der(&row.value).is_err() {
                let text = format!("the extension {oid} of the request is not DER; make a new request");
                return Err(Stop::refuse(HResult::ERROR_INVALID_DATA, text));
            }
            row.flags.set(ExtensionFlags::DISABLE, !taken);
            server.set_certificate_extension(row)?;
        }
        for extension in &self.added {
            place(server, &extension.oid, Some(extension))?;
        }
        Ok(())
    }
}

fn added(
    extension: &module::profile::ProfileExtension,
    rules: &Profile,
) -> Result<CertificateExtension, (&'static str, String)> {
    let key = "extensions";
    let oid = object_identifier(key, &extension.oid)?;
    if let Some(why) = never_added(&oid, rules) {
        return Err((key, format!("has {oid}: {why}")));
    }
    let digits: String = extension.value.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    let value =
        hex::decode(digits).map_err(|error| (key, format!("has {oid} with a value that is not hex: {error}")))?;
    if let Err(error) = AnyRef::from_der(&value) {
        return Err((key, format!("has {oid} with a value that is not DER: {error}")));
    }
    if oid == oid::NAME_CONSTRAINTS {
        decode_name_constraints(&value).map_err(|error| (key, format!("has {oid} with a bad value: {error}")))?;
        if !extension.critical {
            return Err((key, format!("has {oid} (name constraints), which must be critical (RFC 5280 4.2.1.10)")));
        }
    }
    let flags = if extension.critical { ExtensionFlags::CRITICAL } else { ExtensionFlags::empty() };
    Ok(CertificateExtension { oid: oid.to_string(), flags, value })
}

fn object_identifier(key: &'static str, text: &str) -> Result<ObjectIdentifier, (&'static str, String)> {
    let oid = ObjectIdentifier::new(text)
        .map_err(|_| (key, format!("has `{text}`, which is not an object identifier such as 1.3.6.1.5.5.7.1.24")))?;
    if oid.to_string().len() > OID_CHARACTERS_MAX {
        return Err((key, format!("has {oid}, which is longer than the contract's {OID_CHARACTERS_MAX} characters")));
    }
    Ok(oid)
}

/// Why a profile cannot set an extension by its bytes.
fn never_added(oid: &ObjectIdentifier, rules: &Profile) -> Option<&'static str> {
    Some(match *oid {
        oid::SUBJECT_ALT_NAME => "alternative names follow `names`",
        oid::BASIC_CONSTRAINTS => "basic constraints follow `ca`",
        oid::KEY_USAGE => "follow `key_usage`",
        oid::EXTENDED_KEY_USAGE => "follow `extended_key_usage`",
        oid::SUBJECT_KEY_IDENTIFIER | oid::AUTHORITY_KEY_IDENTIFIER => "key identifiers are the server's",
        oid::CRL_DISTRIBUTION_POINTS => "distribution points follow `crl_distribution_points`",
        oid::AUTHORITY_INFO_ACCESS => "follows `ca_issuers` and `ocsp`",
        oid::SIGNED_CERTIFICATE_TIMESTAMPS | oid::PRECERTIFICATE_POISON => "certificate transparency is not used",
        oid::NAME_CONSTRAINTS | oid::POLICY_MAPPINGS | oid::POLICY_CONSTRAINTS | oid::INHIBIT_ANY_POLICY
            if rules.ca.is_none() =>
        {
            "only certificates of authorities have it; add `ca`"
        }
        _ => return None,
    })
}

/// Why a profile cannot take an extension from the request: what it may not set either, and what would let the requester
/// say what the certificate is good for, or whose it is.
fn never_taken(oid: &ObjectIdentifier, rules: &Profile) -> Option<&'static str> {
    never_added(oid, rules).or_else(|| {
        Some(match *oid {
            oid::APPLICATION_POLICIES | oid::APPLICATION_POLICY_MAPPINGS | oid::APPLICATION_POLICY_CONSTRAINTS => {
                "application policies are read as extended key usages; set them with `extensions`"
            }
            oid::NETSCAPE_CERT_TYPE => "it says what the certificate is good for; set it with `extensions`",
            oid::NTDS_CA_SECURITY => "it names an account; only a policy module can say which",
            oid::OCSP_NOCHECK => "it keeps a certificate from being revoked; set it with `extensions`",
            _ => return None,
        })
    })
}
