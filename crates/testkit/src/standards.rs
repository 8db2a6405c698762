//! Certificates, CRLs and requests as software that others wrote sees them.
//!
//! [`verify_chain`] has every implementation at hand validate a path, [`lint_certificate`] and [`lint_crl`] hold the
//! bytes against RFC 5280, [`verify_request`] checks a request. All of them take DER, so that they serve for what a
//! running server handed out as well as for what a test made.
//!
//! OpenSSL 3.0 and GnuTLS 3.7 have no ML-DSA. Where it occurs in a path they are left out, and the Python package
//! `cryptography`, which carries an OpenSSL of its own, judges alone; it judges every other path as well. GnuTLS cannot
//! be told another time than the clock's, and is left out for those.
#![allow(clippy::panic, reason = "a missing or failing tool fails the test")]

mod lint;

use std::fmt;
use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding};
use jiff::{SignedDuration, Timestamp};
use pki::{Certificate, CertificationRequest, SignatureAlgorithm};
use serde_json::json;
use tempfile::TempDir;

use crate::ca::{Purpose, pem};
use crate::tools::{self, Output};

pub use lint::{Finding, Justified, findings, lint_certificate, lint_crl};

/// A path to validate. Everything is DER.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The certificate in question.
    pub leaf: Vec<u8>,
    /// The CA certificates between it and the root, the leaf's issuer first.
    pub intermediates: Vec<Vec<u8>>,
    /// The root, which is trusted.
    pub root: Vec<u8>,
    /// Full CRLs of every CA of the path, and delta CRLs of some. Without any, revocation is not checked.
    pub crls: Vec<Vec<u8>>,
    /// What the leaf must be good for, if it matters.
    pub purpose: Option<Purpose>,
    /// When.
    pub at: Timestamp,
}

/// How far the moment of a path may be from now for `certtool` to be asked.
const CERTTOOL_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// What one implementation says of a path.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The implementation.
    pub tool: &'static str,
    /// Its objection, in its own words; `None` when it has none.
    pub refusal: Option<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tool, self.refusal.as_deref().unwrap_or("accepted"))
    }
}

/// Has every implementation that knows the path's algorithms validate it (RFC 5280 6), revocation included.
///
/// # Errors
/// The objections, when there is one.
///
/// # Panics
/// When a tool is missing.
pub fn verify_chain(chain: &Chain) -> Result<(), String> {
    let refusals: Vec<String> =
        verdicts(chain).iter().filter(|v| v.refusal.is_some()).map(ToString::to_string).collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals.join("\n")) }
}

/// What each implementation that knows the path's algorithms says of it.
///
/// # Panics
/// When a tool is missing.
#[must_use]
pub fn verdicts(chain: &Chain) -> Vec<Verdict> {
    let mut verdicts = vec![cryptography(chain)];
    let path = [&chain.leaf, &chain.root].into_iter().chain(&chain.intermediates);
    if path.map(|der| Certificate::from_der(der)).all(|c| c.is_ok_and(|c| !is_post_quantum(&c))) {
        let dir = Files::of(chain);
        verdicts.push(openssl(chain, &dir));
        if Timestamp::now().duration_since(chain.at).abs() < CERTTOOL_TOLERANCE {
            verdicts.push(certtool(chain, &dir));
        }
    }
    verdicts
}

/// Whether the signature of a request proves possession of its key, by OpenSSL or, for ML-DSA, `cryptography`.
///
/// # Errors
/// The objection.
///
/// # Panics
/// When a tool is missing.
pub fn verify_request(der: &[u8]) -> Result<(), String> {
    let post_quantum = CertificationRequest::from_der(der)
        .is_ok_and(|r| SignatureAlgorithm::from_der(r.signature_algorithm()).is_some_and(is_ml_dsa));
    if post_quantum {
        return verdict("cryptography", ask(&json!({"do": "request", "request": text(der)}))).into_result();
    }
    let output = tools::openssl().run_with_input(["req", "-inform", "DER", "-verify", "-noout"], der);
    // `req -verify` says failure, but ends with 0 before OpenSSL 3.4.
    let refusal = (!output.success || !output.text.contains("OK")).then_some(output.text);
    Verdict { tool: "openssl", refusal }.into_result()
}

