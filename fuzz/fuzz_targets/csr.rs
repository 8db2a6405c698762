//! A certification request: parse, judge the key, verify. What parses keeps its bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::{CertificationRequest, KeyRules};

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = CertificationRequest::from_der(bytes) else { return };
    assert_eq!(request.der(), bytes);
    let _ = request.public_key().quality(&KeyRules::default());
    let _ = request.verify();
    let _ = request.subject().to_string();
    let _ = request.attribute_pairs();
});
