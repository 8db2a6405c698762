//! The root's certificate, and a subordinate's request.

use engine::Signer;
use jiff::{SignedDuration, Timestamp};
use keys::FileSigner;
use module::moment::Period;
use pki::extension::{basic_constraints, ca_version, key_usage, subject_key_identifier};
use pki::{Certificate, CertificationRequest, Extension, KeyUsage, LintRules, Serial, Severity, TbsCertificate};

use super::{Plan, random, sealed};
use crate::Error;

/// How much earlier than now a root certificate begins: clocks differ.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// A self-signed certificate, linted and verified (RFC 5280 3.2, 4.2.1.9).
pub(super) fn root(plan: &Plan, signer: &FileSigner, validity: Period, now: Timestamp) -> Result<Certificate, Error> {
    let whole = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap_or(at);
    let not_after = validity.after(now).map_err(|error| Error::usage(error.message))?;
    let tbs = TbsCertificate {
        serial: Serial::from_random(&random::<20>()?)?,
        signature: signer.algorithm(),
        issuer: plan.subject.clone(),
        not_before: whole(now - SKEW),
        not_after: whole(not_after),
        subject: plan.subject.clone(),
        public_key: signer.public_key().clone(),
        extensions: extensions(plan, signer),
    };
    let tbs = tbs.to_der()?;
    let identifier = signer.public_key().key_identifier();
    let rules = LintRules {
        issuer: plan.subject.der(),
        signature_algorithm: Some(signer.algorithm().der()),
        issuer_key_identifier: Some(&identifier),
        is_ca: true,
        name_lengths: pki::NameLengths::Enforced,
    };
    let findings = pki::lint(&tbs, &rules);
    if let Some(finding) = findings.iter().find(|finding| finding.severity == Severity::Error) {
        return Err(Error::failed(format!("the root certificate would break {}: {}", finding.rfc, finding.message)));
    }
    let certificate = Certificate::from_der(&sealed(&tbs, signer)?)?;
    certificate.verify(signer.public_key())?;
    Ok(certificate)
}

/// A PKCS#10 request (RFC 2986) for a CA certificate, verified.
pub(super) fn request(plan: &Plan, signer: &FileSigner) -> Result<Vec<u8>, Error> {
    let info = pki::certification_request_info(&plan.subject, signer.public_key(), &extensions(plan, signer))?;
    let der = sealed(&info, signer)?;
    CertificationRequest::from_der(&der)?.verify()?;
    Ok(der)
}

fn extensions(plan: &Plan, signer: &FileSigner) -> Vec<Extension> {
    vec![
        basic_constraints(true, plan.path_length),
        key_usage(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
        subject_key_identifier(&signer.public_key().key_identifier()),
        ca_version(0, 0),
    ]
}
