//! Which extensions must, may and must not be there, and how critical they are: RFC 5280 4.2.

use x509_parser::extensions::{BasicConstraints, ParsedExtension};

use super::{Findings, Subject, oid_text};
use crate::{KeyUsage, ObjectIdentifier, extension, oid};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Criticality {
    Must,
    Should,
    Either,
    ShouldNot,
    MustNot,
}

/// One extension's rule.
struct Rule {
    oid: ObjectIdentifier,
    name: &'static str,
    critical: Criticality,
    /// Only for CA certificates.
    ca_only: bool,
    rfc: &'static str,
}

const fn rule(
    oid: ObjectIdentifier,
    name: &'static str,
    critical: Criticality,
    ca_only: bool,
    rfc: &'static str,
) -> Rule {
    Rule { oid, name, critical, ca_only, rfc }
}

const RULES: [Rule; 24] = {
    use Criticality::{Either, Must, MustNot, Should, ShouldNot};
    [
        rule(oid::AUTHORITY_KEY_IDENTIFIER, "authority key identifier", MustNot, false, "RFC 5280 4.2.1.1"),
        rule(oid::SUBJECT_KEY_IDENTIFIER, "subject key identifier", MustNot, false, "RFC 5280 4.2.1.2"),
        rule(oid::KEY_USAGE, "key usage", Should, false, "RFC 5280 4.2.1.3"),
        rule(oid::CERTIFICATE_POLICIES, "certificate policies", Either, false, "RFC 5280 4.2.1.4"),
        rule(oid::POLICY_MAPPINGS, "policy mappings", Should, true, "RFC 5280 4.2.1.5"),
        rule(oid::SUBJECT_ALT_NAME, "subject alternative name", Either, false, "RFC 5280 4.2.1.6"),
        rule(oid::ISSUER_ALT_NAME, "issuer alternative name", ShouldNot, false, "RFC 5280 4.2.1.7"),
        rule(oid::SUBJECT_DIRECTORY_ATTRIBUTES, "subject directory attributes", MustNot, false, "RFC 5280 4.2.1.8"),
        rule(oid::BASIC_CONSTRAINTS, "basic constraints", Either, false, "RFC 5280 4.2.1.9"),
        rule(oid::NAME_CONSTRAINTS, "name constraints", Must, true, "RFC 5280 4.2.1.10"),
        rule(oid::POLICY_CONSTRAINTS, "policy constraints", Must, true, "RFC 5280 4.2.1.11"),
        rule(oid::EXTENDED_KEY_USAGE, "extended key usage", Either, false, "RFC 5280 4.2.1.12"),
        rule(oid::CRL_DISTRIBUTION_POINTS, "CRL distribution points", ShouldNot, false, "RFC 5280 4.2.1.13"),
        rule(oid::INHIBIT_ANY_POLICY, "inhibit anyPolicy", Must, true, "RFC 5280 4.2.1.14"),
        rule(oid::FRESHEST_CRL, "freshest CRL", MustNot, false, "RFC 5280 4.2.1.15"),
        rule(oid::AUTHORITY_INFO_ACCESS, "authority information access", MustNot, false, "RFC 5280 4.2.2.1"),
        rule(oid::SUBJECT_INFO_ACCESS, "subject information access", MustNot, false, "RFC 5280 4.2.2.2"),
        rule(oid::OCSP_NOCHECK, "OCSP no check", ShouldNot, false, "RFC 6960 4.2.2.2.1"),
        rule(oid::TLS_FEATURE, "TLS feature", ShouldNot, false, "RFC 7633 4"),
        rule(oid::SIGNED_CERTIFICATE_TIMESTAMPS, "signed certificate timestamps", MustNot, false, "RFC 6962 3.3"),
        rule(oid::PRECERTIFICATE_POISON, "precertificate poison", Must, false, "RFC 6962 3.1"),
        rule(oid::TEMPLATE_NAME, "certificate template name", Either, false, "RFC 5280 4.2"),
        rule(oid::TEMPLATE_INFORMATION, "certificate template information", Either, false, "RFC 5280 4.2"),
        rule(oid::APPLICATION_POLICIES, "application policies", Either, false, "RFC 5280 4.2"),
    ]
};

