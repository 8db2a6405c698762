//! The values of extensions: RFC 5280 4.2.1 and 4.2.2.

use x509_parser::asn1_rs::{Any, FromDer, Oid, Tag};
use x509_parser::extensions::{
    AccessDescription, CRLDistributionPoint, DistributionPointName, ExtendedKeyUsage, GeneralName, KeyUsage,
    ParsedExtension, PolicyInformation,
};

use super::{Findings, Subject, general_names, oid_text};
use crate::{ObjectIdentifier, extension, oid};

pub(super) fn check(findings: &mut Findings, subject: &Subject<'_>) {
    for extension in subject.tbs.extensions() {
        if let Some(error) = extension.parsed_extension().error() {
            let text = format!("extension {} cannot be read: {error}", oid_text(&extension.oid));
            findings.error("extension_malformed", "RFC 5280 4.2", text);
            continue;
        }
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(san) => {
                names(findings, subject, "subject alternative name", "RFC 5280 4.2.1.6", &san.general_names);
            }
            ParsedExtension::IssuerAlternativeName(ian) => {
                names(findings, subject, "issuer alternative name", "RFC 5280 4.2.1.7", &ian.general_names);
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                accesses(findings, subject, "authority information access", "RFC 5280 4.2.2.1", &access.accessdescs);
            }
            ParsedExtension::SubjectInfoAccess(access) => {
                accesses(findings, subject, "subject information access", "RFC 5280 4.2.2.2", &access.accessdescs);
            }
            ParsedExtension::CRLDistributionPoints(points) => distribution_points(findings, subject, &points.points),
            ParsedExtension::CertificatePolicies(policies) => certificate_policies(findings, policies),
            ParsedExtension::PolicyMappings(mappings) => {
                let any = oid::ANY_POLICY.as_bytes();
                let maps_any = mappings
                    .mappings
                    .iter()
                    .any(|m| m.issuer_domain_policy.as_bytes() == any || m.subject_domain_policy.as_bytes() == any);
                if maps_any {
                    findings.error("policy_mapping_of_any", "RFC 5280 4.2.1.5", "anyPolicy must not be mapped");
                }
            }
            ParsedExtension::PolicyConstraints(constraints)
                if constraints.require_explicit_policy.is_none() && constraints.inhibit_policy_mapping.is_none() =>
            {
                findings.error("policy_constraints_empty", "RFC 5280 4.2.1.11", "policy constraints without a field");
            }
            ParsedExtension::ExtendedKeyUsage(usages) => {
                extended_key_usage(findings, subject, extension.value, usages, extension.critical);
            }
            ParsedExtension::NameConstraints(_) => {
                // The other reader does not know minimum, maximum and masks.
                if let Err(error) = extension::decode_name_constraints(extension.value) {
                    findings.error("name_constraints_form", "RFC 5280 4.2.1.10", error.to_string());
                }
            }
            ParsedExtension::SubjectKeyIdentifier(id) if id.0.is_empty() => {
                findings.error("ski_empty", "RFC 5280 4.2.1.2", "empty subject key identifier");
            }
            ParsedExtension::UnsupportedExtension { .. } => unread(findings, &extension.oid, extension.value),
            _ => {}
        }
    }
}

/// Extensions the parser does not take apart.
fn unread(findings: &mut Findings, id: &Oid<'_>, value: &[u8]) {
    let is = |oid: ObjectIdentifier| id.as_bytes() == oid.as_bytes();
    if is(oid::FRESHEST_CRL)
        && let Err(error) = extension::decode_crl_distribution_points(value)
    {
        findings.error("freshest_crl_form", "RFC 5280 4.2.1.15", error.to_string());
    }
    if (is(oid::OCSP_NOCHECK) || is(oid::PRECERTIFICATE_POISON)) && value != [0x05, 0x00] {
        findings.error(
            "extension_not_null",
            "RFC 6960 4.2.2.2.1",
            format!("the value of extension {} is not NULL", oid_text(id)),
        );
    }
}

