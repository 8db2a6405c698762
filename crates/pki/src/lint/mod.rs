//! Lint of the final bytes.

/// What the lint cannot know from the bytes.
#[derive(Debug, Clone, Copy)]
pub struct LintRules<'a> {
    /// DER subject of the issuing CA certificate.
    pub issuer: &'a [u8],
    /// DER AlgorithmIdentifier the certificate will be signed with; `None`: not checked.
    pub signature_algorithm: Option<&'a [u8]>,
    /// Subject key identifier of the issuing CA; `None`: not checked.
    pub issuer_key_identifier: Option<&'a [u8]>,
    /// The certificate is to be a CA's.
    pub is_ca: bool,
}
/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Allowed but unwise.
    Warning,
    /// Against a MUST.
    Error,
}
/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable name, `snake_case`.
    pub code: &'static str,
    /// The section, as `RFC 5280 4.1.2.2`.
    pub rfc: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, with the value.
    pub message: String,
}
/// Checks the DER of a TBSCertificate.
#[must_use]
pub fn lint(_tbs: &[u8], _rules: &LintRules<'_>) -> Vec<Finding> {
    Vec::new()
}
