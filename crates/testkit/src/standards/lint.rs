//! Linting by pkilint.

use std::fmt;

use serde_json::Value;

use crate::tools;

/// What a linter has to say about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `NOTICE`, `WARNING`, `ERROR` or `FATAL`.
    pub severity: String,
    /// The linter's name for it, as `pkix.certificate_skid_ca_missing`.
    pub code: String,
    /// Where, as a path of field names.
    pub place: String,
    /// In words, where the code does not say it all.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {} {}", self.severity, self.code, self.place, self.message)
    }
}

/// A warning that is known, and why it stays. Errors cannot be justified.
#[derive(Debug, Clone, Copy)]
pub struct Justified {
    /// The linter's name for it.
    pub code: &'static str,
    /// Why it stays.
    pub because: &'static str,
}

/// Lints a certificate in DER against RFC 5280 and its updates.
///
/// # Errors
/// The findings of severity `ERROR` and above, and the warnings that are not justified.
///
/// # Panics
/// When the linter is missing or fails.
pub fn lint_certificate(der: &[u8], justified: &[Justified]) -> Result<(), String> {
    judge(findings("lint_pkix_cert", &[], der), justified)
}

/// Lints a CRL in DER against RFC 5280 and its updates.
///
/// # Errors
/// The findings of severity `ERROR` and above, and the warnings that are not justified.
///
/// # Panics
/// When the linter is missing or fails.
pub fn lint_crl(der: &[u8], justified: &[Justified]) -> Result<(), String> {
    judge(findings("lint_crl", &["--type", "CRL", "--profile", "PKIX"], der), justified)
}

/// All findings of one of pkilint's programs about a document in DER.
///
/// # Panics
/// When the linter is missing or fails.
#[must_use]
pub fn findings(program: &'static str, options: &[&str], der: &[u8]) -> Vec<Finding> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), der).expect("a temporary file can be written");
    let path = file.path().to_str().expect("a temporary path in UTF-8");
    let mut args = vec!["lint", "--format", "JSON", "--severity", "NOTICE", "--document-format", "DER"];
    args.extend(options);
    args.push(path);
    let output = tools::python_program(program).run(args);
    // Its exit status counts the findings, so it says nothing of whether it ran.
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{program} did not answer in JSON ({e}): {}", output.text));
    let results = answer.get("results").and_then(Value::as_array);
    let results = results.unwrap_or_else(|| panic!("{program} answered without results: {answer}"));
    results.iter().flat_map(of_place).collect()
}

fn of_place(result: &Value) -> Vec<Finding> {
    let field = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let descriptions = result.get("finding_descriptions").and_then(Value::as_array);
    let descriptions = descriptions.unwrap_or_else(|| panic!("a result without findings: {result}"));
    descriptions
        .iter()
        .map(|finding| Finding {
            severity: field(finding, "severity"),
            code: field(finding, "code"),
            place: field(result, "node_path"),
            message: field(finding, "message"),
        })
        .collect()
}

fn judge(findings: Vec<Finding>, justified: &[Justified]) -> Result<(), String> {
    let bad: Vec<String> = findings
        .iter()
        .filter(|finding| match finding.severity.as_str() {
            "DEBUG" | "INFO" | "NOTICE" => false,
            "WARNING" => !justified.iter().any(|j| j.code == finding.code),
            _ => true,
        })
        .map(ToString::to_string)
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(bad.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: &str, code: &str) -> Finding {
        Finding { severity: severity.into(), code: code.into(), place: "certificate".into(), message: String::new() }
    }

    #[test]
    fn only_warnings_can_be_justified() {
        let known = [Justified { code: "a", because: "of a test" }];
        for (severity, code, passes) in [
            ("NOTICE", "b", true),
            ("WARNING", "a", true),
            ("WARNING", "b", false),
            ("ERROR", "a", false),
            ("FATAL", "a", false),
        ] {
            assert_eq!(judge(vec![finding(severity, code)], &known).is_ok(), passes, "{severity} {code}");
        }
    }
}
