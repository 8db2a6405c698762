//! What the certificate may be used for: basic constraints, key usage, extended key usage.
//!
//! Always by the profile: what the request asks for in these extensions stays disabled. An administrator's extension
//! stands where it keeps the certificate what the profile makes.

use std::sync::Arc;

use module::profile::CaRules;
use module::{CertificateExtension, ExtensionFlags, HResult, ModuleError, Profile, PropertyType, ServerPolicy};
use pki::extension::{
    basic_constraints, decode_basic_constraints, decode_extended_key_usage, decode_key_usage, extended_key_usage,
    extended_key_usage_oid, key_usage,
};
use pki::{Certificate, KeyUsage, ObjectIdentifier, oid};

use super::keys::KeyKind;
use super::subject::Subject;
use super::{Stop, contract, place};

/// What an authority's key does.
const AUTHORITY: KeyUsage = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);

/// The usage extensions of a profile, encoded.
#[derive(Debug)]
pub(super) struct Usage {
    profile: Arc<str>,
    oids: Oids,
    ca: Option<CaRules>,
    key_usage: KeyUsage,
    /// For each kind of key the profile takes, the key usage it can have; none where the profile has none.
    by_kind: Vec<(KeyKind, Option<CertificateExtension>)>,
    /// The extended key usages, and the extension made of them; none where there are none.
    allowed: Vec<ObjectIdentifier>,
    extended: Option<CertificateExtension>,
}

/// Object identifiers in the contract's notation.
#[derive(Debug)]
struct Oids {
    basic_constraints: String,
    key_usage: String,
    extended_key_usage: String,
}

impl Usage {
    pub(super) fn resolve(
        profile: &Arc<str>,
        rules: &Profile,
        kinds: &[KeyKind],
    ) -> Result<Self, (&'static str, String)> {
        let key_usage = key_usage_of(rules)?;
        let by_kind: Vec<_> = kinds.iter().map(|kind| (*kind, for_kind(key_usage, *kind))).collect();
        if !key_usage.is_empty() && by_kind.iter().all(|(_, extension)| extension.is_none()) {
            return Err(("key_usage", "has nothing that a key of `keys.algorithms` can be used for".into()));
        }
        let allowed = extended_key_usages(rules)?;
        Ok(Self {
            profile: Arc::clone(profile),
            oids: Oids {
                basic_constraints: oid::BASIC_CONSTRAINTS.to_string(),
                key_usage: oid::KEY_USAGE.to_string(),
                extended_key_usage: oid::EXTENDED_KEY_USAGE.to_string(),
            },
            ca: rules.ca.clone(),
            key_usage,
            by_kind,
            extended: extended_key_usage_of(&allowed, rules.ca.is_some()),
            allowed,
        })
    }

    /// Puts the three extensions in, for a key of this kind.
    pub(super) fn apply(&self, server: &mut dyn ServerPolicy, key: KeyKind, subject: &Subject) -> Result<(), Stop> {
        let fitting = self.by_kind.iter().find(|(kind, _)| *kind == key).and_then(|(_, extension)| extension.as_ref());
        if fitting.is_none() && !self.key_usage.is_empty() {
            let (profile, usages, key) = (&self.profile, self.key_usage.standard_names().join(", "), key.name());
            let text =
                format!("the profile `{profile}` is for {usages}, which a key of {key} cannot do; use another key");
            return Err(Stop::refuse(HResult::CERTSRV_E_KEY_LENGTH, text));
        }
        match &self.ca {
            Some(ca) => self.apply_authority(server, ca, fitting, subject)?,
            None => self.apply_leaf(server, fitting)?,
        }
        if let Some(theirs) = place(server, &self.oids.extended_key_usage, self.extended.as_ref())? {
            self.check_extended(&theirs)?;
        }
        Ok(())
    }

    /// RFC 5280 4.2.1.9, 4.2.1.3: a certificate of an end entity has neither cA nor keyCertSign; nor cRLSign here, where
    /// nobody else signs CRLs. Basic constraints are left out.
    fn apply_leaf(&self, server: &mut dyn ServerPolicy, usage: Option<&CertificateExtension>) -> Result<(), Stop> {
        if let Some(theirs) = place(server, &self.oids.basic_constraints, None)?
            && theirs.flags.is_enabled()
            && !decode_basic_constraints(&theirs.value).is_ok_and(|constraints| !constraints.ca)
        {
            return Err(self.refuse("basic constraints", "make the certificate one of an authority"));
        }
        if let Some(theirs) = place(server, &self.oids.key_usage, usage)?
            && theirs.flags.is_enabled()
            && !decode_key_usage(&theirs.value).is_ok_and(|usage| !usage.intersects(AUTHORITY))
        {
            return Err(self.refuse("key usage", "has keyCertSign or cRLSign"));
        }
        Ok(())
    }

    /// RFC 5280 4.2.1.9, 4.2.1.3, 4.1.2.6: an authority has critical basic constraints with cA, keyCertSign, and a name.
    fn apply_authority(
        &self,
        server: &mut dyn ServerPolicy,
        ca: &CaRules,
        usage: Option<&CertificateExtension>,
        subject: &Subject,
    ) -> Result<(), Stop> {
        if subject.empty {
            let text = format!("the profile `{}` makes authorities, which need a subject; add one", self.profile);
            return Err(Stop::refuse(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, text));
        }
        let limit = path_length_limit(server)?;
        let path_length = ca.path_length.into_iter().chain(limit).min();
        let constraints = contract(basic_constraints(true, path_length));
        if let Some(theirs) = place(server, &self.oids.basic_constraints, Some(&constraints))? {
            let keeps = |found: pki::BasicConstraints| {
                found.ca && path_length.is_none_or(|max| found.path_len.is_some_and(|length| length <= max))
            };
            let enabled = theirs.flags.is_enabled() && theirs.flags.contains(ExtensionFlags::CRITICAL);
            if !(enabled && decode_basic_constraints(&theirs.value).is_ok_and(keeps)) {
                return Err(self.refuse("basic constraints", "are not critical, not cA, or allow too long a path"));
            }
        }
        if let Some(theirs) = place(server, &self.oids.key_usage, usage)? {
            let signs = decode_key_usage(&theirs.value).is_ok_and(|usage| usage.contains(KeyUsage::KEY_CERT_SIGN));
            if !(theirs.flags.is_enabled() && signs) {
                return Err(self.refuse("key usage", "lacks keyCertSign"));
            }
        }
        Ok(())
    }

