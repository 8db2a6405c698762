//! From bytes to a request that policy can judge: format, proof of possession, key quality, defaults.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::{Timestamp, ToSpan};
use module::property::attribute_key;
use module::{CertificateExtension, ExtensionFlags, HResult, Profile};
use pki::{CertificationRequest, oid};

use crate::ca::Installed;
use crate::failure::Failure;
use crate::location::Use;
use crate::roles::{Authorised, Role, right};
use crate::site::Site;
use crate::{Error, KeySummary, Request, RequestBody, Submission, extensions};

/// `CR_IN_PKCS10`: what `RequestType` says of every request this engine reads.
const REQUEST_TYPE_PKCS10: i32 = 0x100;
/// The contract's column sizes, in UTF-16 bytes.
const ATTRIBUTE_NAME_BYTES_MAX: usize = 254;
const ATTRIBUTE_VALUE_BYTES_MAX: usize = 8_192;
const ATTRIBUTE_TEXT_BYTES_MAX: usize = 32_768;
/// The most attributes of a request.
const ATTRIBUTES_MAX: usize = 256;

/// What is refused without a record: nobody's request yet.
pub(crate) fn check_entry(site: &Site, by: &Authorised<right::Enrol>, submission: &Submission) -> Result<(), Error> {
    // Base64 with line breaks takes a good third more than the DER in it.
    let bytes_max = site.config.request_bytes_max * 3 / 2;
    if submission.request.len() > bytes_max {
        return Err(Error::refused(format!(
            "the request is {} bytes; at most {bytes_max} are taken",
            submission.request.len()
        )));
    }
    if submission.request.is_empty() {
        return Err(Error::refused("the request is empty"));
    }
    check_attribute_text(&submission.attributes)?;
    let for_another = submission.requester.as_deref().is_some_and(|requester| requester != by.caller().name);
    if for_another && !by.holds(Role::CertificateManager) {
        return Err(Error::AccessDenied("requesting for somebody else takes the role certificate-manager".into()));
    }
    Ok(())
}

/// The row of a new request, before anything of it was read.
pub(crate) fn record(site: &Site, by: &Authorised<right::Enrol>, submission: &Submission) -> Result<Request, Error> {
    let caller = by.caller().name.clone();
    let requester = submission.requester.clone().unwrap_or_else(|| caller.clone());
    let mut attributes = Vec::new();
    put_attributes(&mut attributes, &submission.attributes);
    let mut properties = BTreeMap::new();
    // Kept with the request: a resubmission is judged by the groups it came in with.
    if requester == caller && !by.caller().groups.is_empty() {
        properties.insert("RequesterGroups".to_owned(), by.caller().groups.join("\n"));
    }
    Ok(Request {
        request_type: REQUEST_TYPE_PKCS10,
        profile: submission.profile.clone(),
        properties,
        body: Arc::new(RequestBody {
            attribute_text: submission.attributes.clone(),
            attributes,
            ..RequestBody::default()
        }),
        ..Request::empty(site.next_request_id()?, site.now(), requester, caller)
    })
}

/// Reads the request into its row. What cannot be read is kept as it came, unless it may be a private key.
pub(crate) fn read(site: &Site, request: &mut Request, raw: Vec<u8>) -> Result<(), Failure> {
    const VERIFYING: &str = "Error Verifying Request Signature or Signing Certificate";

    let parsed = match decode(&raw, site.config.request_bytes_max) {
        Ok(parsed) => parsed,
        Err(_) if pki::may_hold_private_key(&raw) => {
            let text =
                "this is no request but may be a private key, and was not kept; if it is one, it must be replaced";
            return Err(Failure::new(HResult::CRYPT_E_INVALID_MSG_TYPE, PARSING, text));
        }
        Err(failure) => {
            Arc::make_mut(&mut request.body).raw = raw;
            return Err(failure);
        }
    };
    take_over(site, request, &parsed);
    parsed.verify().map_err(|error| Failure::new(HResult::NTE_BAD_SIGNATURE, VERIFYING, error))?;
    let quality = parsed.public_key().quality(&site.config.key_rules);
    quality.map_err(|error| Failure::new(HResult::CERTSRV_E_KEY_LENGTH, VERIFYING, error))?;
    prepare(site, request, &parsed).map_err(|error| Failure::of(error, "Error Constructing Certificate"))
}