/// The `SubjectPublicKeyInfo` of an encrypted key file, read by `cryptography`.
///
/// # Errors
/// The objection.
///
/// # Panics
/// When Python is missing.
pub fn read_key_file(pem: &[u8], passphrase: &str) -> Result<Vec<u8>, String> {
    let answer = ask(&json!({"do": "key", "pem": text(pem), "passphrase": passphrase}));
    match answer.get("spki").and_then(|v| v.as_str()) {
        Some(spki) => Base64::decode_vec(spki).map_err(|e| e.to_string()),
        None => Err(answer.to_string()),
    }
}

impl Verdict {
    fn into_result(self) -> Result<(), String> {
        if self.refusal.is_none() { Ok(()) } else { Err(self.to_string()) }
    }
}

/// Path validation by `cryptography`: signatures by its OpenSSL, the rules of the path by `second_opinion.py`.
fn cryptography(chain: &Chain) -> Verdict {
    let all = |list: &[Vec<u8>]| list.iter().map(|der| text(der)).collect::<Vec<_>>();
    let answer = ask(&json!({
        "do": "chain",
        "leaf": text(&chain.leaf),
        "intermediates": all(&chain.intermediates),
        "root": text(&chain.root),
        "crls": all(&chain.crls),
        "purpose": match chain.purpose {
            Some(Purpose::TlsServer) => "server",
            Some(Purpose::TlsClient) => "client",
            None => "any",
        },
        "at": chain.at.as_second(),
    }));
    verdict("cryptography", answer)
}

fn verdict(tool: &'static str, answer: serde_json::Value) -> Verdict {
    let refusal = match answer.get("refusal") {
        Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(refusal)) => Some(refusal.clone()),
        _ => panic!("{tool} answered {answer}"),
    };
    Verdict { tool, refusal }
}

fn ask(question: &serde_json::Value) -> serde_json::Value {
    let script = include_str!("standards/second_opinion.py");
    let output = tools::python().run_with_input(["-c", script], question.to_string().as_bytes());
    assert!(output.success, "second_opinion.py failed: {}", output.text);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", output.text))
}

/// `openssl verify` in its strict mode.
fn openssl(chain: &Chain, files: &Files) -> Verdict {
    let at = chain.at.as_second().to_string();
    let mut args = vec!["verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-attime", &at];
    args.extend(["-check_ss_sig", "-CAfile", &files.root]);
    if !chain.intermediates.is_empty() {
        args.extend(["-untrusted", &files.intermediates]);
    }
    if !chain.crls.is_empty() {
        args.extend(["-crl_check_all", "-extended_crl", "-use_deltas", "-CRLfile", &files.crls]);
    }
    match chain.purpose {
        Some(Purpose::TlsServer) => args.extend(["-purpose", "sslserver"]),
        Some(Purpose::TlsClient) => args.extend(["-purpose", "sslclient"]),
        None => {}
    }
    args.push(&files.leaf);
    of("openssl", &tools::openssl().run(args), "verification failed")
}

/// `certtool --verify`, which knows no delta CRLs and is not given any. It passes over a CRL whose signature is wrong,
/// so each CRL is verified by itself too, delta CRLs included.
fn certtool(chain: &Chain, files: &Files) -> Verdict {
    let mut args = vec!["--verify", "--load-ca-certificate", &files.root, "--infile", &files.path];
    if !chain.crls.is_empty() {
        args.extend(["--load-crl", &files.full_crls]);
    }
    match chain.purpose {
        Some(Purpose::TlsServer) => args.extend(["--verify-purpose", "1.3.6.1.5.5.7.3.1"]),
        Some(Purpose::TlsClient) => args.extend(["--verify-purpose", "1.3.6.1.5.5.7.3.2"]),
        None => {}
    }
    let certtool = tools::certtool();
    let path = of("certtool", &certtool.run(args), "Chain verification output: Not verified.");
    let crls = files.crls_with_issuer.iter().map(|(crl, issuer)| {
        let args = ["--verify-crl", "--load-ca-certificate", issuer, "--infile", crl];
        of("certtool", &certtool.run(args), "Verification output: Not verified.")
    });
    let mut verdicts = std::iter::once(path).chain(crls);
    verdicts.find(|v| v.refusal.is_some()).unwrap_or(Verdict { tool: "certtool", refusal: None })
}

