//! General names: DER and text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::GeneralName;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(name) = GeneralName::from_der(bytes) {
        assert_eq!(name.to_der().as_deref(), Ok(bytes));
        let _ = name.to_string();
    }
    if let Ok(name) = String::from_utf8_lossy(bytes).parse::<GeneralName>() {
        let der = name.to_der().expect("a name read from text can be encoded");
        if !matches!(name, GeneralName::IpRange { .. }) {
            assert_eq!(GeneralName::from_der(&der).as_ref(), Ok(&name));
        }
        let _ = name.to_string();
    }
});
