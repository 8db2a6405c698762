//! PEM, base64 and DER around a request.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::{CertificationRequest, decode_request};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(der) = decode_request(bytes) {
        // DER goes through as it is.
        assert_eq!(decode_request(&der).as_deref(), Ok(der.as_slice()));
        let _ = CertificationRequest::from_der(&der);
    }
});