fn names(findings: &mut Findings, subject: &Subject<'_>, field: &str, rfc: &'static str, names: &[GeneralName<'_>]) {
    if names.is_empty() {
        findings.error("general_names_empty", rfc, format!("{field} without a name"));
    }
    for name in names {
        general_names::check(findings, subject, field, name);
    }
}

fn accesses(
    findings: &mut Findings,
    subject: &Subject<'_>,
    field: &str,
    rfc: &'static str,
    accesses: &[AccessDescription<'_>],
) {
    if accesses.is_empty() {
        findings.error("access_empty", rfc, format!("{field} without a description"));
    }
    for access in accesses {
        general_names::check(findings, subject, field, &access.access_location);
        let known = [oid::AD_OCSP, oid::AD_CA_ISSUERS].iter().any(|m| m.as_bytes() == access.access_method.as_bytes());
        if known && !matches!(access.access_location, GeneralName::URI(_)) {
            findings.warn("access_not_uri", rfc, format!("{field} with a location that is no URI"));
        }
    }
}

fn distribution_points(findings: &mut Findings, subject: &Subject<'_>, points: &[CRLDistributionPoint<'_>]) {
    let (field, rfc) = ("CRL distribution points", "RFC 5280 4.2.1.13");
    if points.is_empty() {
        findings.error("distribution_points_empty", rfc, "no distribution point");
    }
    for point in points {
        if point.distribution_point.is_none() && point.crl_issuer.is_none() {
            findings.error("distribution_point_without_name", rfc, "a distribution point needs a name or a CRL issuer");
        }
        match &point.distribution_point {
            Some(DistributionPointName::FullName(all)) => names(findings, subject, field, rfc, all),
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => findings.warn(
                "distribution_point_relative",
                rfc,
                "a distribution point should not have a name relative to the issuer",
            ),
            None => {}
        }
    }
}

fn certificate_policies(findings: &mut Findings, policies: &[PolicyInformation<'_>]) {
    let rfc = "RFC 5280 4.2.1.4";
    if policies.is_empty() {
        findings.error("policies_empty", rfc, "certificate policies without a policy");
    }
    for (n, policy) in policies.iter().enumerate() {
        if policies.iter().take(n).any(|p| p.policy_id == policy.policy_id) {
            findings.error("policy_twice", rfc, format!("policy {} appears twice", oid_text(&policy.policy_id)));
        }
        for qualifier in policy.policy_qualifiers.iter().flatten() {
            let is = |oid: ObjectIdentifier| qualifier.policy_qualifier_id.as_bytes() == oid.as_bytes();
            if is(QUALIFIER_NOTICE) {
                user_notice(findings, qualifier.qualifier);
            } else if is(QUALIFIER_CPS) {
                let is_uri = Any::from_der(qualifier.qualifier).is_ok_and(|(_, any)| any.tag() == Tag::Ia5String);
                if !is_uri {
                    findings.error("policy_cps_type", rfc, "the location of a practice statement is not an IA5String");
                }
            } else if policy.policy_id.as_bytes() == oid::ANY_POLICY.as_bytes() {
                findings.error("policy_any_qualifier", rfc, "anyPolicy with a qualifier that is not of RFC 5280");
            }
        }
    }
}

const QUALIFIER_CPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.2.1");
const QUALIFIER_NOTICE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.2.2");

/// `UserNotice ::= SEQUENCE { noticeRef OPTIONAL, explicitText DisplayText OPTIONAL }`.
fn user_notice(findings: &mut Findings, notice: &[u8]) {
    let rfc = "RFC 5280 4.2.1.4";
    let mut rest = match Any::from_der(notice) {
        Ok((_, any)) if any.tag() == Tag::Sequence => any.data,
        _ => {
            findings.error("policy_notice_form", rfc, "a user notice is not a SEQUENCE");
            return;
        }
    };
    while let Ok((after, any)) = Any::from_der(rest) {
        rest = after;
        match any.tag() {
            Tag::Sequence => {
                findings.warn("policy_notice_reference", rfc, "a user notice should not have a reference");
            }
            Tag::Utf8String | Tag::VisibleString | Tag::BmpString => {
                let characters = match any.tag() {
                    Tag::Utf8String => std::str::from_utf8(any.data).map_or(0, |text| text.chars().count()),
                    Tag::BmpString => any.data.len() / 2,
                    _ => any.data.len(),
                };
                if characters > 200 {
                    findings.error("policy_notice_length", rfc, format!("a user notice of {characters} characters"));
                }
                if any.tag() != Tag::Utf8String {
                    findings.warn("policy_notice_type", rfc, "the text of a user notice should be a UTF8String");
                }
            }
            tag => findings.error("policy_notice_type", rfc, format!("the text of a user notice is a {tag:?}")),
        }
    }
}

fn extended_key_usage(
    findings: &mut Findings,
    subject: &Subject<'_>,
    value: &[u8],
    usages: &ExtendedKeyUsage<'_>,
    critical: bool,
) {
    let rfc = "RFC 5280 4.2.1.12";
    if value == [0x30, 0x00] {
        findings.error("extended_key_usage_empty", rfc, "extended key usage without a usage");
        return;
    }
    if usages.any && critical {
        findings.warn(
            "extended_key_usage_any_critical",
            rfc,
            "with anyExtendedKeyUsage the extension should not be critical",
        );
    }
    if usages.any && !subject.rules.is_ca {
        findings.warn("extended_key_usage_any", rfc, "anyExtendedKeyUsage makes the other restrictions void");
    }
    if usages.time_stamping {
        let others = usages.any
            || usages.server_auth
            || usages.client_auth
            || usages.code_signing
            || usages.email_protection
            || usages.ocsp_signing
            || !usages.other.is_empty();
        if !subject.rules.is_ca && (others || !critical) {
            findings.error(
                "time_stamping_not_alone",
                "RFC 3161 2.3",
                "timeStamping must be the only usage, and critical",
            );
        }
    }
    let key_usage = subject.extension(&oid::KEY_USAGE).map(|e| e.parsed_extension());
    if let Some(ParsedExtension::KeyUsage(key_usage)) = key_usage
        && !subject.rules.is_ca
    {
        consistent_usages(findings, usages, *key_usage);
    }
}

/// Each purpose with the key usages RFC 5280 4.2.1.12 calls consistent with it.
fn consistent_usages(findings: &mut Findings, usages: &ExtendedKeyUsage<'_>, key: KeyUsage) {
    let signs = key.digital_signature();
    let commits = key.digital_signature() || key.non_repudiation();
    let transports = key.key_encipherment() || key.key_agreement();
    for (name, asked, consistent) in [
        ("serverAuth", usages.server_auth, signs || transports),
        ("clientAuth", usages.client_auth, signs || key.key_agreement()),
        ("codeSigning", usages.code_signing, signs),
        ("emailProtection", usages.email_protection, commits || transports),
        ("timeStamping", usages.time_stamping, commits),
        ("OCSPSigning", usages.ocsp_signing, commits),
    ] {
        if asked && !consistent {
            findings.warn(
                "extended_key_usage_inconsistent",
                "RFC 5280 4.2.1.12",
                format!("{name} is not consistent with the key usage, so the key may not be used for it"),
            );
        }
    }
}
