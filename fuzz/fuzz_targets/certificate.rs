//! A certificate: parse, verify under its own key, lint.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::{Certificate, LintRules, NameLengths, lint};

fuzz_target!(|bytes: &[u8]| {
    let rules = |is_ca| LintRules {
        issuer: &[0x30, 0x00],
        signature_algorithm: None,
        issuer_key_identifier: None,
        is_ca,
        name_lengths: NameLengths::Enforced,
    };
    let _ = lint(bytes, &rules(true));
    let Ok(certificate) = Certificate::from_der(bytes) else { return };
    assert_eq!(certificate.der(), bytes);
    let _ = lint(certificate.tbs(), &rules(false));
    let _ = certificate.verify(certificate.public_key());
    let _ = certificate.subject_alt_names();
    let _ = certificate.extended_key_usage();
    let _ = certificate.is_self_issued();
});
