//! From an approved request to the bytes that are signed: amendments, issuer, and the limits that nothing moves.

use std::collections::BTreeSet;

use module::{HResult, Profile};
use pki::{Extension, KeyUsage, Name, ObjectIdentifier, Serial, TbsCertificate, oid};

use crate::accept;
use crate::ca::Issuer;
use crate::failure::Failure;
use crate::site::Site;
use crate::{Request, extensions};

const CONSTRUCTING: &str = "Error Constructing Certificate";

/// What is signed may have as many bytes as a request, and this many where a request may have fewer.
const BYTES_MAX: usize = 65_536;

/// The certificate to be signed.
pub(crate) struct Composed {
    /// The fields.
    pub(crate) tbs: TbsCertificate,
    /// Whether the profile makes CA certificates.
    pub(crate) is_ca: bool,
}

/// Puts the certificate together, and holds it to the profile's and the issuer's limits whatever policy answered.
pub(crate) fn compose(site: &Site, request: &Request, issuer: &Issuer<'_>) -> Result<Composed, Failure> {
    let profile = profile_of(site, request)?;
    let mut extensions = accept::enabled(request).map(extensions::encoded).collect::<Result<Vec<_>, _>>()?;
    check_extensions(profile, issuer, &extensions)?;
    let parsed = pki::CertificationRequest::from_der(&request.body.raw)
        .map_err(|error| Failure::new(HResult::ERROR_INVALID_DATA, CONSTRUCTING, error))?;
    let subject = if profile.subject.unmodified {
        parsed.subject().clone()
    } else {
        Name::from_components(&site.config.subject_template, &request.subject, site.config.name_lengths)
            .map_err(|error| Failure::new(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, CONSTRUCTING, error))?
    };
    // A certificate in the authority's own name would pass for a CA certificate of its own: its CRLs for the authority's,
    // and no path length counts it (RFC 5280 6.1).
    if site.ca().certificates().iter().any(|own| own.certificate.subject().matches(&subject)) {
        let text = "the subject is the authority's own name; a certificate needs another one";
        return Err(refused(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, text));
    }
    if subject.is_empty() {
        // Without a subject the alternative names are the identity: critical (RFC 5280 4.2.1.6).
        let names = extensions.iter_mut().find(|extension| extension.oid == oid::SUBJECT_ALT_NAME);
        let names = names.ok_or_else(|| {
            let text = "there is neither a subject nor a subject alternative name";
            refused(HResult::CERTSRV_E_BAD_REQUESTSUBJECT, text)
        })?;
        names.critical = true;
    }
    let (not_before, not_after) = validity(site, request, profile, issuer)?;
    let tbs = TbsCertificate {
        serial: random_serial(site)?,
        signature: issuer.signer.algorithm(),
        issuer: issuer.installed.certificate.subject().clone(),
        not_before,
        not_after,
        subject,
        public_key: parsed.public_key().clone(),
        extensions,
    };
    Ok(Composed { tbs, is_ca: profile.ca.is_some() })
}

/// The longest extension value, and the longest certificate before it is signed, in bytes.
pub(crate) fn bytes_max(site: &Site) -> usize {
    site.config.request_bytes_max.max(BYTES_MAX)
}

/// Policy may put in many names and extensions: together they make no certificate that others choke on.
pub(crate) fn check_length(site: &Site, tbs: &[u8]) -> Result<(), Failure> {
    let (length, max) = (tbs.len(), bytes_max(site));
    if length > max {
        let text = format!("the certificate would have {length} bytes; at most {max} are signed");
        return Err(refused(HResult::CERTSRV_E_ENCODING_LENGTH, text));
    }
    Ok(())
}

fn refused(code: HResult, text: impl std::fmt::Display) -> Failure {
    Failure::new(code, CONSTRUCTING, text)
}

fn profile_of<'a>(site: &'a Site, request: &Request) -> Result<&'a Profile, Failure> {
    let name = request
        .profile
        .as_deref()
        .ok_or_else(|| refused(HResult::CERTSRV_E_NO_CERT_TYPE, "the request has no profile"))?;
    site.config
        .profiles
        .get(name)
        .ok_or_else(|| refused(HResult::CERTSRV_E_UNSUPPORTED_CERT_TYPE, format!("there is no profile `{name}`")))
}

/// NotBefore and NotAfter, inside the CA certificate's validity and the profile's and the authority's longest.
fn validity(
    site: &Site,
    request: &Request,
    profile: &Profile,
    issuer: &Issuer<'_>,
) -> Result<(jiff::Timestamp, jiff::Timestamp), Failure> {
    let missing = || refused(HResult::E_UNEXPECTED, "the request has no validity");
    let not_before = request.not_before.ok_or_else(missing)?.max(issuer.installed.certificate.not_before());
    let mut not_after = request.not_after.ok_or_else(missing)?;
    // Counted from now, not from NotBefore: the skew is no part of the validity asked for.
    let now = site.now();
    for limit in [profile.validity_max, site.config.validity_max] {
        let end = limit.after(now).map_err(|error| refused(error.code, error.message))?;
        not_after = not_after.min(end);
    }
    not_after = not_after.min(issuer.installed.certificate.not_after());
    let not_after = jiff::Timestamp::from_second(not_after.as_second()).unwrap_or(not_after);
    if not_after <= not_before || not_after <= now {
        return Err(refused(
            HResult::E_INVALIDARG,
            format!("the certificate would end at {not_after}, before it begins or in the past"),
        ));
    }
    Ok((not_before, not_after))
}

