//! Carrying a decision out. An issue is: compose, lint, sign, verify the own signature.

use std::sync::Arc;

use module::{Decision, Disposition, HResult};
use pki::{Certificate, LintRules, Severity};

use crate::compose;
use crate::failure::Failure;
use crate::site::Site;
use crate::{Issued, Request};

/// Puts what policy decided into the request's row: pending, denied, or issued with its certificate.
pub(crate) fn carry_out(site: &Site, request: &mut Request, decision: Decision) -> Result<(), Failure> {
    let with_text =
        |message: &str, text: String| if text.is_empty() { message.to_owned() } else { format!("{message}: {text}") };
    match decision {
        Decision::Issue => issue(site, request),
        Decision::Pend { message } => {
            request.disposition = Disposition::Pending;
            request.status = HResult::S_OK;
            request.message = with_text("Taken Under Submission", message);
            Ok(())
        }
        Decision::Deny { code, message } => {
            request.disposition = Disposition::Denied;
            request.status = code;
            request.message = with_text("Denied by Policy Module", message);
            Ok(())
        }
    }
}

/// Makes the certificate. Nothing of it is anybody's before the commit.
fn issue(site: &Site, request: &mut Request) -> Result<(), Failure> {
    const SIGNING: &str = "Error Signing Certificate";
    let ca = site.ca();
    let issuer = ca.issuer().map_err(|error| Failure::of(error, SIGNING))?;

    let composed = compose::compose(site, request, &issuer)?;
    let tbs = composed.tbs.to_der().map_err(|error| Failure::new(HResult::ERROR_INVALID_DATA, SIGNING, error))?;
    compose::check_length(site, &tbs)?;
    lint(
        &tbs,
        &LintRules {
            issuer: issuer.installed.certificate.subject().der(),
            signature_algorithm: Some(issuer.signer.algorithm().der()),
            issuer_key_identifier: Some(&issuer.installed.key_identifier),
            is_ca: composed.is_ca,
            name_lengths: site.config.name_lengths,
        },
    )?;
    let signature = issuer.signer.sign(&tbs).map_err(|error| Failure::of(error.into(), SIGNING))?;
    let key = issuer.installed.certificate.public_key();
    key.verify(issuer.signer.algorithm(), &tbs, &signature).map_err(|error| {
        Failure::new(HResult::NTE_BAD_SIGNATURE, SIGNING, format!("the signature just made does not verify: {error}"))
    })?;

    let der = pki::assemble(&tbs, issuer.signer.algorithm(), &signature);
    compose::note(request, &composed.tbs);
    request.issued = Some(Issued {
        serial: composed.tbs.serial,
        sha1: pki::sha1(&der),
        ca_certificate: issuer.installed.row.index,
        ca_key: issuer.installed.row.key_index,
        distinguished_name: composed.tbs.subject.to_string(),
    });
    if let Some(profile) = request.profile.as_deref().and_then(|name| site.config.profiles.get(name)) {
        request.publish_expired = profile.publish_expired;
    }
    Arc::make_mut(&mut request.body).certificate = Some(der);
    request.disposition = Disposition::Issued;
    request.status = HResult::S_OK;
    request.message = "Issued".into();
    Ok(())
}

/// Judges the final bytes. A finding against a MUST fails the request; an unwise choice is logged.
fn lint(tbs: &[u8], rules: &LintRules<'_>) -> Result<(), Failure> {
    for finding in pki::lint(tbs, rules) {
        match finding.severity {
            Severity::Error => {
                let text = format!("{} ({}, {})", finding.message, finding.code, finding.rfc);
                return Err(Failure::new(HResult::ERROR_INVALID_DATA, "Error Constructing Certificate", text));
            }
            Severity::Warning => tracing::debug!(code = finding.code, rfc = finding.rfc, "{}", finding.message),
        }
    }
    Ok(())
}

/// The row of a certificate made elsewhere says what the certificate says.
pub(crate) fn note_certificate(request: &mut Request, certificate: &Certificate, ca_certificate: u16, ca_key: u16) {
    let key = certificate.public_key();
    request.key = Some(crate::KeySummary {
        algorithm: key.algorithm_oid(),
        bits: key.bits(),
        identifier: certificate.subject_key_identifier().unwrap_or_else(|| key.key_identifier().to_vec()),
    });
    request.subject = certificate.subject().components();
    request.alternative_names = compose::alternative_names(certificate.extensions());
    compose::note_principal(request, certificate.extensions());
    request.not_before = Some(certificate.not_before());
    request.not_after = Some(certificate.not_after());
    request.issued = Some(Issued {
        serial: certificate.serial(),
        sha1: certificate.sha1(),
        ca_certificate,
        ca_key,
        distinguished_name: certificate.subject().to_string(),
    });
    Arc::make_mut(&mut request.body).certificate = Some(certificate.der().to_vec());
}