const PARSING: &str = "Error Parsing Request";

fn decode(raw: &[u8], bytes_max: usize) -> Result<CertificationRequest, Failure> {
    let der =
        pki::decode_request(raw).map_err(|error| Failure::new(HResult::CRYPT_E_INVALID_MSG_TYPE, PARSING, error))?;
    if der.len() > bytes_max {
        let text = format!("{} bytes; at most {bytes_max} are taken", der.len());
        return Err(Failure::new(HResult::CERTSRV_E_ENCODING_LENGTH, PARSING, text));
    }
    CertificationRequest::from_der(&der).map_err(|error| Failure::new(HResult::ERROR_INVALID_DATA, PARSING, error))
}

/// Copies what the request says of itself into its row.
fn take_over(site: &Site, request: &mut Request, parsed: &CertificationRequest) {
    let key = parsed.public_key();
    request.key = Some(KeySummary {
        algorithm: key.algorithm_oid(),
        bits: key.bits(),
        identifier: key.key_identifier().to_vec(),
    });
    request.subject = parsed.subject().components();
    let body = Arc::make_mut(&mut request.body);
    body.raw = parsed.der().to_vec();
    for (name, value) in parsed.attribute_pairs() {
        put_attribute(&mut body.attributes, &name, &value);
    }
    for extension in parsed.extensions() {
        body.extensions.push(extensions::stored(extension, ExtensionFlags::ORIGIN_REQUEST | ExtensionFlags::DISABLE));
    }
    if request.profile.is_none() {
        let named = request.attribute("CertificateTemplate").map(str::to_owned);
        let extension = parsed.extension(&oid::TEMPLATE_NAME);
        let named = named.or_else(|| pki::extension::decode_template_name(&extension?.value).ok());
        // A template identifier counts where a profile is called by it.
        let identifier = parsed.extension(&oid::TEMPLATE_INFORMATION);
        let identifier = identifier.and_then(|found| pki::extension::decode_template_information(&found.value).ok());
        let identifier = identifier.map(|(template, _, _)| template.to_string());
        let identifier = identifier.filter(|name| module::profile::find(&site.config.profiles, name).is_some());
        request.profile = named.or(identifier).or_else(|| site.config.default_profile.clone());
    }
    let known = request.profile.as_deref().and_then(|named| module::profile::find(&site.config.profiles, named));
    if let Some((name, _)) = known {
        request.profile = Some(name.to_owned());
    }
}

/// The request as policy was asked about it when it came in: read once more from what is stored, by today's configuration,
/// and under the profile that it has now. None where policy was not asked: it cannot be read, or was refused before.
pub(crate) fn as_asked(site: &Site, stored: &Request) -> Result<Option<Request>, Error> {
    let Ok(parsed) = CertificationRequest::from_der(&stored.body.raw) else { return Ok(None) };
    if parsed.verify().is_err() || parsed.public_key().quality(&site.config.key_rules).is_err() {
        return Ok(None);
    }
    let mut attributes = Vec::new();
    put_attributes(&mut attributes, &stored.body.attribute_text);
    let groups = stored.properties.get_key_value("RequesterGroups");
    let mut request = Request {
        request_type: stored.request_type,
        flags: stored.flags,
        profile: stored.profile.clone(),
        properties: groups.map(|(name, groups)| (name.clone(), groups.clone())).into_iter().collect(),
        body: Arc::new(RequestBody {
            attribute_text: stored.body.attribute_text.clone(),
            attributes,
            ..RequestBody::default()
        }),
        ..Request::empty(stored.id, stored.submitted, stored.requester.clone(), stored.caller.clone())
    };
    take_over(site, &mut request, &parsed);
    let ca = site.ca();
    let all = ca.certificates();
    let of_then = || all.iter().rev().find(|found| found.certificate.not_before() <= stored.submitted);
    let issuer = stored.issued.as_ref().and_then(|issued| ca.certificate(issued.ca_certificate));
    let Some(issuer) = issuer.or_else(of_then).or(all.last()) else { return Ok(None) };
    prepare_under(site, issuer, stored.submitted, &mut request, &parsed)?;
    Ok(Some(request))
}

