//! The subject alternative names: every name must be one the profile takes (RFC 5280 4.2.1.6).

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use module::profile::NameRules;
use module::{CertificateExtension, ExtensionFlags, HResult, ServerPolicy};
use pki::GeneralName;
use pki::extension::{decode_subject_alt_name, oid, subject_alt_name};

use super::pattern::{
    AddressKind, AddressPattern, DnsPattern, Network, UriPattern, check_dns_name, check_uri, is_dns_like,
};
use super::subject::Subject;
use super::{Stop, contract, optional, quoted};

/// The most names a profile can allow.
const COUNT_MAX: usize = 1000;
/// The most refused names a message lists, and patterns that it shows.
const SHOWN_MAX: usize = 5;

/// The names a profile takes.
#[derive(Debug)]
pub(super) struct Names {
    profile: Arc<str>,
    /// In the contract's notation.
    oid: String,
    dns: List<DnsPattern>,
    dns_wildcards: bool,
    ip: List<Network>,
    email: List<AddressPattern>,
    uri: List<UriPattern>,
    upn: List<AddressPattern>,
    required: bool,
    count_max: usize,
    add_common_name: bool,
}

/// One list of patterns.
#[derive(Debug)]
struct List<P> {
    patterns: Vec<P>,
    /// As the profile has them, for messages.
    shown: String,
}

impl Names {
    pub(super) fn resolve(profile: &Arc<str>, rules: &NameRules) -> Result<Self, (&'static str, String)> {
        if !(1..=COUNT_MAX).contains(&rules.count_max) {
            return Err(("names.count_max", format!("is {}; it lies between 1 and {COUNT_MAX}", rules.count_max)));
        }
        let lists = [&rules.dns, &rules.ip, &rules.email, &rules.uri, &rules.upn];
        if rules.required && lists.into_iter().all(Vec::is_empty) {
            return Err(("names.required", "is set, but no name is taken: nothing could be issued".into()));
        }
        Ok(Self {
            profile: Arc::clone(profile),
            oid: oid::SUBJECT_ALT_NAME.to_string(),
            dns: List::resolve("names.dns", &rules.dns, DnsPattern::parse)?,
            dns_wildcards: rules.dns_wildcards,
            ip: List::resolve("names.ip", &rules.ip, Network::parse)?,
            email: List::resolve("names.email", &rules.email, AddressPattern::parse)?,
            uri: List::resolve("names.uri", &rules.uri, UriPattern::parse)?,
            upn: List::resolve("names.upn", &rules.upn, AddressPattern::parse)?,
            required: rules.required,
            count_max: rules.count_max,
            add_common_name: rules.add_common_name,
        })
    }

    /// Checks the requested names and puts them in, critical where they stand alone for the subject.
    ///
    /// Names that an administrator or a policy module has set stand as they are; under another profile than the one
    /// they were set under (`expected` is false), a module's are checked again.
    pub(super) fn apply(&self, server: &mut dyn ServerPolicy, subject: &Subject, expected: bool) -> Result<(), Stop> {
        let row = optional(server.certificate_extension(&self.oid))?;
        if let Some(row) = &row
            && stands(row, expected)
        {
            return if self.required && !row.flags.is_enabled() { Err(self.refuse_nameless()) } else { Ok(()) };
        }
        let mut names = match &row {
            Some(row) => decode_subject_alt_name(&row.value).map_err(|error| {
                let text = format!("the subject alternative names cannot be read: {error}; make a new request");
                Stop::refuse(HResult::CERT_E_INVALID_NAME, text)
            })?,
            None => Vec::new(),
        };
        if self.add_common_name {
            names.extend(subject.common_names.iter().filter_map(|name| common_name_as_name(name)));
        }
        let mut seen = HashSet::with_capacity(names.len());
        names.retain(|name| seen.insert(folded(name)));
        self.check(&names)?;
        if names.is_empty() {
            return if self.required { Err(self.refuse_nameless()) } else { Ok(()) };
        }
        let mut extension = subject_alt_name(&names).map_err(|error| {
            Stop::refuse(HResult::CERT_E_INVALID_NAME, format!("the names cannot be encoded: {error}"))
        })?;
        extension.critical = subject.empty;
        server.set_certificate_extension(contract(extension))?;
        Ok(())
    }

