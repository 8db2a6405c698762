//! The basic fields, RFC 5280 4.1.

use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, X509Version};

use super::{Findings, Subject, oid_text};
use crate::oid;

pub(super) fn check(findings: &mut Findings, subject: &Subject<'_>) {
    version(findings, subject);
    serial(findings, subject);
    signature(findings, subject);
    issuer(findings, subject);
    validity(findings, subject);
    empty_subject(findings, subject);
    unique_identifiers(findings, subject);
}

fn version(findings: &mut Findings, subject: &Subject<'_>) {
    let rfc = "RFC 5280 4.1.2.1";
    if subject.tbs.version() != X509Version::V3 {
        findings.error("version_not_3", rfc, format!("version {}", subject.tbs.version().0 + 1));
    }
}

fn serial(findings: &mut Findings, subject: &Subject<'_>) {
    let rfc = "RFC 5280 4.1.2.2";
    let contents = subject.tbs.raw_serial();
    if contents.first().is_none_or(|top| *top >= 0x80) {
        findings.error("serial_negative", rfc, "the serial number is negative");
    }
    if contents.iter().all(|octet| *octet == 0) {
        findings.error("serial_zero", rfc, "the serial number is zero");
    }
    if contents.len() > 20 {
        findings.error(
            "serial_too_long",
            rfc,
            format!("the serial number has {} octets, more than 20", contents.len()),
        );
    }
}

/// The algorithm is the one the certificate will be signed with, and its parameters are as its standard has them.
fn signature(findings: &mut Findings, subject: &Subject<'_>) {
    let signature = &subject.tbs.signature;
    if let Some(want) = subject.rules.signature_algorithm
        && !is_same_algorithm(signature, want)
    {
        findings.error(
            "signature_algorithm_mismatch",
            "RFC 5280 4.1.2.3",
            format!("signature algorithm {} is not that of the issuer", oid_text(&signature.algorithm)),
        );
    }
    let algorithm = signature.algorithm.as_bytes();
    let is_one_of = |oids: &[crate::ObjectIdentifier]| oids.iter().any(|oid| oid.as_bytes() == algorithm);
    let null = signature.parameters.as_ref().map(|p| p.tag() == x509_parser::asn1_rs::Tag::Null);
    if is_one_of(&[oid::SHA256_WITH_RSA, oid::SHA384_WITH_RSA, oid::SHA512_WITH_RSA]) {
        if null != Some(true) {
            findings.error("signature_parameters", "RFC 4055 5", "parameters of an RSA signature are not NULL");
        }
    } else if is_one_of(&[oid::SHA1_WITH_RSA, oid::ECDSA_WITH_SHA1, oid::MD5_WITH_RSA]) {
        findings.error("signature_weak", "RFC 6194 3", "signature with SHA-1 or MD5");
    } else if is_one_of(&[
        oid::ECDSA_WITH_SHA256,
        oid::ECDSA_WITH_SHA384,
        oid::ECDSA_WITH_SHA512,
        oid::ED25519,
        oid::ML_DSA_44,
        oid::ML_DSA_65,
        oid::ML_DSA_87,
    ]) && null.is_some()
    {
        let rfc = match algorithm {
            a if a == oid::ED25519.as_bytes() => "RFC 8410 3",
            [0x60, ..] => "RFC 9881 2",
            _ => "RFC 5758 3.2",
        };
        findings.error("signature_parameters", rfc, "parameters of the signature algorithm are not absent");
    }
}

fn is_same_algorithm(found: &AlgorithmIdentifier<'_>, want: &[u8]) -> bool {
    use x509_parser::asn1_rs::FromDer;
    AlgorithmIdentifier::from_der(want).is_ok_and(|(rest, want)| rest.is_empty() && want == *found)
}

fn issuer(findings: &mut Findings, subject: &Subject<'_>) {
    let issuer = subject.tbs.issuer().as_raw();
    if issuer == [0x30, 0x00] {
        findings.error("issuer_empty", "RFC 5280 4.1.2.4", "the issuer has no name");
    }
    if issuer != subject.rules.issuer {
        findings.error(
            "issuer_mismatch",
            "RFC 5280 4.1.2.6",
            format!("the issuer {} is not the CA's subject, byte for byte", subject.tbs.issuer()),
        );
    }
}

fn validity(findings: &mut Findings, subject: &Subject<'_>) {
    let rfc = "RFC 5280 4.1.2.5";
    let validity = subject.tbs.validity();
    for (field, at) in [("notBefore", validity.not_before), ("notAfter", validity.not_after)] {
        // The form follows the year, and so the other one says that the builder did not know the rule.
        let early = at < ASN1Time::from_timestamp(YEAR_2050).unwrap_or(at);
        if early != at.is_utctime() {
            let form = if early { "UTCTime" } else { "GeneralizedTime" };
            findings.error("time_form", rfc, format!("{field} {at} is not a {form}"));
        }
    }
    if validity.not_after < validity.not_before {
        findings.error(
            "validity_order",
            rfc,
            format!("notAfter {} is before notBefore {}", validity.not_after, validity.not_before),
        );
    }
}

/// 2050-01-01T00:00:00Z, from where on times are GeneralizedTime.
const YEAR_2050: i64 = 2_524_608_000;

fn empty_subject(findings: &mut Findings, subject: &Subject<'_>) {
    if !subject.has_empty_subject() {
        return;
    }
    if subject.rules.is_ca {
        findings.error("subject_empty_ca", "RFC 5280 4.1.2.6", "a CA needs a subject name");
    }
    match subject.extension(&oid::SUBJECT_ALT_NAME) {
        None => findings.error("subject_missing", "RFC 5280 4.1.2.6", "neither a subject nor an alternative name"),
        Some(san) if !san.critical => findings.error(
            "san_not_critical",
            "RFC 5280 4.2.1.6",
            "with an empty subject the alternative name must be critical",
        ),
        Some(_) => {}
    }
}

fn unique_identifiers(findings: &mut Findings, subject: &Subject<'_>) {
    if subject.tbs.issuer_uid.is_some() || subject.tbs.subject_uid.is_some() {
        findings.error("unique_identifier", "RFC 5280 4.1.2.8", "unique identifiers must not be issued");
    }
}