/// The limits on extensions: what a certificate of this profile can never say.
fn check_extensions(profile: &Profile, issuer: &Issuer<'_>, extensions: &[Extension]) -> Result<(), Failure> {
    let undecodable = |error: pki::Error| refused(HResult::ERROR_INVALID_DATA, error);
    let find = |wanted: &ObjectIdentifier| extensions.iter().find(|extension| extension.oid == *wanted);

    let constraints = find(&oid::BASIC_CONSTRAINTS).map(|e| pki::extension::decode_basic_constraints(&e.value));
    let constraints = constraints.transpose().map_err(undecodable)?;
    let is_ca = constraints.as_ref().is_some_and(|constraints| constraints.ca);
    let usage =
        find(&oid::KEY_USAGE).map(|e| pki::extension::decode_key_usage(&e.value)).transpose().map_err(undecodable)?;
    let signs_certificates = usage.is_some_and(|usage| usage.intersects(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN));
    match &profile.ca {
        None if is_ca || signs_certificates => {
            return Err(refused(
                HResult::CERTSRV_E_INVALID_CA_CERTIFICATE,
                "the profile does not make CA certificates: neither cA nor keyCertSign nor cRLSign can be in one",
            ));
        }
        Some(rules) => {
            if !is_ca {
                return Err(refused(
                    HResult::CERTSRV_E_INVALID_CA_CERTIFICATE,
                    "the profile makes CA certificates, and this is none",
                ));
            }
            let below = issuer.installed.certificate.path_len();
            if below == Some(0) {
                return Err(refused(
                    HResult::CERTSRV_E_INVALID_CA_CERTIFICATE,
                    "the CA certificate's path length allows no authority below",
                ));
            }
            let limit = rules.path_length.into_iter().chain(below.map(|length| length - 1)).min();
            let asked = constraints.and_then(|constraints| constraints.path_len);
            if limit.is_some_and(|limit| asked.is_none_or(|asked| asked > limit)) {
                let text = format!("the path length would be longer than {}", limit.unwrap_or_default());
                return Err(refused(HResult::CERTSRV_E_INVALID_CA_CERTIFICATE, text));
            }
        }
        None => {}
    }

    let usages = find(&oid::EXTENDED_KEY_USAGE).map(|e| pki::extension::decode_extended_key_usage(&e.value));
    if let Some(usages) = usages.transpose().map_err(undecodable)? {
        let allowed: BTreeSet<ObjectIdentifier> =
            profile.extended_key_usage.iter().filter_map(|name| pki::extension::extended_key_usage_oid(name)).collect();
        if usages.is_empty() {
            return Err(refused(HResult::ERROR_INVALID_DATA, "the extended key usage is empty"));
        }
        if let Some(usage) = usages.iter().find(|usage| !allowed.contains(*usage)) {
            return Err(refused(
                HResult::E_ACCESSDENIED,
                format!("the profile does not allow the extended key usage {usage}"),
            ));
        }
    } else if !profile.extended_key_usage.is_empty() {
        return Err(refused(
            HResult::ERROR_INVALID_DATA,
            "the profile has extended key usages, and the certificate would have none: the policy module `default` puts \
             them in, or one in its place sets 2.5.29.37",
        ));
    }
    Ok(())
}

/// A serial number with 158 random bits.
fn random_serial(site: &Site) -> Result<Serial, Failure> {
    let mut bytes = [0; 20];
    let failed = |error: &dyn std::fmt::Display| refused(HResult::E_FAIL, format!("no random serial number: {error}"));
    site.world.random.fill(&mut bytes).map_err(|error| failed(&error))?;
    Serial::from_random(&bytes).map_err(|error| failed(&error))
}

/// The subject alternative names as text, for searching; empty where there are none or they cannot be read.
pub(crate) fn alternative_names(extensions: &[Extension]) -> String {
    let found = extensions.iter().find(|extension| extension.oid == oid::SUBJECT_ALT_NAME);
    let names = found.and_then(|extension| pki::extension::decode_subject_alt_name(&extension.value).ok());
    names.unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The subject key identifier a certificate carries.
pub(crate) fn subject_key_identifier(extensions: &[Extension]) -> Option<Vec<u8>> {
    let found = extensions.iter().find(|extension| extension.oid == oid::SUBJECT_KEY_IDENTIFIER)?;
    pki::extension::decode_subject_key_identifier(&found.value).ok()
}

/// Takes what the composed certificate says into the request's row.
pub(crate) fn note(request: &mut Request, tbs: &TbsCertificate) {
    request.not_before = Some(tbs.not_before);
    request.not_after = Some(tbs.not_after);
    request.subject = tbs.subject.components();
    request.alternative_names = alternative_names(&tbs.extensions);
    if let (Some(key), Some(identifier)) = (&mut request.key, subject_key_identifier(&tbs.extensions)) {
        key.identifier = identifier;
    }
    note_principal(request, &tbs.extensions);
}

/// The user principal name of a certificate with these extensions: its own, or the one that policy has set. What the request
/// asked for and the certificate does not say, is nobody's.
pub(crate) fn note_principal(request: &mut Request, extensions: &[Extension]) {
    if let Some(name) = pki::extension::user_principal_name(extensions) {
        request.properties.insert("UPN".into(), name);
    } else if request.properties.get("UPN").is_some_and(String::is_empty) {
        request.properties.remove("UPN");
    }
}