/// Extensions of CRLs and their entries, which mean nothing in a certificate.
const CRL_EXTENSIONS: [ObjectIdentifier; 6] = [
    oid::CRL_NUMBER,
    oid::REASON_CODE,
    oid::INVALIDITY_DATE,
    oid::DELTA_CRL_INDICATOR,
    oid::ISSUING_DISTRIBUTION_POINT,
    oid::CERTIFICATE_ISSUER,
];

pub(super) fn check(findings: &mut Findings, subject: &Subject<'_>) {
    each(findings, subject);
    key_identifiers(findings, subject);
    let constraints = constraints(findings, subject);
    key_usage(findings, subject, constraints);
    alternative_name(findings, subject);
}

fn each(findings: &mut Findings, subject: &Subject<'_>) {
    let extensions = subject.tbs.extensions();
    for (n, extension) in extensions.iter().enumerate() {
        if extensions.iter().take(n).any(|e| e.oid == extension.oid) {
            let text = format!("extension {} appears twice", oid_text(&extension.oid));
            findings.error("extension_twice", "RFC 5280 4.2", text);
        }
        let id = extension.oid.as_bytes();
        match RULES.iter().find(|rule| rule.oid.as_bytes() == id) {
            Some(rule) => criticality(findings, subject, rule, extension.critical),
            None if CRL_EXTENSIONS.iter().any(|oid| oid.as_bytes() == id) => findings.error(
                "extension_of_crl",
                "RFC 5280 5.2",
                format!("extension {} belongs in a CRL", oid_text(&extension.oid)),
            ),
            None if extension.critical => findings.warn(
                "unknown_critical_extension",
                "RFC 5280 4.2",
                format!("critical extension {}, which many will not know", oid_text(&extension.oid)),
            ),
            None => {}
        }
    }
}

fn criticality(findings: &mut Findings, subject: &Subject<'_>, rule: &Rule, critical: bool) {
    let Rule { name, rfc, .. } = rule;
    match (rule.critical, critical) {
        (Criticality::Must, false) => {
            findings.error("extension_not_critical", rfc, format!("{name} must be critical"));
        }
        (Criticality::MustNot, true) => {
            findings.error("extension_critical", rfc, format!("{name} must not be critical"));
        }
        (Criticality::Should, false) => {
            findings.warn("extension_not_critical", rfc, format!("{name} should be critical"));
        }
        (Criticality::ShouldNot, true) => {
            findings.warn("extension_critical", rfc, format!("{name} should not be critical"));
        }
        _ => {}
    }
    if rule.ca_only && !subject.rules.is_ca {
        findings.error("extension_only_for_ca", rfc, format!("{name} is for CA certificates only"));
    }
}

fn key_identifiers(findings: &mut Findings, subject: &Subject<'_>) {
    if subject.extension(&oid::SUBJECT_KEY_IDENTIFIER).is_none() {
        if subject.rules.is_ca {
            findings.error("ski_missing", "RFC 5280 4.2.1.2", "a CA needs a subject key identifier");
        } else {
            findings.warn("ski_missing", "RFC 5280 4.2.1.2", "no subject key identifier");
        }
    }
    let rfc = "RFC 5280 4.2.1.1";
    match subject.extension(&oid::AUTHORITY_KEY_IDENTIFIER).map(|e| e.parsed_extension()) {
        // A self-signed certificate may do without (RFC 5280 4.2.1.1).
        None if subject.is_self_issued() => {}
        None => findings.error("aki_missing", rfc, "no authority key identifier"),
        Some(ParsedExtension::AuthorityKeyIdentifier(aki)) => {
            let found = aki.key_identifier.as_ref().map(|id| id.0);
            match (found, subject.rules.issuer_key_identifier) {
                (None, _) => findings.error("aki_without_key_identifier", rfc, "no keyIdentifier"),
                (Some(found), Some(want)) if found != want => {
                    findings.error("aki_mismatch", rfc, "keyIdentifier is not the issuer's subject key identifier")
                }
                _ => {}
            }
            if aki.authority_cert_issuer.is_some() != aki.authority_cert_serial.is_some() {
                findings.error("aki_issuer_without_serial", rfc, "issuer and serial number come only together");
            }
        }
        // A value that cannot be read is reported with the other values.
        Some(_) => {}
    }
}

