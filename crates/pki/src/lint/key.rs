//! The subject's key, and whether the key usage goes with it.

use x509_parser::asn1_rs::Tag;
use x509_parser::extensions::{KeyUsage as ParsedKeyUsage, ParsedExtension};

use super::{Findings, Severity, Subject};
use crate::{KeyUsage, ObjectIdentifier, oid};

/// Key algorithms of one family, as far as key usage is concerned.
struct Family {
    name: &'static str,
    oids: &'static [ObjectIdentifier],
    parameters: Parameters,
    parameters_rfc: &'static str,
    /// Bits that must not be set.
    forbidden: KeyUsage,
    /// Only RFC 3279 says what may be set and leaves open what that means for the rest.
    severity: Severity,
    /// At least one of these must be set; empty: any.
    required: KeyUsage,
    usage_rfc: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parameters {
    Null,
    NamedCurve,
    Absent,
    Any,
}

const ENCIPHER: KeyUsage = KeyUsage::KEY_ENCIPHERMENT.union(KeyUsage::DATA_ENCIPHERMENT);
const AGREE: KeyUsage = KeyUsage::KEY_AGREEMENT.union(KeyUsage::ENCIPHER_ONLY).union(KeyUsage::DECIPHER_ONLY);
const SIGN: KeyUsage = KeyUsage::DIGITAL_SIGNATURE
    .union(KeyUsage::NON_REPUDIATION)
    .union(KeyUsage::KEY_CERT_SIGN)
    .union(KeyUsage::CRL_SIGN);

const FAMILIES: [Family; 6] = [
    Family {
        name: "RSA",
        oids: &[oid::RSA_ENCRYPTION],
        parameters: Parameters::Null,
        parameters_rfc: "RFC 3279 2.3.1",
        forbidden: AGREE,
        severity: Severity::Warning,
        required: KeyUsage::empty(),
        usage_rfc: "RFC 3279 2.3.1",
    },
    Family {
        name: "RSASSA-PSS",
        oids: &[oid::RSASSA_PSS],
        parameters: Parameters::Any,
        parameters_rfc: "RFC 4055 1.2",
        forbidden: ENCIPHER.union(AGREE),
        severity: Severity::Error,
        required: KeyUsage::empty(),
        usage_rfc: "RFC 4055 1.2",
    },
    Family {
        name: "elliptic curve",
        oids: &[oid::EC_PUBLIC_KEY],
        parameters: Parameters::NamedCurve,
        parameters_rfc: "RFC 5480 2.1.1",
        forbidden: ENCIPHER,
        severity: Severity::Error,
        required: KeyUsage::empty(),
        usage_rfc: "RFC 8813 3",
    },
    Family {
        name: "EdDSA",
        oids: &[oid::ED25519, oid::ED448],
        parameters: Parameters::Absent,
        parameters_rfc: "RFC 8410 3",
        forbidden: ENCIPHER.union(AGREE),
        severity: Severity::Error,
        required: SIGN,
        usage_rfc: "RFC 9295 3",
    },
    Family {
        name: "X25519 or X448",
        oids: &[oid::X25519, oid::X448],
        parameters: Parameters::Absent,
        parameters_rfc: "RFC 8410 3",
        forbidden: ENCIPHER.union(SIGN),
        severity: Severity::Error,
        required: KeyUsage::KEY_AGREEMENT,
        usage_rfc: "RFC 9295 3",
    },
    Family {
        name: "ML-DSA",
        oids: &[oid::ML_DSA_44, oid::ML_DSA_65, oid::ML_DSA_87],
        parameters: Parameters::Absent,
        parameters_rfc: "RFC 9881 4",
        forbidden: ENCIPHER.union(AGREE),
        severity: Severity::Error,
        required: SIGN,
        usage_rfc: "RFC 9881 5",
    },
];

pub(super) fn check(findings: &mut Findings, subject: &Subject<'_>) {
    let algorithm = &subject.tbs.public_key().algorithm;
    let id = algorithm.algorithm.as_bytes();
    let Some(family) = FAMILIES.iter().find(|f| f.oids.iter().any(|oid| oid.as_bytes() == id)) else {
        return;
    };
    let tag = algorithm.parameters.as_ref().map(|p| p.tag());
    let sound = match family.parameters {
        Parameters::Null => tag == Some(Tag::Null),
        Parameters::NamedCurve => tag == Some(Tag::Oid),
        Parameters::Absent => tag.is_none(),
        Parameters::Any => true,
    };
    if !sound {
        findings.error(
            "key_parameters",
            family.parameters_rfc,
            format!("wrong parameters for a key of algorithm {}", family.name),
        );
    }
    let key_usage = subject.extension(&oid::KEY_USAGE).map(|e| e.parsed_extension());
    if let Some(ParsedExtension::KeyUsage(usage)) = key_usage {
        check_usage(findings, family, usage);
    }
}

fn check_usage(findings: &mut Findings, family: &Family, usage: &ParsedKeyUsage) {
    let usage = KeyUsage::from_bits_truncate(usage.flags);
    let wrong = usage.intersection(family.forbidden);
    if !wrong.is_empty() {
        findings.add(
            family.severity,
            "key_usage_not_for_key",
            family.usage_rfc,
            format!(
                "key usage {} does not go with a key of algorithm {}",
                wrong.standard_names().join(", "),
                family.name
            ),
        );
    }
    if !family.required.is_empty() && !usage.intersects(family.required) {
        findings.error(
            "key_usage_not_for_key",
            family.usage_rfc,
            format!(
                "a key of algorithm {} needs one of the key usages {}",
                family.name,
                family.required.standard_names().join(", ")
            ),
        );
    }
}
