//! The value of every extension that is decoded, and of the types modules read and write.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::extension as ext;

fuzz_target!(|bytes: &[u8]| {
    let _ = ext::decode_authority_info_access(bytes);
    let _ = ext::decode_authority_key_identifier(bytes);
    let _ = ext::decode_ca_version(bytes);
    let _ = ext::decode_certificate_policies(bytes);
    let _ = ext::decode_crl_distribution_points(bytes);
    let _ = ext::decode_extended_key_usage(bytes);
    let _ = ext::decode_issuing_distribution_point(bytes);
    let _ = ext::decode_template_information(bytes);
    let _ = ext::decode_template_name(bytes);
    let _ = ext::decode_time(bytes);
    if let Ok(constraints) = ext::decode_basic_constraints(bytes) {
        let again = ext::basic_constraints(constraints.ca, constraints.path_len);
        assert_eq!(ext::decode_basic_constraints(&again.value), Ok(constraints));
    }
    if let Ok(usage) = ext::decode_key_usage(bytes) {
        assert_eq!(ext::decode_key_usage(&ext::key_usage(usage).value), Ok(usage));
    }
    if let Ok(names) = ext::decode_subject_alt_name(bytes) {
        assert_eq!(ext::subject_alt_name(&names).expect("names that were read").value, bytes);
    }
    if let Ok(constraints) = ext::decode_name_constraints(bytes) {
        let _ = ext::name_constraints(&constraints);
    }
    if let Ok(id) = ext::decode_subject_key_identifier(bytes) {
        assert_eq!(ext::subject_key_identifier(&id).value, bytes);
    }
    if let Ok(number) = ext::decode_crl_number(bytes) {
        assert_eq!(ext::crl_number(number).value, bytes);
    }
    if let Ok(number) = ext::decode_integer(bytes) {
        assert_eq!(ext::encode_integer(number), bytes);
    }
    if let Ok(text) = ext::decode_ia5(bytes) {
        assert_eq!(ext::encode_ia5(&text).as_deref(), Ok(bytes));
    }
});
