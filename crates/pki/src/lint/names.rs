//! Distinguished names of issuer and subject, RFC 5280 4.1.2.4, 4.1.2.6 and appendix A.1.

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::x509::X509Name;

use super::{Findings, Severity, Subject, oid_text};
use crate::{NameLengths, ObjectIdentifier, oid};

/// What an attribute's value is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Syntax {
    /// DirectoryString: PrintableString or UTF8String for new names (RFC 5280 4.1.2.4).
    Directory,
    Printable,
    Ia5,
}

/// Attribute, syntax, upper bound in characters (RFC 5280 appendix A.1).
const ATTRIBUTES: [(&str, ObjectIdentifier, Syntax, usize); 18] = [
    ("commonName", oid::COMMON_NAME, Syntax::Directory, 64),
    ("surname", oid::SURNAME, Syntax::Directory, 32_768),
    ("serialNumber", oid::SERIAL_NUMBER, Syntax::Printable, 64),
    ("countryName", oid::COUNTRY, Syntax::Printable, 2),
    ("localityName", oid::LOCALITY, Syntax::Directory, 128),
    ("stateOrProvinceName", oid::STATE, Syntax::Directory, 128),
    ("streetAddress", oid::STREET, Syntax::Directory, 128),
    ("organizationName", oid::ORGANIZATION, Syntax::Directory, 64),
    ("organizationalUnitName", oid::ORGANIZATIONAL_UNIT, Syntax::Directory, 64),
    ("title", oid::TITLE, Syntax::Directory, 64),
    ("name", oid::NAME, Syntax::Directory, 32_768),
    ("givenName", oid::GIVEN_NAME, Syntax::Directory, 32_768),
    ("initials", oid::INITIALS, Syntax::Directory, 32_768),
    ("generationQualifier", oid::GENERATION_QUALIFIER, Syntax::Directory, 32_768),
    ("dnQualifier", oid::DN_QUALIFIER, Syntax::Printable, usize::MAX),
    ("pseudonym", oid::PSEUDONYM, Syntax::Directory, 128),
    ("domainComponent", oid::DOMAIN_COMPONENT, Syntax::Ia5, 63),
    ("emailAddress", oid::EMAIL_ADDRESS, Syntax::Ia5, 255),
];

const RFC: &str = "RFC 5280 4.1.2.4";

pub(super) fn check(findings: &mut Findings, subject: &Subject<'_>) {
    // The issuer's name was fixed when the CA was made; only its equality with the CA's subject counts here.
    check_name(findings, subject.tbs.subject(), subject.rules.name_lengths);
    email_belongs_in_the_alternative_name(findings, subject);
}

/// Checks a name that is new in this certificate: the subject, or a directory name.
pub(super) fn check_name(findings: &mut Findings, name: &X509Name<'_>, lengths: NameLengths) {
    for attribute in name.iter_attributes() {
        let id = attribute.attr_type();
        let row = ATTRIBUTES.iter().find(|row| row.1.as_bytes() == id.as_bytes());
        let value = attribute.attr_value();
        match row {
            Some((name, oid, syntax, max)) => {
                check_type(findings, name, *syntax, value);
                check_text(findings, name, value);
                check_length(findings, name, *max, value, lengths);
                if *oid == oid::COUNTRY && !is_country(value.data) {
                    findings.error("name_country", "RFC 5280 A.1", "countryName is not two upper-case letters");
                }
            }
            None => check_text(findings, &oid_text(id), value),
        }
    }
}

fn check_type(findings: &mut Findings, name: &str, syntax: Syntax, value: &Any<'_>) {
    let tag = value.tag();
    let right = match syntax {
        Syntax::Directory => matches!(tag, Tag::PrintableString | Tag::Utf8String),
        Syntax::Printable => tag == Tag::PrintableString,
        Syntax::Ia5 => tag == Tag::Ia5String,
    };
    if right {
        return;
    }
    if syntax == Syntax::Directory && matches!(tag, Tag::TeletexString | Tag::BmpString) {
        findings.warn("name_string_type", RFC, format!("{name} is a {tag:?}, which new subjects should not have"));
    } else {
        findings.error("name_string_type", "RFC 5280 A.1", format!("{name} is a {tag:?}"));
    }
}

fn check_text(findings: &mut Findings, name: &str, value: &Any<'_>) {
    let Some(text) = text(value) else { return };
    if text.is_empty() {
        findings.error("name_empty_value", "RFC 5280 A.1", format!("{name} is empty"));
    }
    if text.chars().any(char::is_control) {
        findings.error("name_control_character", RFC, format!("{name} {text:?} has control characters"));
    }
    if text.trim() != text {
        findings.warn("name_outer_space", RFC, format!("{name} {text:?} begins or ends with white space"));
    }
}

fn check_length(findings: &mut Findings, name: &str, max: usize, value: &Any<'_>, lengths: NameLengths) {
    let len = text(value).map_or(0, |text| text.chars().count());
    if len > max {
        let severity = match lengths {
            NameLengths::Enforced => Severity::Error,
            NameLengths::Unlimited => Severity::Warning,
        };
        findings.add(
            severity,
            "name_too_long",
            "RFC 5280 A.1",
            format!("{name} has {len} characters, more than {max}"),
        );
    }
}

fn is_country(value: &[u8]) -> bool {
    value.len() == 2 && value.iter().all(u8::is_ascii_uppercase)
}

fn text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            std::str::from_utf8(value.data).ok().map(str::to_owned)
        }
        Tag::TeletexString => Some(value.data.iter().map(|b| char::from(*b)).collect()),
        Tag::BmpString => {
            let units: Vec<u16> =
                value.data.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?))).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

fn email_belongs_in_the_alternative_name(findings: &mut Findings, subject: &Subject<'_>) {
    let in_subject =
        subject.tbs.subject().iter_attributes().any(|a| a.attr_type().as_bytes() == oid::EMAIL_ADDRESS.as_bytes());
    let san = subject.extension(&oid::SUBJECT_ALT_NAME).map(|e| e.parsed_extension());
    let in_san = matches!(san, Some(ParsedExtension::SubjectAlternativeName(san))
        if san.general_names.iter().any(|name| matches!(name, GeneralName::RFC822Name(_))));
    if in_subject && !in_san {
        findings.warn(
            "email_only_in_subject",
            "RFC 5280 4.1.2.6",
            "an e-mail address belongs in the subject alternative name",
        );
    }
}