/// Basic constraints; what is missing says that this is no CA.
fn constraints(findings: &mut Findings, subject: &Subject<'_>) -> BasicConstraints {
    let rfc = "RFC 5280 4.2.1.9";
    let extension = subject.extension(&oid::BASIC_CONSTRAINTS);
    let constraints = match extension.map(|e| e.parsed_extension()) {
        Some(ParsedExtension::BasicConstraints(constraints)) => constraints.clone(),
        _ => BasicConstraints { ca: false, path_len_constraint: None },
    };
    let critical = extension.is_some_and(|e| e.critical);
    match (subject.rules.is_ca, constraints.ca) {
        (true, false) => findings.error("ca_without_basic_constraints", rfc, "a CA needs basic constraints with cA"),
        (true, true) if !critical => {
            findings.error("extension_not_critical", rfc, "basic constraints of a CA must be critical");
        }
        (false, true) => findings.error("unexpected_ca", rfc, "cA is set, but this is not to be a CA"),
        _ => {}
    }
    if constraints.path_len_constraint.is_some() && !constraints.ca {
        findings.error("path_length_without_ca", rfc, "a path length needs cA");
    }
    constraints
}

fn key_usage(findings: &mut Findings, subject: &Subject<'_>, constraints: BasicConstraints) {
    let rfc = "RFC 5280 4.2.1.3";
    let extension = subject.extension(&oid::KEY_USAGE);
    let usage = match extension.map(|e| e.parsed_extension()) {
        Some(ParsedExtension::KeyUsage(usage)) => *usage,
        Some(_) => return,
        None => {
            if subject.rules.is_ca {
                findings.error("key_usage_missing", rfc, "a CA needs a key usage");
            }
            return;
        }
    };
    match KeyUsage::from_bits(usage.flags) {
        None => findings.error("key_usage_unknown", rfc, "key usage with unknown bits"),
        Some(usage) if usage.is_empty() => findings.error("key_usage_empty", rfc, "key usage without a bit"),
        // X.690 11.2.2: a named bit list ends with its last bit that is set.
        Some(usage) if extension.is_some_and(|e| e.value != extension::key_usage(usage).value) => {
            findings.error("key_usage_trailing_zeros", rfc, "key usage with trailing zero bits, which DER leaves out");
        }
        Some(_) => {}
    }
    if usage.key_cert_sign() && !constraints.ca {
        findings.error("cert_sign_without_ca", rfc, "keyCertSign needs cA in basic constraints");
    }
    if subject.rules.is_ca && !usage.key_cert_sign() {
        findings.error("ca_without_cert_sign", "RFC 5280 4.2.1.9", "a CA's key usage needs keyCertSign");
    }
    if (usage.encipher_only() || usage.decipher_only()) && !usage.key_agreement() {
        findings.warn(
            "encipher_only_without_agreement",
            rfc,
            "encipherOnly and decipherOnly mean nothing without keyAgreement",
        );
    }
    if usage.encipher_only() && usage.decipher_only() {
        findings.warn("encipher_and_decipher_only", rfc, "encipherOnly and decipherOnly exclude each other");
    }
}

fn alternative_name(findings: &mut Findings, subject: &Subject<'_>) {
    let critical = subject.extension(&oid::SUBJECT_ALT_NAME).is_some_and(|e| e.critical);
    if critical && !subject.has_empty_subject() {
        findings.warn(
            "extension_critical",
            "RFC 5280 4.2.1.6",
            "with a subject name the alternative name should not be critical",
        );
    }
}
