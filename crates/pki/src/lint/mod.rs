//! Checking the final bytes of a certificate before they are signed.
//!
//! The bytes are read by a parser that shares nothing with the code that wrote them, so that a fault of the builder
//! does not hide itself. Checked is what RFC 5280 section 4 says of a certificate taken by itself, and what the
//! documents of the key algorithms add about key usage.

mod encoding;
mod extension_rules;
mod extension_values;
mod fields;
mod general_names;
mod key;
mod names;

use const_oid::ObjectIdentifier;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::TbsCertificate;
use x509_parser::extensions::X509Extension;

use crate::NameLengths;

/// What the lint cannot know from the bytes.
#[derive(Debug, Clone, Copy)]
pub struct LintRules<'a> {
    /// DER subject of the issuing CA certificate; must be the issuer, byte for byte (RFC 5280 4.1.2.6).
    pub issuer: &'a [u8],
    /// DER `AlgorithmIdentifier` the certificate will be signed with; `None`: not checked.
    pub signature_algorithm: Option<&'a [u8]>,
    /// Subject key identifier of the issuing CA; `None`: not checked.
    pub issuer_key_identifier: Option<&'a [u8]>,
    /// The certificate is meant for a CA.
    pub is_ca: bool,
    /// Whether name attributes above the upper bounds of RFC 5280 appendix A.1 are errors or only warnings.
    pub name_lengths: NameLengths,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Against a SHOULD, or allowed but unwise.
    Warning,
    /// Against a MUST: the certificate must not be signed.
    Error,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable name, in `snake_case`.
    pub code: &'static str,
    /// The section it is against, such as `RFC 5280 4.1.2.2`.
    pub rfc: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, for people, with the value at fault.
    pub message: String,
}

/// Checks the DER of a `TBSCertificate`. No finding means that nothing is wrong.
#[must_use]
pub fn lint(tbs: &[u8], rules: &LintRules<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    encoding::check_tbs(&mut findings, tbs);
    match TbsCertificate::from_der(tbs) {
        Err(error) => findings.error("tbs_malformed", "RFC 5280 4.1", error.to_string()),
        Ok((rest, _)) if !rest.is_empty() => {
            findings.error("tbs_trailing_data", "RFC 5280 4.1", format!("{} octets behind the certificate", rest.len()))
        }
        Ok((_, tbs)) => {
            let subject = Subject { tbs: &tbs, rules };
            fields::check(&mut findings, &subject);
            names::check(&mut findings, &subject);
            key::check(&mut findings, &subject);
            extension_rules::check(&mut findings, &subject);
            extension_values::check(&mut findings, &subject);
        }
    }
    findings.0
}

/// The certificate under the lint.
struct Subject<'a> {
    tbs: &'a TbsCertificate<'a>,
    rules: &'a LintRules<'a>,
}

impl<'a> Subject<'a> {
    fn extension(&self, oid: &ObjectIdentifier) -> Option<&'a X509Extension<'a>> {
        self.tbs.extensions().iter().find(|e| e.oid.as_bytes() == oid.as_bytes())
    }

    fn has_empty_subject(&self) -> bool {
        self.tbs.subject().as_raw() == [0x30, 0x00]
    }

    /// Issuer and subject are the same name, byte for byte.
    fn is_self_issued(&self) -> bool {
        self.tbs.subject().as_raw() == self.tbs.issuer().as_raw()
    }
}

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, code: &'static str, rfc: &'static str, message: impl Into<String>) {
        self.add(Severity::Error, code, rfc, message);
    }

    fn warn(&mut self, code: &'static str, rfc: &'static str, message: impl Into<String>) {
        self.add(Severity::Warning, code, rfc, message);
    }

    fn add(&mut self, severity: Severity, code: &'static str, rfc: &'static str, message: impl Into<String>) {
        self.0.push(Finding { code, rfc, severity, message: message.into() });
    }
}

/// The OID of an extension or attribute as text; the dotted form has no limit on arcs here.
fn oid_text(oid: &x509_parser::asn1_rs::Oid<'_>) -> String {
    oid.to_id_string()
}