/// The engine's own extensions and the default validity.
fn prepare(site: &Site, request: &mut Request, parsed: &CertificationRequest) -> Result<(), Error> {
    let ca = site.ca();
    prepare_under(site, ca.issuer()?.installed, site.now(), request, parsed)
}

/// The same at a moment, for a certificate of this issuer.
fn prepare_under(
    site: &Site,
    issuer: &Installed,
    now: Timestamp,
    request: &mut Request,
    parsed: &CertificationRequest,
) -> Result<(), Error> {
    let profile = profile_of(site, request);

    request.not_before = Some(earliest_start(site, now, issuer.certificate.not_before()));
    request.not_after = Some(latest_end(site, profile, request.submitted, issuer.certificate.not_after())?);

    let own = own_extensions(site, profile, issuer, &parsed.public_key().key_identifier())?;
    let body = Arc::make_mut(&mut request.body);
    for extension in own {
        // The engine's word stands: a request cannot bring its own identifiers or addresses.
        let stored = extensions::stored(&extension, ExtensionFlags::ORIGIN_SERVER);
        body.extensions.retain(|existing| existing.oid != stored.oid);
        body.extensions.push(stored);
    }
    Ok(())
}

/// Says anew what the engine says of the issuer and the validity, where nobody has said otherwise since: a request that
/// waited may be issued under another CA certificate than the one it came in under, and is valid from now.
pub(crate) fn renew(site: &Site, request: &mut Request) -> Result<(), Error> {
    let ca = site.ca();
    let issuer = ca.issuer()?.installed;
    let Some(key) = request.key.as_ref().map(|key| key.identifier.clone()) else { return Ok(()) };
    let profile = profile_of(site, request);
    renew_validity(site, profile, issuer, request)?;
    let body = Arc::make_mut(&mut request.body);
    for extension in own_extensions(site, profile, issuer, &key)? {
        let oid = extension.oid.to_string();
        let ours =
            |row: &&mut CertificateExtension| row.oid == oid && row.flags.origin() == ExtensionFlags::ORIGIN_SERVER;
        if let Some(row) = body.extensions.iter_mut().find(ours) {
            row.value = extension.value;
        }
    }
    Ok(())
}

/// The start moves up to now. The end moves only where it is still the one that the engine gave: one that policy brought
/// forward stays, and can have passed.
fn renew_validity(site: &Site, profile: &Profile, issuer: &Installed, request: &mut Request) -> Result<(), Error> {
    let (ca_start, ca_end) = (issuer.certificate.not_before(), issuer.certificate.not_after());
    let start = earliest_start(site, site.now(), ca_start);
    request.not_before = Some(request.not_before.map_or(start, |before| before.max(start)));
    if request.not_after == Some(latest_end(site, profile, request.submitted, ca_end)?) {
        request.not_after = Some(latest_end(site, profile, site.now(), ca_end)?);
    }
    if let Some(end) = request.not_after.filter(|end| *end <= site.now()) {
        let what = format!(
            "request {} was to be valid until {end}, which has passed: deny it, and have it handed in again",
            request.id
        );
        return Err(Error::conflict(HResult::CERTSRV_E_BAD_REQUESTSTATUS, what));
    }
    Ok(())
}

/// The profile the request names; the default one where there is none of that name: policy will say so.
fn profile_of<'a>(site: &'a Site, request: &Request) -> &'a Profile {
    static DEFAULT: LazyLock<Profile> = LazyLock::new(Profile::default);
    request.profile.as_deref().and_then(|name| site.config.profiles.get(name)).unwrap_or(&DEFAULT)
}

