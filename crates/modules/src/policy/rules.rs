//! A profile, checked and prepared.

use std::sync::Arc;

use module::profile::ProfileDecision;
use module::{ModuleError, Profile};

use super::choice::Requesters;
use super::extensions::Extensions;
use super::keys::Keys;
use super::names::Names;
use super::subject::SubjectParts;
use super::usage::Usage;
use super::validity::Validity;

/// The longest name of a profile, in characters: the contract's `CertificateTemplate` has 254 bytes of UTF-16.
const NAME_CHARACTERS_MAX: usize = 127;
/// The most URLs in one list of a profile.
const URLS_MAX: usize = 16;

/// A checked profile: words are bits, texts are patterns, extensions are DER.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) name: Arc<str>,
    pub(super) decision: ProfileDecision,
    pub(super) requesters: Requesters,
    pub(super) keys: Keys,
    pub(super) subject: SubjectParts,
    pub(super) names: Names,
    pub(super) extensions: Extensions,
    pub(super) usage: Usage,
    pub(super) validity: Validity,
}

impl Rules {
    /// Checks a profile. Every error names the profile and the key.
    pub(super) fn resolve(name: &str, profile: &Profile) -> Result<Self, ModuleError> {
        check_name(name)?;
        Self::prepare(&Arc::from(name), profile)
            .map_err(|(key, wrong)| ModuleError::invalid(format!("the profile `{name}`: `{key}` {wrong}")))
    }

    fn prepare(name: &Arc<str>, profile: &Profile) -> Result<Self, (&'static str, String)> {
        let keys = Keys::resolve(name, &profile.keys)?;
        let usage = Usage::resolve(name, profile, &keys.kinds)?;
        check_urls("crl_distribution_points", profile.crl_distribution_points.as_deref())?;
        check_urls("ca_issuers", profile.ca_issuers.as_deref())?;
        check_urls("ocsp", profile.ocsp.as_deref())?;
        Ok(Self {
            name: Arc::clone(name),
            decision: profile.decision,
            requesters: Requesters::resolve(name, &profile.requesters).map_err(|wrong| ("requesters", wrong))?,
            keys,
            subject: SubjectParts::resolve(name, &profile.subject)?,
            names: Names::resolve(name, &profile.names)?,
            extensions: Extensions::resolve(profile)?,
            usage,
            validity: Validity::resolve(profile)?,
        })
    }
}

fn check_name(name: &str) -> Result<(), ModuleError> {
    let plain = |c: char| !c.is_control() && c != '`';
    if name.trim().is_empty() || name.trim() != name || !name.chars().all(plain) {
        return Err(ModuleError::invalid(format!("`{}` cannot be the name of a profile", name.escape_debug())));
    }
    if name.chars().count() > NAME_CHARACTERS_MAX {
        let text = format!("the name of the profile `{name}` is longer than {NAME_CHARACTERS_MAX} characters");
        return Err(ModuleError::invalid(text));
    }
    Ok(())
}

/// URLs as certificates carry them (RFC 5280 4.2.1.13, 4.2.2.1), with the contract's tokens.
fn check_urls(key: &'static str, urls: Option<&[String]>) -> Result<(), (&'static str, String)> {
    let urls = urls.unwrap_or_default();
    if urls.len() > URLS_MAX {
        return Err((key, format!("has more than {URLS_MAX} URLs")));
    }
    for url in urls {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let known = ["http", "https", "ldap", "ldaps", "ftp"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
        if !known || rest.is_empty() || !url.is_ascii() || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err((key, format!("has `{url}`, which is not a URL such as http://pki.example.org/%3%8%9.crl")));
        }
    }
    Ok(())
}