/// A tool that fails without refusing the path was not used right, and must not pass for one that refused.
fn of(tool: &'static str, output: &Output, refusing: &str) -> Verdict {
    assert!(output.success || output.text.contains(refusing), "{tool} failed: {}", output.text);
    Verdict { tool, refusal: (!output.success).then(|| output.text.trim().to_owned()) }
}

/// A path in PEM files.
struct Files {
    leaf: String,
    intermediates: String,
    root: String,
    /// Leaf and intermediates in one.
    path: String,
    crls: String,
    full_crls: String,
    /// Each CRL, and the CA certificate of the path it is to be verified under.
    crls_with_issuer: Vec<(String, String)>,
    _dir: TempDir,
}

impl Files {
    fn of(chain: &Chain) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let file = |name: &str, label: &str, contents: &[&Vec<u8>]| {
            let text: String = contents.iter().map(|der| pem(label, der)).collect();
            write(&dir.path().join(name), &text)
        };
        let intermediates: Vec<_> = chain.intermediates.iter().collect();
        let path: Vec<_> = std::iter::once(&chain.leaf).chain(&chain.intermediates).collect();
        let is_delta = |der: &[u8]| pki::CertificateList::from_der(der).is_ok_and(|crl| crl.delta_base().is_some());
        let crls: Vec<_> = chain.crls.iter().collect();
        let full: Vec<_> = chain.crls.iter().filter(|der| !is_delta(der)).collect();
        let cas = chain.intermediates.iter().chain([&chain.root]);
        let crls_with_issuer = cas
            .flat_map(|ca| chain.crls.iter().filter(move |crl| is_of(crl, ca)).map(move |crl| (crl, ca)))
            .enumerate()
            .map(|(n, (crl, ca))| {
                let crl = file(&format!("crl-{n}.pem"), "X509 CRL", &[crl]);
                (crl, file(&format!("issuer-{n}.pem"), "CERTIFICATE", &[ca]))
            })
            .collect();
        Self {
            leaf: file("leaf.pem", "CERTIFICATE", &[&chain.leaf]),
            intermediates: file("intermediates.pem", "CERTIFICATE", &intermediates),
            root: file("root.pem", "CERTIFICATE", &[&chain.root]),
            path: file("path.pem", "CERTIFICATE", &path),
            crls: file("crls.pem", "X509 CRL", &crls),
            full_crls: file("full-crls.pem", "X509 CRL", &full),
            crls_with_issuer,
            _dir: dir,
        }
    }
}

/// Whether a CRL names this CA as its issuer.
fn is_of(crl: &[u8], ca: &[u8]) -> bool {
    pki::CertificateList::from_der(crl)
        .is_ok_and(|crl| Certificate::from_der(ca).is_ok_and(|ca| crl.issuer().matches(ca.subject())))
}

fn write(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    path.to_str().expect("a temporary path in UTF-8").to_owned()
}

fn text(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

fn is_post_quantum(certificate: &Certificate) -> bool {
    let key = certificate.public_key().algorithm_oid();
    SignatureAlgorithm::from_der(certificate.signature_algorithm()).is_some_and(is_ml_dsa)
        || [pki::oid::ML_DSA_44, pki::oid::ML_DSA_65, pki::oid::ML_DSA_87].iter().any(|oid| oid.to_string() == key)
}

fn is_ml_dsa(algorithm: SignatureAlgorithm) -> bool {
    matches!(algorithm, SignatureAlgorithm::MlDsa44 | SignatureAlgorithm::MlDsa65 | SignatureAlgorithm::MlDsa87)
}