    fn check(&self, names: &[GeneralName]) -> Result<(), Stop> {
        let profile = &self.profile;
        if names.len() > self.count_max {
            let (count, max) = (names.len(), self.count_max);
            let text = format!("the request has {count} names; the profile `{profile}` takes at most {max}: split it");
            return Err(Stop::refuse(HResult::CERT_E_INVALID_NAME, text));
        }
        let refusals: Vec<String> = names.iter().filter_map(|name| self.fault(name)).collect();
        if refusals.is_empty() {
            return Ok(());
        }
        let mut text = format!("the profile `{profile}` refuses ");
        text.push_str(&refusals.iter().take(SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join("; "));
        if let Some(more) = refusals.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            text.push_str(&format!("; and {more} more"));
        }
        Err(Stop::refuse(HResult::CERT_E_INVALID_NAME, text))
    }

    /// Why a name is refused, beginning with the name.
    fn fault(&self, name: &GeneralName) -> Option<String> {
        let why = match name {
            GeneralName::Dns(dns) => match check_dns_name(dns) {
                Err(wrong) => Some(format!("it {wrong}")),
                Ok(()) if dns.starts_with('*') && !self.dns_wildcards => Some("it takes no wildcards".into()),
                Ok(()) => self.dns.fault("DNS names", |pattern| pattern.matches(dns)),
            },
            GeneralName::Ip(address) => self.ip.fault("IP addresses", |network| network.contains(*address)),
            GeneralName::Email(address) => match AddressKind::Email.check(address) {
                Err(wrong) => Some(format!("it {wrong}")),
                Ok(()) => self.email.fault("e-mail addresses", |pattern| pattern.matches(address)),
            },
            GeneralName::Uri(uri) => match check_uri(uri) {
                Err(wrong) => Some(format!("it {wrong}")),
                Ok(()) => self.uri.fault("URIs", |pattern| pattern.matches(uri)),
            },
            GeneralName::Upn(upn) => match AddressKind::Upn.check(upn) {
                Err(wrong) => Some(format!("it {wrong}")),
                Ok(()) => self.upn.fault("user principal names", |pattern| pattern.matches(upn)),
            },
            GeneralName::IpRange { .. }
            | GeneralName::Directory(_)
            | GeneralName::RegisteredId(_)
            | GeneralName::Other { .. }
            | GeneralName::Opaque(_) => Some("names of this kind are never taken".into()),
        };
        why.map(|why| format!("`{}` ({why})", quoted(&name.to_string())))
    }

    fn refuse_nameless(&self) -> Stop {
        let profile = &self.profile;
        let text = format!("the profile `{profile}` requires a subject alternative name; add one to the request");
        Stop::refuse(HResult::CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED, text)
    }
}

impl<P> List<P> {
    fn resolve(
        key: &'static str,
        texts: &[String],
        parse: fn(&str) -> Result<P, String>,
    ) -> Result<Self, (&'static str, String)> {
        let patterns =
            texts.iter().map(|text| parse(text).map_err(|wrong| (key, format!("has `{text}`, which {wrong}"))));
        let mut shown = texts.iter().take(SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        if texts.len() > SHOWN_MAX {
            shown.push_str(", …");
        }
        Ok(Self { patterns: patterns.collect::<Result<_, _>>()?, shown })
    }

    /// Why a name that is none of the list is refused.
    fn fault(&self, kind: &str, fits: impl Fn(&P) -> bool) -> Option<String> {
        if self.patterns.iter().any(fits) {
            None
        } else if self.patterns.is_empty() {
            Some(format!("it takes no {kind}"))
        } else {
            Some(format!("it takes {}", self.shown))
        }
    }
}

/// Whether somebody else than the requester has set the names.
fn stands(row: &CertificateExtension, expected: bool) -> bool {
    let by_administrator = row.flags.origin() == ExtensionFlags::ORIGIN_ADMIN;
    by_administrator || !row.flags.is_from_request() && (expected || !row.flags.is_enabled())
}

/// A common name that names a host, as the alternative name it must also be.
fn common_name_as_name(common_name: &str) -> Option<GeneralName> {
    match common_name.parse::<IpAddr>() {
        Ok(address) => Some(GeneralName::Ip(address)),
        Err(_) => is_dns_like(common_name).then(|| GeneralName::Dns(common_name.to_owned())),
    }
}

/// The name as it is compared: DNS names are the same in any case (RFC 5280 7.2).
fn folded(name: &GeneralName) -> GeneralName {
    match name {
        GeneralName::Dns(dns) => GeneralName::Dns(dns.to_ascii_lowercase()),
        other => other.clone(),
    }
}