    /// An administrator may choose among the profile's usages, but not give up that there are some.
    fn check_extended(&self, theirs: &CertificateExtension) -> Result<(), Stop> {
        if !theirs.flags.is_enabled() {
            return match self.extended {
                Some(_) => Err(self.refuse("extended key usage", "is disabled, so that every usage would be allowed")),
                None => Ok(()),
            };
        }
        match decode_extended_key_usage(&theirs.value) {
            Err(error) => Err(self.refuse("extended key usage", &format!("cannot be read ({error})"))),
            Ok(usages) if !usages.iter().all(|usage| self.allowed.contains(usage)) => {
                Err(self.refuse("extended key usage", "has more than the profile's"))
            }
            Ok(_) => Ok(()),
        }
    }

    fn refuse(&self, extension: &str, fault: &str) -> Stop {
        let profile = &self.profile;
        let text = format!("the {extension} that an administrator set {fault}, against the profile `{profile}`");
        Stop::refuse(HResult::ERROR_INVALID_DATA, text)
    }
}

/// The most authorities that may follow the one that is certified; none: as many as they like. The newest CA certificate
/// must be one of an authority that may have another below it.
fn path_length_limit(server: &dyn ServerPolicy) -> Result<Option<u32>, ModuleError> {
    let fails = |text: String| ModuleError::new(HResult::CERTSRV_E_INVALID_CA_CERTIFICATE, text);
    let der = server.certificate_property("RawCACertificate", PropertyType::Binary)?.into_binary()?;
    let issuer =
        Certificate::from_der(&der).map_err(|error| fails(format!("the CA certificate cannot be read: {error}")))?;
    if issuer.extension(&oid::BASIC_CONSTRAINTS).is_some() && !issuer.is_ca() {
        return Err(fails("the CA certificate is not one of an authority (its cA is not set)".into()));
    }
    match issuer.path_len() {
        Some(0) => Err(fails("the CA certificate allows no authority below this one (its path length is 0)".into())),
        length => Ok(length.map(|length| length - 1)),
    }
}

fn key_usage_of(rules: &Profile) -> Result<KeyUsage, (&'static str, String)> {
    let mut usage = KeyUsage::empty();
    for word in &rules.key_usage {
        usage |= KeyUsage::from_standard_name(word).ok_or_else(|| {
            let names = KeyUsage::all().standard_names().join(", ");
            ("key_usage", format!("has `{word}`, which is none of {names}"))
        })?;
    }
    if rules.ca.is_some() {
        return Ok(usage | AUTHORITY);
    }
    if usage.intersects(AUTHORITY) {
        return Err(("key_usage", "has keyCertSign or cRLSign, which only authorities have; add `ca`".into()));
    }
    if usage.intersects(KeyUsage::ENCIPHER_ONLY | KeyUsage::DECIPHER_ONLY) && !usage.contains(KeyUsage::KEY_AGREEMENT) {
        let text = "has encipherOnly or decipherOnly, which mean nothing without keyAgreement (RFC 5280 4.2.1.3)";
        return Err(("key_usage", text.into()));
    }
    Ok(usage)
}

/// What is left of a profile's key usages for one kind of key; none where nothing is.
fn for_kind(usage: KeyUsage, kind: KeyKind) -> Option<CertificateExtension> {
    let fitting = usage & kind.usages();
    (!fitting.is_empty()).then(|| contract(key_usage(fitting)))
}

/// The extended key usages of a profile.
fn extended_key_usages(rules: &Profile) -> Result<Vec<ObjectIdentifier>, (&'static str, String)> {
    let key = "extended_key_usage";
    let mut usages: Vec<ObjectIdentifier> = Vec::with_capacity(rules.extended_key_usage.len());
    for word in &rules.extended_key_usage {
        let usage = extended_key_usage_oid(word)
            .ok_or_else(|| (key, format!("has `{word}`, which is neither a known name nor an object identifier")))?;
        if usages.contains(&usage) {
            return Err((key, format!("has `{word}` twice")));
        }
        usages.push(usage);
    }
    if rules.ca.is_none() && usages.contains(&oid::ANY_EXTENDED_KEY_USAGE) {
        return Err((key, "has anyExtendedKeyUsage, which is for authorities; name the usages".into()));
    }
    if rules.ca.is_none() && usages.contains(&oid::TIME_STAMPING) && usages.len() > 1 {
        return Err((key, "has timeStamping, which must stand alone (RFC 3161 2.3)".into()));
    }
    Ok(usages)
}

/// RFC 5280 4.2.1.12: not critical, but for time stamps (RFC 3161 2.3).
fn extended_key_usage_of(usages: &[ObjectIdentifier], ca: bool) -> Option<CertificateExtension> {
    if usages.is_empty() {
        return None;
    }
    let mut extension = extended_key_usage(usages);
    extension.critical = !ca && usages.contains(&oid::TIME_STAMPING);
    Some(contract(extension))
}