/// The engine's own extensions: identifiers of the key and the issuer, and where to find CRLs, the issuer and OCSP.
fn own_extensions(
    site: &Site,
    profile: &Profile,
    issuer: &Installed,
    key_identifier: &[u8],
) -> Result<Vec<pki::Extension>, Error> {
    let mut own = vec![
        pki::extension::subject_key_identifier(key_identifier),
        pki::extension::authority_key_identifier(Some(&issuer.key_identifier), None, None),
    ];
    let urls =
        |configured: &Option<Vec<String>>, delta, locations: &[crate::location::Location], uses| -> Vec<String> {
            let tokens = site.tokens(issuer.row.index, issuer.row.key_index, delta);
            match configured {
                Some(templates) => templates.iter().map(|template| tokens.url(template)).collect(),
                None => locations.iter().filter(|l| l.uses.contains(uses)).map(|l| tokens.url(&l.template)).collect(),
            }
        };
    let crl_urls = urls(&profile.crl_distribution_points, false, &site.config.crl.locations, Use::ADD_TO_CERT_CDP);
    let ca_urls = urls(&profile.ca_issuers, false, &site.config.ca_locations, Use::ADD_TO_CERT_CDP);
    let ocsp_urls = urls(&profile.ocsp, false, &site.config.ca_locations, Use::ADD_TO_CERT_OCSP);
    if !crl_urls.is_empty() {
        own.push(pki::extension::crl_distribution_points(&crl_urls)?);
    }
    if !ca_urls.is_empty() || !ocsp_urls.is_empty() {
        own.push(pki::extension::authority_info_access(&ca_urls, &ocsp_urls)?);
    }
    Ok(own)
}

/// Now less the clock skew, in whole seconds, and not before the CA certificate.
fn earliest_start(site: &Site, now: Timestamp, ca_start: Timestamp) -> Timestamp {
    let skewed = now.checked_sub(i64::from(site.config.clock_skew_seconds).seconds()).unwrap_or(now);
    whole_seconds(skewed).max(ca_start)
}

/// The end that nothing can move later: the profile's, the authority's and the CA certificate's limits.
fn latest_end(site: &Site, profile: &Profile, now: Timestamp, ca_end: Timestamp) -> Result<Timestamp, Error> {
    let ends =
        [profile.validity.after(now)?, profile.validity_max.after(now)?, site.config.validity_max.after(now)?, ca_end];
    Ok(whole_seconds(ends.into_iter().min().unwrap_or(ca_end)))
}

fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// Attribute text that does not fit the contract's columns is refused, not cut.
pub(crate) fn check_attribute_text(text: &str) -> Result<(), Error> {
    let bytes = text.encode_utf16().count() * 2;
    if bytes > ATTRIBUTE_TEXT_BYTES_MAX {
        return Err(Error::refused(format!(
            "the attributes are {bytes} bytes of UTF-16; at most {ATTRIBUTE_TEXT_BYTES_MAX} are taken"
        )));
    }
    Ok(())
}

/// Adds the attributes of a text ([MS-WCCE] 3.2.1.4.2.1.2): a pair a line, the first colon separates; what is no pair,
/// or too long for its column, is passed over.
pub(crate) fn put_attributes(attributes: &mut Vec<(String, String)>, text: &str) {
    for line in text.split('\n') {
        if let Some((name, value)) = line.split_once(':') {
            let name: String = name.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
            put_attribute(attributes, &name, value.trim());
        }
    }
}

/// Adds one attribute; the last value of a name counts.
fn put_attribute(attributes: &mut Vec<(String, String)>, name: &str, value: &str) {
    let fits = |text: &str, bytes_max: usize| text.encode_utf16().count() * 2 <= bytes_max;
    if name.is_empty() || !fits(name, ATTRIBUTE_NAME_BYTES_MAX) || !fits(value, ATTRIBUTE_VALUE_BYTES_MAX) {
        return;
    }
    let key = attribute_key(name);
    let room = attributes.len() < ATTRIBUTES_MAX;
    match attributes.iter_mut().find(|(existing, _)| attribute_key(existing) == key) {
        Some((_, existing)) => value.clone_into(existing),
        None if room => attributes.push((name.to_owned(), value.to_owned())),
        None => {}
    }
}

/// The extensions a certificate is made of.
pub(crate) fn enabled(request: &Request) -> impl Iterator<Item = &CertificateExtension> {
    request.body.extensions.iter().filter(|extension| extension.flags.is_enabled())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_the_contract_says() {
        let mut attributes = Vec::new();
        put_attributes(
            &mut attributes,
            "Certificate-Template: Web Server \r\nnot a pair\ncert file:C:\\x:y\n:x\nCertFile:",
        );
        let expected = [("CertificateTemplate", "Web Server"), ("certfile", "")];
        assert_eq!(attributes, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
